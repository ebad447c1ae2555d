"""Buttons, selects and forms of the moderators' pages; all they mean is in their `custom_id`.

Nothing about them is kept in memory, so they work after a restart as before it, and a press
never says which guild it is about: that is always the guild it comes from.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import discord
from discord import ui

from bot.discord_ui.services import Interaction
from bot.discord_ui.submitted import submitted
from bot.discord_ui.words import cut

PREFIX = "admin"
_SHOWN_SEPARATOR = ","
# Longer lines are prose: what they showed does not matter, nor would it fit into an id.
_ID_CHARS = 40
# https://docs.discord.com/developers/components/reference: of a modal and a label; a placeholder.
_TITLE_CHARS, _HINT_CHARS = 45, 100
# Presses that are not about the policy's pages have listeners of their own.
_EVENTS: Mapping[str, str] = {"csv": "admin_csv"}


@dataclass(frozen=True, kw_only=True)
class Press:
    """What a moderator pressed, chose or filled in.

    Attributes:
        verb: What to do, such as `page`, `flip`, `pick`, `clear`, `form` or `save`.
        args: What with.
        values: What was chosen in a select.
        fields: What was written in a form, by the name of its field.
    """

    verb: str
    args: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


def custom_id(verb: str, *args: object) -> str:
    """Return the id that a component carries."""
    return ":".join((PREFIX, verb, *map(str, args)))


def _parsed(text: str) -> tuple[str, tuple[str, ...]]:
    _, verb, *args = text.split(":")
    return verb, tuple(args)


class AdminItem(ui.DynamicItem[ui.Item[Any]], template=rf"{PREFIX}:.+"):
    """A button or select of a moderators' page.

    The view knows no services: a press becomes the client's own event `admin_press` (or another
    of `_EVENTS`) with the interaction and the press, for which a cog listens.
    """

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003 - discord.py's signature
        /,
    ) -> Self:
        """Return the item that was pressed."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Pass the press on to whoever listens."""
        data: Mapping[str, Any] = interaction.data or {}
        verb, args = _parsed(self.custom_id)
        press = Press(verb=verb, args=args, values=tuple(data.get("values", ())))
        interaction.client.dispatch(_EVENTS.get(verb, "admin_press"), interaction, press)


def button(
    label: str,
    *path: object,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
) -> AdminItem:
    """Return a button; `path` is the verb and its arguments."""
    verb, *args = path
    made: ui.Button[Any] = ui.Button(
        label=label, style=style, disabled=disabled, custom_id=custom_id(str(verb), *args)
    )
    return AdminItem(made)


def row(*items: AdminItem) -> ui.ActionRow[Any]:
    """Return items side by side (selects take a row alone)."""
    return ui.ActionRow(*items)


# -- forms ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One line to fill in.

    Attributes:
        value: What it shows at first.
        hint: What an empty line means, or an example.
    """

    name: str
    label: str
    value: str = ""
    hint: str = ""
    most_chars: int = 20
    required: bool = False


def form(name: str, title: str, fields: Sequence[FormField], *, verb: str = "save") -> ui.Modal:
    """Return a form; its id carries what it showed, so that only what was changed is saved.

    Words that are longer in other languages than Discord takes there are cut.

    It is not kept by discord.py: whoever hears of modals asks `filled_form` for its verb.
    """
    shown = _SHOWN_SEPARATOR.join(one.value for one in fields if one.most_chars <= _ID_CHARS)
    modal = ui.Modal(title=cut(title, _TITLE_CHARS), custom_id=custom_id(verb, name, shown))
    for one in fields:
        line: ui.TextInput[Any] = ui.TextInput(
            custom_id=one.name,
            default=one.value or None,
            placeholder=cut(one.hint, _HINT_CHARS) or None,
            required=one.required,
            max_length=one.most_chars,
            style=(
                discord.TextStyle.paragraph
                if one.most_chars > _ID_CHARS
                else discord.TextStyle.short
            ),
        )
        modal.add_item(ui.Label(text=cut(one.label, _TITLE_CHARS), component=line))
    modal.stop()
    return modal


def filled_form(interaction: Interaction, verb: str = "save") -> Press | None:
    """Return what was filled in, when the interaction is a form of that verb; else None."""
    filled = submitted(interaction)
    if filled is None or not filled.custom_id.startswith(f"{PREFIX}:{verb}:"):
        return None
    _, args = _parsed(filled.custom_id)
    fields = {name: value or "" for name, value in filled.values.items()}
    return Press(verb=verb, args=args, fields=fields)


def shown_values(press: Press, names: Sequence[str]) -> dict[str, str]:
    """Return what a form showed when it was opened, by the names of its fields."""
    values = press.args[-1].split(_SHOWN_SEPARATOR) if press.args else []
    return dict(zip(names, values, strict=False))
