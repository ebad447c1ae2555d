"""Send again, as members see it: on the card and in /jobs, by their own press, in their place."""

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.job import FailureReason, Job, JobState
from sandbox.discord_api.component_kinds import files_of, result_of
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import GENERAL_ID, GUILD_ID
from tests.face_running import EPHEMERAL, Face, all_text, buttons
from tests.segmind_far_end import tiny_mp4

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

RELEASED = ["reserve", "release"]


async def behind(
    face: Face, mia: MemberDriver, photo: Path, failure: FailureReason | None = None
) -> Job:
    """Return a job whose video could not be delivered; its card shows it."""
    job = await face.finished(await face.ordered(mia, photo))
    video = face.data_dir / "result.mp4"
    video.write_bytes(tiny_mp4())
    await face.kept.keep(job.id, video)
    job = await face.moved(job, JobState.UNDELIVERED, failure=failure)
    await face.cards.finish(job)
    return job


async def told(member: MemberDriver, words: str) -> dict[str, Any]:
    """Return what the member alone was told."""
    return await member.wait_for_message(
        lambda m: words in all_text(m) and bool(m["flags"] & EPHEMERAL)
    )


async def results(face: Face, job: Job, channel_id: str | None = None) -> list[dict[str, Any]]:
    """Return the posts with a job's video in a channel."""
    return [
        message
        for message in await face.posted(channel_id)
        if files_of(message) and result_of(message["components"]) == str(job.id)
    ]


async def books(face: Face, job: Job) -> list[str]:
    """Return the kinds of a job's ledger entries."""
    return [entry.kind.value for entry in await face.store.ledger_of(job.id)]


async def test_the_card_s_button_brings_the_video(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Into the channel, as a reply; card and answer lead to it, and nobody pays. Once."""
    job = await behind(face, mia, photo)
    await mia.run_command("jobs")
    before = await told(mia, "Your videos")
    card = await face.card(job)
    await mia.press(card, f"job:send:{job.id}")
    answer = await told(mia, "Here it is")
    await face.card_shows(job, "Jump to the video")
    await mia.press(before, f"job:send:{job.id}")
    await told(mia, "delivered already")
    (posted,) = await results(face, job)

    assert "could be posted neither here nor in a direct message" in all_text(card)
    assert "Your 63 credits came back" in all_text(card)
    assert posted["message_reference"]["message_id"] == card["id"]
    assert await mia.download(files_of(posted)[0]["url"]) == tiny_mp4()
    assert posted["id"] in answer["content"]
    assert "Nothing was charged" in answer["content"]
    assert buttons(await face.card(job)) == {}
    assert await books(face, job) == RELEASED


async def test_it_comes_to_the_channel_in_which_one_asks(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """From the list, after the first channel was deleted; the page then links there."""
    job = await behind(face, mia, photo)
    await face.control("delete-channel", channel_id=str(job.channel_id))
    await mia.run_command("jobs", channel_id=GENERAL_ID)
    mine = await told(mia, "Your videos")
    await mia.press(mine, f"job:send:{job.id}")
    answer = await told(mia, "Here it is")
    (posted,) = await results(face, job, GENERAL_ID)
    await mia.run_command("jobs", {"job": str(job.id)}, channel_id=GENERAL_ID)
    page = await told(mia, "Sent to the model")

    link = f"https://discord.com/channels/{GUILD_ID}/{GENERAL_ID}/{posted['id']}"
    assert buttons(mine) == {f"job:send:{job.id}": "Send again"}
    assert link in answer["content"]
    assert link in all_text(page)
    assert "Sent to you by direct message" not in all_text(page)


async def test_where_the_bot_may_not_post_it_comes_directly(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The card, which all can see, does not link there."""
    job = await behind(face, mia, photo)
    deny = discord.Permissions(send_messages=True).value
    await face.control("bot-permissions", channel_id=str(job.channel_id), deny=deny)
    await mia.press(await face.card(job), f"job:send:{job.id}")
    answer = await told(mia, "sent to you directly")
    await face.card_shows(job, "Sent to you by direct message.")

    assert await results(face, job) == []
    assert "/@me/" in answer["content"]
    assert (await face.job(job.id)).result_direct


async def test_where_nothing_works_the_words_say_what_would(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The button stays; once doors open it works."""
    job = await behind(face, mia, photo)
    where = {"channel_id": str(job.channel_id)}
    deny = discord.Permissions(attach_files=True).value
    await face.control("bot-permissions", **where, deny=deny)
    await face.control("dms", user_id=mia.user["id"], open=False)
    await mia.press(await face.card(job), f"job:send:{job.id}")
    await told(mia, "or allow direct messages from this server")
    await face.control("bot-permissions", **where)
    await mia.press(await face.card(job), f"job:send:{job.id}")
    await told(mia, "Here it is")

    assert len(await results(face, job)) == 1
    assert await books(face, job) == RELEASED


async def test_nobody_has_another_s_video_sent(face: Face, mia: MemberDriver, photo: Path) -> None:
    """The card's button is there for all to see, and checked where it counts."""
    job = await behind(face, mia, photo)
    async with face.member("Theo") as theo:
        await theo.press(await face.card(job), f"job:send:{job.id}")
        await told(theo, "not one of your videos")

    assert (await face.job(job.id)).state is JobState.UNDELIVERED
    assert await results(face, job) == []


async def test_an_outage_of_discord_is_called_by_its_name(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The card says that the bot tries by itself, and does not blame anybody's permissions."""
    job = await behind(face, mia, photo, FailureReason.DISCORD_DOWN)
    text = all_text(await face.card(job))

    assert "Discord did not take it for some minutes" in text
    assert "tries again by itself for an hour" in text
    assert "permission" not in text


@pytest.mark.parametrize("action", ["delete", "restart"])
async def test_what_is_kept_goes_with_the_member(
    face: Face, mia: MemberDriver, photo: Path, action: str
) -> None:
    """Deleting one's data takes the file as well, at once; tidying alone leaves it."""
    job = await behind(face, mia, photo)
    if action == "delete":
        await face.bot.services.privacy.desk.delete(int(mia.user["id"]))
    else:
        await face.kept.tidy()

    assert face.kept.path(job.id).exists() == (action == "restart")
