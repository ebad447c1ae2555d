"""Drives Discord as a member would: commands, buttons, modals, messages, over the real protocol.

Works on the stand-in, and on anything that speaks Discord's own client calls.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from sandbox.discord_api.client_connection import MemberConnection, Outcome, RefusedError
from sandbox.discord_api.client_forms import (
    ClientForm,
    ModalValue,
    OptionValue,
    filled_option,
    filled_part,
)
from sandbox.discord_api.commands import CommandKind
from sandbox.discord_api.component_kinds import Kind, walk
from sandbox.discord_api.interactions import InteractionKind
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import ChannelType

__all__ = ["MemberDriver", "Outcome", "RefusedError"]

COMMANDS_CHANGED = "GUILD_APPLICATION_COMMAND_INDEX_UPDATE"
DONE = ("INTERACTION_SUCCESS", "INTERACTION_FAILURE")


class MemberDriver(MemberConnection):
    """What a member does. Waiting methods return once the bot answered or was too late.

    Args:
        api_url: The API's base, as `http://…/api/v10`.
        gateway_url: The gateway, as `ws://…/gateway`.
        token: The member's token.
        timeout_s: How long to wait for anything that does not say otherwise.
    """

    def __init__(
        self, api_url: str, gateway_url: str, token: str, *, timeout_s: float = 10.0
    ) -> None:
        super().__init__(api_url, gateway_url, token, timeout_s=timeout_s)
        self._application_id: str | None = None
        self._commands: dict[str, tuple[int, list[Json]]] = {}

    async def commands(self, channel_id: str | None = None) -> list[Json]:
        """The commands this member may use in a channel."""
        channel = channel_id or self.channel_id
        changes = sum(name == COMMANDS_CHANGED for name, _ in self.events)
        version, commands = self._commands.get(channel, (-1, []))
        if version != changes:
            index = await self.request("GET", f"/channels/{channel}/application-command-index")
            self._application_id = index["applications"][0]["id"]
            commands = index["application_commands"]
            self._commands[channel] = (changes, commands)
        return commands

    async def _command(self, name: str, channel_id: str, kind: CommandKind) -> Json:
        for command in await self.commands(channel_id):
            if command["name"] == name and command["type"] == kind:
                return command
        raise LookupError(f"no {kind.name} command {name!r} in channel {channel_id}")

    async def run_command(
        self,
        name: str,
        options: Mapping[str, OptionValue] | None = None,
        channel_id: str | None = None,
        *,
        wait: bool = True,
    ) -> Outcome:
        """Runs a slash command; `name` may be `command group sub` for sub-commands.

        Args:
            name: The command.
            options: Its options by name; a Path is attached.
            channel_id: Where; the first text channel when left out.
            wait: Wait until the bot answered or was too late.

        Raises:
            RefusedError: Discord refused it before the bot heard of it.
            LookupError: There is no such command for this member.
        """
        form = ClientForm()
        channel = channel_id or self.channel_id
        data = await self._chat_input(name, options or {}, channel, form)
        return await self._ask(InteractionKind.COMMAND, channel, data, form, wait=wait)

    async def _chat_input(
        self,
        name: str,
        options: Mapping[str, OptionValue],
        channel_id: str,
        form: ClientForm,
        *,
        focused: str | None = None,
    ) -> Json:
        root, *subs = name.split(" ")
        command = await self._command(root, channel_id, CommandKind.CHAT_INPUT)
        level, chain = command, []
        for sub in subs:
            level = next(o for o in level["options"] if o["name"] == sub)
            chain.append(level)
        known = {option["name"]: option for option in level.get("options", ())}
        filled = [filled_option(known, key, value, form) for key, value in options.items()]
        if focused is not None:
            next(o for o in filled if o["name"] == focused)["focused"] = True
        for link in reversed(chain):
            filled = [{"type": link["type"], "name": link["name"], "options": filled}]
        return _about(command) | {"options": filled, "attachments": form.entries()}

    async def use_menu(
        self, name: str, target: Json, channel_id: str | None = None, *, wait: bool = True
    ) -> Outcome:
        """Runs a context menu command on a message or user object."""
        kind = CommandKind.MESSAGE if "channel_id" in target else CommandKind.USER
        channel = channel_id or str(target.get("channel_id") or self.channel_id)
        data = _about(await self._command(name, channel, kind)) | {"target_id": target["id"]}
        return await self._ask(InteractionKind.COMMAND, channel, data, wait=wait)

    async def autocomplete(
        self,
        name: str,
        focused: str,
        typed: str = "",
        options: Mapping[str, OptionValue] | None = None,
        channel_id: str | None = None,
    ) -> list[Json]:
        """The suggestions for one option while typing; each has `name` and `value`.

        Raises:
            TimeoutError: The bot gave none in time.
        """
        channel = channel_id or self.channel_id
        given = {**(options or {}), focused: typed}
        data = await self._chat_input(name, given, channel, ClientForm(), focused=focused)
        payload = self._payload(InteractionKind.AUTOCOMPLETE, channel, data)
        await self._send(payload, ClientForm())
        response = await self.wait_for_event(
            "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE",
            lambda event: bool(event["nonce"] == payload["nonce"]),
        )
        choices: list[Json] = response["choices"]
        return choices

    async def press(self, message: Json, custom_id: str, *, wait: bool = True) -> Outcome:
        """Presses a button."""
        data = {"component_type": int(Kind.BUTTON), "custom_id": custom_id}
        return await self._component(message, data, wait=wait)

    async def select(
        self, message: Json, custom_id: str, values: Sequence[str], *, wait: bool = True
    ) -> Outcome:
        """Chooses values in a select menu."""
        parts = walk(message["components"])
        kind = next(c["type"] for c in parts if c.get("custom_id") == custom_id)
        data = {"component_type": kind, "custom_id": custom_id, "values": list(values)}
        return await self._component(message, data, wait=wait)

    async def _component(self, message: Json, data: Json, *, wait: bool) -> Outcome:
        about = {"message_id": message["id"], "message_flags": message["flags"]}
        kind = InteractionKind.COMPONENT
        return await self._ask(kind, message["channel_id"], data, about=about, wait=wait)

    async def submit_modal(
        self, modal: Json, values: Mapping[str, ModalValue], *, wait: bool = True
    ) -> Outcome:
        """Submits a modal (`Outcome.modal`); `values` by custom id, a Path is uploaded."""
        form = ClientForm()
        parts = [filled_part(part, values, form) for part in modal["components"]]
        data: Json = {
            "id": modal["id"],
            "custom_id": modal["custom_id"],
            "components": parts,
            "attachments": form.entries(),
        }
        kind = InteractionKind.MODAL_SUBMIT
        return await self._ask(kind, modal["channel_id"], data, form, wait=wait)

    async def _ask(
        self,
        kind: InteractionKind,
        channel_id: str,
        data: Json,
        form: ClientForm | None = None,
        *,
        about: Json | None = None,
        wait: bool,
    ) -> Outcome:
        if self._application_id is None:
            await self.commands(channel_id)
        payload = self._payload(kind, channel_id, data) | (about or {})
        await self._send(payload, form or ClientForm())
        nonce = payload["nonce"]
        return await self._outcome(nonce) if wait else Outcome(id="", nonce=nonce, ok=True)

    async def _outcome(self, nonce: str) -> Outcome:
        def mine(events: tuple[str, ...]) -> Json | None:
            found = (e for e in self.events if e[0] in events and e[1].get("nonce") == nonce)
            return next(({"event": event, **data} for event, data in found), None)

        done = await self._wait(lambda: mine(DONE), None)
        return Outcome(
            id=done["id"],
            nonce=nonce,
            ok=done["event"] == DONE[0],
            modal=mine(("INTERACTION_MODAL_CREATE",)),
        )

    def _payload(self, kind: InteractionKind, channel_id: str, data: Json) -> Json:
        payload = {
            "type": int(kind),
            "application_id": self._application_id,
            "channel_id": channel_id,
            "session_id": self.session_id,
            "nonce": uuid4().hex[:20],
            "data": data,
        }
        guild = self.known_guilds.of_channel(channel_id)
        return payload | ({"guild_id": guild["id"]} if guild else {})

    async def _send(self, payload: Json, form: ClientForm) -> None:
        await self.request("POST", "/interactions", **await form.encode(payload))

    async def messages(self, channel_id: str | None = None, *, limit: int = 50) -> list[Json]:
        """The channel's history, newest first, as anyone sees it."""
        path = f"/channels/{channel_id or self.channel_id}/messages"
        found: list[Json] = await self.request("GET", path, params={"limit": str(limit)})
        return found

    async def send_message(
        self, content: str, files: Sequence[Path] = (), channel_id: str | None = None
    ) -> Json:
        """Posts a message as this member."""
        form = ClientForm(files=list(files))
        payload = {"content": content, "attachments": form.entries()}
        path = f"/channels/{channel_id or self.channel_id}/messages"
        message: Json = await self.request("POST", path, **await form.encode(payload))
        return message

    async def start_thread(
        self, name: str, channel_id: str | None = None, *, message: Json | None = None
    ) -> Json:
        """Starts a public thread in a channel, or about a message."""
        place = message["channel_id"] if message else channel_id or self.channel_id
        path = f"/channels/{place}/threads"
        body: Json = {"name": name, "type": int(ChannelType.PUBLIC_THREAD)}
        if message is not None:
            path, body = f"/channels/{place}/messages/{message['id']}/threads", {"name": name}
        thread: Json = await self.request("POST", path, json=body)
        await self.wait_for_event("THREAD_CREATE", lambda event: bool(event["id"] == thread["id"]))
        return thread


def _about(command: Json) -> Json:
    return {key: command[key] for key in ("version", "id", "name", "type")}
