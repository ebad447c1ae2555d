"""Keeps each job's status card true: the latest picture wins, and no failed edit hurts a job."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, cast
from weakref import WeakValueDictionary

import discord

from bot.discord_ui.cards import status_card
from bot.discord_ui.verdicts import DISCORD_ERRORS, Verdict, verdict
from bot.job import Job, JobState
from bot.jobs.ports import Standing

log = logging.getLogger(__name__)

# Discord counts the token's 15 minutes; our clock may be off, and an edit takes time.
_TOKEN_MARGIN = timedelta(seconds=20)
_FINAL_RETRIES_S = (1.0, 4.0, 15.0)
_PICTURE_TRIES = 3
# discord.py waits for a token's rate limit however long it is; the client's own it does not.
_EDIT_LIMIT_S = 30.0
_REMEMBERED_ENDS = 10_000
# Of the 50 requests a second that Discord takes from a bot, as many as are under way at once.
_PARKED_AT_ONCE = 16
_RESTARTING = "The bot is being restarted. Nothing is lost: this goes on by itself in a moment."

# Cards kept in mind; of jobs that ended in another process nobody says that they did.
_REMEMBERED_CARDS = 10_000
# One page of a channel's history.
_SEARCHED = 100

OnCard = Callable[[int, int], Awaitable[object]]
_Picture = list[dict[str, Any]]


# What the end of a card shows: the state, and whether its video was removed or paid back.
_End = tuple[JobState, bool, bool]


class _NoWayError(Exception):
    """There is no way left to edit this card."""


@dataclass(kw_only=True)
class _Slot:
    """One card: what it should show next and how it can be reached."""

    wanted: tuple[Job, Standing] | None = None
    standing: Standing = field(default_factory=Standing)
    tries: int = 0
    shown: _Picture | None = None
    shown_state: JobState | None = None
    edited_at_s: float = float("-inf")
    token: str = field(default="", repr=False)
    token_dead: bool = False
    card_id: int | None = None
    card_kept: bool = False
    dead: bool = False
    ending: bool = False
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self.task is not None and self.task.done() and not self.ending

    def take(self) -> tuple[Job, Standing] | None:
        """Return what is wanted, which is then wanted no more."""
        wanted, self.wanted = self.wanted, None
        return wanted

    def put_back(self, picture: tuple[Job, Standing]) -> None:
        """Want a picture again that could not be shown, a few times, unless a newer one came."""
        self.tries += 1
        if self.wanted is None and self.tries < _PICTURE_TRIES:
            self.wanted = picture


class CardKeeper:
    """Shows jobs on their status cards (the `Cards` of `bot.jobs.ports`).

    Edits go through the interaction's token while it lives (a rate limit of its own), then
    with the bot's token. There is one task and at most one request under way per card, so
    nothing ever queues up behind a rate limit.
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
        self._client = client
        self._on_card = on_card
        self._stored = stored
        self._min_gap_s = min_gap_s
        self._edit_limit_s = edit_limit_s
        self._now = now
        self._sleep = sleep
        self._slots: dict[int, _Slot] = {}
        self._ended: OrderedDict[int, _End] = OrderedDict()
        self._channel_locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
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

    def _slot(self, job: Job) -> _Slot:
        slot = self._slots.get(job.id)
        if slot is None:
            slot = self._slots[job.id] = _Slot()
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

    async def _keep(self, slot: _Slot) -> None:
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
        except Exception:
            log.exception("job %s: whether it has ended could not be read", job.id)
            return None
        return stored if stored is not None and stored.terminal else None

    async def _wait_turn(self, slot: _Slot) -> None:
        """Wait for the gap between edits to pass; a new state does not wait."""
        left_s = slot.edited_at_s + self._min_gap_s - time.monotonic()
        if left_s > 0:
            with contextlib.suppress(TimeoutError):  # the gap has passed
                async with asyncio.timeout(left_s):
                    await slot.hurry.wait()
        slot.hurry.clear()

    async def _tried(self, slot: _Slot, job: Job, standing: Standing, *, last: bool) -> bool:
        """Edit the card if its picture changes. Return False when it is worth another try."""
        if slot.dead:
            return True
        try:
            view = status_card(job, standing)
            picture = cast("Callable[[], _Picture]", view.to_components)()
            if picture != slot.shown:
                await self._edit(slot, job, view)
            slot.shown, slot.shown_state = picture, job.state
        except _NoWayError as error:
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

    async def _edit(self, slot: _Slot, job: Job, view: discord.ui.LayoutView) -> None:
        alive = self._now() < job.token_expires_at - _TOKEN_MARGIN
        if slot.token and alive and not slot.token_dead:
            try:
                async with asyncio.timeout(self._edit_limit_s):
                    card_id = await self._edit_by_token(slot, view)
            except TimeoutError:
                slot.token_dead = True  # the bot's own way has another limit
                log.info("job %s: an edit by its interaction's token took too long", job.id)
                raise
            except discord.HTTPException as error:
                if error.status not in (401, 403, 404):
                    raise
                slot.token_dead = True
                log.info("job %s: its interaction's token is dead: %s", job.id, error)
            else:
                await self._learn(slot, job, card_id)
                return
        await self._edit_by_bot(slot, job, view)

    async def _edit_by_token(self, slot: _Slot, view: discord.ui.LayoutView) -> int:
        webhook = discord.Webhook.partial(
            self._client.application_id or 0, slot.token, client=self._client
        )
        # "@original" is Discord's name for the interaction's answer, in place of an id.
        message = await webhook.edit_message(cast("int", "@original"), view=view)
        return message.id

    async def _edit_by_bot(self, slot: _Slot, job: Job, view: discord.ui.LayoutView) -> None:
        # Edits by the bot share one rate limit a channel: progress gives way, ends wait.
        lock = self._channel_locks.setdefault(job.channel_id, asyncio.Lock())
        if lock.locked() and not slot.ending:
            raise discord.RateLimited(self._min_gap_s)
        channel = self._client.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
        async with lock:
            try:
                card_id = slot.card_id
                if card_id is None:
                    card_id = await _found(channel, job)
                    await self._learn(slot, job, card_id)
                await channel.get_partial_message(card_id).edit(view=view)
            except discord.HTTPException as error:
                if error.status in (401, 403, 404):
                    raise _NoWayError(str(error)) from error
                raise

    async def _learn(self, slot: _Slot, job: Job, card_id: int) -> None:
        """Report the card's message id, once."""
        slot.card_id = card_id
        if slot.card_kept or job.card_message_id == card_id:
            return
        try:
            await self._on_card(job.id, card_id)
            slot.card_kept = True
        except Exception:
            log.exception("job %s: its card's id could not be kept", job.id)


async def _found(channel: discord.PartialMessageable, job: Job) -> int:
    """Return the id of a card whose id nobody kept: the bot died just after it was made.

    Raises:
        _NoWayError: it is not there.
    """
    # A card is made within the three seconds in which a command must be answered.
    history = channel.history(limit=_SEARCHED, after=discord.Object(job.id), oldest_first=True)
    async for message in history:
        made_by = message.interaction_metadata
        if made_by is not None and made_by.id == job.id:
            return message.id
    raise _NoWayError("the token is dead and the message is not found")


def _end_of(job: Job) -> _End:
    return job.state, job.removed_at is not None, job.refunded_at is not None
