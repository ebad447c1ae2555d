"""Members see, take along and delete what is kept about them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.errors import RefusedError
from bot.i18n import gettext, ngettext, number_text
from bot.jobs.export_file import ExportFile, write_rows
from bot.jobs.outgoing import fitted, temporary_folder
from bot.jobs.privacy_ports import ExportingStore, ForgettingStore, KeptFiles
from bot.jobs.turns import Turns
from bot.privacy import Forgotten, Holdings, UnderWayError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """A deletion that is done.

    Attributes:
        wiped: Whether the bytes are gone from the database's files as well; they go within the
            hour otherwise.
    """

    forgotten: Forgotten
    wiped: bool


class PrivacyDesk:
    """Each call is about the member who asks, and nobody else."""

    def __init__(
        self,
        *,
        forgetting: ForgettingStore,
        exporting: ExportingStore,
        kept: KeptFiles,
        folder: Path,
        now: Callable[[], datetime],
    ) -> None:
        """Make a desk.

        Args:
            forgetting: Takes things away.
            exporting: Reads them.
            kept: Videos that wait to be sent again.
            folder: For files on their way to a member.
            now: The time, aware.
        """
        self._forgetting = forgetting
        self._exporting = exporting
        self._kept = kept
        self._folder = folder
        self._now = now
        self._turns = Turns()

    async def holdings(self, user_id: int) -> Holdings:
        """Return what is kept about the member."""
        return await self._forgetting.holdings(user_id, now=self._now())

    async def delete(self, user_id: int) -> Deleted:
        """Forget the member.

        Raises:
            RefusedError: they have videos under way; nothing was changed.
        """
        try:
            forgotten = await self._forgetting.forget_member(user_id, now=self._now())
        except UnderWayError as error:
            raise RefusedError(under_way_words(error.running, error.waiting)) from error
        await self._kept.tidy()
        # Wiping holds everybody up: not for a button that is pressed again.
        wipe = self._forgetting.wipe if forgotten.anything else self._forgetting.wipe_if_marked
        wiped = await wipe()
        log.info("a member's data was deleted: %s; wiped from the files: %s", forgotten, wiped)
        return Deleted(forgotten=forgotten, wiped=wiped)

    @asynccontextmanager
    async def export(self, user_id: int, *, most_bytes: int) -> AsyncIterator[Path]:
        """Give a file with all that is kept about the member, for as long as the block lasts.

        JSON; in a ZIP when it would be larger than `most_bytes`.

        Raises:
            RefusedError: it is larger even so.
        """
        # One file of a member at a time, however often they ask.
        async with self._turns.of(user_id), temporary_folder(self._folder) as folder:
            path = await self._written(user_id, folder / "my-data.json")
            yield await asyncio.to_thread(_fitting, path, most_bytes)

    async def _written(self, user_id: int, path: Path) -> Path:
        file = await asyncio.to_thread(ExportFile, path, user_id=user_id, made_at=self._now())
        await write_rows(file, self._exporting.export(user_id))
        return path


def _fitting(path: Path, most_bytes: int) -> Path:
    path = fitted(path, most_bytes)
    size = path.stat().st_size
    if size > most_bytes:
        raise RefusedError(
            gettext(
                "Your data is {size} MB, and Discord takes {most} MB here. Ask in a direct message "
                "to the bot or on a boosted server, or ask the people who run this bot."
            ).format(size=_megabytes(size), most=_megabytes(most_bytes))
        )
    return path


def _megabytes(size_bytes: int) -> str:
    return number_text(size_bytes / 2**20, decimals=1)


def under_way_words(running: int, waiting: int) -> str:
    """Return why nothing can be deleted yet, and what to do."""
    whole = running + waiting
    sentences = [
        ngettext(
            "You have {n} video under way, so nothing was deleted. Ask again when it has ended.",
            "You have {n} videos under way, so nothing was deleted. Ask again when they have "
            "ended.",
            whole,
        ).format(n=number_text(whole))
    ]
    if waiting:
        sentences.append(
            ngettext(
                "{n} still waits and can be cancelled with `/jobs`.",
                "{n} still wait and can be cancelled with `/jobs`.",
                waiting,
            ).format(n=number_text(waiting))
        )
    return " ".join(sentences)
