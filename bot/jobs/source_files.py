"""The picture and the sound of an order: found, checked, and where the provider can take them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast

from bot.errors import ProviderError, RefusedError
from bot.i18n import gettext
from bot.jobs.ports import Media, PreparedImage, Provider

Role = Literal["picture", "sound", "last_frame"]
Remark = Callable[[str], None]

_PARENT = re.compile(
    r"parent:(?P<role>picture|sound|last_frame):(?P<id>[0-9]{1,20})(?: (?P<url>\S+))?"
)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file of an order.

    Attributes:
        url: Discord's signed address of what a member attached; or, of what is another job's,
            that of a `ParentFile`: it is looked for only when the rules and the quota have been
            asked, so that nobody who may not spend anything makes work.
    """

    url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ParentFile:
    """A file of the job from which another is made; as text it can be kept and understood later.

    Attributes:
        role: Which of its files.
        job_id: The job.
        video_url: Where its video was when somebody pressed, as Discord said with the press; empty:
            Discord is asked.
    """

    role: Role
    job_id: int
    video_url: str = field(default="", repr=False)

    @property
    def source(self) -> SourceFile:
        """Return it as a file of an order."""
        return SourceFile(url=f"parent:{self.role}:{self.job_id} {self.video_url}".rstrip())

    @classmethod
    def of(cls, file: SourceFile) -> "ParentFile | None":
        """Return what a file of an order refers to; None when it has an address of its own."""
        known = _PARENT.fullmatch(file.url)
        if known is None:
            return None
        return cls(
            role=cast("Role", known["role"]), job_id=int(known["id"]), video_url=known["url"] or ""
        )


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A file that was looked for, and checked.

    Attributes:
        url: Where it is; empty for a picture that must be uploaded first.
        prepared: What the check of a picture came to; None for a sound.
    """

    url: str = field(default="", repr=False)
    prepared: PreparedImage | None = None


class Parents(Protocol):
    """Finds files of jobs."""

    async def find(self, file: ParentFile, remark: Remark) -> FoundFile:
        """Return the file, checked; `remark` hears if another must stand in for it.

        MemberError when there is none.
        """
        ...


class SourceFiles:
    """Checks what orders come with."""

    def __init__(self, media: Media, provider: Provider, parents: Parents) -> None:
        self._media = media
        self._provider = provider
        self._parents = parents

    async def picture(self, file: SourceFile, remark: Remark) -> str:
        """Return the address of the picture for the provider, uploaded where it must be.

        Raises:
            MemberError: it is not what it should be, or out of reach.
        """
        parent = ParentFile.of(file)
        if parent is not None:
            found = await self._parents.find(parent, remark)
        else:
            prepared = await self._media.check_image(file.url)
            found = FoundFile(url=file.url, prepared=prepared)
        if found.prepared is None or found.prepared.data is None:
            return found.url
        return await self._upload(found.prepared.data, found.prepared.media_type)

    async def sound(self, file: SourceFile, remark: Remark) -> str:
        """Return the address of the sound; raises as `picture` does."""
        parent = ParentFile.of(file)
        if parent is not None:
            return (await self._parents.find(parent, remark)).url
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
