"""The bot's side of interactions: callbacks, and the messages their tokens make and change."""

from typing import Any

from sandbox.discord_api.components import check_modal
from sandbox.discord_api.errors import (
    ApiError,
    form_error,
    too_many_follow_ups,
    unknown_message,
)
from sandbox.discord_api.files import Attachment
from sandbox.discord_api.form import Form
from sandbox.discord_api.hub import Hub
from sandbox.discord_api.interactions import AnswerKind, Interaction, InteractionKind
from sandbox.discord_api.message_body import Flag, MessageBody, edited, written
from sandbox.discord_api.message_json import message_json
from sandbox.discord_api.rendering import application_json
from sandbox.discord_api.store import (
    COMMAND_RESPONSE,
    MENU_RESPONSE,
    REPLY,
    StoredMessage,
)
from sandbox.discord_api.uploads import Body
from sandbox.discord_api.wire import Json, present
from sandbox.discord_api.world import Channel, Install

MOST_CHOICES = 25
MOST_FOLLOW_UPS = 5  # of an application that has no bot there
WITHOUT_SOURCE = {AnswerKind.MESSAGE, AnswerKind.DEFERRED_MESSAGE, AnswerKind.MODAL}
WITH_SOURCE = WITHOUT_SOURCE | {AnswerKind.DEFERRED_UPDATE, AnswerKind.UPDATE}


def allowed_answers(interaction: Interaction) -> set[AnswerKind]:
    """The callback types an interaction takes."""
    if interaction.kind is InteractionKind.AUTOCOMPLETE:
        return {AnswerKind.CHOICES}
    allowed = WITH_SOURCE if interaction.message_id else WITHOUT_SOURCE
    if interaction.kind is InteractionKind.MODAL_SUBMIT:
        return allowed - {AnswerKind.MODAL}
    return allowed


class Answering:
    """Carries out answers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def channel(self, interaction: Interaction) -> Channel:
        """The channel of an interaction.

        Raises:
            ApiError: 10008 when the channel was deleted meanwhile.
        """
        channel = self._hub.world.channel(interaction.channel_id)
        if channel is None:
            raise unknown_message()
        return channel

    async def callback(self, interaction: Interaction, body: Body) -> Json:
        """Answers an interaction; the callback response object.

        Raises:
            ApiError: 50035 when the answer does not fit.
        """
        answer = body.payload.get("type")
        allowed = allowed_answers(interaction)
        if not isinstance(answer, int) or answer not in allowed:
            known = ", ".join(str(int(kind)) for kind in sorted(allowed))
            raise form_error(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {{{known}}}.")
        kind = AnswerKind(answer)
        interaction.answer = kind  # a second answer while files are looked at is refused
        try:
            message = await self._carry_out(interaction, kind, body)
        except ApiError:
            interaction.answer = None
            raise
        self._hub.interactions.answered(interaction, kind)
        self._tell(interaction, kind)
        return self._callback_json(interaction, kind, message)

    async def _carry_out(
        self, interaction: Interaction, kind: AnswerKind, body: Body
    ) -> StoredMessage | None:
        data: Any = body.payload.get("data") or {}
        message: StoredMessage | None = None
        match kind:
            case AnswerKind.MESSAGE:
                message = await self._create(interaction, data, body, path=("data",))
                interaction.original_id = message.id
            case AnswerKind.DEFERRED_MESSAGE:
                message = self._think(interaction, data)
                interaction.original_id = message.id
            case AnswerKind.DEFERRED_UPDATE:
                interaction.original_id = interaction.message_id
                message = self._original(interaction)
            case AnswerKind.UPDATE:
                interaction.original_id = interaction.message_id
                message = self._original(interaction)
                await self._change(message, data, body, path=("data",))
            case AnswerKind.MODAL:
                interaction.modal = self._modal(data)
            case AnswerKind.CHOICES:
                self._choices(interaction, data)
        return message

    def _tell(self, interaction: Interaction, kind: AnswerKind) -> None:
        tell = self._hub.gateway.tell_user
        if kind is AnswerKind.CHOICES:
            return
        if kind is AnswerKind.MODAL and interaction.modal is not None:
            opened = {
                "id": interaction.id,
                "nonce": interaction.nonce,
                "channel_id": interaction.channel_id,
                "application": application_json(self._hub.world),
                "resolved": {},
                **interaction.modal,
            }
            tell(interaction.user_id, "INTERACTION_MODAL_CREATE", opened)
        done = {"id": interaction.id, "nonce": interaction.nonce}
        tell(interaction.user_id, "INTERACTION_SUCCESS", done)

    def _callback_json(
        self, interaction: Interaction, kind: AnswerKind, message: StoredMessage | None
    ) -> Json:
        about: Json = {
            "id": interaction.id,
            "type": int(interaction.kind),
            "channel_id": interaction.channel_id,
        }
        if interaction.guild_id:
            about["guild_id"] = interaction.guild_id
        if message is None:
            return {"interaction": about}
        about |= {
            "response_message_id": message.id,
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral_to is not None,
        }
        if kind not in (AnswerKind.MESSAGE, AnswerKind.UPDATE):
            return {"interaction": about}  # of a deferral Discord documents only the id
        resource = {"type": int(kind), "message": self.json(message)}
        return {"interaction": about, "resource": resource}

    def json(self, message: StoredMessage) -> Json:
        """A message as its own interaction gets it: always with its content."""
        hub = self._hub
        return message_json(hub.world, hub.files, hub.messaging.store, message)

    def _choices(self, interaction: Interaction, data: Any) -> None:
        form = Form(data, path=("data",))
        for choice in form.forms("choices", most=MOST_CHOICES):
            choice.text("name", least=1, most=100, required=True)
            value = choice.data.get("value")
            if isinstance(value, str):
                choice.text("value", most=100)
            elif not isinstance(value, (int, float)) or isinstance(value, bool):
                choice.fail("value", "BASE_TYPE_REQUIRED", "This field is required")
        form.errors.raise_if_any()
        response = {"choices": form.data.get("choices") or [], "nonce": interaction.nonce}
        event = "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"
        self._hub.gateway.tell_user(interaction.user_id, event, response)

    def _modal(self, data: Any) -> Json:
        form = Form(data, path=("data",))
        modal: Json = {
            "custom_id": form.text("custom_id", least=1, most=100, required=True),
            "title": form.text("title", least=1, most=45, required=True),
            "components": check_modal(form),
        }
        form.errors.raise_if_any()
        return present(modal)

    def _think(self, interaction: Interaction, data: Any) -> StoredMessage:
        ephemeral = _wants_ephemeral(data, ("data",))
        message = self._new(interaction, MessageBody(), ephemeral=ephemeral)
        message.loading = True
        return self._hub.messaging.post(self.channel(interaction), message, None)

    def _new(
        self, interaction: Interaction, body: MessageBody, *, ephemeral: bool
    ) -> StoredMessage:
        hub = self._hub
        message = hub.messaging.new(self.channel(interaction), hub.world.bot.id, body)
        message.origin = dict(interaction.metadata)
        first = interaction.original_id is None
        message.type, message.reply_to = self._shape(interaction, first=first)
        if first:
            message.origin_name = interaction.command_name
        else:
            message.origin["original_response_message_id"] = interaction.original_id
        if ephemeral:
            message.ephemeral_to = interaction.user_id
        interaction.ephemeral = interaction.ephemeral or (first and ephemeral)
        interaction.made.append(message.id)
        return message

    def _shape(self, interaction: Interaction, *, first: bool) -> tuple[int, str | None]:
        """The type of a new message, and the message it answers."""
        target = interaction.message_id if first else interaction.original_id
        if target and self._hub.messaging.store.get(interaction.channel_id, target):
            return REPLY, target
        if first and interaction.kind is InteractionKind.COMMAND:
            chat_input = interaction.command_type == 1
            return (COMMAND_RESPONSE if chat_input else MENU_RESPONSE), None
        return 0, None

    async def _create(
        self, interaction: Interaction, payload: Json, body: Body, *, path: tuple[str, ...] = ()
    ) -> StoredMessage:
        channel = self.channel(interaction)
        ephemeral = _wants_ephemeral(payload, path)
        uploads = await self._uploads(body, channel, payload, ephemeral=ephemeral)
        message = self._new(interaction, written(payload, uploads, path=path), ephemeral=ephemeral)
        return self._hub.messaging.post(channel, message, payload.get("allowed_mentions"))

    async def _uploads(
        self, body: Body, channel: Channel, payload: Json, *, ephemeral: bool
    ) -> dict[str, Attachment]:
        place = self._hub.world.application.id if ephemeral else channel.id
        return await self._hub.messaging.attach(body.uploads, place, payload, ephemeral=ephemeral)

    async def _change(
        self, message: StoredMessage, payload: Json, body: Body, *, path: tuple[str, ...] = ()
    ) -> None:
        channel = self._hub.world.channel(message.channel_id)
        if channel is None:
            raise unknown_message()
        private = message.ephemeral_to is not None
        uploads = await self._uploads(body, channel, payload, ephemeral=private)
        shown = edited(message.body, payload, uploads, path=path)
        self._hub.messaging.edit(message, shown, payload.get("allowed_mentions"))

    def _original(self, interaction: Interaction) -> StoredMessage:
        store = self._hub.messaging.store
        message = store.get(interaction.channel_id, interaction.original_id or "")
        if message is None:
            raise unknown_message()
        return message

    def find(self, interaction: Interaction, message_id: str) -> StoredMessage:
        """`@original`, or a message that this interaction made or came from.

        Raises:
            ApiError: 10008.
        """
        if message_id in ("@original", interaction.original_id):
            return self._original(interaction)
        message = self._hub.messaging.store.get(interaction.channel_id, message_id)
        if message is None or message_id not in (*interaction.made, interaction.message_id):
            raise unknown_message()
        return message

    async def follow_up(self, interaction: Interaction, body: Body) -> StoredMessage:
        """Posts a follow-up; the first one after a deferred answer fills that answer instead.

        The filled message keeps the ephemerality it was deferred with.
        """
        store = self._hub.messaging.store
        original = store.get(interaction.channel_id, interaction.original_id or "")
        if original is None or not original.loading:
            made = sum(message_id != interaction.original_id for message_id in interaction.made)
            if str(int(Install.GUILD)) not in interaction.owners and made >= MOST_FOLLOW_UPS:
                raise too_many_follow_ups()
            return await self._create(interaction, body.payload, body)
        await self._change(original, body.payload, body)
        return original

    async def change(self, message: StoredMessage, body: Body) -> StoredMessage:
        """Edits a message through its interaction's token."""
        await self._change(message, body.payload, body)
        return message

    def delete(self, message: StoredMessage) -> None:
        """Deletes a message through its interaction's token."""
        self._hub.messaging.delete(message)


def _wants_ephemeral(payload: Any, path: tuple[str, ...]) -> bool:
    """Whether a message asks to be ephemeral; refuses flags that are no number."""
    form = Form(payload, path=path)
    flags = form.number("flags", least=0)
    form.errors.raise_if_any()
    return bool(int(flags or 0) & Flag.EPHEMERAL)
