"""Estimated prices: a table by model, resolution and duration, in USD and in credits."""

import math
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.catalogue import MODELS, JsonScalar, Model
from bot.errors import ConfigurationError

_BUILT_IN = Path(__file__).parent / "catalogue" / "prices.toml"
_CREDITS_PER_USD = 100


class ModelPrice(BaseModel):
    """USD by resolution, per second of video or per video.

    Attributes:
        second: Resolution (as the model writes it) to USD per second.
        video: Resolution to USD per video.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    second: dict[str, Decimal] = Field(default_factory=dict)
    video: dict[str, Decimal] = Field(default_factory=dict)


class PriceTable(BaseModel):
    """Prices of all models.

    Attributes:
        models: Slug to price.
        credits_per_cent: How many credits one US cent of estimated price is worth.
    """

    model_config = ConfigDict(frozen=True)

    models: dict[str, ModelPrice]
    credits_per_cent: float = 1.0

    def usd(self, model: Model, parameters: Mapping[str, JsonScalar]) -> Decimal:
        """Return the estimated price in USD of one video with these (Segmind) parameters."""
        price = self.models[model.slug]
        resolution = str(parameters.get("resolution", ""))
        if resolution in price.video:
            return price.video[resolution]
        return price.second[resolution] * Decimal(str(duration_s(model, parameters)))

    def credits(self, model: Model, parameters: Mapping[str, JsonScalar]) -> int:
        """Return the price in whole credits, rounded up, at least 1."""
        cents = self.usd(model, parameters) * _CREDITS_PER_USD
        return max(1, math.ceil(cents * Decimal(str(self.credits_per_cent))))

    @cached_property
    def cheapest(self) -> dict[str, int]:
        """Slug to the least credits a video of that model costs."""
        return {model.slug: min(self._all_credits(model)) for model in MODELS}

    def _all_credits(self, model: Model) -> list[int]:
        parameter = model.parameter_of("resolution")
        shortest = _shortest_parameters(model)
        return [self.credits(model, {**shortest, "resolution": r}) for r in parameter.choices]


def _shortest_parameters(model: Model) -> dict[str, JsonScalar]:
    option = model.option("duration")
    if option is None:
        return {p.name: p.default for p in model.parameters if p.default is not None}
    parameter = model.parameter(option.parameter)
    shortest = parameter.choices[0] if parameter.choices else int(parameter.minimum or 1)
    return {option.parameter: shortest}


def duration_s(model: Model, parameters: Mapping[str, JsonScalar]) -> float:
    """Return the length of the video in seconds that these parameters give."""
    if model.fixed_duration_s is not None:
        return model.fixed_duration_s
    option = model.option("duration")
    if option is not None:
        return float(parameters[option.parameter])
    return float(parameters["num_frames"]) / float(parameters["frames_per_second"])


def load_prices(path: Path | None = None, *, credits_per_cent: float = 1.0) -> PriceTable:
    """Return the built-in table, with the entries of the file at `path` laid over it.

    Raises:
        ConfigurationError: the file is missing, malformed, or names an unknown model.
    """
    table = tomllib.loads(_BUILT_IN.read_text(encoding="utf-8"))
    if path is not None:
        table |= _overrides(path)
    unknown = sorted(set(table) - {model.slug for model in MODELS})
    if unknown:
        raise ConfigurationError(f"PRICES_FILE names models that do not exist: {unknown}")
    try:
        prices = {slug: ModelPrice.model_validate(entry) for slug, entry in table.items()}
    except ValidationError as error:
        raise ConfigurationError(f"PRICES_FILE: {error.errors()[0]['msg']}") from error
    _check_complete(prices)
    return PriceTable(models=prices, credits_per_cent=credits_per_cent)


def _overrides(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"PRICES_FILE cannot be read: {error}") from error


def _check_complete(prices: Mapping[str, ModelPrice]) -> None:
    for model in MODELS:
        price = prices[model.slug]
        for choice in model.parameter_of("resolution").choices:
            if str(choice) not in price.video and str(choice) not in price.second:
                raise ConfigurationError(
                    f"PRICES_FILE: {model.slug} has no price for resolution {choice}"
                )
