"""The file that a member takes along: JSON, written piece by piece."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
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

# For hosts.
ABOUT_GUILD = (
    "What this bot keeps about a server. `policy`, `allowances`, `blocks` and `filter_rules`: what "
    "its moderators have set. `jobs`: its members' videos, with what they asked for. `credits`: "
    "the books. `moderation`: who did what. It holds members' words and ids: keep it safe. Times "
    "are in UTC. Forgotten jobs, pictures and interaction tokens are not in it."
)
# Rows that are written at once, in a thread.
_ROWS_A_WRITE = 100


class ExportFile:
    """A JSON object with a list for each kind of row; rows of a kind must come together.

    Blocking: for a thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        made_at: datetime,
        user_id: int | None = None,
        guild_id: int | None = None,
    ) -> None:
        """Begin a file about a member, or else about a guild."""
        self._file = path.open("w", encoding="utf-8")
        self._kind: str | None = None
        of_member = {"about": gettext(ABOUT), "user_id": str(user_id)}
        of_guild = {"about": ABOUT_GUILD, "guild_id": str(guild_id)}
        whose = of_guild if user_id is None else of_member
        head = whose | {"made_at": made_at.isoformat()}
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


async def write_rows(file: ExportFile, rows: AsyncIterator[tuple[str, Mapping[str, Any]]]) -> int:
    """Write rows as they come, in a thread, and the file's end; return how many they were."""
    count, waiting = 0, []
    try:
        async for row in rows:
            count += 1
            waiting.append(row)
            if len(waiting) == _ROWS_A_WRITE:
                await asyncio.to_thread(file.write, waiting)
                waiting = []
        await asyncio.to_thread(file.write, waiting)
    finally:
        await asyncio.to_thread(file.close)
    return count


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
