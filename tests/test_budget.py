import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.budget import RequestBudget, RequestKind
from bot.jobs.budget_book import MemoryBook
from bot.jobs.budget_line import LONGEST_WAIT_S
from bot.pacing import WINDOW_S, Demand, Page, polls_share, used_up_evenly
from tests.virtual_time import DeadlockError, run_virtually

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
EPSILON_S = 1e-6


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who wants to make a request.

    Attributes:
        at_s: When they come.
        patience_s: They are cancelled so long after that; None: they wait.
        urgency: What they say when they are asked; None: they do not say.
    """

    at_s: float
    kind: RequestKind
    patience_s: float | None = None
    urgency: float | None = None


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


def _saying(urgency: float | None) -> Callable[[], float] | None:
    return None if urgency is None else lambda: urgency


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
                await budget.acquire(caller.kind, urgency=_saying(caller.urgency))
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
    """Return how many fall into the fullest window of a minute and what is allowed for the way."""
    return max(
        (
            sum(1 for other_s in moments_s if start_s <= other_s < start_s + WINDOW_S - EPSILON_S)
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
        # Not at the moment of a turn: the turn is lost if nobody is there to take it.
        patience_s=st.none() | st.floats(0.001, 120) | st.sampled_from([60.0]),
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

    assert times(grants, "submit") == pytest.approx([WINDOW_S] * 2, abs=0.01)
    assert times(grants, "poll") == pytest.approx([2 * WINDOW_S], abs=0.1)


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


# -- several processes, one book -------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Of:
    """Somebody who wants to make a request in one of several processes."""

    process: int
    caller: Caller


ofs = st.lists(
    st.builds(
        Of,
        process=st.integers(0, 2),
        caller=st.builds(
            Caller,
            at_s=st.floats(0, 90) | st.sampled_from([0.0]),
            kind=kinds,
            urgency=st.none() | st.floats(0, 10),
        ),
    ),
    max_size=25,
)


def served_by_several(
    per_minute: int, everybody: Sequence[Of], *, page: Page | None = None
) -> list[tuple[int, Grant]]:
    """Serve callers by three budgets on one book; return who was served by which, in order."""

    async def main() -> list[tuple[int, Grant]]:
        clock = asyncio.get_running_loop().time
        book = MemoryBook(clock=clock, page=page)
        budgets = [
            RequestBudget(per_minute=per_minute, book=book, process=f"bot-{number}", clock=clock)
            for number in range(3)
        ]
        served = await asyncio.gather(
            *(
                serve(budget, [of.caller for of in everybody if of.process == number])
                for number, budget in enumerate(budgets)
            )
        )
        grants = [(number, grant) for number, grants in enumerate(served) for grant in grants]
        return sorted(grants, key=lambda granted: granted[1].at_s)

    return run_virtually(main())


@given(per_minute=budgets, everybody=ofs)
def test_several_processes_share_one_budget(per_minute: int, everybody: list[Of]) -> None:
    """All together send at most N in any minute, and everybody gets a turn."""
    granted = served_by_several(per_minute, everybody)

    assert len(granted) == len(everybody)
    assert most_in_a_minute(times([grant for _, grant in granted])) <= per_minute


@given(per_minute=budgets, everybody=ofs)
def test_polls_give_way_to_submits_of_other_processes(per_minute: int, everybody: list[Of]) -> None:
    """No poll goes while a submit of any process waits."""
    grants = [grant for _, grant in served_by_several(per_minute, everybody)]

    submits = [grant for grant in grants if grant.caller.kind == "submit"]
    for poll_s in times(grants, "poll"):
        assert not [g for g in submits if g.caller.at_s + EPSILON_S < poll_s < g.at_s - EPSILON_S]


def test_an_idle_process_leaves_its_part_to_the_others() -> None:
    """One of three is busy: it has all of it."""
    everybody = [Of(process=0, caller=caller) for caller in at_once("submit", 30)]

    granted = served_by_several(30, everybody)

    assert [grant.at_s for _, grant in granted] == [0.0] * 30


def test_the_more_urgent_poll_of_another_process_goes_first() -> None:
    """As soon as both are known to wait."""
    everybody = [
        Of(process=number % 2, caller=Caller(at_s=0, kind="poll", urgency=float(number)))
        for number in range(12)
    ]

    granted = served_by_several(5, everybody)

    # The first two take what is free before they know of each other.
    order = [grant.caller.urgency or 0.0 for _, grant in granted]
    assert order[2:] == sorted(order[2:], reverse=True)


def test_a_dead_process_holds_nobody_up_for_long() -> None:
    """It had waiting submits when it was killed: polls of others wait for seconds, not for ever."""

    async def main() -> list[Grant]:
        clock = asyncio.get_running_loop().time
        book = MemoryBook(clock=clock)
        full = Demand(process="killed", submits=3)
        assert (await book.take(full, per_minute=2)).submits == 2
        living = RequestBudget(per_minute=2, book=book, process="living", clock=clock)
        return await serve(living, [Caller(at_s=WINDOW_S, kind="poll")])

    assert run_virtually(main())[0].at_s < WINDOW_S + 6


def test_a_429_of_one_process_stops_all_and_none_rushes_afterwards() -> None:
    """The others hear of it with their next look; all together go on at an even pace."""

    async def main() -> list[Grant]:
        clock = asyncio.get_running_loop().time
        book = MemoryBook(clock=clock)
        first, second = (
            RequestBudget(per_minute=60, book=book, process=name, clock=clock)
            for name in ("first", "second")
        )
        first.rate_limited(NOON + timedelta(seconds=30), now=NOON)
        await asyncio.sleep(0)
        callers = [*at_once("poll", 20), *at_once("submit", 20)]
        served = await asyncio.gather(serve(first, callers), serve(second, callers))
        assert second.paused is False
        return [grant for grants in served for grant in grants]

    moments = sorted(times(run_virtually(main())))

    assert moments[0] >= 30
    assert max(moments.count(moment) for moment in moments) == 1
    # About one a second, from the first to the last, whoever sends it.
    assert [len([at_s for at_s in moments if at_s < 30 + s]) for s in (10, 20, 40)] == [10, 20, 40]


# -- after a restart -------------------------------------------------------------------------


@given(per_minute=budgets, callers=st.integers(1, 30), kind=kinds)
def test_a_restart_goes_on_at_an_even_pace(
    per_minute: int, callers: int, kind: RequestKind
) -> None:
    """As if the last minute had been used up: no second budget, no burst, no long silence."""
    everybody = [Of(process=0, caller=caller) for caller in at_once(kind, callers)]
    page = used_up_evenly(per_minute, now_s=0)

    moments = [g.at_s for _, g in served_by_several(per_minute, everybody, page=page)]

    share = per_minute if kind == "submit" else polls_share(per_minute)
    for number, at_s in enumerate(moments, start=1):
        assert number * WINDOW_S / per_minute - 0.01 <= at_s
        assert at_s <= (number + 1) * WINDOW_S / share + 0.01


def test_a_limit_without_end_makes_no_page_without_end() -> None:
    """Hosts write a million for "as many as you like"; each decision looks through the page."""
    page = used_up_evenly(1_000_003, now_s=0)

    assert page.requests == 1_000_003
    assert page.polls == polls_share(1_000_003)
    assert len(page.taken) <= 1000


# -- odds and ends ----------------------------------------------------------------------------


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


def test_long_waits_are_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """The host reads that the budget is too small, and not a line for every poll."""
    served(5, at_once("poll", 40))

    lines = [record.message for record in caplog.records]
    assert 1 <= len(lines) <= 3
    assert "5 requests a minute (SEGMIND_REQUESTS_PER_MINUTE) are few" in lines[0]


def test_a_wait_for_a_429_is_not_blamed_on_the_budget(caplog: pytest.LogCaptureFixture) -> None:
    """A poll waits for a minute's pause: more requests a minute would not help."""

    async def main() -> list[Grant]:
        budget = virtual_budget(60)
        budget.rate_limited(None, now=NOON)
        return await serve(budget, at_once("poll", 1))

    (grant,) = run_virtually(main())

    assert grant.at_s == pytest.approx(60, abs=0.01)
    assert not caplog.records
