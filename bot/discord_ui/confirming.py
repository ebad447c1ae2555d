"""What is asked before something expensive is made, and the buttons about a draft. Pure views."""

import re
from collections.abc import Mapping
from typing import Any, Self

import discord
from discord import ui

from bot.asking import Draft, Options
from bot.catalogue import Model, find_model
from bot.discord_ui.boxes import GREY, YELLOW, texts_view
from bot.discord_ui.limits import CONTENT_CHARS
from bot.discord_ui.settings_words import value_text
from bot.discord_ui.words import about, excerpt, quote
from bot.i18n import N_, gettext
from bot.words import credits_text

_PROMPT_CHARS = 600
_VALUE_CHARS = 60
_NO_SETTINGS = frozenset({"prompt", "negative_prompt"})
_PLAIN = frozenset({"duration", "resolution", "aspect_ratio"})
_LABELS: Mapping[str, tuple[str, discord.ButtonStyle]] = {
    "make": (N_("Make it"), discord.ButtonStyle.success),
    "edit": (N_("Change…"), discord.ButtonStyle.secondary),
    "drop": (N_("Not now"), discord.ButtonStyle.secondary),
}


class DraftButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=rf"draft:(?P<action>{'|'.join(_LABELS)}):(?P<id>[0-9]{{1,20}})",
):
    """A button about one draft; whose that is, the database knows.

    The view knows no services: a press becomes the client's own event `draft_button`
    (interaction, action, draft id), for which a cog listens.
    """

    def __init__(self, action: str, draft_id: int) -> None:
        """Make one; `action` is a name above, KeyError for another."""
        label, style = _LABELS[action]
        super().__init__(
            ui.Button(label=gettext(label), style=style, custom_id=f"draft:{action}:{draft_id}")
        )
        self.action = action
        self.draft_id = draft_id

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
        interaction.client.dispatch("draft_button", interaction, self.action, self.draft_id)


def confirm_view(draft: Draft, settings: Options, left_credits: int) -> ui.LayoutView:
    """Return the question: what it is, what it costs, what is left then, how long it takes.

    Args:
        draft: What was ordered; its `confirmed_credits` are the price.
        settings: All that sets the price, given or usual.
        left_credits: What the member may spend afterwards.
    """
    model = find_model(draft.model or "")
    price, left = credits_text(draft.confirmed_credits), credits_text(left_credits)
    texts = [
        gettext("### This video costs {price}").format(price=price),
        quote(str(draft.options.get("prompt", "")), _PROMPT_CHARS),
        *([_settings(model, settings)] if model else []),
        gettext(
            "Afterwards you have {left} left. Nothing is made, and nothing charged, until you "
            "press **Make it**."
        ).format(left=left),
    ]
    actions = ("make", "edit", "drop")
    return texts_view(YELLOW, texts, ui.ActionRow(*(DraftButton(a, draft.id) for a in actions)))


def retry_view(text: str, draft_id: int) -> ui.LayoutView:
    """Return why a form was refused, with a button that opens it again as it was filled in."""
    return texts_view(YELLOW, [text[:CONTENT_CHARS]], ui.ActionRow(DraftButton("edit", draft_id)))


def ordered_view() -> ui.LayoutView:
    """Return what stands there after a yes."""
    text = gettext("This is ordered. Its card in the channel shows how far it is.")
    return texts_view(GREY, [text])


def dropped_view() -> ui.LayoutView:
    """Return what stands there after "Not now"."""
    return texts_view(GREY, [gettext("Nothing was made, and nothing was charged.")])


def _settings(model: Model, options: Options) -> str:
    takes = gettext("takes {time}").format(time=about(model.typical_s))
    return " · ".join(part for part in (f"**{model.title}**", options_text(options), takes) if part)


def options_text(options: Options) -> str:
    """Return "10 s · 720p · multi_shot: true": options by the names under which they are given."""
    parts = []
    for name, value in options.items():
        if name in _NO_SETTINGS:
            continue
        if name in _PLAIN:
            parts.append(value_text(name, value))
        else:
            written = str(value).lower() if isinstance(value, bool) else str(value)
            parts.append(f"`{name}`: {excerpt(written, _VALUE_CHARS)}")
    return " · ".join(parts)
