"""The circuit breaker's decisions, for any order of outcomes, and its one probe at a time."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    BrokenContractError,
    ContentBlockedError,
    ForbiddenError,
    GatewayError,
    InsufficientCreditsError,
    NeverStartedError,
    NotJsonError,
    NotReadyError,
    ProviderError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
    UncertainError,
    UnknownRequestError,
)
from bot.jobs.breaker import (
    FAILURES_TO_OPEN,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    Breaker,
    Health,
    Outcome,
    after,
    no_answer_words,
    out_of_order_words,
    outcome_of,
    pause_s,
)
from tests.job_steps_kit import Clock

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
DRAWS = st.floats(0, 1)
# What happened, whether it was a submit, and how many seconds after the call before.
CALLS = st.lists(
    st.tuples(st.sampled_from(Outcome), st.booleans(), st.floats(0, 400), DRAWS), max_size=60
)


def at(seconds: float) -> datetime:
    """Return a time after noon."""
    return NOON + timedelta(seconds=seconds)


def step(health: Health, outcome: Outcome, at_s: float, *, accepted: bool = False) -> Health:
    """Return the health after one more call, with the longest pause."""
    return after(health, outcome, accepted=accepted, now=at(at_s), at_s=at_s, draw=1.0)


def opened(at_s: float = 0.0) -> Health:
    """Return the health of a service that has just gone out of order."""
    health = Health()
    for _ in range(FAILURES_TO_OPEN):
        health = step(health, Outcome.DOWN, at_s)
    return health


# -- what a call tells ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, Outcome.WORKS),
        (NeverStartedError("refused"), Outcome.DOWN),
        (UncertainError("cut"), Outcome.DOWN),
        (ServerError("500", 500), Outcome.DOWN),
        (GatewayError("502", 502), Outcome.DOWN),
        (NotJsonError("a page", 200), Outcome.DOWN),
        (RateLimitedError("429", 429), Outcome.NEITHER),
        (BrokenContractError("no output", 200), Outcome.NEITHER),
        (NotReadyError("still running", 200), Outcome.NEITHER),
        (UnauthorizedError("401", 401), Outcome.WORKS),
        (ForbiddenError("403", 403), Outcome.WORKS),
        (InsufficientCreditsError("406", 406), Outcome.WORKS),
        (UnknownRequestError("404", 404), Outcome.WORKS),
        (ContentBlockedError("422", 422), Outcome.WORKS),
    ],
)
def test_only_a_service_that_does_not_answer_is_down(
    error: ProviderError | None, outcome: Outcome
) -> None:
    """A refusal is an answer; a 429 tells neither way."""
    assert outcome_of(error) is outcome


# -- deciding ----------------------------------------------------------------------------------


@given(CALLS)
def test_whatever_happens_the_pause_is_bounded_and_has_a_beginning(
    calls: list[tuple[Outcome, bool, float, float]],
) -> None:
    """It opens only after enough failures, never for longer than the cap, and says since when."""
    health, now_s, in_a_row = Health(), 0.0, 0
    for outcome, submit, passed_s, draw in calls:
        now_s += passed_s
        before = health
        accepted = submit and outcome is Outcome.WORKS
        health = after(before, outcome, accepted=accepted, now=at(now_s), at_s=now_s, draw=draw)
        if outcome is Outcome.DOWN:
            in_a_row += 1
        elif outcome is Outcome.WORKS:
            in_a_row = 0

        if accepted:
            assert health == Health()
        if health.is_open and not before.is_open:
            assert outcome is Outcome.DOWN
            assert before.level > 0 or in_a_row >= FAILURES_TO_OPEN
            assert not health.may_probe(now_s)
        if health.open_until_s is not None:
            assert health.open_until_s <= now_s + LONGEST_PAUSE_S
            assert health.since is not None
            assert health.since <= at(now_s)
            assert health.may_probe(now_s + LONGEST_PAUSE_S)
        if before.may_probe(now_s) and outcome is Outcome.WORKS:
            assert not health.is_open
        if outcome is Outcome.NEITHER:
            assert health == before


@given(st.integers(1, 50), DRAWS, DRAWS)
def test_pauses_grow_to_the_cap(level: int, first: float, second: float) -> None:
    """Doubling, half of it left to chance."""
    assert 0 < FIRST_PAUSE_S / 2 <= pause_s(level, first) <= LONGEST_PAUSE_S
    assert pause_s(level + 1, first) >= pause_s(level, first)
    assert pause_s(level, 1.0) <= 2 * pause_s(level, second)


def test_a_success_in_between_starts_the_count_again() -> None:
    """Two failures, a success, two failures: single accidents open nothing."""
    health = Health()
    for outcome in (Outcome.DOWN, Outcome.DOWN, Outcome.WORKS, Outcome.DOWN, Outcome.DOWN):
        health = step(health, outcome, 0)

    assert not health.is_open
    assert step(health, Outcome.DOWN, 0).is_open


def test_failures_during_a_pause_do_not_lengthen_it() -> None:
    """Polls go on failing meanwhile: a hundred of them are not a hundred probes."""
    health = opened()
    for _ in range(100):
        later = step(health, Outcome.DOWN, FIRST_PAUSE_S / 2)

    assert later.open_until_s == health.open_until_s
    assert later.level == 1


def test_a_probe_that_fails_doubles_the_pause_and_keeps_the_beginning() -> None:
    """The card goes on saying since when."""
    health = step(opened(7), Outcome.DOWN, 100)

    assert health.open_until_s == 100 + 2 * FIRST_PAUSE_S
    assert health.since == at(7)


def test_a_poll_that_works_closes_it_at_once() -> None:
    """Recovery is noticed by jobs that run, before the pause is over."""
    assert not step(opened(), Outcome.WORKS, 1).is_open


def test_on_probation_one_failure_opens_it_with_a_longer_pause() -> None:
    """Polls that work while submits do not: it must not flap at the price of a job each time."""
    health = step(opened(), Outcome.WORKS, 1)
    again = step(health, Outcome.DOWN, 2)

    assert again.open_until_s == 2 + 2 * FIRST_PAUSE_S
    assert step(again, Outcome.WORKS, 3).is_open
    assert not step(again, Outcome.WORKS, 2 + 2 * FIRST_PAUSE_S).is_open


def test_an_accepted_submit_ends_the_probation() -> None:
    """Then all is forgotten."""
    health = step(opened(), Outcome.WORKS, 1)

    assert step(health, Outcome.WORKS, 2, accepted=True) == Health()


# -- doing ---------------------------------------------------------------------------------


def breaker(clock: Clock) -> Breaker:
    """Return a breaker on a clock that passes while somebody sleeps."""
    return Breaker(now=clock.now, clock=clock.monotonic_s, sleep=clock.sleep, draw=lambda: 0.5)


def break_down(breaker: Breaker) -> None:
    """Let enough calls fail."""
    for _ in range(FAILURES_TO_OPEN):
        breaker.report(GatewayError("bad gateway", 502))


async def test_only_one_waiter_asks_whether_it_is_back() -> None:
    """A hundred jobs wait; one call is made when the pause is over."""
    clock, asked, answer = Clock(), 0, asyncio.Event()
    held = breaker(clock)
    break_down(held)
    clock.at += timedelta(seconds=LONGEST_PAUSE_S)

    async def probe() -> None:
        nonlocal asked
        asked += 1
        await answer.wait()
        held.report(None)

    waiters = [asyncio.create_task(held.wait(probe)) for _ in range(100)]
    await asyncio.sleep(0)  # all of them begin
    answer.set()
    await asyncio.gather(*waiters)

    assert asked == 1
    assert not held.is_down


async def test_a_probe_is_not_made_before_the_pause_is_over() -> None:
    """Until then a waiter sleeps."""
    clock = Clock()
    held = breaker(clock)
    break_down(held)

    async def probe() -> None:
        raise AssertionError("too early")

    await held.wait(probe)

    assert clock.slept_s == [3.0]


async def test_a_probe_that_fails_leaves_room_for_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its error ends with the waiter; the next pause is longer."""
    clock, asked = Clock(), 0
    held = breaker(clock)
    break_down(held)

    async def probe() -> None:
        nonlocal asked
        asked += 1
        error = GatewayError("bad gateway", 502)
        held.report(error)
        raise error

    while clock.passed_s < 3600:
        await held.wait(probe)

    # 3.75 s, 7.5 s, ... 225 s: then every four minutes.
    assert 18 <= asked <= 24
    assert held.down_since == clock.now() - timedelta(seconds=clock.passed_s)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_opening_and_closing_are_one_line_each(caplog: pytest.LogCaptureFixture) -> None:
    """However many calls fail, and however many work afterwards."""
    held = breaker(Clock())
    for _ in range(200):
        held.report(UncertainError("timed out"))
    for _ in range(200):
        held.report(None)

    lines = [record.message for record in caplog.records if record.name == "bot.jobs.breaker"]
    assert len(lines) == 2
    assert "is out of order (UncertainError: timed out)" in lines[0]
    assert "works again; it was out of order since 2026-08-03" in lines[1]


@pytest.mark.parametrize("words", [out_of_order_words, no_answer_words])
def test_the_words_say_since_when_and_that_nothing_is_lost(
    words: Callable[[datetime], str],
) -> None:
    """Plain words, and Discord's own clock."""
    text = words(NOON)

    assert f"<t:{int(NOON.timestamp())}:R>" in text
    assert "othing is lost" in text
