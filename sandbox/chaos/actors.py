"""The members of a run: they give commands, say yes to prices, and ask again unanswered."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import aiohttp

from bot.catalogue import COMMANDS, find_model
from bot.storage import JobStore
from sandbox.chaos.plan import Ask, Picture
from sandbox.chaos.stage import Stage
from sandbox.chaos.waiting import until
from sandbox.discord_api.client_connection import RefusedError
from sandbox.discord_api.client_forms import ClientForm, OptionValue, filled_option
from sandbox.discord_api.component_kinds import Kind, text_of, walk
from sandbox.discord_api.interactions import Interaction, InteractionKind
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, User

Answer = Literal["accepted", "asked", "refused", "unanswered", "left thinking"]

_LOOK_EVERY_S = 0.05
# How long a member looks at "thinking" before asking again.
PATIENCE_S = 12.0
_ASK_AGAIN_AFTER_S = 0.5
_MOST_ATTEMPTS = 60
_CANCEL_WITHIN_S = 5.0
_NO_CONTENT = 204


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One interaction of one command.

    Attributes:
        answer: What became of it, as the member sees it.
        words: What the member was told when it was refused.
        sent_s: When, in seconds since the epoch.
        question: Of a yes to a price: the id of the button, the same for all that say yes to it.
    """

    interaction_id: str
    answer: Answer
    sent_s: float
    words: str = ""
    question: str = ""


@dataclass(kw_only=True)
class Actors:
    """Gives commands on a stage.

    Attributes:
        attempts: Every interaction so far.
        given_up: Commands that were never accepted.
        cancels: How often Cancel was pressed at once.
        yeses: How often a price was said yes to.
    """

    stage: Stage
    http: aiohttp.ClientSession
    pictures: dict[Picture, Path]
    attempts: list[Attempt] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)
    cancels: int = 0
    yeses: int = 0

    async def ask(self, ask: Ask) -> str | None:
        """Give a command until it is accepted; return the job's id, or None after many tries."""
        for number in range(_MOST_ATTEMPTS):
            interaction = await self.send(replace(ask, prompt=f"{ask.prompt} {number}"))
            # Every other member is quick with the yes, and presses twice.
            job_id = await self.settle(interaction, presses=1 + ask.number % 2)
            if job_id is not None:
                if ask.cancel:
                    await self._take_back(ask, job_id)
                return job_id
            await asyncio.sleep(_ASK_AGAIN_AFTER_S)
        self.given_up.append(ask.number)
        return None

    async def send(self, ask: Ask) -> Interaction:
        """Give a command once, and do not wait for its answer."""
        model = find_model(ask.model)
        if model is None:
            raise LookupError(ask.model)
        form = ClientForm()
        options: dict[str, OptionValue] = {"prompt": ask.prompt, "model": ask.model}
        if ask.picture is not None:
            options["image"] = self.pictures[ask.picture]
        command = self._command(COMMANDS[model.kind], ask)
        known = {option["name"]: option for option in command.get("options", ())}
        data = {
            **{key: command[key] for key in ("version", "id", "name", "type")},
            "options": [filled_option(known, name, value, form) for name, value in options.items()],
            "attachments": form.entries(),
        }
        user, channel = self.stage.crowd.member_of(ask), self.stage.crowd.channel_of(ask)
        return await self._send(user, channel, InteractionKind.COMMAND, {"data": data}, form)

    async def settle(self, interaction: Interaction, *, presses: int = 1) -> str | None:
        """Note what becomes of an interaction; say yes to a price that is asked about.

        Args:
            interaction: A command, or the press of a button that does the same.
            presses: How often yes is pressed at the same time.

        Returns:
            The job's id; None when there is none.
        """
        question = await self._note(interaction)
        if isinstance(question, str):
            return question
        if question is None:
            return None
        custom_id = _yes_of(question)
        user = self.stage.discord.world.users[interaction.user_id]
        pressed = await asyncio.gather(
            *(self.press(user, question, custom_id) for _ in range(presses))
        )
        self.yeses += len(pressed)
        made = await asyncio.gather(
            *(self._note(one, question=custom_id) for one in pressed if one is not None)
        )
        return next((one for one in made if isinstance(one, str)), None)

    async def press(
        self, user: User, message: StoredMessage, custom_id: str, *, values: Sequence[str] = ()
    ) -> Interaction | None:
        """Press a button, or choose from a select; None when Discord knows none there by now."""
        kind = Kind.STRING_SELECT if values else Kind.BUTTON
        data: dict[str, Any] = {"component_type": int(kind), "custom_id": custom_id}
        about = {
            "message_id": message.id,
            "message_flags": int(message.flags),
            "data": data | ({"values": list(values)} if values else {}),
        }
        channel = self.stage.crowd.channel(message.channel_id)
        try:
            return await self._send(user, channel, InteractionKind.COMPONENT, about, ClientForm())
        except RefusedError:
            return None

    def card(self, job_id: str) -> StoredMessage | None:
        """Return what an interaction was answered with, if that is still there."""
        interaction = self.stage.discord.interactions.get(job_id)
        if interaction is None or interaction.original_id is None:
            return None
        found: StoredMessage | None = self.stage.discord.messaging.store.get(
            interaction.channel_id, interaction.original_id
        )
        return found

    async def _note(
        self, interaction: Interaction, *, question: str = ""
    ) -> str | StoredMessage | None:
        """Return the id of the job that came of it, the question about its price, or None."""
        answer, words = await self._answer(interaction)
        attempt = Attempt(
            interaction_id=interaction.id,
            answer=answer,
            words="" if answer == "asked" else words,
            sent_s=interaction.created_s,
            question=question,
        )
        self.attempts.append(attempt)
        if answer == "asked":
            return self._told(interaction)
        return interaction.id if answer == "accepted" else None

    def _command(self, name: str, ask: Ask) -> Json:
        channel, user = self.stage.crowd.channel_of(ask), self.stage.crowd.member_of(ask)
        usable: Sequence[Json] = self.stage.discord.usable_commands(channel, user.id)
        return next(command for command in usable if command["name"] == name)

    async def _send(
        self, user: User, channel: Channel, kind: InteractionKind, about: Json, form: ClientForm
    ) -> Interaction:
        hub = self.stage.discord
        nonce = uuid4().hex[:20]
        payload: dict[str, Any] = {
            "type": int(kind),
            "application_id": hub.world.application.id,
            "channel_id": channel.id,
            "nonce": nonce,
            **about,
        }
        if channel.guild_id is not None:
            payload["guild_id"] = channel.guild_id
        async with self.http.post(
            f"{self.stage.parts.discord.api_url}/interactions",
            headers={"Authorization": user.token},
            **await form.encode(payload),
        ) as response:
            if response.status != _NO_CONTENT:
                raise RefusedError(response.status, await response.json())
        found: Interaction = hub.interactions.of_nonce(user.id, nonce)
        return found

    def seen(self, interaction: Interaction) -> tuple[Answer, str] | None:
        """Return what the member sees of a command by now; None while that is nothing."""
        if interaction.failed:
            return "unanswered", ""
        message = self.card(interaction.id)
        if message is None or message.loading:
            told = self._told(interaction)
            if told is None:
                return None
            return ("asked" if _yes_of(told) else "refused"), words_of(told)
        words = words_of(message)
        if message.ephemeral_to is None and interaction.id in words:
            return "accepted", ""
        return "refused", words

    async def _answer(self, interaction: Interaction) -> tuple[Answer, str]:
        """Wait for what the member sees of a command."""

        async def is_answered() -> bool:
            return self.seen(interaction) is not None

        await until(is_answered, every_s=_LOOK_EVERY_S, within_s=PATIENCE_S)
        seen = self.seen(interaction)
        if seen is not None:
            return seen
        # The card shows nothing: whether the job was taken is in the database.
        job = await JobStore(self.stage.database).get(int(interaction.id))
        return ("left thinking" if job is None else "accepted"), ""

    def _told(self, interaction: Interaction) -> StoredMessage | None:
        """Return the follow-up that only the member sees; None without one that says something."""
        store = self.stage.discord.messaging.store
        made = (store.get(interaction.channel_id, made) for made in interaction.made)
        told = (m for m in made if m is not None and m.ephemeral_to and not m.loading)
        return next((message for message in told if words_of(message)), None)

    async def _take_back(self, ask: Ask, job_id: str) -> None:
        """Press Cancel if the card still shows it."""
        custom_id = f"job:cancel:{job_id}"
        await until(self._has_card(job_id), every_s=_LOOK_EVERY_S, within_s=_CANCEL_WITHIN_S)
        card = self.card(job_id)
        if card is not None and custom_id in ids_of(card):
            user = self.stage.crowd.member_of(ask)
            pressed = await self.press(user, card, custom_id)
            self.cancels += pressed is not None

    def _has_card(self, job_id: str) -> Callable[[], Awaitable[bool]]:
        async def has_card() -> bool:
            return self.card(job_id) is not None

        return has_card


def _yes_of(message: StoredMessage) -> str:
    """Return the id of the button that says yes to a price; empty when none is asked about."""
    return next((one for one in ids_of(message) if one.startswith("draft:make:")), "")


def ids_of(message: StoredMessage) -> list[str]:
    """Return the ids of all that can be pressed or chosen in a message."""
    return [str(part.get("custom_id")) for part in walk(list(message.body.components))]


def words_of(message: StoredMessage) -> str:
    """Return all that a message says, in its text and its parts."""
    return f"{message.body.content}\n{text_of(list(message.body.components))}".strip()
