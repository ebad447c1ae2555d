import asyncio
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import NotFoundError, RequestTakenError, StaleStateError
from bot.job import RELEASING, SOURCES, TERMINAL, FailureReason, Job, JobState
from bot.quota import EntryKind
from bot.storage import JobStore
from bot.storage.rows import SETTABLE
from tests.storage_kit import (
    FIRST_ID,
    GENEROUS,
    GUILD,
    MEMBER,
    NOW,
    PATHS,
    ZONE,
    accepted,
    new_job,
    opened,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures",)

LATER = NOW + timedelta(minutes=3)
STAMPS = {
    JobState.SUBMITTING: "submitting_at",
    JobState.RUNNING: "running_at",
    JobState.FINISHED: "finished_at",
    **dict.fromkeys(TERMINAL, "ended_at"),
}
STEPS = [state for state in JobState if state not in {JobState.AWAITING_APPROVAL, JobState.DENIED}]


async def kinds(store: JobStore, job_id: int) -> list[EntryKind]:
    """Return the kinds of the job's entries, oldest first."""
    return [entry.kind for entry in await store.ledger_of(job_id)]


def changed(before: Job, after: Job) -> set[str]:
    """Return the names of the fields that differ."""
    return {name for name, value in asdict(before).items() if value != getattr(after, name)}


@pytest.mark.parametrize("source", sorted(PATHS.keys() - TERMINAL))
async def test_every_allowed_step_happens(store: JobStore, source: JobState) -> None:
    """From every state the steps of SOURCES; the state and its time change, and nothing else."""
    for number, target in enumerate(step for step in STEPS if source in SOURCES[step]):
        walked = await walked_to(store, source, number)
        if target is JobState.DROPPED:
            await store.drop(walked.id, now=NOW)
        before = await store.get(walked.id) or walked
        after = await store.transition(before.id, target, now=LATER)

        assert (after.state, getattr(after, STAMPS.get(target, "created_at"))) == (
            target,
            LATER if target in STAMPS else before.created_at,
        )
        assert changed(before, after) == {"state", STAMPS.get(target, "state")}


@pytest.mark.parametrize("source", sorted(PATHS))
async def test_every_other_step_changes_nothing(store: JobStore, source: JobState) -> None:
    """From every state all steps that SOURCES does not name are refused."""
    walked = await walked_to(store, source)
    before = await store.get(walked.id) or walked
    booked = await store.ledger_of(before.id)
    for target in (step for step in STEPS if source not in SOURCES[step]):
        with pytest.raises(StaleStateError) as caught:
            await store.transition(before.id, target, now=LATER, error_detail="not written")

        error = caught.value
        assert (error.job_id, error.current, error.wanted) == (before.id, source, target)
        assert await store.get(before.id) == before
        assert await store.ledger_of(before.id) == booked


@pytest.mark.parametrize("state", sorted(PATHS))
async def test_credits_are_closed_exactly_in_terminal_states(
    store: JobStore, state: JobState
) -> None:
    """Delivered settles, other ends release, and everything on the way only reserves."""
    job = await walked_to(store, state)
    closing = []
    if state in TERMINAL:
        closing = [EntryKind.RELEASE if state in RELEASING else EntryKind.SETTLE]

    assert await kinds(store, job.id) == [EntryKind.RESERVE, *closing]
    assert {entry.credits for entry in await store.ledger_of(job.id)} == {job.price_credits}
    assert await store.check_ledger() == []


async def test_a_late_delivery_is_free(store: JobStore) -> None:
    """Credits that went back when it could not be delivered stay back when it is sent again."""
    job = await walked_to(store, JobState.UNDELIVERED)
    await store.transition(job.id, JobState.DELIVERED, now=LATER)

    assert await kinds(store, job.id) == [EntryKind.RESERVE, EntryKind.RELEASE]
    assert await store.check_ledger() == []


async def test_a_release_counts_for_the_day_of_its_reservation(store: JobStore) -> None:
    """A job reserved yesterday and released today gives yesterday's credits back, not today's."""
    tomorrow = NOW + timedelta(days=1)
    job = await accepted(store, 0)
    await store.accept(new_job(1), GENEROUS, ZONE, now=tomorrow)
    await store.transition(job.id, JobState.FAILED, now=tomorrow)
    used = [
        (
            await store.balance(
                guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=now
            )
        ).usage
        for now in (NOW, tomorrow)
    ]
    entry = (await store.ledger_of(job.id))[-1]

    assert [(usage.day_credits, usage.month_credits) for usage in used] == [(0, 30), (30, 30)]
    assert (entry.kind, entry.counted_at, entry.created_at) == (EntryKind.RELEASE, NOW, tomorrow)


async def test_two_simultaneous_steps_have_one_winner(file: Path) -> None:
    """A cancel and a submit at the same moment: one happens, the other is told the state."""
    async with opened(file) as one, opened(file) as two:
        for number in range(25):
            job = await accepted(one, number)
            outcomes = await asyncio.gather(
                one.transition(job.id, JobState.CANCELLED, now=LATER),
                two.transition(job.id, JobState.SUBMITTING, now=LATER),
                return_exceptions=True,
            )
            winners = [outcome for outcome in outcomes if isinstance(outcome, Job)]
            losers = [outcome for outcome in outcomes if isinstance(outcome, StaleStateError)]

            assert (len(winners), len(losers)) == (1, 1)
            assert losers[0].current == winners[0].state
        assert await one.check_ledger() == []


async def test_the_same_end_reached_by_many_is_booked_once(file: Path) -> None:
    """Twenty attempts in two processes to fail one job release its credits once."""
    async with opened(file) as one, opened(file) as two:
        job = await accepted(one)
        outcomes = await asyncio.gather(
            *(store.transition(job.id, JobState.FAILED, now=LATER) for store in (one, two) * 10),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
        assert await kinds(one, job.id) == [EntryKind.RESERVE, EntryKind.RELEASE]


async def test_facts_come_with_the_step(store: JobStore) -> None:
    """Fields given with a transition are written in the same row, with their types."""
    job = await walked_to(store, JobState.SUBMITTING)
    await store.transition(
        job.id, JobState.RUNNING, now=LATER, request_id="r-1", status_url="s", response_url="t"
    )
    await store.transition(job.id, JobState.FINISHED, now=LATER, output_url="o", cost_usd=0.3125)
    failed = await store.transition(
        job.id, JobState.FAILED, now=LATER, failure=FailureReason.BAD_RESULT, error_detail="cut"
    )

    assert (failed.request_id, failed.status_url, failed.response_url) == ("r-1", "s", "t")
    assert (failed.output_url, failed.cost_usd, failed.error_detail) == ("o", 0.3125, "cut")
    assert failed.failure is FailureReason.BAD_RESULT


async def test_notes_change_no_state(store: JobStore) -> None:
    """A note writes what it is given and leaves everything else as it was."""
    job = await walked_to(store, JobState.FINISHED)
    noted = await store.note(
        job.id,
        card_message_id=FIRST_ID + 5,
        delivering_at=LATER,
        result_channel_id=FIRST_ID + 7,
        result_message_id=FIRST_ID + 6,
    )

    assert noted == replace(
        job,
        card_message_id=FIRST_ID + 5,
        delivering_at=LATER,
        result_channel_id=FIRST_ID + 7,
        result_message_id=FIRST_ID + 6,
    )
    assert await store.get(job.id) == noted


async def test_a_note_is_written_on_a_finished_job_too(store: JobStore) -> None:
    """The real cost may become known after the end."""
    job = await walked_to(store, JobState.DELIVERED)

    assert (await store.note(job.id, cost_usd=0.5)).cost_usd == 0.5


@pytest.mark.parametrize(
    "field", ["state", "price_credits", "user_id", "ended_at", "interaction_token", "nonsense"]
)
async def test_other_fields_cannot_be_set(store: JobStore, field: str) -> None:
    """What was paid, by whom, and the state itself follow from accepting and moving only."""
    job = await accepted(store)
    with pytest.raises(TypeError, match=field):
        await store.note(job.id, **{field: 1})
    with pytest.raises(TypeError, match=field):
        await store.transition(job.id, JobState.SUBMITTING, now=LATER, **{field: 1})

    assert await store.get(job.id) == job


def test_settable_fields_are_fields_of_a_job() -> None:
    """The list of what may be set names nothing that a job lacks."""
    assert set(Job.__dataclass_fields__) > SETTABLE


async def test_an_empty_note_is_a_mistake(store: JobStore) -> None:
    """A note without a field is refused instead of doing nothing."""
    job = await accepted(store)
    with pytest.raises(TypeError, match="needs a field"):
        await store.note(job.id)


async def test_one_request_belongs_to_one_job(store: JobStore) -> None:
    """A request id cannot be adopted by a second job, by a step or by a note."""
    first = await walked_to(store, JobState.SUBMITTING, 0)
    second = await walked_to(store, JobState.SUBMITTING, 1)
    await store.transition(first.id, JobState.RUNNING, now=LATER, request_id="r-1")
    with pytest.raises(RequestTakenError, match="r-1"):
        await store.transition(second.id, JobState.RUNNING, now=LATER, request_id="r-1")
    with pytest.raises(RequestTakenError, match="r-1"):
        await store.note(second.id, request_id="r-1")

    assert await store.get(second.id) == second


async def test_unknown_jobs_are_said_to_be_unknown(store: JobStore) -> None:
    """Moving or noting a job that does not exist raises, and getting it returns None."""
    with pytest.raises(NotFoundError):
        await store.transition(1, JobState.SUBMITTING, now=NOW)
    with pytest.raises(NotFoundError):
        await store.note(1, cost_usd=1.0)

    assert await store.get(1) is None


@pytest.mark.parametrize("end", sorted(set(PATHS) & TERMINAL))
async def test_the_token_is_forgotten_at_the_end(store: JobStore, end: JobState) -> None:
    """The step's own result still has the token for the card's last edit; the row has not."""
    job = await walked_to(store, end)
    kept = await store.get(job.id)

    assert job.interaction_token == new_job().interaction_token
    assert kept is not None
    assert kept.interaction_token == ""


async def test_an_expired_token_is_forgotten_on_the_way(store: JobStore) -> None:
    """A step after the token's 15 minutes removes it."""
    job = await accepted(store)
    await store.transition(job.id, JobState.SUBMITTING, now=job.token_expires_at)
    kept = await store.get(job.id)

    assert kept is not None
    assert kept.interaction_token == ""


async def test_expired_tokens_are_swept(store: JobStore) -> None:
    """Jobs that wait long lose their tokens to the sweep, the others keep them."""
    old = await accepted(store, 0)
    young = await accepted(store, 1, token_expires_at=NOW + timedelta(hours=1))
    swept = await store.forget_expired_tokens(now=old.token_expires_at)
    kept = [(await store.get(job.id) or job).interaction_token for job in (old, young)]

    assert swept == 1
    assert kept == ["", young.interaction_token]
    assert await store.forget_expired_tokens(now=old.token_expires_at) == 0


def test_a_jobs_repr_hides_the_token() -> None:
    """A job in a log line does not give its interaction away."""
    assert new_job().interaction_token not in repr(new_job())
