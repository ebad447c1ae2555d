"""What a member filled into a modal or chose in a select, checked. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord_api.component_kinds import SELECTS, Kind
from sandbox.discord_api.errors import FormErrors, Path
from sandbox.discord_api.files import Attachment
from sandbox.discord_api.wire import Json

REFERENCES = {
    Kind.USER_SELECT: "users",
    Kind.ROLE_SELECT: "roles",
    Kind.MENTIONABLE_SELECT: "mentionables",
    Kind.CHANNEL_SELECT: "channels",
    Kind.FILE_UPLOAD: "attachments",
}
INPUTS = SELECTS | {
    Kind.TEXT_INPUT,
    Kind.FILE_UPLOAD,
    Kind.RADIO_GROUP,
    Kind.CHECKBOX_GROUP,
    Kind.CHECKBOX,
}


@dataclass(kw_only=True)
class FilledModal:
    """The components as the bot gets them, and the ids they refer to by kind."""

    components: list[Json] = field(default_factory=list)
    references: dict[str, list[str]] = field(default_factory=dict)


def _inputs(components: Any) -> Iterator[Json]:
    """The filled inputs a client sent, however it nested them."""
    for component in components if isinstance(components, list) else []:
        if not isinstance(component, dict):
            continue
        if "custom_id" in component:
            yield component
        yield from _inputs(component.get("components"))
        yield from _inputs([component.get("component")])


def filled_modal(modal: Json, given: Any, *, errors: FormErrors) -> FilledModal:
    """The submitted modal in the shape of the one that was opened; faults go to `errors`."""
    values = {component["custom_id"]: component for component in _inputs(given)}
    filled = FilledModal()
    for index, part in enumerate(modal["components"]):
        at: Path = ("data", "components", index)
        shown: Json = {"type": part["type"], "id": part["id"]}
        if part["type"] == Kind.ACTION_ROW:
            inner = part["components"][0]
            at = (*at, "components", 0)
            shown["components"] = [_input(inner, values, filled, errors, at)]
        elif part["type"] == Kind.LABEL:
            at = (*at, "component")
            shown["component"] = _input(part["component"], values, filled, errors, at)
        filled.components.append(shown)
    return filled


def _input(
    asked: Json, values: dict[str, Json], filled: FilledModal, errors: FormErrors, at: Path
) -> Json:
    kind = Kind(asked["type"])
    given = values.get(asked["custom_id"], {})
    shown: Json = {"type": int(kind), "id": asked["id"], "custom_id": asked["custom_id"]}
    if kind is Kind.CHECKBOX:
        return shown | {"value": bool(given.get("value", asked["default"]))}
    if kind is Kind.TEXT_INPUT:
        return shown | {"value": _text(asked, given.get("value"), errors, (*at, "value"))}
    if kind is Kind.RADIO_GROUP:
        value = given.get("value")
        chosen = checked_values(
            asked, [] if value is None else [value], errors=errors, path=(*at, "value")
        )
        return shown | {"value": chosen[0] if chosen else None}
    chosen = checked_values(asked, given.get("values", []), errors=errors, path=(*at, "values"))
    if kind in REFERENCES and chosen:
        filled.references.setdefault(REFERENCES[kind], []).extend(chosen)
    return shown | {"values": chosen}


def _text(asked: Json, value: Any, errors: FormErrors, at: Path) -> str:
    text = value if isinstance(value, str) else ""
    low = asked.get("min_length") or 0
    high = asked.get("max_length") or 4000
    if asked["required"] and not text:
        errors.add(at, "BASE_TYPE_REQUIRED", "This field is required")
    elif text and not low <= len(text) <= high:
        errors.add(at, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
    return text


def checked_values(component: Json, values: Any, *, errors: FormErrors, path: Path) -> list[str]:
    """The chosen values of a select, file upload, radio or checkbox group."""
    chosen = [str(value) for value in values] if isinstance(values, list) else []
    low, high = component.get("min_values", 1), component.get("max_values", 1)
    skipped = not chosen and not component.get("required", True)
    if not skipped and component.get("required") and component["type"] == Kind.RADIO_GROUP:
        low = 1
    if not skipped and not low <= len(chosen) <= high:
        errors.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
    offered = [option["value"] for option in component.get("options", ())]
    if (offered and set(chosen) - set(offered)) or len(chosen) != len(set(chosen)):
        errors.add(path, "COMPONENT_VALIDATION_FAILED", "Component validation failed")
    return chosen


def rename_uploads(components: list[Json], attachments: dict[str, Attachment]) -> None:
    """File uploads name the attachments themselves to the bot, not the n of `files[n]`."""
    for component in _inputs(components):
        if component["type"] == Kind.FILE_UPLOAD:
            component["values"] = [attachments[index].id for index in component["values"]]
