"""Words that every text for people shares: counts, names of options, Discord's clocks."""

from datetime import datetime

from bot.i18n import gettext, ngettext, number_text, pgettext


def credits_text(number: int) -> str:
    """Return a number of credits in words."""
    return ngettext("{n} credit", "{n} credits", number).format(n=number_text(number))


def videos_text(number: int) -> str:
    """Return a number of videos in words."""
    return ngettext("{n} video", "{n} videos", number).format(n=number_text(number))


def days_text(number: int) -> str:
    """Return a number of days in words."""
    return ngettext("{n} day", "{n} days", number).format(n=number_text(number))


def hours_text(number: int) -> str:
    """Return a number of hours in words."""
    return ngettext("{n} hour", "{n} hours", number).format(n=number_text(number))


def option_name(name: str) -> str:
    """Return what an option of a command is called in the member's language."""
    return pgettext("option name", name)


def command_name(name: str) -> str:
    """Return what a command is called in the member's language."""
    return pgettext("command name", name)


def one_of(names: list[str]) -> str:
    """Return "a, b or c"."""
    if len(names) < 2:  # noqa: PLR2004 - a list begins with two
        return "".join(names)
    return gettext("{names} or {last}").format(names=", ".join(names[:-1]), last=names[-1])


def ago(moment: datetime) -> str:
    """Return a clock that Discord keeps ticking: "in 2 minutes", "5 seconds ago"."""
    return f"<t:{int(moment.timestamp())}:R>"


def clock(moment: datetime) -> str:
    """Return a time to the second that Discord shows in the reader's time zone."""
    return f"<t:{int(moment.timestamp())}:T>"


def at(moment: datetime) -> str:
    """Return a date and time that Discord shows in the reader's time zone."""
    return f"<t:{int(moment.timestamp())}:f>"
