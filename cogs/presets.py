"""/preset: a member saves the settings of a video under a name, and uses them again."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.asking import PRESET_NAME_CHARS, Preset
from bot.client import VideoBot
from bot.discord_ui.draft_taking import order_of
from bot.discord_ui.drafting import busy, check_soon, open_form, preset_draft, soon
from bot.discord_ui.ids import id_of
from bot.discord_ui.job_pages import job_choices
from bot.discord_ui.limits import CHOICES
from bot.discord_ui.orders import take_order
from bot.discord_ui.preset_pages import (
    deleted_text,
    preset_choices,
    preset_of,
    presets_page,
    saved_text,
)
from bot.errors import NotFoundError
from bot.i18n import gettext
from bot.job import Job


class Presets(commands.GroupCog, name="preset", description="Settings that you use again"):
    """Everybody has their own, and sees nobody else's."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @app_commands.command(description="Keep the settings of your last video, or of another")
    @app_commands.describe(
        name="What to call them; a name that you have already is saved over",
        job="Whose settings; your last video when left out",
        with_prompt="Keep the prompt as well; the picture is never kept",
    )
    async def save(
        self,
        interaction: discord.Interaction,
        name: app_commands.Range[str, 1, PRESET_NAME_CHARS],
        job: str | None = None,
        with_prompt: bool = False,
    ) -> None:
        """Save one."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        services = self._bot.services
        new = preset_of(await self._job(interaction, job), name, with_prompt=with_prompt)
        saved = await services.asking.save_preset(new, now=services.now())
        await interaction.edit_original_response(content=saved_text(saved))

    @app_commands.command(description="Make a video with settings that you saved")
    @app_commands.describe(
        preset="Which settings",
        prompt="What should happen; a form asks for it where nothing is saved",
        image="The picture to bring to life",
    )
    async def use(
        self,
        interaction: discord.Interaction,
        preset: str,
        prompt: str | None = None,
        image: discord.Attachment | None = None,
    ) -> None:
        """Make a video, or ask for what is missing."""
        services = self._bot.services
        found = await self._soon(interaction, preset)
        draft = preset_draft(interaction, found, prompt=prompt, image=image)
        await check_soon(interaction, services, draft.kind)
        if draft.is_whole:
            await take_order(interaction, services, order_of(interaction, draft))
        else:
            await open_form(interaction, services, draft)

    @app_commands.command(name="list", description="Your presets")
    async def list_(self, interaction: discord.Interaction) -> None:
        """Show all of them."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        presets = await self._bot.services.asking.presets(interaction.user.id)
        await interaction.edit_original_response(view=presets_page(presets))

    @app_commands.command(description="Delete one of your presets")
    @app_commands.describe(preset="Which one")
    async def delete(self, interaction: discord.Interaction, preset: str) -> None:
        """Delete one."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        asking, user_id = self._bot.services.asking, interaction.user.id
        found = await asking.preset(user_id, preset)
        if found is None or not await asking.delete_preset(user_id, found.id):
            raise _no_such_preset()
        await interaction.edit_original_response(content=deleted_text(found))

    @use.autocomplete("preset")
    @delete.autocomplete("preset")
    async def _own_presets(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return preset_choices(await self._bot.services.asking.presets(interaction.user.id), typed)

    @save.autocomplete("job")
    async def _own_jobs(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        mine = await self._bot.services.store.of_member(interaction.user.id, limit=CHOICES)
        return job_choices(mine, typed)

    async def _soon(self, interaction: discord.Interaction, name: str) -> Preset:
        """Return the preset while a form can still be the first answer."""
        try:
            found = await soon(self._bot.services.asking.preset(interaction.user.id, name))
        except TimeoutError as error:
            raise busy() from error
        if found is None:
            raise _no_such_preset()
        return found

    async def _job(self, interaction: discord.Interaction, number: str | None) -> Job:
        """Return the member's job of this number, or their last."""
        store, user_id = self._bot.services.store, interaction.user.id
        if number is None:
            found = next(iter(await store.of_member(user_id, limit=1)), None)
        else:
            job_id = id_of(number)
            found = await store.get(job_id) if job_id is not None else None
        if found is None or found.user_id != user_id:
            raise NotFoundError(
                gettext(
                    "There is no such video of yours whose settings could be saved. Make one "
                    "first, or choose one from the list."
                )
            )
        return found


def _no_such_preset() -> NotFoundError:
    return NotFoundError(gettext("You have no preset of that name. `/preset list` shows yours."))


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Presets(bot))
