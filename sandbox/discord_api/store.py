"""The messages there are and were: plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.discord_api.mentions import Mentions
from sandbox.discord_api.message_body import Flag, MessageBody
from sandbox.discord_api.wire import Json

# Message types beside 0.
THREAD_CREATED, REPLY, COMMAND_RESPONSE, THREAD_STARTER, MENU_RESPONSE = 18, 19, 20, 21, 23


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a message showed from a moment on."""

    at_s: float
    body: MessageBody
    loading: bool


@dataclass(kw_only=True)
class StoredMessage:
    """One message.

    Attributes:
        ephemeral_to: The only user who sees it; None for a message that all see.
        loading: A deferred answer that still shows "thinking".
        origin: The interaction it answers: `interaction_metadata`, and the command's name.
        reply_to: The message it answers.
        refers_to: The channel that its reference names, when that is not its own.
        revisions: Everything it showed, oldest first.
    """

    id: str
    channel_id: str
    author_id: str
    body: MessageBody
    created_s: float
    type: int = 0
    mentions: Mentions = field(default_factory=Mentions)
    nonce: str | int | None = None
    reply_to: str | None = None
    refers_to: str | None = None
    ephemeral_to: str | None = None
    loading: bool = False
    origin: Json | None = None
    origin_name: str | None = None
    edited_s: float | None = None
    deleted_s: float | None = None
    revisions: list[Revision] = field(default_factory=list)

    @property
    def flags(self) -> int:
        """All its flags."""
        extra = Flag.LOADING if self.loading else Flag(0)
        return self.body.flags | extra | (Flag.EPHEMERAL if self.ephemeral_to else Flag(0))

    def remember(self, at_s: float) -> None:
        """Adds what it shows now to its revisions."""
        self.revisions.append(Revision(at_s=at_s, body=self.body, loading=self.loading))


class MessageStore:
    """All messages, deleted ones included."""

    def __init__(self) -> None:
        self._by_channel: dict[str, dict[str, StoredMessage]] = {}

    def add(self, message: StoredMessage) -> None:
        """Keeps a new message."""
        self._by_channel.setdefault(message.channel_id, {})[message.id] = message

    def get(self, channel_id: str, message_id: str) -> StoredMessage | None:
        """A message that was not deleted."""
        message = self._by_channel.get(channel_id, {}).get(message_id)
        return None if message is None or message.deleted_s is not None else message

    def all(self, channel_id: str) -> Iterator[StoredMessage]:
        """Every message of a channel, oldest first, deleted ones included."""
        return iter(self._by_channel.get(channel_id, {}).values())

    def channels(self) -> list[str]:
        """The channels that ever had a message."""
        return list(self._by_channel)

    def history(
        self,
        channel_id: str,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> list[StoredMessage]:
        """A page of a channel's history, newest first; ephemeral messages are never in it."""
        shown = [m for m in self.all(channel_id) if m.deleted_s is None and not m.ephemeral_to]
        if around is not None:
            older = [m for m in shown if int(m.id) <= around][-(limit // 2 + 1) :]
            newer = [m for m in shown if int(m.id) > around]
            return (older + newer[: limit - len(older)])[::-1]
        if after is not None:
            return [m for m in shown if int(m.id) > after][:limit][::-1]
        if before is not None:
            shown = [m for m in shown if int(m.id) < before]
        return shown[-limit:][::-1]

    def with_nonce(
        self, channel_id: str, author_id: str, nonce: str, *, since_s: float
    ) -> StoredMessage | None:
        """A recent message of this author with this nonce."""
        for message in reversed(self._by_channel.get(channel_id, {}).values()):
            if message.created_s < since_s:
                return None
            if message.author_id == author_id and str(message.nonce) == nonce:
                return message
        return None
