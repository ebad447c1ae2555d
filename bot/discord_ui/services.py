"""What the cogs may call: given to the client by the composition root."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import discord

from bot.asking import Draft, NewPreset, Options, Preset, Taken
from bot.catalogue import Kind
from bot.history import HistoryPage, Search, Whose
from bot.jobs.again import AgainDesk
from bot.jobs.approval import ApprovalDesk
from bot.jobs.gate import Gate
from bot.jobs.intake import Intake
from bot.jobs.moderating import Moderation
from bot.jobs.on_the_way import OnTheWay
from bot.jobs.ports import Cards, JobStore
from bot.jobs.precedence import Precedence
from bot.jobs.privacy import Privacy
from bot.jobs.send_again import SendAgain
from bot.jobs.stop_time import DEFAULT_STOP_S, StopTime
from bot.jobs.video_desk import VideoDesk
from bot.pricing import PriceTable


class Asking(Protocol):
    """Keeps what members have said so far, and like to say."""

    async def keep_draft(self, draft: Draft, *, now: datetime) -> None:
        """Keep a draft for about a day."""
        ...

    async def draft(self, draft_id: int, user_id: int, *, now: datetime) -> Draft | None:
        """Return a member's draft; None when it is gone, taken or somebody else's."""
        ...

    async def take_draft(self, draft_id: int, user_id: int, *, by: int, now: datetime) -> Taken:
        """Take a member's draft for one interaction; another then gets it no more."""
        ...

    async def give_back(self, draft: Draft, *, by: int) -> None:
        """Let a draft that this interaction took be taken again, as it is now."""
        ...

    async def drop_draft(self, draft_id: int, *, by: int) -> None:
        """Forget a draft that this interaction has taken."""
        ...

    async def last_options(self, user_id: int, command: str) -> Options:
        """Return what a member chose last for a command; empty at first."""
        ...

    async def remember(self, user_id: int, command: str, options: Options) -> None:
        """Keep what a member chose for a command, in place of what it was before."""
        ...

    async def save_preset(self, new: NewPreset, *, now: datetime) -> Preset:
        """Save a preset, in place of one of the same name; RefusedError when there are too many."""
        ...

    async def presets(self, user_id: int) -> Sequence[Preset]:
        """Return a member's presets by name."""
        ...

    async def preset(self, user_id: int, name: str) -> Preset | None:
        """Return the member's preset of this name; None when there is none."""
        ...

    async def delete_preset(self, user_id: int, preset_id: int) -> bool:
        """Delete a preset; False when it is gone already, or somebody else's."""
        ...


class History(Protocol):
    """Finds videos again."""

    async def page(self, whose: Whose, search: Search) -> HistoryPage:
        """Return a page of what is found; the newest one when there is none where it is asked."""
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
        asking: Drafts of orders, last options, presets.
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
    on_the_way: OnTheWay
    store: JobStore
    history: History
    asking: Asking
    cards: Cards
    prices: PriceTable
    gate: Gate
    now: Callable[[], datetime]
    precedence: Precedence
    stop_time: StopTime = field(default_factory=lambda: StopTime(DEFAULT_STOP_S))
    close: Callable[[], Awaitable[None]] = _nothing_to_close


# Any client: what a command needs of it comes as `Services`.
Interaction = discord.Interaction[Any]
