"""/jobs: a member's own videos, one of them in full; the buttons of those on their way."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.details import show_details
from bot.discord_ui.ids import id_of
from bot.discord_ui.job_pages import LIST_LENGTH, job_choices, jobs_page
from bot.discord_ui.limits import CHOICES
from bot.discord_ui.order_facts import postable_place
from bot.discord_ui.permissions import is_moderator
from bot.discord_ui.result_links import result_link, was_sent_directly
from bot.discord_ui.services import Interaction
from bot.discord_ui.way_pages import cancel_page, drop_page, telling_page
from bot.errors import NotFoundError, RefusedError
from bot.i18n import gettext
from bot.job import Job


class Jobs(commands.Cog):
    """Shows, cancels, drops and sends again; everybody sees and does only their own."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @app_commands.command(
        description="Your videos: how far they are, what was sent, cancel, send again"
    )
    @app_commands.describe(job="One video in full; leave it out for the list")
    async def jobs(self, interaction: discord.Interaction, job: str | None = None) -> None:
        """Show the list, or one job."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if job is not None:
            mine = await self._own(interaction, _number(job))
            await show_details(interaction, self._bot.services, mine.id)
            return
        store = self._bot.services.store
        newest = await store.of_member(interaction.user.id, limit=LIST_LENGTH + 1)
        await interaction.edit_original_response(view=jobs_page(newest))

    @jobs.autocomplete("job")
    async def _own_jobs(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        mine = await self._bot.services.store.of_member(interaction.user.id, limit=CHOICES)
        return job_choices(mine, typed)

    @commands.Cog.listener()
    async def on_job_button(self, interaction: Interaction, action: str, job_id: int) -> None:
        """Handle a press of a button about a job under way (the client's own event)."""
        match action:
            case "cancel":
                await self._cancel(interaction, job_id)
            case "drop":
                await self._drop(interaction, job_id)
            case "notify" | "hush":
                await self._tell(interaction, job_id, tells=action == "notify")
            case "send":
                await self._send(interaction, job_id)

    async def _cancel(self, interaction: Interaction, job_id: int) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        on_the_way = self._bot.services.on_the_way
        job = await on_the_way.cancel(await self._own(interaction, job_id))
        await interaction.edit_original_response(view=cancel_page(job))
        await on_the_way.show(job)

    async def _drop(self, interaction: Interaction, job_id: int) -> None:
        # The answer takes the place of the offer, which is the member's alone; never of a card.
        offer = interaction.message is not None and interaction.message.flags.ephemeral
        await interaction.response.defer(ephemeral=True, thinking=not offer)
        on_the_way = self._bot.services.on_the_way
        job = await on_the_way.drop(await self._own(interaction, job_id))
        await interaction.edit_original_response(view=drop_page(job))
        await on_the_way.show(job)

    async def _tell(self, interaction: Interaction, job_id: int, *, tells: bool) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await self._own(interaction, job_id)
        on_the_way = self._bot.services.on_the_way
        await on_the_way.tell(job, tells)
        await interaction.edit_original_response(view=telling_page(tells=tells))
        await on_the_way.show(job)

    async def _send(self, interaction: Interaction, job_id: int) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await self._own(interaction, job_id)
        delivered = await self._bot.services.send_again(job, postable_place(interaction))
        if was_sent_directly(delivered):
            text = gettext("It was sent to you directly: {link}\nNothing was charged.")
        else:
            text = gettext("Here it is: {link}\nNothing was charged.")
        await interaction.edit_original_response(content=text.format(link=result_link(delivered)))

    async def _own(self, interaction: Interaction, job_id: int) -> Job:
        """Return the job of whoever presses.

        Raises:
            NotFoundError: it is not theirs, or there is none.
            RefusedError: it is another member's, and they are a moderator.
        """
        job = await self._bot.services.store.get(job_id)
        if job is not None and job.user_id == interaction.user.id:
            return job
        if job is not None and is_moderator(interaction) and job.guild_id == interaction.guild_id:
            raise RefusedError(
                gettext(
                    "This video is another member's: only they can do that. As a moderator you "
                    "can take it away once it is posted: **Apps > Moderate video** on it."
                )
            )
        raise NotFoundError(gettext("That is not one of your videos. `/jobs` lists yours."))


def _number(text: str) -> int:
    number = id_of(text)
    if number is None:
        raise NotFoundError(
            gettext("A job is chosen from the list, or given by its number. `/jobs` lists yours.")
        )
    return number


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Jobs(bot))
