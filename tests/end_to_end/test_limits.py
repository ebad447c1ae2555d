"""When credits or places run out, and the queue: what waits can be taken back, by its owner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.conftest import LITTLE
from tests.end_to_end.sandbox_process import Json, SandboxProcess
from tests.end_to_end.seen import (
    answer_to,
    ask,
    assert_plain,
    assert_refused,
    buttons,
    card_showing,
    heading,
    is_ephemeral,
    is_result,
    make,
    of_interaction,
    quota,
    text_of,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

DAILY = int(LITTLE["DAILY_CREDITS"])
T2V_CREDITS, FLASH_CREDITS = 8, 18
STUCK = "sandbox-stuck hill that holds the only place"


@asynccontextmanager
async def only_place_taken(
    sandbox: SandboxProcess, member: MemberDriver
) -> AsyncIterator[tuple[str, Json]]:
    """One job at the provider that does not end; it fails at the end, so nothing is used."""
    job = await member.run_command("t2v", {"prompt": STUCK})
    card = await card_showing(member, job.id, "In the making")
    try:
        yield job.id, card
    finally:
        request = (await sandbox.requests_of(STUCK))[-1]
        await sandbox.segmind(f"requests/{request['request_id']}/fail", {"text": "enough"})
        await card_showing(member, job.id, "Failed")


async def waiting_job(member: MemberDriver, prompt: str) -> tuple[str, Json]:
    """A job that waits for a place; its id and card."""
    job = await member.run_command("t2v", {"prompt": prompt})
    return job.id, await card_showing(member, job.id, "In the queue")


async def cancel(member: MemberDriver, card: Json) -> Json:
    """Presses Cancel on a card; returns the answer."""
    outcome = await member.press(card, buttons(card)["Cancel"])
    return await answer_to(member, outcome.id)


# -- the queue -----------------------------------------------------------------------


async def test_a_waiting_video_can_be_cancelled_on_its_card(tight_sandbox: SandboxProcess) -> None:
    """The credits come back, nothing is sent, and the card says so without a button."""
    prompt = "a hill nobody wants any more"
    async with tight_sandbox.member("Nora") as nora, only_place_taken(tight_sandbox, nora):
        before = await quota(nora)
        job_id, card = await waiting_job(nora, prompt)
        during = await quota(nora)

        answer = await cancel(nora, card)

        ended = await card_showing(nora, job_id, "Cancelled")
        assert "Next in line" in text_of(card)
        assert during.reserved == before.reserved + T2V_CREDITS
        assert is_ephemeral(answer)
        assert_plain(text_of(answer), ("Cancelled", f"{T2V_CREDITS} credits came back"))
        assert ended["id"] == card["id"]
        assert not buttons(ended)
        assert await quota(nora) == before
    assert await tight_sandbox.requests_of(prompt) == []


async def test_a_waiting_video_can_be_cancelled_from_the_list(
    tight_sandbox: SandboxProcess,
) -> None:
    """/jobs, Details, Cancel: the public card changes as well."""
    async with tight_sandbox.member("Nora") as nora, only_place_taken(tight_sandbox, nora):
        job_id, _ = await waiting_job(nora, "a hill that is on the list")

        page = await ask(nora, "jobs", {"job": job_id})
        answer = await cancel(nora, page)

        assert "In the queue" in heading(page)
        assert "came back" in text_of(answer)
        await card_showing(nora, job_id, "Cancelled")


async def test_only_the_owner_can_cancel(tight_sandbox: SandboxProcess) -> None:
    """Everybody sees the button; pressed by another it changes nothing."""
    async with (
        tight_sandbox.member("Nora") as nora,
        tight_sandbox.member("Theo") as theo,
        only_place_taken(tight_sandbox, nora),
    ):
        job_id, card = await waiting_job(nora, "a hill that is not Theo's")

        answer = await cancel(theo, card)

        still = await ask(nora, "jobs", {"job": job_id})
        assert is_ephemeral(answer)
        assert_plain(text_of(answer), ("not one of your videos",))
        assert "In the queue" in heading(still)
        await cancel(nora, card)


async def test_what_was_sent_meanwhile_cannot_be_cancelled_any_more(
    tight_sandbox: SandboxProcess,
) -> None:
    """The button of a page that is still on the screen may come too late."""
    prompt = "sandbox-stuck hill that was quicker"
    async with tight_sandbox.member("Nora") as nora:
        async with only_place_taken(tight_sandbox, nora):
            job_id, _ = await waiting_job(nora, prompt)
            page = await ask(nora, "jobs", {"job": job_id})
        await card_showing(nora, job_id, "In the making")

        answer = await cancel(nora, page)

        request = await tight_sandbox.request_of(prompt)
        assert_plain(text_of(answer), ("Too late to cancel", "handed to the video service"))
        assert request["state"] in ("QUEUED", "PROCESSING")  # it still works on it
        await tight_sandbox.segmind(f"requests/{request['request_id']}/fail", {"text": "enough"})
        await card_showing(nora, job_id, "Failed")
        late = await cancel(nora, page)
        assert_plain(text_of(late), ("already ended", "/jobs"))


async def test_a_place_in_the_queue_is_shown_and_moves_up(tight_sandbox: SandboxProcess) -> None:
    """Number two becomes the next when the one before is taken back."""
    async with tight_sandbox.member("Nora") as nora, only_place_taken(tight_sandbox, nora):
        _, first = await waiting_job(nora, "the first hill in line")
        second_id, second = await waiting_job(nora, "the second hill in line")
        assert "Number 2 in line" in text_of(second)

        await cancel(nora, first)

        moved = await nora.wait_for_message(
            lambda m: of_interaction(m, second_id) and "Next in line" in text_of(m)
        )
        assert moved["id"] == second["id"]
        await cancel(nora, moved)


# -- places --------------------------------------------------------------------------


async def test_a_member_has_only_so_many_videos_in_the_making(
    tight_sandbox: SandboxProcess,
) -> None:
    """The fourth is refused with the number, and the server's limit holds for everybody."""
    async with (
        tight_sandbox.member("Olga") as olga,
        tight_sandbox.member("Nora") as nora,
        only_place_taken(tight_sandbox, olga),
    ):
        cards = [(await waiting_job(olga, f"one of Olga's hills, {n}"))[1] for n in range(2)]
        await assert_refused(
            tight_sandbox,
            olga,
            "t2v",
            {"prompt": "a hill too many"},
            "You have 3 videos in the making",
            "limit is 3",
            "when one is done",
        )
        _, noras = await waiting_job(nora, "Nora's only hill")
        await assert_refused(
            tight_sandbox,
            nora,
            "t2v",
            {"prompt": "a hill too many for all"},
            "This server has 4 videos in the making",
            "limit is 4",
        )
        for card in cards:
            await cancel(olga, card)
        await cancel(nora, noras)


# -- credits -------------------------------------------------------------------------


async def test_when_the_credits_are_used_up_the_refusal_says_when_they_come_back(
    tight_sandbox: SandboxProcess,
) -> None:
    """It names the rule, the numbers, the reset and who can help."""
    async with tight_sandbox.member("Mia") as mia:
        for number in range(DAILY // T2V_CREDITS):
            await make(mia, "t2v", {"prompt": f"hill number {number} of today"})
        left = DAILY % T2V_CREDITS

        text = await assert_refused(
            tight_sandbox,
            mia,
            "t2v",
            {"prompt": "one hill too many today"},
            f"costs {T2V_CREDITS} credits",
            f"only {left} of your {DAILY} daily credits are left",
            "moderators can raise",
        )
        balance = await quota(mia)

    assert "resets <t:" in text
    assert (balance.left, balance.used_today, balance.reserved) == (left, DAILY - left, 0)


async def test_a_video_dearer_than_the_whole_allowance_is_told_so(
    tight_sandbox: SandboxProcess, picture_file: Path
) -> None:
    """Waiting would not help, so the answer does not advise it."""
    options = {"image": picture_file, "prompt": "a hill", "model": "wan-2.6-i2v", "duration": 15}
    async with tight_sandbox.member("Nora") as nora:
        await assert_refused(
            tight_sandbox,
            nora,
            "animate",
            options,
            "more than the whole daily allowance",
            "shorter or smaller",
        )


async def end_of(member: MemberDriver, job_id: str) -> Json:
    """The video, or the refusal."""
    return await member.wait_for_message(
        lambda m: is_result(m, job_id) or (of_interaction(m, job_id) and is_ephemeral(m))
    )


async def test_commands_sent_at_the_same_moment_cannot_spend_the_same_credits(
    tight_sandbox: SandboxProcess, picture_file: Path
) -> None:
    """Five at once, credits for one: one video, four refusals."""
    async with tight_sandbox.member("Theo") as theo:
        outcomes = await asyncio.gather(
            *(
                theo.run_command("animate", {"image": picture_file, "prompt": f"hill at once, {n}"})
                for n in range(5)
            )
        )
        results = [await end_of(theo, outcome.id) for outcome in outcomes]
        job_id = next(o.id for o, m in zip(outcomes, results, strict=True) if not is_ephemeral(m))
        await card_showing(theo, job_id, "Done")
        balance = await quota(theo)

    refused = [m for m in results if is_ephemeral(m)]
    assert len(refused) == 4
    assert all("daily credits are left" in text_of(m) for m in refused)
    assert (balance.used_today, balance.reserved) == (FLASH_CREDITS, 0)


async def test_moderators_are_told_that_the_host_s_balance_is_low_when_the_host_says_so(
    tight_sandbox: SandboxProcess,
) -> None:
    """By the setting by which the bot writes to the host, without the figure."""
    async with tight_sandbox.member("Nora") as nora:
        answer = text_of(await ask(nora, "video-admin setup"))

    assert "the balance is low" in answer
    assert "USD" not in answer
