"""HTTP routes that start threads. Only public threads exist here.

https://discord.com/developers/docs/resources/channel#start-thread-from-message
"""

from aiohttp import web

from sandbox.discord_api.errors import (
    missing_permissions,
    thread_exists,
    unknown_message,
    wrong_channel_type,
)
from sandbox.discord_api.form import Form
from sandbox.discord_api.hub import Endpoint, Hub
from sandbox.discord_api.message_body import MessageBody
from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.rendering import channel_json
from sandbox.discord_api.store import THREAD_CREATED, THREAD_STARTER
from sandbox.discord_api.uploads import parse_object
from sandbox.discord_api.wire import Json, answer
from sandbox.discord_api.world import Channel, ChannelType, Guild, User

ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


class ThreadRoutes:
    """Handlers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        channel = "/channels/{channel_id}"
        from_message = channel + "/messages/{message_id}/threads"
        return [
            Endpoint(method="POST", path=channel + "/threads", handler=self.start),
            Endpoint(method="POST", path=from_message, handler=self.start_from_message),
        ]

    def _place(self, request: web.Request) -> tuple[Guild, Channel, User]:
        user = self._hub.caller(request)
        channel, bits = self._hub.channel(request.match_info["channel_id"], user)
        guild = self._hub.world.guild_of(channel)
        if guild is None or channel.type is not ChannelType.TEXT:
            raise wrong_channel_type()
        if not bits & Permission.CREATE_PUBLIC_THREADS:
            raise missing_permissions()
        return guild, channel, user

    async def start(self, request: web.Request) -> web.Response:
        """A thread of its own; the channel shows a line about it."""
        guild, channel, user = self._place(request)
        form = Form(parse_object(await request.read()))
        # Discord takes a missing type for a private thread.
        form.choice("type", (int(ChannelType.PUBLIC_THREAD),), required=True)
        thread = self._thread(form, channel, user, self._hub.ids.new())
        self._hub.guilds.add_channel(guild, thread)
        line = self._hub.messaging.new(channel, user.id, MessageBody(content=thread.name))
        line.type, line.refers_to = THREAD_CREATED, thread.id
        self._hub.messaging.post(channel, line, {"parse": []})
        return answer(self._json(thread, user), status=201)

    async def start_from_message(self, request: web.Request) -> web.Response:
        """A thread about a message; it has that message's id."""
        guild, channel, user = self._place(request)
        store = self._hub.messaging.store
        message = store.get(channel.id, request.match_info["message_id"])
        if message is None or message.ephemeral_to is not None:
            raise unknown_message()
        if message.id in guild.channels:
            raise thread_exists()
        form = Form(parse_object(await request.read()))
        thread = self._thread(form, channel, user, message.id)
        self._hub.guilds.add_channel(guild, thread)
        self._hub.messaging.touch(message)
        starter = self._hub.messaging.new(thread, message.author_id, MessageBody())
        starter.type, starter.refers_to = THREAD_STARTER, channel.id
        starter.reply_to = message.id
        self._hub.messaging.post(thread, starter, {"parse": []})
        return answer(self._json(thread, user), status=201)

    def _thread(self, form: Form, parent: Channel, user: User, thread_id: str) -> Channel:
        name = form.text("name", least=1, most=100, required=True, trim=True)
        minutes = form.choice("auto_archive_duration", ARCHIVE_MINUTES)
        form.errors.raise_if_any()
        return Channel(
            id=thread_id,
            type=ChannelType.PUBLIC_THREAD,
            name=name or "",
            guild_id=parent.guild_id,
            parent_id=parent.id,
            owner_id=user.id,
            auto_archive_minutes=minutes or ARCHIVE_MINUTES[2],
        )

    def _json(self, thread: Channel, user: User) -> Json:
        return channel_json(self._hub.world, thread, viewer_id=user.id)
