"""Request bodies as Discord's own client makes them, from plain Python values."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp

from sandbox.discord_api.component_kinds import Kind
from sandbox.discord_api.modals import INPUTS
from sandbox.discord_api.wire import Json, dump

OptionValue: TypeAlias = str | int | float | bool | Path
ModalValue: TypeAlias = str | bool | Sequence[str] | Path | None


@dataclass(kw_only=True)
class ClientForm:
    """A request body in the making: JSON and the files it refers to by number."""

    files: list[Path] = field(default_factory=list)

    def attach(self, path: Path) -> int:
        """Adds a file; its number."""
        self.files.append(path)
        return len(self.files) - 1

    def entries(self) -> list[Json]:
        """The `attachments` entries of the files."""
        return [{"id": str(n), "filename": path.name} for n, path in enumerate(self.files)]

    async def encode(self, payload: Json) -> dict[str, Any]:
        """The request's arguments: JSON, or multipart when there are files."""
        if not self.files:
            return {"json": payload}
        form = aiohttp.FormData()
        form.add_field("payload_json", dump(payload), content_type="application/json")
        for number, path in enumerate(self.files):
            content = await asyncio.to_thread(path.read_bytes)
            form.add_field(f"files[{number}]", io.BytesIO(content), filename=path.name)
        return {"data": form}


def filled_option(
    known: Mapping[str, Json], name: str, value: OptionValue, form: ClientForm
) -> Json:
    """One option as Discord's client sends it. An unknown one is sent, to see it refused."""
    kind = known.get(name, {"type": 3})["type"]
    sent: Any = form.attach(value) if isinstance(value, Path) else value
    return {"type": kind, "name": name, "value": sent}


def filled_part(part: Json, values: Mapping[str, ModalValue], form: ClientForm) -> Json:
    """One component of a modal, filled in, as Discord's client sends it."""
    sent: Json = {"type": part["type"], "id": part.get("id")}
    if part["type"] == Kind.ACTION_ROW:
        sent["components"] = [filled_part(inner, values, form) for inner in part["components"]]
    elif part["type"] == Kind.LABEL:
        sent["component"] = filled_part(part["component"], values, form)
    elif part["type"] in INPUTS:
        value = values.get(part["custom_id"])
        sent |= {"custom_id": part["custom_id"], **_value(part, value, form)}
    return sent


def _value(part: Json, value: ModalValue, form: ClientForm) -> Json:
    if part["type"] == Kind.TEXT_INPUT:
        return {"value": part.get("value") or "" if value is None else value}
    if part["type"] in (Kind.RADIO_GROUP, Kind.CHECKBOX):
        return {"value": part.get("default") if value is None else value}
    if isinstance(value, Path):
        return {"values": [str(form.attach(value))]}
    if value is None:
        return {"values": [o["value"] for o in part.get("options", ()) if o.get("default")]}
    return {"values": list(value) if isinstance(value, (list, tuple)) else []}
