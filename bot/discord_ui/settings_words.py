"""Models, settings and their values in words."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.catalogue import JsonScalar, Model, ModelOption, find_model, option_spec
from bot.discord_ui.words import excerpt, span_text
from bot.i18n import N_, gettext, number_text
from bot.job import Job
from bot.pricing import duration_s
from bot.words import credits_text

# Shown elsewhere, or not a setting.
_NOT_SETTINGS = frozenset({"image", "prompt", "negative_prompt", "seed", "duration"})
# Shown even at their default: they say what kind of video it is.
_ALWAYS = frozenset({"resolution", "aspect_ratio"})
_URL_EXCERPT = 60
# Options that are shown by name, as members read them.
SETTING_NAMES: Mapping[str, str] = {
    "frames": N_("frames"),
    "fps": N_("fps"),
    "fast": N_("fast"),
    "enhance_prompt": N_("enhance prompt"),
    "multi_shot": N_("multi shot"),
    "watermark": N_("watermark"),
    "steps": N_("steps"),
    "motion": N_("motion"),
    "high_noise_lora": N_("high noise lora"),
    "high_noise_scale": N_("high noise scale"),
    "low_noise_lora": N_("low noise lora"),
    "low_noise_scale": N_("low noise scale"),
}


def model_title(slug: str) -> str:
    """Return the model's title, or its slug when the catalogue no longer has it."""
    model = find_model(slug)
    return model.title if model else slug


def value_key(option: str, value: JsonScalar) -> str:
    """Return what tells values of an option apart, however models write them; in no language."""
    if option == "resolution":
        return f"{str(value).casefold().removesuffix('p')}p"
    return str(value)


def value_text(option: str, value: JsonScalar) -> str:
    """Return a value of an option as members read it, however its model writes it."""
    key = value_key(option, value)
    return gettext("{n} s").format(n=key) if option == "duration" else key


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
    """Return the line under a video: seed, settings, price, and how long it took to be made."""
    parts = (
        _seed_text(job),
        settings_text(job),
        credits_text(job.price_credits),
        time_taken_text(job),
    )
    return " · ".join(part for part in parts if part)


def facts_lines(job: Job) -> tuple[str, str, str]:
    """Return the small lines of a card or result, each usually short enough for a phone.

    The model; settings, price and how long it took; the seed.
    """
    second = (settings_text(job), credits_text(job.price_credits), time_taken_text(job))
    return model_title(job.model), " · ".join(part for part in second if part), _seed_text(job)


def time_taken_text(job: Job) -> str:
    """Return "made in 62 s"; nothing as long as it is not made."""
    if job.finished_at is None or job.running_at is None:
        return ""
    seconds = (job.finished_at - job.running_at).total_seconds()
    return gettext("made in {span}").format(span=span_text(seconds))


def _seed_text(job: Job) -> str:
    return gettext("seed `{seed}`").format(seed=job.seed)


def _length(model: Model, parameters: Mapping[str, JsonScalar]) -> str:
    try:
        seconds = duration_s(model, parameters)
    except KeyError:
        return ""
    return gettext("{n} s").format(n=number_text(float(f"{seconds:.3g}")))


def _setting(option: ModelOption, value: JsonScalar) -> str:
    if option.name in _ALWAYS:
        return value_text(option.name, value)
    if option.name == "audio":
        return gettext("with your sound")
    name = gettext(SETTING_NAMES.get(option.name, option.name.replace("_", " ")))
    if isinstance(value, bool):
        words = gettext("{setting} on") if value else gettext("{setting} off")
        return words.format(setting=name)
    if option_spec(option.name).url_suffix is not None:
        return f"{name} {excerpt(urlsplit(str(value)).path.rsplit('/', 1)[-1], _URL_EXCERPT)}"
    return f"{name} {value if isinstance(value, str) else number_text(value)}"
