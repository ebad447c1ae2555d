"""The second step against a real database and client: polls, and knows when it is over."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.job import FailureReason, Job, JobState
from bot.jobs.budget import RequestBudget
from bot.jobs.follow import Follower
from bot.jobs.learning import size_key
from bot.jobs.schedule import REQUEST_WORTH_S, Answers, next_poll_s, urgency_s
from bot.latency import Sample
from tests.discord_kit import until
from tests.job_steps_kit import BODY, RELEASED, RESERVED_ONLY, T2V, TIME_LIMIT_S, World
from tests.segmind_far_end import COST_USD, Act, FarEnd, Record, cut, html, reply
from tests.storage_kit import NOW

pytest_plugins = ("tests.job_steps_fixtures",)

QUEUED, PROCESSING = reply(status="QUEUED"), reply(status="PROCESSING")
GONE = reply(404, error="Request not found")
FAILED = reply(422, status="FAILED", error="CUDA out of memory")
BLOCKED = reply(
    422, status="FAILED", error="Output data may contain inappropriate content (DataInspection)"
)
POLL_FAULTS: list[tuple[str, Act]] = [
    ("500", reply(500, error="Internal server error")),
    ("502", html(502)),
    ("cut", cut),
    ("200 with a page", html(200)),
    ("an unknown word", reply(status="RESTING")),
    ("401", reply(401, error="Unauthorized")),
    ("403", reply(403, error="Forbidden")),
]


async def running(world: World) -> tuple[Job, Record]:
    """Return a job that the provider works on."""
    job = await world.submit(await world.job())
    return job, world.far_end.only


async def ends_failed(world: World, job: Job, reason: FailureReason) -> Job:
    """Check that a job failed for this reason and got its credits back; return it."""
    stored = await world.stored(job)

    assert (stored.state, stored.failure) == (JobState.FAILED, reason)
    assert await world.books(job) == RELEASED
    return stored


async def ends_finished(world: World, job: Job) -> Job:
    """Check that a job has its video, with its credits still reserved; return it."""
    stored = await world.stored(job)

    assert stored.state is JobState.FINISHED
    assert stored.output_url == world.far_end.only.output_url
    assert stored.cost_usd == COST_USD
    assert stored.finished_at == world.clock.at
    assert await world.books(job) == RESERVED_ONLY
    return stored


# -- all is well ------------------------------------------------------------------------


async def test_a_job_is_followed_to_its_video(world: World) -> None:
    """Queued, worked on, completed: address and cost are kept, the credits stay reserved."""
    job, _ = await running(world)
    world.far_end.script("status", QUEUED, PROCESSING, PROCESSING)

    returned = await world.follow(job)

    assert returned == await ends_finished(world, job)
    assert (world.far_end.calls["status"], world.far_end.calls["result"]) == (4, 1)


async def test_the_card_tells_waiting_from_working(world: World) -> None:
    """The provider's word reaches the card, with the time that passed and the usual time."""
    job, _ = await running(world)
    world.far_end.script("status", QUEUED, PROCESSING)

    await world.follow(job)

    shown = [(j, s) for j, s in world.cards.shown if j.state is JobState.RUNNING]
    standings = [standing for of, standing in shown if of.id == job.id]
    working = [standing.processing for standing in standings]
    assert working == [None, False, True]
    assert [standing.expected_s for standing in standings] == pytest.approx([93.36] * len(working))
    elapsed = [standing.elapsed_s for standing in standings]
    assert elapsed == sorted(elapsed)


async def test_the_card_is_told_once_for_each_answer(world: World) -> None:
    """A poll may be a minute away; the card's bar moves by itself until then."""
    job, _ = await running(world)
    world.far_end.script("status", QUEUED, PROCESSING, PROCESSING)
    world.cards.shown.clear()

    await world.follow(job)

    told = [of for of, _ in world.cards.shown if of.state is JobState.RUNNING]
    assert len(told) == world.far_end.calls["status"] == 4


async def test_the_latency_is_learned(world: World) -> None:
    """How long it took is kept for jobs of the same model and size."""
    job, _ = await running(world)

    await world.follow(job)

    (learned,) = await world.store.latencies(T2V, size_key(job))
    assert (learned.latency_s, learned.queue_s) == (40.0, 4.0)
    assert not learned.failed
    assert learned.at == world.clock.at


async def test_without_the_providers_figures_its_end_is_estimated(world: World) -> None:
    """It lies between the last answer and this one, nearer to where it is more likely."""
    job, _ = await running(world)
    world.far_end.times = {}
    world.far_end.script("status", PROCESSING, PROCESSING)

    await world.follow(job)

    (learned,) = await world.store.latencies(T2V, size_key(job))
    asked_s = sum(world.clock.slept_s[:2])
    assert asked_s < learned.latency_s < world.clock.passed_s
    assert learned.queue_s is None


async def test_figures_that_cannot_be_true_are_not_believed(world: World) -> None:
    """In milliseconds, say: longer than the job was watched."""
    job, _ = await running(world)
    world.far_end.times = {"total_time": 40_000.0, "queue_time": 4000.0}

    await world.follow(job)

    (learned,) = await world.store.latencies(T2V, size_key(job))
    assert learned.latency_s < world.clock.passed_s
    assert learned.queue_s is None


async def test_a_failure_is_learned_apart(world: World) -> None:
    """When it failed is kept, and that it did."""
    job, _ = await running(world)
    world.far_end.script("status", FAILED)

    await world.follow(job)

    (learned,) = await world.store.latencies(T2V, size_key(job))
    assert learned.failed
    assert 0 < learned.latency_s < world.clock.passed_s


async def test_what_ended_while_the_bot_was_down_teaches_nothing(world: World) -> None:
    """The first answer after a restart says that it has ended, not when."""
    job, _ = await running(world)
    world.far_end.times = {}
    world.clock.at += timedelta(minutes=10)

    await world.follow(job)

    assert await world.store.latencies(T2V, size_key(job)) == []


async def test_what_was_seen_unfinished_after_a_restart_teaches_again(world: World) -> None:
    """From then on it is watched."""
    job, _ = await running(world)
    world.clock.at += timedelta(minutes=10)
    world.far_end.script("status", PROCESSING)

    await world.follow(job)

    assert len(await world.store.latencies(T2V, size_key(job))) == 1


async def test_an_answer_that_was_held_back_teaches_nothing(world: World) -> None:
    """The clock ran on for minutes between the time to ask and the answer."""
    job, _ = await running(world)
    world.far_end.times = {}

    async def held_back() -> None:
        world.clock.at += timedelta(seconds=30)

    world.clock.on_sleep = held_back

    await world.follow(job)

    assert await world.store.latencies(T2V, size_key(job)) == []


async def test_what_was_learned_is_used(world: World) -> None:
    """With measured latencies the first poll comes when those say so."""
    job, _ = await running(world)
    for _ in range(10):
        sample = Sample(latency_s=300.0, at=NOW)
        await world.store.record_latency(T2V, size_key(job), sample)

    await world.follow(job)

    assert world.clock.passed_s > 200


async def test_the_schedule_says_when_to_ask_and_how_urgent_it_is(world: World) -> None:
    """The first question comes when it is worth a request; while it waits it grows urgent."""
    job, _ = await running(world)
    latency = await world.latencies.of(job)

    async def for_ever(_seconds: float) -> None:
        await asyncio.Event().wait()

    scarce = RequestBudget(per_minute=60, clock=world.clock.monotonic_s, sleep=for_ever)
    scarce.rate_limited(None, now=world.clock.now())
    follower = Follower(
        store=world.store,
        provider=world.follow._provider,
        cards=world.cards,
        budget=scarce,
        breaker=world.breaker,
        latencies=world.latencies,
        now=world.clock.now,
        time_limit_s=3600,
        sleep=world.clock.sleep,
    )
    began_s = world.clock.passed_s
    following = asyncio.create_task(follower(job))
    await until(lambda: bool(len(scarce._polls)))
    asked_s = world.clock.passed_s - began_s
    (waiter,) = scarce._polls
    first = waiter.rank(world.clock.passed_s)
    world.clock.at += timedelta(seconds=5)
    second = waiter.rank(world.clock.passed_s)
    following.cancel()

    assert asked_s == pytest.approx(next_poll_s(0.0, latency), abs=0.1)
    assert first == pytest.approx(REQUEST_WORTH_S, rel=0.1)
    assert second == pytest.approx(urgency_s(latency, Answers(), asked_s + 5), rel=0.1)
    assert second > first


async def test_the_size_of_a_job_is_resolution_and_length(world: World) -> None:
    """81 frames at 16 a second in 480p take as long as each other."""
    assert size_key(await world.job()) == "480p/5.0625s"


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.FAILED])
async def test_a_job_in_another_state_is_left_alone(world: World, state: JobState) -> None:
    """Repeating the step after its end asks nothing."""
    job, _ = await running(world)
    job = await world.store.transition(job.id, state, now=NOW)
    calls = world.far_end.calls.total()

    assert await world.follow(job) == job
    assert world.far_end.calls.total() == calls


async def test_following_again_after_a_crash_finds_the_end(world: World) -> None:
    """A process that comes back two minutes later asks at once."""
    job, _ = await running(world)
    world.clock.at += timedelta(seconds=120)

    await world.follow(job)

    await ends_finished(world, job)
    assert world.far_end.calls["status"] == 1
    assert world.clock.passed_s < 130


async def test_a_job_outlives_a_change_of_the_provider_s_address(world: World) -> None:
    """Started with another base: asked at the new one by its id; the old host hears nothing."""
    job, record = await running(world)
    old = FarEnd(world.clock.now)
    await old.listen()
    base = f"{old.url}/v2/requests/{record.request_id}"
    job = await world.store.note(job.id, status_url=f"{base}/status", response_url=base)
    world.far_end.script("status", PROCESSING)

    await world.follow(job)
    await old.close()

    await ends_finished(world, job)
    assert (world.far_end.calls["status"], world.far_end.calls["result"]) == (2, 1)
    assert old.calls.total() == 0


async def test_a_clock_that_was_set_back_does_not_stop_the_polling(world: World) -> None:
    """A job that begins in the future, by the clock, is polled as if it had just begun."""
    job, _ = await running(world)
    world.clock.at -= timedelta(hours=10)

    await world.follow(job)

    assert (await world.stored(job)).state is JobState.FINISHED
    assert world.clock.slept_s
    assert sum(world.clock.slept_s) < 100


async def test_a_clock_that_is_set_back_on_the_way_costs_few_requests(world: World) -> None:
    """By the clock it has not begun yet, for an hour: it is polled as rarely, and not learned."""
    job, _ = await running(world)
    world.far_end.times = {}

    async def set_back(_request: web.Request) -> web.Response:
        world.clock.at -= timedelta(hours=1)
        return web.json_response({"status": "PROCESSING"})

    world.far_end.script("status", PROCESSING, set_back, *[PROCESSING] * 5)

    await world.follow(job)

    assert (await world.stored(job)).state is JobState.FINISHED
    assert sum(world.clock.slept_s) > 30 * world.far_end.calls["status"]
    assert await world.store.latencies(T2V, size_key(job)) == []


# -- FAILED -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (FAILED, FailureReason.INFERENCE, "CUDA out of memory"),
        (BLOCKED, FailureReason.BLOCKED, "inappropriate content"),
    ],
    ids=["failed", "blocked"],
)
async def test_a_failed_request_fails_the_job(
    world: World, answer: Act, reason: FailureReason, words: str
) -> None:
    """The provider's words are kept; a content block is told apart; the credits come back."""
    job, _ = await running(world)
    world.far_end.script("status", PROCESSING, answer)
    world.far_end.script("result", answer)

    await world.follow(job)

    stored = await ends_failed(world, job, reason)
    assert words in (stored.error_detail or "")


@pytest.mark.parametrize("answer", [cut, html(502), GONE], ids=["cut", "502", "404"])
async def test_failed_stays_failed_when_the_result_is_out_of_reach(
    world: World, answer: Act
) -> None:
    """The status said FAILED: that is enough, with the status answer's own words."""
    job, _ = await running(world)
    world.far_end.script("status", FAILED)
    world.far_end.script("result", answer)

    await world.follow(job)

    stored = await ends_failed(world, job, FailureReason.INFERENCE)
    assert stored.error_detail == "CUDA out of memory"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Inference failed", FailureReason.INFERENCE),
        ("Rejected by the safety filter", FailureReason.BLOCKED),
    ],
)
async def test_a_422_without_a_status_is_a_failure(
    world: World, text: str, reason: FailureReason
) -> None:
    """422 is the inference's failure even when the body only has an error."""
    job, _ = await running(world)
    world.far_end.script("status", reply(422, error=text))

    await world.follow(job)

    await ends_failed(world, job, reason)
    assert world.far_end.calls["status"] == 1


async def test_failed_between_status_and_result(world: World) -> None:
    """COMPLETED by the status, FAILED by the result: the result has the last word."""
    job, _ = await running(world)
    world.far_end.script("result", BLOCKED)

    await world.follow(job)

    await ends_failed(world, job, FailureReason.BLOCKED)


# -- 404: gone, or not yet there -------------------------------------------------------------


async def test_a_404_while_the_history_says_pending_goes_on(world: World) -> None:
    """The history knows the request as under way: ask again."""
    job, _ = await running(world)
    world.far_end.script("status", GONE, GONE)

    await world.follow(job)

    await ends_finished(world, job)
    assert (world.far_end.calls["status"], world.far_end.calls["row"]) == (3, 2)


async def test_a_404_of_a_completed_request_is_finished_from_the_history(world: World) -> None:
    """The record expired while we were away, the video did not: address and cost are there."""
    job, record = await running(world)
    world.far_end.complete(record)
    world.far_end.script("status", GONE)

    await world.follow(job)

    await ends_finished(world, job)
    assert world.far_end.calls["result"] == 0


async def test_a_404_of_the_result_is_finished_from_the_history(world: World) -> None:
    """Expired between the status and the result: the same."""
    job, _ = await running(world)
    world.far_end.script("result", GONE)

    await world.follow(job)

    await ends_finished(world, job)


async def test_a_404_of_a_failed_request_is_a_failure(world: World) -> None:
    """The history knows that it failed, and why."""
    job, record = await running(world)
    record.model_status, record.error = "FAILED", "NaN in the output"
    world.far_end.script("status", GONE)

    await world.follow(job)

    stored = await ends_failed(world, job, FailureReason.INFERENCE)
    assert stored.error_detail == "NaN in the output"


async def test_a_404_of_a_request_nobody_knows_has_expired(world: World) -> None:
    """Neither status nor history know it: over."""
    job, _ = await running(world)
    world.far_end.records.clear()

    await world.follow(job)

    await ends_failed(world, job, FailureReason.EXPIRED)


@pytest.mark.parametrize("answer", [cut, html(502), reply(429, error="Too many requests")])
async def test_a_404_while_the_history_is_down_decides_nothing(world: World, answer: Act) -> None:
    """Without the history's word a 404 is only a poll that failed."""
    job, _ = await running(world)
    world.far_end.script("status", GONE)
    world.far_end.script("row", answer)

    await world.follow(job)

    await ends_finished(world, job)


# -- trouble ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [act for _, act in POLL_FAULTS], ids=[n for n, _ in POLL_FAULTS])
@pytest.mark.parametrize("place", ["status", "result"])
async def test_trouble_with_a_poll_is_only_trouble(world: World, place: Any, fault: Act) -> None:
    """Asking is free and safe to repeat: the job goes on, with growing patience."""
    job, _ = await running(world)
    world.far_end.script(place, fault, fault, fault)

    await world.follow(job)

    await ends_finished(world, job)


async def test_a_429_holds_the_polls_back(world: World) -> None:
    """Until the window resets nothing is asked, by nobody who shares the budget."""
    job, _ = await running(world)
    world.clock.at += timedelta(seconds=100)
    reset_at = (world.clock.at + timedelta(seconds=90)).isoformat()
    world.far_end.script(
        "status", reply(429, headers={"x-rate-limit-reset-at-utc": reset_at}, error="Slow down")
    )

    await world.follow(job)

    await ends_finished(world, job)
    assert world.clock.passed_s >= 190


async def test_a_429_to_the_result_of_a_failure_holds_all_back(world: World) -> None:
    """The job fails all the same; the others hear of the limit."""
    job, _ = await running(world)
    world.far_end.script("status", FAILED)
    world.far_end.script("result", reply(429, error="Slow down"))

    await world.follow(job)

    await ends_failed(world, job, FailureReason.INFERENCE)
    assert world.budget.paused


async def test_long_trouble_ends_at_twice_the_time_limit(world: World) -> None:
    """Nobody answers for hours: the job ends and the credits come back."""
    job, _ = await running(world)
    await world.far_end.close()

    await world.follow(job)

    await ends_failed(world, job, FailureReason.TOO_SLOW)
    assert 2 * TIME_LIMIT_S < world.clock.passed_s < 2 * TIME_LIMIT_S + 60


async def test_waits_between_failed_polls_are_bounded(world: World) -> None:
    """However many polls failed, the next one comes within half a minute or half a median."""
    job, _ = await running(world)
    world.far_end.script("status", *[html(502)] * 60)

    await world.follow(job)

    await ends_finished(world, job)
    assert world.far_end.calls["status"] == 61
    assert world.clock.passed_s < 62 * 47


async def test_completed_without_an_output_is_asked_for_again(world: World) -> None:
    """The output may appear a moment later."""
    job, _ = await running(world)
    world.far_end.script("result", *[reply(status="COMPLETED")] * 3)

    await world.follow(job)

    await ends_finished(world, job)


async def test_an_output_missing_from_the_result_is_taken_from_the_history(world: World) -> None:
    """The history has the address all the same."""
    job, _ = await running(world)
    world.far_end.script("result", *[reply(status="COMPLETED")] * 20)

    await world.follow(job)

    await ends_finished(world, job)
    assert world.far_end.calls["result"] == 5


async def test_completed_without_an_output_anywhere_fails(world: World) -> None:
    """Nothing to deliver: failed soon, not after the time limit."""
    job, record = await running(world)
    world.far_end.script("status", *[reply(status="COMPLETED")] * 20)
    world.far_end.script("result", *[reply(status="COMPLETED")] * 20)
    record.model_status = "COMPLETED"

    await world.follow(job)

    await ends_failed(world, job, FailureReason.BAD_RESULT)
    assert world.clock.passed_s < 600


# -- the time limit ---------------------------------------------------------------------------


async def test_a_request_that_never_ends_is_given_up(world: World) -> None:
    """Behind the time limit, with the history saying pending: failed, the credits back."""
    job, _ = await running(world)
    world.far_end.script("status", *[PROCESSING] * 1000)

    await world.follow(job)

    await ends_failed(world, job, FailureReason.TOO_SLOW)
    assert TIME_LIMIT_S < world.clock.passed_s < TIME_LIMIT_S + 60
    assert world.far_end.calls["status"] < 300


async def test_at_the_time_limit_the_history_has_the_last_word(world: World) -> None:
    """Completed after all, only the status never said so: the video is delivered."""
    job, record = await running(world)
    world.far_end.script("status", *[PROCESSING] * 1000)
    world.far_end.complete(record)

    await world.follow(job)

    await ends_finished(world, job)


async def test_at_the_time_limit_a_history_that_is_down_is_asked_again(world: World) -> None:
    """One broken look-up does not decide over a paid video."""
    job, record = await running(world)
    world.far_end.script("status", *[PROCESSING] * 1000)
    world.far_end.script("row", cut, html(502))
    world.far_end.complete(record)

    await world.follow(job)

    await ends_finished(world, job)
    assert world.far_end.calls["row"] == 3


# -- the whole way --------------------------------------------------------------------------


async def test_a_job_found_in_the_history_is_followed_like_any_other(world: World) -> None:
    """Died in mid-POST, found, followed to its video: one POST in all."""
    job = await world.job()
    job = await world.store.transition(job.id, JobState.SUBMITTING, now=NOW)
    world.far_end.add(T2V, dict(BODY), NOW)

    await world.follow(await world.submit(job))

    await ends_finished(world, job)
    assert world.far_end.calls["submit"] == 0
