"""Questions asked of the catalogue."""

from collections.abc import Iterable
from typing import Any

from bot.catalogue.models import MODELS
from bot.catalogue.options import OPTIONS, REQUIRED_OPTIONS
from bot.catalogue.types import COMMANDS, JsonScalar, Kind, Model, ModelOption, Parameter


def models_of_kind(kind: Kind) -> tuple[Model, ...]:
    """Return the models of one slash command; the first is its default."""
    return tuple(model for model in MODELS if model.kind == kind)


def find_model(name: str) -> Model | None:
    """Return the model with this slug or title, ignoring case and spaces around it."""
    wanted = name.strip().casefold()
    return next((m for m in MODELS if wanted in (m.slug.casefold(), m.title.casefold())), None)


def models_matching(models: Iterable[Model], typed: str) -> list[Model]:
    """Return the models whose title or slug contains what was typed, ignoring case."""
    wanted = typed.strip().casefold()
    return [m for m in models if wanted in m.title.casefold() or wanted in m.slug.casefold()]


def union_bounds(kind: Kind, option_name: str) -> tuple[float | None, float | None]:
    """Return the widest range any model of the kind takes for a numeric option.

    Discord refuses what no model takes; what only the chosen model lacks, we refuse.
    """
    parameters = [
        m.parameter_of(option_name) for m in models_of_kind(kind) if m.option(option_name)
    ]
    lows = [p.minimum for p in parameters]
    highs = [p.maximum for p in parameters]
    return (
        min((low for low in lows if low is not None), default=None) if None not in lows else None,
        max((high for high in highs if high is not None), default=None)
        if None not in highs
        else None,
    )


def as_json() -> dict[str, Any]:
    """Return the catalogue as `python -m bot models --json` prints it."""
    return {"models": [_model_json(model) for model in MODELS]}


def _model_json(model: Model) -> dict[str, Any]:
    return {
        "slug": model.slug,
        "kind": model.kind,
        "title": model.title,
        "typical_seconds": model.typical_s,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type,
                "required": parameter.required,
                "default": parameter.default,
                "choices": list(parameter.choices) or None,
                "min": parameter.minimum,
                "max": parameter.maximum,
            }
            for parameter in model.parameters
        ],
        "options": [_option_json(model, option) for option in model.options],
    }


def _option_json(model: Model, option: ModelOption) -> dict[str, Any]:
    parameter = model.parameter(option.parameter)
    return {
        "name": option.name,
        "parameter": option.parameter,
        "required": option.name in REQUIRED_OPTIONS,
        "default": None if option.random_range else model.default_of(option.name),
        "choices": list(parameter.choices) or None,
        "min": parameter.minimum,
        "max": parameter.maximum,
        "random_between": list(option.random_range) if option.random_range else None,
        "needs": option.needs,
    }


def as_markdown() -> str:
    """Return one table for each slash command: what each model takes for each option."""
    return "\n\n".join(_table(kind, command) for kind, command in COMMANDS.items())


def _table(kind: Kind, command: str) -> str:
    models = models_of_kind(kind)
    rows = [
        [f"`/{command}`", *(f"{m.title}<br>`{m.slug}`" for m in models)],
        ["---"] * (len(models) + 1),
        ["takes about", *(f"{m.typical_s:.0f} s" for m in models)],
    ]
    rows += [
        [f"`{spec.name}`", *(_cell(model, spec.name) for model in models)]
        for spec in OPTIONS
        if any(model.option(spec.name) for model in models)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(model: Model, option_name: str) -> str:
    option = model.option(option_name)
    if option is None:
        return "no"
    if option_name in REQUIRED_OPTIONS:
        return "required"
    if option.random_range is not None:
        return "random"
    return _taken(model.parameter(option.parameter), model.default_of(option_name))


def _taken(parameter: Parameter, default: JsonScalar | None) -> str:
    if parameter.choices:
        return ", ".join(f"**{c}**" if c == default else str(c) for c in parameter.choices)
    if parameter.minimum is not None:
        return f"{parameter.minimum:g} to {parameter.maximum:g}, **{default}**"
    if parameter.type == "boolean":
        return f"**{str(default).lower()}**"
    return "yes"
