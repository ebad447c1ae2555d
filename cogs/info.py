"""/quota, /models and /help: what a member may spend, what there is, and where to begin."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.catalogue import MODELS, find_model, models_matching
from bot.client import VideoBot
from bot.discord_ui.absence import ruling_guild_id
from bot.discord_ui.limits import CHOICES
from bot.discord_ui.order_facts import member_facts
from bot.discord_ui.pages import help_page, model_page, models_page, quota_page
from bot.errors import BadInputError
from bot.i18n import gettext


class Info(commands.Cog):
    """Answers questions; every answer is for the asking member alone."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @app_commands.command(description="Your credits: what is left, reserved, and when it resets")
    async def quota(self, interaction: discord.Interaction) -> None:
        """Show the member's balance."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        services = self._bot.services
        guild_id = ruling_guild_id(interaction)
        terms = await services.gate.terms(member_facts(interaction), guild_id)
        balance = await services.store.balance(
            guild_id=guild_id,
            user_id=interaction.user.id,
            allowance=terms.allowance,
            zone=terms.zone,
            now=services.now(),
            budget=terms.budget,
        )
        await interaction.edit_original_response(view=quota_page(balance))

    @app_commands.command(description="The models: what each is for, how long it takes, its prices")
    @app_commands.describe(model="One model with all its options; leave it out for the list")
    async def models(self, interaction: discord.Interaction, model: str | None = None) -> None:
        """Show all models, or one."""
        prices = self._bot.services.prices
        if model is None:
            view = models_page(prices)
        else:
            chosen = find_model(model)
            if chosen is None:
                raise BadInputError(gettext("There is no such model. `/models` lists them all."))
            view = model_page(chosen, prices)
        await interaction.response.send_message(view=view, ephemeral=True)

    @models.autocomplete("model")
    async def _all_models(
        self, _interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        found = models_matching(MODELS, typed)[:CHOICES]
        return [app_commands.Choice(name=model.title, value=model.slug) for model in found]

    @app_commands.command(description="How to make a first video")
    async def help(self, interaction: discord.Interaction) -> None:
        """Say what to do first."""
        await interaction.response.send_message(view=help_page(), ephemeral=True)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Info(bot))
