"""The Discord client: least intents, the cogs by name, one handler for every error."""

import asyncio
import hashlib
import importlib.util
import json
import logging
import pkgutil
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import INTERNAL_API_VERSION, Route

from bot.discord_ui.admin.items import AdminItem
from bot.discord_ui.answers import answer_error
from bot.discord_ui.buttons import JobButton, ModelSelect
from bot.discord_ui.command_differences import Command, differences
from bot.discord_ui.confirming import DraftButton
from bot.discord_ui.edit_calls import answers_trace
from bot.discord_ui.history_items import HistoryItem
from bot.discord_ui.log_parts import LogButton
from bot.discord_ui.privacy_pages import PrivacyButton
from bot.discord_ui.services import Interaction, Services
from bot.discord_ui.translator import CatalogueTranslator
from bot.discord_ui.turnstile import Turnstile, is_refused
from bot.i18n import DEFAULT_LOCALE, speak, speaking
from bot.jobs.stop_time import ANSWERS
from bot.log_context import about, work_on
from bot.throttle import DEFAULT_PER_MINUTE

__all__ = ["Services", "VideoBot", "cog_names", "redirect"]

log = logging.getLogger(__name__)

# All it hears of: none of them is privileged.
INTENTS = discord.Intents(guilds=True)
_COGS = "cogs"
SYNCED_FILE = "discord-commands.sha256"
# A longer wait for a rate limit is an error (discord.py allows no less than 30 seconds).
_MAX_RATE_LIMIT_WAIT_S = 30.0

# discord.py's event for an interaction of any kind, once its command or item is on its way.
_CAME = "interaction"
# What discord.py calls the tasks in which commands run.
_COMMAND_TASK = "CommandTree-invoker"
_LAST_ANSWERS_S = 1.5

StartServices = Callable[["VideoBot"], Awaitable[Services]]


def api_address(api_base: str | None) -> str:
    """Return the address of Discord's HTTP API, with its version; None: where it is now."""
    if api_base is None:
        return Route.BASE
    version, base = f"/v{INTERNAL_API_VERSION}", api_base.rstrip("/")
    return base if base.endswith(version) else base + version


def redirect(api_base: str | None, gateway_url: str | None) -> None:
    """Point discord.py at another Discord (the sandbox), for this whole process.

    Args:
        api_base: Such as `http://127.0.0.1:8080/api`; the version is added when it is missing.
        gateway_url: Such as `ws://127.0.0.1:8080/gateway`.
    """
    Route.BASE = api_address(api_base)
    if gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


class Tree(app_commands.CommandTree["VideoBot"]):
    """The commands; every error goes to the one handler."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Speak the member's language from here on. discord.py's hook, in the command's task."""
        speak(str(interaction.locale))
        work_on(interaction.id, interaction.guild_id)
        return not is_refused(interaction)

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Answer the member and log."""
        await answer_error(interaction, error)


class VideoBot(commands.AutoShardedBot):
    """The bot on Discord.

    It needs no privileged intents and caches neither members nor messages. Services come from
    `start_services`, which is awaited on the client's own loop before the connection is made.

    Attributes:
        answers: How many answers Discord's HTTP API gave, by status.
    """

    def __init__(
        self,
        *,
        start_services: StartServices,
        data_dir: Path,
        shard_ids: Sequence[int] | None = None,
        shard_count: int | None = None,
        registers_commands: bool = True,
        user_installs: bool = False,
        commands_per_minute: int = DEFAULT_PER_MINUTE,
    ) -> None:
        """Make a client.

        Args:
            start_services: Builds and starts what the commands call.
            data_dir: Where a small file remembers which commands Discord knows.
            shard_ids: The shards this process runs; None for all.
            shard_count: How many there are in all; None for Discord's advice.
            registers_commands: Whether it tells Discord the commands. Of several processes one
                does: of two versions, side by side during an upgrade, none undoes the other's.
            user_installs: Whether people may install it for themselves, and take it to places
                where the bot is not.
            commands_per_minute: What one member may send: commands, presses and forms.
        """
        answers = Counter[int]()
        # It never speaks; without this, discord.py warns at every start that it could not.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        shards: dict[str, Any] = {"shard_ids": list(shard_ids)} if shard_ids else {}
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=INTENTS,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=_MAX_RATE_LIMIT_WAIT_S,
            http_trace=answers_trace(answers),
            # Servers install it; in direct messages it works with everybody who shares one. What
            # is for moderators says itself that it is for servers alone.
            allowed_installs=app_commands.AppInstallationType(guild=True, user=user_installs),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=user_installs
            ),
            shard_count=shard_count,
            **shards,
        )
        self._start_services = start_services
        self.answers: Mapping[int, int] = answers
        self._data_dir = data_dir
        self._registers_commands = registers_commands
        self._services: Services | None = None
        self._turnstile = Turnstile(commands_per_minute)
        self._refusing: set[asyncio.Task[None]] = set()

    @property
    def services(self) -> Services:
        """What commands may call; RuntimeError before the client has started."""
        if self._services is None:
            raise RuntimeError("the services have not been started")
        return self._services

    async def setup_hook(self) -> None:
        """Start the services, load the cogs, tell Discord the commands. discord.py's hook."""
        self._services = await self._start_services(self)
        self.add_dynamic_items(
            JobButton, ModelSelect, DraftButton, AdminItem, LogButton, PrivacyButton, HistoryItem
        )
        await self.load_commands()
        if self._registers_commands:
            await self.sync_if_changed()

    async def load_commands(self) -> None:
        """Load the cogs, and what their commands are called in every language."""
        for name in cog_names():
            await self.load_extension(name)
        await self.tree.set_translator(CatalogueTranslator())

    async def sync_if_changed(self) -> bool:
        """Register the commands with Discord if they are not what it has: two calls at most.

        Somebody may have removed or changed them, it may be a fresh sandbox, or an older version
        that ran for a while.
        """
        payload = await self.payload()
        known = json.dumps([Route.BASE, self.application_id, payload], sort_keys=True)
        digest = hashlib.sha256(known.encode()).hexdigest()
        path = self._data_dir / SYNCED_FILE
        if await asyncio.to_thread(_read, path) == digest:
            words = differences(await self._registered(), payload).words()
            if not words:
                return False
            log.warning("Discord has other commands than were registered: %s", words)
        await self.tree.sync()
        await asyncio.to_thread(path.write_text, digest, encoding="ascii")
        log.info("registered %d commands", len(payload))
        return True

    async def payload(self) -> list[dict[str, Any]]:
        """Return the commands as Discord gets them, in every language; after `load_commands`."""
        tree, translator = self.tree, self.tree.translator
        if translator is None:
            raise RuntimeError("the commands have no translator")
        return [await one.get_translated_payload(tree, translator) for one in tree.get_commands()]

    async def _registered(self) -> Sequence[Command]:
        """Return the commands that Discord has; discord.py's own call lacks their translations."""
        path = "/applications/{application_id}/commands"
        route = Route("GET", path, application_id=self.application_id)
        found: list[Command] = await self.http.request(route, params={"with_localizations": "true"})
        return found

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Let an event's listeners speak the language of the interaction that it is about.

        Every interaction is told of here first, before its command, item or form begins: one
        that its member sends too fast is answered, and nobody else hears of it.
        """
        subject = args[0] if args else None
        if not isinstance(subject, discord.Interaction):
            with speaking(DEFAULT_LOCALE):
                super().dispatch(event_name, *args, **kwargs)
            return
        with speaking(str(subject.locale)), about(subject.id, subject.guild_id):
            if event_name == _CAME and not self._turnstile.lets_in(subject):
                self._refuse(subject)
            elif not is_refused(subject):
                super().dispatch(event_name, *args, **kwargs)

    def _refuse(self, interaction: Interaction) -> None:
        task = asyncio.create_task(self._turnstile.refuse(interaction), name=_COMMAND_TASK)
        self._refusing.add(task)
        task.add_done_callback(self._refusing.discard)

    async def on_ready(self) -> None:
        """Say that the bot is there. discord.py's event."""
        log.info("ready as %s in %d servers", self.user, len(self.guilds))

    async def on_error(self, event_method: str, /, *args: Any, **_kwargs: Any) -> None:
        """Answer or log what an event's listener raised. discord.py's hook."""
        _, error, _ = sys.exc_info()
        if error is not None and args and isinstance(args[0], discord.Interaction):
            await answer_error(args[0], error)
            return
        log.error("event %s failed", event_method, exc_info=error)

    async def close(self) -> None:
        """End the services while Discord can still be reached, then the connection.

        What comes in meanwhile still finds the services, which say that the bot is stopping;
        closing them once more does nothing.
        """
        if self._services is not None:
            await self._services.close()
            await self._answer_the_last(self._services.stop_time.left_s(ANSWERS))
        await super().close()

    async def _answer_the_last(self, left_s: float) -> None:
        """Hear no more commands, and answer those heard in the last moment.

        Who gave one would look at "thinking" for 15 minutes.
        """
        await asyncio.gather(*(shard.disconnect() for shard in self.shards.values()))
        last = {task for task in asyncio.all_tasks() if task.get_name() == _COMMAND_TASK}
        if last:
            await asyncio.wait(last, timeout=min(left_s, _LAST_ANSWERS_S))


def cog_names() -> list[str]:
    """Return the import names of all cogs, in alphabetical order."""
    spec = importlib.util.find_spec(_COGS)
    if spec is None:
        raise ModuleNotFoundError(f"the package {_COGS!r} must stand beside bot")
    places = spec.submodule_search_locations
    return sorted(f"{_COGS}.{module.name}" for module in pkgutil.iter_modules(places))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
