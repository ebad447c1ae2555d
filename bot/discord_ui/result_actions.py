"""What can be done about a finished video: pure, from the job, the catalogue and the prices."""

import discord

from bot.catalogue import Model, find_model, models_of_kind
from bot.discord_ui.buttons import JobButton, ModelSelect
from bot.discord_ui.limits import CHOICE_NAME_CHARS, CHOICES
from bot.discord_ui.suggestions import model_facts
from bot.discord_ui.words import cut
from bot.job import Job
from bot.pricing import PriceTable

Rows = tuple[tuple[str, ...], ...]


def result_actions(job: Job, *, attached: bool) -> Rows:
    """Return the names of a result's buttons, row by row: what makes another video, the rest.

    Args:
        job: The job.
        attached: Whether the video itself is in the message, so that its last picture can be had.
    """
    again = ("again", "change") if find_model(job.model) else ()  # it may have been taken away
    onwards = ("continue",) if attached and models_of_kind("i2v") else ()
    rows = ((*again, *onwards), ("show", "delete"))
    return tuple(row for row in rows if row)


def other_models(job: Job) -> tuple[Model, ...]:
    """Return the models that take what this job's model takes, without its own."""
    model = find_model(job.model)
    if model is None:
        return ()
    return tuple(other for other in models_of_kind(model.kind) if other.slug != model.slug)


def result_controls(
    job: Job, prices: PriceTable, *, attached: bool
) -> list[list[JobButton | ModelSelect]]:
    """Return rows of a result's buttons, and the select of other models if there are any."""
    rows: list[list[JobButton | ModelSelect]] = [
        [JobButton(action, job.id) for action in row]
        for row in result_actions(job, attached=attached)
    ]
    others = other_models(job)[:CHOICES]
    if others:
        select = ModelSelect(job.id, [_option(model, prices) for model in others])
        rows.insert(-1, [select])
    return rows


def _option(model: Model, prices: PriceTable) -> discord.SelectOption:
    return discord.SelectOption(
        label=cut(model.title, CHOICE_NAME_CHARS),
        value=model.slug,
        description=cut(model_facts(model, prices), CHOICE_NAME_CHARS),
    )
