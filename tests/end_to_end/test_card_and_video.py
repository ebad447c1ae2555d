"""The one card of each job, and the video that answers it, wherever it was asked for."""

import re
from pathlib import Path

import pytest

from bot.catalogue import MODELS
from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.sandbox_process import Json, SandboxProcess
from tests.end_to_end.seen import (
    assert_plain,
    card_showing,
    heading,
    make,
    quota,
    result_of,
    text_of,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

T2V_CREDITS, FLASH_CREDITS = 8, 18
SELECT, TEXT_INPUT = 3, 4
REPLY = 19


async def complete(sandbox: SandboxProcess, prompt: str) -> None:
    """Ends the stuck request of a prompt well."""
    request = await sandbox.request_of(prompt)
    await sandbox.segmind(f"requests/{request['request_id']}/complete", {})


# -- the card and the video ----------------------------------------------------------------


async def test_one_card_shows_every_step_and_the_video_answers_it(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """The same message from the queue to the end; the result replies to it and mentions."""
    job_id, result = await make(mia, "t2v", {"prompt": "a hill, step by step", "seed": 5})

    (card,) = [m for m in await sandbox.messages_of(job_id) if m["deleted_at"] is None]
    drawn = [r for r in card["history"] if not r["loading"]]
    headings = [heading({"content": "", **revision}) for revision in drawn]
    seen = [word for word in ("queue", "making", "Done") if any(word in h for h in headings)]
    assert "making" in seen
    assert "Done" in headings[-1]
    order = [next(i for i, h in enumerate(headings) if word in h) for word in seen]
    assert order == sorted(order)
    assert f"/{result['channel_id']}/{result['id']}" in text_of(card)
    assert result["type"] == REPLY
    assert result["message_reference"]["message_id"] == card["id"]
    assert [user["id"] for user in result["mentions"]] == [mia.user["id"]]
    assert_plain(text_of(result), ("your video is ready", "seed `5`", "8 credits", "480p"))


async def test_a_card_waits_in_the_queue_before_it_runs(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """While the provider is busy, the card says so, and goes on by itself."""
    await sandbox.fault({"on": "submit", "kind": "error", "status": 429, "seconds": 1})

    job_id, _ = await make(mia, "t2v", {"prompt": "a hill in a busy hour"})

    (card,) = await sandbox.messages_of(job_id)
    shown = [text_of({"content": "", **revision}) for revision in card["history"]]
    queued = next(i for i, text in enumerate(shown) if "In the queue" in text)
    running = next(i for i, text in enumerate(shown) if "In the making" in text)
    assert queued < running
    assert "Done" in shown[-1]


async def test_what_a_member_writes_mentions_nobody_and_formats_nothing(
    sandbox: SandboxProcess, mia: MemberDriver, theo: MemberDriver
) -> None:
    """Neither on the card nor beside the video."""
    prompt = f"@everyone <@{theo.user['id']}> **hill** [x](https://example.org) `code` ||spoiler||"

    job_id, result = await make(mia, "t2v", {"prompt": prompt})

    card = await card_showing(mia, job_id, "Done")
    assert (await sandbox.request_of(prompt))["body"]["prompt"] == prompt
    for message in (card, result):
        assert not message["mention_everyone"]
        assert theo.user["id"] not in [user["id"] for user in message["mentions"]]
        assert "**hill**" not in text_of(message)
        assert "](https://example.org)" not in text_of(message)


async def test_when_the_interactions_token_is_dead_the_card_goes_on(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """After 15 minutes the bot edits its own message, with its own token."""
    prompt = "sandbox-stuck hill that takes a long time"
    job = await mia.run_command("t2v", {"prompt": prompt})
    card = await card_showing(mia, job.id, "In the making")
    await sandbox.discord("token-life", {"seconds": 0})

    await complete(sandbox, prompt)

    done = await card_showing(mia, job.id, "Done")
    assert done["id"] == card["id"]


async def test_a_job_of_25_minutes_ends_on_the_card_it_began_on(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Its token lives for 15 of them (both clocks run as fast as the sandbox does)."""
    token_life_s = 15 * 60 / sandbox.speed
    (model,) = [model for model in MODELS if model.slug == "wan-2.2-t2v-fast"]
    await sandbox.discord("token-life", {"seconds": token_life_s})
    factor = 25 * 60 / model.typical_s
    await sandbox.fault({"on": "outcome", "kind": "slow", "factor": factor})
    prompt = "a hill that takes 25 minutes"

    job_id, result = await make(mia, "t2v", {"prompt": prompt})

    card = await card_showing(mia, job_id, "Done")
    (made,) = await sandbox.messages_of(job_id)
    (asked,) = [i for i in (await sandbox.discord("state"))["interactions"] if i["id"] == job_id]
    took_s = made["history"][-1]["at"] - asked["received_at"]
    shown = [text_of({"content": "", **r}) for r in made["history"] if not r["loading"]]
    assert made["id"] == card["id"] == result["message_reference"]["message_id"]
    assert took_s > token_life_s, "the token was alive to the end"
    assert "In the making" in shown[-3] + shown[-2]
    assert "Done" in shown[-1]


# -- too large -------------------------------------------------------------------------------


async def link_in(member: MemberDriver, job_id: str) -> Json:
    """The message of a video that was too large: a link that works, and until when."""
    message = await result_of(member, job_id)
    assert files_of(message) == []
    text = text_of(message)
    assert_plain(text, ("too large to attach", "stops working"))
    assert re.search(r"until <t:\d+:f> \(<t:\d+:R>\)", text)
    (url,) = re.findall(r"\(<(http\S+)>\)", text)
    assert (await member.download(url))[4:8] == b"ftyp"
    return message


async def test_a_video_too_large_arrives_as_a_smaller_copy_that_plays(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Below the channel's limit, as an attachment; the original can be had for its hour."""
    limit_bytes = 800_000
    await sandbox.discord("upload-limit", {"bytes": limit_bytes})
    await sandbox.fault({"on": "outcome", "kind": "large", "size_bytes": 2_500_000})

    job_id, result = await make(mia, "t2v", {"prompt": "a hill in small"})

    (attached,) = files_of(result)
    copy = await mia.download(attached["url"])
    original = await mia.download(*re.findall(r"\(<(http\S+)>\)", text_of(result)))
    assert len(copy) <= limit_bytes < len(original)
    assert copy[4:8] == b"ftyp"
    assert_plain(text_of(result), ("smaller copy", "the original", "until"))
    assert result["id"] in text_of(await card_showing(mia, job_id, "Done"))


async def test_a_video_over_the_channels_limit_comes_as_a_link(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """The interaction says beforehand how much may be attached."""
    await sandbox.discord("upload-limit", {"bytes": 20_000})

    job = await mia.run_command("t2v", {"prompt": "a hill too large for here"})

    message = await link_in(mia, job.id)
    card = await card_showing(mia, job.id, "Done")
    assert message["id"] in text_of(card)
    assert [user["id"] for user in message["mentions"]] == [mia.user["id"]]


async def test_a_limit_that_was_overstated_leads_to_a_link_as_well(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """413 is the truth, whatever the interaction said."""
    prompt = "sandbox-stuck hill that Discord takes no more"
    job = await mia.run_command("t2v", {"prompt": prompt})
    await card_showing(mia, job.id, "In the making")
    await sandbox.discord("upload-limit", {"bytes": 20_000})

    await complete(sandbox, prompt)

    await link_in(mia, job.id)
    await card_showing(mia, job.id, "Done")


# -- elsewhere -------------------------------------------------------------------------------


async def test_it_works_in_direct_messages_with_credits_of_their_own(
    sandbox: SandboxProcess, mia: MemberDriver, picture_file: Path
) -> None:
    """Card, reply and video are in the direct messages; the server's credits are untouched."""
    dm = await mia.request("POST", "/users/@me/channels", json={"recipient_id": sandbox.bot_id})
    server, direct = await quota(mia), await quota(mia, dm["id"])
    options = {"image": picture_file, "prompt": "a hill, between us"}

    job_id, result = await make(mia, "animate", options, dm["id"])

    card = await card_showing(mia, job_id, "Done")
    assert result["channel_id"] == card["channel_id"] == dm["id"]
    assert result["message_reference"]["message_id"] == card["id"]
    assert f"/@me/{dm['id']}/{result['id']}" in text_of(card)
    assert await quota(mia) == server
    assert (await quota(mia, dm["id"])).used_today == direct.used_today + FLASH_CREDITS
    assert (await mia.messages(dm["id"]))[0]["id"] == result["id"]


async def test_it_works_in_a_thread(mia: MemberDriver) -> None:
    """Card, reply and video are in the thread."""
    thread_id = mia.guild["threads"][0]["id"]

    job_id, result = await make(mia, "t2v", {"prompt": "a hill in a thread"}, thread_id)

    card = await card_showing(mia, job_id, "Done")
    assert result["channel_id"] == card["channel_id"] == thread_id
    assert result["message_reference"]["message_id"] == card["id"]
