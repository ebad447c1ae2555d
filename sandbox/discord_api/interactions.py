"""Interactions: what a member asked, by when it must be answered, and how it went."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.discord_api.errors import (
    already_acknowledged,
    invalid_webhook_token,
    unknown_interaction,
    unknown_webhook,
)
from sandbox.discord_api.wire import Clock, Json, Snowflakes

ANSWER_WITHIN_S = 3.0
TOKEN_LIFE_S = 15 * 60.0


class InteractionKind(IntEnum):
    """Interaction types."""

    PING = 1
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class AnswerKind(IntEnum):
    """Callback types."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(kw_only=True)
class Interaction:
    """One interaction.

    Attributes:
        nonce: The member's client's own id of it.
        message_id: The message whose component was used (or whose modal was opened so).
        metadata: Its `interaction_metadata`, which the messages it makes carry.
        owners: By which installs it was allowed, `authorizing_integration_owners`.
        original_id: The message that `@original` names, once answered with one.
        made: The messages it made.
        modal: The modal it opened.
    """

    id: str
    token: str = field(repr=False)
    kind: InteractionKind
    user_id: str
    channel_id: str
    guild_id: str | None
    nonce: str | None
    created_s: float
    data: Json
    metadata: Json
    owners: dict[str, str]
    command_name: str | None = None
    command_type: int | None = None
    message_id: str | None = None
    answer: AnswerKind | None = None
    answered_s: float | None = None
    failed: bool = False
    ephemeral: bool = False
    original_id: str | None = None
    made: list[str] = field(default_factory=list)
    modal: Json | None = None


class Interactions:
    """All interactions, and the rules of their two deadlines."""

    def __init__(self, clock: Clock, ids: Snowflakes) -> None:
        self._clock = clock
        self._ids = ids
        self._by_id: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._unanswered: dict[str, Interaction] = {}
        self.token_life_s = TOKEN_LIFE_S

    def __iter__(self) -> Iterator[Interaction]:
        return iter(self._by_id.values())

    def get(self, interaction_id: str) -> Interaction | None:
        """An interaction by id."""
        return self._by_id.get(interaction_id)

    def of_nonce(self, user_id: str, nonce: str) -> Interaction:
        """The newest interaction that a member's client sent under its own id.

        Raises:
            LookupError: There is none.
        """
        for interaction in reversed(self._by_id.values()):
            if interaction.user_id == user_id and interaction.nonce == nonce:
                return interaction
        raise LookupError(f"no interaction {nonce} of user {user_id}")

    def new_id(self) -> str:
        """The id for an interaction about to be added."""
        return self._ids.new()

    def new_token(self, interaction_id: str) -> str:
        """A token for a new interaction."""
        return f"aW50ZXJhY3Rpb246{interaction_id}{secrets.token_urlsafe(96)}"

    def add(self, interaction: Interaction) -> None:
        """Keeps a new interaction; its clock runs from now."""
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        self._unanswered[interaction.id] = interaction

    def answer(self, interaction_id: str, token: str) -> Interaction:
        """The interaction that a callback may still answer.

        Raises:
            ApiError: 10062 when there is none or its three seconds are over, 40060 when it
                was answered.
        """
        interaction = self._by_id.get(interaction_id)
        if interaction is None or not secrets.compare_digest(interaction.token, token):
            raise unknown_interaction()
        if interaction.answer is not None:
            raise already_acknowledged()
        if interaction.failed or self._overdue(interaction):
            raise unknown_interaction()
        return interaction

    def answered(self, interaction: Interaction, answer: AnswerKind) -> None:
        """Records the answer."""
        interaction.answer = answer
        interaction.answered_s = self._clock()
        self._unanswered.pop(interaction.id, None)

    def by_token(self, token: str) -> Interaction:
        """The interaction whose token may still be used as a webhook's.

        Raises:
            ApiError: 50027 when the token is wrong or dead, 10015 when the interaction has
                not been answered.
        """
        interaction = self._by_token.get(token)
        if interaction is None or self._clock() - interaction.created_s > self.token_life_s:
            raise invalid_webhook_token()
        if interaction.answer is None:
            raise unknown_webhook()
        return interaction

    def overdue(self) -> list[Interaction]:
        """Those that just ran out of their three seconds; each is told once."""
        late = [
            interaction
            for interaction in self._unanswered.values()
            if interaction.answer is None and self._overdue(interaction)
        ]
        for interaction in late:
            interaction.failed = True
            del self._unanswered[interaction.id]
        return late

    def _overdue(self, interaction: Interaction) -> bool:
        return self._clock() - interaction.created_s > ANSWER_WITHIN_S
