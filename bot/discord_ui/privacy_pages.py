"""The answers to /privacy: what goes, what stays and why, and the button that does it. Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import discord
from discord import ui

from bot.discord_ui.boxes import GREY, texts_view
from bot.errors import RefusedError
from bot.i18n import N_, gettext, ngettext, number_text
from bot.jobs.privacy_desk import Deleted, under_way_words
from bot.privacy import Holdings, KeptBlock
from bot.words import ago, credits_text

_RED, _GREEN = 0xDA373C, 0x248046
_BLOCKS_SHOWN = 5
# After that the page may not say any more what is kept.
_PAGE_LASTS = timedelta(minutes=15)

EXPORT_TEXT = N_(
    "Everything that I keep about you, for you alone. Discord itself keeps the messages in its "
    "channels. `/privacy delete` removes what is in this file."
)


class PrivacyButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"privacy:delete:(?P<user>[0-9]{1,19}):(?P<at>[0-9]{1,10})",
):
    """The button that deletes; whose data, and when it was offered, is in its id.

    The view knows no services: a press becomes the client's own event `privacy_button`
    (interaction, button), for which a cog listens.
    """

    def __init__(self, user_id: int, offered_at: int) -> None:
        """Make it.

        Args:
            user_id: Whose data it deletes.
            offered_at: When the page was shown, in seconds since 1970.
        """
        super().__init__(
            ui.Button(
                label=gettext("Delete it for good"),
                style=discord.ButtonStyle.danger,
                custom_id=f"privacy:delete:{user_id}:{offered_at}",
            )
        )
        self.user_id = user_id
        self.offered_at = offered_at

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[Any],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button that was pressed, from its id alone."""
        return cls(int(match["user"]), int(match["at"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Pass the press on to whoever listens."""
        interaction.client.dispatch("privacy_button", interaction, self)

    def check(self, user_id: int, *, now: datetime) -> None:
        """Refuse a press by somebody else, or on a page that is old.

        Raises:
            RefusedError: says what to do.
        """
        if user_id != self.user_id:
            raise RefusedError(gettext("This button is somebody else's. Yours: `/privacy delete`."))
        if not timedelta(0) <= now - _moment(self.offered_at) <= _PAGE_LASTS:
            raise RefusedError(
                gettext(
                    "This page is older than 15 minutes, so nothing was deleted. `/privacy delete` "
                    "shows what is kept now."
                )
            )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def delete_page(holdings: Holdings, user_id: int, *, now: datetime) -> ui.LayoutView:
    """Return what a deletion would do, with the button; without one when it cannot be done."""
    if holdings.running or holdings.waiting:
        return texts_view(GREY, [under_way_words(holdings.running, holdings.waiting)])
    if not holdings.removable:
        exception = _lines(_kept(holdings))
        if not exception:
            nothing = gettext("I keep no video of yours, and nothing that names you.")
            return texts_view(GREY, [f"### {gettext('Nothing to delete')}\n{nothing}"])
        nothing = gettext("I keep no video of yours, and nothing that names you, but for:")
        return texts_view(GREY, [f"### {gettext('Nothing to delete')}\n{nothing}\n{exception}"])
    return texts_view(
        _RED,
        [
            "### " + gettext("Delete what I keep about you, everywhere"),
            _section(gettext("Goes for good"), _going(holdings)),
            _section(gettext("Stays, and why"), (*_kept(holdings), gettext(_SKELETONS))),
            _section(gettext("Out of my reach"), map(gettext, _ELSEWHERE)),
        ],
        ui.ActionRow(PrivacyButton(user_id, int(now.timestamp()))),
    )


def deleted_page(deleted: Deleted) -> ui.LayoutView:
    """Return what a deletion has done, in figures."""
    gone = deleted.forgotten
    lines = (
        ngettext(
            "{n} video forgotten, with prompts, settings, pictures and links",
            "{n} videos forgotten, with prompts, settings, pictures and links",
            gone.jobs,
        ).format(n=number_text(gone.jobs)),
        ngettext(
            "{n} order that you had begun forgotten",
            "{n} orders that you had begun forgotten",
            gone.drafts,
        ).format(n=number_text(gone.drafts)),
        ngettext(
            "{n} set of options forgotten: presets, and what you chose last",
            "{n} sets of options forgotten: presets, and what you chose last",
            gone.habits,
        ).format(n=number_text(gone.habits)),
        *([gettext("your own settings forgotten")] if gone.preferences else []),
        gettext(
            "your name taken off {entries} of the credits' books and {logged} of moderators' logs"
        ).format(entries=_lines_text(gone.entries), logged=_lines_text(gone.events)),
    )
    if deleted.wiped:
        wiped = gettext("It is wiped from the database's files as well.")
    else:
        wiped = gettext(
            "The files of the database are being read just now: what was in them is wiped within "
            "the hour."
        )
    heading = gettext("Deleted")
    return texts_view(_GREEN, [f"### {heading}\n" + _lines(lines), f"-# {wiped}"])


_SKELETONS = N_("figures that name nobody: which model made a video when, and what it cost")
_ELSEWHERE = (
    N_("my messages in Discord's channels, videos included: the moderators there can delete them"),
    N_("what the video service keeps, and logs and backups: ask the people who run me"),
)


def _going(holdings: Holdings) -> Iterable[str]:
    if holdings.jobs:
        yield ngettext(
            "{n} video: prompts, settings, pictures, links, all of it",
            "{n} videos: prompts, settings, pictures, links, all of it",
            holdings.jobs,
        ).format(n=number_text(holdings.jobs))
    if holdings.drafts:
        yield ngettext(
            "{n} order that you have begun, with its pictures",
            "{n} orders that you have begun, with their pictures",
            holdings.drafts,
        ).format(n=number_text(holdings.drafts))
    if holdings.habits:
        yield ngettext(
            "{n} set of options: your presets, and what you chose last",
            "{n} sets of options: your presets, and what you chose last",
            holdings.habits,
        ).format(n=number_text(holdings.habits))
    if holdings.preferences:
        yield gettext("your own settings, such as whether I tell you by direct message")
    named = holdings.entries + holdings.events
    if named:
        yield gettext("your name, in {lines} of the credits' books and of moderators' logs").format(
            lines=_lines_text(named)
        )


def _kept(holdings: Holdings) -> Iterable[str]:
    if holdings.counted_credits:
        yield gettext(
            "that {used} were used, without your name: they count until the month is over, or "
            "deleting would give them back"
        ).format(used=credits_text(holdings.counted_credits))
    if holdings.granted_credits:
        yield gettext("{left} that moderators gave you: you can still use them").format(
            left=credits_text(holdings.granted_credits)
        )
    if holdings.blocks:
        yield ngettext(
            "{n} block, or deleting would lift it: {ends}",
            "{n} blocks, or deleting would lift them: {ends}",
            len(holdings.blocks),
        ).format(
            n=number_text(len(holdings.blocks)),
            ends=", ".join(map(_until, holdings.blocks[:_BLOCKS_SHOWN])),
        )
    if holdings.allowances:
        yield ngettext(
            "{n} allowance of your own that moderators set; they can remove it",
            "{n} allowances of your own that moderators set; they can remove them",
            holdings.allowances,
        ).format(n=number_text(holdings.allowances))


def _until(block: KeptBlock) -> str:
    if block.until is None:
        return gettext("until a moderator lifts it")
    return gettext("it ends {when}").format(when=ago(block.until))


def _lines_text(number: int) -> str:
    return ngettext("{n} line", "{n} lines", number).format(n=number_text(number))


def _section(heading: str, lines: Iterable[str]) -> str:
    return f"**{heading}**\n{_lines(lines)}"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
