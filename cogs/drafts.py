"""Orders that were begun: their forms come back, and their buttons are pressed."""

import logging
from functools import partial

from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.confirming import dropped_view, ordered_view
from bot.discord_ui.draft_taking import drop_draft, take_draft
from bot.discord_ui.drafting import change_draft
from bot.discord_ui.orders import Outcome
from bot.discord_ui.prompt_answers import filled, filled_form
from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import DISCORD_ERRORS

log = logging.getLogger(__name__)


class Drafts(commands.Cog):
    """Takes the order of a form or a yes, with that interaction as the job.

    Either may come after a restart, or to another process: the draft is in the database.
    """

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Take the order of a filled form."""
        form = filled_form(interaction)
        if form is not None:
            change = partial(filled, form=form)
            outcome = await take_draft(interaction, self._bot.services, form.draft_id, change)
            await self._close(interaction, outcome)

    @commands.Cog.listener()
    async def on_draft_button(self, interaction: Interaction, action: str, draft_id: int) -> None:
        """Handle a press of Make it, Change or Not now (the client's own event)."""
        services = self._bot.services
        if action == "edit":
            await change_draft(interaction, services, draft_id)
        elif action == "make":
            await self._close(interaction, await take_draft(interaction, services, draft_id))
        else:
            await interaction.response.defer()
            await drop_draft(interaction, services, draft_id)
            await interaction.edit_original_response(view=dropped_view())

    async def _close(self, interaction: Interaction, outcome: Outcome) -> None:
        """Take the buttons from where one was pressed; a second press would be refused anyway."""
        if interaction.message is None or outcome == "elsewhere":
            return
        try:
            if outcome == "made":  # the card refers to the message, so that stays
                message_id = interaction.message.id
                await interaction.followup.edit_message(message_id, view=ordered_view())
            else:
                await interaction.followup.delete_message(interaction.message.id)
        except DISCORD_ERRORS as error:
            log.info("interaction %s: its question stays: %s", interaction.id, error)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Drafts(bot))
