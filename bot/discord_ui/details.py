"""Everything about one job, told to one reader alone."""

import io

import discord

from bot.discord_ui.job_pages import exact_parameters, job_page
from bot.discord_ui.press_rights import viewer_of
from bot.discord_ui.services import Interaction, Services
from bot.i18n import gettext


async def show_details(interaction: Interaction, services: Services, job_id: int) -> None:
    """Fill an acknowledged, ephemeral answer with a job's page; long values come as a file.

    Raises:
        NotFoundError: the reader does not see this job where they ask.
    """
    family = await services.again.lineage(job_id, viewer_of(interaction))
    job, own = family.job, family.job.user_id == interaction.user.id
    page = job_page(job, parent=family.parent, children=family.children, own=own)
    await interaction.edit_original_response(view=page)
    exact = exact_parameters(job)
    if exact is not None:
        file = discord.File(io.BytesIO(exact.encode()), filename=f"job-{job.id}.json")
        text = gettext("Some values were too long to show; here they are as they were sent.")
        await interaction.followup.send(text, file=file, ephemeral=True)
