"""The states of a job as pure data; storage's tests walk them on a database."""

from dataclasses import fields as fields_of

from bot.job import (
    CANCELLABLE,
    DROPPABLE,
    IN_FLIGHT,
    RELEASING,
    SETTLING,
    SOURCES,
    TERMINAL,
    Job,
    JobState,
)
from tests.storage_kit import NOW, new_job


def test_every_state_can_be_reached() -> None:
    """From a job just accepted, or awaiting approval, a way leads to every state."""
    reached = {JobState.AWAITING_APPROVAL}
    for _ in JobState:
        reached |= {to for to, sources in SOURCES.items() if sources & reached}

    assert reached == set(JobState)


def test_an_ended_job_stays_ended() -> None:
    """From a terminal state only one way leads on: an undelivered video can be sent again."""
    onward = {(source, to) for to, sources in SOURCES.items() for source in sources & TERMINAL}

    assert onward == {(JobState.UNDELIVERED, JobState.DELIVERED)}


def test_every_job_on_its_way_can_fail_or_be_taken_back() -> None:
    """No state holds credits for ever: each can end in a releasing one."""
    for state in set(JobState) - TERMINAL:
        assert any(state in SOURCES[to] for to in RELEASING)


def test_states_are_waiting_in_flight_or_terminal() -> None:
    """A job waits for approval, is in flight or has ended; credits are only released at an end."""
    assert set(JobState) == IN_FLIGHT | TERMINAL | {JobState.AWAITING_APPROVAL}
    assert IN_FLIGHT.isdisjoint(TERMINAL | {JobState.AWAITING_APPROVAL})
    assert RELEASING < TERMINAL
    assert SETTLING == TERMINAL - RELEASING
    assert set(JobState) - TERMINAL == DROPPABLE | CANCELLABLE


def test_only_a_queued_job_can_begin_to_be_sent() -> None:
    """`submitting` is entered from `queued` alone: whoever finds an intent never repeats it."""
    assert SOURCES[JobState.SUBMITTING] == {JobState.QUEUED}
    assert JobState.QUEUED not in SOURCES[JobState.RUNNING]


def test_a_job_hides_its_token_and_knows_its_words() -> None:
    """The interaction token is in no repr; prompt and seed are those that are sent."""
    new = new_job()
    fields = {field.name: getattr(new, field.name) for field in fields_of(new)}
    job = Job(**fields, state=JobState.QUEUED, created_at=NOW)

    assert new.interaction_token not in f"{new!r} {job!r}"
    assert (job.prompt, job.seed, job.terminal) == ("a fox 🦊", 7, False)
