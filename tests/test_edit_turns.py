"""Edits that share a rate limit take turns, the most important first, and nobody waits for ever."""

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord_ui.card_pace import Rank
from bot.discord_ui.edit_turns import Turns
from tests.virtual_time import run_virtually

ranks = st.sampled_from(list(Rank))


def always(rank: Rank) -> Callable[[], Rank]:
    """Return what says this rank."""
    return lambda: rank


@settings(max_examples=60, deadline=None)
@given(
    cards=st.lists(st.tuples(ranks, st.booleans()), min_size=1, max_size=20),
    hold_s=st.floats(0, 5),
)
def test_one_at_a_time_in_order_of_rank_and_arrival(
    cards: list[tuple[Rank, bool]], hold_s: float
) -> None:
    """Also when some of them are given up while they wait; none is passed over, no line is left."""
    turns, going, done, most = Turns(), 0, [], 0

    async def edit(number: int, rank: Rank) -> None:
        nonlocal going, most
        async with turns.turn("channel 1", always(rank)):
            going += 1
            most = max(most, going)
            await asyncio.sleep(1.0)
            going -= 1
            done.append((rank, number))

    async def main() -> None:
        async with turns.turn("channel 1", always(Rank.PROGRESS)):
            tasks = [asyncio.create_task(edit(n, rank)) for n, (rank, _) in enumerate(cards)]
            await asyncio.sleep(0)
            for task, (_, given_up) in zip(tasks, cards, strict=True):
                if given_up:
                    task.cancel()
            turns.hold("channel 1", hold_s)
        began_s = asyncio.get_running_loop().time()
        await asyncio.gather(*tasks, return_exceptions=True)
        if done:
            assert asyncio.get_running_loop().time() - began_s >= hold_s + len(done) - 1e-6
        await asyncio.sleep(hold_s + 1)

    run_virtually(main())

    kept = [(rank, number) for number, (rank, given_up) in enumerate(cards) if not given_up]
    assert done == sorted(kept)
    assert most <= 1
    assert not turns._lines


def test_a_rank_may_rise_while_it_waits() -> None:
    """The end of a job whose progress waits goes before the others."""
    order: list[str] = []

    async def edit(name: str, rank: Callable[[], Rank]) -> None:
        async with turns.turn("channel 1", rank):
            order.append(name)

    turns, risen = Turns(), [Rank.PROGRESS]

    async def main() -> None:
        async with turns.turn("channel 1", always(Rank.PROGRESS)):
            tasks = [
                asyncio.create_task(edit("first", always(Rank.STATE))),
                asyncio.create_task(edit("risen", lambda: risen[0])),
            ]
            await asyncio.sleep(0)
            risen[0] = Rank.END
        await asyncio.gather(*tasks)

    run_virtually(main())

    assert order == ["risen", "first"]
