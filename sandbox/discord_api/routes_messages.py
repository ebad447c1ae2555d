"""HTTP routes of channels and their messages, for the bot and for members alike."""

from typing import Any

from aiohttp import web

from sandbox.discord_api.errors import (
    ApiError,
    archived_thread,
    dms_closed,
    foreign_message,
    form_error,
    locked_thread,
    missing_permissions,
    non_text_channel,
    unknown_message,
    unknown_user,
)
from sandbox.discord_api.form import Form
from sandbox.discord_api.hub import Endpoint, Hub
from sandbox.discord_api.message_body import edited, written
from sandbox.discord_api.permissions import Permission, may_send
from sandbox.discord_api.rendering import channel_json
from sandbox.discord_api.store import REPLY, StoredMessage
from sandbox.discord_api.uploads import Body, parse_object
from sandbox.discord_api.wire import Json, answer
from sandbox.discord_api.world import Channel, ChannelType, User

NONCE_LIFE_S = 300.0
MOST_NONCE = 25


class MessageRoutes:
    """Handlers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        channel = "/channels/{channel_id}"
        message = channel + "/messages/{message_id}"
        return [
            Endpoint(
                method="POST", path="/users/@me/channels", handler=self.open_dm, bucket="dm-create"
            ),
            Endpoint(method="GET", path="/users/@me/channels", handler=self.list_dms),
            Endpoint(method="GET", path=channel, handler=self.get_channel),
            Endpoint(method="POST", path=channel + "/attachments", handler=self.offer_upload),
            Endpoint(method="POST", path=channel + "/typing", handler=self.typing, bucket="typing"),
            Endpoint(
                method="GET",
                path=channel + "/messages",
                handler=self.history,
                bucket="message-read",
            ),
            Endpoint(
                method="POST",
                path=channel + "/messages",
                handler=self.post,
                bucket="message-create",
            ),
            Endpoint(method="GET", path=message, handler=self.get, bucket="message-read"),
            Endpoint(method="PATCH", path=message, handler=self.patch, bucket="message-edit"),
            Endpoint(method="DELETE", path=message, handler=self.delete, bucket="message-delete"),
        ]

    def _channel(self, request: web.Request) -> tuple[Channel, int, User]:
        user = self._hub.caller(request)
        channel, bits = self._hub.channel(request.match_info["channel_id"], user)
        return channel, bits, user

    def _message(self, request: web.Request, channel: Channel) -> StoredMessage:
        message_id = request.match_info["message_id"]
        message = self._hub.messaging.store.get(channel.id, message_id)
        if message is None or message.ephemeral_to is not None:
            raise unknown_message()
        return message

    async def open_dm(self, request: web.Request) -> web.Response:
        """Opens the direct message channel with a user."""
        user = self._hub.caller(request)
        payload = parse_object(await request.read())
        other = self._hub.world.users.get(str(payload.get("recipient_id")))
        if other is None:
            raise unknown_user()
        if other is user:
            raise dms_closed()
        channel = self._hub.world.direct_channel(user.id, other.id)
        if channel is None:
            pair = (user.id, other.id)
            channel = Channel(id=self._hub.ids.new(), type=ChannelType.DM, recipients=pair)
            self._hub.world.dms[channel.id] = channel
            for person in pair:
                if not self._hub.world.users[person].bot:
                    seen = channel_json(self._hub.world, channel, viewer_id=person)
                    self._hub.gateway.tell_user(person, "CHANNEL_CREATE", seen)
        return answer(channel_json(self._hub.world, channel, viewer_id=user.id))

    async def list_dms(self, request: web.Request) -> web.Response:
        """A member's direct message channels; Discord gives a bot none."""
        user, world = self._hub.caller(request), self._hub.world
        own = [c for c in world.dms.values() if user.id in c.recipients and not user.bot]
        return answer([channel_json(world, channel, viewer_id=user.id) for channel in own])

    async def get_channel(self, request: web.Request) -> web.Response:
        """A channel."""
        channel, _bits, user = self._channel(request)
        return answer(channel_json(self._hub.world, channel, viewer_id=user.id))

    async def offer_upload(self, request: web.Request) -> web.Response:
        """Addresses to put files to before the message or command that names them."""
        channel, bits, _user = self._channel(request)
        if not bits & Permission.ATTACH_FILES:
            raise missing_permissions()
        payload = parse_object(await request.read())
        limit = self._hub.world.upload_limit_bytes(channel)
        return answer(self._hub.staged.offer(payload, limit_bytes=limit))

    async def typing(self, request: web.Request) -> web.Response:
        """Shows that someone is typing."""
        channel, bits, user = self._channel(request)
        if not may_send(channel, bits):
            raise missing_permissions()
        event = {
            "channel_id": channel.id,
            "user_id": user.id,
            "timestamp": int(self._hub.clock()),
        } | ({"guild_id": channel.guild_id} if channel.guild_id else {})
        self._hub.gateway.publish(
            "TYPING_START",
            lambda session: (
                event if not session.user.bot and self._hub.bits(channel, session.user.id) else None
            ),
        )
        return answer()

    async def history(self, request: web.Request) -> web.Response:
        """A page of the channel's messages, newest first."""
        channel, bits, user = self._channel(request)
        if not bits & Permission.READ_MESSAGE_HISTORY:
            return answer([])
        form = Form(dict(request.query))
        limit = form.number("limit", least=1, most=100)
        pages = {key: form.number(key, least=0) for key in ("before", "after", "around")}
        form.errors.raise_if_any()
        ids = {key: None if value is None else int(value) for key, value in pages.items()}
        store = self._hub.messaging.store
        found = store.history(channel.id, limit=int(limit or 50), **ids)
        return answer([self._hub.messaging.json(message, viewer=user) for message in found])

    async def get(self, request: web.Request) -> web.Response:
        """One message."""
        channel, bits, user = self._channel(request)
        message = self._message(request, channel)
        if not bits & Permission.READ_MESSAGE_HISTORY:
            raise missing_permissions()
        return answer(self._hub.messaging.json(message, viewer=user))

    async def post(self, request: web.Request) -> web.Response:
        """A new message."""
        channel, bits, user = self._channel(request)
        self._may_write(channel, bits, user)
        body = await self._hub.body(request, channel)
        payload = body.payload
        self._may_show(bits, payload, body)
        nonce = self._nonce(payload)
        known = self._known_nonce(channel, user, payload, nonce)
        if known is not None:
            return answer(self._hub.messaging.json(known, viewer=user))
        reply_to = self._reply_target(channel, bits, payload)
        uploads = await self._hub.messaging.attach(body.uploads, channel.id, payload)
        message = self._hub.messaging.new(channel, user.id, written(payload, uploads))
        message.nonce = nonce
        message.reply_to = reply_to
        message.type = REPLY if reply_to else 0
        # Meanwhile, while files were looked at, a twin may have been posted.
        known = self._known_nonce(channel, user, payload, nonce)
        if known is None:
            known = self._hub.messaging.post(channel, message, payload.get("allowed_mentions"))
        return answer(self._hub.messaging.json(known, viewer=user))

    def _may_write(self, channel: Channel, bits: int, user: User) -> None:
        if channel.type is ChannelType.FORUM:
            raise non_text_channel()
        if channel.type is ChannelType.DM:
            others = [self._hub.world.users[i] for i in channel.recipients if i != user.id]
            met = all(self._meets(user, other) for other in others)
            if user.bot and not (met and all(other.dms_open for other in others)):
                raise dms_closed()
        if not may_send(channel, bits):
            raise missing_permissions()
        if channel.locked and not bits & Permission.MANAGE_THREADS:
            raise locked_thread()

    def _meets(self, bot: User, other: User) -> bool:
        """Whether a bot may write to a user: by a guild they share, or who installed it."""
        world = self._hub.world
        return other.id in world.application.installed_by or world.shares_guild(bot.id, other.id)

    @staticmethod
    def _may_show(bits: int, payload: Json, body: Body) -> None:
        if body.uploads and not bits & Permission.ATTACH_FILES:
            raise missing_permissions()
        if payload.get("embeds") and not bits & Permission.EMBED_LINKS:
            raise missing_permissions()

    @staticmethod
    def _nonce(payload: Json) -> str | int | None:
        nonce: Any = payload.get("nonce")
        if nonce is None or isinstance(nonce, int):
            return nonce
        if not isinstance(nonce, str) or len(nonce) > MOST_NONCE:
            text = f"Must be {MOST_NONCE} or fewer in length."
            raise form_error(("nonce",), "NONCE_TYPE_TOO_LONG", text)
        return nonce

    def _known_nonce(
        self, channel: Channel, user: User, payload: Json, nonce: str | int | None
    ) -> StoredMessage | None:
        """With `enforce_nonce`, the message that this one would repeat."""
        if nonce is None or not payload.get("enforce_nonce"):
            return None
        since_s = self._hub.clock() - NONCE_LIFE_S
        store = self._hub.messaging.store
        return store.with_nonce(channel.id, user.id, str(nonce), since_s=since_s)

    def _reply_target(self, channel: Channel, bits: int, payload: Json) -> str | None:
        reference = payload.get("message_reference")
        if not isinstance(reference, dict):
            return None
        target = str(reference.get("message_id"))
        if str(reference.get("channel_id", channel.id)) != channel.id:
            text = "Cannot reply to a message in a different channel"
            raise form_error(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", text)
        if not bits & Permission.READ_MESSAGE_HISTORY:
            text = "Cannot reply without permission to read message history"
            raise ApiError(403, 160002, text)
        message = self._hub.messaging.store.get(channel.id, target)
        if message is not None and message.ephemeral_to is None:
            return target
        if reference.get("fail_if_not_exists", True):
            text = "Unknown message"
            raise form_error(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", text)
        return None

    async def patch(self, request: web.Request) -> web.Response:
        """Edits one's own message."""
        channel, bits, user = self._channel(request)
        message = self._message(request, channel)
        if message.author_id != user.id:
            raise foreign_message()
        if channel.archived:
            raise archived_thread()
        body = await self._hub.body(request, channel)
        self._may_show(bits, body.payload, body)
        uploads = await self._hub.messaging.attach(body.uploads, channel.id, body.payload)
        shown = edited(message.body, body.payload, uploads)
        self._hub.messaging.edit(message, shown, body.payload.get("allowed_mentions"))
        return answer(self._hub.messaging.json(message, viewer=user))

    async def delete(self, request: web.Request) -> web.Response:
        """Deletes a message."""
        channel, bits, user = self._channel(request)
        message = self._message(request, channel)
        if message.author_id != user.id and not bits & Permission.MANAGE_MESSAGES:
            raise missing_permissions()
        self._hub.messaging.delete(message)
        return answer()
