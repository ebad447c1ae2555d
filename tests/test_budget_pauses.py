import asyncio
import contextlib
import itertools
from datetime import timedelta

import pytest

from bot.jobs.budget import RequestKind
from bot.jobs.budget_line import LONGEST_WAIT_S
from bot.pacing import WINDOW_S
from tests.budget_kit import (
    EPSILON_S,
    NOON,
    Caller,
    Grant,
    at_once,
    serve,
    times,
    virtual_budget,
)
from tests.virtual_time import run_virtually


@pytest.mark.parametrize(
    ("reset_in_s", "pause_s"),
    [
        (12.0, 12.0),
        (None, 60.0),
        (0.0, 1.0),
        (-3600.0, 1.0),
        (86_400.0, 300.0),
    ],
    ids=["as told", "not told", "now", "their clock is behind", "their clock is ahead"],
)
@pytest.mark.parametrize("kind", ["submit", "poll"])
def test_after_a_429_nothing_goes_until_the_reset(
    kind: RequestKind, reset_in_s: float | None, pause_s: float
) -> None:
    """The header is obeyed, but a wrong clock makes us neither hammer nor fall silent."""

    async def main() -> list[Grant]:
        budget = virtual_budget(10)
        reset_at = None if reset_in_s is None else NOON + timedelta(seconds=reset_in_s)
        budget.rate_limited(reset_at, now=NOON)
        return await serve(budget, at_once(kind, 1))

    assert times(run_virtually(main())) == pytest.approx([pause_s], abs=0.01)


def test_a_429_holds_back_those_who_wait_already() -> None:
    """A waiter who would have gone at 60 s waits on when a 429 comes meanwhile."""

    async def main() -> list[Grant]:
        budget = virtual_budget(2)

        async def trouble() -> None:
            await asyncio.sleep(50)
            budget.rate_limited(NOON + timedelta(seconds=30), now=NOON)

        grants, _ = await asyncio.gather(serve(budget, at_once("submit", 3)), trouble())
        return grants

    assert times(run_virtually(main())) == pytest.approx([0, 0, 80], abs=0.01)


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Two answers of 429: the later reset counts."""

    async def main() -> list[Grant]:
        budget = virtual_budget(10)
        budget.rate_limited(NOON + timedelta(seconds=40), now=NOON)
        budget.rate_limited(NOON + timedelta(seconds=5), now=NOON)
        return await serve(budget, at_once("poll", 1))

    assert times(run_virtually(main())) == pytest.approx([40], abs=0.01)


def test_paused_says_whether_a_429_holds() -> None:
    """The cards tell members why it takes longer, exactly as long as it does."""

    async def main() -> list[bool]:
        budget = virtual_budget(10)
        before = budget.paused
        budget.rate_limited(NOON + timedelta(seconds=5), now=NOON)
        during = budget.paused
        await asyncio.sleep(5.001)
        return [before, during, budget.paused]

    assert run_virtually(main()) == [False, True, False]


@pytest.mark.parametrize("per_minute", [10, 60, 600])
def test_after_a_429_a_hundred_polls_go_at_an_even_pace(per_minute: int) -> None:
    """All were held back by the same pause: they must not be the next burst."""

    async def main() -> list[Grant]:
        budget = virtual_budget(per_minute)
        budget.rate_limited(NOON + timedelta(seconds=30), now=NOON)
        return await serve(budget, [Caller(at_s=0, kind="poll") for _ in range(100)])

    moments = [grant.at_s for grant in run_virtually(main())]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments[:50])]

    assert len(moments) == 100
    assert moments[0] >= 30
    assert min(gaps) >= 60 / per_minute - EPSILON_S


def test_submits_that_are_refused_again_and_again_do_not_starve_polls() -> None:
    """Each 429 holds all back until the next submit waits: a video must be found all the same."""

    async def main() -> list[float]:
        loop, polls = asyncio.get_running_loop(), list[float]()
        budget = virtual_budget(5)

        async def refused() -> None:
            while True:
                await budget.acquire("submit")
                budget.rate_limited(None, now=NOON)
                await asyncio.sleep(60)

        async def poll() -> None:
            while True:
                await budget.acquire("poll", urgency=lambda: 1.0)
                polls.append(loop.time())
                await asyncio.sleep(30)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1200):
                await asyncio.gather(*(refused() for _ in range(3)), *(poll() for _ in range(3)))
        return polls

    polls_s = [0.0, *run_virtually(main())]

    gaps_s = [after - before for before, after in itertools.pairwise(polls_s)]
    assert len(gaps_s) > 5
    assert max(gaps_s) < LONGEST_WAIT_S + 2 * WINDOW_S


def test_a_turn_from_before_a_429_is_given_up() -> None:
    """Both have their turn; the first hears a 429 before the second could go."""

    async def main() -> list[float]:
        loop, went = asyncio.get_running_loop(), list[float]()
        budget = virtual_budget(10)

        async def submit() -> None:
            await budget.acquire("submit")
            went.append(loop.time())
            budget.rate_limited(NOON + timedelta(seconds=30), now=NOON)

        await asyncio.gather(submit(), submit())
        return went

    assert run_virtually(main()) == [0, 30]


def test_a_wait_for_a_429_is_not_blamed_on_the_budget(caplog: pytest.LogCaptureFixture) -> None:
    """A poll waits for a minute's pause: more requests a minute would not help."""

    async def main() -> list[Grant]:
        budget = virtual_budget(60)
        budget.rate_limited(None, now=NOON)
        return await serve(budget, at_once("poll", 1))

    (grant,) = run_virtually(main())

    assert grant.at_s == pytest.approx(60, abs=0.01)
    assert not caplog.records
