"""The lookout: takes the bot's vital signs for the host, and lets the watching room show them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias

import discord

from bot import __version__
from bot.client import VideoBot
from bot.host_news import overdue, stuck_before
from bot.host_telling import host_desk_of, rails_of, telling
from bot.jobs.engine import DurableEngine
from bot.jobs.provider_look import LOOK_EVERY_S, ProviderLook
from bot.jobs.tracing import Tracer
from bot.loop_lag import LoopLag
from bot.quota import Budget as Spending
from bot.running import background, repeat
from bot.storage import WatchStore
from bot.tools import Tools, now
from bot.vital_signs import Budget, JobsInState, Part, StuckJob, VitalSigns
from bot.watching import LagTotals, Pages, Probe, Tally, watch_server

_ASK_EVERY_S = 5.0
# A sum over all jobs of the month.
_SUM_EVERY_S = 60.0
_MOST_STUCK = 20
_Jobs: TypeAlias = tuple[Sequence[JobsInState], Sequence[StuckJob]]
_PRESSES = {
    discord.InteractionType.component: "button",
    discord.InteractionType.modal_submit: "form",
}


class Lookout:
    """Asks the database and the engine again and again; everything else tells when it is asked."""

    def __init__(
        self,
        tools: Tools,
        engine: DurableEngine,
        *,
        leads: Callable[[], bool],
        now: Callable[[], datetime] = now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing known.

        Args:
            tools: What is looked at.
            engine: Likewise.
            leads: Whether this process is the one that keeps an eye on the balance.
            now: The time, aware.
            clock: Seconds on a clock that never goes back.
        """
        settings = tools.settings
        self.rails = rails_of(settings, cheapest_usd=tools.prices.cheapest_usd)
        self._spending = Spending(
            host_monthly_usd=settings.monthly_usd_cap,
            usd_per_credit=tools.prices.usd_per_credit,
            host_zone=settings.zone,
        )
        self._jobs = WatchStore(tools.database)
        self._client = tools.client
        self._budget = tools.budget
        self._engine = engine
        self._now = now
        self.provider = ProviderLook(
            provider=tools.provider,
            breaker=tools.breaker,
            budget=tools.budget,
            leads=leads,
            now=now,
            clock=clock,
        )
        self.database: Probe[_Jobs] = Probe("database", self._look_at_jobs)
        self.month: Probe[float] = Probe("sum of the month", self._look_at_month)
        self.tables: Probe[bool] = Probe("job engine's database", engine.answers)

    def signs(self) -> VitalSigns:
        """Take the vital signs as they are known now."""
        client, shards = self._client, self._client.shards
        jobs, stuck = self.database.answer or (None, None)
        beats = [shard.latency for shard in shards.values() if math.isfinite(shard.latency)]
        return VitalSigns(
            now=self._now(),
            parts=(
                _part("gateway", gateway_trouble(client)),
                _probed("database", self.database),
                _probed("engine", self.tables),
                _part("provider", self.provider.trouble),
            ),
            jobs=jobs,
            stuck=stuck,
            jobs_here=self._engine.jobs_here,
            budget=Budget(
                per_minute=self._budget.per_minute,
                submits=self._budget.waiting("submit"),
                polls=self._budget.waiting("poll"),
                paused=self._budget.paused,
            ),
            database_s=self.database.took_s,
            engine_s=self.tables.took_s,
            balance_usd=self.provider.balance_usd,
            month_usd=self.month.answer,
            outage_since=self.provider.outage_since,
            key_refused=self.provider.refused,
            servers=len(client.guilds),
            shards=len(shards),
            shards_open=sum(not shard.is_closed() for shard in shards.values()),
            gateway_s=max(beats, default=None),
            discord_answers=client.answers,
        )

    async def _look_at_month(self) -> float:
        """Return what the month's videos have cost, in USD; StorageTroubleError."""
        return await self._jobs.month_usd(self._spending, now=self._now())

    async def _look_at_jobs(self) -> _Jobs:
        """Return what is under way, and what of it is stuck; StorageTroubleError."""
        jobs = await self._jobs.jobs()
        before = stuck_before(self.rails, now=self._now())
        stuck = await self._jobs.stuck(before, limit=_MOST_STUCK) if overdue(jobs, before) else ()
        return jobs, stuck


def _part(name: str, trouble: str) -> Part:
    return Part(name=name, well=not trouble, words=trouble or "works")


def _probed(name: str, probe: Probe[Any]) -> Part:
    """Return a part that is asked."""
    words = probe.words
    return Part(name=name, well=not words, words=words or "works", known=probe.asked)


def gateway_trouble(client: VideoBot) -> str:
    """Return what is wrong with the connection to Discord; empty when nothing is."""
    closed = sorted(number for number, shard in client.shards.items() if shard.is_closed())
    if closed:
        return f"no connection to Discord on shard {', '.join(map(str, closed))}"
    return "" if client.is_ready() else "not connected to Discord yet"


def listen(client: VideoBot, tally: Tally) -> None:
    """Let commands, presses, what came of them, and lost connections be counted."""

    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.application_command:
            # By the bot's own names: what a client says could be anything.
            command = interaction.command
            tally.command("other" if command is None else command.qualified_name)
        elif interaction.type in _PRESSES:
            tally.press(_PRESSES[interaction.type])

    async def on_not_done(error: BaseException) -> None:
        tally.failed(error)

    async def on_shard_disconnect(_shard_id: int) -> None:
        tally.gateway_lost()

    client.add_listener(on_interaction)
    client.add_listener(on_shard_disconnect)
    client.add_listener(on_not_done)


def trace_interactions(client: VideoBot, tracer: Tracer) -> None:
    """Let each command, press and form begin a trace: of the job, if it becomes one."""

    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.application_command:
            command = interaction.command
            # By the bot's own names: what a client says could be anything.
            name = "command" if command is None else f"command {command.qualified_name}"
        elif (press := _PRESSES.get(interaction.type)) is not None:
            name = press
        else:
            return
        tracer.begin(name, interaction.id, interaction.guild_id, since=interaction.created_at)

    client.add_listener(on_interaction)


@asynccontextmanager
async def watching(
    tools: Tools, engine: DurableEngine, *, leads: Callable[[], bool], lost: asyncio.Event
) -> AsyncIterator[None]:
    """Let the host watch the bot, and be told of faults, for as long as the block lasts.

    Only if there is a WATCH_PORT, or somebody to tell.

    Args:
        tools: What is watched.
        engine: Likewise.
        leads: Whether this process is the one that looks after what is there once.
        lost: Set when this process has lost its lock on the database.

    Raises:
        ConfigurationError: the port cannot be had.
    """
    settings = tools.settings
    if settings.watch_port is None and not settings.tells_host:
        yield
        return
    lookout = Lookout(tools, engine, leads=leads)
    async with AsyncExitStack() as stack:
        for probe in (lookout.database, lookout.tables):
            stack.push_async_callback(probe.close)
            await stack.enter_async_context(background(repeat(probe.look, every_s=_ASK_EVERY_S)))
        look = repeat(lookout.provider.look, every_s=LOOK_EVERY_S)
        await stack.enter_async_context(background(look))
        if settings.monthly_usd_cap is not None:
            stack.push_async_callback(lookout.month.close)
            look = repeat(lookout.month.look, every_s=_SUM_EVERY_S, only_when=leads)
            await stack.enter_async_context(background(look))
        if settings.watch_port is not None:
            await _open_pages(stack, tools, lookout, settings.watch_port)
        desk = host_desk_of(tools.client, settings, lookout.rails, leads=leads)
        await stack.enter_async_context(telling(desk, lookout.signs, lost))
        yield


async def _open_pages(stack: AsyncExitStack, tools: Tools, lookout: Lookout, port: int) -> None:
    lag = LoopLag()
    pages = Pages(
        lookout.signs,
        lag_buckets=LagTotals(lag.take).buckets,
        registry=tools.tally.registry,
        version=__version__,
    )
    listen(tools.client, tools.tally)
    await stack.enter_async_context(background(lag.watch()))
    server = watch_server(pages, host=tools.settings.watch_host, port=port)
    await stack.enter_async_context(server)
