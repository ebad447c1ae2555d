"""What a member filled in for a command, checked against the registered command. Pure."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.discord_api.commands import OptionKind
from sandbox.discord_api.errors import FormErrors, Path
from sandbox.discord_api.wire import Json

REFERENCES = {
    OptionKind.USER: "users",
    OptionKind.CHANNEL: "channels",
    OptionKind.ROLE: "roles",
    OptionKind.MENTIONABLE: "mentionables",
    OptionKind.ATTACHMENT: "attachments",
}
GROUPS = (OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP)
LARGEST = 2**53


@dataclass(kw_only=True)
class Filled:
    """The options as the bot gets them.

    Attributes:
        errors: Where faults go.
        typing: The member is still typing (autocomplete): nothing is required yet.
        references: The ids that options refer to, by kind of object.
        focused: The option being typed.
    """

    errors: FormErrors
    typing: bool = False
    options: list[Json] = field(default_factory=list)
    references: dict[str, list[str]] = field(default_factory=dict)
    focused: str | None = None


def checked_options(
    command: Json, given: Any, *, errors: FormErrors, typing: bool = False
) -> Filled:
    """Checks a command's filled options; faults are recorded in `errors`.

    Args:
        command: The registered command.
        given: The request's `data.options`.
        errors: Where faults go.
        typing: The member is still typing (autocomplete).
    """
    filled = Filled(errors=errors, typing=typing)
    path: Path = ("data", "options")
    filled.options = _level(filled, command.get("options", []), given, path)
    if typing and filled.focused is None:
        errors.add(path, "BASE_TYPE_REQUIRED", "One option must be focused")
    return filled


def _level(filled: Filled, known: list[Json], given: Any, path: Path) -> list[Json]:
    by_name = {option["name"]: option for option in known}
    result: list[Json] = []
    seen: set[str] = set()
    for index, option in enumerate(given if isinstance(given, list) else []):
        at = (*path, index)
        name = option.get("name") if isinstance(option, dict) else None
        definition = by_name.get(str(name))
        if definition is None or name in seen:
            text = f"The option {name!r} is not one of this command's"
            filled.errors.add(at, "APPLICATION_COMMAND_OPTION_UNKNOWN", text)
            continue
        seen.add(str(name))
        result.append(_option(filled, definition, option, at))
    if known and known[0]["type"] in GROUPS and len(result) != 1:
        filled.errors.add(path, "BASE_TYPE_REQUIRED", "Exactly one sub-command must be chosen")
    for definition in known:
        if definition.get("required") and definition["name"] not in seen and not filled.typing:
            text = f"This field is required: {definition['name']}"
            filled.errors.add((*path, definition["name"]), "BASE_TYPE_REQUIRED", text)
    return result


def _option(filled: Filled, definition: Json, given: Json, at: Path) -> Json:
    kind = OptionKind(definition["type"])
    option: Json = {"type": int(kind), "name": definition["name"]}
    if given.get("type") not in (None, int(kind)):
        text = f"Option {definition['name']} has type {int(kind)}"
        filled.errors.add((*at, "type"), "APPLICATION_COMMAND_OPTION_TYPE_INVALID", text)
    if kind in GROUPS:
        known = definition.get("options", [])
        nested = _level(filled, known, given.get("options", []), (*at, "options"))
        return option | {"options": nested}
    value = given.get("value")
    if filled.typing and given.get("focused"):
        if not definition.get("autocomplete"):
            text = "This option has no autocomplete"
            filled.errors.add(at, "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID", text)
        filled.focused = definition["name"]
        return option | {"value": value, "focused": True}
    fault = None if filled.typing else value_fault(definition, value)
    if fault is not None:
        filled.errors.add((*at, "value"), *fault)
    elif kind in REFERENCES:
        value = str(value)
        if not filled.typing:
            filled.references.setdefault(REFERENCES[kind], []).append(value)
    return option | {"value": value}


def value_fault(definition: Json, value: Any) -> tuple[str, str] | None:
    """Why a value does not fit its option, as error code and message; None when it does."""
    kind = OptionKind(definition["type"])
    if kind is OptionKind.STRING:
        return _text_fault(definition, value)
    if kind in (OptionKind.INTEGER, OptionKind.NUMBER):
        return _number_fault(definition, value, whole=kind is OptionKind.INTEGER)
    if kind is OptionKind.BOOLEAN:
        fits = isinstance(value, bool)
        return None if fits else ("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    fits = isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).isdecimal()
    return None if fits else ("NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')


def _text_fault(definition: Json, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "STRING_TYPE_CONVERT", "Could not interpret value as string."
    low, high = definition.get("min_length") or 0, definition.get("max_length") or 6000
    if not low <= len(value) <= high:
        return "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length."
    if definition.get("required") and not value:
        return "BASE_TYPE_REQUIRED", "This field is required"
    return _choice_fault(definition, value)


def _number_fault(definition: Json, value: Any, *, whole: bool) -> tuple[str, str] | None:
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        return "NUMBER_TYPE_COERCE", f'Value "{value}" is not {"int" if whole else "float"}.'
    low = definition.get("min_value", -LARGEST)
    high = definition.get("max_value", LARGEST)
    if value < low:
        return "NUMBER_TYPE_MIN", f"Value should be greater than or equal to {low}."
    if value > high:
        return "NUMBER_TYPE_MAX", f"Value should be less than or equal to {high}."
    return _choice_fault(definition, value)


def _choice_fault(definition: Json, value: Any) -> tuple[str, str] | None:
    values = [choice["value"] for choice in definition.get("choices", ())]
    if not values or value in values:
        return None
    return "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(map(repr, values))}}}."
