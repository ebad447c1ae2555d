"""The clients of a crowd's members: they give commands, type, press and fill in forms, in time."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from benchmarks.timing import TimedInteractions
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.asking import Asking
from sandbox.discord_api.commands import OptionKind, Scope
from sandbox.discord_api.component_kinds import walk
from sandbox.discord_api.interactions import Interaction
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.uploads import Body, Upload
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, User

LOOK_EVERY_S = 0.05
_COMMAND, _COMPONENT, _TYPING, _FORM = 2, 3, 4, 5
_KINDS: Mapping[type, OptionKind] = {int: OptionKind.INTEGER, str: OptionKind.STRING}
# Groups of commands by how many names are left beneath them.
_GROUPS = {1: OptionKind.SUB_COMMAND, 2: OptionKind.SUB_COMMAND_GROUP}


class Talk:
    """What any member says to the bot, past the HTTP by which their client would say it."""

    def __init__(self, stand_in: DiscordStandIn) -> None:
        """Take the place of the stand-in's interactions, before any are there."""
        self._hub = stand_in.hub
        self._application_id = stand_in.application_id
        self.times = TimedInteractions(stand_in)
        stand_in.hub.interactions = self.times
        self._asking = Asking(stand_in.hub)

    def take_times(self) -> None:
        """Hear when something is sent to the bot, once it is connected."""
        for session in self._hub.gateway.sessions():
            if session.connection is not None:
                session.connection.on_send = self.times.note_sent

    async def command(
        self,
        user: User,
        channel: Channel,
        *path: str,
        typing: str = "",
        **options: str | int | Path,
    ) -> Interaction:
        """Give a command; with `typing`, type into that one of its options instead."""
        command = next(c for c in self._hub.commands.all(Scope()) if c["name"] == path[0])
        uploads: list[Upload] = []
        filled: list[Json] = []
        for name, value in options.items():
            one: Json = {"name": name, "value": value}
            if isinstance(value, Path):
                one |= {"type": int(OptionKind.ATTACHMENT), "value": str(len(uploads))}
                uploads.append(await self._upload(value, one["value"]))
            else:
                one["type"] = int(_KINDS[type(value)])
            if name == typing:
                one["focused"] = True
            filled.append(one)
        for left, name in enumerate(reversed(path[1:]), start=1):
            filled = [{"type": int(_GROUPS[left]), "name": name, "options": filled}]
        data = {key: command[key] for key in ("version", "id", "name", "type")} | {
            "options": filled,
            "attachments": [{"id": one.index, "filename": one.filename} for one in uploads],
        }
        asked = _TYPING if typing else _COMMAND
        return await self._ask(asked, user, channel, data, uploads=uploads)

    async def press(self, user: User, channel: Channel, button: Json, message: str) -> Interaction:
        """Press a button."""
        data = {"component_type": button["type"], "custom_id": button["custom_id"]}
        return await self._ask(_COMPONENT, user, channel, data, message_id=message)

    async def fill_in(
        self, user: User, channel: Channel, opened: Interaction, field: str, value: str
    ) -> Interaction:
        """Send the form that an interaction opened, with one field filled in."""
        if opened.modal is None:
            raise RuntimeError("there is no form")
        data = {
            "id": opened.id,
            "custom_id": opened.modal["custom_id"],
            "components": [{"type": 4, "custom_id": field, "value": value}],
        }
        return await self._ask(_FORM, user, channel, data)

    async def _ask(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: Json,
        *,
        uploads: Sequence[Upload] = (),
        **more: str,
    ) -> Interaction:
        payload: Json = {
            "type": kind,
            "application_id": self._application_id,
            "channel_id": channel.id,
            "guild_id": channel.guild_id,
            "data": data,
            **more,
        }
        return await self._asking.ask(user, Body(payload=payload, uploads=tuple(uploads)))

    async def _upload(self, file: Path, index: str) -> Upload:
        path = self._hub.files.folder / uuid4().hex
        await asyncio.to_thread(shutil.copyfile, file, path)
        size_bytes = path.stat().st_size
        return Upload(index=index, filename=file.name, path=path, size_bytes=size_bytes)

    # -- what came of it ---------------------------------------------------------

    def shown(self, interaction: Interaction) -> StoredMessage | None:
        """Return the message that answers an interaction, once it says more than "thinking"."""
        found = self._hub.messaging.store.get(
            interaction.channel_id, interaction.original_id or interaction.message_id or ""
        )
        return None if found is None or found.loading else found

    def button(self, message: StoredMessage, start: str) -> Json | None:
        """Return a message's first button whose id begins so, if it can be pressed."""
        for part in walk(list(message.body.components)):
            if str(part.get("custom_id", "")).startswith(start) and not part.get("disabled"):
                return part
        return None

    async def wait(self, interaction: Interaction, *, within_s: float) -> StoredMessage | None:
        """Return what the member sees in the end; None when it does not come in time."""
        for _ in range(round(within_s / LOOK_EVERY_S)):
            if interaction.modal is not None:
                return None
            # A press leaves the old page there until the new one has come.
            took_s = self.times.took_s(interaction.id)
            message = None if took_s is None else self.shown(interaction)
            if message is not None and message.revisions[-1].at_s >= interaction.created_s:
                return message
            await asyncio.sleep(LOOK_EVERY_S)
        return None
