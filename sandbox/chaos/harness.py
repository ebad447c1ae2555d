"""One run: members ask, things happen, all becomes quiet; books are compared, secrets sought."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bot.job import TERMINAL
from bot.policy import GuildPolicy
from bot.storage import PolicyStore
from sandbox.chaos.actors import Actors, Attempt
from sandbox.chaos.books import Books, Comparison, compare
from sandbox.chaos.events import Happenings
from sandbox.chaos.leaks import Search
from sandbox.chaos.papers import searched, witness_of
from sandbox.chaos.pictures import pictures
from sandbox.chaos.plan import ASKING_GUILDS, Ask, Event, Plan
from sandbox.chaos.progress import say
from sandbox.chaos.reading import history_of, read_books, read_jobs
from sandbox.chaos.second_clicks import SecondClicks
from sandbox.chaos.stage import Stage
from sandbox.chaos.waiting import until
from sandbox.discord_api.wire import Json

# How many commands are given at the same time, and how many jobs may be under way.
_WORKERS = 16
_MOST_OPEN = 60
_LOOK_EVERY_S = 0.5
_TELL_EVERY_S = 10.0
# How long everything may take to come to its end once nothing goes wrong any more.
QUIET_WITHIN_S = 300.0
# A card gets its last look after its job has ended; the last try is some 20 seconds later.
_CARDS_WITHIN_S = 30.0
# What comes after all seems well would be one too many: a video, a card, a request.
_STILL_S = 3.0
_MOST_HISTORIES = 20


@dataclass(kw_only=True)
class Outcome:
    """What a run leaves to be reported."""

    books: Books
    comparison: Comparison
    attempts: Sequence[Attempt]
    histories: Json
    counts: dict[str, int]
    seconds: float
    quiet: bool
    search: Search
    own_ends: list[str] = field(default_factory=list)


class Run:
    """Carries out one plan on one stage."""

    def __init__(self, plan: Plan, stage: Stage, actors: Actors, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._witness = witness_of(stage, folder)
        self._stage = stage
        self._actors = actors
        self._clicks = SecondClicks(actors=actors)
        self._happenings = Happenings(stage, actors, plan.seed)
        self._events: dict[int, list[Event]] = defaultdict(list)
        for event in plan.events:
            self._events[event.after].append(event)
        self._happening: set[asyncio.Task[None]] = set()
        self._clicking: set[asyncio.Task[None]] = set()
        self._waiting = iter(plan.asks)
        self._open: dict[str, float] = {}
        self._asked = 0

    async def carry_out(self) -> Outcome:
        """Do it all; return what the books say at the end."""
        started_s = time.monotonic()
        # A watcher that breaks ends the run.
        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(self._watch_open()),
                group.create_task(self._tell()),
                group.create_task(self._witness.watch()),
            ]
            await self._give_all()
            say("all commands are given; waiting for what still happens")
            await asyncio.gather(*self._happening, *self._clicking)
            hit = {
                "provider_faults_hit": self._happenings.provider_faults_hit,
                "discord_faults_hit": self._happenings.discord_faults_hit,
            }
            self._happenings.calm()
            quiet = await self._become_quiet()
            say("searching all that was written for secrets")
            found = await searched(self._stage, self._folder, self._witness)
            for task in watching:
                task.cancel()
        return await self._outcome(time.monotonic() - started_s, hit, found, quiet=quiet)

    async def _give_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(_WORKERS):
                group.create_task(self._work())

    async def _work(self) -> None:
        for ask in self._waiting:
            await until(self._is_room, every_s=_LOOK_EVERY_S)
            await self._give(ask)

    async def _is_room(self) -> bool:
        return len(self._open) < _MOST_OPEN

    async def _give(self, ask: Ask) -> None:
        self._asked += 1
        for event in self._events[ask.number]:
            task = asyncio.create_task(self._happenings.happen(event))
            self._happening.add(task)
        job_id = await self._actors.ask(ask)
        if job_id is not None:
            self._open[job_id] = time.monotonic()
            self._clicking.add(asyncio.create_task(self._click(ask, job_id)))

    async def _click(self, ask: Ask, job_id: str) -> None:
        """Press what is planned for later."""
        if ask.drop:
            await self._clicks.drop(ask, job_id)
        elif ask.second is not None:
            made = await self._clicks.make_another(ask, job_id)
            if made is not None:
                self._open[made] = time.monotonic()

    async def _watch_open(self) -> None:
        """Forget jobs that have ended, so that new ones may come."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            ended = {job.job_id for job in await read_jobs(self._stage) if job.state in TERMINAL}
            for job_id in self._open.keys() & ended:
                del self._open[job_id]

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            kills = sum(keeper.kills for keeper in self._stage.keepers)
            say(
                f"{self._asked} of {len(self._plan.asks)} commands, {len(self._open)} jobs under "
                f"way, {kills} kills, {sum(self._happenings.counts.values())} events"
            )

    async def _become_quiet(self) -> bool:
        """Wait until every job has ended and its card says so; False when a job does not end."""
        for keeper in self._stage.keepers:
            await keeper.wait_ready()
        ended = await until(self._all_ended, every_s=_LOOK_EVERY_S, within_s=QUIET_WITHIN_S)
        await until(self._all_is_well, every_s=_LOOK_EVERY_S, within_s=_CARDS_WITHIN_S)
        await asyncio.sleep(_STILL_S)
        return ended

    async def _all_ended(self) -> bool:
        return all(job.state in TERMINAL for job in await read_jobs(self._stage))

    async def _all_is_well(self) -> bool:
        return not compare(await self._books()).violations

    async def _books(self) -> Books:
        dropped = self._clicks.dropped
        return await read_books(self._stage, self._actors.attempts, dropped=dropped)

    async def _outcome(
        self, seconds: float, hit: dict[str, int], found: Search, *, quiet: bool
    ) -> Outcome:
        books = await self._books()
        comparison = compare(books)
        offenders = dict.fromkeys(v.job_id for v in comparison.violations if v.job_id)
        keepers = self._stage.keepers
        return Outcome(
            books=books,
            comparison=comparison,
            attempts=self._actors.attempts,
            histories={
                job_id: await history_of(self._stage, job_id)
                for job_id in list(offenders)[:_MOST_HISTORIES]
            },
            counts={
                **self._happenings.counts,
                "kills": sum(keeper.kills for keeper in keepers),
                "starts": sum(keeper.starts for keeper in keepers),
                "database_connections_cut": self._happenings.cut,
                **hit,
                "cancels_pressed": self._actors.cancels,
                "prices_said_yes_to": self._actors.yeses,
                "drops_pressed": self._clicks.drops,
                "told_dropped": len(self._clicks.dropped),
                "second_clicks_made": len(self._clicks.made),
                "given_up": len(self._actors.given_up),
            },
            seconds=seconds,
            quiet=quiet,
            search=found,
            own_ends=[words for keeper in keepers for words in keeper.own_ends],
        )


async def carry_out(plan: Plan, stage: Stage, folder: Path) -> Outcome:
    """Run a plan on a stage that is open."""
    await _ask_for_prices(stage)
    async with aiohttp.ClientSession() as http:
        actors = Actors(stage=stage, http=http, pictures=await asyncio.to_thread(pictures, folder))
        return await Run(plan, stage, actors, folder).carry_out()


async def _ask_for_prices(stage: Stage) -> None:
    """Let some guilds have their members say yes to every price first."""
    policies, now = PolicyStore(stage.database), datetime.now(UTC)
    for guild in stage.crowd.guilds[:ASKING_GUILDS]:
        policy = GuildPolicy(confirm_above_credits=1)
        await policies.set_policy(int(guild.id), policy, actor_id=int(guild.owner_id), now=now)
