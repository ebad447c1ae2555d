"""Keeps each job's status card true: the latest picture wins, and no failed edit hurts a job."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeAlias, cast

import discord

from bot.discord_ui.card_edits import CardEditor, NoWayError, OnCard
from bot.discord_ui.card_slots import CardSlot, Picture
from bot.discord_ui.cards import status_card
from bot.discord_ui.verdicts import DISCORD_ERRORS, Verdict, verdict
from bot.job import Job, JobState
from bot.jobs.ports import Standing
from bot.words import RESTARTING

log = logging.getLogger(__name__)

_FINAL_RETRIES_S = (1.0, 4.0, 15.0)
# discord.py waits for a token's rate limit however long it is; the client's own it does not.
_EDIT_LIMIT_S = 30.0
_REMEMBERED_ENDS = 10_000
# Of the 50 requests a second that Discord takes from a bot, as many as are under way at once.
_PARKED_AT_ONCE = 16
_RESTARTING = f"{RESTARTING} Nothing is lost: this goes on by itself in a moment."
# Cards kept in mind; of jobs that ended in another process nobody says that they did.
_REMEMBERED_CARDS = 10_000

# What the end of a card shows: the state, and whether its video was removed or paid back.
_End: TypeAlias = tuple[JobState, bool, bool]


class CardKeeper:
    """Shows jobs on their status cards (the `Cards` of `bot.jobs.ports`).

    There is one task and at most one request under way per card, so nothing ever queues up
    behind a rate limit.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        on_card: OnCard,
        stored: Callable[[int], Awaitable[Job | None]] | None = None,
        min_gap_s: float = 4.0,
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
            min_gap_s: Least time between two edits of a card in the same state.
            edit_limit_s: How long an edit by the token may take.
            now: The time, aware: whether a token still lives.
            sleep: Waits before the retries of the final picture.
        """
        self._editor = CardEditor(client, on_card=on_card, edit_limit_s=edit_limit_s, now=now)
        self._stored = stored
        self._min_gap_s = min_gap_s
        self._sleep = sleep
        self._slots: dict[int, CardSlot] = {}
        self._ended: OrderedDict[int, _End] = OrderedDict()
        self._closing = False

    def open(self, job: Job, standing: Standing) -> None:
        """Show the first picture, unless the workflow has given a later one already."""
        if job.id not in self._slots:
            self.show(job, standing)

    def show(self, job: Job, standing: Standing) -> None:
        """Let the card show this soon; a newer picture replaces an older one."""
        if self._closing or job.id in self._ended:
            return
        slot = self._slot(job)
        if slot.dead or slot.ending:
            return
        slot.wanted, slot.tries, slot.standing = (job, standing), 0, standing
        if job.state is not slot.shown_state:
            slot.hurry.set()
        if slot.task is None or slot.task.done():
            slot.task = asyncio.create_task(self._keep(slot), name=f"card-{job.id}")

    async def finish(self, job: Job) -> None:
        """Show the end, with a few retries, and edit the card no more.

        Unless there is another end: a moderator may remove the video, or give credits back.
        """
        if self._ended.get(job.id) == _end_of(job):
            return  # a cancel shows the end at once, and the workflow once more
        self._remember_end(job)
        slot = self._slot(job)
        slot.ending, slot.wanted = True, None
        slot.hurry.set()
        async with slot.lock:
            for wait_s in (*_FINAL_RETRIES_S, None):
                done = await self._tried(slot, job, Standing(), last=wait_s is None)
                if done or wait_s is None or self._closing:
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
        self._closing = True
        for slot in self._slots.values():
            slot.wanted = None  # what is under way is finished: each card has a lock
            slot.hurry.set()
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
                slot.ending = True  # it waits for its channel's turn, as ends do
                standing = replace(slot.standing, hint=_RESTARTING)
                return await self._tried(slot, job, standing, last=True) and not slot.dead

    async def close(self) -> None:
        """Take no more pictures, and end the tasks under way."""
        self._closing = True
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

    async def _keep(self, slot: CardSlot) -> None:
        """Show what is wanted, one picture after the other, until nothing is."""
        while slot.wanted is not None:
            await self._wait_turn(slot)
            async with slot.lock:
                taken = slot.take()
                if taken is None:
                    return  # the end has come meanwhile
                job, standing = taken
                if await self._ended_elsewhere(job) is not None:
                    self._slots.pop(job.id, None)
                    return
                done = await self._tried(slot, job, standing, last=False)
            ended = await self._ended_elsewhere(job)
            if ended is not None:
                await self.finish(ended)  # it came while the edit was on its way
                return
            if not done:
                slot.put_back(taken)

    async def _ended_elsewhere(self, job: Job) -> Job | None:
        """Return the job if it has ended, perhaps in another process."""
        if self._stored is None:
            return None
        try:
            stored = await self._stored(job.id)
        except Exception:  # whatever the storage raises: the card goes on as if it had not ended
            log.exception("job %s: whether it has ended could not be read", job.id)
            return None
        return stored if stored is not None and stored.terminal else None

    async def _wait_turn(self, slot: CardSlot) -> None:
        """Wait for the gap between edits to pass; a new state does not wait."""
        left_s = slot.edited_at_s + self._min_gap_s - time.monotonic()
        if left_s > 0:
            with contextlib.suppress(TimeoutError):  # the gap has passed
                async with asyncio.timeout(left_s):
                    await slot.hurry.wait()
        slot.hurry.clear()

    async def _tried(self, slot: CardSlot, job: Job, standing: Standing, *, last: bool) -> bool:
        """Edit the card if its picture changes. Return False when it is worth another try."""
        if slot.dead:
            return True
        try:
            view = status_card(job, standing)
            picture = cast("Callable[[], Picture]", view.to_components)()
            if picture != slot.shown:
                await self._editor.edit(slot, job, view)
            slot.shown, slot.shown_state = picture, job.state
        except NoWayError as error:
            slot.dead = True
            log.warning("job %s: its card cannot be edited any more: %s", job.id, error)
        except DISCORD_ERRORS as error:
            later = verdict(error) is Verdict.LATER
            log.log(
                logging.INFO if later and not last else logging.WARNING,
                "job %s: its card could not be edited: %s",
                job.id,
                error,
            )
            return not later
        except Exception:
            log.exception("job %s: its card could not be drawn", job.id)
        finally:
            slot.edited_at_s = time.monotonic()
        return True


def _end_of(job: Job) -> _End:
    return job.state, job.removed_at is not None, job.refunded_at is not None
