"""Shows one picture on a card: in its turn, drawn when that has come, and what came of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import TypeAlias, cast

from bot.discord_ui.card_edits import CardEditor, NoWayError, OtherWayError
from bot.discord_ui.card_pace import Rank
from bot.discord_ui.card_slots import CardSlot, Picture
from bot.discord_ui.cards import as_wished, status_card
from bot.discord_ui.edit_calls import NotNowError
from bot.discord_ui.edit_turns import Turns
from bot.discord_ui.verdicts import DISCORD_ERRORS, Verdict, verdict
from bot.errors import BotError
from bot.i18n import speaking
from bot.job import Job, Wishes
from bot.jobs.ports import Standing

log = logging.getLogger(__name__)

# discord.py opens a connection for each call under way: a thousand jobs may begin at once.
# Ends do not stand behind the others.
_AT_ONCE, _ENDS_AT_ONCE = 24, 8
# A job's last step waits for its end's turn. Behind a longer limit discord.py gives up by itself.
_LONGEST_HOLD_S = 60.0
# The newest picture of a card; None when there is none to show any more.
Newest: TypeAlias = Callable[[], Awaitable[tuple[Job, Standing] | None]]

# What a job's member wants of it now, by the job's id; None when there is no such job.
WishesOf: TypeAlias = Callable[[int], Awaitable[Wishes | None]]


class Tried(Enum):
    """What came of showing a picture."""

    UNCHANGED = auto()
    EDITED = auto()
    REFUSED = auto()
    LATER = auto()
    OTHER_WAY = auto()


class CardPainter:
    """Whatever shares a rate limit takes turns here."""

    def __init__(
        self, editor: CardEditor, wishes: WishesOf | None = None, *, asks_each_time: bool = True
    ) -> None:
        """Make one.

        Args:
            editor: Edits.
            wishes: Asked before the first picture of a job on its way, and when its member has
                pressed since: whoever gives a picture may have read the job before. None: all
                pictures are as they are given.
            asks_each_time: Before every picture: members may press in other processes.
        """
        self._editor = editor
        self._wishes = wishes
        self._asks_each_time = asks_each_time
        self._turns = Turns()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._room_for_ends = asyncio.Semaphore(_ENDS_AT_ONCE)

    async def show(self, slot: CardSlot, job: Job, newest: Newest) -> Tried:
        """Show what is the newest picture by then; nothing when the end has begun meanwhile."""
        tried = Tried.OTHER_WAY
        while tried is Tried.OTHER_WAY:
            limit = self._editor.limit_of(slot, job)
            async with self._turns.turn(limit, slot.rank), self._room:
                if slot.ending:
                    return Tried.UNCHANGED  # who shows the end has the lock, and waits for a turn
                async with slot.lock:
                    picture = await newest()
                    if picture is None:
                        return Tried.UNCHANGED
                    tried = await self._tried(slot, *picture, limit=limit)
        return tried

    async def show_last(self, slot: CardSlot, job: Job, standing: Standing, *, last: bool) -> Tried:
        """Show a picture after which there is none; to be called with the slot's lock.

        Args:
            slot: The card.
            job: Its job.
            standing: Where it stands.
            last: Whether it is not tried again.
        """
        tried = Tried.OTHER_WAY
        while tried is Tried.OTHER_WAY:
            limit = self._editor.limit_of(slot, job)
            async with self._turns.turn(limit, lambda: Rank.END), self._room_for_ends:
                tried = await self._tried(slot, job, standing, limit=limit, last=last)
        return tried

    async def _tried(
        self, slot: CardSlot, job: Job, standing: Standing, *, limit: str, last: bool = False
    ) -> Tried:
        """Edit the card if its picture changes, and note what came of it."""
        if slot.dead:
            return Tried.REFUSED
        try:
            tried = await self._edited(slot, job, standing)
        except OtherWayError:
            return Tried.OTHER_WAY
        except NoWayError as error:
            slot.dead = True
            log.warning("job %s: its card cannot be edited any more: %s", job.id, error)
            return Tried.REFUSED
        except DISCORD_ERRORS as error:
            tried = Tried.LATER if verdict(error) is Verdict.LATER else Tried.REFUSED
            refused = isinstance(error, NotNowError) and error.refused
            if isinstance(error, NotNowError):
                self._turns.hold(limit, min(error.later_s, _LONGEST_HOLD_S))
            if tried is Tried.LATER and not refused:
                slot.doubt()
            level = logging.INFO if tried is Tried.LATER and not last else logging.WARNING
            log.log(level, "job %s: its card could not be edited: %s", job.id, error)
        except Exception:  # a fault of our own in drawing: the job goes on without this picture
            log.exception("job %s: its card could not be drawn", job.id)
            tried = Tried.REFUSED
        slot.failures = slot.failures + 1 if tried is Tried.LATER else 0
        if tried is not Tried.LATER:
            # What was refused would be refused again: as if it were shown.
            slot.note_shown(job, standing)
        if tried is not Tried.UNCHANGED:
            slot.edited_at_s = asyncio.get_running_loop().time()
        return tried

    async def _edited(self, slot: CardSlot, job: Job, standing: Standing) -> Tried:
        await self._ask_for_wishes(slot, job)
        with speaking(job.locale):
            view = status_card(*as_wished(job, standing, slot.wishes))
        picture = cast("Callable[[], Picture]", view.to_components)()
        if picture == slot.picture:
            return Tried.UNCHANGED
        await self._editor.edit(slot, job, view, patient=slot.ending)
        slot.picture = picture
        return Tried.EDITED

    async def _ask_for_wishes(self, slot: CardSlot, job: Job) -> None:
        """Bring what the slot knows of its member's wishes up to date, if that can be done."""
        is_known = slot.wishes_known and slot.presses_asked == slot.presses
        slot.presses_asked = slot.presses
        if self._wishes is None or job.terminal or (is_known and not self._asks_each_time):
            return
        try:
            slot.wishes, slot.wishes_known = await self._wishes(job.id), True
        except BotError as error:
            slot.wishes_known = False
            log.warning("job %s: its member's wishes could not be read: %s", job.id, error)
