"""Discord fails, changes its mind or forgets: no video is lost, none is posted twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.permissions import Permission
from tests.end_to_end.sandbox_process import Json, SandboxProcess, until
from tests.end_to_end.seen import (
    answer_to,
    ask,
    card_showing,
    heading,
    is_result,
    make,
    quota,
    result_of,
    text_of,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

CALLBACK = {"method": "POST", "path": "/interactions/*/*/callback"}


@asynccontextmanager
async def changed_meanwhile(
    sandbox: SandboxProcess, member: MemberDriver, prompt: str
) -> AsyncIterator[tuple[str, Json]]:
    """A job under way at the provider; at the end of the block it completes."""
    job = await member.run_command("t2v", {"prompt": prompt})
    card = await card_showing(member, job.id, "In the making")
    yield job.id, card
    request = await sandbox.request_of(prompt)
    await sandbox.segmind(f"requests/{request['request_id']}/complete", {})


@asynccontextmanager
async def denied(sandbox: SandboxProcess, permission: Permission) -> AsyncIterator[None]:
    """The bot lacks a permission in #video until the end of the block."""
    where = {"channel_id": sandbox.channel_id}
    await sandbox.discord("bot-permissions", {**where, "deny": int(permission)})
    try:
        yield
    finally:
        await sandbox.discord("bot-permissions", where)


async def results(sandbox: SandboxProcess, job_id: str) -> list[Json]:
    """Every message that ever carried a job's video."""
    return [m for m in (await sandbox.all_messages()).values() if is_result(m, job_id)]


# -- posting ---------------------------------------------------------------------------


async def test_a_post_whose_answer_is_lost_is_found_not_repeated(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """The message was made, then the connection broke."""
    path = f"/channels/{sandbox.channel_id}/messages"
    await sandbox.discord("faults", {"method": "POST", "path": path, "drop": True, "late": True})

    job_id, _ = await make(mia, "t2v", {"prompt": "a hill, once"})

    assert len(await results(sandbox, job_id)) == 1


async def test_a_bot_that_may_not_read_the_history_posts_without_replying(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """A reply needs Read Message History, which posting does not."""
    async with denied(sandbox, Permission.READ_MESSAGE_HISTORY):
        _, result = await make(mia, "t2v", {"prompt": "a hill without memory"})

    assert result["channel_id"] == sandbox.channel_id
    assert len(files_of(result)) == 1
    assert "message_reference" not in result


async def test_a_card_that_was_deleted_does_not_stop_the_video(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """A moderator tidied up too early; the video comes all the same."""
    prompt = "sandbox-stuck hill without a card"
    async with changed_meanwhile(sandbox, mia, prompt) as (job_id, card):
        where = {"channel_id": sandbox.channel_id, "message_id": card["id"]}
        await sandbox.discord("delete-message", where)

    result = await result_of(mia, job_id)

    assert len(files_of(result)) == 1


@pytest.mark.parametrize("permission", [Permission.SEND_MESSAGES, Permission.ATTACH_FILES])
async def test_a_channel_that_closed_meanwhile_sends_the_video_to_the_member(
    sandbox: SandboxProcess, mia: MemberDriver, permission: Permission
) -> None:
    """The bot lost its permission while the video was made: a direct message brings it."""
    prompt = f"sandbox-stuck hill by letter {permission.name}"
    async with changed_meanwhile(sandbox, mia, prompt) as (job_id, _):
        await sandbox.discord(
            "bot-permissions", {"channel_id": sandbox.channel_id, "deny": int(permission)}
        )

    result = await result_of(mia, job_id)
    await card_showing(mia, job_id, "Done")
    await sandbox.discord("bot-permissions", {"channel_id": sandbox.channel_id})

    assert result["channel_id"] != sandbox.channel_id
    assert f"<#{sandbox.channel_id}>" in text_of(result)
    assert len(files_of(result)) == 1


async def test_the_card_of_a_video_sent_directly_does_not_link_into_the_channel(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """There is no such message there: the link would lead nowhere."""
    path = f"/channels/{sandbox.channel_id}/messages"
    body = {"code": 50013, "message": "Missing Permissions"}
    await sandbox.discord("faults", {"method": "POST", "path": path, "status": 403, "body": body})

    job_id, result = await make(mia, "t2v", {"prompt": "a hill by letter"})

    card = await card_showing(mia, job_id, "Done")
    assert "Sent to you by direct message." in text_of(card)
    assert "discord.com/channels" not in text_of(card)

    page = await ask(mia, "jobs", {"job": job_id})
    assert f"discord.com/channels/@me/{result['channel_id']}/{result['id']}" in text_of(page)


async def test_a_video_that_nobody_can_be_given_costs_nothing_and_is_kept(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Channel closed, direct messages closed: the card says so; later it is sent, for free."""
    before = await quota(mia)
    doors = {"user_id": mia.user["id"]}
    async with changed_meanwhile(sandbox, mia, "sandbox-stuck hill for nobody") as (job_id, _):
        await sandbox.discord("dms", {**doors, "open": False})
        await sandbox.discord(
            "bot-permissions",
            {"channel_id": sandbox.channel_id, "deny": int(Permission.SEND_MESSAGES)},
        )

    card = await card_showing(mia, job_id, "Could not be delivered")
    await sandbox.discord("dms", {**doors, "open": True})
    await sandbox.discord("bot-permissions", {"channel_id": sandbox.channel_id})

    assert "came back" in text_of(card)
    assert "moderator" in text_of(card)
    assert await results(sandbox, job_id) == []
    assert await quota(mia) == before
    assert "Could not be delivered" in heading(await ask(mia, "jobs", {"job": job_id}))

    await mia.press(card, f"job:send:{job_id}")
    sent = await result_of(mia, job_id)
    assert len(files_of(sent)) == 1
    assert sent["id"] in text_of(await card_showing(mia, job_id, "Done"))
    assert await quota(mia) == before


# -- the card ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 503])
async def test_an_edit_that_fails_is_made_up_for(
    sandbox: SandboxProcess, mia: MemberDriver, status: int
) -> None:
    """The card shows the truth in the end."""
    fault = {"method": "PATCH", "path": "/webhooks/*", "status": status, "body": {"message": "no"}}
    await sandbox.discord("faults", fault)

    job_id, _ = await make(mia, "t2v", {"prompt": f"a hill through thick and thin {status}"})

    assert len(await results(sandbox, job_id)) == 1


# -- answering -----------------------------------------------------------------------------


async def test_a_command_that_is_answered_too_late_costs_nothing(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Discord has told the member that it failed: then nothing may be made or reserved."""
    before = await quota(mia)
    prompt = "a hill that came too late"
    await sandbox.discord("faults", {**CALLBACK, "delay_s": 3.5})

    outcome = await mia.run_command("t2v", {"prompt": prompt})

    assert not outcome.ok
    await until(lambda: logged(sandbox, outcome.id), "the bot has noticed")
    assert await sandbox.requests_of(prompt) == []
    assert await quota(mia) == before


async def logged(sandbox: SandboxProcess, words: str) -> bool:
    """Whether the bot has written these words."""
    return words in sandbox.bot_log()


async def test_a_command_whose_acknowledgement_is_lost_makes_its_video(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Discord took it, and the member sees "thinking": the order stands, on that same card."""
    prompt = "a hill that was heard by halves"
    await sandbox.discord("faults", {**CALLBACK, "drop": True, "late": True})

    job_id, result = await make(mia, "t2v", {"prompt": prompt})

    card = await card_showing(mia, job_id, "Done")
    made = await sandbox.messages_of(job_id)
    assert [m["id"] for m in made] == [card["id"]], "something beside the card was said"
    assert len(files_of(result)) == 1
    assert await sandbox.request_of(prompt)


async def test_a_refusal_after_a_lost_acknowledgement_is_not_public(
    sandbox: SandboxProcess, mia: MemberDriver, tmp_path: Path
) -> None:
    """The "thinking" that all see goes; the reason is for the member alone."""
    (tmp_path / "hill.png").write_text("not a picture")
    before = await quota(mia)
    await sandbox.discord("faults", {**CALLBACK, "drop": True, "late": True})

    hill = tmp_path / "hill.png"
    outcome = await mia.run_command("animate", {"image": hill, "prompt": "a hill"})

    answer = await answer_to(mia, outcome.id)
    alive = [m for m in await sandbox.messages_of(outcome.id) if m["deleted_at"] is None]
    assert "a text file, not an image" in text_of(answer)
    assert [m["id"] for m in alive] == [answer["id"]], "the card still thinks"
    assert await quota(mia) == before


# -- the connection ------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["reconnect", "drop", "forget"])
async def test_a_bot_that_was_cut_off_goes_on_when_it_is_back(
    sandbox: SandboxProcess, mia: MemberDriver, action: str
) -> None:
    """A job under way does not notice, and commands work again afterwards."""

    async def connections() -> set[tuple[str, int]]:
        state = await sandbox.discord("state")
        return {
            (s["id"], s["sequence"])
            for s in state["sessions"]
            if s["user_id"] == sandbox.bot_id and s["connected"]
        }

    before = await connections()
    async with changed_meanwhile(sandbox, mia, f"sandbox-stuck hill in a storm, {action}") as (
        job_id,
        _,
    ):
        await sandbox.discord("gateway", {"action": action})

    await result_of(mia, job_id)

    async def back() -> bool:
        return bool(await connections() - before)

    await until(back, "the bot is connected again")
    await make(mia, "t2v", {"prompt": f"a hill after the storm, {action}"})
