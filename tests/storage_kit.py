"""Jobs to accept and ways to move them, for tests of storage."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.asking import Draft, KeptFile, NewPreset
from bot.audit import AuditEvent
from bot.job import Job, JobState, NewJob
from bot.quota import Allowance, LedgerEntry, Window
from bot.storage import AskingStore, Database, JobStore, PolicyStore, ReportStore

NOW = datetime(2026, 8, 3, 12, 0, 0, 123456, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
GUILD, MEMBER = 1100000000000000001, 1200000000000000001
MODERATOR = 1250000000000000001
FIRST_ID = 1400000000000000000  # as large as Discord's ids
GENEROUS = Allowance(
    daily_credits=10**6, monthly_credits=10**7, jobs_in_flight_member=500, jobs_in_flight_guild=900
)

_EVER = Window(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2100, 1, 1, tzinfo=UTC))

# A way through SOURCES to each state, from `queued`.
PATHS: dict[JobState, tuple[JobState, ...]] = {
    JobState.QUEUED: (),
    JobState.SUBMITTING: (JobState.SUBMITTING,),
    JobState.UNCERTAIN: (JobState.SUBMITTING, JobState.UNCERTAIN),
    JobState.RUNNING: (JobState.SUBMITTING, JobState.RUNNING),
    JobState.FINISHED: (JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED),
    JobState.FAILED: (JobState.FAILED,),
    JobState.CANCELLED: (JobState.CANCELLED,),
}
# Its step needs more than the state, see `JobStore.drop`.
PATHS[JobState.DROPPED] = (*PATHS[JobState.FINISHED], JobState.DROPPED)
PATHS[JobState.DELIVERED] = (*PATHS[JobState.FINISHED], JobState.DELIVERED)
PATHS[JobState.UNDELIVERED] = (*PATHS[JobState.FINISHED], JobState.UNDELIVERED)


def new_job(number: int = 0, **changes: Any) -> NewJob:
    """Return a job to accept; `number` tells it from others."""
    values: dict[str, Any] = {
        "id": FIRST_ID + number,
        "guild_id": GUILD,
        "channel_id": 1300000000000000001,
        "user_id": MEMBER,
        "model": "wan-2.6-i2v",
        "parameters": {"prompt": "a fox 🦊", "seed": 7, "audio": True, "scale": 1.0},
        "price_credits": 30,
        "interaction_token": "aW50ZXJhY3Rpb246c2VjcmV0",
        "token_expires_at": NOW + timedelta(minutes=15),
        "upload_limit_bytes": 10 * 2**20,
    }
    return NewJob(**values | changes)


@contextmanager
def statements(begin: str, about: str = "") -> Iterator[list[str]]:
    """Collect the statements that reach a database and begin so."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(begin) and about in statement:
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


async def accepted(store: JobStore, number: int = 0, **changes: Any) -> Job:
    """Accept a job within a generous allowance."""
    return await store.accept(new_job(number, **changes), GENEROUS, ZONE, now=NOW)


async def walked_to(store: JobStore, state: JobState, number: int = 0, **changes: Any) -> Job:
    """Accept a job and take it to `state`."""
    job = await accepted(store, number, **changes)
    for step in PATHS[state]:
        if step is JobState.DROPPED:
            await store.drop(job.id, now=NOW)
        job = await store.transition(job.id, step, now=NOW)
    return job


async def ledger_of_guild(store: JobStore, guild_id: int) -> list[LedgerEntry]:
    """Return a guild's whole ledger (0: of direct messages), by the time it counts."""
    found: list[LedgerEntry] = []

    async def keep(entries: Sequence[LedgerEntry]) -> None:
        found.extend(entries)

    await ReportStore(store._database).ledger(guild_id, _EVER, keep)
    return found


async def events_of(store: JobStore | PolicyStore, guild_id: int) -> list[AuditEvent]:
    """Return a guild's audit events, newest first."""
    found: list[AuditEvent] = []

    async def keep(events: Sequence[AuditEvent]) -> None:
        found.extend(events)

    await ReportStore(store._database).audit(guild_id, _EVER, keep)
    return found[::-1]


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[JobStore]:
    """Give a store on an own engine, as another process would have."""
    database = Database.open(f"sqlite:///{path}")
    try:
        yield JobStore(database)
    finally:
        await database.close()


async def fill_asking(asking: AskingStore, url: str) -> None:
    """Keep one draft of the member's, one preset, and what they chose last."""
    draft = Draft(id=7, user_id=MEMBER, kind="i2v", images=(KeptFile(url=url),))
    await asking.keep_draft(draft, now=NOW)
    await asking.remember(MEMBER, "animate", {"model": "wan-2.6-i2v"})
    words = {"prompt": "A wolpertinger"}
    preset = NewPreset(user_id=MEMBER, name="mine", model="wan-2.6-i2v", options=words)
    await asking.save_preset(preset, now=NOW)
