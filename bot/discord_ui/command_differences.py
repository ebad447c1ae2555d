"""How the commands that Discord has differ from those that this version would register. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_CHAT_INPUT = 1
_TEXTS_BY_LOCALE = ("name_localizations", "description_localizations")
# What a command is to members; all else (ids, versions, older names of the same) is Discord's.
_MEANT = frozenset(
    {
        "autocomplete",
        "channel_types",
        "choices",
        "contexts",
        "default_member_permissions",
        "description",
        "integration_types",
        "max_length",
        "max_value",
        "min_length",
        "min_value",
        "name",
        "nsfw",
        "options",
        "required",
        "type",
        "value",
        *_TEXTS_BY_LOCALE,
    }
)

# As Discord's HTTP API has it, `with_localizations`.
Command = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Names of commands, in alphabetical order.

    Attributes:
        missing: Discord lacks them.
        stale: Discord has them, this version does not.
        changed: Both have them, and they are not the same.
    """

    missing: Sequence[str]
    stale: Sequence[str]
    changed: Sequence[str]

    def words(self) -> str:
        """Return them as one line; empty without any."""
        kinds = {
            "missing": self.missing,
            "not of this version": self.stale,
            "changed": self.changed,
        }
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names)


def differences(registered: Sequence[Command], wanted: Sequence[Command]) -> Differences:
    """Compare what members would notice.

    Args:
        registered: What Discord has.
        wanted: What this version would register.
    """
    there, needed = _by_name(registered), _by_name(wanted)
    changed = (
        key for key in there.keys() & needed.keys() if _plain(there[key]) != _plain(needed[key])
    )
    return Differences(
        missing=_names(needed.keys() - there.keys()),
        stale=_names(there.keys() - needed.keys()),
        changed=_names({*changed}),
    )


def _names(keys: set[tuple[int, str]]) -> list[str]:
    return sorted(name for _, name in keys)


def _by_name(commands: Sequence[Command]) -> dict[tuple[int, str], Command]:
    return {(one.get("type", _CHAT_INPUT), one["name"]): one for one in commands}


def _plain(node: Any) -> Any:
    """Return what a command means, without what is Discord's or says no more than its absence."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    plain = {}
    for name in _MEANT & node.keys():
        value = node[name]
        if name != "value" and (value is None or value is False or value in ("", [], {})):
            continue
        plain[name] = _plain_value(name, value)
    return plain


def _plain_value(name: str, value: Any) -> Any:
    if name in _TEXTS_BY_LOCALE:
        return {locale: text for locale, text in value.items() if text is not None}
    if name in {"contexts", "integration_types", "channel_types"}:
        return sorted(value)
    # Discord writes it as a string.
    return str(value) if name == "default_member_permissions" else _plain(value)
