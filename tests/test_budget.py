import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.budget import RequestBudget, RequestKind
from tests.virtual_time import DeadlockError, run_virtually

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
EPSILON_S = 1e-6


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who wants to make a request.

    Attributes:
        at_s: When they come.
        patience_s: They are cancelled so long after that; None: they wait.
    """

    at_s: float
    kind: RequestKind
    patience_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A caller's turn.

    Attributes:
        number: The caller's place in the list.
        came: How many had come before them.
    """

    caller: Caller
    number: int
    came: int
    at_s: float


def virtual_budget(per_minute: int) -> RequestBudget:
    """Return a budget on the running loop's (virtual) clock."""
    return RequestBudget(per_minute=per_minute, clock=asyncio.get_running_loop().time)


async def serve(budget: RequestBudget, callers: Sequence[Caller]) -> list[Grant]:
    """Let everybody come at their time; return the turns given, in order."""
    loop = asyncio.get_running_loop()
    grants: list[Grant] = []
    arrivals = count()

    async def come(number: int, caller: Caller) -> None:
        await asyncio.sleep(caller.at_s)
        came = next(arrivals)
        try:
            async with asyncio.timeout(caller.patience_s):
                await budget.acquire(caller.kind)
        except TimeoutError:
            return
        grants.append(Grant(caller=caller, number=number, came=came, at_s=loop.time()))

    await asyncio.gather(*(come(number, caller) for number, caller in enumerate(callers)))
    return grants


def served(per_minute: int, callers: Sequence[Caller]) -> list[Grant]:
    """Serve callers with a fresh budget in virtual time."""

    async def main() -> list[Grant]:
        return await serve(virtual_budget(per_minute), callers)

    return run_virtually(main())


def times(grants: Sequence[Grant], kind: RequestKind | None = None) -> list[float]:
    """Return when turns (of a kind) were given."""
    return [grant.at_s for grant in grants if kind in (None, grant.caller.kind)]


def most_in_a_minute(moments_s: Sequence[float]) -> int:
    """Return how many fall into the fullest window of 60 s."""
    return max(
        (
            sum(1 for other_s in moments_s if start_s <= other_s < start_s + 60 - EPSILON_S)
            for start_s in moments_s
        ),
        default=0,
    )


def at_once(kind: RequestKind, number: int) -> list[Caller]:
    """Return many callers who come together, at the beginning."""
    return [Caller(at_s=0.0, kind=kind)] * number


kinds: st.SearchStrategy[RequestKind] = st.sampled_from(("submit", "poll"))
arrivals = st.lists(
    st.builds(Caller, at_s=st.floats(0, 150) | st.sampled_from([0.0, 60.0]), kind=kinds),
    max_size=25,
)
impatient = st.lists(
    st.builds(
        Caller,
        at_s=st.floats(0, 90) | st.sampled_from([0.0, 60.0]),
        kind=kinds,
        patience_s=st.none() | st.floats(0.0, 120) | st.sampled_from([0.0, 60.0]),
    ),
    max_size=25,
)
budgets = st.integers(2, 15)


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

    expected = [60.0 * (number // per_minute) for number in range(submits)]
    assert times(grants) == pytest.approx(expected, abs=0.01)


def test_within_the_budget_nobody_waits() -> None:
    """As long as the budget lasts, a turn comes at once."""
    callers = [Caller(at_s=second, kind="poll") for second in range(5)]

    assert times(served(10, callers)) == [0, 1, 2, 3, 4]


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


@given(per_minute=budgets, callers=arrivals)
def test_no_poll_goes_while_a_submit_waits(per_minute: int, callers: list[Caller]) -> None:
    """A poll that is given a turn never passes a submit that was there before."""
    grants = served(per_minute, callers)

    submits = [grant for grant in grants if grant.caller.kind == "submit"]
    for poll_s in times(grants, "poll"):
        assert not [g for g in submits if g.caller.at_s + EPSILON_S < poll_s < g.at_s - EPSILON_S]


def test_a_submit_overtakes_a_queue_of_polls() -> None:
    """A submit that comes last still goes first."""
    callers = [*at_once("poll", 30), Caller(at_s=1.0, kind="submit")]

    grants = served(5, callers)

    assert times(grants, "submit") == [1.0]
    assert times(grants, "poll")[:4] == [0, 0, 0, 0]


def test_polls_go_on_soon_after_the_last_submit() -> None:
    """Giving way costs a poll a twentieth of a second, not its place."""
    callers = [*at_once("submit", 10), *at_once("poll", 1)]

    grants = served(10, callers)

    # Ten submits fill the minute; at its end the poll goes.
    assert times(grants, "poll") == pytest.approx([60.0], abs=0.1)


# -- 429 ----------------------------------------------------------------------------------


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


# -- cancelled waiters ----------------------------------------------------------------------


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

    assert times(grants, "submit") == pytest.approx([60, 60], abs=0.01)
    assert times(grants, "poll") == pytest.approx([120], abs=0.1)


def test_the_virtual_clock_notices_a_deadlock() -> None:
    """What these tests rest on: waiting for what never comes fails instead of hanging."""

    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlockError):
        run_virtually(main())


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
