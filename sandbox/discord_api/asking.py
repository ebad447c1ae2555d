"""The member's side of interactions: checks what a member's client sends, and tells the bot."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord_api import modals
from sandbox.discord_api.command_options import GROUPS, checked_options
from sandbox.discord_api.commands import CommandKind, OptionKind
from sandbox.discord_api.component_kinds import SELECTS, Kind, walk
from sandbox.discord_api.errors import (
    FormErrors,
    form_error,
    missing_permissions,
    unknown_message,
    upload_too_large,
)
from sandbox.discord_api.files import Attachment
from sandbox.discord_api.hub import Hub
from sandbox.discord_api.interactions import Interaction, InteractionKind
from sandbox.discord_api.message_json import message_json
from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.rendering import (
    attachment_size_limit_bytes,
    member_json,
    user_json,
)
from sandbox.discord_api.resolving import Resolver, partial_channel
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.uploads import Body
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, User

SELECT_REFERENCES = {
    Kind.USER_SELECT: "users",
    Kind.ROLE_SELECT: "roles",
    Kind.MENTIONABLE_SELECT: "mentionables",
    Kind.CHANNEL_SELECT: "channels",
}


class Asking:
    """Starts interactions."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def ask(self, user: User, body: Body) -> Interaction:
        """Starts the interaction that a member's client asked for.

        Raises:
            ApiError: Whatever is wrong with it, as Discord says it.
        """
        payload = body.payload
        kind = payload.get("type")
        data = payload.get("data")
        if kind not in (2, 3, 4, 5) or not isinstance(data, dict):
            raise form_error(("type",), "BASE_TYPE_CHOICES", "Value must be one of {2, 3, 4, 5}.")
        if str(payload.get("application_id")) != self._hub.world.application.id:
            raise form_error(("application_id",), "APPLICATION_UNKNOWN", "Unknown Application")
        channel, bits = self._hub.channel(str(payload.get("channel_id")), user)
        if payload.get("guild_id") not in (None, channel.guild_id):
            raise form_error(("guild_id",), "GUILD_MISMATCH", "The channel is in another guild")
        limit = self._hub.world.upload_limit_bytes(channel)
        if any(upload.size_bytes > limit for upload in body.uploads):
            raise upload_too_large()
        interaction = self._new(InteractionKind(kind), user, channel, payload)
        match interaction.kind:
            case InteractionKind.COMPONENT:
                extra = self._component(interaction, channel, payload, data)
            case InteractionKind.MODAL_SUBMIT:
                extra = await self._modal(interaction, channel, data, body)
            case _:
                if not bits & Permission.USE_APPLICATION_COMMANDS and channel.guild_id:
                    raise missing_permissions()
                await self._command(interaction, channel, data, body)
                extra = {}
        self._start(interaction, user, channel, extra)
        return interaction

    def _new(
        self, kind: InteractionKind, user: User, channel: Channel, payload: Json
    ) -> Interaction:
        interactions = self._hub.interactions
        new_id = interactions.new_id()
        nonce = payload.get("nonce")
        installs = self._hub.world.installs(channel, user.id)
        owners = {str(int(kind)): owner for kind, owner in installs.items()}
        return Interaction(
            id=new_id,
            token=interactions.new_token(new_id),
            kind=kind,
            user_id=user.id,
            channel_id=channel.id,
            guild_id=channel.guild_id,
            nonce=None if nonce is None else str(nonce),
            created_s=self._hub.clock(),
            data={},
            metadata={
                "id": new_id,
                "type": int(kind),
                "user": user_json(user),
                "authorizing_integration_owners": owners,
            },
            owners=owners,
        )

    async def _attachments(self, body: Body, data: Json) -> dict[str, Attachment]:
        place = self._hub.world.application.id
        return await self._hub.messaging.attach(body.uploads, place, data, ephemeral=True)

    async def _command(
        self, interaction: Interaction, channel: Channel, data: Json, body: Body
    ) -> None:
        command = self._registered(interaction, channel, data)
        kinds = {str(kind) for kind in command["integration_types"]}
        _allow_by(interaction, {k: v for k, v in interaction.owners.items() if k in kinds})
        sent: Json = {key: command[key] for key in ("id", "name", "type")}
        if command.get("guild_id"):
            sent["guild_id"] = command["guild_id"]
        if command["type"] == CommandKind.CHAT_INPUT:
            sent |= await self._filled(interaction, channel, command, data, body)
        else:
            sent |= self._target(interaction, channel, command, data)
        interaction.data = sent
        interaction.command_type = command["type"]
        interaction.command_name = " ".join((command["name"], *_path(sent.get("options", []))))
        interaction.metadata |= {"name": interaction.command_name, "command_type": command["type"]}

    def _registered(self, interaction: Interaction, channel: Channel, data: Json) -> Json:
        usable = self._hub.usable_commands(channel, interaction.user_id)
        command = next((c for c in usable if c["id"] == str(data.get("id"))), None)
        if command is None:
            text = "This command does not exist or is not offered here"
            raise form_error(("data", "id"), "INTERACTION_APPLICATION_COMMAND_INVALID", text)
        if str(data.get("version", command["version"])) != command["version"]:
            text = "This command is outdated, please try again in a few minutes"
            code = "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION"
            raise form_error(("data", "version"), code, text)
        if not self._hub.access.offers(command, channel, interaction.user_id):
            raise missing_permissions()
        return command

    async def _filled(
        self, interaction: Interaction, channel: Channel, command: Json, data: Json, body: Body
    ) -> Json:
        errors = FormErrors()
        typing = interaction.kind is InteractionKind.AUTOCOMPLETE
        filled = checked_options(command, data.get("options"), errors=errors, typing=typing)
        errors.raise_if_any()
        attachments = await self._attachments(body, data)
        resolved = self._resolved(interaction, channel, filled.references, attachments)
        _rename(filled.options, attachments)
        return {"options": filled.options} | ({"resolved": resolved} if resolved else {})

    def _resolved(
        self,
        interaction: Interaction,
        channel: Channel,
        references: dict[str, list[str]],
        attachments: dict[str, Attachment],
    ) -> Json:
        return self._resolver(interaction, channel, attachments).resolve(references)

    def _resolver(
        self, interaction: Interaction, channel: Channel, attachments: dict[str, Attachment]
    ) -> Resolver:
        return Resolver(
            world=self._hub.world,
            files=self._hub.files,
            guild=self._hub.world.guild_of(channel),
            user_id=interaction.user_id,
            attachments=attachments,
        )

    def _target(
        self, interaction: Interaction, channel: Channel, command: Json, data: Json
    ) -> Json:
        target_id = str(data.get("target_id"))
        if command["type"] == CommandKind.USER:
            resolved = self._resolver(interaction, channel, {}).user(target_id)
            if not resolved:
                raise form_error(("data", "target_id"), "BASE_TYPE_REQUIRED", "Unknown User")
            interaction.metadata["target_user"] = resolved["users"][target_id]
            return {"target_id": target_id, "resolved": resolved}
        message = self._visible(channel, target_id, interaction.user_id)
        interaction.metadata["target_message_id"] = message.id
        return {
            "target_id": target_id,
            "resolved": {"messages": {message.id: self._message(message)}},
        }

    def _visible(self, channel: Channel, message_id: str, user_id: str) -> StoredMessage:
        message = self._hub.messaging.store.get(channel.id, message_id)
        if message is None or message.ephemeral_to not in (None, user_id):
            raise unknown_message()
        return message

    def _message(self, message: StoredMessage) -> Json:
        hub = self._hub
        return message_json(hub.world, hub.files, hub.messaging.store, message)

    def _component(
        self, interaction: Interaction, channel: Channel, payload: Json, data: Json
    ) -> Json:
        message = self._visible(channel, str(payload.get("message_id")), interaction.user_id)
        wanted = data.get("custom_id")
        parts = (c for c in walk(list(message.body.components)) if c.get("custom_id") == wanted)
        component = next(parts, None)
        fits = component is not None and component["type"] == data.get("component_type")
        if component is None or not fits or component.get("disabled"):
            raise form_error(
                ("data",), "COMPONENT_VALIDATION_FAILED", "Component validation failed"
            )
        sent: Json = {
            "custom_id": wanted,
            "component_type": component["type"],
            "id": component["id"],
        }
        if component["type"] in SELECTS:
            sent |= self._selected(interaction, channel, component, data.get("values"))
        interaction.data = sent
        if message.origin is not None:  # as the command was, whoever presses
            _allow_by(interaction, message.origin["authorizing_integration_owners"])
        interaction.message_id = message.id
        interaction.metadata["interacted_message_id"] = message.id
        return {"message": self._message(message)}

    def _selected(
        self, interaction: Interaction, channel: Channel, component: Json, values: Any
    ) -> Json:
        errors = FormErrors()
        chosen = modals.checked_values(component, values, errors=errors, path=("data", "values"))
        errors.raise_if_any()
        kind = SELECT_REFERENCES.get(component["type"])
        references = {kind: chosen} if kind else {}
        resolved = self._resolved(interaction, channel, references, {})
        return {"values": chosen} | ({"resolved": resolved} if resolved else {})

    async def _modal(
        self, interaction: Interaction, channel: Channel, data: Json, body: Body
    ) -> Json:
        opened = self._hub.interactions.get(str(data.get("id")))
        if opened is None or opened.modal is None or opened.user_id != interaction.user_id:
            raise form_error(("data", "id"), "INTERACTION_MODAL_UNKNOWN", "Unknown modal")
        if data.get("custom_id") != opened.modal["custom_id"]:
            raise form_error(("data", "custom_id"), "INTERACTION_MODAL_UNKNOWN", "Unknown modal")
        errors = FormErrors()
        filled = modals.filled_modal(opened.modal, data.get("components"), errors=errors)
        errors.raise_if_any()
        attachments = await self._attachments(body, data)
        resolved = self._resolved(interaction, channel, filled.references, attachments)
        modals.rename_uploads(filled.components, attachments)
        interaction.data = {
            "custom_id": opened.modal["custom_id"],
            "components": filled.components,
        } | ({"resolved": resolved} if resolved else {})
        interaction.metadata["triggering_interaction_metadata"] = opened.metadata
        _allow_by(interaction, opened.owners)
        interaction.command_name = None
        source = self._hub.messaging.store.get(channel.id, opened.message_id or "")
        if source is None:
            return {}
        interaction.message_id = source.id
        return {"message": self._message(source)}

    def _start(self, interaction: Interaction, user: User, channel: Channel, extra: Json) -> None:
        hub = self._hub
        payload = self._payload(interaction, user, channel) | extra
        hub.interactions.add(interaction)
        if interaction.kind is not InteractionKind.AUTOCOMPLETE:
            created = {"id": interaction.id, "nonce": interaction.nonce}
            hub.gateway.tell_user(user.id, "INTERACTION_CREATE", created)
        hub.gateway.publish(
            "INTERACTION_CREATE",
            lambda session: (
                payload
                if interaction.owners and session.user.bot and session.hears(channel.guild_id)
                else None
            ),
        )

    def _payload(self, interaction: Interaction, user: User, channel: Channel) -> Json:
        hub = self._hub
        guild = hub.world.guild_of(channel)
        payload: Json = {
            "id": interaction.id,
            "application_id": hub.world.application.id,
            "type": int(interaction.kind),
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": channel.id,
            "channel": partial_channel(hub.world, channel, user.id),
            "app_permissions": str(self._app_bits(channel, user)),
            "locale": user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": interaction.owners,
            "context": int(hub.world.context_of(channel)),
            "attachment_size_limit": attachment_size_limit_bytes(hub.world, channel),
        }
        if guild is None:
            return payload | {"user": user_json(user)}
        member = member_json(hub.world, guild.members[user.id])
        return payload | {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": member | {"permissions": str(hub.bits(channel, user.id))},
        }

    def _app_bits(self, channel: Channel, user: User) -> int:
        """What the application may do there; where it has no bot, what its user may."""
        world = self._hub.world
        return self._hub.bits(channel, world.bot.id if world.has_bot(channel) else user.id)


def _allow_by(interaction: Interaction, owners: dict[str, str]) -> None:
    interaction.owners = interaction.metadata["authorizing_integration_owners"] = owners


def _path(options: list[Json]) -> Iterator[str]:
    """The names of the sub-command group and sub-command that were chosen."""
    for option in options:
        if option["type"] in GROUPS:
            yield option["name"]
            yield from _path(option["options"])


def _rename(options: list[Json], attachments: dict[str, Attachment]) -> None:
    """Attachment options name the attachment itself to the bot, not the n of `files[n]`."""
    for option in options:
        _rename(option.get("options", []), attachments)
        if option["type"] == OptionKind.ATTACHMENT and option["value"] in attachments:
            option["value"] = attachments[option["value"]].id
