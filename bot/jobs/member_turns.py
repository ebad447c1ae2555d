"""One order of a member at a time: whoever sends twenty holds up their own, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.errors import RefusedError
from bot.i18n import gettext, number_text
from bot.throttle import DEFAULT_PER_MINUTE, burst_of

# What a host finds such refusals counted under.
TOO_FAST = "too_fast"


@dataclass(kw_only=True)
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class MemberTurns:
    """A line for each member who has something to be done, for as long as they have.

    Pictures are fetched and opened a few at a time for all members together: without lines of
    their own, one who sends pictures that are made to be slow would take all those places.
    """

    def __init__(self, *, per_minute: int = DEFAULT_PER_MINUTE) -> None:
        """Make one.

        Args:
            per_minute: How many commands of one member are taken in a minute; as many of them
                wait here as may come in one go.
        """
        self._per_minute = per_minute
        self._most = burst_of(per_minute)
        self._lines: dict[int, _Line] = {}

    @asynccontextmanager
    async def turn(self, user_id: int) -> AsyncIterator[None]:
        """Be this member's only one for the length of the block, which begins in its turn.

        Raises:
            RefusedError: too many of this member's wait already.
        """
        line = self._lines.setdefault(user_id, _Line())
        if line.length >= self._most:
            raise too_fast(self._per_minute)
        line.length += 1
        try:
            async with line.lock:
                yield
        finally:
            line.length -= 1
            if line.length == 0:
                del self._lines[user_id]


def too_fast(per_minute: int) -> RefusedError:
    """Return the refusal of what one member sends too fast."""
    return RefusedError(
        gettext(
            "So that everybody gets a turn, I take at most {n} commands and presses a minute from "
            "one member. This one was not taken, and nothing was charged. Wait a few seconds, "
            "then send it again."
        ).format(n=number_text(per_minute)),
        rule=TOO_FAST,
    )
