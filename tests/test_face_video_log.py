"""Moderators watch videos in the log channel and act on them, with the real client on Discord."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.job import Job, JobState
from bot.jobs.ports import DIRECT, Where
from bot.media import VideoFile
from sandbox.discord_api.component_kinds import files_of, result_of
from sandbox.discord_api.driver import MemberDriver, Outcome
from sandbox.discord_api.driver import RefusedError as DiscordRefusedError
from sandbox.discord_api.seed import GUILD_ID, LOG_ID, MIA_ID, SECOND_GUILD_ID, SECOND_LOG_ID
from tests.discord_kit import member_driver, until
from tests.face_running import (
    EPHEMERAL,
    SETTINGS,
    Face,
    all_text,
    buttons,
    now,
    planted,
    start,
    stop,
)
from tests.storage_kit import events_of

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILD, LOG = int(GUILD_ID), int(LOG_ID)
PRICE, COST_USD = 63, 0.625


@pytest.fixture
async def olga(face: Face) -> AsyncIterator[MemberDriver]:
    """Another moderator, connected: the owner."""
    async with face.member("Olga") as driver:
        yield driver


async def told(driver: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only they see."""
    return await driver.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def switched_on(face: Face, nora: MemberDriver) -> None:
    """Let Nora switch the cards on, on the policy's page."""
    policy = await face.policies.policy(GUILD)
    policy = policy.model_copy(update={"log_channel_id": LOG})
    await face.policies.set_policy(GUILD, policy, actor_id=1, now=now())
    await nora.run_command("video-admin policy")
    page = await told(nora, "Videos on this server")
    await nora.press(page, "admin:page:log")
    await told(nora, "Every video there, too**: off")
    await nora.press(page, "admin:flip:log_videos:on")
    await told(nora, "Every video there, too**: on")


async def made(
    face: Face, mia: MemberDriver, photo: Path, video: VideoFile, *, direct: bool = False
) -> Job:
    """Bring a video of Mia's to its end, as the engine does."""
    job = await face.finished(await face.ordered(mia, photo))
    if direct:
        posted = await face.poster.post_video(job, video, DIRECT)
    else:
        posted = await face.poster.post_video(job, video, Where.of(job))
    job = await face.moved(
        job,
        JobState.DELIVERED,
        cost_usd=COST_USD,
        result_channel_id=posted.channel_id,
        result_message_id=posted.message_id,
        result_direct=posted.direct,
    )
    await face.cards.finish(job)
    face.video_log.ended(job)
    return job


@pytest.fixture
async def job(face: Face, mia: MemberDriver, photo: Path, video: VideoFile) -> Job:
    """A video of Mia's that nobody watches."""
    return await made(face, mia, photo, video)


async def watched(face: Face, job: Job) -> dict[str, Any]:
    """Wait for the job's card in the log channel."""

    async def there() -> bool:
        return (await face.job(job.id)).log_message_id is not None

    await until(there)
    card_id = str((await face.job(job.id)).log_message_id)
    return next(message for message in await face.posted(LOG_ID) if message["id"] == card_id)


async def filled(driver: MemberDriver, outcome: Outcome, **fields: str) -> Outcome:
    """Fill in the form that a press opened."""
    assert outcome.modal is not None
    return await driver.submit_modal(outcome.modal, fields)


async def logged(face: Face, words: str) -> dict[str, Any]:
    """Wait for a notice in the log channel."""

    async def there() -> bool:
        return any(words in message["content"] for message in await face.posted(LOG_ID))

    await until(there)
    return next(m for m in await face.posted(LOG_ID) if words in m["content"])


async def messages(face: Face, job: Job) -> list[str]:
    """Return the ids of the messages that carry the video, wherever they are."""
    state = await face.state()
    return [
        message["id"]
        for of_channel in state["messages"].values()
        for message in of_channel
        if message["deleted_at"] is None
        and files_of(message)
        and result_of(message["components"]) == str(job.id)
    ]


async def test_a_video_is_watched_and_taken_down(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path, video: VideoFile
) -> None:
    """From the switch to the card, the form, the deletion, the refund and the notice."""
    await switched_on(face, nora)
    job = await made(face, mia, photo, video)
    card = await watched(face, job)
    text = all_text(card)
    for words in (f"<@{MIA_ID}>", "A fox jumps", "63 credits", "0.625 USD", f"`{job.seed}`"):
        assert words in text
    assert f"/{job.channel_id}/{job.result_message_id})" in text
    assert str(job.parameters["image"]) in str(card["components"])
    assert card["mentions"] == []

    await filled(nora, await nora.press(card, f"video:refund:{job.id}"), reason="Not *here*")
    await told(nora, f"63 credits went back to <@{MIA_ID}>.\nThe message with the video is gone.")
    notice = await logged(face, f"removed the video of job `{job.id}`")
    await face.card_shows(job, "A moderator removed this video.")
    seen = await watched(face, job)

    assert await messages(face, job) == []
    assert "> Not \\*here\\*" in notice["content"]
    assert f"Removed by <@{nora.user['id']}>" in all_text(seen)
    assert list(buttons(seen).values()) == ["Block member"]
    mias = await face.card_text(job)
    assert "Its 63 credits were given back." in mias
    assert "Jump to" not in mias
    kinds = [entry.kind for entry in await face.store.ledger_of(job.id)]
    assert kinds == ["reserve", "settle", "adjust"]
    events = (await events_of(face.policies, GUILD))[:2]
    assert [event.action for event in events] == ["job.refund", "job.take_down"]


async def test_who_made_it_is_blocked_from_the_card(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path, video: VideoFile
) -> None:
    """The next command is refused with the reason and the end."""
    await switched_on(face, nora)
    job = await made(face, mia, photo, video)
    card = await watched(face, job)
    opened = await nora.press(card, f"video:block:{job.id}")
    await filled(nora, opened, reason="Enough", duration="a while")
    await told(nora, "is no length of time")
    await filled(nora, opened, reason="Enough", duration="3 h")
    await told(nora, f"🚫 <@{MIA_ID}> is blocked until")
    await logged(face, f"blocked <@{MIA_ID}>")
    await mia.run_command("animate", {"image": photo, **SETTINGS})

    assert "> Enough" in all_text(await told(mia, "You are blocked"))


@pytest.mark.parametrize("action", ["delete", "refund", "again", "block"])
async def test_who_may_not_changes_nothing(
    face: Face, mia: MemberDriver, job: Job, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A member who can press the button, and the owner of another server."""
    before = await face.job(job.id)
    with caplog.at_level(logging.INFO):
        pressed = await mia.press(
            await planted(face, mia.channel_id, job, action), id_of(job, action)
        )
        await told(mia, "needs the permission **Manage Server**")
        async with member_driver(face.stand_in, "Sven") as sven:
            card = await planted(face, SECOND_LOG_ID, job, action)
            strange = await sven.press(card, id_of(job, action))
            await told(sven, "no such job on this server")

    assert (pressed.modal, strange.modal) == (None, None)
    assert await face.job(job.id) == before
    assert len(await messages(face, job)) == 1
    assert await events_of(face.policies, GUILD) == []
    assert await events_of(face.policies, int(SECOND_GUILD_ID)) == []
    assert f"moderation refused: interaction {pressed.id}" in caplog.text
    assert f"interaction {strange.id} refused" in caplog.text


def id_of(job: Job, action: str) -> str:
    """Return the id of a button."""
    return f"video:{action}:{job.id}"


async def test_two_moderators_and_a_restart(
    face: Face, nora: MemberDriver, olga: MemberDriver, photo: Path, video: VideoFile
) -> None:
    """Forms opened before a restart work after it; who is late learns who was faster."""
    async with face.member() as mia:
        await switched_on(face, nora)
        job = await made(face, mia, photo, video, direct=True)
        card = await watched(face, job)
        forms = [await one.press(card, f"video:delete:{job.id}") for one in (nora, olga)]
        await face.bot.close()
        other = face.again()
        task = await start(other)
        try:
            path = "/channels/*/messages/*"
            await face.control("faults", method="DELETE", path=path, status=403, body={"code": 5})
            await filled(nora, forms[0], reason="Not here")
            await told(nora, "does not let the bot delete")
            stayed = await messages(face, job)
            await filled(olga, forms[1], reason="Me too")
            late = await told(olga, f"<@{nora.user['id']}> has removed this video")
            stale = await planted(other, LOG_ID, job, "delete")
            await olga.press(stale, f"video:delete:{job.id}")
            await told(olga, f"<@{nora.user['id']}> was faster")
            mended = next(m for m in await face.posted(LOG_ID) if m["id"] == stale["id"])
            await other.card_shows(job, "Its 63 credits were not given back.")
        finally:
            await stop(other, task)

    assert len(stayed) == 1
    assert await messages(face, job) == []
    assert list(buttons(mended).values()) == ["Give credits back", "Block member"]
    assert "The message with the video is gone." in all_text(late)
    assert (await face.job(job.id)).removal_reason == "Not here"


async def test_a_card_missed_comes_after_a_restart(
    face: Face, nora: MemberDriver, photo: Path, video: VideoFile
) -> None:
    """The channel was closed to the bot, then the bot stopped: the next start posts it, once."""
    async with face.member() as mia:
        await switched_on(face, nora)
        path = f"/channels/{LOG_ID}/messages"
        await face.control("faults", method="POST", path=path, status=403, body={"code": 50013})
        job = await made(face, mia, photo, video)
        await face.bot.close()
        missed = (await face.job(job.id)).log_message_id
        other = face.again()
        task = await start(other)
        try:
            await asyncio.gather(other.video_log.look(), other.video_log.look())
            await watched(other, job)
        finally:
            await stop(other, task)

    assert missed is None
    cards = [m for m in await face.posted(LOG_ID) if f"job `{job.id}`" in all_text(m)]
    assert len(cards) == 1


async def test_a_moderator_asks_about_any_video(
    face: Face, mia: MemberDriver, nora: MemberDriver, job: Job
) -> None:
    """By the menu on the message, log channel or not; what it offers works."""
    posted = next(m for m in await nora.messages() if m["id"] == str(job.result_message_id))
    for message in (posted, await face.card(job)):
        await nora.use_menu("Moderate video", message)
    card = await told(nora, "A fox jumps")
    await filled(nora, await nora.press(card, f"video:delete:{job.id}"), reason="Not here")
    await told(nora, "This video is removed.")
    other = await mia.send_message(f"job `{job.id}`")
    await nora.use_menu("Moderate video", other)
    await told(nora, "not about a video of mine")

    with pytest.raises((DiscordRefusedError, LookupError)):
        await mia.use_menu("Moderate video", other)
    assert await messages(face, job) == []


async def test_a_refused_prompt_is_told_in_the_log(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """Who, where and which rule, hidden; the member has the answer all the same."""
    await switched_on(face, nora)
    rule = await face.policies.add_rule(GUILD, "word", "weasel", actor_id=1, now=now())
    await mia.run_command("animate", {"image": photo, **SETTINGS, "prompt": "A w3asel"})
    await told(mia, "does not allow")
    notice = await logged(face, f"<@{MIA_ID}> was refused in <#{face.stand_in.channel_id}>")

    assert f"rule `{rule.id}`, word ||weasel||" in notice["content"]
    assert notice["mentions"] == []
    assert await face.store.of_member(int(MIA_ID)) == []
