"""The third step against a real database and downloads: one message, and the credits right."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.delivery import RETRY_AFTER_S
from bot.errors import RefusedError
from bot.job import FailureReason, Job, JobState
from bot.jobs.handing import RESULT_LIFE
from bot.jobs.ports import CannotPostError, PostLaterError
from bot.media import ffmpeg_program
from tests.ffmpeg_programs import SLEEPER, counting, is_alive, program, started
from tests.job_steps_kit import RELEASED, RESERVED_ONLY, SETTLED, Post, World, place
from tests.segmind_far_end import Act, cut, file, hang, html, noisy_mp4, reply, tiny_mp4
from tests.storage_kit import GENEROUS, GUILD, MEMBER, NOW, ZONE

pytest_plugins = ("tests.job_steps_fixtures",)

DOWN = PostLaterError("HTTP 503")


async def finished(world: World, **changes: Any) -> Job:
    """Return a job whose video waits at the provider."""
    job = await world.submit(await world.job(**changes))
    return await world.follow(job)


async def ends_delivered(world: World, job: Job, how: str) -> Job:
    """Check that just one message was made, this way, and the credits are settled."""
    stored = await world.stored(job)

    (post,) = world.channel.posts
    assert (post.job_id, post.how) == (job.id, how)
    assert stored.state is JobState.DELIVERED
    where = place(post, job)
    assert stored.result_channel_id == where.channel_id
    assert stored.result_message_id == where.message_id
    assert await world.books(job) == SETTLED
    return stored


async def ends_undelivered(world: World, job: Job) -> Job:
    """Check that nothing was posted, the credits are back and the video can be sent later."""
    stored = await world.stored(job)

    assert stored.state is JobState.UNDELIVERED
    assert world.kept.path(job.id).read_bytes() == tiny_mp4()
    assert world.channel.posts == []
    assert await world.books(job) == RELEASED
    return stored


async def ends_failed(world: World, job: Job, reason: FailureReason) -> None:
    """Check that nothing was posted, for this reason, and the credits are back."""
    stored = await world.stored(job)

    assert (stored.state, stored.failure) == (JobState.FAILED, reason)
    assert stored.error_detail
    assert world.channel.calls == []
    assert await world.books(job) == RELEASED


# -- all is well ------------------------------------------------------------------------


async def test_the_video_is_posted_as_it_is(world: World) -> None:
    """From the command to the message: one POST, one message, the file's own bytes."""
    job = await finished(world)

    returned = await world.deliver(job)

    stored = await ends_delivered(world, job, "video")
    # The token is for the card's last edit; the database has forgotten it.
    assert replace(returned, interaction_token="") == stored
    assert world.channel.posts[0].data == tiny_mp4()
    assert world.channel.searches == 0
    assert (world.far_end.calls["submit"], world.far_end.calls["file"]) == (1, 1)


async def test_the_first_try_is_written_down_before_posting(world: World) -> None:
    """A crash while posting must be seen by whoever comes next."""
    job = await finished(world)
    seen: list[Job] = []

    async def look(job: Job) -> None:
        seen.append(await world.stored(job))

    world.channel.on_video = look

    await world.deliver(job)

    assert [job.delivering_at for job in seen] == [world.clock.at]
    assert [job.state for job in seen] == [JobState.FINISHED]


@pytest.mark.parametrize("state", [JobState.DELIVERED, JobState.UNDELIVERED, JobState.FAILED])
async def test_a_job_in_another_state_is_left_alone(world: World, state: JobState) -> None:
    """Repeating the step after its end does nothing."""
    job = await finished(world)
    job = await world.store.transition(job.id, state, now=NOW)

    assert await world.deliver(job) == job
    assert (world.channel.calls, world.far_end.calls["file"]) == ([], 0)


async def test_a_delivery_that_is_stopped_in_its_download_has_not_begun(world: World) -> None:
    """Nothing is noted, so that its member can still drop the video; no file is left."""
    job = await finished(world)
    asked = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        asked.set()
        return await hang(request)

    world.far_end.script("file", never)
    delivering = asyncio.create_task(world.deliver(job))
    await asked.wait()

    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering

    stored = await world.stored(job)
    assert (stored.state, stored.delivering_at) == (JobState.FINISHED, None)
    assert world.channel.calls == []


# -- crashes in between -------------------------------------------------------------------


@pytest.mark.parametrize("how", ["video", "link", "direct"])
async def test_a_crash_after_posting_posts_nothing_twice(world: World, how: str) -> None:
    """The message is there, only the row does not know: found, settled, not posted again."""
    job = await finished(world)
    job = await world.store.note(job.id, delivering_at=NOW)
    world.channel.posts.append(Post(id=9000, how=how, job_id=job.id))

    await world.deliver(job)

    await ends_delivered(world, job, how)
    assert world.channel.calls == []
    assert world.far_end.calls["file"] == 0


async def test_a_crash_before_posting_posts_once(world: World) -> None:
    """A try was begun but no message is there: it is posted now."""
    job = await finished(world)
    job = await world.store.note(job.id, delivering_at=NOW)

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert world.channel.searches == 1


async def test_an_unanswered_search_is_repeated_before_posting(world: World) -> None:
    """While Discord cannot say whether the message is there, nothing is posted."""
    job = await finished(world)
    job = await world.store.note(job.id, delivering_at=NOW)
    world.channel.search_trouble.extend([DOWN, DOWN])

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert world.channel.searches == 3


async def test_a_search_that_is_never_answered_leaves_the_job_as_it_is(world: World) -> None:
    """Better late than twice: the error goes up, and the step is repeated another time."""
    job = await finished(world)
    job = await world.store.note(job.id, delivering_at=NOW)
    world.channel.search_trouble.extend([DOWN] * 20)

    with pytest.raises(PostLaterError):
        await world.deliver(job)

    assert await world.stored(job) == job
    assert world.channel.calls == []
    assert await world.books(job) == RESERVED_ONLY


# -- Discord is in trouble ------------------------------------------------------------------


async def test_an_error_of_discord_is_waited_out(world: World) -> None:
    """503 twice, then posted: one message, after looking for one each time."""
    job = await finished(world)
    world.channel.trouble.extend([DOWN, DOWN])
    slept = len(world.clock.slept_s)

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert world.clock.slept_s[slept:] == list(RETRY_AFTER_S[:2])
    assert world.channel.searches == 2


async def test_an_error_after_the_message_was_made_posts_nothing_twice(world: World) -> None:
    """The answer was lost, the message was not: it is found instead of posted again."""
    job = await finished(world)
    world.channel.trouble.append(DOWN)
    world.channel.answer_lost = True

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert world.channel.calls == ["video"]


async def test_a_refused_repetition_of_a_post_that_was_made_is_found(world: World) -> None:
    """The client repeats a post whose answer was lost; meanwhile the channel was closed to it."""
    job = await finished(world)
    world.channel.trouble.append(CannotPostError("Cannot send messages to this user"))
    world.channel.answer_lost = True

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert world.channel.calls == ["video"]


async def test_a_search_in_trouble_between_two_tries_is_waited_out(world: World) -> None:
    """Neither posting nor looking works for a while: still one message in the end."""
    job = await finished(world)
    world.channel.trouble.append(DOWN)
    world.channel.answer_lost = True
    world.channel.search_trouble.extend([DOWN, DOWN])

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert world.channel.calls == ["video"]


async def test_a_discord_that_stays_down_gives_the_credits_back(world: World) -> None:
    """After some minutes: undelivered; the video is kept, and sent when Discord is back."""
    job = await finished(world)
    world.channel.trouble.extend([DOWN] * 50)
    before_s = world.clock.passed_s

    await world.deliver(job)

    await ends_undelivered(world, job)
    assert world.clock.passed_s - before_s == pytest.approx(sum(RETRY_AFTER_S))


# -- too large, or not allowed ----------------------------------------------------------------


async def test_a_video_too_large_for_the_channel_becomes_a_link(world: World) -> None:
    """The link says until when it works: an hour after the video was finished."""
    job = await finished(world)
    world.channel.max_bytes = 100

    await world.deliver(job)

    await ends_delivered(world, job, "link")
    (post,) = world.channel.posts
    assert post.url == job.output_url
    assert job.finished_at is not None
    assert post.expires_at == job.finished_at + RESULT_LIFE


def half_bytes() -> int:
    """Half of a noisy video: it must be made smaller."""
    return len(noisy_mp4()) // 2


async def test_a_video_too_large_arrives_as_a_smaller_copy(world: World) -> None:
    """Made by a real ffmpeg; it plays, fits, and the original is beside it. The card says so."""
    job = await finished(world)
    world.far_end.script("file", file(noisy_mp4()))
    world.channel.max_bytes = half_bytes()

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    (post,) = world.channel.posts
    assert post.data is not None
    assert len(post.data) <= half_bytes()
    assert post.data[4:8] == b"ftyp"
    assert post.url == job.output_url
    assert any("smaller copy" in hint for hint in world.cards.hints)
    assert world.channel.calls == ["video", "video"]


async def test_a_limit_that_was_overstated_is_met_with_the_next_lower_one(world: World) -> None:
    """The bot believed in more than Discord takes: 413 twice, then a copy of the least size."""
    job = await finished(world)
    world.far_end.script("file", file(noisy_mp4()))
    world.channel.max_bytes = world.channel.lower_bytes = half_bytes()
    world.channel.known_bytes = int(half_bytes() * 1.6)

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert len(world.channel.posts[0].data or b"") <= half_bytes()
    assert world.channel.calls == ["video", "video", "video"]


async def test_a_copy_is_made_once_however_often_it_is_posted(world: World, tmp_path: Path) -> None:
    """Discord is in trouble after the copy was made: the next try posts the same one."""
    job = await finished(world)
    world.far_end.script("file", file(noisy_mp4()))
    world.channel.max_bytes = half_bytes()
    world.channel.trouble.extend([DOWN, DOWN])
    world.ffmpeg.path = counting(tmp_path)

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert (tmp_path / "calls").stat().st_size == 2  # the two passes


async def test_a_crash_while_the_copy_is_made_leads_to_one_video(
    world: World, tmp_path: Path
) -> None:
    """Cut off while ffmpeg works; the next start does it all again, and posts once."""
    job = await finished(world)
    world.far_end.script("file", file(noisy_mp4()), file(noisy_mp4()))
    world.channel.max_bytes = half_bytes()
    world.ffmpeg.path = program(tmp_path, SLEEPER)
    first = asyncio.create_task(world.deliver(job))
    pid = await started(tmp_path)
    first.cancel()  # takes effect at once: nothing has been posted that must be noted
    with pytest.raises(asyncio.CancelledError):
        await first
    assert not is_alive(pid)
    world.ffmpeg.path = ffmpeg_program()

    await world.deliver(await world.stored(job))

    await ends_delivered(world, job, "video")
    assert world.channel.searches == 1


async def test_without_ffmpeg_a_large_video_is_a_link(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A line in the log says why there is no copy."""
    job = await finished(world)
    world.far_end.script("file", file(noisy_mp4()))
    world.channel.max_bytes = half_bytes()
    world.ffmpeg.path = None

    await world.deliver(job)

    await ends_delivered(world, job, "link")
    assert "no smaller copy: There is no ffmpeg" in caplog.text


async def test_a_large_video_goes_directly_as_a_copy_where_the_channel_is_closed(
    world: World,
) -> None:
    """Direct messages have a limit of their own; the copy that was made serves there too."""
    job = await finished(world)
    world.far_end.script("file", file(noisy_mp4()))
    world.channel.closed = True
    world.channel.direct_max_bytes = half_bytes()

    await world.deliver(job)

    await ends_delivered(world, job, "direct")
    assert len(world.channel.posts[0].data or b"") <= half_bytes()


async def test_without_permission_it_becomes_a_direct_message(world: World) -> None:
    """The member paid: they get the video another way, settled."""
    job = await finished(world)
    world.channel.closed = True

    await world.deliver(job)

    await ends_delivered(world, job, "direct")
    assert world.channel.calls == ["video", "direct"]


async def test_too_large_and_without_permission_becomes_a_direct_message(world: World) -> None:
    """The link is refused as well: then directly."""
    job = await finished(world)
    world.channel.max_bytes = 100
    world.channel.links_closed = True

    await world.deliver(job)

    await ends_delivered(world, job, "direct")
    assert world.channel.calls == ["video", "link", "direct"]


async def test_where_nothing_works_the_credits_come_back(world: World) -> None:
    """Channel gone, direct messages closed: undelivered, released, the video kept."""
    job = await finished(world)
    world.channel.closed = world.channel.dms_closed = True

    await world.deliver(job)

    await ends_undelivered(world, job)
    assert world.channel.calls == ["video", "direct"]
    # What is refused for good is not asked for again: such answers get a host banned.
    assert world.channel.calls.count("video") == 1


async def test_a_later_delivery_of_an_undelivered_video_is_free(world: World) -> None:
    """Its credits went back already: delivering it from `/job` settles nothing."""
    job = await finished(world)
    world.channel.closed = world.channel.dms_closed = True
    job = await world.deliver(job)

    await world.store.transition(
        job.id, JobState.DELIVERED, now=NOW, result_channel_id=4, result_message_id=5
    )

    assert await world.books(job) == RELEASED


# -- the download -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [cut, html(502), reply(429, error="slow down"), file(tiny_mp4()[:-100])],
    ids=["cut", "502", "429", "truncated"],
)
async def test_a_broken_download_is_repeated(world: World, fault: Act) -> None:
    """Twice broken, then whole: posted once, and only whole."""
    job = await finished(world)
    world.far_end.script("file", fault, fault)

    await world.deliver(job)

    await ends_delivered(world, job, "video")
    assert world.channel.posts[0].data == tiny_mp4()
    assert world.far_end.calls["file"] == 3


async def test_a_download_that_never_works_fails_the_job(world: World) -> None:
    """After all tries nothing was posted and the credits come back."""
    job = await finished(world)
    world.far_end.script("file", *[html(502)] * 50)

    await world.deliver(job)

    await ends_failed(world, job, FailureReason.BAD_RESULT)
    assert world.far_end.calls["file"] == len(RETRY_AFTER_S) + 1


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_result_that_is_gone_has_expired(world: World, status: int) -> None:
    """Its time is over: asked for once, failed as expired, the credits back."""
    job = await finished(world)
    world.far_end.script("file", html(status))

    await world.deliver(job)

    await ends_failed(world, job, FailureReason.EXPIRED)
    assert world.far_end.calls["file"] == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>no video</html>", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100],
    ids=["empty", "a page", "a picture"],
)
async def test_a_result_that_is_no_video_fails_the_job(world: World, data: bytes) -> None:
    """What a channel cannot play is not posted."""
    job = await finished(world)
    world.far_end.script("file", file(data))

    await world.deliver(job)

    await ends_failed(world, job, FailureReason.BAD_RESULT)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/v.mp4",
        "https://evil.example/v.mp4",
        "http://127.0.0.1.evil.example/v.mp4",
        "file:///etc/passwd",
    ],
)
async def test_a_result_on_a_foreign_host_fails_the_job(world: World, url: str) -> None:
    """Nothing is fetched from there, whatever the provider says; the credits come back."""
    job = await world.submit(await world.job())
    job = await world.store.transition(job.id, JobState.FINISHED, now=NOW, output_url=url)

    await world.deliver(job)

    await ends_failed(world, job, FailureReason.BAD_RESULT)
    assert world.far_end.calls["file"] == 0


async def test_a_redirect_to_a_foreign_host_fails_the_job(world: World) -> None:
    """The hop is checked like the address itself."""
    job = await finished(world)
    world.far_end.script("file", reply(302, headers={"Location": "https://evil.example/v.mp4"}))

    await world.deliver(job)

    await ends_failed(world, job, FailureReason.BAD_RESULT)


# -- the books over many jobs -------------------------------------------------------------------


async def test_what_is_left_is_what_was_not_settled(world: World) -> None:
    """One delivered, one failed, one undelivered: only the delivered one counts in the end."""
    delivered = await world.deliver(await finished(world))
    failing = await world.submit(await world.job(1))
    world.far_end.script("status", reply(422, status="FAILED", error="no"))
    world.far_end.script("result", reply(422, status="FAILED", error="no"))
    await world.follow(failing)
    world.channel.closed = world.channel.dms_closed = True
    lost = await world.follow(await world.submit(await world.job(2)))
    await world.deliver(lost)

    balance = await world.store.balance(
        guild_id=GUILD,
        user_id=MEMBER,
        allowance=GENEROUS,
        zone=ZONE,
        now=NOW + timedelta(minutes=5),
    )

    assert balance.usage.day_credits == delivered.price_credits
    assert balance.usage.reserved_credits == 0
    assert balance.usage.in_flight_member == 0
    with pytest.raises(RefusedError):
        await world.job(3, price_credits=GENEROUS.daily_credits)
