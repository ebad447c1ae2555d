import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.budget import RequestKind
from bot.pacing import WINDOW_S
from tests.budget_kit import (
    NOON,
    Caller,
    Grant,
    at_once,
    budgets,
    kinds,
    most_in_a_minute,
    serve,
    served,
    times,
    virtual_budget,
)
from tests.virtual_time import run_virtually

impatient = st.lists(
    st.builds(
        Caller,
        at_s=st.floats(0, 90) | st.sampled_from([0.0, 60.0]),
        kind=kinds,
        # Not at the moment of a turn: the turn is lost if nobody is there to take it.
        patience_s=st.none() | st.floats(0.001, 120) | st.sampled_from([60.0]),
    ),
    max_size=25,
)


@given(per_minute=budgets, callers=impatient)
def test_cancelled_waiters_block_nobody(per_minute: int, callers: list[Caller]) -> None:
    """Whoever is cancelled whenever: no deadlock, the patient all get turns, the limit holds."""
    grants = served(per_minute, callers)

    patient = {n for n, caller in enumerate(callers) if caller.patience_s is None}
    assert patient <= {grant.number for grant in grants}
    assert most_in_a_minute(times(grants)) <= per_minute


@given(per_minute=budgets, callers=impatient)
def test_a_cancelled_waiter_uses_up_nothing(per_minute: int, callers: list[Caller]) -> None:
    """Submits are served as if those who gave up had never been there: no turn is lost."""
    submits = [replace(caller, kind="submit") for caller in callers]
    grants = served(per_minute, submits)

    stayed = [submits[n] for n in sorted(grant.number for grant in grants)]
    without = served(per_minute, [replace(caller, patience_s=None) for caller in stayed])

    assert times(grants) == pytest.approx(times(without), abs=0.01)


def test_polls_do_not_wait_for_a_submit_that_was_cancelled() -> None:
    """A submit that gave up no longer makes polls give way."""
    callers = [
        *at_once("submit", 2),
        Caller(at_s=0.0, kind="submit", patience_s=10),
        Caller(at_s=70.0, kind="poll"),
    ]

    assert times(served(2, callers), "poll") == [70.0]


def test_all_waiters_cancelled_at_once_leave_a_working_budget() -> None:
    """Shutting down in the middle of a full queue, then going on, works."""

    async def main() -> list[Grant]:
        budget = virtual_budget(2)
        waiting = [asyncio.create_task(budget.acquire("submit")) for _ in range(20)]
        await asyncio.sleep(1)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return await serve(budget, [*at_once("poll", 1), *at_once("submit", 2)])

    grants = run_virtually(main())

    assert times(grants, "submit") == pytest.approx([WINDOW_S] * 2, abs=0.01)
    assert times(grants, "poll") == pytest.approx([2 * WINDOW_S], abs=0.1)


def test_a_turn_of_somebody_cancelled_just_then_is_anothers() -> None:
    """It was counted: it must not be lost while somebody waits."""

    async def main() -> list[tuple[str, float]]:
        loop, went = asyncio.get_running_loop(), list[tuple[str, float]]()
        budget = virtual_budget(3)

        async def submit(name: str) -> None:
            await budget.acquire("submit")
            went.append((name, loop.time()))
            if name == "fourth":
                # It has its turn in this moment, and has not noticed.
                unlucky.cancel()

        await asyncio.gather(submit("first"), submit("second"))
        await asyncio.sleep(10)
        await submit("third")
        fourth, unlucky, lucky = (
            asyncio.create_task(submit(name)) for name in ("fourth", "unlucky", "lucky")
        )
        await asyncio.gather(fourth, unlucky, lucky, return_exceptions=True)
        return went[2:]

    went = run_virtually(main())

    assert went == [("third", 10), ("fourth", WINDOW_S), ("lucky", WINDOW_S)]


@pytest.mark.parametrize("paused", [False, True])
def test_a_turn_that_is_not_needed_is_handed_on(*, paused: bool) -> None:
    """To who waits, a submit or else the most urgent poll; not while a 429 holds all back."""

    async def main() -> list[tuple[str, float]]:
        loop, went = asyncio.get_running_loop(), list[tuple[str, float]]()
        budget = virtual_budget(2)

        async def go(name: str, kind: RequestKind, urgency: float) -> None:
            await budget.acquire(kind, urgency=lambda: urgency)
            went.append((name, loop.time()))

        await budget.acquire("submit")
        await budget.acquire("submit")
        waiting = [go("little", "poll", 1.0), go("much", "poll", 2.0), go("submit", "submit", 0.0)]
        tasks = [asyncio.create_task(one) for one in waiting]
        await asyncio.sleep(10)
        if paused:
            budget.rate_limited(NOON + timedelta(seconds=5), now=NOON)
        for _ in range(4):
            budget.hand_on()
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return went

    went = run_virtually(main())

    if paused:
        assert min(at_s for _, at_s in went) >= WINDOW_S
    else:
        assert went == [("submit", 10), ("much", 10), ("little", 10)]
