"""What the moderators' pages are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui

from bot.discord_ui.admin.items import AdminItem, button, custom_id, row
from bot.discord_ui.boxes import Box
from bot.discord_ui.words import one_line
from bot.i18n import gettext, number_text

# https://docs.discord.com/developers/components/reference#string-select
SELECT_OPTIONS = 25
_OPTION_CHARS = 100

Names = Mapping[int, str]


def text(box: Box, words: str) -> None:
    """Add a text."""
    box.add_item(ui.TextDisplay(words))


def section(box: Box, words: str, item: AdminItem) -> None:
    """Add a text with a button beside it."""
    box.add_item(ui.Section(ui.TextDisplay(words), accessory=item))


def back(*items: AdminItem, to: str = "home") -> ui.ActionRow[Any]:
    """Return the row that leads back to a page, with other buttons."""
    return row(button(gettext("Back"), "page", to), *items)


def switch(field: str, *, on: bool, disabled: bool = False, verb: str = "flip") -> AdminItem:
    """Return the button that switches a value; its id says to what, so it cannot toggle twice."""
    label, to = (gettext("Switch off"), "off") if on else (gettext("Switch on"), "on")
    return button(label, verb, field, to, disabled=disabled)


def channel_select(
    what: str, placeholder: str, types: list[discord.ChannelType], *, most: int = 1
) -> ui.ActionRow[Any]:
    """Return a select of channels; a choice is the press `pick` of `what`."""
    select: ui.ChannelSelect[Any] = ui.ChannelSelect(
        custom_id=custom_id("pick", what),
        channel_types=types,
        placeholder=placeholder,
        max_values=most,
    )
    return row(AdminItem(select))


def role_select(what: str, placeholder: str) -> ui.ActionRow[Any]:
    """Return a select of one role; a choice is the press `pick` of `what`."""
    select: ui.RoleSelect[Any] = ui.RoleSelect(
        custom_id=custom_id("pick", what), placeholder=placeholder
    )
    return row(AdminItem(select))


def string_select(
    path: tuple[object, ...],
    placeholder: str,
    options: Sequence[discord.SelectOption],
    *,
    most: int | None = None,
) -> ui.ActionRow[Any]:
    """Return a select of so many texts (None: any number); the press is `pick` of `path`."""
    select: ui.Select[Any] = ui.Select(
        custom_id=custom_id("pick", *path),
        placeholder=placeholder,
        options=list(options),
        max_values=most or len(options),
    )
    return row(AdminItem(select))


def option(
    value: str, label: str, description: str = "", *, default: bool = False
) -> discord.SelectOption:
    """Return an option, its words cut to what Discord takes."""
    return discord.SelectOption(
        label=one_line(label)[:_OPTION_CHARS] or value,
        value=value,
        description=one_line(description)[:_OPTION_CHARS] or None,
        default=default,
    )


def page_count(entries: int, on_a_page: int) -> int:
    """Return how many pages a list takes; an empty one takes one."""
    return max(1, -(-entries // on_a_page))


def page_words(number: int, pages: int) -> str:
    """Return " (page 2 of 3)", or nothing when there is only one."""
    if pages == 1:
        return ""
    words = gettext("(page {number} of {pages})")
    return " " + words.format(number=number_text(number + 1), pages=number_text(pages))


def turning(name: str, number: int, pages: int) -> list[AdminItem]:
    """Return the buttons that turn the pages of a long list."""
    if pages == 1:
        return []
    return [
        button(
            gettext("Previous"), "page", name, max(0, number - 1), "previous", disabled=number == 0
        ),
        button(gettext("Next"), "page", name, number + 1, "next", disabled=number + 1 >= pages),
    ]
