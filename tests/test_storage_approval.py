import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import NotFoundError, RefusedError, StaleStateError
from bot.job import Job, JobState
from bot.quota import Allowance, Budget, EntryKind
from bot.storage import JobStore
from tests.storage_kit import (
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    ZONE,
    accepted,
    events_of,
    new_job,
    opened,
)

pytest_plugins = ("tests.storage_fixtures",)

LATER = NOW + timedelta(hours=3)
REASONS = ("New here for 2 days.", "Costs more than 20 credits.")
ONE = replace(GENEROUS, daily_credits=30)


async def asked(
    store: JobStore, number: int = 0, *, allowance: Allowance = GENEROUS, **changes: int
) -> Job:
    """Accept a job that waits for approval."""
    return await store.accept(
        new_job(number, **changes),
        allowance,
        ZONE,
        now=NOW,
        state=JobState.AWAITING_APPROVAL,
        approval_reasons=REASONS,
    )


async def approve(
    store: JobStore,
    job_id: int,
    *,
    allowance: Allowance = GENEROUS,
    guild_id: int = GUILD,
    actor_id: int = MODERATOR,
    budget: Budget | None = None,
) -> Job:
    """Let a job in."""
    return await store.approve(
        job_id,
        allowance,
        ZONE,
        guild_id=guild_id,
        actor_id=actor_id,
        now=LATER,
        budget=budget or Budget(),
    )


async def deny(
    store: JobStore,
    job_id: int,
    *,
    guild_id: int = GUILD,
    actor_id: int | None = MODERATOR,
    reason: str = "not here",
) -> Job:
    """Deny a job."""
    return await store.deny(job_id, guild_id=guild_id, actor_id=actor_id, reason=reason, now=LATER)


async def day_credits(store: JobStore) -> int:
    """Return what counts in the member's day."""
    balance = await store.balance(
        guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=LATER
    )
    return balance.usage.day_credits


# -- waiting ---------------------------------------------------------------------------


async def test_a_job_that_waits_reserves_nothing(file: Path) -> None:
    """The row keeps parameters and reasons over a restart; there is no entry and no use."""
    async with opened(file) as store:
        job = await asked(store)
    async with opened(file) as store:
        found = await store.awaiting()

        assert found == [job]
        assert (job.state, job.queued_at) == (JobState.AWAITING_APPROVAL, None)
        assert (job.approval_reasons, job.parameters) == (REASONS, new_job().parameters)
        assert await store.ledger_of(job.id) == []
        assert await day_credits(store) == 0
        assert await store.check_ledger() == []


async def test_a_job_that_waits_is_not_run(store: JobStore) -> None:
    """A restart takes up what was let in only; nothing in the queue waits behind it."""
    await asked(store, 0)
    queued = await accepted(store, 1)

    assert await store.unfinished() == [queued]
    assert await store.place_in_queue(queued.id) == 1


async def test_a_job_that_would_not_fit_need_not_wait(store: JobStore) -> None:
    """What the member cannot pay now is refused at once, not after a moderator looked."""
    with pytest.raises(RefusedError, match="more than the whole daily allowance of 29"):
        await asked(store, allowance=replace(GENEROUS, daily_credits=29))

    assert await store.awaiting() == []


async def test_a_member_cannot_pile_up_requests(store: JobStore) -> None:
    """Waiting jobs take the member's places, so moderators are not flooded."""
    two = replace(GENEROUS, jobs_in_flight_member=2)
    await asked(store, 0, allowance=two)
    await asked(store, 1, allowance=two)
    with pytest.raises(RefusedError, match="You have 2 videos in the making; the limit is 2"):
        await asked(store, 2, allowance=two)

    assert (await approve(store, new_job(0).id, allowance=two)).state is JobState.QUEUED
    assert (await approve(store, new_job(1).id, allowance=two)).state is JobState.QUEUED


async def test_waiting_jobs_take_no_places_of_the_guild(store: JobStore) -> None:
    """However many requests wait, other members' jobs go on."""
    one = replace(GENEROUS, jobs_in_flight_guild=1)
    for number in range(5):
        await asked(store, number, allowance=one)

    assert await store.accept(new_job(9, user_id=MEMBER + 1), one, ZONE, now=NOW)


async def test_a_repeated_interaction_asks_once(store: JobStore) -> None:
    """The same id again returns the waiting job, also when it would be queued by now."""
    job = await asked(store)

    assert await accepted(store) == job
    assert await store.ledger_of(job.id) == []


@pytest.mark.parametrize(
    "state", sorted(set(JobState) - {JobState.QUEUED, JobState.AWAITING_APPROVAL})
)
async def test_a_job_begins_queued_or_waiting(store: JobStore, state: JobState) -> None:
    """No other state can be given to a new job."""
    with pytest.raises(ValueError, match="cannot be accepted as"):
        await store.accept(new_job(), GENEROUS, ZONE, now=NOW, state=state)


# -- approve -----------------------------------------------------------------------------


async def test_approval_reserves_and_queues(store: JobStore) -> None:
    """The price is reserved at the time of the approval, which is noted with who gave it."""
    job = await asked(store)
    approved = await approve(store, job.id)
    (entry,) = await store.ledger_of(job.id)

    assert approved == replace(
        job, state=JobState.QUEUED, queued_at=LATER, decided_by=MODERATOR, decided_at=LATER
    )
    assert (entry.kind, entry.credits, entry.counted_at) == (EntryKind.RESERVE, 30, LATER)
    assert await store.unfinished() == [replace(approved, interaction_token="")]
    assert await store.check_ledger() == []


async def test_an_approved_job_counts_for_the_day_of_its_approval(store: JobStore) -> None:
    """Asked yesterday, approved today, failed tomorrow: today's credits are used and come back."""
    job = await asked(store)
    today, tomorrow = NOW + timedelta(days=1), NOW + timedelta(days=2)
    await store.approve(
        job.id, GENEROUS, ZONE, guild_id=GUILD, actor_id=MODERATOR, now=today, budget=Budget()
    )
    used = []
    for failed in (False, True):
        if failed:
            await store.transition(job.id, JobState.FAILED, now=tomorrow)
        for now in (NOW, today, tomorrow):
            balance = await store.balance(
                guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=now
            )
            used.append(balance.usage.day_credits)

    assert used == [0, 30, 0, 0, 0, 0]


async def test_an_approved_job_queues_behind_those_let_in_before(store: JobStore) -> None:
    """Its place is by the time it was let in, not by the time it was asked for."""
    waiting, queued = await asked(store, 0), await accepted(store, 1)
    approved = await approve(store, waiting.id)
    places = [await store.place_in_queue(job.id) for job in (queued, approved)]

    assert places == [1, 2]
    assert [job.id for job in await store.unfinished()] == [queued.id, approved.id]


async def test_approval_without_credits_keeps_the_job_waiting(store: JobStore) -> None:
    """When the quota was used up meanwhile, the moderator reads why, and nothing changes."""
    job = await asked(store, 0)
    await store.accept(new_job(1), ONE, ZONE, now=NOW)
    before = await store.get(job.id)
    words = "only 0 of the member's 30 daily credits are left .30 used or reserved."
    with pytest.raises(RefusedError, match=words):
        await approve(store, job.id, allowance=ONE)

    assert await store.get(job.id) == before
    assert await store.ledger_of(job.id) == []
    assert await events_of(store, GUILD) == []
    assert (await approve(store, job.id)).state is JobState.QUEUED


async def test_approval_draws_on_grants(store: JobStore) -> None:
    """A moderator who grants credits can approve then."""
    job = await asked(store, 0)
    await store.accept(new_job(1), ONE, ZONE, now=NOW)
    await store.grant(
        GUILD, MEMBER, 30, expires_at=None, reason="so be it", actor_id=MODERATOR, now=NOW
    )
    await approve(store, job.id, allowance=ONE)
    (entry,) = await store.ledger_of(job.id)

    assert (entry.grant_id, entry.credits) == (2, 30)


async def test_approval_keeps_to_budgets_and_places(store: JobStore) -> None:
    """The guild's budget and its jobs in flight hold for approved jobs as for all others."""
    job = await asked(store, 0)
    await accepted(store, 1, user_id=MEMBER + 1)
    with pytest.raises(RefusedError, match="this server's 59 monthly credits"):
        await approve(store, job.id, budget=Budget(guild_monthly_credits=59))
    with pytest.raises(RefusedError, match="This server has 1 video in the making"):
        await approve(store, job.id, allowance=replace(GENEROUS, jobs_in_flight_guild=1))

    assert [found.id for found in await store.awaiting()] == [job.id]


async def test_approvals_at_once_spend_no_more_than_there_is(file: Path) -> None:
    """Ten waiting jobs approved at once in two processes, credits for three: exactly three."""
    three = replace(GENEROUS, daily_credits=100)
    async with opened(file) as one, opened(file) as two:
        jobs = [await asked(one, number) for number in range(10)]
        outcomes = await asyncio.gather(
            *(approve((one, two)[n % 2], job.id, allowance=three) for n, job in enumerate(jobs)),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, Job) for outcome in outcomes) == 3
        assert sum(isinstance(outcome, RefusedError) for outcome in outcomes) == 7
        assert len(await two.awaiting()) == 7


async def test_two_moderators_at_once_have_one_winner(file: Path) -> None:
    """Approve and deny in any mixture, in two processes: one decides, the others are told."""
    async with opened(file) as one, opened(file) as two:
        for number in range(15):
            job = await asked(one, number)
            outcomes = await asyncio.gather(
                approve(one, job.id),
                deny(two, job.id, actor_id=MODERATOR + 1),
                approve(two, job.id, actor_id=MODERATOR + 2),
                return_exceptions=True,
            )
            winners = [outcome for outcome in outcomes if isinstance(outcome, Job)]
            losers = [outcome for outcome in outcomes if isinstance(outcome, StaleStateError)]

            assert (len(winners), len(losers)) == (1, 2)
            assert {loser.current for loser in losers} == {winners[0].state}
        assert await one.check_ledger() == []


async def test_a_decision_is_an_audit_event(store: JobStore) -> None:
    """Who approved or denied whose job is in the guild's log."""
    await approve(store, (await asked(store, 0)).id)
    await deny(store, (await asked(store, 1)).id)
    events = await events_of(store, GUILD)

    assert [(event.action, event.target_id) for event in events] == [
        ("job.deny", new_job(1).id),
        ("job.approve", new_job(0).id),
    ]
    assert events[0].detail == {"user_id": MEMBER, "credits": 30, "reason": "not here"}
    assert {event.actor_id for event in events} == {MODERATOR}


# -- deny, cancel, expire -----------------------------------------------------------------


async def test_a_denied_job_has_ended_and_costs_nothing(store: JobStore) -> None:
    """Who denied it and why stays with the job; nothing was reserved, nothing is released."""
    job = await asked(store)
    denied = await deny(store, job.id)

    assert denied == replace(
        job,
        state=JobState.DENIED,
        ended_at=LATER,
        decided_by=MODERATOR,
        decided_at=LATER,
        decision_reason="not here",
    )
    assert denied.terminal
    assert (await store.get(job.id)) == replace(denied, interaction_token="")
    assert await store.ledger_of(job.id) == []
    assert await store.check_ledger() == []


async def test_a_member_can_take_a_request_back(store: JobStore) -> None:
    """A waiting job can be cancelled; nothing was reserved, nothing is released."""
    job = await asked(store)
    cancelled = await store.transition(job.id, JobState.CANCELLED, now=LATER)

    assert (cancelled.state, cancelled.queued_at) == (JobState.CANCELLED, None)
    assert await store.ledger_of(job.id) == []
    assert await store.check_ledger() == []


async def test_requests_of_all_guilds_are_found(store: JobStore) -> None:
    """All that wait are listed, the oldest first; what was let in is none of them."""
    old = await asked(store, 0)
    elsewhere = await asked(store, 1, guild_id=GUILD + 1)
    await accepted(store, 2)

    assert await store.awaiting() == [old, elsewhere]


async def test_an_expired_request_was_denied_by_nobody(store: JobStore) -> None:
    """The end of the waiting time is a denial without a moderator."""
    job = await asked(store)
    denied = await deny(store, job.id, actor_id=None, reason="Nobody looked in time.")
    (event,) = await events_of(store, GUILD)

    assert (denied.state, denied.decided_by) == (JobState.DENIED, None)
    assert (event.action, event.actor_id) == ("job.deny", None)


@pytest.mark.parametrize("end", [JobState.QUEUED, JobState.DENIED, JobState.CANCELLED])
async def test_a_decided_job_cannot_be_decided_again(store: JobStore, end: JobState) -> None:
    """Approve and deny after any decision raise with the state it is in, and change nothing."""
    job = await asked(store)
    if end is JobState.QUEUED:
        await approve(store, job.id)
    elif end is JobState.DENIED:
        await deny(store, job.id)
    else:
        await store.transition(job.id, end, now=LATER)
    before, booked = await store.get(job.id), await store.ledger_of(job.id)
    for decide in (approve, deny):
        with pytest.raises(StaleStateError) as caught:
            await decide(store, job.id)

        assert caught.value.current == end
    assert (await store.get(job.id), await store.ledger_of(job.id)) == (before, booked)


async def test_only_approve_lets_a_waiting_job_in(store: JobStore) -> None:
    """A plain step cannot queue it without a reservation, nor deny it without a name."""
    job = await asked(store)
    for to in (JobState.QUEUED, JobState.SUBMITTING, JobState.FAILED):
        with pytest.raises(StaleStateError):
            await store.transition(job.id, to, now=LATER)
    with pytest.raises(ValueError, match="no step makes a job denied"):
        await store.transition(job.id, JobState.DENIED, now=LATER)

    assert await store.get(job.id) == job


@pytest.mark.parametrize("decide", [approve, deny])
async def test_another_guilds_request_is_out_of_reach(
    store: JobStore, decide: Callable[..., Awaitable[Job]]
) -> None:
    """A moderator of guild B with a button of guild A's job: not found, nothing changed."""
    job = await asked(store)
    with pytest.raises(NotFoundError):
        await decide(store, job.id, guild_id=GUILD + 1)
    with pytest.raises(NotFoundError):
        await decide(store, 1)

    assert await store.get(job.id) == job
    for guild_id in (GUILD, GUILD + 1):
        assert await events_of(store, guild_id) == []


async def test_the_moderators_card_is_noted(store: JobStore) -> None:
    """Where the card in the log channel is, is known after a restart."""
    job = await asked(store)
    noted = await store.note(job.id, log_channel_id=77, log_message_id=78)

    assert noted == replace(job, log_channel_id=77, log_message_id=78)
    assert await store.awaiting() == [noted]
