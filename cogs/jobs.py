"""/jobs: a member's own videos, one of them in full, Cancel while it waits, Send again."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.answers import tell
from bot.discord_ui.cards import given_back, result_link, was_sent_directly
from bot.discord_ui.details import show_details
from bot.discord_ui.job_pages import LIST_LENGTH, job_choice, jobs_page
from bot.discord_ui.limits import CHOICES
from bot.discord_ui.orders import postable_place
from bot.discord_ui.services import Interaction
from bot.errors import NotFoundError, RefusedError, StaleStateError
from bot.job import TERMINAL, Job, JobState

# Discord's ids, and the database's integers, are no larger.
_GREATEST_ID = 2**63 - 1


class Jobs(commands.Cog):
    """Shows, cancels and sends again; everybody sees only their own."""

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
        choices = [app_commands.Choice(name=job_choice(job), value=str(job.id)) for job in mine]
        wanted = typed.strip().casefold()
        return [c for c in choices if wanted in c.name.casefold() or wanted in str(c.value)]

    @commands.Cog.listener()
    async def on_job_button(self, interaction: Interaction, action: str, job_id: int) -> None:
        """Handle a press of Cancel or Send again (the client's own event)."""
        if action == "cancel":
            await self._cancel(interaction, job_id)
        elif action == "send":
            await self._send(interaction, job_id)

    async def _cancel(self, interaction: Interaction, job_id: int) -> None:
        job = await self._own(interaction, job_id)
        services = self._bot.services
        try:
            cancelled = await services.intake.cancel(job.id)
        except StaleStateError as error:
            raise RefusedError(_too_late(JobState(error.current))) from error
        await tell(interaction, f"Cancelled. {given_back(cancelled)}")
        await services.cards.finish(cancelled)
        await services.approvals.show(cancelled)

    async def _send(self, interaction: Interaction, job_id: int) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await self._own(interaction, job_id)
        delivered = await self._bot.services.send_again(job, postable_place(interaction))
        where = "It was sent to you directly" if was_sent_directly(delivered) else "Here it is"
        await interaction.edit_original_response(
            content=f"{where}: {result_link(delivered)}\nNothing was charged."
        )

    async def _own(self, interaction: Interaction, job_id: int) -> Job:
        job = await self._bot.services.store.get(job_id)
        if job is None or job.user_id != interaction.user.id:
            raise NotFoundError("That is not one of your videos. `/jobs` lists yours.")
        return job


def _too_late(state: JobState) -> str:
    if state in TERMINAL:
        return "Too late to cancel: this one has already ended. `/jobs` says how."
    return (
        "Too late to cancel: it has been handed to the video service, which cannot take it back. "
        "It goes on, and costs what was shown."
    )


def _number(text: str) -> int:
    try:
        number = int(text.strip())
    except ValueError:
        number = -1
    if not 0 <= number <= _GREATEST_ID:
        raise NotFoundError(
            "A job is chosen from the list, or given by its number. `/jobs` lists yours."
        )
    return number


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Jobs(bot))
