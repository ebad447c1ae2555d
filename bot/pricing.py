"""Estimated prices: a table by model, resolution and duration, in USD and in credits."""

import math
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.catalogue import MODELS, JsonScalar, Model, Parameter
from bot.errors import ConfigurationError

_BUILT_IN = Path(__file__).parent / "catalogue" / "prices.toml"
_CENTS_PER_USD = 100
# Our options that set the size or the length, and with them the price.
_PRICED_OPTIONS = ("duration", "resolution", "frames", "fps")

Usd = Annotated[Decimal, Field(ge=0)]


class ModelPrice(BaseModel):
    """USD by resolution, per second of video or per video.

    Attributes:
        second: Resolution (as the model writes it) to USD per second.
        video: Resolution to USD per video.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    second: dict[str, Usd] = Field(default_factory=dict)
    video: dict[str, Usd] = Field(default_factory=dict)


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
        cents = self.usd(model, parameters) * _CENTS_PER_USD
        return max(1, math.ceil(cents * Decimal(str(self.credits_per_cent))))

    @cached_property
    def cheapest(self) -> dict[str, int]:
        """Slug to the least credits a video of that model costs."""
        return {model.slug: self.range_credits(model)[0] for model in MODELS}

    @property
    def cheapest_credits(self) -> int:
        """What the cheapest video of all costs."""
        return min(self.cheapest.values())

    @property
    def cheapest_usd(self) -> float:
        """The estimated price in USD of the cheapest video of all, to the next credit."""
        return float(self.cheapest_credits * self.usd_per_credit)

    @property
    def usd_per_credit(self) -> Decimal:
        """What one credit of estimated price is in USD."""
        return 1 / (_CENTS_PER_USD * Decimal(str(self.credits_per_cent)))

    def range_credits(self, model: Model) -> tuple[int, int]:
        """Return the least and the most credits that a video of this model can cost."""
        extremes = {
            option.parameter: _extremes(model.parameter(option.parameter))
            for option in model.options
            if option.name in _PRICED_OPTIONS
        }
        found = [
            self.credits(model, dict(zip(extremes, values, strict=True)))
            for values in product(*extremes.values())
        ]
        return min(found), max(found)


def _extremes(parameter: Parameter) -> tuple[JsonScalar, ...]:
    """Return all choices, or both ends of the range: the price is monotonic between them."""
    if parameter.choices:
        return parameter.choices
    return tuple(int(end) for end in (parameter.minimum, parameter.maximum) if end is not None)


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
    prices = {slug: _price(slug, entry) for slug, entry in table.items()}
    _check_resolutions(prices)
    return PriceTable(models=prices, credits_per_cent=credits_per_cent)


def _overrides(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not TOML, or not UTF-8
        raise ConfigurationError(f"PRICES_FILE cannot be read: {error}") from error


def _price(slug: str, entry: object) -> ModelPrice:
    try:
        return ModelPrice.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = " ".join((slug, *map(str, first["loc"])))
        raise ConfigurationError(f"PRICES_FILE: {place}: {first['msg']}") from error


def _check_resolutions(prices: Mapping[str, ModelPrice]) -> None:
    """Every resolution of every model has a price, and there are no others (a misspelling)."""
    for model in MODELS:
        price = prices[model.slug]
        taken = [str(choice) for choice in model.parameter_of("resolution").choices]
        priced = price.second.keys() | price.video.keys()
        for choice in taken:
            if choice not in priced:
                raise ConfigurationError(
                    f"PRICES_FILE: {model.slug} has no price for resolution {choice}"
                )
        if unknown := sorted(priced - set(taken)):
            raise ConfigurationError(
                f"PRICES_FILE: {model.slug} has no resolution {unknown[0]}; it takes "
                f"{', '.join(taken)}"
            )
