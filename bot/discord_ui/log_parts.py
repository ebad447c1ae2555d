"""What all moderators' cards in the log channel share: the member's words, picture, buttons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ui

from bot.catalogue import find_model
from bot.discord_ui.boxes import Box, view_of
from bot.discord_ui.ids import id_of
from bot.discord_ui.words import excerpt, quote, units
from bot.errors import BadInputError
from bot.i18n import N_, gettext
from bot.job import Job
from bot.words import ago

_URL_CHARS = 2048
_ANY = 1_000_000

# Action -> whose presses they are, label, style. The first is also the name of the event.
_BUTTONS: Mapping[str, tuple[str, str, discord.ButtonStyle]] = {
    "approve": ("approval", N_("Approve"), discord.ButtonStyle.success),
    "deny": ("approval", N_("Deny"), discord.ButtonStyle.danger),
    "read": ("approval", N_("Read all of it"), discord.ButtonStyle.secondary),
    "delete": ("video", N_("Delete"), discord.ButtonStyle.danger),
    "refund": ("video", N_("Delete and refund"), discord.ButtonStyle.danger),
    "again": ("video", N_("Delete the message"), discord.ButtonStyle.danger),
    "block": ("video", N_("Block member"), discord.ButtonStyle.secondary),
}


class LogButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=rf"(?:approval|video):(?P<action>{'|'.join(_BUTTONS)}):(?P<id>[0-9]{{1,19}})",
):
    """A button about a job; its meaning lives in its id, so it survives restarts.

    The view knows no services: a press becomes the client's own event `approval_button` or
    `video_button` (interaction, action, job id), for which a cog listens.
    """

    def __init__(self, action: str, job_id: int, *, label: str | None = None) -> None:
        """Make a button.

        Args:
            action: What it does.
            job_id: The job it is about.
            label: In place of the action's usual one.
        """
        self._group, usual, style = _BUTTONS[action]
        custom_id = f"{self._group}:{action}:{job_id}"
        super().__init__(ui.Button(label=label or gettext(usual), style=style, custom_id=custom_id))
        self.action = action
        self.job_id = job_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[Any],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button that was pressed, from its id alone."""
        return cls(match["action"], job_number(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Pass the press on to whoever listens."""
        event = f"{self._group}_button"
        interaction.client.dispatch(event, interaction, self.action, self.job_id)


def job_number(text: str) -> int:
    """Return a job's number from a button's or form's id.

    Raises:
        BadInputError: it is none.
    """
    number = id_of(text)
    if number is None:
        raise BadInputError(gettext("This button is not one of the bot's. Nothing was changed."))
    return number


# -- the member's words and picture --------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much of the member's words a card shows.

    All texts of a message may have 4,000 UTF-16 units together.
    """

    prompt_units: int
    negative_units: int


def prompt_text(job: Job, room: Room) -> str:
    """Return the prompt, cut."""
    return quote(job.prompt, room.prompt_units)


def add_negative(box: Box, job: Job, room: Room) -> None:
    """Add the negative prompt, cut, if there is one."""
    if _negative(job):
        words = excerpt(_negative(job), room.negative_units)
        box.add_item(ui.TextDisplay(gettext("**Not wanted:** {words}").format(words=words)))


def asked_text(job: Job) -> str:
    """Return who asked for it, where and when."""
    return gettext("{member} in {channel} {when}").format(
        member=f"<@{job.user_id}>", channel=f"<#{job.channel_id}>", when=ago(job.created_at)
    )


def number_of(job: Job) -> str:
    """Return the job's number, by which logs and commands know it."""
    return gettext("job `{number}`").format(number=job.id)


def is_cut(job: Job, room: Room) -> bool:
    """Tell whether a card has to cut prompt or negative prompt."""
    return (
        units(quote(job.prompt, _ANY)) > room.prompt_units
        or units(excerpt(_negative(job), _ANY)) > room.negative_units
    )


def exact_words(job: Job) -> str:
    """Return prompt and negative prompt in full, as they were written."""
    return gettext("Prompt:\n{prompt}\n\nNegative prompt:\n{negative}\n").format(
        prompt=job.prompt, negative=_negative(job) or gettext("(none)")
    )


def picture_url(job: Job) -> str | None:
    """Return the address of the picture to be animated, if there is one that can be shown."""
    url = str(job.parameters.get("image") or "")
    fits = url.startswith(("https://", "http://")) and len(url) <= _URL_CHARS
    return url if fits else None


def finished_view(box: Box, job: Job, room: Room, buttons: list[LogButton]) -> ui.LayoutView:
    """Return the card of what was put together, with the buttons and the one for long words."""
    if is_cut(job, room):
        buttons = [*buttons, LogButton("read", job.id)]
    if buttons:
        box.add_item(ui.ActionRow(*buttons))
    return view_of(box)


def _negative(job: Job) -> str:
    """Return the member's own words; a model's default is not theirs."""
    words, model = str(job.parameters.get("negative_prompt") or ""), find_model(job.model)
    return "" if model is not None and words == model.default_of("negative_prompt") else words
