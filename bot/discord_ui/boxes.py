"""The coloured box that every page and card is: its colours, its texts, and the view around it."""

from collections.abc import Iterable
from typing import Any

from discord import ui

Box = ui.Container[Any]

BLURPLE, YELLOW, GREY = 0x5865F2, 0xF0B232, 0x80848E


def view_of(box: Box) -> ui.LayoutView:
    """Return the view that shows a box; its buttons live in their ids, so it never times out."""
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    return view


def texts_view(colour: int, texts: Iterable[str], *rows: ui.ActionRow[Any]) -> ui.LayoutView:
    """Return a box of texts, with rows of buttons below."""
    box: Box = ui.Container(accent_colour=colour)
    for text in texts:
        box.add_item(ui.TextDisplay(text))
    for row in rows:
        box.add_item(row)
    return view_of(box)
