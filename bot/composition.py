"""The composition root: builds every service from the settings, runs them, takes them down."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import aiohttp
import discord

from bot.charts import ChartDrawer
from bot.client import Services, VideoBot, redirect
from bot.delivery import Deliverer
from bot.discord_ui.card_keeper import CardKeeper
from bot.discord_ui.guild_members import GuildMembers
from bot.discord_ui.log_board import ChannelBoard
from bot.discord_ui.log_channel import ChannelLog
from bot.discord_ui.poster import ChannelPoster
from bot.discord_ui.presence import GuildPresence
from bot.jobs.approval import ApprovalDesk
from bot.jobs.budget import RequestBudget
from bot.jobs.bulletin import Bulletin
from bot.jobs.engine import DurableEngine, EngineSettings
from bot.jobs.errands import Errands
from bot.jobs.executor import only_executor
from bot.jobs.follow import Follower
from bot.jobs.gate import Gate
from bot.jobs.intake import Intake
from bot.jobs.log_cards import LogCards
from bot.jobs.moderating import Moderation, open_moderation
from bot.jobs.privacy import Privacy, open_privacy
from bot.jobs.refused_prompts import RefusedPrompts
from bot.jobs.report_desk import ReportDesk
from bot.jobs.submit import Submitter
from bot.jobs.video_desk import VideoDesk
from bot.jobs.video_log import VideoLog
from bot.jobs.watch import QueueWatch
from bot.media import Downloader, MediaDesk, MediaInspector
from bot.pricing import PriceTable, load_prices
from bot.pseudonyms import Pseudonyms
from bot.quota import Allowance
from bot.running import background, repeat, until_stopped
from bot.segmind import SegmindClient, make_session
from bot.settings import Settings
from bot.storage import (
    Database,
    ExportingStore,
    ForgettingStore,
    JobStore,
    PolicyStore,
    ReportStore,
)

HEARTBEAT_EVERY_S = 10.0
_TIDY_EVERY_S = 3600.0
_APPROVALS_EVERY_S = 60.0
_VIDEO_LOG_EVERY_S = 60.0
# Where attachments come from.
_DISCORD_FILES = ("cdn.discordapp.com", "media.discordapp.net")


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def heartbeat_path(settings: Settings) -> Path:
    """Return the file whose age says whether the bot's loop is alive."""
    return settings.data_dir / f"heartbeat-{settings.executor_id}"


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or Ctrl-C.

    Raises:
        ConfigurationError: the settings cannot work.
        BotError: the connection to Discord ended by itself.
    """
    await asyncio.to_thread(settings.make_data_dir)
    redirect(settings.discord_api_base, settings.discord_gateway_url)
    bot = VideoBot(
        start_services=lambda client: start_services(client, settings),
        data_dir=settings.data_dir,
        shard_ids=settings.shard_ids or None,
        shard_count=settings.shard_count,
    )
    async with bot:
        await until_stopped(bot, settings.discord_token)


@dataclass(frozen=True, kw_only=True)
class _Tools:
    """What both commands and jobs are built from."""

    database: Database
    pseudonyms: Pseudonyms
    store: JobStore
    policies: PolicyStore
    reports: ReportStore
    provider: SegmindClient
    media: MediaDesk
    cards: CardKeeper
    poster: ChannelPoster
    errands: Errands
    bulletin: Bulletin
    log_cards: LogCards
    video_log: VideoLog
    budget: RequestBudget
    folder: Path


async def start_services(client: VideoBot, settings: Settings) -> Services:
    """Build everything that commands and jobs need, and start it; `Services.close` ends it.

    Raises:
        ConfigurationError: the database or the price file cannot be used, or another process
            runs under the same executor id.
    """
    async with AsyncExitStack() as stack:
        prices = load_prices(settings.prices_file, credits_per_cent=settings.credits_per_cent)
        stack.enter_context(only_executor(settings.executor_id, settings.data_dir))
        tools = await _tools(client, settings, stack)
        # Ends last: what the others do at their end is still told in the log channels.
        stack.push_async_callback(tools.errands.close)
        engine = _engine(tools, settings)
        stack.push_async_callback(engine.close)
        await engine.launch()
        stack.push_async_callback(tools.cards.close)
        watch = QueueWatch(store=tools.store, cards=tools.cards, engine=engine, budget=tools.budget)
        gate = _gate(tools, settings)
        approvals = _approvals(client, tools, engine, gate)
        privacy = _privacy(client, tools, settings)
        for work in (
            watch.run(),
            repeat(approvals.look, every_s=_APPROVALS_EVERY_S),
            repeat(tools.video_log.look, every_s=_VIDEO_LOG_EVERY_S),
            repeat(lambda: _tidy(engine, tools.store), every_s=_TIDY_EVERY_S),
            repeat(privacy.housekeeper.tidy, every_s=_TIDY_EVERY_S),
            repeat(privacy.departures.look, every_s=_TIDY_EVERY_S),
            repeat(lambda: _beat(heartbeat_path(settings)), every_s=HEARTBEAT_EVERY_S),
        ):
            await stack.enter_async_context(background(work))
        intake = _intake(tools, engine, prices, gate, approvals)
        stack.push_async_callback(intake.close)
        # All has started: from here on it is `close` that takes it down.
        return _services(
            tools,
            settings,
            intake=intake,
            approvals=approvals,
            privacy=privacy,
            prices=prices,
            gate=gate,
            close=stack.pop_all().aclose,
        )
    raise AssertionError("unreachable: the block above returns or raises")


async def _tools(client: VideoBot, settings: Settings, stack: AsyncExitStack) -> _Tools:
    database = Database.open(settings.database_address)
    stack.push_async_callback(database.close)
    await database.migrate()
    pseudonyms = Pseudonyms.keyed_by(settings.discord_token.get_secret_value())
    store, policies, errands = JobStore(database, pseudonyms), PolicyStore(database), Errands()
    session = await stack.enter_async_context(make_session())

    async def on_card(job_id: int, message_id: int) -> None:
        await store.note(job_id, card_message_id=message_id)

    folder = settings.data_dir / "tmp" / settings.executor_id
    await asyncio.to_thread(_empty, folder)
    log_cards = LogCards(store=store, board=ChannelBoard(client), now=now)
    return _Tools(
        database=database,
        pseudonyms=pseudonyms,
        store=store,
        policies=policies,
        reports=ReportStore(database),
        provider=_provider(session, settings),
        media=_media(session, settings),
        cards=CardKeeper(client, on_card=on_card),
        poster=ChannelPoster(client),
        errands=errands,
        bulletin=Bulletin(policies=policies, log_channel=ChannelLog(client, errands)),
        log_cards=log_cards,
        video_log=VideoLog(
            store=store, policies=policies, cards=log_cards, errands=errands, now=now
        ),
        budget=RequestBudget(per_minute=settings.segmind_requests_per_minute),
        folder=folder,
    )


def _provider(session: aiohttp.ClientSession, settings: Settings) -> SegmindClient:
    return SegmindClient(
        session,
        api_key=settings.segmind_api_key,
        api_base=settings.segmind_api_base,
        history_base=settings.segmind_history_base,
        upload_base=settings.segmind_upload_base,
    )


def _media(session: aiohttp.ClientSession, settings: Settings) -> MediaDesk:
    downloader = Downloader(
        session,
        allowed_hosts=(*_DISCORD_FILES, *settings.media_hosts),
        allow_http=settings.media_allow_http,
    )
    return MediaDesk(downloader, MediaInspector(), video_max_bytes=settings.video_max_bytes)


def _engine(tools: _Tools, settings: Settings) -> DurableEngine:
    return DurableEngine(
        EngineSettings(
            address=settings.engine_address,
            executor_id=settings.executor_id,
            lock_folder=settings.data_dir,
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
            now=now,
            speed=settings.poll_speed,
        ),
        follow=Follower(
            store=tools.store,
            provider=tools.provider,
            cards=tools.cards,
            budget=tools.budget,
            now=now,
            time_limit_s=settings.job_time_limit_s,
            speed=settings.poll_speed,
        ),
        deliver=Deliverer(
            store=tools.store,
            media=tools.media,
            poster=tools.poster,
            now=now,
            folder=tools.folder,
        ),
        on_end=tools.video_log.ended,
        now=now,
        pseudonyms=tools.pseudonyms,
    )


def _allowance(settings: Settings) -> Allowance:
    return Allowance(
        daily_credits=settings.daily_credits,
        monthly_credits=settings.monthly_credits,
        jobs_in_flight_member=settings.jobs_in_flight_per_member,
        jobs_in_flight_guild=settings.jobs_in_flight_per_guild,
    )


def _gate(tools: _Tools, settings: Settings) -> Gate:
    return Gate(
        policies=tools.policies,
        host=_allowance(settings),
        host_zone=settings.zone,
        host_monthly_usd=settings.monthly_usd_cap,
        usd_per_credit=_usd_per_credit(settings),
        direct_messages=settings.direct_messages,
        refused_prompts=RefusedPrompts(
            audit=tools.policies, bulletin=tools.bulletin, errands=tools.errands, now=now
        ),
        now=now,
    )


def _usd_per_credit(settings: Settings) -> Decimal:
    return 1 / (100 * Decimal(str(settings.credits_per_cent)))


def _reports(tools: _Tools, settings: Settings) -> ReportDesk:
    return ReportDesk(
        policies=tools.policies,
        reports=tools.reports,
        charts=ChartDrawer(settings.data_dir / "matplotlib"),
        folder=tools.folder,
        host_zone=settings.zone,
        usd_per_credit=_usd_per_credit(settings),
        now=now,
    )


def _approvals(
    client: discord.Client, tools: _Tools, engine: DurableEngine, gate: Gate
) -> ApprovalDesk:
    return ApprovalDesk(
        store=tools.store,
        policies=tools.policies,
        gate=gate,
        engine=engine,
        cards=tools.cards,
        log_cards=tools.log_cards,
        members=GuildMembers(client),
        bulletin=tools.bulletin,
        now=now,
    )


def _privacy(client: VideoBot, tools: _Tools, settings: Settings) -> Privacy:
    return open_privacy(
        forgetting=ForgettingStore(tools.database, tools.pseudonyms),
        exporting=ExportingStore(tools.database, tools.pseudonyms),
        retentions=tools.policies,
        presence=GuildPresence(client),
        host_days=settings.retention_days,
        folder=tools.folder,
        now=now,
    )


def _intake(
    tools: _Tools,
    engine: DurableEngine,
    prices: PriceTable,
    gate: Gate,
    approvals: ApprovalDesk,
) -> Intake:
    return Intake(
        store=tools.store,
        media=tools.media,
        provider=tools.provider,
        engine=engine,
        prices=prices,
        gate=gate,
        approvals=approvals,
        now=now,
    )


def _videos(tools: _Tools, moderation: Moderation) -> VideoDesk:
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
    tools: _Tools,
    settings: Settings,
    *,
    intake: Intake,
    approvals: ApprovalDesk,
    privacy: Privacy,
    prices: PriceTable,
    gate: Gate,
    close: Callable[[], Awaitable[None]],
) -> Services:
    moderation = open_moderation(
        policies=tools.policies,
        accounts=tools.store,
        provider=tools.provider,
        bulletin=tools.bulletin,
        host=_allowance(settings),
        host_zone=settings.zone,
        prices=prices,
        reports=_reports(tools, settings),
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
        prices=prices,
        gate=gate,
        now=now,
        close=close,
    )


async def _beat(path: Path) -> None:
    await asyncio.to_thread(path.touch)


async def _tidy(engine: DurableEngine, store: JobStore) -> None:
    await engine.tidy()
    await store.forget_expired_tokens(now=now())


def _empty(folder: Path) -> None:
    """Remove what a killed process left behind."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
