"""An upgrade in the middle: an older version's jobs, in every state, end under the present one."""

import asyncio
import io
import signal
import subprocess
import tarfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiohttp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.job import TERMINAL, JobState
from sandbox.bot_process import PROJECT
from sandbox.chaos.actors import Actors
from sandbox.chaos.books import Comparison, compare
from sandbox.chaos.pictures import pictures
from sandbox.chaos.plan import Ask
from sandbox.chaos.progress import say
from sandbox.chaos.reading import history_of, read_books
from sandbox.chaos.stage import Setting, Stage, opened
from sandbox.chaos.waiting import until
from sandbox.discord_api.wire import Json
from sandbox.runner import CannotStartError
from sandbox.segmind_api.faults import Fault

How = Literal["terminate", "kill"]

HOWS: Mapping[How, signal.Signals] = {"terminate": signal.SIGTERM, "kill": signal.SIGKILL}
_SPEED = 12.0
# Fewer than jobs, so that some wait.
_CONCURRENCY = "9"
_LOOK_EVERY_S = 0.2
_STATES_WITHIN_S = 60.0
_ENDS_WITHIN_S = 240.0
_CARDS_WITHIN_S = 30.0
# What there is when the old version ends.
WANTED = frozenset(
    {
        JobState.QUEUED,
        JobState.SUBMITTING,
        JobState.UNCERTAIN,
        JobState.RUNNING,
        JobState.FINISHED,
        JobState.DELIVERED,
        JobState.FAILED,
        JobState.CANCELLED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """What came of one upgrade.

    Attributes:
        before: Jobs by state when the old version was ended.
        after: The same at last.
    """

    how: How
    before: Counter[str]
    after: Counter[str]
    comparison: Comparison
    histories: Json
    seconds: float

    @property
    def went_well(self) -> bool:
        """Whether every state was there, and every promise was kept."""
        return not self.comparison.violations and {JobState(s) for s in self.before} >= WANTED

    def as_json(self) -> Json:
        """Return the figures."""
        return {
            "ended_by": self.how,
            "states_before": dict(self.before),
            "states_after": dict(self.after),
            "violations": [
                {"code": v.code, "job": v.job_id, "text": v.text}
                for v in self.comparison.violations
            ],
            "charged_without_video": dict(self.comparison.charged_without_video),
            "seconds": round(self.seconds, 1),
            "histories": self.histories,
        }


def unpack(revision: str, folder: Path) -> None:
    """Write the files of a revision to a folder.

    Raises:
        CannotStartError: git knows no such revision.
    """
    packed = subprocess.run(  # noqa: S603 - our own arguments, and a revision that git checks
        ["git", "archive", "--format=tar", "--end-of-options", revision],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    if packed.returncode != 0:
        raise CannotStartError(packed.stderr.decode(errors="replace").strip())
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


async def upgrade(folder: Path, program: Path, how: How, database_url: str | None) -> Upgrade:
    """Let the program in one folder work, end it in the middle, and go on with this one."""
    started_s = time.monotonic()
    setting = Setting(
        folder=folder,
        database_url=database_url,
        speed=_SPEED,
        program_folder=program,
        bot_settings={"SEGMIND_CONCURRENCY": _CONCURRENCY},
    )
    async with opened(setting) as stage, _actors(stage, folder) as actors:
        await _fill(stage, actors)
        (keeper,) = stage.keepers
        before = await _states(stage)
        say(f"ended by {how}: {dict(before)}")
        await keeper.end(HOWS[how])
        _calm(stage)
        if not await keeper.begin(PROJECT):
            raise CannotStartError("The present version does not come up on the older data.")
        await until(lambda: _ended(stage), every_s=_LOOK_EVERY_S, within_s=_ENDS_WITHIN_S)
        await until(lambda: _well(stage, actors), every_s=_LOOK_EVERY_S, within_s=_CARDS_WITHIN_S)
        comparison = compare(await read_books(stage, actors.attempts))
        return Upgrade(
            how=how,
            before=before,
            after=await _states(stage),
            comparison=comparison,
            histories={
                v.job_id: await history_of(stage, v.job_id)
                for v in comparison.violations
                if v.job_id
            },
            seconds=time.monotonic() - started_s,
        )


@asynccontextmanager
async def _actors(stage: Stage, folder: Path) -> AsyncIterator[Actors]:
    async with aiohttp.ClientSession() as http:
        files = await asyncio.to_thread(pictures, folder)
        yield Actors(stage=stage, http=http, pictures=files)


async def _fill(stage: Stage, actors: Actors) -> None:
    """Bring some twenty jobs into every state there is."""
    provider = stage.provider
    await actors.ask(_ask(0, prompt="sandbox-fail"))
    await actors.ask(_ask(1))
    await _until_states(stage, {JobState.DELIVERED, JobState.FAILED})
    # From now on no video can be posted, and lost submits are not found.
    stage.discord.faults.order(
        {"method": "POST", "path": "/channels/*/messages", "status": 500, "times": 10_000}
    )
    provider.faults.add(Fault(on="history", kind="error", status=500, times=10_000))
    for number in range(2, 5):
        await actors.ask(_ask(number))
    await _until_states(stage, {JobState.FINISHED})
    provider.faults.add(Fault(on="submit", kind="cut", when="after"))
    await actors.ask(_ask(5))
    await _until_states(stage, {JobState.UNCERTAIN})
    provider.faults.add(Fault(on="submit", kind="hang", when="after", seconds=30.0))
    for number in range(6, 20):
        await actors.ask(_ask(number, prompt="heron" if number % 3 else "sandbox-slow"))
    await actors.ask(_ask(20, cancel=True))
    await _until_states(stage, WANTED)


def _ask(number: int, *, prompt: str = "heron", cancel: bool = False) -> Ask:
    picture = number % 2 == 0
    return Ask(
        number=number,
        member=number,
        guild=number % 3,
        channel=0,
        model="wan-2.2-i2v-flash" if picture else "wan-2.2-t2v-fast",
        prompt=f"{prompt} {number}",
        picture="upright" if picture else None,
        cancel=cancel,
    )


def _calm(stage: Stage) -> None:
    stage.provider.faults.clear()
    stage.discord.faults.clear()


async def _until_states(stage: Stage, wanted: set[JobState] | frozenset[JobState]) -> None:
    async def there() -> bool:
        return wanted <= {JobState(state) for state in await _states(stage)}

    if not await until(there, every_s=_LOOK_EVERY_S, within_s=_STATES_WITHIN_S):
        say(f"not all of {sorted(wanted)}: {dict(await _states(stage))}")


async def _states(stage: Stage) -> Counter[str]:
    """Return jobs by state; the tables may be those of the older version."""

    async def work(session: AsyncSession) -> Counter[str]:
        rows = await session.execute(text("SELECT state, count(*) FROM job GROUP BY state"))
        return Counter({str(state): int(count) for state, count in rows})

    return await stage.database.read(work)


async def _ended(stage: Stage) -> bool:
    return all(JobState(state) in TERMINAL for state in await _states(stage))


async def _well(stage: Stage, actors: Actors) -> bool:
    return not compare(await read_books(stage, actors.attempts)).violations
