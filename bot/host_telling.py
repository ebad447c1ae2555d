"""Telling: what goes wrong reaches the host on Discord, as the settings say."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.client import VideoBot
from bot.discord_ui.host_post import HostPost
from bot.host_news import BookFile, GuardRails, MigrationFile, Patience
from bot.jobs.host_desk import HostDesk
from bot.running import background, repeat
from bot.settings import Settings
from bot.tools import now
from bot.vital_signs import VitalSigns

_TELL_EVERY_S = 2.0


@asynccontextmanager
async def telling(
    desk: HostDesk, signs: Callable[[], VitalSigns], lost: asyncio.Event
) -> AsyncIterator[None]:
    """Tell the host of what goes wrong for as long as the block lasts.

    Args:
        desk: Tells.
        signs: Takes the vital signs; quick, and never raises.
        lost: Set when this process has lost its lock on the database.
    """

    async def tell() -> None:
        await desk.begin()
        await repeat(lambda: desk.look(signs()), every_s=_TELL_EVERY_S)

    async with background(tell()):
        yield
    if lost.is_set():
        await asyncio.to_thread(desk.database_lost, signs().now)


def rails_of(settings: Settings, *, cheapest_usd: float = 0.0) -> GuardRails:
    """Return from where on something is wrong, as the host has set it.

    Args:
        settings: The host's.
        cheapest_usd: What the cheapest video costs.
    """
    cap = settings.monthly_usd_cap
    return GuardRails(
        low_balance_usd=settings.low_balance_usd,
        job_time_limit_s=settings.job_time_limit_s,
        provider_patience_s=settings.provider_patience_s,
        monthly_usd_cap=None if cap is None else float(cap),
        cheapest_usd=cheapest_usd,
    )


def host_desk_of(
    client: VideoBot,
    settings: Settings,
    rails: GuardRails,
    *,
    leads: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> HostDesk:
    """Return what tells the host; without anybody to tell it only writes the log.

    Args:
        client: The client, logged in.
        settings: The host's.
        rails: From where on something is wrong.
        leads: Whether this process tells what is so for all.
        clock: Seconds on a clock that never goes back.
    """
    messenger = HostPost(
        client,
        channel_id=settings.host_channel_id,
        user_id=settings.host_user_id,
        process=settings.executor_id if _has_others(settings) else "",
        clock=clock,
    )
    return HostDesk(
        rails=rails,
        leads=leads,
        messenger=messenger if settings.tells_host else None,
        book_file=BookFile(settings.data_dir, settings.executor_id),
        migration_file=MigrationFile(settings.data_dir),
        patience=Patience().faster(settings.poll_speed),
    )


async def tell_away(client: VideoBot, settings: Settings) -> None:
    """Tell the host that a start has failed for want of the database, once it lasts."""
    if not settings.tells_host:
        return
    desk = host_desk_of(client, settings, rails_of(settings))
    await desk.begin()
    await desk.database_away(now(), alone=not _has_others(settings))


def _has_others(settings: Settings) -> bool:
    """Whether several processes would tell the same."""
    return settings.process_count > 1 or bool(settings.shard_ids)
