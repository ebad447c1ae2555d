"""One order of a member at a time: in virtual time, so that every order is exact."""

import asyncio

import pytest

from bot.errors import RefusedError
from bot.jobs.member_turns import MemberTurns
from tests.virtual_time import run_virtually

MIA, THEO = 1, 2


class Scene:
    """Notes when each piece of work ends."""

    def __init__(self, turns: MemberTurns) -> None:
        self.turns = turns
        self.ended: list[tuple[int, float]] = []

    async def work(self, who: int, lasts_s: float = 1.0) -> None:
        """Do something in a member's turn."""
        async with self.turns.turn(who):
            await asyncio.sleep(lasts_s)
            self.ended.append((who, round(asyncio.get_running_loop().time(), 3)))


def test_one_member_waits_only_for_themselves() -> None:
    """Mia's second order begins after her first; Theo's at once."""
    scene = Scene(MemberTurns())

    async def main() -> None:
        await asyncio.gather(scene.work(MIA), scene.work(MIA), scene.work(THEO))

    run_virtually(main())

    assert scene.ended == [(MIA, 1.0), (THEO, 1.0), (MIA, 2.0)]


def test_a_line_that_is_too_long_takes_no_more() -> None:
    """The refusal says what is allowed and that nothing was charged; the line goes on."""
    scene = Scene(MemberTurns(per_minute=12))

    async def main() -> None:
        work = [asyncio.create_task(scene.work(MIA)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match=r"at most 12 .* nothing was charged") as refused:
            await scene.work(MIA)
        assert refused.value.rule == "too_fast"
        await asyncio.gather(*work)
        await scene.work(MIA)

    run_virtually(main())

    assert scene.ended == [(MIA, 1.0), (MIA, 2.0), (MIA, 3.0)]


def test_work_that_fails_or_is_given_up_leaves_the_line() -> None:
    """The next one's turn comes, and nothing is remembered of whoever has none left."""
    turns = MemberTurns()
    scene = Scene(turns)

    async def fail() -> None:
        async with turns.turn(MIA):
            raise ValueError("it failed")

    async def main() -> None:
        first = asyncio.create_task(scene.work(MIA, 60.0))
        second = asyncio.create_task(scene.work(MIA, 60.0))
        await asyncio.sleep(1.0)
        second.cancel()
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        with pytest.raises(ValueError, match="it failed"):
            await fail()
        await scene.work(MIA)

    run_virtually(main())

    assert scene.ended == [(MIA, 2.0)]
    assert not turns._lines
