"""An undelivered video is sent again: once, for free, and where its guild's rules allow it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import RETRY_AFTER_S
from bot.discord_ui.cards import state_text, status_card
from bot.discord_ui.failures import removal_text
from bot.discord_ui.results import Delivery, plain_content
from bot.discord_ui.video_card import video_card
from bot.errors import RefusedError
from bot.job import FailureReason, Job, JobState
from bot.jobs.ports import PostLaterError, Standing
from bot.jobs.send_again import LEASE
from bot.jobs.stop_time import DEFAULT_STOP_S
from bot.policy import Block, GuildPolicy, PlaceFacts
from bot.storage import JobStore, UndeliveredStore
from tests.face_kit import components
from tests.ffmpeg_programs import SLEEPER, program, started
from tests.job_steps_kit import DIRECT_CHANNEL, RELEASED, Post, World, running_world
from tests.segmind_far_end import html, noisy_mp4, tiny_mp4
from tests.storage_kit import GUILD, MODERATOR, NOW

pytest_plugins = ("tests.job_steps_fixtures",)

DOWN = PostLaterError("HTTP 503")
ELSEWHERE = 1300000000000000099
HERE = PlaceFacts(guild_id=GUILD, channel_id=ELSEWHERE)


async def undelivered(world: World, **changes: Any) -> Job:
    """Return a job whose video could be posted nowhere, in a world that is open again."""
    job = await world.follow(await world.submit(await world.job(**changes)))
    world.channel.closed = world.channel.dms_closed = True
    job = await world.deliver(job)
    assert job.state is JobState.UNDELIVERED
    world.channel.closed = world.channel.dms_closed = False
    return job


async def stayed_behind(world: World) -> Job:
    """Return a job whose video Discord did not take for minutes."""
    job = await world.follow(await world.submit(await world.job()))
    world.channel.trouble.extend([DOWN] * (len(RETRY_AFTER_S) + 1))
    job = await world.deliver(job)
    assert (job.state, job.failure) == (JobState.UNDELIVERED, FailureReason.DISCORD_DOWN)
    return job


async def ends_sent(world: World, job: Job, channel_id: int, *, direct: bool = False) -> None:
    """Check that one message is there, that it is known where, and that it was free."""
    stored = await world.stored(job)

    (post,) = world.channel.posts
    assert stored.state is JobState.DELIVERED
    assert stored.failure is None
    assert (stored.result_channel_id, stored.result_direct) == (channel_id, direct)
    assert stored.result_message_id == post.id
    assert await world.books(job) == RELEASED
    assert not world.kept.path(job.id).exists()
    assert world.cards.shown[-1][0].state is JobState.DELIVERED


async def refused(world: World, job: Job, words: str, pressed: PlaceFacts | None = HERE) -> None:
    """Check that it is not sent, with these words, and that it stays undelivered and free."""
    posts = list(world.channel.posts)
    with pytest.raises(RefusedError, match=words):
        await world.send_again(job, pressed)

    assert world.channel.posts == posts
    assert (await world.stored(job)).state is JobState.UNDELIVERED
    assert await world.books(job) == RELEASED


async def blocked(world: World, job: Job, until: datetime | None) -> None:
    """Block the member of a job."""
    block = Block(
        user_id=job.user_id, until=until, reason="spam", actor_id=MODERATOR, created_at=NOW
    )
    await world.rules.block(GUILD, block, now=NOW)


# -- where it goes -------------------------------------------------------------------------


async def test_it_goes_where_the_button_was_pressed(world: World) -> None:
    """The file that was kept, long after the provider has forgotten it: nothing is fetched."""
    job = await undelivered(world)
    world.clock.at += timedelta(days=6)
    fetched = world.far_end.calls["file"]

    delivered = await world.send_again(job, HERE)

    await ends_sent(world, job, ELSEWHERE)
    assert delivered.result_channel_id == ELSEWHERE
    assert world.channel.posts[0].data == tiny_mp4()
    assert world.far_end.calls["file"] == fetched


@pytest.mark.parametrize(
    "pressed",
    [None, PlaceFacts(guild_id=GUILD + 1, channel_id=ELSEWHERE)],
    ids=["where nothing may be posted", "in another server"],
)
async def test_else_it_goes_where_it_was_asked_for(
    world: World, pressed: PlaceFacts | None
) -> None:
    """Another server's rules were never asked about this video: it does not go there."""
    job = await undelivered(world)

    await world.send_again(job, pressed)

    await ends_sent(world, job, job.channel_id)


async def test_from_direct_messages_it_goes_there(world: World) -> None:
    """Also though the channel would take it again."""
    job = await undelivered(world)

    await world.send_again(job, PlaceFacts(guild_id=None, channel_id=77))

    await ends_sent(world, job, DIRECT_CHANNEL, direct=True)


async def test_where_the_bot_is_not_it_never_goes_again(world: World) -> None:
    """It was by a token that is dead by now; direct messages are left."""
    job = await undelivered(world, guild_id=None, bot_absent=True)
    world.channel.closed_channels = {job.channel_id}

    await world.send_again(job, PlaceFacts(guild_id=None, channel_id=77))

    await ends_sent(world, job, DIRECT_CHANNEL, direct=True)


async def test_a_place_that_refuses_after_all_is_followed_by_the_next(world: World) -> None:
    """There, then where it was asked for, then directly."""
    job = await undelivered(world)
    world.channel.closed_channels = {ELSEWHERE, job.channel_id}
    world.channel.calls.clear()

    await world.send_again(job, HERE)

    await ends_sent(world, job, DIRECT_CHANNEL, direct=True)
    assert world.channel.calls == ["video", "video", "direct"]


async def test_a_job_of_direct_messages_never_goes_to_a_server(world: World) -> None:
    """What was asked for in private stays there."""
    job = await undelivered(world, guild_id=None)

    await world.send_again(job, HERE)

    await ends_sent(world, job, job.channel_id)


async def test_who_blocked_the_bot_reads_what_helps(world: World) -> None:
    """In direct messages there is no channel to choose, and no moderator to ask."""
    job = await undelivered(world, guild_id=None)
    world.channel.closed = world.channel.dms_closed = True

    await refused(world, job, "Unblock this bot", PlaceFacts(guild_id=None, channel_id=77))
    assert "Unblock this bot" in state_text(job, Standing())
    assert "moderator" not in state_text(job, Standing())


async def test_a_kept_video_too_large_is_made_to_fit(world: World) -> None:
    """After its hour the provider's link is dead, and not offered."""
    job = await undelivered(world)
    await world.kept.drop(job.id)
    path = world.folder / "large.mp4"
    path.write_bytes(noisy_mp4())
    await world.kept.keep(job.id, path)
    world.clock.at += timedelta(hours=2)
    world.channel.max_bytes = world.channel.direct_max_bytes = 20_000

    await refused(world, job, "could not be posted here")  # no copy can be watched, no link lives
    world.channel.max_bytes = len(noisy_mp4()) // 2
    await world.send_again(await world.stored(job), HERE)

    await ends_sent(world, job, ELSEWHERE)
    (post,) = world.channel.posts
    assert (post.smaller, post.url) == (True, None)
    assert "smaller copy that fits here; the original is gone" in plain_content(
        job, Delivery(smaller=True)
    )


# -- what forbids it -------------------------------------------------------------------------


async def test_a_blocked_member_gets_nothing(world: World) -> None:
    """Neither here nor directly, until the block ends."""
    job = await undelivered(world)
    until = NOW + timedelta(days=1)
    await blocked(world, job, until)

    await refused(world, job, "blocked from making videos")
    await refused(world, job, "blocked", PlaceFacts(guild_id=None, channel_id=77))
    world.clock.at = until + timedelta(seconds=1)
    await world.send_again(job, HERE)

    await ends_sent(world, job, ELSEWHERE)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (GuildPolicy(allowed_channel_ids=(5,)), "only in <#5>"),
        (GuildPolicy(age_restricted_only=True), "age-restricted"),
        (GuildPolicy(models_by_channel={ELSEWHERE: ("wan-2.6-i2v",)}), "may not be used in this"),
    ],
    ids=["channel", "age", "model"],
)
async def test_the_channel_s_rules_hold(world: World, policy: GuildPolicy, words: str) -> None:
    """Sending again is no way round them; where it was asked for it may still go."""
    job = await undelivered(world)
    await world.rules.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)

    await refused(world, job, words)
    await world.send_again(job, None)

    await ends_sent(world, job, job.channel_id)


async def test_a_removed_video_stays_removed(world: World) -> None:
    """Once delivered a moderator may take it down; then it cannot be had again."""
    job = await undelivered(world)
    await world.send_again(job, HERE)
    await world.store.take_down(
        job.id, guild_id=GUILD, actor_id=MODERATOR, reason="no", refund=True, now=NOW
    )

    with pytest.raises(RefusedError, match="A moderator has removed this video"):
        await world.send_again(await world.stored(job), HERE)
    assert len(world.channel.posts) == 1
    assert await world.books(job) == RELEASED  # no second refund of what was free


async def test_a_video_can_be_removed_before_it_is_sent_again(world: World) -> None:
    """Moderators see in their log what waits: nobody gets it any more, and its file goes."""
    seen = await stayed_behind(world)  # as a press knows it that came just before
    before = moderators_buttons(seen)
    removed, back = await world.store.take_down(
        seen.id, guild_id=GUILD, actor_id=MODERATOR, reason="no", refund=False, now=NOW
    )
    await world.kept.tidy()
    await refused(world, removed, "A moderator has removed this video")
    await refused(world, seen, "sent already")
    await world.send_again.look()

    assert (back, world.channel.posts) == (0, [])
    assert not world.kept.path(seen.id).exists()
    assert before == ["video:delete", "video:block"]
    assert moderators_buttons(removed) == ["video:block"]
    assert "A moderator removed this video" in state_text(removed, Standing())
    assert "send" not in str(list(components(status_card(removed))))


def moderators_buttons(job: Job) -> list[str]:
    """Return what the moderators' card of a job offers."""
    ids = [str(part.get("custom_id", "")) for part in components(video_card(job))]
    return [custom_id.rpartition(":")[0] for custom_id in ids if custom_id]


@pytest.mark.parametrize("refund", [True, False])
async def test_a_removed_video_that_was_free_does_not_seem_paid(world: World, refund: bool) -> None:
    """Whether or not a moderator would give credits back: they had come back before."""
    job = await undelivered(world)
    await world.send_again(job, HERE)
    removed, back = await world.store.take_down(
        job.id, guild_id=GUILD, actor_id=MODERATOR, reason="no", refund=refund, now=NOW
    )

    assert back == 0
    assert removed.refunded_at == job.ended_at
    assert "credits were given back" in removal_text(removed)
    assert "Give credits back" not in str(list(components(video_card(removed))))


async def test_a_job_without_a_video_has_none_to_send(world: World) -> None:
    """Cancelled, say."""
    job = await world.store.transition((await world.job()).id, JobState.CANCELLED, now=NOW)

    with pytest.raises(RefusedError, match="no video"):
        await world.send_again(job, HERE)


# -- where nothing works ------------------------------------------------------------------------


async def test_where_nothing_works_it_stays_and_can_be_tried_at_once(world: World) -> None:
    """The words say what would help; the next press need not wait."""
    job = await undelivered(world)
    world.channel.closed = world.channel.dms_closed = True

    await refused(world, job, "allow direct messages")
    world.channel.dms_closed = False
    await world.send_again(await world.stored(job), HERE)

    await ends_sent(world, job, DIRECT_CHANNEL, direct=True)


async def test_without_the_file_the_provider_is_asked(world: World) -> None:
    """Another machine may have kept it: within the hour it can still be fetched."""
    job = await undelivered(world)
    await world.kept.drop(job.id)

    await world.send_again(job, HERE)

    await ends_sent(world, job, ELSEWHERE)


async def test_a_kept_file_that_is_damaged_is_fetched_anew(world: World) -> None:
    """What Discord could not play is not posted."""
    job = await undelivered(world)
    world.kept.path(job.id).write_bytes(tiny_mp4()[:-50])

    await world.send_again(job, HERE)

    await ends_sent(world, job, ELSEWHERE)
    assert world.channel.posts[0].data == tiny_mp4()


@pytest.mark.parametrize(("status", "words"), [(404, "not there any more"), (502, "few minutes")])
async def test_a_video_that_is_gone_is_said_to_be(world: World, status: int, words: str) -> None:
    """Neither kept nor at the provider: plain words, and a broken download is told from it."""
    job = await undelivered(world)
    await world.kept.drop(job.id)
    world.far_end.script("file", html(status))

    await refused(world, job, words)


async def test_a_discord_in_trouble_is_said_to_be(world: World) -> None:
    """Nothing is known of that try: the next one looks first, after a while."""
    job = await undelivered(world)
    world.channel.trouble.append(DOWN)

    await refused(world, job, "quarter of an hour")
    await refused(world, await world.stored(job), "sent already")
    world.clock.at += LEASE + timedelta(seconds=1)
    await world.send_again(await world.stored(job), None)

    await ends_sent(world, job, job.channel_id)


async def test_a_search_in_trouble_sends_nothing(world: World) -> None:
    """Not knowing is not the same as nothing there."""
    job = await undelivered(world)
    world.channel.search_trouble.extend([DOWN] * 3)

    await refused(world, job, "quarter of an hour")


# -- once --------------------------------------------------------------------------------------


async def test_two_presses_at_once_send_once(world: World) -> None:
    """The second is told that it is on its way."""
    job = await undelivered(world)

    ends = await asyncio.gather(
        world.send_again(job, HERE), world.send_again(job, None), return_exceptions=True
    )

    await ends_sent(world, job, ELSEWHERE)
    assert [isinstance(end, RefusedError) for end in ends] == [False, True]


async def test_two_processes_at_once_send_once(world: World) -> None:
    """Each has looked and found nothing; one may begin."""
    job = await undelivered(world)
    another = UndeliveredStore(world.store._database)
    await another.begin_sending(
        job.id,
        channel_id=ELSEWHERE,
        seen=job.delivering_at,
        begun_before=world.clock.at - LEASE,
        now=world.clock.at + timedelta(seconds=1),
    )

    await refused(world, job, "sent already")  # as it stood before the other began
    await refused(world, await world.stored(job), "sent already")  # while the other is at it


async def test_a_kill_after_posting_posts_nothing_twice(world: World) -> None:
    """The message is there, only the row does not know: found where it was tried."""
    job = await undelivered(world)
    begun = await UndeliveredStore(world.store._database).begin_sending(
        job.id,
        channel_id=ELSEWHERE,
        seen=job.delivering_at,
        begun_before=world.clock.at - LEASE,
        now=world.clock.at,
    )
    world.channel.posts.append(
        Post(id=9000, how="video", job_id=job.id, channel_id=begun.result_channel_id)
    )

    await world.send_again(begun, None)

    await ends_sent(world, job, ELSEWHERE)


async def test_a_kill_before_the_card_showed_it_is_made_up_for(world: World) -> None:
    """The button that should be gone mends the card it is on."""
    job = await undelivered(world)
    delivered = await world.store.transition(job.id, JobState.DELIVERED, now=NOW)
    world.cards.shown.clear()

    with pytest.raises(RefusedError, match="delivered already"):
        await world.send_again(delivered, HERE)

    assert [shown.state for shown, _ in world.cards.shown] == [JobState.DELIVERED]


async def test_a_kill_before_posting_can_be_made_up_for(world: World) -> None:
    """After a while, when no other process can be at it any more."""
    job = await undelivered(world)
    begun = await UndeliveredStore(world.store._database).begin_sending(
        job.id,
        channel_id=ELSEWHERE,
        seen=job.delivering_at,
        begun_before=world.clock.at - LEASE,
        now=world.clock.at,
    )
    await refused(world, begun, "sent already")
    world.clock.at += LEASE + timedelta(seconds=1)

    await world.send_again(begun, HERE)

    await ends_sent(world, job, ELSEWHERE)


async def test_a_send_ends_before_another_process_may_begin(
    store: JobStore, downloads: Path, tmp_path: Path
) -> None:
    """A copy takes too long (others' come first, say): nothing is posted beside the next send."""
    async with running_world(store, downloads, sending_s=0.3) as world:
        job = await undelivered(world)
        world.kept.path(job.id).write_bytes(noisy_mp4())
        world.channel.max_bytes = world.channel.direct_max_bytes = len(noisy_mp4()) // 2
        world.ffmpeg.path = program(tmp_path, SLEEPER)
        await refused(world, job, "did not get its turn")

        # The next press need not wait: nothing can have been posted.
        assert (await world.stored(job)).result_channel_id is None


async def test_after_a_stop_nobody_has_to_wait(world: World, tmp_path: Path) -> None:
    """A copy was being made: nothing can have been posted, so the next press sends it."""
    job = await undelivered(world)
    world.kept.path(job.id).write_bytes(noisy_mp4())
    world.channel.max_bytes = world.channel.direct_max_bytes = len(noisy_mp4()) // 2
    world.ffmpeg.path = program(tmp_path, SLEEPER)
    sending = asyncio.create_task(world.send_again(job, HERE))
    await started(tmp_path)
    await world.send_again.close()
    with pytest.raises(RefusedError, match="once more in a minute"):
        await sending

    stored = await world.stored(job)
    assert stored.result_channel_id is None  # what says that somebody is at it


async def test_a_stop_cuts_it_off_and_says_so(world: World) -> None:
    """What waits for Discord is ended; afterwards nothing is begun."""
    job = await undelivered(world)
    waiting = asyncio.Event()

    async def for_ever() -> None:
        waiting.set()
        await asyncio.Event().wait()

    world.clock.on_sleep = for_ever
    world.channel.search_trouble.extend([DOWN] * 3)
    sending = asyncio.create_task(world.send_again(job, HERE))
    await waiting.wait()

    await world.send_again.close()

    with pytest.raises(RefusedError, match="being restarted"):
        await sending
    await refused(world, job, "being restarted")


async def test_a_stop_waits_for_a_post_only_as_long_as_it_may_last(world: World) -> None:
    """Discord takes the file and does not answer; what comes of it is looked for later."""
    job = await undelivered(world)
    posting, go = asyncio.Event(), asyncio.Event()

    async def hang(_job: Job) -> None:
        posting.set()
        await go.wait()

    world.channel.on_video = hang
    sending = asyncio.create_task(world.send_again(job, HERE))
    await posting.wait()
    world.stop_time.begin()
    world.clock.at += timedelta(seconds=DEFAULT_STOP_S)

    await world.send_again.close()

    assert not sending.done()
    go.set()
    with pytest.raises(RefusedError, match="being restarted"):
        await sending
    assert (await world.stored(job)).state is JobState.DELIVERED


# -- by itself ------------------------------------------------------------------------------------


async def test_after_an_outage_of_discord_the_bot_sends_by_itself(world: World) -> None:
    """Nobody has to ask: where it was asked for, and free."""
    job = await stayed_behind(world)
    world.clock.at += timedelta(minutes=5)

    await world.send_again.look()

    await ends_sent(world, job, job.channel_id)


async def test_the_bot_does_not_try_for_ever(world: World) -> None:
    """Only within the hour, only what Discord's trouble stopped, and one failure stops no other."""
    late = await stayed_behind(world)
    world.clock.at += timedelta(minutes=61)
    world.channel.closed = world.channel.dms_closed = True
    closed = await world.follow(await world.submit(await world.job(1)))
    closed = await world.deliver(closed)
    world.channel.closed = world.channel.dms_closed = False
    world.channel.calls.clear()

    await world.send_again.look()

    assert world.channel.calls == []
    assert {(await world.stored(job)).state for job in (late, closed)} == {JobState.UNDELIVERED}


async def test_a_member_who_was_blocked_meanwhile_gets_nothing_by_itself(world: World) -> None:
    """The rules hold for the bot's own tries as well; the others go on."""
    job = await stayed_behind(world)
    await blocked(world, job, None)

    await world.send_again.look()

    assert world.channel.posts == []
    stored = await world.stored(job)
    assert replace(stored, interaction_token="") == replace(job, interaction_token="")
