"""The ways to edit a status card: by its interaction's token while that lives, then by the bot."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeAlias, cast

import discord

from bot.discord_ui.card_slots import CardSlot
from bot.discord_ui.edit_calls import NotNowError, watched
from bot.job import Job

log = logging.getLogger(__name__)

# Discord counts the token's 15 minutes; our clock may be off, and an edit takes time.
_TOKEN_MARGIN = timedelta(seconds=20)
# One page of a channel's history.
_SEARCHED = 100

OnCard: TypeAlias = Callable[[int, int], Awaitable[object]]


class NoWayError(Exception):
    """There is no way left to edit this card."""


class OtherWayError(Exception):
    """Not by the token any more: the bot's own way has another rate limit."""


class CardEditor:
    """Edits through the token, which has a rate limit of its own, then with the bot's token."""

    def __init__(
        self,
        client: discord.Client,
        *,
        on_card: OnCard,
        edit_limit_s: float,
        now: Callable[[], datetime],
    ) -> None:
        """Make an editor.

        Args:
            client: Logged in by the time of the first edit.
            on_card: Called with a job's id and its card's message id once that is known.
            edit_limit_s: How long an edit by the token may take, and an answer to any edit.
            now: The time, aware: whether a token still lives.
        """
        self._client = client
        self._on_card = on_card
        self._edit_limit_s = edit_limit_s
        self._now = now

    def limit_of(self, slot: CardSlot, job: Job) -> str:
        """Return the name of the rate limit that the next edit falls under; as secret as a token.

        A channel's is shared by all cards in it that the bot edits with its own token.
        """
        return f"token {slot.token}" if self._by_token(slot, job) else f"channel {job.channel_id}"

    def _by_token(self, slot: CardSlot, job: Job) -> bool:
        alive = self._now() < job.token_expires_at - _TOKEN_MARGIN
        return bool(slot.token) and alive and not slot.token_dead

    async def edit(
        self, slot: CardSlot, job: Job, view: discord.ui.LayoutView, *, patient: bool
    ) -> None:
        """Let a job's card show a view.

        Args:
            slot: The card.
            job: Its job.
            view: What to show.
            patient: Whether discord.py may wait out a refusal: there will be no newer picture.

        Raises:
            NoWayError: it cannot be edited any more.
            OtherWayError: the token is dead, or limited for long; the next edit goes the other way.
            discord.DiscordException: not now; `bot.discord_ui.verdicts` says what it means.
            TimeoutError: no answer, or the token's rate limit is too long; then the next edit goes
                the other way.
        """
        by_token = self._by_token(slot, job)
        if job.bot_absent and not by_token:
            raise NoWayError("the interaction's token is dead, and the bot is not there")
        try:
            async with watched(answer_s=self._edit_limit_s, patient=patient):
                way = self._edit_by_token if by_token else self._edit_by_bot
                card_id = await way(slot, job, view)
        except NotNowError as error:
            if not by_token or job.bot_absent or error.later_s <= self._edit_limit_s:
                raise
            slot.token_dead = True
            log.info("job %s: its interaction's token is limited for long: %s", job.id, error)
            raise OtherWayError from error
        await self._learn(slot, job, card_id)

    async def _edit_by_token(self, slot: CardSlot, job: Job, view: discord.ui.LayoutView) -> int:
        webhook = discord.Webhook.partial(
            self._client.application_id or 0, slot.token, client=self._client
        )
        try:
            async with asyncio.timeout(self._edit_limit_s):
                # "@original" is Discord's name for the interaction's answer, in place of an id.
                message = await webhook.edit_message(cast("int", "@original"), view=view)
        except TimeoutError:
            slot.token_dead = not job.bot_absent  # there is no other way
            log.info("job %s: an edit by its interaction's token took too long", job.id)
            raise
        except discord.HTTPException as error:
            if error.status not in (401, 403, 404):
                raise
            slot.token_dead = True
            log.info("job %s: its interaction's token is dead: %s", job.id, error)
            raise OtherWayError from error
        return message.id

    async def _edit_by_bot(self, slot: CardSlot, job: Job, view: discord.ui.LayoutView) -> int:
        channel = self._client.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
        try:
            card_id = slot.card_id or await _found(channel, job)
            await channel.get_partial_message(card_id).edit(view=view)
        except discord.HTTPException as error:
            if error.status in (401, 403, 404):
                raise NoWayError(str(error)) from error
            raise
        return card_id

    async def _learn(self, slot: CardSlot, job: Job, card_id: int) -> None:
        """Report the card's message id, once."""
        slot.card_id = card_id
        if slot.card_kept or job.card_message_id == card_id:
            return
        try:
            await self._on_card(job.id, card_id)
            slot.card_kept = True
        except Exception:  # whatever the storage raises: a card that is right matters more
            log.exception("job %s: its card's id could not be kept", job.id)


async def _found(channel: discord.PartialMessageable, job: Job) -> int:
    """Return the id of a card whose id nobody kept: the bot died just after it was made.

    Raises:
        NoWayError: it is not there.
    """
    # A card is made within the three seconds in which a command must be answered.
    history = channel.history(limit=_SEARCHED, after=discord.Object(job.id), oldest_first=True)
    async for message in history:
        made_by = message.interaction_metadata
        if made_by is not None and made_by.id == job.id:
            return message.id
    raise NoWayError("the token is dead and the message is not found")
