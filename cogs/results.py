"""The buttons on a result: again, changed, with another model, going on, details, delete."""

from collections.abc import Awaitable, Callable, Mapping

from discord.ext import commands

from bot.catalogue import Model
from bot.client import VideoBot
from bot.discord_ui.absence import pressed_result
from bot.discord_ui.deletion import deleted_view, kept_view, question_view
from bot.discord_ui.details import show_details
from bot.discord_ui.order_facts import chosen_model
from bot.discord_ui.press_rights import channel_moderator, check_may_ask, viewer_of
from bot.discord_ui.pressed_remover import PressedRemover
from bot.discord_ui.remake_forms import (
    FilledForm,
    change_form,
    chosen_settings,
    continue_form,
    deletion_form,
    erasing_form,
    filled_form,
)
from bot.discord_ui.remake_orders import take_remade
from bot.discord_ui.services import Interaction
from bot.discord_ui.video_card import removal_words
from bot.errors import NotFoundError
from bot.i18n import gettext
from bot.job import Job
from bot.jobs.again import Change, kind_after

_Press = Callable[[Interaction, int], Awaitable[None]]
_Deletion = Callable[[Interaction, FilledForm], Awaitable[None]]


class Results(commands.Cog):
    """What is pressed on results, and filled into their forms, whenever they were posted."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        self._presses: Mapping[str, _Press] = {
            "again": self._again,
            "change": self._change,
            "continue": self._continue,
            "show": self._show,
            "delete": self._delete,
            "erase": self._erase,
            "keep": self._keep,
        }
        self._deletions: Mapping[str, _Deletion] = {
            "delete": self._take_down,
            "erase": self._erase_here,
        }

    @commands.Cog.listener()
    async def on_job_button(self, interaction: Interaction, action: str, job_id: int) -> None:
        """Handle a button (the client's own event)."""
        press = self._presses.get(action)
        if press is not None:
            await press(interaction, job_id)

    @commands.Cog.listener()
    async def on_job_model(self, interaction: Interaction, job_id: int, slug: str) -> None:
        """Make the same with another model (the client's own event)."""
        services = self._bot.services

        def other_model(job: Job) -> Change:
            return Change(model=_model(job, slug), keeps_seed=True)

        with services.again.repeats.once((interaction.user.id, job_id, slug), interaction.id):
            await take_remade(interaction, services, job_id, other_model)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a filled form (discord.py's event); forms opened before a restart as well."""
        form = filled_form(interaction)
        if form is None:
            return
        if form.action in self._deletions:
            await self._deletions[form.action](interaction, form)
            return
        goes_on = form.action == "continue"

        def changed(job: Job) -> Change:
            return Change(
                model=_model(job, form.model, goes_on=goes_on) if form.model else None,
                prompt=form.prompt,
                options=chosen_settings(form, job),
                keeps_seed=not goes_on,
                goes_on=goes_on,
            )

        await take_remade(
            interaction, self._bot.services, form.job_id, changed, goes_on=goes_on, written=True
        )

    async def _again(self, interaction: Interaction, job_id: int) -> None:
        services = self._bot.services
        with services.again.repeats.once((interaction.user.id, job_id, "again"), interaction.id):
            await take_remade(interaction, services, job_id, lambda _: Change())

    async def _change(self, interaction: Interaction, job_id: int) -> None:
        check_may_ask(interaction)
        job = await self._bot.services.again.usable(job_id, viewer_of(interaction))
        await interaction.response.send_modal(change_form(job, self._bot.services.prices))

    async def _continue(self, interaction: Interaction, job_id: int) -> None:
        check_may_ask(interaction)
        desk = self._bot.services.again
        job = await desk.usable(job_id, viewer_of(interaction), goes_on=True)
        await interaction.response.send_modal(continue_form(job, self._bot.services.prices))

    async def _show(self, interaction: Interaction, job_id: int) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show_details(interaction, self._bot.services, job_id)

    async def _delete(self, interaction: Interaction, job_id: int) -> None:
        job = await self._bot.services.again.settled(job_id, viewer_of(interaction))
        if job.removed_at is not None and job.result_message_id is None:
            raise NotFoundError(gettext("This video is deleted already."))
        if job.user_id == interaction.user.id:
            if pressed_result(interaction, job) is not None:
                await interaction.response.send_modal(erasing_form(job))
            else:
                await interaction.response.send_message(view=question_view(job), ephemeral=True)
            return
        channel_moderator(interaction, job)
        await interaction.response.send_modal(deletion_form(job))

    async def _erase(self, interaction: Interaction, job_id: int) -> None:
        await interaction.response.defer()
        removal = await self._bot.services.videos.delete_own(interaction.user.id, job_id)
        await interaction.edit_original_response(view=deleted_view(removal))

    async def _erase_here(self, interaction: Interaction, form: FilledForm) -> None:
        if form.answer != "erase":
            await interaction.response.send_message(view=kept_view(), ephemeral=True)
            return
        await interaction.response.defer()
        removal = await self._bot.services.videos.delete_own(
            interaction.user.id, form.job_id, remover=PressedRemover(interaction)
        )
        await interaction.followup.send(view=deleted_view(removal), ephemeral=True)

    async def _keep(self, interaction: Interaction, _job_id: int) -> None:
        await interaction.response.edit_message(view=kept_view())

    async def _take_down(self, interaction: Interaction, form: FilledForm) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        services = self._bot.services
        job = await services.again.seen(form.job_id, viewer_of(interaction))
        by = channel_moderator(interaction, job)
        removal = await services.videos.take_down(by, job.id, refund=False, reason=form.reason)
        await interaction.edit_original_response(content=removal_words(removal))


def _model(job: Job, slug: str, *, goes_on: bool = False) -> Model:
    return chosen_model(kind_after(job, goes_on=goes_on), slug)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Results(bot))
