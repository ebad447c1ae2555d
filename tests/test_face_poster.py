"""Results are posted once, where they belong, or it is said plainly why they cannot be."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.discord_ui.boxes import texts_view
from bot.discord_ui.finder import ResultFinder
from bot.job import Job, JobState
from bot.jobs.ports import (
    DIRECT,
    CannotPostError,
    Link,
    Posted,
    PostLaterError,
    TooLargeToPostError,
    Where,
)
from bot.media import VideoFile
from sandbox.discord_api.component_kinds import files_of, result_of
from sandbox.discord_api.driver import MemberDriver
from tests.face_running import SETTINGS, Face, all_text, buttons, now

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

LEAST_LIMIT_BYTES = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
LINK = "https://cdn.example.org/v.mp4"
MESSAGES = "/channels/*/messages"
V2 = 1 << 15  # https://docs.discord.com/developers/resources/message#message-object-message-flags


@pytest.fixture
async def job(face: Face, mia: MemberDriver, photo: Path) -> Job:
    """A job whose video is about to be posted."""
    return await face.finished(await face.ordered(mia, photo, seed=77))


async def results(face: Face, job: Job, channel_id: int | None = None) -> list[dict[str, Any]]:
    """Return the posts about a job, the card left out."""
    posted = await face.posted(str(channel_id or job.channel_id))
    return [message for message in posted if is_about(message, job)]


def is_about(message: dict[str, Any], job: Job) -> bool:
    """Tell whether a message carries a job's result."""
    return result_of(message["components"]) == str(job.id)


def at(message: dict[str, Any]) -> Posted:
    """Return where a message is."""
    return Posted(channel_id=int(message["channel_id"]), message_id=int(message["id"]))


async def direct(face: Face, job: Job) -> list[dict[str, Any]]:
    """Return the member's direct messages."""
    state = await face.state()
    return [
        message
        for dm in state["dms"]
        for message in state["messages"].get(dm["id"], [])
        if is_about(message, job)
    ]


async def refuse(face: Face, *, status: int, code: int, times: int = 1) -> None:
    """Let Discord refuse the next posts."""
    body = {"code": code, "message": "no"}
    await face.control(
        "faults", method="POST", path=MESSAGES, status=status, body=body, times=times
    )


async def forbid(face: Face, job: Job, permission: str) -> None:
    """Take a permission from the bot in the job's channel."""
    bits = discord.Permissions(**{permission: True}).value
    await face.control("bot-permissions", channel_id=str(job.channel_id), deny=bits)


async def test_the_video_comes_as_a_reply_that_mentions_the_member(
    face: Face, job: Job, video: VideoFile, mia: MemberDriver
) -> None:
    """To the card, with a file name that says how to make it again."""
    post = await face.poster.post_video(job, video, Where.of(job))
    (posted,) = await results(face, job)
    (file,) = files_of(posted)

    assert at(posted) == post
    assert posted["message_reference"]["message_id"] == str(job.card_message_id)
    assert [user["id"] for user in posted["mentions"]] == [mia.user["id"]]
    assert "your video is ready" in all_text(posted)
    assert posted["content"] == ""
    assert posted["flags"] == V2
    assert file["filename"] == "wan-2.6-i2v-77.mp4"
    assert await mia.download(file["url"]) == video.path.read_bytes()


async def test_posting_twice_is_one_message(face: Face, job: Job, video: VideoFile) -> None:
    """The nonce makes the repeat of a post whose answer was lost harmless."""
    await face.control("faults", method="POST", path=MESSAGES, drop=True, late=True)
    with pytest.raises(PostLaterError):
        await face.poster.post_video(job, video, Where.of(job))
    post = await face.poster.post_video(job, video, Where.of(job))

    assert [at(message) for message in await results(face, job)] == [post]


async def test_a_video_over_the_known_limit_is_not_even_sent(
    face: Face, job: Job, video: VideoFile
) -> None:
    """Discord's hint of the interaction is kept."""
    with pytest.raises(TooLargeToPostError):
        await face.poster.post_video(replace(job, upload_limit_bytes=100), video, Where.of(job))

    assert await results(face, job) == []


async def test_the_hint_may_be_overstated(face: Face, job: Job, video: VideoFile) -> None:
    """Discord's own refusal of the size counts."""
    await face.control("upload-limit", bytes=1000)

    with pytest.raises(TooLargeToPostError) as refused:
        await face.poster.post_video(job, video, Where.of(job))
    assert refused.value.fits_bytes is None  # no channel takes less than 10 MiB, as far as known


async def test_a_refused_size_tells_of_the_least_limit(
    face: Face, job: Job, video: VideoFile
) -> None:
    """What was known of a larger limit was wrong: 10 MiB are taken everywhere."""
    boosted = replace(job, upload_limit_bytes=100 * 2**20, guild_id=None)
    large = replace(video, size_bytes=50 * 2**20)
    await face.control("upload-limit", bytes=1000)

    with pytest.raises(TooLargeToPostError) as refused:
        await face.poster.post_video(boosted, large, Where.of(boosted))
    assert refused.value.fits_bytes == LEAST_LIMIT_BYTES


async def test_the_server_s_own_limit_counts_when_it_is_lower(
    face: Face, job: Job, video: VideoFile
) -> None:
    """A hint of a gigabyte in a server without boosts."""
    large = replace(video, size_bytes=discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES + 1)

    with pytest.raises(TooLargeToPostError):
        await face.poster.post_video(replace(job, upload_limit_bytes=2**30), large, Where.of(job))


@pytest.mark.parametrize("permission", ["send_messages", "attach_files", "view_channel"])
async def test_without_permission_it_cannot_be_posted(
    face: Face, job: Job, video: VideoFile, permission: str
) -> None:
    """Taken away while the video was made."""
    await forbid(face, job, permission)

    with pytest.raises(CannotPostError):
        await face.poster.post_video(job, video, Where.of(job))


async def test_a_channel_that_is_gone_cannot_be_posted_in(
    face: Face, job: Job, video: VideoFile
) -> None:
    """Deleted while the video was made."""
    await face.control("delete-channel", channel_id=str(job.channel_id))

    with pytest.raises(CannotPostError):
        await face.poster.post_video(job, video, Where.of(job))
    assert await face.poster.find_result(job) is None


async def test_trouble_is_told_from_refusal(face: Face, job: Job, video: VideoFile) -> None:
    """A cut connection: later."""
    await face.control("faults", method="POST", path=MESSAGES, drop=True)

    with pytest.raises(PostLaterError):
        await face.poster.post_video(job, video, Where.of(job))


async def test_a_long_rate_limit_is_trouble(face: Face, job: Job, video: VideoFile) -> None:
    """Nothing waits in line for half an hour."""
    await face.control(
        "faults",
        method="POST",
        path=MESSAGES,
        status=429,
        headers={"Via": "1.1 discord"},
        body={"retry_after": 1800.0, "message": "limited", "global": False},
    )

    with pytest.raises(PostLaterError):
        await face.poster.post_video(job, video, Where.of(job))


async def test_where_replying_is_forbidden_it_is_posted_plainly(
    face: Face, job: Job, video: VideoFile
) -> None:
    """A reply needs the channel's history; a message does not."""
    await forbid(face, job, "read_message_history")
    await face.poster.post_video(job, video, Where.of(job))
    (posted,) = await results(face, job)

    assert "message_reference" not in posted
    assert files_of(posted)


@pytest.mark.parametrize("code", [50035, 50006])
async def test_a_form_that_discord_does_not_take_is_posted_plainly_once(
    face: Face, job: Job, video: VideoFile, mia: MemberDriver, code: int
) -> None:
    """With the file, the same buttons, the ping and the reply; and it is found again."""
    await refuse(face, status=400, code=code)
    post = await face.poster.post_video(job, video, Where.of(job))
    (posted,) = await results(face, job)

    assert at(posted) == post
    assert posted["content"].startswith(f"<@{mia.user['id']}> your video is ready.")
    assert [user["id"] for user in posted["mentions"]] == [mia.user["id"]]
    assert posted["message_reference"]["message_id"] == str(job.card_message_id)
    assert await mia.download(files_of(posted)[0]["url"]) == video.path.read_bytes()
    assert list(buttons(posted).values())[:2] == ["Again", "Same seed, change…"]
    assert await face.poster.find_result(job) == post


async def test_no_other_refusal_is_posted_a_second_time(
    face: Face, job: Job, video: VideoFile
) -> None:
    """A missing permission stays missing, and a size too large."""
    await refuse(face, status=403, code=50013)
    with pytest.raises(CannotPostError):
        await face.poster.post_video(job, video, Where.of(job))
    await refuse(face, status=413, code=40005)
    with pytest.raises(TooLargeToPostError):
        await face.poster.post_video(job, video, Where.of(job))

    assert await results(face, job) == []


async def test_what_is_refused_in_both_forms_cannot_be_posted(
    face: Face, job: Job, video: VideoFile
) -> None:
    """It is not tried for ever."""
    await refuse(face, status=400, code=50035, times=9)

    with pytest.raises(CannotPostError):
        await face.poster.post_video(job, video, Where.of(job))
    assert await results(face, job) == []


async def test_a_result_leads_to_what_it_was_made_from(
    face: Face, job: Job, video: VideoFile
) -> None:
    """And is not taken for that one's result."""
    first = await face.poster.post_video(job, video, Where.of(job))
    await face.store.transition(
        job.id,
        JobState.DELIVERED,
        now=now(),
        result_channel_id=first.channel_id,
        result_message_id=first.message_id,
    )
    child = replace(job, id=job.id + 1, parent_id=job.id)
    await face.poster.post_video(child, video, Where.of(job))
    (posted,) = await results(face, child)

    assert f"Made from [this video](https://discord.com/channels/{job.guild_id}/" in all_text(
        posted
    )
    assert str(first.message_id) in all_text(posted)
    assert await face.poster.find_result(job) == first


async def test_a_moderators_card_in_the_same_channel_is_no_result(face: Face, job: Job) -> None:
    """It names the job, too: the video would never be posted."""
    channel = face.bot.get_partial_messageable(job.channel_id)
    await channel.send(view=texts_view(0, [f"A card of job `{job.id}`"]))

    assert await face.poster.find_result(job) is None


async def test_what_an_earlier_version_posted_is_found(face: Face, job: Job) -> None:
    """As text without buttons: a bot that is updated in between does not post twice."""
    channel = face.bot.get_partial_messageable(job.channel_id)
    sent = await channel.send(f"<@{job.user_id}> your video is ready.\n-# job `{job.id}`")

    assert await face.poster.find_result(job) == Posted(
        channel_id=job.channel_id, message_id=sent.id
    )


async def test_a_deleted_card_is_no_hindrance(face: Face, job: Job, video: VideoFile) -> None:
    """The video is posted without a reply."""
    await face.control(
        "delete-message", channel_id=str(job.channel_id), message_id=str(job.card_message_id)
    )
    await face.poster.post_video(job, video, Where.of(job))

    assert len(await results(face, job)) == 1


async def test_a_posted_result_is_found_again(face: Face, job: Job, video: VideoFile) -> None:
    """After a crash between posting and writing it down; also a link."""
    assert await face.poster.find_result(job) is None

    post = await face.poster.post_video(job, video, Where.of(job))

    assert await face.poster.find_result(job) == post


async def test_only_our_own_message_of_this_job_is_the_result(
    face: Face, job: Job, video: VideoFile, mia: MemberDriver, photo: Path
) -> None:
    """Neither another job's video nor a member who sends the same words and nonce."""
    other = await face.finished(await face.ordered(mia, photo))
    await face.poster.post_video(other, video, Where.of(job))
    forged = {"content": f"job `{job.id}`", "nonce": str(job.id)}
    await mia.request("POST", f"/channels/{job.channel_id}/messages", json=forged)

    assert await face.poster.find_result(job) is None


async def test_what_was_said_while_a_copy_was_made_does_not_hide_the_result(
    face: Face, job: Job, video: VideoFile, mia: MemberDriver
) -> None:
    """More than one page of messages between the first try and the post."""
    for number in range(105):
        await mia.send_message(f"chat {number}", channel_id=str(job.channel_id))
    post = await face.poster.post_video(job, video, Where.of(job))

    assert await face.poster.find_result(job) == post


async def test_a_busy_channel_does_not_hide_the_result(
    face: Face, job: Job, video: VideoFile, mia: MemberDriver
) -> None:
    """The search begins where the first try to post was, not at the card."""
    early = replace(job, delivering_at=job.delivering_at)
    post = await face.poster.post_video(job, video, Where.of(job))
    for number in range(3):
        await mia.send_message(f"chat {number}")

    assert await face.poster.find_result(early) == post
    late = replace(job, delivering_at=now() + timedelta(minutes=10))
    assert await face.poster.find_result(late) is None


async def test_after_a_restore_the_whole_channel_is_searched(
    face: Face, job: Job, video: VideoFile, mia: MemberDriver
) -> None:
    """The first try to post may be long ago: more lies between than is looked at elsewhere."""
    for number in range(101):
        await mia.send_message(f"chat {number}")
    post = await face.poster.post_video(job, video, Where.of(job))

    assert await ResultFinder(face.bot, searched=100).find(job) is None
    assert await face.poster.find_result(replace(job, restored_at=now())) == post


async def test_a_search_in_trouble_is_told_from_an_empty_one(face: Face, job: Job) -> None:
    """Not knowing is not the same as nothing there: posting now might be twice."""
    # aiohttp itself asks once more when a kept connection is cut
    await face.control("faults", method="GET", path=MESSAGES, drop=True, times=9)

    with pytest.raises(PostLaterError):
        await face.poster.find_result(job)


async def test_a_link_is_posted_with_its_end(face: Face, job: Job) -> None:
    """Where the file is too large."""
    link = Link(url=LINK, expires_at=now() + timedelta(minutes=50))
    post = await face.poster.post_link(job, link, Where.of(job))
    (posted,) = await results(face, job)

    assert at(posted) == post
    assert f"(<{LINK}>)" in all_text(posted)
    assert f"<t:{int(link.expires_at.timestamp())}:R>" in all_text(posted)
    assert await face.poster.find_result(job) == post


async def test_a_direct_message_says_why_it_comes(face: Face, job: Job, video: VideoFile) -> None:
    """With the file, and it is found again."""
    post = await face.poster.post_video(job, video, DIRECT)
    (posted,) = await direct(face, job)

    assert at(posted) == replace(post, direct=False)
    assert post.direct
    assert post.channel_id != job.channel_id
    assert f"It could not be posted in <#{job.channel_id}>." in all_text(posted)
    assert files_of(posted)[0]["filename"] == "wan-2.6-i2v-77.mp4"
    assert await face.poster.find_result(job) == post


async def test_a_large_video_goes_as_a_direct_link(face: Face, job: Job, video: VideoFile) -> None:
    """Direct messages take no more than 10 MiB."""
    large = replace(video, size_bytes=LEAST_LIMIT_BYTES + 1)
    with pytest.raises(TooLargeToPostError) as refused:
        await face.poster.post_video(job, large, DIRECT)
    await face.poster.post_link(job, Link(url=LINK, expires_at=now()), DIRECT)
    (posted,) = await direct(face, job)

    assert refused.value.fits_bytes == LEAST_LIMIT_BYTES

    assert LINK in all_text(posted)
    assert files_of(posted) == []


async def test_closed_direct_messages_cannot_be_posted_in(
    face: Face, job: Job, video: VideoFile, mia: MemberDriver
) -> None:
    """Then nothing works, which the caller must know."""
    await face.control("dms", user_id=mia.user["id"], open=False)

    with pytest.raises(CannotPostError):
        await face.poster.post_video(job, video, DIRECT)


async def test_a_job_of_direct_messages_is_answered_there(
    face: Face, video: VideoFile, mia: MemberDriver, photo: Path
) -> None:
    """As a reply to its card, and found again."""
    body = {"recipient_id": str(face.bot.application_id)}
    channel = await mia.request("POST", "/users/@me/channels", json=body)
    outcome = await mia.run_command("animate", {"image": photo, **SETTINGS}, channel["id"])
    job = await face.finished(await face.carded(int(outcome.id)))
    post = await face.poster.post_video(job, video, Where.of(job))
    (posted,) = await direct(face, job)

    assert at(posted) == post
    assert post.channel_id == job.channel_id
    assert posted["message_reference"]["message_id"] == str(job.card_message_id)
    assert await face.poster.find_result(job) == post


# -- taking it away ------------------------------------------------------------------------


async def test_a_posted_video_can_be_deleted_and_may_be_gone_already(
    face: Face, job: Job, video: VideoFile
) -> None:
    """Whoever was faster, the end is the same; trouble and refusals are told apart."""
    post = await face.poster.post_video(job, video, Where.of(job))
    posted = replace(job, result_channel_id=post.channel_id, result_message_id=post.message_id)
    one = f"/channels/{post.channel_id}/messages/{post.message_id}"
    await face.control("faults", method="DELETE", path=one, status=403, body={"code": 50013})
    with pytest.raises(CannotPostError):
        await face.poster.delete_result(posted)
    await face.control("faults", method="DELETE", path=one, status=503, body={"code": 0})
    with pytest.raises(PostLaterError):
        await face.poster.delete_result(posted)
    still_there = await results(face, job)
    for _ in range(2):
        await face.poster.delete_result(posted)
    await face.poster.delete_result(job)

    assert len(still_there) == 1
    assert await results(face, job) == []
