"""Words that every text for people shares, whoever writes it: counts, credits, Discord's clocks."""

from datetime import datetime

from bot.i18n import ngettext, number_text

RESTARTING = "The bot is being restarted."


def count(number: int, one: str) -> str:
    """Return "1 credit", "1,250 credits"."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def credits_text(number: int) -> str:
    """Return a number of credits in words."""
    return ngettext("{n} credit", "{n} credits", number).format(n=number_text(number))


def ago(moment: datetime) -> str:
    """Return a clock that Discord keeps ticking: "in 2 minutes", "5 seconds ago"."""
    return f"<t:{int(moment.timestamp())}:R>"


def at(moment: datetime) -> str:
    """Return a date and time that Discord shows in the reader's time zone."""
    return f"<t:{int(moment.timestamp())}:f>"
