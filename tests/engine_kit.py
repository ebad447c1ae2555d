"""The real durable engine on a file of its own, for tests; one after the other may run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dbos import DBOS

from bot.jobs.engine import DurableEngine, EngineSettings
from bot.jobs.stop_time import StopTime
from bot.pseudonyms import Pseudonyms
from bot.storage import JobStore
from tests.job_steps_kit import RecordingCards
from tests.storage_kit import NOW


@asynccontextmanager
async def launched(
    store: JobStore, cards: RecordingCards, folder: Path, *, stop_s: float, **steps: Any
) -> AsyncIterator[DurableEngine]:
    """Run an engine; afterwards another one may run in its place.

    Args:
        store: The jobs.
        cards: Their cards.
        folder: Where the engine's file is.
        stop_s: What a stop may last.
        steps: `submit`, `follow`, `deliver` and `on_end`.
    """
    engine = DurableEngine(
        EngineSettings(
            address=f"sqlite:///{folder / 'engine.sqlite3'}",
            executor_id="bot-1",
            concurrency=2,
            concurrency_per_member=2,
        ),
        store=store,
        cards=cards,
        now=lambda: NOW,
        pseudonyms=Pseudonyms(),
        stop_time=StopTime(stop_s),
        **steps,
    )
    try:
        await engine.launch()
        yield engine
    finally:
        await engine.close()
        DBOS.destroy(destroy_registry=True)
