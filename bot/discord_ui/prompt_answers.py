"""What was filled into the form for the rest of an order, and what that makes of it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord

from bot.asking import Draft, KeptFile
from bot.catalogue import JsonScalar, find_model, option_spec
from bot.discord_ui.form_choices import MODEL, PROMPT, asked_options, let_stand
from bot.discord_ui.prompt_form import CUSTOM_ID, IMAGE, UPLOAD
from bot.discord_ui.submitted import submitted


@dataclass(frozen=True, kw_only=True)
class FilledForm:
    """What a member sent.

    Attributes:
        draft_id: Which draft it is about.
        values: Each input that was there, by its custom id; None where nothing was chosen.
        upload: The picture that was attached to it.
    """

    draft_id: int
    values: Mapping[str, str | None]
    upload: KeptFile | None = None


def filled_form(interaction: discord.Interaction[Any]) -> FilledForm | None:
    """Return the form that this interaction submits; None when it is about anything else."""
    form = submitted(interaction)
    known = CUSTOM_ID.fullmatch(form.custom_id) if form is not None else None
    if form is None or known is None:
        return None
    values = dict(form.values)
    file = form.attachments.get(values.pop(UPLOAD, None) or "")
    return FilledForm(
        draft_id=int(known["id"]),
        values=values,
        upload=KeptFile(name=file["filename"], url=file["url"]) if file else None,
    )


def filled(draft: Draft, form: FilledForm) -> Draft:
    """Return the draft with what was filled in, and with no yes to any price."""
    values = dict(form.values)
    slug, number = values.pop(MODEL, None) or draft.model, values.pop(IMAGE, None)
    asked = {n: v for n, v in values.items() if n in (PROMPT, *asked_options(draft.kind))}
    options = {name: value for name, value in draft.options.items() if name not in asked}
    options |= {n: _typed(n, value) for n, value in asked.items() if value is not None}
    images = draft.images if form.upload is None else (form.upload,)
    if number is not None and number.isdecimal() and int(number) < len(images):
        images = (images[int(number)],)
    model = find_model(slug or "")
    if model is not None:
        options = {n: v for n, v in options.items() if not let_stand(draft, model, n, v)}
    return draft.model_copy(
        update={"model": slug, "options": options, "images": images, "confirmed_credits": 0}
    )


def _typed(option: str, text: str) -> JsonScalar:
    if option_spec(option).type != "integer":
        return text
    return int(text) if text.isdecimal() else text
