"""Members' files are checked on worker threads, a few at a time."""

import asyncio

from bot.media.audio import AudioFacts, inspect_audio
from bot.media.image import PreparedImage, inspect_image
from bot.media.limits import MediaLimits


class MediaInspector:
    """Keeps the event loop free, and the memory: 40 megapixels take some 400 MB to rewrite."""

    def __init__(self, limits: MediaLimits | None = None, *, parallel: int = 1) -> None:
        self.limits = limits or MediaLimits()
        self._turns = asyncio.Semaphore(parallel)

    async def image(self, data: bytes) -> PreparedImage:
        """Return what to give to the provider; see `inspect_image`."""
        async with self._turns:
            return await asyncio.to_thread(inspect_image, data, limits=self.limits)

    async def audio(self, data: bytes) -> AudioFacts:
        """Return what the sound is; see `inspect_audio`."""
        async with self._turns:
            return await asyncio.to_thread(inspect_audio, data, limits=self.limits)
