"""What the bot does again and again while it runs, how often, and which process does it."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from bot.heartbeat import BEAT_EVERY_S, heartbeat_path
from bot.jobs.approval import ApprovalDesk
from bot.jobs.engine import DurableEngine
from bot.jobs.last_looks import LastLooks
from bot.jobs.locks import Leadership
from bot.jobs.privacy import Privacy
from bot.jobs.send_again import SendAgain
from bot.jobs.takeover import LOOK_EVERY_S as TAKEOVER_EVERY_S
from bot.jobs.takeover import Takeover
from bot.jobs.watch import QueueWatch
from bot.running import repeat
from bot.storage import JobStore
from bot.tools import Tools, now

_TIDY_EVERY_S = 3600.0
_LOOK_EVERY_S = 30.0
_APPROVALS_EVERY_S = 60.0
_VIDEO_LOG_EVERY_S = 60.0
_TELLING_EVERY_S = 60.0
_LEADER_EVERY_S = 2.0
_SEND_AGAIN_EVERY_S = 300.0

# Runs until it is cancelled.
Work: TypeAlias = Coroutine[Any, Any, None]


def job_rounds(
    tools: Tools, engine: DurableEngine, leader: Leadership, takeover: Takeover
) -> tuple[Work, ...]:
    """Return the work that keeps jobs and their cards going."""
    watch = QueueWatch(
        store=tools.store,
        cards=tools.cards,
        engine=engine,
        budget=tools.budget,
        breaker=tools.breaker,
        leads=leader.held,
    )
    last_looks = LastLooks(store=tools.store, cards=tools.cards, leads=leader.held, now=now)
    return (
        watch.run(),
        repeat(engine.look, every_s=_LOOK_EVERY_S),
        repeat(leader.look, every_s=_LEADER_EVERY_S),
        repeat(
            takeover.look,
            # Alone, it takes over at the start what it began under another executor id.
            every_s=TAKEOVER_EVERY_S if tools.settings.is_one_of_several else _LOOK_EVERY_S,
        ),
        repeat(
            last_looks.look,
            every_s=_LEADER_EVERY_S,
            only_when=lambda: tools.settings.is_one_of_several,
        ),
        repeat(tools.teller.look, every_s=_TELLING_EVERY_S, only_when=leader.held),
        repeat(tools.video_log.look, every_s=_VIDEO_LOG_EVERY_S, only_when=leader.held),
    )


def desk_rounds(
    approvals: ApprovalDesk, send_again: SendAgain, leader: Leadership
) -> tuple[Work, ...]:
    """Return the work for jobs that wait for somebody, or for their place to come back."""
    return (
        repeat(approvals.look, every_s=_APPROVALS_EVERY_S, only_when=leader.held),
        repeat(send_again.look, every_s=_SEND_AGAIN_EVERY_S, only_when=leader.held),
    )


def upkeep_rounds(
    tools: Tools, engine: DurableEngine, privacy: Privacy, leader: Leadership
) -> tuple[Work, ...]:
    """Return the work that tidies up, and that says that the bot lives."""
    led = partial(repeat, only_when=leader.held)
    return (
        led(lambda: _tidy(engine, tools.store), every_s=_TIDY_EVERY_S),
        led(privacy.housekeeper.tidy, every_s=_TIDY_EVERY_S),
        # Each in its own folder, and for the guilds of its own shards.
        repeat(tools.kept.tidy, every_s=_TIDY_EVERY_S),
        repeat(privacy.departures.look, every_s=_TIDY_EVERY_S),
        repeat(lambda: _beat(heartbeat_path(tools.settings)), every_s=BEAT_EVERY_S),
    )


async def _beat(path: Path) -> None:
    await asyncio.to_thread(path.touch)


async def _tidy(engine: DurableEngine, store: JobStore) -> None:
    await engine.tidy()
    await store.forget_expired_tokens(now=now())
