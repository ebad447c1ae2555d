"""Names and descriptions of commands in every language, for Discord's own lists of them."""

from collections.abc import Mapping

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.i18n import pgettext, speaking

# What a text is, as the catalogues call it: the same word may be a command and an option.
CONTEXTS: Mapping[Location, str] = {
    Location.command_name: "command name",
    Location.command_description: "command description",
    Location.group_name: "command name",
    Location.group_description: "command description",
    Location.parameter_name: "option name",
    Location.parameter_description: "option description",
    Location.choice_name: "choice",
}


class CatalogueTranslator(app_commands.Translator):
    """Looks the texts of commands up in the catalogues."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return the text in a language; None where it is the English one. discord.py's hook."""
        english = string.message
        meant = CONTEXTS.get(context.location)
        if meant is None:
            return None
        with speaking(locale.value):
            translated = pgettext(meant, english)
        return None if translated == english else translated
