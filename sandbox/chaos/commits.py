"""A kill before and after every single commit of one job, one after the other."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import aiohttp

from bot.job import TERMINAL
from sandbox.chaos.actors import Actors, Attempt
from sandbox.chaos.books import Violation, compare
from sandbox.chaos.pictures import pictures
from sandbox.chaos.plan import Ask, DatabaseKind
from sandbox.chaos.progress import say
from sandbox.chaos.reading import history_of, read_books, read_jobs
from sandbox.chaos.stage import Setting, Stage, opened
from sandbox.chaos.waiting import until
from sandbox.discord_api.interactions import Interaction
from sandbox.discord_api.wire import Json

JobKind = Literal["t2v", "i2v"]
When = Literal["before", "after"]

WHENS: Sequence[When] = ("before", "after")
# A job of each kind: the second with a picture that has to be converted and uploaded.
KINDS: Sequence[JobKind] = ("t2v", "i2v")
_SPEED = 200.0
_LOOK_EVERY_S = 0.1
_ENDS_WITHIN_S = 90.0
# The engine writes down that a workflow is over after the card has its last look.
_STILL_S = 0.8
_MOST_COMMITS = 200


@dataclass(frozen=True, kw_only=True)
class Point:
    """One kill and what came of it.

    Attributes:
        at: Number of the commit, counted from the command on.
        changes: What that commit changed, as in `INSERT INTO job`.
        killed: Whether the bot got as far; not when the job was over before.
        end: The job's state at last; None when it was never accepted.
    """

    kind: JobKind
    when: When
    at: int
    changes: str
    killed: bool
    end: str | None
    seconds: float
    violations: Sequence[Violation] = ()
    history: Json | None = None


class Commits:
    """Kills the bot of one stage at one commit after the other."""

    def __init__(self, stage: Stage, actors: Actors, orders: Path) -> None:
        self._stage = stage
        self._actors = actors
        self._orders = orders
        self._log = orders.with_name(f"{orders.name}.log")
        self._number = 0
        self._known: set[Violation] = set()

    async def every_point(self, kind: JobKind, when: When) -> list[Point]:
        """Kill at the first commit, at the second, until the job ends without a kill."""
        points: list[Point] = []
        for at in range(1, _MOST_COMMITS):
            points.append(await self.point(kind, when, at))
            if not points[-1].killed:
                return points
        raise RuntimeError(f"a job with more than {_MOST_COMMITS} commits")

    async def point(self, kind: JobKind, when: When, at: int) -> Point:
        """Give one command, kill at one commit, start again, wait for the end."""
        started_s = time.monotonic()
        (keeper,) = self._stage.keepers
        # What a start still writes, or the end of the last job, would shift the numbers.
        await asyncio.to_thread(self._give_orders, when, 0)
        keeper.send(signal.SIGUSR1)
        await self._still()
        await asyncio.to_thread(self._give_orders, when, at)
        keeper.send(signal.SIGUSR1)
        deaths = len(keeper.own_ends)
        interaction = await self._actors.send(self._ask(kind))
        ended = await until(
            lambda: self._over(interaction, deaths),
            every_s=_LOOK_EVERY_S,
            within_s=_ENDS_WITHIN_S,
        )
        if ended:
            await self._still()
        killed = len(keeper.own_ends) > deaths or keeper.is_dead
        await keeper.wait_ready()
        await until(
            lambda: self._settled(interaction), every_s=_LOOK_EVERY_S, within_s=_ENDS_WITHIN_S
        )
        return await self._looked_at(kind, when, at, interaction, started_s, killed=killed)

    async def _looked_at(
        self,
        kind: JobKind,
        when: When,
        at: int,
        interaction: Interaction,
        started_s: float,
        *,
        killed: bool,
    ) -> Point:
        seen = self._actors.seen(interaction)
        answer, words = seen or ("left thinking", "")
        self._actors.attempts.append(
            Attempt(
                interaction_id=interaction.id,
                answer=answer,
                words=words,
                sent_s=interaction.created_s,
            )
        )
        found = compare(await read_books(self._stage, self._actors.attempts)).violations
        violations = [violation for violation in found if violation not in self._known]
        self._known.update(violations)
        job = await self._job(interaction)
        lines = await asyncio.to_thread(self.changes)
        broken = ", ".join(f"{v.code} {v.text}" for v in violations) or "well"
        say(f"{kind} {when} {at}: {lines[at - 1] if len(lines) >= at else '-'}; {job}; {broken}")
        return Point(
            kind=kind,
            when=when,
            at=at,
            changes=lines[at - 1] if len(lines) >= at else "",
            killed=killed,
            end=job,
            seconds=round(time.monotonic() - started_s, 2),
            violations=violations,
            history=await history_of(self._stage, interaction.id) if violations else None,
        )

    async def _over(self, interaction: Interaction, deaths: int) -> bool:
        """Tell whether the bot has died, or the job has come to its end."""
        (keeper,) = self._stage.keepers
        if len(keeper.own_ends) > deaths:
            return True
        return await self._job(interaction) in TERMINAL and await self._settled(interaction)

    async def _still(self) -> None:
        """Wait until nothing was committed for a while: the workflow is over, or the bot dead."""
        before = None
        while before != (now := len(await asyncio.to_thread(self.changes))):
            before = now
            await asyncio.sleep(_STILL_S)

    async def _settled(self, interaction: Interaction) -> bool:
        """Tell whether the job was never accepted, or has ended with all books equal."""
        job = await self._job(interaction)
        if job is None:
            return True
        if job not in TERMINAL:
            return False
        books = await read_books(self._stage, self._actors.attempts)
        return set(compare(books).violations) <= self._known

    async def _job(self, interaction: Interaction) -> str | None:
        jobs = await read_jobs(self._stage)
        return next((job.state for job in jobs if job.job_id == interaction.id), None)

    def _ask(self, kind: JobKind) -> Ask:
        self._number += 1
        words = kind == "t2v"
        return Ask(
            number=self._number,
            member=0,
            guild=0,
            channel=0,
            model="wan-2.2-t2v-fast" if words else "wan-2.2-i2v-flash",
            prompt=f"swan {self._number}",
            picture=None if words else "turned",
            cancel=False,
        )

    def _give_orders(self, when: When, at: int) -> None:
        self._log.write_text("")
        self._orders.write_text(json.dumps({"at": at, "when": when}))

    def changes(self) -> list[str]:
        """Return what the last job's commits changed, one after the other."""
        return self._log.read_text().splitlines()


@asynccontextmanager
async def prepared(folder: Path, database_url: str | None) -> AsyncIterator[Commits]:
    """Open a stage whose bot dies when it is told to."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    orders = folder / "orders.json"
    setting = Setting(
        folder=folder,
        database_url=database_url,
        speed=_SPEED,
        command=(sys.executable, "-m", "sandbox.dying", "--orders", str(orders)),
    )
    async with opened(setting) as stage, aiohttp.ClientSession() as http:
        files = await asyncio.to_thread(pictures, folder)
        yield Commits(stage, Actors(stage=stage, http=http, pictures=files), orders)


async def all_points(
    folder: Path, kind: JobKind, when: When, database_url: str | None
) -> list[Point]:
    """Kill at every commit of a job of one kind, on a stage of its own."""
    async with prepared(folder, database_url) as commits:
        return await commits.every_point(kind, when)


def report(database: DatabaseKind, points: Sequence[Point], seconds: float) -> Json:
    """Return the figures as JSON."""
    kills = [point for point in points if point.killed]
    return {
        "database": database,
        "points": len(points),
        "kills": len(kills),
        "seconds": round(seconds, 1),
        "violations": sum(len(point.violations) for point in points),
        "not_accepted": sum(point.end is None for point in points),
        "by_point": [
            {key: value for key, value in asdict(point).items() if value} for point in points
        ],
    }
