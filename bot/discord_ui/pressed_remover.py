"""Deletes the message that was pressed on, also where the bot itself is not."""

import logging

import discord

from bot.discord_ui.absence import pressed_result
from bot.discord_ui.calls import translated
from bot.discord_ui.services import Interaction
from bot.job import Job
from bot.jobs.ports import CannotPostError

log = logging.getLogger(__name__)

_UNKNOWN_MESSAGE = 10008


class PressedRemover:
    """The `Remover` of `bot.jobs.moderating_ports`, by the token of a press on the message."""

    def __init__(self, interaction: Interaction) -> None:
        """Make one; the interaction is deferred as an update of that message."""
        self._interaction = interaction

    async def delete_result(self, job: Job) -> None:
        """Delete it, if it is there; CannotPostError, PostLaterError."""
        if pressed_result(self._interaction, job) is None:
            raise CannotPostError("it is not the message that was pressed on")
        try:
            await translated(self._interaction.delete_original_response())
        except CannotPostError as error:
            cause = error.__cause__
            if not (isinstance(cause, discord.NotFound) and cause.code == _UNKNOWN_MESSAGE):
                raise
            log.info("job %s: its message is gone already: %s", job.id, error)
