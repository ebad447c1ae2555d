"""Is this body what the model's page asks for? Pure: body in, complete values or an error out."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from bot.catalogue import JsonScalar, Model, Parameter

_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")


class InvalidBodyError(Exception):
    """The body breaks the model's contract; the text is the provider's answer."""


def complete_values(model: Model, body: Mapping[str, Any]) -> dict[str, JsonScalar | None]:
    """Check every documented parameter and fill in the defaults.

    Parameters the page does not know are ignored, as JSON APIs do; see `unknown_names`.

    Returns:
        A value (or None: not given and without a default) for each of the model's parameters.

    Raises:
        InvalidBodyError: A field is missing, of the wrong type, out of range or not a choice.
    """
    values: dict[str, JsonScalar | None] = {}
    for parameter in model.parameters:
        given = body.get(parameter.name)
        if given is not None:
            values[parameter.name] = _checked(parameter, given)
        elif parameter.required:
            raise InvalidBodyError(f"Missing required field: {parameter.name}")
        else:
            values[parameter.name] = parameter.default
    return values


def unknown_names(model: Model, body: Mapping[str, Any]) -> list[str]:
    """Name what was sent that the model's page does not document."""
    return sorted(set(body) - {parameter.name for parameter in model.parameters})


def _checked(parameter: Parameter, given: object) -> JsonScalar:
    value = _typed(parameter, given)
    name = parameter.name
    if parameter.choices and value not in parameter.choices:
        allowed = ", ".join(str(choice) for choice in parameter.choices)
        raise InvalidBodyError(f"{name} must be one of: {allowed}")
    if isinstance(value, int | float):
        if parameter.minimum is not None and value < parameter.minimum:
            raise InvalidBodyError(f"{name} must be at least {parameter.minimum:g}")
        if parameter.maximum is not None and value > parameter.maximum:
            raise InvalidBodyError(f"{name} must be at most {parameter.maximum:g}")
    if parameter.required and isinstance(value, str) and not value.strip():
        raise InvalidBodyError(f"{name} must not be empty")
    return value


def _typed(parameter: Parameter, given: object) -> JsonScalar:
    match parameter.type, given:
        case "string", str():
            return given
        case "string (uri)", str():
            parts = urlsplit(given)
            if parts.scheme in ("http", "https") and parts.netloc:
                return given
            raise InvalidBodyError(f"{parameter.name} must be a public http(s) URL")
        case "boolean", bool():
            return given
        case (("integer" | "number"), bool()):
            pass
        case "integer", int():
            return given
        # The pages' own examples send "5" and "720" for integers.
        case "integer", str() if _WHOLE_NUMBER.fullmatch(given):
            return int(given)
        case "number", (int() | float()) if isfinite(given):
            return given
        case _:
            pass
    raise InvalidBodyError(f"{parameter.name} must be of type {parameter.type}")
