"""The first step against a real database and client: at most one POST counts, whatever breaks."""

import asyncio
from collections import Counter
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.errors import StaleStateError
from bot.job import FailureReason, Job, JobState
from bot.jobs.budget import RequestBudget
from bot.jobs.lost_submits import LOOK_AFTER_S, is_ours
from bot.jobs.submit import AT_ONCE, GIVE_UP_AFTER
from bot.segmind import HistoryRow, HistoryStatus
from bot.storage import JobStore
from tests.job_steps_kit import (
    BODY,
    RELEASED,
    RESERVED_ONLY,
    T2V,
    World,
    running_world,
)
from tests.segmind_far_end import Act, after, cut, hang, html, reply
from tests.storage_kit import NOW, new_job

pytest_plugins = ("tests.job_steps_fixtures",)

ALL_LOOKS_S = sum(LOOK_AFTER_S)


def posts(world: World) -> int:
    """Return how many POSTs reached the provider."""
    return world.far_end.calls["submit"]


async def ends_failed(world: World, job: Job, reason: FailureReason) -> None:
    """Check that a job failed for this reason and got its credits back."""
    stored = await world.stored(job)

    assert (stored.state, stored.failure) == (JobState.FAILED, reason)
    assert await world.books(job) == RELEASED


async def runs_as(world: World, job: Job, request_id: str) -> None:
    """Check that a job runs as this request, with its credits still reserved."""
    stored = await world.stored(job)

    assert (stored.state, stored.request_id) == (JobState.RUNNING, request_id)
    assert stored.status_url == f"{world.far_end.url}/v2/requests/{request_id}/status"
    assert stored.response_url == f"{world.far_end.url}/v2/requests/{request_id}"
    assert stored.running_at == world.clock.at
    assert await world.books(job) == RESERVED_ONLY


# -- all is well ------------------------------------------------------------------------


async def test_an_accepted_job_runs(world: World) -> None:
    """One POST with the job's own parameters, and its addresses are kept."""
    job = await world.job()

    returned = await world.submit(job)

    assert returned == await world.stored(job)
    assert posts(world) == 1
    assert (world.far_end.only.slug, world.far_end.only.body) == (T2V, BODY)
    await runs_as(world, job, world.far_end.only.request_id)
    assert world.clock.slept_s == []


async def test_the_intent_is_committed_before_the_post(world: World) -> None:
    """While the provider reads the POST, the row says `submitting` already."""
    job = await world.job()
    seen: list[JobState] = []

    async def look(request: Any) -> Any:
        seen.append((await world.stored(job)).state)
        return await world.far_end.accept(request)

    world.far_end.script("submit", look)

    await world.submit(job)

    assert seen == [JobState.SUBMITTING]


@pytest.mark.parametrize(
    "path",
    [
        (JobState.CANCELLED,),
        (JobState.SUBMITTING, JobState.RUNNING),
        (JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED),
    ],
    ids=lambda path: path[-1].value,
)
async def test_a_job_that_is_further_on_is_left_alone(
    world: World, path: tuple[JobState, ...]
) -> None:
    """Repeating the step does nothing once it is done."""
    job = await world.job()
    for state in path:
        job = await world.store.transition(job.id, state, now=NOW)

    assert await world.submit(job) == job
    assert world.far_end.calls.total() == 0


async def test_a_job_cancelled_while_it_waited_is_not_sent(world: World) -> None:
    """The guard is the row: a cancel between reading and sending wins."""
    job = await world.job()
    await world.store.transition(job.id, JobState.CANCELLED, now=NOW)

    with pytest.raises(StaleStateError):
        await world.submit(job)

    assert posts(world) == 0
    assert await world.books(job) == RELEASED


async def test_who_orders_and_cancels_uses_up_no_request(world: World) -> None:
    """The last request of this minute was for a job that is cancelled: it is the next one's."""
    cancelled, other = await world.job(1), await world.job(2)
    budget = world.submit._budget = RequestBudget(per_minute=2)
    await budget.acquire("submit")
    await world.store.transition(cancelled.id, JobState.CANCELLED, now=NOW)

    async with asyncio.timeout(30):
        results = await asyncio.gather(
            world.submit(cancelled), world.submit(other), return_exceptions=True
        )

    assert isinstance(results[0], StaleStateError)
    assert posts(world) == 1


# -- it provably never started: again -----------------------------------------------------


@pytest.mark.parametrize(("reset_in_s", "waited_s"), [(30.0, 30.0), (None, 60.0), (-900.0, 2.0)])
async def test_a_429_is_waited_out(world: World, reset_in_s: float | None, waited_s: float) -> None:
    """Back into the queue, then once more when the window resets: one request is accepted."""
    headers = {}
    if reset_in_s is not None:
        reset_at = NOW + timedelta(seconds=reset_in_s)
        headers["x-rate-limit-reset-at-utc"] = reset_at.isoformat()
    world.far_end.script("submit", reply(429, headers=headers, error="Too many requests"))
    job = await world.job()

    await world.submit(job)

    assert posts(world) == 2
    assert world.cards.states == ["submitting", "queued", "submitting"]
    assert world.cards.hints == {"The video service is busy; waiting for it."}
    assert world.clock.passed_s == pytest.approx(waited_s, abs=0.2)
    await runs_as(world, job, world.far_end.only.request_id)


async def test_repeated_429s_are_met_with_growing_patience(world: World) -> None:
    """A provider whose clock is behind ours is not hammered once a second."""
    past = (NOW - timedelta(hours=1)).isoformat()
    answer = reply(429, headers={"x-rate-limit-reset-at-utc": past}, error="Too many requests")
    world.far_end.script("submit", *[answer] * 5)
    job = await world.job()

    await world.submit(job)

    assert [wait_s for wait_s in world.clock.slept_s if wait_s > 1] == [2, 4, 8, 16, 32]
    assert len(world.far_end.records) == 1


async def test_a_crowd_is_sent_a_few_at_a_time(world: World) -> None:
    """Those that cannot be sent yet write down nothing: all writes of a process stand in line."""
    arrived, all_may = asyncio.Semaphore(0), asyncio.Event()

    async def held(request: web.Request) -> web.StreamResponse:
        arrived.release()
        await all_may.wait()
        return await world.far_end.accept(request)

    world.far_end.script("submit", *[held] * AT_ONCE)
    jobs = [await world.job(number) for number in range(AT_ONCE + 3)]
    sending = [asyncio.create_task(world.submit(job)) for job in jobs]
    for _ in range(AT_ONCE):
        await arrived.acquire()
    meanwhile = Counter(job.state for job in await world.store.unfinished())
    all_may.set()
    sent = await asyncio.gather(*sending)

    assert meanwhile == {JobState.SUBMITTING: AT_ONCE, JobState.QUEUED: 3}
    assert {job.state for job in sent} == {JobState.RUNNING}
    assert len(world.far_end.records) == len(jobs)


async def test_a_refused_connection_is_tried_again(store: JobStore, downloads: Path) -> None:
    """Nothing listened, so nothing was sent: the same job goes once the provider is there."""
    async with running_world(store, downloads, listening=False) as world:
        job = await world.job()

        async def come_back() -> None:
            if len(world.clock.slept_s) == 3:
                await world.far_end.listen()

        world.clock.on_sleep = come_back

        await world.submit(job)

        assert posts(world) == 1
        assert world.clock.slept_s == [2, 4, 8]
        await runs_as(world, job, world.far_end.only.request_id)


async def test_a_provider_that_stays_away_is_given_up(store: JobStore, downloads: Path) -> None:
    """After two hours of refused connections the credits come back."""
    async with running_world(store, downloads, listening=False) as world:
        job = await world.job()

        await world.submit(job)

        await ends_failed(world, job, FailureReason.PROVIDER_DOWN)
        assert 7200 < world.clock.passed_s < 7300
        assert world.far_end.calls == {}


async def test_endless_429s_are_given_up(world: World) -> None:
    """After two hours of 429 the credits come back, and the reason is the right one."""
    world.far_end.script("submit", *[reply(429, error="Too many requests")] * 200)
    job = await world.job()

    await world.submit(job)

    await ends_failed(world, job, FailureReason.RATE_LIMITED)
    assert posts(world) < 140
    assert world.far_end.records == {}


async def test_waiting_in_our_own_queue_costs_no_patience(world: World) -> None:
    """A job that waited for hours for its turn does not fail at its first 429."""
    job = await world.job()
    world.clock.at += timedelta(hours=5)
    world.far_end.script("submit", reply(429, error="Too many requests"))

    await world.submit(job)

    await runs_as(world, job, world.far_end.only.request_id)


# -- nobody knows whether it started: look, never repeat --------------------------------------

UNKNOWN: list[tuple[str, Act]] = [
    ("cut", cut),
    ("500", reply(500, error="Internal server error")),
    ("502", html(502)),
    ("504", reply(504, error="Timeout")),
    ("503", reply(503, error="Service unavailable")),
    ("2xx without meaning", reply(200, hello="world")),
    ("200 with a page", html(200)),
]
unknown = pytest.mark.parametrize("answer", [a for _, a in UNKNOWN], ids=[n for n, _ in UNKNOWN])


@unknown
async def test_an_unknown_submit_that_arrived_is_found(world: World, answer: Act) -> None:
    """Accepted, but the answer was lost: found in the history, followed, never sent again."""
    world.far_end.script("submit", after(world.far_end.accept, answer))
    job = await world.job()

    await world.submit(job)

    assert posts(world) == 1
    await runs_as(world, job, world.far_end.only.request_id)
    assert (await world.stored(job)).error_detail


@unknown
async def test_an_unknown_submit_that_never_arrived_is_released(world: World, answer: Act) -> None:
    """Not in the history after all looks: failed, the credits are back, one POST was made."""
    world.far_end.script("submit", answer)
    job = await world.job()

    await world.submit(job)

    assert posts(world) == 1
    assert world.far_end.calls["history"] == len(LOOK_AFTER_S)
    assert world.clock.passed_s == pytest.approx(ALL_LOOKS_S)
    await ends_failed(world, job, FailureReason.NOT_FOUND)


async def test_a_timed_out_submit_is_found(store: JobStore, downloads: Path) -> None:
    """The body went out and the time-out passed: the provider counts one POST all the same."""
    async with running_world(store, downloads, timeout_s=0.5) as world:
        world.far_end.script("submit", after(world.far_end.accept, hang))
        job = await world.job()

        await world.submit(job)

        assert posts(world) == 1
        await runs_as(world, job, world.far_end.only.request_id)


async def test_a_lagging_history_is_looked_at_again(world: World) -> None:
    """A request that shows up only at the last look is still found."""
    world.far_end.script("submit", after(world.far_end.accept, cut))
    world.far_end.script("history", *[reply(data=[])] * (len(LOOK_AFTER_S) - 1))
    job = await world.job()

    await world.submit(job)

    assert world.far_end.calls["history"] == len(LOOK_AFTER_S)
    await runs_as(world, job, world.far_end.only.request_id)


async def test_a_history_out_of_order_is_asked_until_it_answers(world: World) -> None:
    """Looks that got no answer tell nothing: the last one must be answered."""
    world.far_end.script("submit", after(world.far_end.accept, cut))
    world.far_end.script("history", *[html(502)] * 8, reply(429, error="Too many requests"))
    job = await world.job()

    await world.submit(job)

    assert world.far_end.calls["history"] == 10
    assert posts(world) == 1
    await runs_as(world, job, world.far_end.only.request_id)


async def test_a_history_that_never_answers_ends_the_job(world: World) -> None:
    """After two hours without an answer the credits come back."""
    world.far_end.script("submit", cut)
    world.far_end.script("history", *[html(502)] * 200)
    job = await world.job()

    await world.submit(job)

    await ends_failed(world, job, FailureReason.PROVIDER_DOWN)
    assert posts(world) == 1
    assert world.clock.passed_s > GIVE_UP_AFTER.total_seconds()


async def test_a_refused_history_does_not_hold_the_job_for_long(world: World) -> None:
    """A key that may not read the history gets the usual looks, not half an hour of them."""
    world.far_end.script("submit", cut)
    world.far_end.script("history", *[reply(401, error="Unauthorized")] * 100)
    job = await world.job()

    await world.submit(job)

    await ends_failed(world, job, FailureReason.NOT_FOUND)
    assert world.clock.passed_s == pytest.approx(ALL_LOOKS_S)


async def test_a_long_history_is_read_page_by_page(world: World) -> None:
    """Ours is found behind more than a page of newer requests of the same model."""
    world.far_end.script("submit", after(world.far_end.accept, cut))
    job = await world.job()
    for number in range(120):
        body = BODY | {"seed": 1000 + number}
        world.far_end.add(T2V, body, NOW + timedelta(seconds=number))

    await world.submit(job)

    (ours,) = [record for record in world.far_end.records.values() if record.body == BODY]
    assert world.far_end.calls["history"] == 2
    await runs_as(world, job, ours.request_id)


# -- an earlier intent is found: a process died in the middle ---------------------------------


@pytest.mark.parametrize("state", [JobState.SUBMITTING, JobState.UNCERTAIN])
@pytest.mark.parametrize("arrived", [True, False])
async def test_an_earlier_intent_is_never_sent(
    world: World, state: JobState, arrived: bool
) -> None:
    """Died in mid-POST: the next process only looks. No POST, in no case."""
    job = await world.job()
    for step in dict.fromkeys((JobState.SUBMITTING, state)):
        job = await world.store.transition(job.id, step, now=NOW)
    if arrived:
        world.far_end.add(T2V, dict(BODY), NOW + timedelta(seconds=1))

    await world.submit(job)

    assert posts(world) == 0
    if arrived:
        await runs_as(world, job, world.far_end.only.request_id)
    else:
        await ends_failed(world, job, FailureReason.NOT_FOUND)


# -- equal bodies ---------------------------------------------------------------------------


async def two_uncertain(world: World) -> list[Job]:
    """Return two jobs of equal bodies that both died in mid-POST."""
    jobs = [await world.job(0), await world.job(1)]
    return [await world.store.transition(job.id, JobState.SUBMITTING, now=NOW) for job in jobs]


@pytest.mark.parametrize("together", [True, False])
async def test_two_jobs_with_equal_bodies_find_two_requests(world: World, together: bool) -> None:
    """Each adopts one of its own; never both the same, even when they look at once."""
    jobs = await two_uncertain(world)
    for _ in jobs:
        world.far_end.add(T2V, dict(BODY), NOW)

    if together:
        ended = await asyncio.gather(*(world.submit(job) for job in jobs))
    else:
        ended = [await world.submit(job) for job in jobs]

    assert [job.state for job in ended] == [JobState.RUNNING] * 2
    assert {job.request_id for job in ended} == set(world.far_end.records)


@pytest.mark.parametrize("together", [True, False])
async def test_two_jobs_with_equal_bodies_share_no_request(world: World, together: bool) -> None:
    """One request for two jobs: one runs, the other one fails and gets its credits back."""
    jobs = await two_uncertain(world)
    world.far_end.add(T2V, dict(BODY), NOW)

    if together:
        ended = await asyncio.gather(*(world.submit(job) for job in jobs))
    else:
        ended = [await world.submit(job) for job in jobs]

    (lucky,) = [job for job in ended if job.state is JobState.RUNNING]
    (unlucky,) = [job for job in ended if job.state is not JobState.RUNNING]
    await runs_at_all(world, lucky)
    await ends_failed(world, unlucky, FailureReason.NOT_FOUND)


async def runs_at_all(world: World, job: Job) -> None:
    """Check that a job runs as the only request, at whatever time it was found."""
    assert job.request_id == world.far_end.only.request_id
    assert await world.books(job) == RESERVED_ONLY


async def test_a_request_adopted_meanwhile_is_not_taken_twice(world: World) -> None:
    """While our answer is under way, a job with an equal body takes our request for its own.

    Then its lost request, if it arrived, is ours: two videos for two jobs, two POSTs in all.
    """
    (lost, _), ours = await two_uncertain(world), await world.job(2)
    other = world.far_end.add(T2V, dict(BODY), NOW + timedelta(hours=-1))  # not to be found yet

    async def adopt(request: Any) -> Any:
        answer = await world.far_end.accept(request)
        await world.submit(lost)
        other.created_at = NOW  # the history catches up
        return answer

    world.far_end.script("submit", adopt)

    mine = await world.submit(ours)

    theirs = await world.stored(lost)
    assert posts(world) == 1
    assert (mine.state, theirs.state) == (JobState.RUNNING, JobState.RUNNING)
    assert mine.request_id == other.request_id
    assert theirs.request_id != mine.request_id


# -- which row of the history is ours -----------------------------------------------------------


def row(**changes: Any) -> HistoryRow:
    """Return a row that is ours but for these changes."""
    ours = HistoryRow(
        request_id="r",
        status=HistoryStatus.PENDING,
        request_body=dict(BODY),
        cost_usd=None,
        output_url=None,
        created_at=NOW,
        error=None,
    )
    return replace(ours, **changes)


def sent_at(submitting_at: datetime | None) -> Job:
    """Return a job that was sent at this time, or never."""
    new = new_job(model=T2V, parameters=BODY)
    fields = {field.name: getattr(new, field.name) for field in fields_of(new)}
    return Job(**fields, state=JobState.UNCERTAIN, created_at=NOW, submitting_at=submitting_at)


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({}, True),
        ({"created_at": None}, True),
        ({"created_at": NOW - timedelta(seconds=100)}, True),
        ({"created_at": NOW - timedelta(minutes=3)}, False),
        ({"created_at": NOW + timedelta(minutes=4)}, True),
        ({"created_at": NOW + timedelta(minutes=6)}, False),
        ({"status": HistoryStatus.FAILED}, True),
        ({"request_body": BODY | {"webhook": None, "added": 1}}, True),
        ({"request_body": BODY | {"high_noise_lora_scale": 1.0}}, True),
        ({"request_body": BODY | {"seed": 8}}, False),
        ({"request_body": BODY | {"prompt": "a fox"}}, False),
        ({"request_body": {k: v for k, v in BODY.items() if k != "seed"}}, False),
        ({"request_body": {}}, False),
    ],
)
def test_which_row_is_ours(changes: dict[str, Any], ours: bool) -> None:
    """The same inputs (more may be there) at the same time, with room for clocks that differ."""
    assert is_ours(row(**changes), sent_at(NOW)) is ours


@pytest.mark.parametrize(
    ("created_at", "ours"),
    [
        (NOW - timedelta(minutes=3), False),
        (NOW, True),
        (NOW + timedelta(hours=29), True),
        (NOW + timedelta(hours=30, minutes=3), False),
    ],
)
def test_after_a_restore_any_row_until_then_may_be_ours(created_at: datetime, ours: bool) -> None:
    """A job that waits in the backup may have been sent at any time up to the restore."""
    restored = replace(sent_at(NOW + timedelta(hours=1)), restored_at=NOW + timedelta(hours=30))

    assert is_ours(row(created_at=created_at), restored) is ours


def test_without_an_intent_no_row_is_ours() -> None:
    """A job that was never sent has nothing in the history."""
    assert not is_ours(row(), sent_at(None))


# -- refused for good -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(400, error="Missing required field: prompt"), FailureReason.INVALID),
        (reply(401, error="Unauthorized"), FailureReason.HOST_KEY),
        (reply(403, error="Forbidden"), FailureReason.HOST_MODEL),
        (reply(404, error="Model not found"), FailureReason.HOST_MODEL),
        (html(405), FailureReason.INVALID),
        (reply(406, error="Insufficient credits"), FailureReason.HOST_CREDITS),
        (reply(406, error="Team spend limit reached"), FailureReason.HOST_CREDITS),
        (reply(406, error="Invalid content type"), FailureReason.INVALID),
        (reply(410, error="Model retired"), FailureReason.HOST_MODEL),
        (reply(422, error="Inference failed"), FailureReason.INFERENCE),
        (reply(422, error="Blocked by the content policy"), FailureReason.BLOCKED),
    ],
    ids=lambda value: value.value if isinstance(value, FailureReason) else "",
)
async def test_a_permanent_refusal_fails_the_job(
    world: World, answer: Act, reason: FailureReason
) -> None:
    """One POST, the right reason, the provider's words for the host, the credits back."""
    world.far_end.script("submit", answer)
    job = await world.job()

    await world.submit(job)

    assert posts(world) == 1
    assert world.far_end.calls["history"] == 0
    await ends_failed(world, job, reason)
    assert (await world.stored(job)).error_detail
