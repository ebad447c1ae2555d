"""What a video costs here: the vendor's published averages, spread over length and resolution.

Exact prices are not published; these keep each model's average and range, so that a bot's
estimates, budgets and settled costs are of the right size.
"""

from collections.abc import Mapping

from bot.catalogue import JsonScalar, Model

USD_PER_SECOND: Mapping[str, Mapping[str, float]] = {
    "wan-2.2-i2v-flash": {"480p": 0.015, "720p": 0.036},
    "wan-2.6-i2v": {"720p": 0.125, "1080p": 0.1873},
    "wan2.1-i2v-720p": {"720": 0.4827, "960": 0.858, "1024": 0.976},
    "wan-2.5-i2v": {"480p": 0.0573, "720p": 0.1145, "1080p": 0.1718},
    "wan-2.2-t2v-fast": {"480p": 0.0119, "720p": 0.0271},
}
DEFAULT_USD_PER_SECOND = 0.1
DEFAULT_LENGTH_S = 5.0
DEFAULT_STEPS = 30
# A text model is billed for its frames; played at this rate 81 of them last five seconds.
BILLED_FRAMES_PER_SECOND = 16


def price_usd(model: Model, values: Mapping[str, JsonScalar | None]) -> float:
    """Return the price of one completed request in US dollars."""
    rates = USD_PER_SECOND.get(model.slug, {})
    rate = rates.get(str(values.get("resolution")).lower(), DEFAULT_USD_PER_SECOND)
    steps_factor = number(values, "steps", DEFAULT_STEPS) / DEFAULT_STEPS
    return round(rate * billed_seconds(model, values) * steps_factor, 6)


def billed_seconds(model: Model, values: Mapping[str, JsonScalar | None]) -> float:
    """Return the length that is paid for, in seconds."""
    if values.get("num_frames") is not None:
        return number(values, "num_frames", 0) / BILLED_FRAMES_PER_SECOND
    return length_s(model, values)


def length_s(model: Model, values: Mapping[str, JsonScalar | None]) -> float:
    """Return the length that was asked for, in seconds, where it is given in seconds."""
    fixed = model.fixed_duration_s or DEFAULT_LENGTH_S
    return number(values, "duration", number(values, "video_length", fixed))


def number(values: Mapping[str, JsonScalar | None], name: str, default: float) -> float:
    """Return a numeric value, or the default when it is absent."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) else default
