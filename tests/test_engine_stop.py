"""The durable engine that is stopped, or loses its storage, between a job's end and its card's."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any

import dbos._dbos

from bot.job import Job, JobState
from bot.jobs.engine import DurableEngine
from bot.storage import JobStore
from tests.discord_kit import until
from tests.engine_kit import launched
from tests.job_steps_kit import RecordingCards
from tests.storage_kit import NOW, accepted

pytest_plugins = ("tests.storage_fixtures",)


async def nothing(job: Job) -> Job:
    """Leave a job where it is."""
    return job


class Delivery:
    """A last step that can outlast the engine.

    Attributes:
        go: Lets it end, whoever cancels it before.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self.started = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, job: Job) -> Job:
        """Deliver."""
        if job.terminal:
            return job
        self.started.set()
        while not self.go.is_set():
            with suppress(asyncio.CancelledError):
                await self.go.wait()
        for state in (JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED):
            await self._store.transition(job.id, state, now=NOW)
        return await self._store.transition(job.id, JobState.DELIVERED, now=NOW)


def stopping_engine(
    store: JobStore, cards: RecordingCards, folder: Path, **steps: Any
) -> AbstractAsyncContextManager[DurableEngine]:
    """Run an engine that hardly waits at a stop, and whose other steps do nothing."""
    steps = {"submit": nothing, "follow": nothing, "on_end": lambda _job: None, **steps}
    return launched(store, cards, folder, stop_s=0.1, **steps)


def takes_no_more_steps() -> bool:
    """Tell whether DBOS is just going away: it still writes, and begins nothing."""
    engine = dbos._dbos._dbos_global_instance
    return engine is not None and engine._executor_field is None


def ends(cards: RecordingCards) -> list[JobState]:
    """Return the ends that cards were told to show."""
    return [job.state for job, _ in cards.shown if job.terminal]


async def state_of(store: JobStore, job: Job) -> JobState | None:
    """Return where a job stands."""
    stored = await store.get(job.id)
    return stored.state if stored is not None else None


async def test_a_job_that_ends_while_the_engine_goes_away_gets_its_card_at_the_next_start(
    store: JobStore, tmp_path: Path
) -> None:
    """The video was posted in the last moment of a stop: the card must not say "uploading"."""
    job, delivery, cards = await accepted(store), Delivery(store), RecordingCards()
    async with stopping_engine(store, cards, tmp_path, deliver=delivery) as engine:
        await engine.enqueue(job)
        await delivery.started.wait()
        workflows = set(engine._running)
        closing = asyncio.create_task(engine.close())
        await until(takes_no_more_steps)
        delivery.go.set()
        await asyncio.wait({*workflows, closing})
    ended = await state_of(store, job)
    ends_before = ends(cards)
    async with stopping_engine(store, cards, tmp_path, deliver=delivery):
        await until(lambda: bool(ends(cards)))

    assert ended is JobState.DELIVERED
    assert ends_before == []
    assert ends(cards) == [JobState.DELIVERED]


async def test_a_storage_that_fails_at_the_end_does_not_leave_the_card_behind(
    store: JobStore, tmp_path: Path
) -> None:
    """The connection is lost just before the last look: it is tried again."""
    job, delivery, cards = await accepted(store), Delivery(store), RecordingCards()
    delivery.go.set()
    told: list[int] = []

    def on_end(ended: Job) -> None:
        told.append(ended.id)
        if len(told) == 1:
            raise ConnectionError("the database went away")

    async with stopping_engine(store, cards, tmp_path, deliver=delivery, on_end=on_end) as engine:
        await engine.enqueue(job)
        await until(lambda: len(told) == 2)

    assert ends(cards) == [JobState.DELIVERED] * 2
