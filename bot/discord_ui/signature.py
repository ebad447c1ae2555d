"""Slash commands generated from the catalogue: adding a model or an option is adding data."""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import discord
from discord import app_commands

from bot.catalogue import (
    OPTIONS,
    REQUIRED_OPTIONS,
    Kind,
    OptionSpec,
    models_of_kind,
    union_bounds,
)
from bot.discord_ui.services import Interaction
from bot.discord_ui.suggestions import Suggestion, is_suggested

MODEL_DESCRIPTION = "Which model makes the video; the list shows its usual time and least price"

Take = Callable[[Interaction, Mapping[str, Any]], Awaitable[None]]
Suggest = Callable[[Interaction, str, str], Awaitable[list[Suggestion]]]
# Without a prompt a form asks for the rest; without a picture there is nothing to ask about.
_NEEDED_AT_ONCE = frozenset(REQUIRED_OPTIONS) - {"prompt"}

_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "attachment": discord.Attachment,
}


def option_specs(kind: Kind) -> list[OptionSpec]:
    """Return the options of a kind's command, `model` after `prompt`: the union of its models'."""
    model = OptionSpec(name="model", type="string", description=MODEL_DESCRIPTION)
    specs = [spec for spec in OPTIONS if any(m.option(spec.name) for m in models_of_kind(kind))]
    after_prompt = next(i for i, spec in enumerate(specs, start=1) if spec.name == "prompt")
    return [*specs[:after_prompt], model, *specs[after_prompt:]]


def signature(kind: Kind) -> inspect.Signature:
    """Return the callback's signature, from which discord.py makes the command's options."""
    parameters = [
        inspect.Parameter(
            spec.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=_annotation(kind, spec),
            default=inspect.Parameter.empty if spec.name in _NEEDED_AT_ONCE else None,
        )
        for spec in option_specs(kind)
    ]
    first = inspect.Parameter(
        "interaction", inspect.Parameter.POSITIONAL_ONLY, annotation=discord.Interaction
    )
    return inspect.Signature([first, *parameters])


def _annotation(kind: Kind, spec: OptionSpec) -> Any:
    kept = _TYPES[spec.type]
    if spec.type in ("integer", "number"):
        low, high = union_bounds(kind, spec.name)
        if low is not None or high is not None:
            number = kept
            kept = app_commands.Range[  # made at run time, from the catalogue
                number,
                None if low is None else number(low),
                None if high is None else number(high),
            ]
    return kept if spec.name in _NEEDED_AT_ONCE else kept | None


def generation_command(
    *, name: str, kind: Kind, description: str, take: Take, suggest: Suggest
) -> app_commands.Command[Any, ..., None]:
    """Return a kind's slash command.

    Args:
        name: The command's name.
        kind: Whose models it serves.
        description: At most 100 characters.
        take: Called with the interaction and the options; those not given are None.
        suggest: Called with the interaction, an option's name and what was typed.
    """

    async def callback(interaction: Interaction, /, **options: Any) -> None:
        await take(interaction, options)

    specs = option_specs(kind)
    callback.__signature__ = signature(kind)  # type: ignore[attr-defined]  # what inspect reads
    app_commands.describe(**{spec.name: spec.description for spec in specs})(callback)
    completing = {
        spec.name: _completion(spec.name, suggest)
        for spec in specs
        if is_suggested(kind, spec.name)
    }
    app_commands.autocomplete(**completing)(callback)
    return app_commands.Command(name=name, description=description, callback=callback)


def _completion(
    option: str, suggest: Suggest
) -> Callable[[Interaction, str], Coroutine[Any, Any, list[Any]]]:
    async def complete(interaction: Interaction, current: str) -> list[Any]:
        return await suggest(interaction, option, str(current))

    return complete
