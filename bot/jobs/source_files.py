"""The picture and the sound of an order: found, checked, and where the provider can take them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.errors import ProviderError, RefusedError
from bot.i18n import gettext
from bot.jobs.ports import Media, PreparedImage, Provider

# Stands for the address of a file that is only looked for once the rules have been asked.
_NOT_YET_FOUND = "(not yet found)"


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A file that was looked for, and checked.

    Attributes:
        url: Where it is; of a picture that must be uploaded first: anything.
        prepared: What the check of a picture came to; None for a sound.
    """

    url: str = field(default=_NOT_YET_FOUND, repr=False)
    prepared: PreparedImage | None = None


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file a member attached: Discord's signed address.

    Attributes:
        find: Where the address is not at hand: finds and checks the file. It is awaited after the
            rules and the quota, so that nobody who may not spend anything makes work.
    """

    url: str = field(default=_NOT_YET_FOUND, repr=False)
    find: Callable[[], Awaitable[FoundFile]] | None = None


class SourceFiles:
    """Checks what orders come with."""

    def __init__(self, media: Media, provider: Provider) -> None:
        self._media = media
        self._provider = provider

    async def picture(self, file: SourceFile) -> str:
        """Return the address of the picture for the provider, uploaded where it must be.

        Raises:
            MemberError: it is not what it should be, or out of reach.
        """
        if file.find is not None:
            found = await file.find()
        else:
            prepared = await self._media.check_image(file.url)
            found = FoundFile(url=file.url, prepared=prepared)
        if found.prepared is None or found.prepared.data is None:
            return found.url
        return await self._upload(found.prepared.data, found.prepared.media_type)

    async def sound(self, file: SourceFile) -> str:
        """Return the address of the sound; raises as `picture` does."""
        if file.find is not None:
            return (await file.find()).url
        await self._media.check_audio(file.url)
        return file.url

    async def _upload(self, data: bytes, media_type: str) -> str:
        try:
            return await self._provider.upload(data, media_type)
        except ProviderError as error:
            raise RefusedError(
                gettext(
                    "Your picture had to be converted, and the video service did not take the "
                    "converted file just now. Nothing was charged. Try again in a minute, or "
                    "attach the picture as an upright PNG or JPEG."
                )
            ) from error
