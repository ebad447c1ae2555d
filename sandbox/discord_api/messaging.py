"""Creating, editing and deleting messages, and telling every session that may know."""

from collections.abc import Callable

from sandbox.discord_api.component_kinds import text_of
from sandbox.discord_api.files import Attachment, FileStore
from sandbox.discord_api.gateway import Gateway, Session
from sandbox.discord_api.gateway_protocol import Intent
from sandbox.discord_api.mentions import Mentions, find_mentions
from sandbox.discord_api.message_body import MessageBody
from sandbox.discord_api.message_json import message_json
from sandbox.discord_api.permissions import Permission, in_channel
from sandbox.discord_api.rendering import bare_member_json
from sandbox.discord_api.store import MessageStore, StoredMessage
from sandbox.discord_api.uploads import Upload, safe_name
from sandbox.discord_api.wire import Clock, Json, Snowflakes
from sandbox.discord_api.world import Channel, User, World

MESSAGE_CONTENT_FLAGS = 1 << 18 | 1 << 19  # application flags: the owner switched content on


class Messaging:
    """The messages of all channels."""

    def __init__(
        self, *, world: World, clock: Clock, ids: Snowflakes, gateway: Gateway, files: FileStore
    ) -> None:
        self.world = world
        self.store = MessageStore()
        self.files = files
        self._clock = clock
        self._ids = ids
        self._gateway = gateway

    async def attach(
        self, uploads: tuple[Upload, ...], place: str, payload: Json, *, ephemeral: bool = False
    ) -> dict[str, Attachment]:
        """Turns uploaded files into attachments, by the n of `files[n]`.

        A `filename` in the payload's matching `attachments` entry wins over the part's.
        """
        entries = payload.get("attachments")
        listed = entries if isinstance(entries, list) else []
        given = {str(entry.get("id")): entry for entry in listed if isinstance(entry, dict)}
        attachments = {}
        for upload in uploads:
            entry = given.get(upload.index, {})
            attachments[upload.index] = await self.files.add(
                upload.path,
                attachment_id=self._ids.new(),
                place=place,
                filename=safe_name(str(entry.get("filename") or upload.filename)),
                ephemeral=ephemeral,
            )
        return attachments

    def post(self, channel: Channel, message: StoredMessage, allowed: Json | None) -> StoredMessage:
        """Adds a message to a channel and announces it."""
        channel.archived = False  # writing into an archived thread wakes it
        message.mentions = self._mentions(channel, message, allowed)
        message.remember(message.created_s)
        self.store.add(message)
        if message.ephemeral_to is None:
            channel.last_message_id = message.id
        self._announce("MESSAGE_CREATE", channel, message, self._full)
        return message

    def new(self, channel: Channel, author_id: str, body: MessageBody) -> StoredMessage:
        """A message that is not posted yet."""
        return StoredMessage(
            id=self._ids.new(),
            channel_id=channel.id,
            author_id=author_id,
            body=body,
            created_s=self._clock(),
        )

    def edit(self, message: StoredMessage, body: MessageBody, allowed: Json | None) -> None:
        """Changes what a message shows; a "thinking" message is filled instead of edited."""
        channel = self._channel(message)
        if message.loading:
            message.loading = False
        else:
            message.edited_s = self._clock()
        message.body = body
        message.mentions = self._mentions(channel, message, allowed)
        message.remember(self._clock())
        self._announce("MESSAGE_UPDATE", channel, message, self._full)

    def touch(self, message: StoredMessage) -> None:
        """Tells of a message that looks different now although nobody edited it."""
        self._announce("MESSAGE_UPDATE", self._channel(message), message, self._full)

    def delete(self, message: StoredMessage) -> None:
        """Deletes a message."""
        channel = self._channel(message)
        message.deleted_s = self._clock()
        message.loading = False
        gone: Json = {"id": message.id, "channel_id": message.channel_id}
        self._announce("MESSAGE_DELETE", channel, message, lambda _session, _message: dict(gone))

    def json(self, message: StoredMessage, *, viewer: User) -> Json:
        """The message object as this viewer gets it over HTTP."""
        body = message_json(self.world, self.files, self.store, message)
        blind = viewer.bot and not self.world.application.flags & MESSAGE_CONTENT_FLAGS
        return self._blinded(body, message) if blind else body

    def _channel(self, message: StoredMessage) -> Channel:
        channel = self.world.channel(message.channel_id)
        if channel is None:
            raise LookupError(message.channel_id)
        return channel

    def _mentions(self, channel: Channel, message: StoredMessage, allowed: Json | None) -> Mentions:
        guild = self.world.guild_of(channel)
        bits = in_channel(self.world, channel, message.author_id)
        target = self.store.get(channel.id, message.reply_to or "")
        text = f"{message.body.content}\n{text_of(list(message.body.components))}"
        return find_mentions(
            text,
            allowed,
            known_users=set(self.world.users),
            known_roles=set(guild.roles) if guild else set(),
            may_everyone=bool(bits & Permission.MENTION_EVERYONE),
            replied_to=target.author_id if target and message.origin is None else None,
        )

    def _full(self, session: Session, message: StoredMessage) -> Json:
        body = message_json(self.world, self.files, self.store, message)
        channel = self._channel(message)
        guild = self.world.guild_of(channel)
        if guild is not None and message.ephemeral_to is None:
            member = guild.members.get(message.author_id)
            body |= {"member": bare_member_json(member)} if member else {}
        return body if session.wants(Intent.MESSAGE_CONTENT) else self._blinded(body, message)

    def _blinded(self, body: Json, message: StoredMessage) -> Json:
        """Without the message content intent, only one's own, mentioning and direct messages."""
        bot_id = self.world.application.bot_id
        direct = self._channel(message).guild_id is None
        if direct or message.author_id == bot_id or bot_id in message.mentions.users:
            return body
        return body | {"content": "", "embeds": [], "attachments": [], "components": []}

    def _announce(
        self,
        event: str,
        channel: Channel,
        message: StoredMessage,
        build: Callable[[Session, StoredMessage], Json],
    ) -> None:
        def data(session: Session) -> Json | None:
            if not self._tells(session, channel, message):
                return None
            body = build(session, message)
            if channel.guild_id and message.ephemeral_to is None:
                body["guild_id"] = channel.guild_id
            return body

        self._gateway.publish(event, data)

    def _tells(self, session: Session, channel: Channel, message: StoredMessage) -> bool:
        """Whether a session hears of a message.

        Discord tells a bot of ephemeral messages as of direct ones: without a guild, on
        shard 0, for the direct message intent.
        """
        if message.ephemeral_to is not None:
            if not session.user.bot:
                return session.user.id == message.ephemeral_to
            return session.hears(None) and session.wants(Intent.DIRECT_MESSAGES)
        intent = Intent.GUILD_MESSAGES if channel.guild_id else Intent.DIRECT_MESSAGES
        bits = in_channel(self.world, channel, session.user.id)
        heard = not session.user.bot or session.hears(channel.guild_id)
        return heard and session.wants(intent) and bool(bits & Permission.VIEW_CHANNEL)
