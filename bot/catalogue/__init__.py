"""The models, their parameters and our options, as data.

Adding a model is adding an entry to `models.py` (and a price to `prices.toml`):
the slash signatures, autocomplete, validation, help and `models --json` follow.
"""

from bot.catalogue.models import MODELS
from bot.catalogue.options import OPTIONS, REQUIRED_OPTIONS, OptionSpec, option_spec
from bot.catalogue.types import (
    COMMANDS,
    JsonScalar,
    Kind,
    Model,
    ModelOption,
    Parameter,
    ParameterType,
)
from bot.catalogue.views import (
    as_json,
    as_markdown,
    find_model,
    models_matching,
    models_of_kind,
    union_bounds,
)

__all__ = [
    "COMMANDS",
    "MODELS",
    "OPTIONS",
    "REQUIRED_OPTIONS",
    "JsonScalar",
    "Kind",
    "Model",
    "ModelOption",
    "OptionSpec",
    "Parameter",
    "ParameterType",
    "as_json",
    "as_markdown",
    "find_model",
    "models_matching",
    "models_of_kind",
    "option_spec",
    "union_bounds",
]
