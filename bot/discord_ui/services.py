"""What the cogs may call: given to the client by the composition root."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import discord

from bot.catalogue import Kind
from bot.jobs.again import AgainDesk
from bot.jobs.approval import ApprovalDesk
from bot.jobs.gate import Gate
from bot.jobs.intake import Intake
from bot.jobs.moderating import Moderation
from bot.jobs.ports import Cards, JobStore
from bot.jobs.precedence import Precedence
from bot.jobs.privacy import Privacy
from bot.jobs.send_again import SendAgain
from bot.jobs.stop_time import DEFAULT_STOP_S, StopTime
from bot.jobs.video_desk import VideoDesk
from bot.pricing import PriceTable


class FaceStore(JobStore, Protocol):
    """The job store, which also keeps the pictures of open forms."""

    async def keep_picture(self, message_id: int, user_id: int, url: str, *, now: datetime) -> None:
        """Keep a message's picture for a member whose form is open."""
        ...

    async def kept_picture(self, message_id: int, user_id: int, *, now: datetime) -> str | None:
        """Return the picture's address; None when none was kept, or too long ago."""
        ...


async def _nothing_to_close() -> None:
    """Stand for services that need no end."""


class CommandRights(Protocol):
    """What a server's moderators have set in Integrations."""

    async def check(self, interaction: discord.Interaction[Any], kind: Kind) -> None:
        """Refuse whoever may not use the command that makes this kind of video there."""
        ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything a command needs.

    Attributes:
        gate: On which terms a member may spend, for `/quota`.
        now: The time, aware.
        precedence: Lets first answers go before other work.
        stop_time: How long a stop may last.
        close: Awaited when the client closes, before its connection to Discord goes.
    """

    intake: Intake
    moderation: Moderation
    approvals: ApprovalDesk
    privacy: Privacy
    videos: VideoDesk
    again: AgainDesk
    command_rights: CommandRights
    send_again: SendAgain
    store: FaceStore
    cards: Cards
    prices: PriceTable
    gate: Gate
    now: Callable[[], datetime]
    precedence: Precedence
    stop_time: StopTime = field(default_factory=lambda: StopTime(DEFAULT_STOP_S))
    close: Callable[[], Awaitable[None]] = _nothing_to_close


# Any client: what a command needs of it comes as `Services`.
Interaction = discord.Interaction[Any]
