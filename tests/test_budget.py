import asyncio
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.budget import RequestBudget
from bot.jobs.budget_line import LONGEST_WAIT_S
from bot.pacing import WINDOW_S, polls_share
from tests.budget_kit import (
    EPSILON_S,
    Caller,
    arrivals,
    at_once,
    budgets,
    most_in_a_minute,
    served,
    times,
    virtual_budget,
)
from tests.virtual_time import run_virtually

# -- never more than allowed ------------------------------------------------------------


@given(per_minute=budgets, callers=arrivals)
def test_no_sliding_minute_holds_more_than_the_budget(
    per_minute: int, callers: list[Caller]
) -> None:
    """Whatever the arrivals: at most N in any 60 s, and everybody gets a turn."""
    grants = served(per_minute, callers)

    assert len(grants) == len(callers)
    assert most_in_a_minute(times(grants)) <= per_minute


@given(per_minute=st.integers(2, 40), polls=st.integers(1, 60))
def test_polls_alone_leave_some_for_submits(per_minute: int, polls: int) -> None:
    """One in ten (at least one) is kept free for submits, however many polls there are."""
    grants = served(per_minute, at_once("poll", polls))

    assert most_in_a_minute(times(grants)) == min(polls, per_minute - max(1, per_minute // 10))


@given(per_minute=budgets, submits=st.integers(1, 40))
def test_submits_use_the_whole_budget(per_minute: int, submits: int) -> None:
    """Submits go in full batches: nothing of the budget is wasted on caution."""
    grants = served(per_minute, at_once("submit", submits))

    expected = [WINDOW_S * (number // per_minute) for number in range(submits)]
    assert times(grants) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("per_minute", "together"), [(2, 1), (5, 2), (10, 2), (60, 5), (120, 10), (1000, 90)]
)
def test_a_tenth_of_the_polls_may_go_together(per_minute: int, together: int) -> None:
    """After a quiet minute a few polls go at once, and the others wait for their pace."""
    grants = served(per_minute, at_once("poll", 100))

    assert times(grants).count(0.0) == together


@pytest.mark.parametrize("per_minute", [5, 10, 60, 200])
def test_polls_under_pressure_go_evenly(per_minute: int) -> None:
    """No burst and no silence: at any time about as many went as should have, and none is lost."""
    grants = served(per_minute, at_once("poll", 4 * per_minute))

    share = polls_share(per_minute)
    behind = [number - share * at_s / WINDOW_S for number, at_s in enumerate(sorted(times(grants)))]
    assert max(behind) <= max(share / 10, 2)
    assert min(behind) >= -max(share / 120, 1)
    gaps_s = [later - earlier for earlier, later in itertools.pairwise(sorted(times(grants)))]
    assert max(gaps_s) <= max(2.01 * WINDOW_S / share, 1.0)


@given(per_minute=st.integers(2, 12))
def test_a_small_budget_is_used_to_the_last_request(per_minute: int) -> None:
    """Of five a minute, five go: those of the submits too, when there are any."""
    share = polls_share(per_minute)
    callers = at_once("poll", 3 * share)
    for minute in range(3):
        at_s = 0.5 + minute * (WINDOW_S + 0.5)
        callers += [Caller(at_s=at_s, kind="submit")] * (per_minute - share)

    moments = times(served(per_minute, callers))

    assert max(moments) < 3 * WINDOW_S


def test_submits_never_wait_for_a_pace() -> None:
    """Within the budget a turn comes at once."""
    assert times(served(60, at_once("submit", 60))) == [0.0] * 60


def test_a_budget_that_leaves_nothing_for_polls_is_refused() -> None:
    """One a minute would never let a poll go: say so at once."""
    with pytest.raises(ValueError, match="a budget of 1 a minute"):
        RequestBudget(per_minute=1)


# -- who comes first --------------------------------------------------------------------


@given(per_minute=budgets, callers=arrivals)
def test_callers_of_a_kind_are_served_in_the_order_they_came(
    per_minute: int, callers: list[Caller]
) -> None:
    """First come, first served, within submits and within polls."""
    grants = served(per_minute, callers)

    for kind in ("submit", "poll"):
        order = [grant.came for grant in grants if grant.caller.kind == kind]
        assert order == sorted(order)


def test_the_most_urgent_poll_goes_first() -> None:
    """Not who came first; who says nothing is before all others."""
    urgencies = [1.0, 7.0, None, 3.0, 9.0]
    callers = [Caller(at_s=0, kind="poll", urgency=urgency) for urgency in urgencies]

    grants = served(2, callers)

    assert [grant.caller.urgency for grant in grants] == [None, 9.0, 7.0, 3.0, 1.0]


def test_urgency_is_asked_for_when_it_counts() -> None:
    """It changes while somebody waits: who was less urgent at first may be more so later."""

    async def main() -> list[str]:
        loop, order = asyncio.get_running_loop(), list[str]()
        budget = virtual_budget(2)

        async def poll(name: str, urgency: Callable[[], float]) -> None:
            await budget.acquire("poll", urgency=urgency)
            order.append(name)

        await asyncio.gather(
            poll("first", lambda: 100.0),
            poll("steady", lambda: 50.0),
            poll("growing", loop.time),
        )
        return order

    assert run_virtually(main()) == ["first", "growing", "steady"]


@settings(max_examples=30)  # each serves up to 120
@given(
    per_minute=budgets,
    urgencies=st.lists(st.none() | st.floats(allow_nan=False), min_size=1, max_size=20),
    rivals=st.integers(0, 100),
)
def test_everybody_gets_a_turn(per_minute: int, urgencies: list[float | None], rivals: int) -> None:
    """However little urgent, and however many come later who are more so."""
    callers = [Caller(at_s=0, kind="poll", urgency=urgency) for urgency in urgencies]
    callers += [Caller(at_s=4.0 * number, kind="poll") for number in range(rivals)]

    grants = served(per_minute, callers)

    last_s = max(grant.at_s for grant in grants if grant.number < len(urgencies))
    share = polls_share(per_minute)
    # Who came within the first five minutes, all of them, and a window for a start.
    before = len(urgencies) + min(rivals, 76)
    assert last_s <= max(301.0, (before / share + 1) * WINDOW_S + 1)


@given(per_minute=budgets, callers=arrivals)
def test_a_submit_waits_only_while_nothing_is_free(per_minute: int, callers: list[Caller]) -> None:
    """When it goes, it is because one that went a minute ago has left the window."""
    grants = served(per_minute, callers)
    if any(g.at_s - g.caller.at_s > LONGEST_WAIT_S for g in grants if g.caller.kind == "poll"):
        return  # a few submits wait for polls that have waited for too long

    left = [grant.at_s + WINDOW_S for grant in grants]
    for grant in grants:
        if grant.caller.kind == "submit" and grant.at_s > grant.caller.at_s + 0.01:
            assert min(abs(grant.at_s - at_s) for at_s in left) < 0.01


@given(per_minute=budgets, callers=arrivals)
def test_no_poll_goes_while_a_submit_waits(per_minute: int, callers: list[Caller]) -> None:
    """A poll never passes a submit that was there before, unless it has waited for long."""
    grants = served(per_minute, callers)

    submits = [grant for grant in grants if grant.caller.kind == "submit"]
    overdue = [g for g in grants if g.at_s - g.caller.at_s > LONGEST_WAIT_S]
    for poll_s in times([grant for grant in grants if grant not in overdue], "poll"):
        assert not [g for g in submits if g.caller.at_s + EPSILON_S < poll_s < g.at_s - EPSILON_S]


def test_a_submit_overtakes_a_queue_of_polls() -> None:
    """A submit that comes last still goes first."""
    callers = [*at_once("poll", 30), Caller(at_s=59.0, kind="submit")]

    grants = served(5, callers)

    assert times(grants, "submit") == [59.0]
    assert len([at_s for at_s in times(grants, "poll") if at_s < 59]) == 4


def test_polls_go_on_soon_after_the_last_submit() -> None:
    """Giving way costs a poll a twentieth of a second, not its place."""
    callers = [*at_once("submit", 10), *at_once("poll", 1)]

    grants = served(10, callers)

    # Ten submits fill the minute; at its end the poll goes.
    assert times(grants, "poll") == pytest.approx([WINDOW_S], abs=0.1)


def test_long_waits_are_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """The host reads that the budget is too small, and not a line for every poll."""
    served(5, at_once("poll", 40))

    lines = [record.message for record in caplog.records]
    assert 1 <= len(lines) <= 3
    assert "5 requests a minute (SEGMIND_REQUESTS_PER_MINUTE) are few" in lines[0]
