"""/animate and /t2v, generated from the catalogue."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from discord.ext import commands

from bot.catalogue import COMMANDS, Kind
from bot.client import VideoBot
from bot.discord_ui.drafting import draft_of, last_options, open_form
from bot.discord_ui.order_facts import build_order, chosen_model
from bot.discord_ui.orders import take_order
from bot.discord_ui.services import Interaction
from bot.discord_ui.signature import generation_command
from bot.discord_ui.suggestions import Suggestion, suggestions

_DESCRIPTIONS: Mapping[Kind, str] = {
    "i2v": "Bring a picture to life: make a video from it and your words",
    "t2v": "Make a video from words alone",
}


class Generation(commands.Cog):
    """Takes orders for videos."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        """Add the commands."""
        for kind, name in COMMANDS.items():
            command = generation_command(
                name=name,
                kind=kind,
                description=_DESCRIPTIONS[kind],
                take=partial(self._take, kind),
                suggest=partial(self._suggest, kind),
            )
            self._bot.tree.add_command(command)

    async def cog_unload(self) -> None:
        """Take the commands away."""
        for name in COMMANDS.values():
            self._bot.tree.remove_command(name)

    async def _take(self, kind: Kind, interaction: Interaction, options: Mapping[str, Any]) -> None:
        services = self._bot.services
        if options["prompt"] is None:
            await open_form(interaction, services, draft_of(interaction, kind, options))
            return
        given = dict(options)
        model = chosen_model(kind, given.pop("model"))
        await take_order(interaction, services, build_order(interaction, model, given))

    async def _suggest(
        self, kind: Kind, interaction: Interaction, option: str, typed: str
    ) -> list[Suggestion]:
        services, given = self._bot.services, dict(iter(interaction.namespace))
        # Whoever types knows what they want; until then, what they had last time comes first.
        last = {} if typed else await last_options(interaction, services, kind)
        return suggestions(kind, option, typed, given, services.prices, last=last)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Generation(bot))
