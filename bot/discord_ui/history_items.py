"""Buttons, the select and the form of /history; the search that each shows is in its `custom_id`.

Whose videos it is about never is: they are those of whoever presses, or of the channel in which
they press (see `cogs.history`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import discord
from discord import ui

from bot.discord_ui.ids import GREATEST_ID
from bot.discord_ui.services import Interaction
from bot.discord_ui.submitted import submitted
from bot.history import WORDS_CHARS, Search, plain_words
from bot.i18n import gettext

_WORDS = "words"
_ALL_MODELS = "all"
_TEMPLATE = (
    r"history:(?P<verb>[a-z]{1,8}):(?P<whose>[mc]):(?P<kind>[va])(?P<side>[no]):"
    r"(?P<model>[a-z0-9.-]{0,40}):(?P<at>[0-9]{0,19}):(?P<words>.*)"
)
_CUSTOM_ID = re.compile(_TEMPLATE)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A page of the history: of the whole channel, or of the member's own; and what is searched."""

    channel: bool
    search: Search


def custom_id(verb: str, leaf: Leaf) -> str:
    """Return the id of what shows (or, for a form, changes) this page; at most 100 characters."""
    search = leaf.search
    flags = ("a" if search.everything else "v") + ("n" if search.newer else "o")
    whose = "c" if leaf.channel else "m"
    at = "" if search.at is None else search.at
    return f"history:{verb}:{whose}:{flags}:{search.model or ''}:{at}:{search.words}"


def leaf_of(custom_id: str) -> Leaf | None:
    """Return the page that an id is about; None for any other id."""
    parts = _CUSTOM_ID.fullmatch(custom_id)
    if parts is None:
        return None
    search = Search(
        model=parts["model"] or None,
        words=plain_words(parts["words"]),
        everything=parts["kind"] == "a",
        at=min(int(parts["at"]), GREATEST_ID) if parts["at"] else None,
        newer=parts["side"] == "n",
    )
    return Leaf(channel=parts["whose"] == "c", search=search)


class HistoryItem(ui.DynamicItem[ui.Item[Any]], template=_TEMPLATE):
    """A button or select of the history.

    The view knows no services: a press becomes the client's own event `history_leaf`
    (interaction, the page to show) or `history_form` (interaction, the page to change), for which
    a cog listens.
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
        leaf = leaf_of(self.custom_id)
        if leaf is None:  # an id that the template took is one that can be read
            return
        data: Mapping[str, Any] = interaction.data or {}
        for chosen in data.get("values", ()):
            model = None if chosen == _ALL_MODELS else str(chosen)
            leaf = replace(leaf, search=replace(leaf.search, model=model))
        event = "history_form" if self.custom_id.startswith("history:form:") else "history_leaf"
        interaction.client.dispatch(event, interaction, leaf)


def leaf_button(label: str, verb: str, leaf: Leaf, *, disabled: bool = False) -> HistoryItem:
    """Return a button that shows a page; with the verb `form` it opens the form instead."""
    return HistoryItem(
        ui.Button(
            label=label,
            style=discord.ButtonStyle.secondary,
            disabled=disabled,
            custom_id=custom_id(verb, leaf),
        )
    )


def model_select(leaf: Leaf, titles: Sequence[tuple[str, str]]) -> HistoryItem:
    """Return the choice of a model; `titles` are slugs with their titles."""
    chosen = leaf.search.model
    models = [
        discord.SelectOption(label=title, value=slug, default=slug == chosen)
        for slug, title in titles
    ]
    every = discord.SelectOption(
        label=gettext("All models"), value=_ALL_MODELS, default=chosen is None
    )
    first = replace(leaf, search=replace(leaf.search, at=None, newer=False))
    return HistoryItem(
        ui.Select(
            custom_id=custom_id("model", first),
            placeholder=gettext("Only of one model"),
            options=[every, *models],
        )
    )


def words_form(leaf: Leaf) -> ui.Modal:
    """Return the form that asks for words of the prompt."""
    modal = ui.Modal(title=gettext("Find videos"), custom_id=custom_id("words", leaf))
    line: ui.TextInput[Any] = ui.TextInput(
        custom_id=_WORDS,
        default=leaf.search.words or None,
        required=False,
        max_length=WORDS_CHARS,
    )
    modal.add_item(
        ui.Label(
            text=gettext("Words of the prompt"),
            description=gettext("Videos with all of them are shown; empty: all videos"),
            component=line,
        )
    )
    # Nobody waits for it here, so discord.py need not keep it in memory.
    modal.stop()
    return modal


def filled_words(interaction: Interaction) -> tuple[Leaf, str] | None:
    """Return the page and the words typed, when the interaction is this form; else None."""
    form = submitted(interaction)
    leaf = leaf_of(form.custom_id) if form is not None else None
    if form is None or leaf is None:
        return None
    return leaf, form.values.get(_WORDS) or ""
