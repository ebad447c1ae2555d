"""The composition root: starts every service in its order, runs them, takes them down."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from bot.client import Services, VideoBot, redirect
from bot.desks import (
    approvals_of,
    engine_of,
    gate_of,
    intake_of,
    privacy_of,
    send_again_of,
    services_of,
)
from bot.errors import BotError, DatabaseAwayError
from bot.heartbeat import heartbeat_path
from bot.host_telling import tell_away
from bot.jobs.engine import DurableEngine
from bot.jobs.executor import FileLocks
from bot.jobs.locks import Leadership, Locks, Tenure
from bot.jobs.stop_time import CARDS, StopTime
from bot.jobs.takeover import Takeover
from bot.jobs.tracing import NO_TRACES, Tracer
from bot.lookout import trace_interactions, watching
from bot.loop_lag import LoopLag, log_lag
from bot.pricing import load_prices
from bot.rounds import desk_rounds, job_rounds, upkeep_rounds
from bot.running import background, until_stopped
from bot.settings import Settings
from bot.storage import PostgresLocks, told_apart
from bot.tools import Tools, open_tools

log = logging.getLogger(__name__)

# The garbage collector's looks at what is not new before one at everything; Python's own is 10.
_LOOKS_BEFORE_ALL = 100


async def run(settings: Settings, tracer: Tracer | None = None) -> None:
    """Run the bot until SIGTERM or Ctrl-C.

    Args:
        settings: The host's.
        tracer: Traces jobs, if the host wants that.

    Raises:
        ConfigurationError: the settings cannot work.
        LockLostError: this process lost its lock on the database.
        BotError: the connection to Discord ended by itself.
    """
    await asyncio.to_thread(settings.make_data_dir)
    redirect(settings.discord_api_base, settings.discord_gateway_url)
    lost = asyncio.Event()
    shard_ids, shard_count = settings.shards
    bot = VideoBot(
        start_services=lambda client: start_services(client, settings, lost=lost, tracer=tracer),
        data_dir=settings.data_dir,
        shard_ids=shard_ids,
        shard_count=shard_count,
        registers_commands=settings.registers_commands,
        user_installs=settings.user_installs,
        commands_per_minute=settings.member_commands_per_minute,
    )
    async with _lag_logged(settings.loop_lag_log_s), bot:
        await until_stopped(
            bot, settings.discord_token, stop_timeout_s=settings.stop_timeout_s, lost=lost
        )


@asynccontextmanager
async def _lag_logged(every_s: float | None) -> AsyncIterator[None]:
    """Say in the log how late the loop is, for as long as the block lasts."""
    if every_s is None:
        yield
        return
    lag = LoopLag()
    async with background(lag.watch()), background(log_lag(lag, every_s=every_s)):
        yield


async def start_services(
    client: VideoBot, settings: Settings, *, lost: asyncio.Event, tracer: Tracer | None = None
) -> Services:
    """Build everything that commands and jobs need, and start it; `Services.close` ends it.

    Args:
        client: The client, logged in.
        settings: The host's.
        lost: Set when this process must end because it has lost its lock.
        tracer: Traces jobs, if the host wants that.

    Raises:
        ConfigurationError: the database or the price file cannot be used, or another process
            runs under the same executor id.
        StorageTroubleError: the disk is full, say: a later start may work.
    """
    async with AsyncExitStack() as stack:
        prices = load_prices(settings.prices_file, credits_per_cent=settings.credits_per_cent)
        try:
            locks, tenure, leader = await _entered(settings, stack, lost)
            tools = await open_tools(
                client, settings, prices, stack, sure=tenure.sure, tracer=tracer or NO_TRACES
            )
        except DatabaseAwayError:
            await tell_away(client, settings)
            raise
        if tracer is not None:
            trace_interactions(client, tracer)
        # Ends last: what the others do at their end is still told in the log channels.
        stack.push_async_callback(tools.errands.close)
        engine = engine_of(tools, tenure.sure)
        await stack.enter_async_context(background(_halt(engine, lost)))
        # After the engine: a card shows what its job came to, and that it goes on.
        stack.push_async_callback(_close_cards, tools, engine, lost)
        stack.push_async_callback(engine.close)
        with told_apart():
            await engine.launch()
        await stack.enter_async_context(watching(tools, engine, leads=leader.held, lost=lost))
        gate = gate_of(tools)
        approvals = approvals_of(tools, engine, gate)
        privacy = privacy_of(tools)
        send_again = send_again_of(tools)
        stack.push_async_callback(send_again.close)
        takeover = Takeover(locks, settings.executor_id, sure=tenure.sure)
        for work in (
            *job_rounds(tools, engine, leader, takeover),
            *desk_rounds(approvals, send_again, leader),
            *upkeep_rounds(tools, engine, privacy, leader),
        ):
            await stack.enter_async_context(background(work))
        intake = intake_of(tools, engine, gate, approvals)
        stack.push_async_callback(intake.close)
        _freeze_heap(stack)
        # All has started: from here on it is `close` that takes it down.
        return services_of(
            tools,
            intake=intake,
            approvals=approvals,
            privacy=privacy,
            gate=gate,
            send_again=send_again,
            close=partial(_close, tools.stop_time, stack.pop_all()),
        )
    raise AssertionError("unreachable: the block above returns or raises")


def _freeze_heap(stack: AsyncExitStack) -> None:
    """Spare what has started the garbage collector, until the stop; let it look at all seldom.

    What has started stays anyway. Looked through again and again, with every thread standing
    still, it made a burst of commands wait for most of a second. So does what belongs to hundreds
    of jobs under way: each look took a tenth of a second, and came every few seconds.
    """
    gc.collect()
    gc.freeze()
    stack.callback(gc.unfreeze)
    stack.callback(gc.set_threshold, *gc.get_threshold())
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _LOOKS_BEFORE_ALL)


async def _entered(
    settings: Settings, stack: AsyncExitStack, lost: asyncio.Event
) -> tuple[Locks, Tenure, Leadership]:
    """Take this process's place among the others; ConfigurationError when it is taken."""
    locks = await stack.enter_async_context(_locks(settings))
    tenure = Tenure(locks, settings.executor_id)
    await tenure.begin()
    # One of an earlier process says nothing about this one.
    await _no_beat(heartbeat_path(settings))
    stack.push_async_callback(_no_beat, heartbeat_path(settings))
    await stack.enter_async_context(background(_watch(tenure, lost)))
    leader = Leadership(locks, sure=tenure.sure)
    await leader.look()
    return locks, tenure, leader


def _locks(settings: Settings) -> AbstractAsyncContextManager[Locks]:
    if settings.on_sqlite:
        return FileLocks.open(settings.data_dir)
    return PostgresLocks.open(settings.database_address)


async def _watch(tenure: Tenure, lost: asyncio.Event) -> None:
    await tenure.watch()
    lost.set()


async def _halt(engine: DurableEngine, lost: asyncio.Event) -> None:
    """Stop every job when the lock is lost, before all else that a stop takes."""
    await lost.wait()
    engine.halt()


async def _close(stop_time: StopTime, services: AsyncExitStack) -> None:
    """End the services, in the time that a stop may last."""
    stop_time.begin()
    await services.aclose()


async def _close_cards(tools: Tools, engine: DurableEngine, lost: asyncio.Event) -> None:
    """Say on the cards of all jobs under way that the bot is restarting; then edit none more.

    Not when the lock is lost: the jobs go on in another process, which shows them.
    """
    try:
        # Not when a start has failed: then nobody knows when the next one comes.
        if tools.stop_time.began and not lost.is_set():
            jobs = await engine.parked(queued=not tools.settings.is_one_of_several)
            told = await tools.cards.park(jobs, timeout_s=tools.stop_time.left_s(CARDS))
            log.info("%d jobs go on at the next start; %d cards say so", len(jobs), told)
    except BotError as error:
        log.warning("the cards could not say that the bot restarts: %s", error)
    finally:
        await tools.cards.close()


async def _no_beat(path: Path) -> None:
    await asyncio.to_thread(path.unlink, missing_ok=True)
