"""Reads the four books of a stage."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import FailureReason, JobState
from bot.storage import JobStore
from bot.storage.tables import JobRow, LedgerRow
from sandbox.chaos.actors import PATIENCE_S, Attempt, words_of
from sandbox.chaos.books import Books, Card, JobEntry, ProviderEntry, Video
from sandbox.chaos.stage import Stage
from sandbox.discord_api.component_kinds import result_of, text_of
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.wire import Json

_MARK = re.compile(r"job `(\d+)`")
_MOST_LINES = 60


async def read_books(
    stage: Stage, attempts: Sequence[Attempt], *, dropped: Sequence[str] = ()
) -> Books:
    """Read everything as it stands now.

    Args:
        stage: Where.
        attempts: What members did.
        dropped: The jobs of which they were told that the video is dropped.
    """
    messages = list(_bot_messages(stage))
    return Books(
        accepted=[a.interaction_id for a in attempts if a.answer == "accepted"],
        refused=[a.interaction_id for a in attempts if a.answer in ("asked", "refused")],
        yeses=_yeses(attempts),
        dropped=dropped,
        interrupted=[a.interaction_id for a in attempts if _interrupted(stage, a)],
        jobs=await read_jobs(stage),
        provider=[
            ProviderEntry(
                request_id=record.request_id,
                inputs=_inputs(record.model.slug, record.body),
                completed=record.status == "COMPLETED",
                charged_usd=record.charged_usd,
            )
            for record in stage.provider.store.records.values()
        ],
        cards=[
            Card(
                job_id=str(message.origin["id"]),
                message_id=message.id,
                words=words_of(message),
                loading=message.loading,
                deleted=message.deleted_s is not None,
            )
            for message in messages
            if message.origin is not None and message.ephemeral_to is None
        ],
        videos=[
            Video(job_id=job_id, message_id=message.id)
            for message in messages
            if message.origin is None and (job_id := _job_of_video(message))
        ],
        ledger_problems=await JobStore(stage.database).check_ledger(),
    )


def _yeses(attempts: Sequence[Attempt]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for attempt in attempts:
        if attempt.question:
            groups[attempt.question].append(attempt.interaction_id)
    return list(groups.values())


def _inputs(model: str, parameters: Mapping[str, object]) -> str:
    """Return what tells a request from others: a second click may repeat all but the seed."""
    return f"{model} {parameters.get('seed')} {parameters.get('prompt')}"


def _job_of_video(message: StoredMessage) -> str | None:
    """Return whose video a message carries; earlier versions marked it in the text alone."""
    marks = _MARK.findall(message.body.content)
    return result_of(list(message.body.components)) or (marks[-1] if marks else None)


def _interrupted(stage: Stage, attempt: Attempt) -> bool:
    """Tell whether a bot ended while a command was being taken."""
    ends_s = (end_s for keeper in stage.keepers for end_s in keeper.ended_at_s)
    return any(-1.0 <= end_s - attempt.sent_s <= PATIENCE_S for end_s in ends_s)


async def read_jobs(stage: Stage) -> list[JobEntry]:
    """Return what the database says of every job."""

    async def work(session: AsyncSession) -> list[JobEntry]:
        credits_of: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for entry in await session.scalars(
            select(LedgerRow).where(col(LedgerRow.job_id).is_not(None))
        ):
            credits_of[entry.job_id or 0][entry.kind] += entry.credits
        rows = await session.scalars(select(JobRow).order_by(col(JobRow.id)))
        return [_entry(row, credits_of[row.id]) for row in rows]

    return await stage.database.read(work)


def _entry(row: JobRow, credits_of: dict[str, int]) -> JobEntry:
    return JobEntry(
        job_id=str(row.id),
        inputs=_inputs(row.model, row.parameters),
        state=JobState(row.state),
        price=row.price_credits,
        reserved=credits_of["reserve"],
        settled=credits_of["settle"],
        released=credits_of["release"],
        request_id=row.request_id,
        failure=FailureReason(row.failure) if row.failure else None,
    )


async def history_of(stage: Stage, job_id: str) -> Json:
    """Return all that is known of one job, for whoever looks for the reason."""
    job = await JobStore(stage.database).get(int(job_id))
    records = [
        {"request_id": r.request_id, "status": r.status, "error": r.error, "calls": dict(r.calls)}
        for r in stage.provider.store.records.values()
        if job is not None and _inputs(r.model.slug, r.body) == _inputs(job.model, job.parameters)
    ]
    messages = [
        {
            "message": message.id,
            "channel": message.channel_id,
            "deleted": message.deleted_s,
            "shown": [
                [round(revision.at_s, 3), _heading(revision.body.content, revision.body.components)]
                for revision in message.revisions
            ],
        }
        for message in _bot_messages(stage)
        if job_id in words_of(message) or (message.origin or {}).get("id") == job_id
    ]
    return {
        "job": None if job is None else {k: str(v) for k, v in _public(job).items()},
        "provider": records,
        "discord": messages,
        "log": [
            f"{path.name}: {line}" for path in _logs(stage) for line in _lines_about(path, job_id)
        ],
    }


def _public(job: object) -> Json:
    hidden = ("interaction_token", "parameters")
    return {name: value for name, value in vars(job).items() if name not in hidden and value}


def _logs(stage: Stage) -> list[Path]:
    return [stage.parts.bot_log(keeper_number + 1) for keeper_number in range(len(stage.keepers))]


def _lines_about(path: Path, job_id: str) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as log:
        return [line.rstrip() for line in log if job_id in line][-_MOST_LINES:]


def _bot_messages(stage: Stage) -> Iterator[StoredMessage]:
    store, bot_id = stage.discord.messaging.store, stage.discord.world.bot.id
    for channel_id in store.channels():
        yield from (m for m in store.all(channel_id) if m.author_id == bot_id)


def _heading(content: str, components: tuple[Json, ...]) -> str:
    lines = f"{content}\n{text_of(list(components))}".strip().splitlines()
    return lines[0] if lines else ""
