"""Keeps each job's status card true: the latest picture wins, and no failed edit hurts a job."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
_REMEMBERED_ENDS = 10_000
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
        min_gap_s: float = 4.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a keeper.

        Args:
            client: Logged in by the time the first card is shown.
            on_card: Called with a job's id and its card's message id once that is known.
            min_gap_s: Least time between two edits of a card in the same state.
            now: The time, aware: whether a token still lives.
            sleep: Waits before the retries of the final picture.
        """
        self._client = client
        self._on_card = on_card
        self._min_gap_s = min_gap_s
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
        slot.wanted, slot.tries = (job, standing), 0
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

    async def close(self) -> None:
        """Take no more pictures, and end the tasks under way."""
        self._closing = True
        tasks = [slot.task for slot in self._slots.values() if slot.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._slots.clear()

    def _slot(self, job: Job) -> _Slot:
        slot = self._slots.setdefault(job.id, _Slot())
        # The database forgets the token when the job ends; the slot still needs it once.
        slot.token = job.interaction_token or slot.token
        slot.card_id = slot.card_id or job.card_message_id
        return slot

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
                if await self._tried(slot, job, standing, last=False):
                    continue
            slot.put_back(taken)

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
                card_id = await self._edit_by_token(slot, view)
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
