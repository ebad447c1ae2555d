"""The forms of a result's buttons: change and make again, go on, delete; pure.

Which job a form is about is in its custom id, so that any process understands it when it comes
back, also after a restart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.asking import taken_values
from bot.catalogue import JsonScalar, Model, find_model, models_of_kind, option_spec
from bot.catalogue.options import PROMPT_MAX_LENGTH
from bot.discord_ui.buttons import label_of
from bot.discord_ui.deletion import erasing_text
from bot.discord_ui.limits import CHOICES
from bot.discord_ui.settings_words import value_text
from bot.discord_ui.submitted import submitted
from bot.discord_ui.words import about
from bot.i18n import N_, gettext
from bot.job import Job
from bot.jobs.again import kind_after
from bot.jobs.checks import REASON_CHARS
from bot.pricing import PriceTable
from bot.remaking import carried_over, options_of, request_of
from bot.words import credits_text

_PREFIX = "result"
_CUSTOM_ID = re.compile(
    rf"{_PREFIX}:(?P<action>change|continue|delete|erase):(?P<id>[0-9]{{1,20}})"
)
_PROMPT, _MODEL, _REASON, _ANSWER = "prompt", "model", "reason", "answer"
# The settings that the form of a change offers, with what they are called there.
_SETTINGS: Mapping[str, str] = {"duration": N_("Length"), "resolution": N_("Resolution")}


@dataclass(frozen=True, kw_only=True)
class FilledForm:
    """What a member sent; the names are those of the inputs, what was left alone is missing."""

    action: str
    job_id: int
    values: Mapping[str, str]

    @property
    def prompt(self) -> str | None:
        """The prompt, if the form asked for it."""
        return self.values.get(_PROMPT)

    @property
    def model(self) -> str | None:
        """The slug of the chosen model."""
        return self.values.get(_MODEL)

    @property
    def answer(self) -> str | None:
        """What was chosen of the buttons' actions, where the form asks."""
        return self.values.get(_ANSWER)

    @property
    def reason(self) -> str:
        """The moderator's words."""
        return self.values.get(_REASON, "")


def change_form(job: Job, prices: PriceTable) -> ui.Modal:
    """Return the form of "Same seed, change…", filled with the job's request."""
    form = _form(gettext("Same seed, change something"), "change", job)
    seed = gettext("The seed stays {seed}").format(seed=job.seed)
    form.add_item(_prompt_label(job, seed))
    form.add_item(_model_label(job, prices, goes_on=False))
    model = find_model(job.model)
    for name, label in _SETTINGS.items():
        options = _setting_options(job, model, name, prices) if model is not None else []
        if options:
            hint = gettext("As {model} takes it").format(model=model.title) if model else None
            select = _select(name, options)
            form.add_item(ui.Label(text=gettext(label), description=hint, component=select))
    return form


def continue_form(job: Job, prices: PriceTable) -> ui.Modal:
    """Return the form of "Continue": what happens after the last frame, and by which model."""
    form = _form(gettext("Continue this video"), "continue", job)
    hint = gettext("The next clip begins with the last picture of this one")
    form.add_item(_prompt_label(job, hint))
    form.add_item(_model_label(job, prices, goes_on=True))
    return form


def deletion_form(job: Job) -> ui.Modal:
    """Return the form in which whoever moderates a channel deletes somebody else's video."""
    form = _form(gettext("Delete this video"), "delete", job)
    reason: ui.TextInput[Any] = ui.TextInput(
        custom_id=_REASON, max_length=REASON_CHARS, style=discord.TextStyle.paragraph
    )
    hint = gettext("Its member sees it; their credits do not come back")
    form.add_item(ui.Label(text=gettext("Reason"), description=hint, component=reason))
    return form


def erasing_form(job: Job) -> ui.Modal:
    """Return the question to a member who deletes their own video where the bot is not.

    Only what is pressed on a message gives a token by which that can be deleted there: the buttons
    of another message would not do.
    """
    form = _form(gettext("Delete this video"), "erase", job)
    form.add_item(ui.TextDisplay(erasing_text()))
    # A form of text alone may be more than Discord takes, and asks nothing.
    answers: ui.Select[Any] = ui.Select(
        custom_id=_ANSWER,
        options=[
            discord.SelectOption(label=gettext(label_of(action)), value=action)
            for action in ("erase", "keep")
        ],
    )
    form.add_item(ui.Label(text=gettext("Delete this video"), component=answers))
    return form


def filled_form(interaction: discord.Interaction[Any]) -> FilledForm | None:
    """Return the form that this interaction submits; None when it is about anything else."""
    form = submitted(interaction)
    known = _CUSTOM_ID.fullmatch(form.custom_id) if form is not None else None
    if form is None or known is None:
        return None
    values = {name: value for name, value in form.values.items() if value is not None}
    return FilledForm(action=known["action"], job_id=int(known["id"]), values=values)


def chosen_settings(form: FilledForm, job: Job) -> dict[str, JsonScalar]:
    """Return the settings that the member chose otherwise than the job had them."""
    model = find_model(job.model)
    chosen: dict[str, JsonScalar] = {}
    for name in _SETTINGS:
        value = form.values.get(name)
        if value is None or model is None or model.option(name) is None:
            continue
        if value != str(job.parameters.get(model.parameter_of(name).name)):
            chosen[name] = int(value) if option_spec(name).type == "integer" else value
    return chosen


def _form(title: str, action: str, job: Job) -> ui.Modal:
    form = ui.Modal(title=title, custom_id=f"{_PREFIX}:{action}:{job.id}")
    # Nobody waits for it here, so discord.py need not keep it in memory.
    form.stop()
    return form


def _prompt_label(job: Job, hint: str) -> ui.Label[Any]:
    prompt: ui.TextInput[Any] = ui.TextInput(
        custom_id=_PROMPT,
        style=discord.TextStyle.paragraph,
        default=job.prompt[:PROMPT_MAX_LENGTH],
        max_length=PROMPT_MAX_LENGTH,
    )
    return ui.Label(text=gettext("What should happen?"), description=hint, component=prompt)


def _model_label(job: Job, prices: PriceTable, *, goes_on: bool) -> ui.Label[Any]:
    select = _select(_MODEL, model_options(job, prices, goes_on=goes_on))
    hint = gettext("The price is for the settings as they are")
    return ui.Label(text=gettext("Model"), description=hint, component=select)


def _select(name: str, options: list[discord.SelectOption]) -> ui.Select[Any]:
    return ui.Select(custom_id=name, options=options, required=False, min_values=0, max_values=1)


def model_options(job: Job, prices: PriceTable, *, goes_on: bool) -> list[discord.SelectOption]:
    """Return the models that can make the next video, each with what it would cost."""
    source = find_model(job.model)
    models = models_of_kind(kind_after(job, goes_on=goes_on))
    chosen = source if source in models else models[0]
    return [
        discord.SelectOption(
            label=model.title,
            value=model.slug,
            description=_price_text(job, source, model, prices),
            default=model is chosen,
        )
        for model in models
    ]


def _price_text(job: Job, source: Model | None, model: Model, prices: PriceTable) -> str:
    options = options_of(source, job.parameters)
    carried = carried_over(options, model, prices)
    price = request_of(carried.options, model, prices).price_credits
    return f"{about(model.typical_s)} · {credits_text(price)}"


def _setting_options(
    job: Job, model: Model, name: str, prices: PriceTable
) -> list[discord.SelectOption]:
    """Return the values that a model takes for a setting, each with its price; at most 25."""
    if model.option(name) is None:
        return []
    parameter = model.parameter_of(name)
    options = [
        discord.SelectOption(
            label=value_text(name, value),
            value=str(value),
            description=credits_text(
                prices.credits(model, {**job.parameters, parameter.name: value})
            ),
            default=value == job.parameters.get(parameter.name),
        )
        for value in taken_values(model, name)
    ]
    return options[:CHOICES]
