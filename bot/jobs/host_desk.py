"""Tells the host of faults: looks at the vital signs, keeps book, writes, logs.

It works without the database, and without Discord as far as there is something to keep.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from bot.host_news import (
    WHOLE,
    Book,
    Change,
    Fault,
    GuardRails,
    Kind,
    MigrationNote,
    News,
    Patience,
    Symptom,
    diagnose,
    due,
    observe,
    told,
)
from bot.vital_signs import VitalSigns

log = logging.getLogger(__name__)

# A nonce is no longer than this.
_NONCE_CHARS = 25
_KEPT_WITHIN_S = 1.0
_LOST = "no connection to it"
# What these begin and end with whoever notices it logs at once: the circuit breaker, the probes.
_LOGGED_BY_OTHERS = frozenset({Kind.PROVIDER, Kind.DATABASE, Kind.ENGINE})
_LOG_WORDS = {
    Kind.GATEWAY: ("no connection to Discord", "connected to Discord again"),
    Kind.KEY: ("SEGMIND_API_KEY is refused", "SEGMIND_API_KEY is taken again"),
    Kind.BALANCE: ("the balance at Segmind is low", "the balance at Segmind is enough again"),
    Kind.CAP_NEAR: ("MONTHLY_USD_CAP is nearly used up", "MONTHLY_USD_CAP is far again"),
    Kind.CAP: ("MONTHLY_USD_CAP is used up", "MONTHLY_USD_CAP leaves money again"),
    Kind.STUCK: ("jobs are stuck", "jobs are no longer stuck"),
}


class HostMessenger(Protocol):
    """Writes to the host."""

    async def check(self) -> None:
        """Say in the log what of the host's settings cannot work. Never raises."""
        ...

    async def news(self, news: News, *, nonce: str) -> bool:
        """Say something of a fault; return whether the host has it. Never raises."""
        ...

    async def migrated(self, note: MigrationNote, *, nonce: str) -> bool:
        """Say that a migration ran; return whether the host has it. Never raises."""
        ...


class KeptBook(Protocol):
    """The book, between one start and the next. Blocking."""

    def read(self) -> Book | None:
        """Return it; None when there is none."""
        ...

    def keep(self, value: Book) -> None:
        """Keep it; OSError."""
        ...


class KeptMigration(Protocol):
    """A migration that is to be told. Blocking."""

    def read(self) -> MigrationNote | None:
        """Return it; None when there is none."""
        ...

    def forget(self) -> None:
        """It has been told; OSError."""
        ...


class HostDesk:
    """One a process."""

    def __init__(
        self,
        *,
        rails: GuardRails,
        leads: Callable[[], bool],
        messenger: HostMessenger | None,
        book_file: KeptBook,
        migration_file: KeptMigration,
        patience: Patience,
    ) -> None:
        """Begin with nothing known.

        Args:
            rails: From where on something is wrong.
            leads: Whether this process tells what is so for all.
            messenger: Writes to the host; None: there is only the log.
            book_file: Where the book is kept.
            migration_file: Where a migration is kept that is to be told.
            patience: How long to wait with what.
        """
        self._rails = rails
        self._leads = leads
        self._messenger = messenger
        self._book_file = book_file
        self._migration_file = migration_file
        self._patience = patience
        self._book = Book()
        self._kept = self._book
        self._keeping: asyncio.Future[None] | None = None
        self._complained = False
        self._led = False
        self._checked = False
        self._migration: MigrationNote | None = None

    async def begin(self) -> None:
        """Take up what an earlier process left."""
        found = await asyncio.to_thread(self._book_file.read)
        self._book = self._kept = found or Book()
        if self._messenger is not None:
            self._migration = await asyncio.to_thread(self._migration_file.read)

    async def look(self, signs: VitalSigns) -> None:
        """See what has changed, and tell. For every other second."""
        # Who leads does so for as long as the process lives, sure of it or not.
        self._led = self._led or self._leads()
        await self._see(diagnose(signs, self._rails), signs.now)
        await self._tell_migration()
        if self._messenger is not None and not self._checked and signs.on_discord:
            self._checked = True
            await self._messenger.check()

    def database_lost(self, now: datetime) -> None:
        """Keep for the next start that the database is away: this process ends of it. Blocking."""
        if self._led and Kind.DATABASE not in self._book.faults:
            lost = {Kind.DATABASE: Fault(since=now, noticed_at=now, detail=_LOST)}
            self._book = replace(self._book, faults={**self._book.faults, **lost})
            self._write(self._book)

    async def database_away(self, now: datetime, *, alone: bool) -> None:
        """Tell, if it is time to, that a start has failed for want of the database.

        Args:
            now: The time, aware.
            alone: Whether there are no other processes, each of which would tell it.
        """
        self._led = alone
        await self._see({Kind.DATABASE: Symptom(since=now, detail=_LOST)}, now)

    async def _see(self, symptoms: Mapping[Kind, Symptom | None], now: datetime) -> None:
        followed = {kind: one for kind, one in symptoms.items() if self._follows(kind)}
        self._book, changes = observe(self._book, followed, now=now, patience=self._patience)
        for change in changes:
            _log(change)
        # What is said by a process that dies now is the same message when the next one says it.
        await self._keep()
        for news in due(self._book, now=now, patience=self._patience):
            if self._messenger is None or await self._messenger.news(news, nonce=nonce_of(news)):
                self._book = told(self._book, news, now=now)
        await self._keep()

    def _follows(self, kind: Kind) -> bool:
        """Whether this process tells a kind; what it has begun it follows to the end."""
        return kind not in WHOLE or self._led or kind in self._book.faults

    async def _keep(self) -> None:
        if self._book == self._kept or (self._keeping and not self._keeping.done()):
            return
        self._kept = self._book
        # The disk may be what hangs: the host is told all the same.
        self._keeping = asyncio.ensure_future(asyncio.to_thread(self._write, self._book))
        await asyncio.wait({self._keeping}, timeout=_KEPT_WITHIN_S)

    def _write(self, book: Book) -> None:
        try:
            self._book_file.keep(book)
        except OSError as error:  # a full disk: what is known is kept in memory all the same
            if not self._complained:
                log.warning("what the host was told cannot be kept: %s", error)
            self._complained = True
        else:
            self._complained = False

    async def _tell_migration(self) -> None:
        if self._migration is None or self._messenger is None:
            return
        nonce = f"hm{self._migration.after}"[:_NONCE_CHARS]
        if not await self._messenger.migrated(self._migration, nonce=nonce):
            return
        self._migration = None
        try:
            await asyncio.to_thread(self._migration_file.forget)
        except OSError as error:
            log.warning("the next start will tell of the migration once more: %s", error)


def nonce_of(news: News) -> str:
    """Return a message's name at Discord: the same for the same news, whoever says it again."""
    fault = news.fault
    about = [news.kind, news.phase, fault.since, fault.told_at, *(job.id for job in fault.jobs)]
    digest = hashlib.sha256(" ".join(map(str, about)).encode()).hexdigest()
    return f"h{digest}"[:_NONCE_CHARS]


def _log(change: Change) -> None:
    if change.kind in _LOGGED_BY_OTHERS:
        return
    begin, end = _LOG_WORDS[change.kind]
    fault = change.fault
    since = f"{fault.since:%Y-%m-%d %H:%M:%S} UTC"
    if fault.over:
        log.warning("%s; the trouble began at %s", end, since)
        return
    what = fault.detail or ", ".join(str(job.id) for job in fault.jobs)
    log.warning("%s%s, since %s", begin, f" ({what})" if what else "", since)
