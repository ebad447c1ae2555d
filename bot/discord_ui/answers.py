"""Answers to an interaction, and the one place where every error becomes one."""

import logging

import aiohttp
import discord
from discord import app_commands, ui

from bot.discord_ui.confirming import retry_view
from bot.discord_ui.limits import CONTENT_CHARS
from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.errors import MemberError, StorageTroubleError
from bot.i18n import gettext

log = logging.getLogger(__name__)

# In which discord.py, and our own checks, wrap what went wrong.
_WRAPPERS = (
    app_commands.CommandInvokeError,
    app_commands.TransformerError,
    app_commands.CheckFailure,
)
_UNKNOWN_INTERACTION = 10062
_ALREADY_ANSWERED = 40060


async def acknowledge(interaction: Interaction) -> bool:
    """Show "thinking", in public. Return False when there is more than that to see already.

    Only for what may be done twice: "thinking" that is there already is taken for our own. It
    may be (a lost or late answer to our own call), or another process heard the same command.

    Raises:
        discord.HTTPException: too late, or Discord refused it.
        aiohttp.ClientError, OSError, TimeoutError: Discord could not be reached.
    """
    try:
        await _defer(interaction)
    except discord.HTTPException as error:
        if error.code != _ALREADY_ANSWERED:
            raise
        return await _is_thinking(interaction)
    return True


async def _defer(interaction: Interaction) -> None:
    try:
        await interaction.response.defer(thinking=True)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        # Whether it arrived is not known; asking again tells.
        log.info("interaction %s: its acknowledgement was lost: %s", interaction.id, error)
        await interaction.response.defer(thinking=True)


async def _is_thinking(interaction: Interaction) -> bool:
    try:
        return (await interaction.original_response()).flags.loading
    except discord.NotFound:
        return False  # whoever refused it has deleted it


async def show_form(interaction: Interaction, form: ui.Modal) -> None:
    """Open a form as the first answer; one that another process has opened is as good.

    Raises:
        discord.HTTPException: too late, or Discord refused it.
    """
    try:
        await interaction.response.send_modal(form)
    except discord.HTTPException as error:
        if error.code != _ALREADY_ANSWERED:
            raise
        log.info("interaction %s has its form already", interaction.id)


async def answer_error(interaction: Interaction, error: BaseException) -> None:
    """Tell the member what went wrong, only to them; log what is not their doing.

    A `MemberError` is shown as it is. Anything else is logged with the interaction's id, and
    the member gets a plain apology with that id.
    """
    if isinstance(error, _WRAPPERS):
        error = error.__cause__ or error
    if interaction.type is discord.InteractionType.autocomplete:
        log.warning("autocomplete of interaction %s: %s", interaction.id, error)
        return
    if isinstance(error, discord.NotFound) and error.code == _UNKNOWN_INTERACTION:
        log.warning("interaction %s was answered too late", interaction.id)
        return
    # For whoever counts.
    interaction.client.dispatch("not_done", error)
    words = _words(interaction, error)
    form = error.draft_id if isinstance(error, MemberError) else None
    await tell(interaction, words if form is None else retry_view(words, form))


def _words(interaction: Interaction, error: BaseException) -> str:
    if isinstance(error, MemberError):
        log.info("interaction %s refused: %s", interaction.id, error)
        return str(error)
    if isinstance(error, StorageTroubleError):
        log.error("interaction %s: nothing can be saved: %s", interaction.id, error)
        return gettext(
            "The bot cannot save anything at the moment, so nothing was done and nothing was "
            "charged. Try again in a few minutes; if it goes on, tell the people who run it."
        )
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        log.warning("interaction %s: %s", interaction.id, error)
        return gettext(
            "This command has just changed. Reload Discord (Ctrl+R) and try again in a minute."
        )
    log.error("interaction %s failed", interaction.id, exc_info=error)
    return gettext(
        "Something went wrong in the bot, not with what you did. Try again in a minute; if it "
        "happens again, tell the people who run it this number: `{number}`."
    ).format(number=interaction.id)


async def tell(interaction: Interaction, answer: str | ui.LayoutView) -> None:
    """Send what only the member sees, in whatever state the interaction is; never raises.

    A deferred answer is public and a first follow-up would take its place, so it goes first.
    """
    if isinstance(answer, str) and len(answer) > CONTENT_CHARS:
        answer = answer[: CONTENT_CHARS - 1] + "…"
    try:
        if await _first_answer(interaction, answer):
            return
        if isinstance(answer, str):
            await interaction.followup.send(answer, ephemeral=True)
        else:
            await interaction.followup.send(view=answer, ephemeral=True)
    except DISCORD_ERRORS as error:
        log.warning("interaction %s could not be answered: %s", interaction.id, error)


async def _first_answer(interaction: Interaction, answer: str | ui.LayoutView) -> bool:
    """Give it as the answer itself. Return False when only a follow-up is possible."""
    response = interaction.response
    if response.is_done():
        if response.type is discord.InteractionResponseType.deferred_channel_message:
            await _delete_original(interaction)
        return False
    try:
        if isinstance(answer, str):
            await response.send_message(answer, ephemeral=True)
        else:
            await response.send_message(view=answer, ephemeral=True)
    except discord.HTTPException as error:
        if error.code != _ALREADY_ANSWERED:
            raise
        # Answered by a call whose answer was lost, or by another process. "Thinking" must end;
        # a real answer stays as it is.
        if not await _is_thinking(interaction):
            return True
        await _delete_original(interaction)
        return False
    return True


async def _delete_original(interaction: Interaction) -> None:
    try:
        await interaction.delete_original_response()
    except discord.HTTPException as error:
        log.info("interaction %s: its answer could not be deleted: %s", interaction.id, error)
