"""Buttons and selects about one job. Their meaning lives in their `custom_id`: restarts do no harm.

The views know no services: a press becomes the client's own event, for which a cog listens:
`job_button` (interaction, action, job id), `job_model` (interaction, job id, model's slug). Several
cogs hear of a `job_button`; each action is answered by one of them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ui

from bot.i18n import N_, gettext


@dataclass(frozen=True, kw_only=True)
class _Face:
    """How a button looks; `label` is English."""

    label: str
    style: discord.ButtonStyle = discord.ButtonStyle.secondary
    emoji: str | None = None


_FACES: Mapping[str, _Face] = {
    # while it is on its way
    "cancel": _Face(label=N_("Cancel")),
    "drop": _Face(label=N_("Drop the result"), style=discord.ButtonStyle.danger),
    "notify": _Face(label=N_("Tell me by DM"), emoji="🔔"),
    "hush": _Face(label=N_("No more DMs"), emoji="🔕"),
    "send": _Face(label=N_("Send again"), style=discord.ButtonStyle.primary),
    # on the result
    "again": _Face(label=N_("Again"), style=discord.ButtonStyle.primary, emoji="🔁"),
    "change": _Face(label=N_("Same seed, change…"), emoji="✏️"),
    "continue": _Face(label=N_("Continue"), emoji="⏩"),
    "show": _Face(label=N_("Details"), emoji="🔍"),
    "delete": _Face(label=N_("Delete"), style=discord.ButtonStyle.danger, emoji="🗑️"),
    # when asked whether to delete it
    "erase": _Face(label=N_("Delete it for good"), style=discord.ButtonStyle.danger),
    "keep": _Face(label=N_("Keep it")),
}

ACTIONS = tuple(_FACES)


def label_of(action: str) -> str:
    """Return a button's label in English; KeyError for an action that is none."""
    return _FACES[action].label


class JobButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=rf"job:(?P<action>{'|'.join(ACTIONS)}):(?P<id>[0-9]+)",
):
    """A button about one job."""

    def __init__(self, action: str, job_id: int) -> None:
        """Make one; `action` is one of `ACTIONS`, KeyError for another."""
        face = _FACES[action]
        super().__init__(
            ui.Button(
                label=gettext(face.label),
                style=face.style,
                emoji=face.emoji,
                custom_id=f"job:{action}:{job_id}",
            ),
        )
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
        return cls(match["action"], int(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Pass the press on to whoever listens."""
        interaction.client.dispatch("job_button", interaction, self.action, self.job_id)


class ModelSelect(
    ui.DynamicItem[ui.Select[ui.LayoutView]],
    template=r"job:model:(?P<id>[0-9]+)",
):
    """Makes a finished job's request once more with another model."""

    def __init__(self, job_id: int, options: Sequence[discord.SelectOption]) -> None:
        """Make one; `options` have models' slugs as values."""
        super().__init__(
            ui.Select(
                custom_id=f"job:model:{job_id}",
                placeholder=gettext("Other model"),
                options=list(options),
            ),
        )
        self.job_id = job_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the select that was used, from the message it is in."""
        options = item.options if isinstance(item, ui.Select) else []
        return cls(int(match["id"]), options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Pass the choice on to whoever listens."""
        for slug in self.item.values:
            interaction.client.dispatch("job_model", interaction, self.job_id, slug)
