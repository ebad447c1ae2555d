"""Models, settings and their values in words."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.catalogue import JsonScalar, Model, ModelOption, find_model, option_spec
from bot.discord_ui.words import excerpt
from bot.job import Job
from bot.pricing import duration_s
from bot.words import credits_text

# Shown elsewhere, or not a setting.
_NOT_SETTINGS = frozenset({"image", "prompt", "negative_prompt", "seed", "duration"})
# Shown even at their default: they say what kind of video it is.
_ALWAYS = frozenset({"resolution", "aspect_ratio"})
_URL_EXCERPT = 60


def model_title(slug: str) -> str:
    """Return the model's title, or its slug when the catalogue no longer has it."""
    model = find_model(slug)
    return model.title if model else slug


def value_text(option: str, value: JsonScalar) -> str:
    """Return a value of an option as members read it, however its model writes it."""
    if option == "duration":
        return f"{value} s"
    if option == "resolution":
        return f"{str(value).casefold().removesuffix('p')}p"
    return str(value)


def settings_text(job: Job) -> str:
    """Return "10 s · 720p · enhance prompt off": length, shape and whatever is not the default."""
    model = find_model(job.model)
    if model is None:
        return ""
    parts = [_length(model, job.parameters)]
    for option in model.options:
        value = job.parameters.get(option.parameter)
        if option.name in _NOT_SETTINGS or value is None or value == "":
            continue
        if option.name in _ALWAYS or value != model.default_of(option.name):
            parts.append(_setting(option, value))
    return " · ".join(part for part in parts if part)


def facts_text(job: Job) -> str:
    """Return the line under a video: seed, settings and price."""
    parts = (f"seed `{job.seed}`", settings_text(job), credits_text(job.price_credits))
    return " · ".join(part for part in parts if part)


def _length(model: Model, parameters: Mapping[str, JsonScalar]) -> str:
    try:
        return f"{duration_s(model, parameters):.3g} s"
    except KeyError:
        return ""


def _setting(option: ModelOption, value: JsonScalar) -> str:
    name = option.name.replace("_", " ")
    if option.name in _ALWAYS:
        return value_text(option.name, value)
    if option.name == "audio":
        return "with your sound"
    if isinstance(value, bool):
        return f"{name} {'on' if value else 'off'}"
    if option_spec(option.name).url_suffix is not None:
        return f"{name} {excerpt(urlsplit(str(value)).path.rsplit('/', 1)[-1], _URL_EXCERPT)}"
    return f"{name} {value}"
