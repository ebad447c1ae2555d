"""Turns: edits that share a rate limit go one after the other, the most important first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.discord_ui.card_pace import Rank


@dataclass(eq=False)
class _Place:
    rank: Callable[[], Rank]
    called: asyncio.Future[None]


@dataclass(eq=False)
class _Line:
    waiting: list[_Place] = field(default_factory=list)
    taken: bool = False
    free_at_s: float = float("-inf")
    timer: asyncio.TimerHandle | None = None


class Turns:
    """One line for each rate limit: an interaction's token has its own, a channel's is shared.

    Who has the turn draws then, and not before: nothing waits with an old picture. Of equal rank
    goes first who came first, so that cards take turns.
    """

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, key: str, rank: Callable[[], Rank]) -> AsyncIterator[None]:
        """Wait for one's turn, and have it in here.

        Args:
            key: Names the rate limit.
            rank: Asked whenever somebody's turn comes: it may rise while one waits.
        """
        line = self._lines.setdefault(key, _Line())
        place = _Place(rank, asyncio.get_running_loop().create_future())
        line.waiting.append(place)
        self._call_next(key, line)
        try:
            await place.called
            yield
        finally:
            if place in line.waiting:
                line.waiting.remove(place)
            else:
                line.taken = False
            self._call_next(key, line)

    def hold(self, key: str, seconds: float) -> None:
        """Let nobody else have a turn for so long; to be called by who has it."""
        self._lines[key].free_at_s = asyncio.get_running_loop().time() + seconds

    def _call_next(self, key: str, line: _Line) -> None:
        if line.taken or line.timer is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < line.free_at_s:
            line.timer = loop.call_at(line.free_at_s, self._free_again, key, line)
        elif not line.waiting:
            del self._lines[key]
        elif here := [place for place in line.waiting if not place.called.done()]:
            place = min(here, key=lambda waiting: waiting.rank())
            line.waiting.remove(place)
            line.taken = True
            place.called.set_result(None)
        # Else all of them are being cancelled, and will call.

    def _free_again(self, key: str, line: _Line) -> None:
        line.timer, line.free_at_s = None, float("-inf")
        self._call_next(key, line)
