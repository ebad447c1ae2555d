"""The `resolved` part of an interaction: the objects behind the ids a member chose. Pure."""

from dataclasses import dataclass, field

from sandbox.discord_api.errors import FormErrors
from sandbox.discord_api.files import Attachment, FileStore
from sandbox.discord_api.permissions import in_channel, in_guild
from sandbox.discord_api.rendering import (
    bare_member_json,
    channel_json,
    role_json,
    user_json,
)
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, Guild, World


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Finds what ids mean to one member in one guild (None: in direct messages).

    Attributes:
        attachments: The files sent along, by the n of `files[n]`.
    """

    world: World
    files: FileStore
    guild: Guild | None
    user_id: str
    attachments: dict[str, Attachment] = field(default_factory=dict)

    def resolve(self, references: dict[str, list[str]]) -> Json:
        """The objects of `references` (ids by kind).

        Raises:
            ApiError: 50035 naming the ids that do not exist.
        """
        errors = FormErrors()
        resolved: Json = {}
        for kind, ids in references.items():
            for wanted in ids:
                found = self._find(kind, wanted)
                if not found:
                    text = f"Unknown {kind.removesuffix('s')} {wanted}"
                    errors.add(("data",), "INTERACTION_REFERENCE_UNKNOWN", text)
                for room, objects in found.items():
                    resolved.setdefault(room, {}).update(objects)
        errors.raise_if_any()
        return resolved

    def _find(self, kind: str, wanted: str) -> Json:
        if kind == "attachments":
            attachment = self.attachments.get(wanted)
            return {kind: {attachment.id: self.files.json(attachment)}} if attachment else {}
        channel = self.guild.channels.get(wanted) if self.guild else None
        if kind == "channels":
            shown = channel and partial_channel(self.world, channel, self.user_id)
            return {kind: {wanted: shown}} if shown else {}
        role = self.guild.roles.get(wanted) if self.guild else None
        if role is not None and kind in ("roles", "mentionables"):
            return {"roles": {wanted: role_json(role)}}
        return self.user(wanted) if kind in ("users", "mentionables") else {}

    def user(self, user_id: str) -> Json:
        """A user and, in the guild, their membership; empty when there is none."""
        user = self.world.users.get(user_id)
        if user is None:
            return {}
        found: Json = {"users": {user_id: user_json(user)}}
        member = self.guild.members.get(user_id) if self.guild else None
        if self.guild is not None and member is not None:
            permissions = {"permissions": str(in_guild(self.guild, user_id))}
            found["members"] = {user_id: bare_member_json(member) | permissions}
        return found


def partial_channel(world: World, channel: Channel, user_id: str) -> Json:
    """A channel with a user's permissions in it."""
    return channel_json(world, channel) | {"permissions": str(in_channel(world, channel, user_id))}
