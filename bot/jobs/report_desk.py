"""What happened in a guild: numbers, a chart, and the books as files for a spreadsheet."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from bot.audit import AuditEvent
from bot.errors import BadInputError, ChartError, NotFoundError
from bot.i18n import gettext
from bot.jobs.books_csv import AUDIT_COLUMNS, LEDGER_COLUMNS, audit_row, ledger_row
from bot.jobs.checks import check_range
from bot.jobs.csv_file import CsvFile
from bot.jobs.moderating_ports import Charts, PolicyStore, Reports
from bot.jobs.outgoing import fitted, temporary_folder
from bot.jobs.turns import Turns
from bot.policy import zone_of
from bot.quota import LedgerEntry, Window, days_window
from bot.statistics import Statistics
from bot.words import days_text, option_name

log = logging.getLogger(__name__)

MOST_DAYS = 366
TOP_MEMBERS = 6
# Files being written or sent at the same time.
_EXPORTS_AT_ONCE = 2

Book = Literal["ledger", "audit"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The numbers of a guild's last days.

    Attributes:
        guild_id: Whose.
        days: How many, today included.
        zone: The name of the time zone in which they begin.
    """

    guild_id: int
    days: int
    zone: str
    statistics: Statistics


@dataclass(frozen=True, kw_only=True)
class Export:
    """A file to send, there for as long as the block that asked for it.

    Attributes:
        rows: How many lines the book has in these days.
    """

    path: Path
    rows: int


class ReportDesk:
    """Counts, draws and copies; it changes nothing. Each call is about one guild."""

    def __init__(
        self,
        *,
        policies: PolicyStore,
        reports: Reports,
        charts: Charts,
        folder: Path,
        host_zone: ZoneInfo,
        usd_per_credit: Decimal,
        now: Callable[[], datetime],
    ) -> None:
        """Open the desk.

        Args:
            policies: Where the guilds' time zones are.
            reports: Reads jobs, ledger and audit log.
            charts: Draws.
            folder: For files on their way; it exists.
            host_zone: Of guilds that have not set theirs.
            usd_per_credit: What one credit of estimated price is in USD.
            now: The time, aware.
        """
        self._policies = policies
        self._reports = reports
        self._charts = charts
        self._folder = folder
        self._host_zone = host_zone
        self._usd_per_credit = usd_per_credit
        self._now = now
        self._exports = asyncio.Semaphore(_EXPORTS_AT_ONCE)
        # One thing of a guild at a time, so that none takes all places of what is for everybody.
        self._turns = Turns()

    async def report(self, guild_id: int, days: int) -> Report:
        """Return the numbers of the last so many days.

        Raises:
            BadInputError: fewer than 1 or more than `MOST_DAYS`.
        """
        check_range("days", days, least=1, most=MOST_DAYS)
        zone = await self._zone(guild_id)
        async with self._turns.of(guild_id):
            statistics = await self._reports.statistics(
                guild_id,
                days=days,
                zone=zone,
                usd_per_credit=self._usd_per_credit,
                now=self._now(),
                top=TOP_MEMBERS,
            )
        return Report(guild_id=guild_id, days=days, zone=zone.key, statistics=statistics)

    async def charts(self, report: Report, names: Mapping[int, str]) -> tuple[bytes, ...]:
        """Return the report as pictures (PNG); none when they cannot be drawn: the log says why.

        Args:
            report: What to draw.
            names: Of the top members, as far as they are known.
        """
        try:
            async with self._turns.of(report.guild_id):
                return await self._charts.draw(report.statistics, zone=report.zone, names=names)
        except ChartError as error:
            log.warning("a chart could not be drawn: %s", error)
            return ()

    @asynccontextmanager
    async def export(
        self, guild_id: int, book: Book, days: int, *, limit_bytes: int
    ) -> AsyncIterator[Export]:
        """Give a guild's ledger or audit log of the last so many days as a file.

        Args:
            guild_id: The guild.
            book: Which one.
            days: As for `report`.
            limit_bytes: What may be sent; a larger file is packed.

        Raises:
            BadInputError: the days are out of range, or the file is too large even when packed.
            NotFoundError: there is nothing in these days.
        """
        check_range("days", days, least=1, most=MOST_DAYS)
        zone = await self._zone(guild_id)
        span = days_window(self._now(), zone, days)
        async with (
            self._turns.of(guild_id),
            self._exports,
            temporary_folder(self._folder) as folder,
        ):
            path = folder / _file_name(book, span, zone)
            rows = await self._write(path, guild_id, book, span, zone)
            yield await _fitting(Export(path=path, rows=rows), book, days, limit_bytes)

    async def _zone(self, guild_id: int) -> ZoneInfo:
        return zone_of(await self._policies.policy(guild_id), self._host_zone)

    async def _write(
        self, path: Path, guild_id: int, book: Book, span: Window, zone: ZoneInfo
    ) -> int:
        """Write the file page by page, on threads; return how many lines it has."""
        columns = LEDGER_COLUMNS if book == "ledger" else AUDIT_COLUMNS
        sheet = await asyncio.to_thread(CsvFile, path, columns)

        async def add_entries(entries: Sequence[LedgerEntry]) -> None:
            await asyncio.to_thread(sheet.add, (ledger_row(entry, zone) for entry in entries))

        async def add_events(events: Sequence[AuditEvent]) -> None:
            await asyncio.to_thread(sheet.add, map(audit_row, events))

        try:
            if book == "ledger":
                await self._reports.ledger(guild_id, span, add_entries)
            else:
                await self._reports.audit(guild_id, span, add_events)
        finally:
            await asyncio.to_thread(sheet.close)
        return sheet.rows


def too_much(book: Book, days: int) -> BadInputError:
    """Return the error for a file that Discord does not take, even packed."""
    if book == "ledger":
        words = gettext("The ledger of {days} is too large to be attached here, even packed.")
    else:
        words = gettext("The audit log of {days} is too large to be attached here, even packed.")
    advice = gettext(
        "Take fewer days, such as `/video-admin stats {option}:{n}`, and press again."
    ).format(option=option_name("days"), n=max(1, days // 2))
    return BadInputError(f"{words.format(days=days_text(days))} {advice}")


async def _fitting(export: Export, book: Book, days: int, limit_bytes: int) -> Export:
    if export.rows == 0:
        if book == "ledger":
            words = gettext("The ledger has nothing in these {days}.")
        else:
            words = gettext("The audit log has nothing in these {days}.")
        raise NotFoundError(words.format(days=days_text(days)))
    path = await asyncio.to_thread(fitted, export.path, limit_bytes)
    if (await asyncio.to_thread(path.stat)).st_size > limit_bytes:
        raise too_much(book, days)
    return replace(export, path=path)


def _file_name(book: Book, span: Window, zone: ZoneInfo) -> str:
    first = span.start.astimezone(zone).date()
    last = (span.end - timedelta(seconds=1)).astimezone(zone).date()
    return f"{book}-{first}-to-{last}.csv"
