"""Members' files are checked by other processes, a few at a time."""

import asyncio

from bot.media.decoder import Decoder, shared_decoder
from bot.media.facts import AudioFacts, PreparedImage
from bot.media.limits import MediaLimits


class MediaInspector:
    """Keeps the memory of the machine: 40 megapixels take some 400 MB to rewrite."""

    def __init__(
        self,
        limits: MediaLimits | None = None,
        *,
        parallel: int = 1,
        decoder: Decoder | None = None,
    ) -> None:
        self.limits = limits or MediaLimits()
        self._decoder = decoder or shared_decoder()
        self._turns = asyncio.Semaphore(parallel)

    async def image(self, data: bytes) -> PreparedImage:
        """Return what to give to the provider; see `inspect_image`."""
        async with self._turns:
            return await self._decoder.image(data, limits=self.limits)

    async def audio(self, data: bytes) -> AudioFacts:
        """Return what the sound is; see `inspect_audio`."""
        async with self._turns:
            return await self._decoder.audio(data, limits=self.limits)
