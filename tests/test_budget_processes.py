import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.budget import RequestBudget, RequestKind
from bot.jobs.budget_book import MemoryBook
from bot.pacing import WINDOW_S, Demand, Page, polls_share, used_up_evenly
from tests.budget_kit import (
    EPSILON_S,
    NOON,
    Caller,
    Grant,
    at_once,
    budgets,
    kinds,
    most_in_a_minute,
    serve,
    times,
)
from tests.virtual_time import run_virtually


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
