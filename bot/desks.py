"""The desks at which members and moderators are served, and the engine behind them, from tools."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.charts import ChartDrawer
from bot.client import Services
from bot.delivery import Deliverer
from bot.discord_ui.command_rights import CommandRights
from bot.discord_ui.guild_members import GuildMembers
from bot.discord_ui.posted_files import FreshFiles
from bot.discord_ui.presence import GuildPresence
from bot.jobs.again import AgainDesk
from bot.jobs.approval import ApprovalDesk
from bot.jobs.engine import DurableEngine, EngineSettings
from bot.jobs.follow import Follower
from bot.jobs.gate import Gate
from bot.jobs.intake import Intake
from bot.jobs.learning import Latencies
from bot.jobs.member_turns import MemberTurns
from bot.jobs.moderating import Moderation, open_moderation
from bot.jobs.on_the_way import OnTheWay
from bot.jobs.parent_files import ParentFiles
from bot.jobs.privacy import Privacy, open_privacy
from bot.jobs.refused_prompts import RefusedPrompts
from bot.jobs.repeats import Repeats
from bot.jobs.report_desk import ReportDesk
from bot.jobs.send_again import SendAgain
from bot.jobs.submit import Submitter
from bot.jobs.tracing import traced
from bot.jobs.video_desk import VideoDesk
from bot.quota import Allowance
from bot.settings import Settings
from bot.storage import (
    AskingStore,
    ExportingStore,
    ForgettingStore,
    HistoryStore,
    ReportStore,
    UndeliveredStore,
)
from bot.tools import Tools, now


def engine_of(tools: Tools, sure: Callable[[], bool]) -> DurableEngine:
    """Return what runs the jobs; `sure`: no other process can have this one's."""
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
        submit=traced(tools.tracer, "submit", _submitter(tools, sure)),
        follow=traced(tools.tracer, "follow", _follower(tools)),
        deliver=traced(tools.tracer, "deliver", _deliverer(tools)),
        on_end=tools.ended,
        now=now,
        pseudonyms=tools.pseudonyms,
        stop_time=tools.stop_time,
    )


def _submitter(tools: Tools, sure: Callable[[], bool]) -> Submitter:
    return Submitter(
        store=tools.store,
        provider=tools.provider,
        cards=tools.cards,
        budget=tools.budget,
        breaker=tools.breaker,
        now=now,
        patience=timedelta(seconds=tools.settings.provider_patience_s),
        speed=tools.settings.poll_speed,
        sure=sure,
    )


def _follower(tools: Tools) -> Follower:
    return Follower(
        store=tools.store,
        provider=tools.provider,
        cards=tools.cards,
        budget=tools.budget,
        breaker=tools.breaker,
        latencies=Latencies(tools.store, now=now, speed=tools.settings.poll_speed),
        now=now,
        time_limit_s=tools.settings.job_time_limit_s,
        speed=tools.settings.poll_speed,
    )


def _deliverer(tools: Tools) -> Deliverer:
    return Deliverer(
        store=tools.store,
        media=tools.media,
        hand_over=tools.hand_over,
        kept=tools.kept,
        thumbnails=tools.thumbnails,
        now=now,
        folder=tools.folder,
        tracer=tools.tracer,
    )


def _allowance(settings: Settings) -> Allowance:
    return Allowance(
        daily_credits=settings.daily_credits,
        monthly_credits=settings.monthly_credits,
        jobs_in_flight_member=settings.jobs_in_flight_per_member,
        jobs_in_flight_guild=settings.jobs_in_flight_per_guild,
    )


def gate_of(tools: Tools) -> Gate:
    """Return what says whether a command is let in."""
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


def approvals_of(tools: Tools, engine: DurableEngine, gate: Gate) -> ApprovalDesk:
    """Return what asks moderators, and takes their answers."""
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
        on_end=tools.turned_away,
    )


def privacy_of(tools: Tools) -> Privacy:
    """Return what exports and forgets."""
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


def send_again_of(tools: Tools) -> SendAgain:
    """Return what sends undelivered videos again."""
    return SendAgain(
        store=UndeliveredStore(tools.database),
        rules=tools.policies,
        media=tools.media,
        hand_over=tools.hand_over,
        kept=tools.kept,
        thumbnails=tools.thumbnails,
        cards=tools.cards,
        on_end=tools.sent_again,
        now=now,
        folder=tools.folder,
        stop_time=tools.stop_time,
    )


def intake_of(tools: Tools, engine: DurableEngine, gate: Gate, approvals: ApprovalDesk) -> Intake:
    """Return what accepts commands."""
    return Intake(
        store=tools.store,
        media=tools.media,
        provider=tools.provider,
        parents=ParentFiles(
            jobs=tools.store,
            media=tools.media,
            posted=FreshFiles(tools.client),
            now=now,
            folder=tools.folder,
        ),
        engine=engine,
        prices=tools.prices,
        gate=gate,
        approvals=approvals,
        now=now,
        precedence=tools.precedence,
        turns=MemberTurns(per_minute=tools.settings.member_commands_per_minute),
        stop_time=tools.stop_time,
        tracer=tools.tracer,
    )


def _on_the_way(tools: Tools, approvals: ApprovalDesk) -> OnTheWay:
    return OnTheWay(
        store=tools.store,
        preferences=tools.preferences,
        cards=tools.cards,
        approvals=approvals,
        now=now,
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


def _again(tools: Tools) -> AgainDesk:
    return AgainDesk(store=tools.store, prices=tools.prices, repeats=Repeats(time.monotonic))


def services_of(
    tools: Tools,
    *,
    intake: Intake,
    approvals: ApprovalDesk,
    privacy: Privacy,
    gate: Gate,
    send_again: SendAgain,
    close: Callable[[], Awaitable[None]],
) -> Services:
    """Return everything that the client's commands use."""
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
        low_balance_usd=settings.low_balance_usd,
        host_retention_days=settings.retention_days,
    )
    return Services(
        intake=intake,
        approvals=approvals,
        privacy=privacy,
        videos=_videos(tools, moderation),
        again=_again(tools),
        command_rights=CommandRights(tools.client, time.monotonic),
        moderation=moderation,
        store=tools.store,
        history=HistoryStore(tools.database),
        asking=AskingStore(tools.database),
        cards=tools.cards,
        prices=tools.prices,
        gate=gate,
        send_again=send_again,
        on_the_way=_on_the_way(tools, approvals),
        now=now,
        precedence=tools.precedence,
        stop_time=tools.stop_time,
        close=close,
    )
