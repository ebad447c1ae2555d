"""The answers to /privacy: what goes, what stays and why, and the button that does it. Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import discord
from discord import ui

from bot.discord_ui.boxes import GREY, texts_view
from bot.errors import RefusedError
from bot.jobs.privacy_desk import Deleted, under_way_words
from bot.privacy import Holdings, KeptBlock
from bot.words import ago, count, credits_text

_RED, _GREEN = 0xDA373C, 0x248046
_BLOCKS_SHOWN = 5
# After that the page may not say any more what is kept.
_PAGE_LASTS = timedelta(minutes=15)

EXPORT_TEXT = (
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
                label="Delete it for good",
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
            raise RefusedError("This button is somebody else's. Yours: `/privacy delete`.")
        if not timedelta(0) <= now - _moment(self.offered_at) <= _PAGE_LASTS:
            raise RefusedError(
                "This page is older than 15 minutes, so nothing was deleted. `/privacy delete` "
                "shows what is kept now."
            )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def delete_page(holdings: Holdings, user_id: int, *, now: datetime) -> ui.LayoutView:
    """Return what a deletion would do, with the button; without one when it cannot be done."""
    if holdings.running or holdings.waiting:
        return texts_view(GREY, [under_way_words(holdings.running, holdings.waiting)])
    if not holdings.removable:
        nothing = "### Nothing to delete\nI keep no video of yours, and nothing that names you"
        exception = _lines(_kept(holdings))
        words = f"{nothing}, but for:\n{exception}" if exception else f"{nothing}."
        return texts_view(GREY, [words])
    return texts_view(
        _RED,
        [
            "### Delete what I keep about you, everywhere",
            "**Goes for good**\n" + _lines(_going(holdings)),
            "**Stays, and why**\n" + _lines((*_kept(holdings), _SKELETONS)),
            "**Out of my reach**\n" + _lines(_ELSEWHERE),
        ],
        ui.ActionRow(PrivacyButton(user_id, int(now.timestamp()))),
    )


def deleted_page(deleted: Deleted) -> ui.LayoutView:
    """Return what a deletion has done, in figures."""
    gone = deleted.forgotten
    entries, logged = count(gone.entries, "line"), count(gone.events, "line")
    lines = (
        f"{count(gone.jobs, 'video')} forgotten, with prompts, settings, pictures and links",
        f"{count(gone.drafts, 'order')} that you had begun forgotten",
        f"{count(gone.habits, 'set')} of options forgotten: presets, and what you chose last",
        *(["your own settings forgotten"] if gone.preferences else []),
        f"your name taken off {entries} of the credits' books and {logged} of moderators' logs",
    )
    wiped = (
        "It is wiped from the database's files as well."
        if deleted.wiped
        else "The files of the database are being read just now: what was in them is wiped within "
        "the hour."
    )
    return texts_view(_GREEN, ["### Deleted\n" + _lines(lines), f"-# {wiped}"])


_SKELETONS = "figures that name nobody: which model made a video when, and what it cost"
_ELSEWHERE = (
    "my messages in Discord's channels, videos included: the moderators there can delete them",
    "what the video service keeps, and logs and backups: ask the people who run me",
)


def _going(holdings: Holdings) -> Iterable[str]:
    if holdings.jobs:
        yield f"{count(holdings.jobs, 'video')}: prompts, settings, pictures, links, all of it"
    if holdings.drafts:
        yield f"{count(holdings.drafts, 'order')} that you have begun, with their pictures"
    if holdings.habits:
        yield f"{count(holdings.habits, 'set')} of options: your presets, and what you chose last"
    if holdings.preferences:
        yield "your own settings, such as whether I tell you by direct message"
    named = holdings.entries + holdings.events
    if named:
        yield f"your name, in {count(named, 'line')} of the credits' books and of moderators' logs"


def _kept(holdings: Holdings) -> Iterable[str]:
    if holdings.counted_credits:
        used = credits_text(holdings.counted_credits)
        yield (
            f"that {used} were used, without your name: they count until the month is over, or "
            "deleting would give them back"
        )
    if holdings.granted_credits:
        left = credits_text(holdings.granted_credits)
        yield f"{left} that moderators gave you: you can still use them"
    if holdings.blocks:
        yield f"{count(len(holdings.blocks), 'block')}, or deleting would lift it: " + ", ".join(
            map(_until, holdings.blocks[:_BLOCKS_SHOWN])
        )
    if holdings.allowances:
        own = count(holdings.allowances, "allowance")
        yield f"{own} of your own that moderators set; they can remove it"


def _until(block: KeptBlock) -> str:
    return "until a moderator lifts it" if block.until is None else f"it ends {ago(block.until)}"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
