"""The file that a member takes along: JSON, written piece by piece."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from bot.i18n import N_, gettext

# Whole numbers beyond this are not exact in every program that reads JSON: written as text, as
# Discord does with its ids.
_EXACT = 2**53

ABOUT = N_(
    "All that this bot keeps about you. `jobs`: your videos, with what you asked for. "
    "`thumbnails`: small pictures of them. `credits`: what they took from your allowance and what "
    "moderators gave you; entries marked as a pseudonym of yours are left from an earlier deletion "
    "and count until their month is over. `blocks` and `allowances`: what moderators set for you. "
    "`drafts`: orders that you have begun. `presets` and `last_options`: what you saved, and what "
    "you chose last for a command. `preferences`: your own settings. `moderation`: what moderators "
    "did about you, and what you did as one; other people are not named. Discord keeps the "
    "messages in its channels itself. Times are in UTC; a `guild_id` of 0 means direct messages. "
    "`/privacy delete` removes it."
)


class ExportFile:
    """A JSON object with a list for each kind of row; rows of a kind must come together.

    Blocking: for a thread.
    """

    def __init__(self, path: Path, *, user_id: int, made_at: datetime) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._kind: str | None = None
        head = {"about": gettext(ABOUT), "user_id": str(user_id), "made_at": made_at.isoformat()}
        self._file.write(_indented(head).removesuffix("\n}"))

    def write(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Self:
        """Add rows, each with its kind."""
        for kind, row in rows:
            if kind == self._kind:
                self._file.write(",\n    ")
            else:
                self._end_list()
                self._kind = kind
                self._file.write(f",\n  {json.dumps(kind)}: [\n    ")
            self._file.write(_indented(_plain(row)).replace("\n", "\n    "))
        return self

    def close(self) -> None:
        """Write the end."""
        self._end_list()
        self._file.write("\n}\n")
        self._file.close()

    def _end_list(self) -> None:
        if self._kind is not None:
            self._file.write("\n  ]")


def _indented(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _plain(value: object) -> object:
    """Return a value in JSON's own types."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int) and abs(value) > _EXACT:
        return str(value)
    return value
