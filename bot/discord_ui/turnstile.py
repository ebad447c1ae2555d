"""Lets members' interactions in, but none's so fast that others would have to wait for it."""

import logging
import time
from collections.abc import Callable

import discord

from bot.discord_ui.answers import answer_error
from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.jobs.member_turns import too_fast
from bot.throttle import Throttle

log = logging.getLogger(__name__)

# A letter is typed sooner than a command is thought of, and its answer costs less.
_LETTERS_A_COMMAND = 3
_REFUSED = "refused"


class Turnstile:
    """Says for each interaction whether it goes on to the bot, and answers those that do not.

    It looks at who sent it and at nothing else: no database, no file, so that a flood of them
    costs an answer each and no more.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make one.

        Args:
            per_minute: How many commands, presses and forms of one member are let in.
            clock: Seconds that only grow.
        """
        self._commands = Throttle(per_minute, clock=clock)
        self._letters = Throttle(per_minute * _LETTERS_A_COMMAND, clock=clock)

    def lets_in(self, interaction: Interaction) -> bool:
        """Count an interaction that has just come, once; False when it comes too soon."""
        typed = interaction.type is discord.InteractionType.autocomplete
        counted = self._letters if typed else self._commands
        if counted.lets_through(interaction.user.id):
            return True
        interaction.extras[_REFUSED] = True
        return False

    async def refuse(self, interaction: Interaction) -> None:
        """Answer one that was not let in; never raises."""
        if interaction.type is not discord.InteractionType.autocomplete:
            await answer_error(interaction, too_fast(self._commands.per_minute))
            return
        try:
            await interaction.response.autocomplete([])
        except DISCORD_ERRORS as error:
            log.info("interaction %s: no empty list could be sent: %s", interaction.id, error)


def is_refused(interaction: Interaction) -> bool:
    """Tell whether an interaction was not let in."""
    return _REFUSED in interaction.extras
