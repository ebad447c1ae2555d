"""Keeps each job's status card true: the latest picture wins, and no failed edit hurts a job."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeAlias

import discord

from bot.discord_ui.card_edits import CardEditor, OnCard
from bot.discord_ui.card_pace import Pace
from bot.discord_ui.card_painter import CardPainter, Tried, WishesOf
from bot.discord_ui.card_slots import CardSlot
from bot.i18n import N_, gettext, speaking
from bot.job import Job, JobState
from bot.jobs.ports import Standing
from bot.log_context import about

log = logging.getLogger(__name__)

_FINAL_RETRIES_S = (1.0, 4.0, 15.0)
# discord.py waits for a token's rate limit however long it is; the client's own it does not. An
# answer it awaits for five minutes, and all cards of a channel wait behind.
_EDIT_LIMIT_S = 30.0
_REMEMBERED_ENDS = 10_000
# Of the 50 requests a second that Discord takes from a bot, as many as are under way at once.
_PARKED_AT_ONCE = 16
_RESTARTING = N_("The bot is being restarted. Nothing is lost: this goes on by itself in a moment.")
# Cards kept in mind; of jobs that ended in another process nobody says that they did.
_REMEMBERED_CARDS = 10_000
# What was given so lately was read as lately: it is shown without another look at the database.
_FRESH_S = 1.0

# What the end of a card shows: the state, and whether its video was removed or paid back.
_End: TypeAlias = tuple[JobState, bool, bool]


class CardKeeper:
    """Shows jobs on their status cards (the `Cards` of `bot.jobs.ports`).

    A card is edited when the job's state changes, and when its picture changes by itself, which
    is known beforehand: until then it costs a timer. It has one picture wanted and at most one
    request under way; what shares a rate limit takes turns, and draws when its turn has come.
    So nothing old ever queues up. Time is the running loop's.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        on_card: OnCard,
        stored: Callable[[int], Awaitable[Job | None]] | None = None,
        wishes: WishesOf | None = None,
        pace: Pace | None = None,
        fresh_s: float = _FRESH_S,
        edit_limit_s: float = _EDIT_LIMIT_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a keeper.

        Args:
            client: Logged in by the time the first card is shown.
            on_card: Called with a job's id and its card's message id once that is known.
            stored: Finds a job as it stands now. Needed where several processes show a card: a
                picture that waited here must not cover the end that another showed.
            wishes: Finds what a job's member wants of it now, see `CardPainter`.
            pace: Least times between edits of a card.
            fresh_s: How long a picture may have waited to be shown without looking whether the
                job has ended. After each edit there is a look, which finds the same, but later.
            edit_limit_s: How long an edit by the token may take, and an answer to any edit.
            now: The time, aware: whether a token still lives.
            sleep: Waits before the retries of the final picture.
        """
        self._painter = CardPainter(
            CardEditor(client, on_card=on_card, edit_limit_s=edit_limit_s, now=now),
            wishes,
            asks_each_time=stored is not None,
        )
        self._stored = stored
        self._pace = pace or Pace()
        self._fresh_s = fresh_s
        self._sleep = sleep
        self._slots: dict[int, CardSlot] = {}
        self._ended: OrderedDict[int, _End] = OrderedDict()
        self._closing = False

    def open(self, job: Job, standing: Standing) -> None:
        """Show the first picture, unless the workflow has given a later one already."""
        if job.id not in self._slots:
            self.show(job, standing)

    def show(self, job: Job, standing: Standing) -> None:
        """Let the card show this soon; a newer picture replaces an older one.

        A bar goes on by itself from there: show again only what nobody could foresee.
        """
        if self._closing or job.id in self._ended:
            return
        slot = self._slot(job)
        if slot.dead or slot.ending:
            return
        slot.want(job, standing, now_s=_now_s())
        self._plan(slot)

    def redraw(self, job: Job) -> None:
        """Let the card show what its member wants now, soon; all else stays as it is shown.

        A card that another process shows is shown here without what only that one knows, until
        its next edit.
        """
        slot = self._slots.get(job.id)
        if slot is None or slot.wanted is None:
            self.show(job, Standing())
            slot = self._slots.get(job.id)
        if slot is not None:
            self._note_press(job.user_id)
            self._plan(slot)

    def _note_press(self, user_id: int) -> None:
        """Let all cards of a member ask what they want: being told is wanted of all or none."""
        for slot in self._slots.values():
            if slot.wanted is not None and slot.wanted.job.user_id == user_id:
                slot.presses += 1

    async def finish(self, job: Job) -> None:
        """Show the end, with a few retries, and edit the card no more.

        Unless there is another end: a moderator may remove the video, or give credits back.
        """
        if self._ended.get(job.id) == _end_of(job):
            return  # a cancel shows the end at once, and the workflow once more
        self._remember_end(job)
        slot = self._slot(job)
        slot.end()
        async with slot.lock:
            for wait_s in (*_FINAL_RETRIES_S, None):
                tried = await self._painter.show_last(slot, job, Standing(), last=wait_s is None)
                if tried is not Tried.LATER or wait_s is None or self._closing:
                    break
                await self._sleep(wait_s)
        if self._slots.get(job.id) is slot:
            del self._slots[job.id]

    async def finish_again(self, job: Job) -> None:
        """Show the end once more: another process may have covered it with an older picture."""
        self._ended.pop(job.id, None)
        await self.finish(job)

    async def park(self, jobs: Sequence[Job], *, timeout_s: float) -> int:
        """Say on the cards of these jobs that the bot is restarting; take no more pictures.

        One edit each, for as many as there is time for; return how many are done.
        """
        self._closing = True  # what is under way is finished: each card has a lock
        for slot in self._slots.values():
            slot.stop_timer()
        room = asyncio.Semaphore(_PARKED_AT_ONCE)
        tasks = [
            asyncio.create_task(self._say_restarting(job, room), name=f"park-{job.id}")
            for job in jobs
            if job.id not in self._ended
        ]
        if not tasks:
            return 0
        done, late = await asyncio.wait(tasks, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return sum(task.result() for task in done)

    async def _say_restarting(self, job: Job, room: asyncio.Semaphore) -> bool:
        async with room:
            slot = self._slot(job)
            async with slot.lock:
                if slot.ending or slot.dead:
                    return False
                with speaking(job.locale):
                    hint = gettext(_RESTARTING)
                standing = replace(slot.standing(_now_s()), hint=hint)
                slot.end()  # it waits for its channel's turn, as ends do
                tried = await self._painter.show_last(slot, job, standing, last=True)
                return tried in (Tried.EDITED, Tried.UNCHANGED)

    async def close(self) -> None:
        """Take no more pictures, and end the tasks under way."""
        self._closing = True
        for slot in self._slots.values():
            slot.stop_timer()
        tasks = [slot.task for slot in self._slots.values() if slot.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._slots.clear()

    def _slot(self, job: Job) -> CardSlot:
        slot = self._slots.get(job.id)
        if slot is None:
            slot = self._slots[job.id] = CardSlot()
            self._forget_idle()
        # The database forgets the token when the job ends; the slot still needs it once.
        slot.token = job.interaction_token or slot.token
        slot.card_id = slot.card_id or job.card_message_id
        return slot

    def _forget_idle(self) -> None:
        """Keep no more cards in mind than is of use; one that is shown again starts anew."""
        if len(self._slots) > _REMEMBERED_CARDS:
            idle = (id_ for id_, slot in self._slots.items() if slot.idle)
            for job_id in list(islice(idle, len(self._slots) - _REMEMBERED_CARDS)):
                del self._slots[job_id]

    def _remember_end(self, job: Job) -> None:
        self._ended[job.id] = _end_of(job)
        if len(self._ended) > _REMEMBERED_ENDS:
            self._ended.popitem(last=False)

    def _plan(self, slot: CardSlot) -> None:
        """Set the timer to when the card is to be edited next, as far as is known now."""
        slot.stop_timer()
        if self._closing or slot.task is not None:
            return
        due_at_s = slot.due_at_s(self._pace, now_s=_now_s())
        if due_at_s is not None:
            loop = asyncio.get_running_loop()
            slot.timer = loop.call_at(due_at_s, self._begin, slot)

    def _begin(self, slot: CardSlot) -> None:
        slot.timer = None
        if slot.wanted is not None:
            job = slot.wanted.job
            with about(job.id, job.guild_id):
                slot.task = asyncio.create_task(self._keep(slot, job), name=f"card-{job.id}")

    async def _keep(self, slot: CardSlot, job: Job) -> None:
        """Show what is wanted once; then plan the next time."""

        async def newest() -> tuple[Job, Standing] | None:
            return await self._newest(slot)

        try:
            tried = await self._painter.show(slot, job, newest)
            if tried is not Tried.UNCHANGED:
                ended = await self._ended_elsewhere(job.id)
                if ended is not None:
                    await self.finish(ended)  # it came while the edit was on its way
        finally:
            slot.task = None
        self._plan(slot)

    async def _newest(self, slot: CardSlot) -> tuple[Job, Standing] | None:
        """Return what to show now, unless the job has ended in another process."""
        wanted = slot.wanted
        if wanted is not None and _now_s() - wanted.at_s >= self._fresh_s:
            ended = await self._ended_elsewhere(wanted.job.id)
            if ended is not None:
                slot.wanted = None
                self._slots.pop(wanted.job.id, None)
        wanted = slot.wanted  # a newer one may have come
        if wanted is None or self._closing:
            return None
        return wanted.job, wanted.standing_at(_now_s())

    async def _ended_elsewhere(self, job_id: int) -> Job | None:
        """Return the job if it has ended, perhaps in another process."""
        if self._stored is None:
            return None
        try:
            stored = await self._stored(job_id)
        except Exception:  # whatever the storage raises: the card goes on as if it had not ended
            log.exception("job %s: whether it has ended could not be read", job_id)
            return None
        return stored if stored is not None and stored.terminal else None


def _end_of(job: Job) -> _End:
    return job.state, job.removed_at is not None, job.refunded_at is not None


def _now_s() -> float:
    return asyncio.get_running_loop().time()
