"""What Discord sends when a form is filled in: the same for all forms; pure.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import discord


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A filled form.

    Attributes:
        custom_id: The form's own.
        values: By the custom ids of its inputs: what was written (empty: nothing), or the first
            of what was chosen or attached (None: nothing).
        attachments: What was attached, by the ids that `values` has.
    """

    custom_id: str
    values: Mapping[str, str | None]
    attachments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def submitted(interaction: discord.Interaction[Any]) -> Submitted | None:
    """Return the form that an interaction submits; None when it is anything else."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return None
    data: Mapping[str, Any] = interaction.data or {}
    return Submitted(
        custom_id=str(data.get("custom_id", "")),
        values=dict(_values(data.get("components", ()))),
        attachments=data.get("resolved", {}).get("attachments", {}),
    )


def _values(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str | None]]:
    for component in components:
        inner = component.get("component", component)  # inside its label
        if "values" in inner:
            yield inner["custom_id"], next(iter(map(str, inner["values"])), None)
        elif "value" in inner:
            yield inner["custom_id"], str(inner["value"] or "")
