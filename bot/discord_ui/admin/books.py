"""The books that the buttons of `/video-admin stats` send."""

import discord

from bot.discord_ui.admin.items import Press
from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import Verdict, verdict
from bot.errors import BadInputError
from bot.i18n import gettext, ngettext, number_text
from bot.jobs.report_desk import Book, Export, too_much
from bot.words import days_text


def book_of(press: Press) -> tuple[Book, int]:
    """Return which book, of how many days, a button asks for.

    Raises:
        BadInputError: the page is from another version of the bot.
    """
    match press.args:
        case ("ledger", days) if days.isascii() and days.isdigit():
            return "ledger", int(days)
        case ("audit", days) if days.isascii() and days.isdigit():
            return "audit", int(days)
        case _:
            raise BadInputError(
                gettext(
                    "This page is from another version of the bot. Run `/video-admin stats` again."
                )
            )


async def send_book(interaction: Interaction, export: Export, book: Book, days: int) -> None:
    """Attach the file to the answer.

    Raises:
        BadInputError: Discord takes less than it said.
    """
    lines = ngettext("{n} line", "{n} lines", export.rows).format(n=number_text(export.rows))
    if book == "ledger":
        words = gettext("📄 The ledger of {days}: {lines}.")
    else:
        words = gettext("📄 The audit log of {days}: {lines}.")
    words = words.format(days=days_text(days), lines=lines)
    try:
        await interaction.edit_original_response(
            content=words, attachments=[discord.File(export.path)]
        )
    except discord.HTTPException as error:
        if verdict(error) is not Verdict.TOO_LARGE:
            raise
        raise too_much(book, days) from error
