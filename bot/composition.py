"""The composition root: starts every service in its order, runs them, takes them down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.charts import ChartDrawer
from bot.client import Services, VideoBot, redirect
from bot.delivery import Deliverer
from bot.discord_ui.guild_members import GuildMembers
from bot.discord_ui.presence import GuildPresence
from bot.errors import BotError
from bot.jobs.approval import ApprovalDesk
from bot.jobs.engine import DurableEngine, EngineSettings
from bot.jobs.executor import FileLocks
from bot.jobs.follow import Follower
from bot.jobs.gate import Gate
from bot.jobs.intake import Intake
from bot.jobs.last_looks import LastLooks
from bot.jobs.locks import Leadership, Locks, Tenure
from bot.jobs.moderating import Moderation, open_moderation
from bot.jobs.privacy import Privacy, open_privacy
from bot.jobs.refused_prompts import RefusedPrompts
from bot.jobs.report_desk import ReportDesk
from bot.jobs.send_again import SendAgain
from bot.jobs.stop_time import CARDS, StopTime
from bot.jobs.submit import Submitter
from bot.jobs.takeover import LOOK_EVERY_S as TAKEOVER_EVERY_S
from bot.jobs.takeover import Takeover
from bot.jobs.video_desk import VideoDesk
from bot.jobs.watch import QueueWatch
from bot.pricing import load_prices
from bot.quota import Allowance
from bot.running import background, repeat, until_stopped
from bot.settings import Settings
from bot.storage import (
    ExportingStore,
    ForgettingStore,
    JobStore,
    PostgresLocks,
    ReportStore,
    UndeliveredStore,
    told_apart,
)
from bot.tools import Tools, now, open_tools

log = logging.getLogger(__name__)

HEARTBEAT_EVERY_S = 10.0
_TIDY_EVERY_S = 3600.0
_LOOK_EVERY_S = 30.0
_APPROVALS_EVERY_S = 60.0
_VIDEO_LOG_EVERY_S = 60.0
_LEADER_EVERY_S = 2.0
_SEND_AGAIN_EVERY_S = 300.0


def heartbeat_path(settings: Settings) -> Path:
    """Return the file whose age says whether the bot's loop is alive."""
    return settings.data_dir / f"heartbeat-{settings.executor_id}"


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or Ctrl-C.

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
        start_services=lambda client: start_services(client, settings, lost=lost),
        data_dir=settings.data_dir,
        shard_ids=shard_ids,
        shard_count=shard_count,
        registers_commands=settings.registers_commands,
    )
    async with bot:
        await until_stopped(
            bot, settings.discord_token, stop_timeout_s=settings.stop_timeout_s, lost=lost
        )


async def start_services(client: VideoBot, settings: Settings, *, lost: asyncio.Event) -> Services:
    """Build everything that commands and jobs need, and start it; `Services.close` ends it.

    Args:
        client: The client, logged in.
        settings: The host's.
        lost: Set when this process must end because it has lost its lock.

    Raises:
        ConfigurationError: the database or the price file cannot be used, or another process
            runs under the same executor id.
        StorageTroubleError: the disk is full, say: a later start may work.
    """
    async with AsyncExitStack() as stack:
        prices = load_prices(settings.prices_file, credits_per_cent=settings.credits_per_cent)
        locks = await stack.enter_async_context(_locks(settings))
        tenure = Tenure(locks, settings.executor_id)
        await tenure.begin()
        # One of an earlier process says nothing about this one.
        await _no_beat(heartbeat_path(settings))
        stack.push_async_callback(_no_beat, heartbeat_path(settings))
        await stack.enter_async_context(background(_watch(tenure, lost)))
        leader = Leadership(locks, sure=tenure.sure)
        await leader.look()
        tools = await open_tools(client, settings, prices, stack, sure=tenure.sure)
        # Ends last: what the others do at their end is still told in the log channels.
        stack.push_async_callback(tools.errands.close)
        engine = _engine(tools, tenure.sure)
        await stack.enter_async_context(background(_halt(engine, lost)))
        # After the engine: a card shows what its job came to, and that it goes on.
        stack.push_async_callback(_close_cards, tools, engine, lost)
        stack.push_async_callback(engine.close)
        with told_apart():
            await engine.launch()
        takeover = Takeover(locks, settings.executor_id, sure=tenure.sure)
        watch = QueueWatch(
            store=tools.store,
            cards=tools.cards,
            engine=engine,
            budget=tools.budget,
            breaker=tools.breaker,
            leads=leader.held,
        )
        last_looks = LastLooks(
            store=tools.store,
            cards=tools.cards,
            leads=lambda: settings.is_one_of_several and leader.held(),
            now=now,
        )
        gate = _gate(tools)
        approvals = _approvals(tools, engine, gate)
        privacy = _privacy(tools)
        send_again = _send_again(tools)
        stack.push_async_callback(send_again.close)
        led = partial(repeat, only_when=leader.held)
        for work in (
            watch.run(),
            repeat(leader.look, every_s=_LEADER_EVERY_S),
            repeat(takeover.look, every_s=TAKEOVER_EVERY_S),
            repeat(last_looks.look, every_s=_LEADER_EVERY_S),
            led(approvals.look, every_s=_APPROVALS_EVERY_S),
            led(tools.video_log.look, every_s=_VIDEO_LOG_EVERY_S),
            led(send_again.look, every_s=_SEND_AGAIN_EVERY_S),
            repeat(engine.look, every_s=_LOOK_EVERY_S),
            led(lambda: _tidy(engine, tools.store), every_s=_TIDY_EVERY_S),
            led(privacy.housekeeper.tidy, every_s=_TIDY_EVERY_S),
            # Each in its own folder, and for the guilds of its own shards.
            repeat(tools.kept.tidy, every_s=_TIDY_EVERY_S),
            repeat(privacy.departures.look, every_s=_TIDY_EVERY_S),
            repeat(lambda: _beat(heartbeat_path(settings)), every_s=HEARTBEAT_EVERY_S),
        ):
            await stack.enter_async_context(background(work))
        intake = _intake(tools, engine, gate, approvals)
        stack.push_async_callback(intake.close)
        # All has started: from here on it is `close` that takes it down.
        return _services(
            tools,
            intake=intake,
            approvals=approvals,
            privacy=privacy,
            gate=gate,
            send_again=send_again,
            close=partial(_close, tools.stop_time, stack.pop_all()),
        )
    raise AssertionError("unreachable: the block above returns or raises")


def _locks(settings: Settings) -> AbstractAsyncContextManager[Locks]:
    if settings.engine_address.startswith("sqlite"):
        return FileLocks.open(settings.data_dir)
    return PostgresLocks.open(settings.database_address)


async def _watch(tenure: Tenure, lost: asyncio.Event) -> None:
    await tenure.watch()
    lost.set()


async def _halt(engine: DurableEngine, lost: asyncio.Event) -> None:
    """Stop every job when the lock is lost, before all else that a stop takes."""
    await lost.wait()
    engine.halt()


def _engine(tools: Tools, sure: Callable[[], bool]) -> DurableEngine:
    settings = tools.settings
    return DurableEngine(
        EngineSettings(
            address=settings.engine_address,
            executor_id=settings.executor_id,
            concurrency=settings.segmind_concurrency,
            # Below the whole, so that one member's many jobs never starve another's first.
            concurrency_per_member=max(1, settings.segmind_concurrency // 2),
        ),
        store=tools.store,
        cards=tools.cards,
        submit=Submitter(
            store=tools.store,
            provider=tools.provider,
            cards=tools.cards,
            budget=tools.budget,
            breaker=tools.breaker,
            now=now,
            patience=timedelta(seconds=settings.provider_patience_s),
            speed=settings.poll_speed,
            sure=sure,
        ),
        follow=Follower(
            store=tools.store,
            provider=tools.provider,
            cards=tools.cards,
            budget=tools.budget,
            breaker=tools.breaker,
            now=now,
            time_limit_s=settings.job_time_limit_s,
            speed=settings.poll_speed,
        ),
        deliver=Deliverer(
            store=tools.store,
            media=tools.media,
            hand_over=tools.hand_over,
            kept=tools.kept,
            now=now,
            folder=tools.folder,
        ),
        on_end=tools.video_log.ended,
        now=now,
        pseudonyms=tools.pseudonyms,
        stop_time=tools.stop_time,
    )


def _allowance(settings: Settings) -> Allowance:
    return Allowance(
        daily_credits=settings.daily_credits,
        monthly_credits=settings.monthly_credits,
        jobs_in_flight_member=settings.jobs_in_flight_per_member,
        jobs_in_flight_guild=settings.jobs_in_flight_per_guild,
    )


def _gate(tools: Tools) -> Gate:
    return Gate(
        policies=tools.policies,
        host=_allowance(tools.settings),
        host_zone=tools.settings.zone,
        host_monthly_usd=tools.settings.monthly_usd_cap,
        usd_per_credit=tools.prices.usd_per_credit,
        direct_messages=tools.settings.direct_messages,
        refused_prompts=RefusedPrompts(
            audit=tools.policies, bulletin=tools.bulletin, errands=tools.errands, now=now
        ),
        now=now,
    )


def _reports(tools: Tools) -> ReportDesk:
    return ReportDesk(
        policies=tools.policies,
        reports=ReportStore(tools.database),
        charts=ChartDrawer(tools.settings.data_dir / "matplotlib"),
        folder=tools.folder,
        host_zone=tools.settings.zone,
        usd_per_credit=tools.prices.usd_per_credit,
        now=now,
    )


def _approvals(tools: Tools, engine: DurableEngine, gate: Gate) -> ApprovalDesk:
    return ApprovalDesk(
        store=tools.store,
        policies=tools.policies,
        gate=gate,
        engine=engine,
        cards=tools.cards,
        log_cards=tools.log_cards,
        members=GuildMembers(tools.client),
        bulletin=tools.bulletin,
        now=now,
    )


def _privacy(tools: Tools) -> Privacy:
    return open_privacy(
        forgetting=ForgettingStore(tools.database, tools.pseudonyms),
        exporting=ExportingStore(tools.database, tools.pseudonyms),
        kept=tools.kept,
        retentions=tools.policies,
        presence=GuildPresence(tools.client),
        host_days=tools.settings.retention_days,
        folder=tools.folder,
        now=now,
    )


def _send_again(tools: Tools) -> SendAgain:
    return SendAgain(
        store=UndeliveredStore(tools.database),
        rules=tools.policies,
        media=tools.media,
        hand_over=tools.hand_over,
        kept=tools.kept,
        cards=tools.cards,
        on_end=tools.video_log.ended,
        now=now,
        folder=tools.folder,
    )


def _intake(tools: Tools, engine: DurableEngine, gate: Gate, approvals: ApprovalDesk) -> Intake:
    return Intake(
        store=tools.store,
        media=tools.media,
        provider=tools.provider,
        engine=engine,
        prices=tools.prices,
        gate=gate,
        approvals=approvals,
        now=now,
        stop_time=tools.stop_time,
    )


def _videos(tools: Tools, moderation: Moderation) -> VideoDesk:
    return VideoDesk(
        store=tools.store,
        members=moderation.members,
        remover=tools.poster,
        cards=tools.cards,
        log_cards=tools.log_cards,
        bulletin=tools.bulletin,
        now=now,
    )


def _services(
    tools: Tools,
    *,
    intake: Intake,
    approvals: ApprovalDesk,
    privacy: Privacy,
    gate: Gate,
    send_again: SendAgain,
    close: Callable[[], Awaitable[None]],
) -> Services:
    settings = tools.settings
    moderation = open_moderation(
        policies=tools.policies,
        accounts=tools.store,
        provider=tools.provider,
        bulletin=tools.bulletin,
        host=_allowance(settings),
        host_zone=settings.zone,
        prices=tools.prices,
        reports=_reports(tools),
        now=now,
        host_retention_days=settings.retention_days,
    )
    return Services(
        intake=intake,
        approvals=approvals,
        privacy=privacy,
        videos=_videos(tools, moderation),
        moderation=moderation,
        store=tools.store,
        cards=tools.cards,
        prices=tools.prices,
        gate=gate,
        send_again=send_again,
        now=now,
        close=close,
    )


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


async def _beat(path: Path) -> None:
    await asyncio.to_thread(path.touch)


async def _no_beat(path: Path) -> None:
    await asyncio.to_thread(path.unlink, missing_ok=True)


async def _tidy(engine: DurableEngine, store: JobStore) -> None:
    await engine.tidy()
    await store.forget_expired_tokens(now=now())
