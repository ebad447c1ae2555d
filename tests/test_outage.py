"""The video service out of order: what jobs do, what members see, what the books say."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.discord_ui.cards import status_card
from bot.errors import GatewayError
from bot.job import FailureReason, Job, JobState
from bot.jobs.breaker import FAILURES_TO_OPEN
from bot.jobs.learning import Latencies
from bot.jobs.watch import QueueWatch
from bot.storage import JobStore
from tests.face_kit import components, texts
from tests.job_steps_kit import RELEASED, RESERVED_ONLY, Clock, World, running_world
from tests.segmind_far_end import Act, Place, cut, html, reply

pytest_plugins = ("tests.job_steps_fixtures",)

# In place of the hours that a host's patience lasts: fewer looks in between.
PATIENCE_S = 600.0


def seen(world: World, job: Job) -> str:
    """Return the words of the newest picture of a job's card."""
    shown, standing = next(
        picture for picture in world.cards.shown[::-1] if picture[0].id == job.id
    )
    return "\n".join(texts(status_card(shown, standing)))


def break_down(world: World) -> None:
    """Let the service be known to be out of order."""
    for _ in range(FAILURES_TO_OPEN):
        world.breaker.report(GatewayError("bad gateway", 502))


def at_sleep(world: World, number: int, act: Callable[[], Awaitable[Any]]) -> None:
    """Do something while somebody sleeps for the so many-th time."""
    sleeps = 0

    async def on_sleep() -> None:
        nonlocal sleeps
        sleeps += 1
        if sleeps == number:
            await act()

    world.clock.on_sleep = on_sleep


# -- submits -------------------------------------------------------------------------------


async def test_a_job_waits_in_the_queue_and_goes_when_the_service_is_back(world: World) -> None:
    """The probe costs nothing: one look at the balance, then the one POST."""
    break_down(world)
    job = await world.job()

    await world.submit(job)

    assert world.far_end.calls["balance"] == 1
    assert world.far_end.calls["submit"] == 1
    assert world.cards.states == ["queued", "submitting"]
    assert (await world.stored(job)).state is JobState.RUNNING
    assert await world.books(job) == RESERVED_ONLY


async def test_a_429_to_the_look_whether_it_is_back_holds_all_back(world: World) -> None:
    """It counts like any other request: nothing is asked until the limit resets."""
    break_down(world)
    world.far_end.script("balance", reply(429, error="Slow down"))
    job = await world.job()

    await world.submit(job)

    assert (await world.stored(job)).state is JobState.RUNNING
    assert world.clock.passed_s >= 60


async def test_the_card_says_what_is_wrong_and_that_nothing_is_lost(world: World) -> None:
    """In plain words, with the time since when, and Cancel is there."""
    began = int(world.clock.at.timestamp())
    break_down(world)
    job = await world.job()
    world.far_end.script("balance", html(502))
    words = ""

    async def look() -> None:
        nonlocal words
        words = seen(world, job)

    at_sleep(world, 2, look)

    await world.submit(job)

    assert f"The video service went out of order <t:{began}:R>." in words
    assert "Nothing is lost and nothing was charged: it goes on by itself" in words
    assert "can still be cancelled at no cost" in words


async def test_refused_connections_open_it_and_every_job_waits(
    store: JobStore, downloads: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Twenty jobs at once: all are made once it is back, and the log says so in two lines."""
    async with running_world(store, downloads, listening=False) as world:
        jobs = [await world.job(number) for number in range(20)]

        async def come_back() -> None:
            if world.clock.passed_s > 600 and not world.far_end.listening:
                await world.far_end.listen()

        world.clock.on_sleep = come_back

        await asyncio.gather(*(world.submit(job) for job in jobs))

        assert {(await world.stored(job)).state for job in jobs} == {JobState.RUNNING}
        assert world.far_end.calls["submit"] == len(world.far_end.records) == 20
        assert (
            len([r for r in caplog.records if r.name == "bot.jobs.breaker" and r.levelno > 20]) == 2
        )


async def test_cancelling_works_while_it_waits(world: World) -> None:
    """The job is let go, and its place with it."""
    break_down(world)
    world.far_end.script("balance", *[html(502)] * 100)
    job = await world.job()
    at_sleep(
        world, 4, lambda: world.store.transition(job.id, JobState.CANCELLED, now=world.clock.at)
    )

    left = await world.submit(job)

    assert left.state is JobState.CANCELLED
    assert world.far_end.calls["submit"] == 0
    assert await world.books(job) == RELEASED
    assert world.clock.passed_s < 60


async def test_who_waits_too_long_gets_the_credits_back(world: World) -> None:
    """After the host's patience: never sent, never paid."""
    world.submit._patience = timedelta(seconds=PATIENCE_S)
    break_down(world)
    world.far_end.script("balance", *[html(502)] * 1000)
    job = await world.job()

    failed = await world.submit(job)

    assert (failed.state, failed.failure) == (JobState.FAILED, FailureReason.PROVIDER_DOWN)
    assert world.clock.passed_s == pytest.approx(PATIENCE_S, abs=10)
    assert world.far_end.calls["submit"] == 0
    assert await world.books(job) == RELEASED
    words = "\n".join(texts(status_card(failed)))
    assert "The video service could not be reached." in words
    assert "came back" in words


async def test_time_in_the_queue_before_the_outage_costs_no_patience(world: World) -> None:
    """It waited five hours for a place; then the service breaks down for a minute."""
    job = await world.job()
    world.clock.at += timedelta(hours=5)
    break_down(world)

    await world.submit(job)

    assert (await world.stored(job)).state is JobState.RUNNING


async def test_whoever_comes_late_in_an_outage_has_patience_of_their_own(world: World) -> None:
    """And whoever waited it out behind others does not wait once more."""
    world.submit._patience = timedelta(seconds=PATIENCE_S)
    break_down(world)
    world.far_end.script("balance", *[html(502)] * 1000)
    first = await world.job()
    world.clock.at += timedelta(seconds=0.75 * PATIENCE_S)
    late = await world.job(1)
    # The kit accepts every job at noon; this one came later.
    late = replace(late, queued_at=world.clock.at)

    before_s = world.clock.passed_s
    failed = await world.submit(first)
    waited_s = world.clock.passed_s - before_s
    assert failed.failure is FailureReason.PROVIDER_DOWN
    assert waited_s == pytest.approx(PATIENCE_S / 4, abs=10)
    at_sleep(world, 1, lambda: _works_again(world))
    await world.submit(late)

    assert (await world.stored(late)).state is JobState.RUNNING


async def _works_again(world: World) -> None:
    world.breaker.report(None)


@pytest.mark.parametrize(
    "answer",
    [cut, html(200), html(502), reply(500, error="boom")],
    ids=["cut", "html", "502", "500"],
)
async def test_submits_that_break_open_it(world: World, answer: Act) -> None:
    """Three unknown submits in a row: the fourth job is not sent. None is sent twice."""
    world.far_end.script("submit", *[answer] * FAILURES_TO_OPEN)
    world.far_end.script("history", *[html(503)] * 6)
    jobs = [await world.job(number) for number in range(FAILURES_TO_OPEN + 1)]

    await asyncio.gather(*(world.submit(job) for job in jobs[:-1]))
    was_down = world.breaker.is_down
    await world.submit(jobs[-1])

    assert world.far_end.calls["submit"] == FAILURES_TO_OPEN + 1
    assert {(await world.stored(job)).failure for job in jobs[:-1]} == {FailureReason.NOT_FOUND}
    assert (await world.stored(jobs[-1])).state is JobState.RUNNING
    assert not was_down  # the history's answers have closed it
    for job in jobs[:-1]:
        assert await world.books(job) == RELEASED


async def test_a_card_that_is_checked_says_that_the_service_does_not_answer(world: World) -> None:
    """An outage may last for hours: "Checking" alone would look as if the bot had stopped."""
    world.far_end.script("submit", html(503))
    world.far_end.script("history", *[html(503)] * FAILURES_TO_OPEN)

    await world.submit(await world.job())

    checking = [standing.hint for job, standing in world.cards.shown if job.state == "uncertain"]
    assert checking[0] is None
    assert any("stopped answering" in (hint or "") for hint in checking)


async def test_a_page_in_place_of_the_history_is_not_its_answer(world: World) -> None:
    """The submit arrived; a gateway's page must not make it count as lost."""
    world.far_end.script("submit", cut)
    world.far_end.script("history", *[html(200)] * 8)
    job = await world.job()

    await world.submit(job)

    stored = await world.stored(job)
    assert stored.failure is FailureReason.NOT_FOUND
    assert world.far_end.calls["history"] == 9
    assert await world.books(job) == RELEASED


@pytest.mark.parametrize("status", [401, 403, 406, 429])
async def test_refusals_do_not_open_it(world: World, status: int) -> None:
    """They are answers of a service that works."""
    world.far_end.script("submit", *[reply(status, error="no")] * 5)
    for number in range(3):
        await world.submit(await world.job(number))

    assert not world.breaker.is_down
    assert world.far_end.calls["balance"] == 0


# -- jobs that run -------------------------------------------------------------------------


async def running(world: World, number: int = 0) -> Job:
    """Return a job that was sent."""
    return await world.submit(await world.job(number))


@pytest.mark.parametrize(
    ("place", "answer"),
    [("status", cut), ("status", html(200)), ("result", html(502)), ("status", html(504))],
    ids=["cut", "html-200", "result-502", "504"],
)
async def test_polls_go_on_and_notice_that_it_is_back(
    world: World, place: Place, answer: Act
) -> None:
    """The card says that it does not answer; the first good poll closes the breaker."""
    job = await running(world)
    world.far_end.script(place, *[answer] * 8)
    words: set[str] = set()
    down: set[bool] = set()

    async def look() -> None:
        words.add(seen(world, job))
        down.add(world.breaker.is_down)

    world.clock.on_sleep = look

    finished = await world.follow(job)

    assert finished.state is JobState.FINISHED
    assert any("stopped answering" in text for text in words) == (True in down)
    # A good status between two bad results is a success.
    assert (True in down) == (place == "status")
    assert not world.breaker.is_down
    assert world.far_end.calls["balance"] == 0
    assert await world.books(job) == RESERVED_ONLY


async def test_after_an_outage_jobs_do_not_ask_in_step(world: World) -> None:
    """Three jobs lose the service at one moment; chance takes them apart."""
    jobs = [await running(world, number) for number in range(3)]
    firsts = []
    for draw, job in zip((0.0, 0.5, 1.0), jobs, strict=True):
        clock = Clock()
        world.far_end.script("status", *[cut] * 6)
        follower = type(world.follow)(
            store=world.store,
            provider=world.follow._provider,
            cards=world.cards,
            budget=world.budget,
            breaker=world.breaker,
            latencies=Latencies(world.store, now=clock.now, clock=clock.monotonic_s),
            now=clock.now,
            time_limit_s=3600,
            sleep=clock.sleep,
            draw=lambda draw=draw: draw,  # type: ignore[misc]
        )
        await follower(job)
        # What one job taught changes when the next is asked about first: only what follows.
        firsts.append(sum(clock.slept_s[1:]))

    assert firsts[0] < firsts[1] < firsts[2]
    assert firsts[2] - firsts[0] > 10


async def test_a_bot_that_was_away_for_long_still_asks(world: World) -> None:
    """Down for a day: the provider made the video, and the history still has it."""
    job = await running(world)
    world.clock.at += timedelta(days=1)
    world.far_end.complete(world.far_end.only)

    finished = await world.follow(job)

    assert finished.state is JobState.FINISHED
    assert finished.output_url == world.far_end.only.output_url


# -- those that wait behind ------------------------------------------------------------------


class Doorman:
    """An engine that takes note of who asks to come in."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.inside: set[int] = set()
        self.asked: list[list[int]] = []
        self.closed = False

    async def enqueue(self, job: Job) -> None:
        """Take note, or be out of order."""
        self.ids.append(job.id)
        if self.closed:
            raise OSError("disk full")
        self.inside.add(job.id)

    async def unknown(self, jobs: Sequence[Job]) -> list[Job]:
        """Return those that never came in."""
        self.asked.append([job.id for job in jobs])
        return [job for job in jobs if job.id not in self.inside]


async def test_jobs_without_a_place_are_told_as_well(world: World) -> None:
    """Place, reason and Cancel on one card."""
    jobs = [await world.job(number) for number in range(2)]
    watch = QueueWatch(
        store=world.store,
        cards=world.cards,
        engine=Doorman(),
        budget=world.budget,
        breaker=world.breaker,
    )
    break_down(world)

    await watch.look()

    assert "Number 2 in line" in seen(world, jobs[1])
    assert "The video service went out of order" in seen(world, jobs[1])
    shown, standing = world.cards.shown[-1]
    buttons = [c for c in components(status_card(shown, standing)) if c["type"] == 2]
    assert [button["label"] for button in buttons] == ["Cancel"]
    world.breaker.report(None)
    await watch.look()
    assert "out of order" not in seen(world, jobs[1])


async def test_an_engine_out_of_order_keeps_no_card_from_being_true(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """One job is tried; all of them are shown; seconds later all are tried again."""
    jobs = [await world.job(number) for number in range(3)]
    engine = Doorman()
    watch = QueueWatch(
        store=world.store,
        cards=world.cards,
        engine=engine,
        budget=world.budget,
        breaker=world.breaker,
    )
    engine.closed = True
    await watch.look()
    tried = list(engine.ids)
    engine.closed = False
    await watch.look()

    assert tried == [jobs[0].id]
    assert engine.ids == [jobs[0].id, *(job.id for job in jobs)]
    assert "Number 3 in line" in seen(world, jobs[2])
    assert "could not be enqueued yet" in caplog.text


async def test_the_engine_is_asked_no_more_about_a_waiting_job_that_it_has(world: World) -> None:
    """A thousand jobs that wait for an hour are not asked for every few seconds."""
    first = await world.job(0)
    engine = Doorman()
    watch = QueueWatch(
        store=world.store,
        cards=world.cards,
        engine=engine,
        budget=world.budget,
        breaker=world.breaker,
    )
    await watch.look()
    await watch.look()
    second = await world.job(1)
    await watch.look()
    await watch.look()
    await watch.look()

    assert engine.ids == [first.id, second.id]
    assert engine.asked == [[first.id], [first.id], [second.id], [second.id]]
