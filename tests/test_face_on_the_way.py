"""Cancel, Drop the result and Tell me by DM, pressed over the real gateway."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from discord import ui

from bot.discord_ui.buttons import JobButton
from bot.job import Job, JobState
from bot.jobs.ports import Standing
from sandbox.discord_api.driver import MemberDriver, Outcome
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, Face, all_text, buttons, now, start, stop

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

HANDED = "handed to the video service"


async def told(member: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer that only the member sees."""
    return await member.wait_for_message(
        lambda m: words in all_text(m) and bool(m["flags"] & EPHEMERAL)
    )


async def answer(member: MemberDriver, outcome: Outcome, words: str) -> dict[str, Any]:
    """Wait for the answer to one interaction, which only the member sees."""
    return await member.wait_for_message(
        lambda m: (
            (m.get("interaction_metadata") or {}).get("id") == outcome.id
            and words in all_text(m)
            and bool(m["flags"] & EPHEMERAL)
        )
    )


async def changed(member: MemberDriver, message: dict[str, Any], words: str) -> None:
    """Wait until a message says something else."""
    await member.wait_for_message(lambda m: m["id"] == message["id"] and words in all_text(m))


async def direct(member: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for a direct message."""
    return await member.wait_for_message(
        lambda m: words in all_text(m) and not m["flags"] & EPHEMERAL and not m.get("guild_id")
    )


async def running(face: Face, mia: MemberDriver, photo: Path) -> Job:
    """Return a job that the provider has; its card shows it."""
    job = await face.ordered(mia, photo)
    job = await face.moved(job, JobState.SUBMITTING, JobState.RUNNING)
    face.cards.show(job, Standing(processing=True, expected_s=100, elapsed_s=50))
    await face.card_shows(job, "In the making")
    return job


async def offered(face: Face, mia: MemberDriver, job: Job) -> dict[str, Any]:
    """Press Cancel, too late; return the offer to drop the result."""
    outcome = await mia.press(await face.card(job), f"job:cancel:{job.id}")
    return await answer(mia, outcome, HANDED)


async def planted_drop(face: Face, job: Job) -> dict[str, Any]:
    """Post the offer's button where everybody sees it."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.ActionRow(JobButton("drop", job.id)))
    sent = await face.bot.get_partial_messageable(job.channel_id).send(view=view)
    return next(m for m in await face.posted() if m["id"] == str(sent.id))


async def test_too_late_to_cancel_it_can_be_dropped(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The answer is honest about the cost; the card says at once what it comes to, and its end."""
    job = await running(face, mia, photo)
    offer = await offered(face, mia, job)
    await mia.press(offer, f"job:drop:{job.id}")
    await face.card_shows(job, "Dropped: it will not be posted")
    done = await told(mia, "the video will not be posted")
    card = await face.card(job)
    # Whoever follows the job has read it before the press.
    face.cards.show(job, Standing(processing=True, expected_s=100, elapsed_s=80))
    ended = await face.moved(job, JobState.FINISHED, JobState.DROPPED)
    await face.cards.finish(ended)
    last = await face.card(job)

    assert buttons(offer) == {f"job:drop:{job.id}": "Drop the result"}
    assert "is made, it costs 63 credits" in all_text(offer)
    assert (done["id"], buttons(done)) == (offer["id"], {})
    assert "still costs 63 credits" in all_text(card)
    assert buttons(card) == {f"job:notify:{job.id}": "Tell me by DM"}
    assert "Dropped before it was posted" in all_text(last)
    assert buttons(last) == {}
    assert [e.kind.value for e in await face.store.ledger_of(job.id)] == ["reserve", "settle"]


async def test_an_offer_outlives_a_restart(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Two, pressed at once, drop it once, and both are told so."""
    job = await running(face, mia, photo)
    offers = [await offered(face, mia, job) for _ in range(2)]
    await face.bot.close()
    again = face.again()
    task = await start(again)
    await asyncio.gather(*(mia.press(offer, f"job:drop:{job.id}") for offer in offers))
    for offer in offers:
        await changed(mia, offer, "will not be posted")
    await again.card_shows(job, "Dropped: it will not be posted")
    await stop(again, task)

    assert (await face.job(job.id)).dropped_at is not None


async def test_a_drop_that_comes_too_late_says_so(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """While it is posted, and afterwards, with the way to take it away; nothing is changed."""
    job = await running(face, mia, photo)
    first, second = [await offered(face, mia, job) for _ in range(2)]
    await face.moved(job, JobState.FINISHED)
    await face.store.begin_delivery(job.id, now=now())
    await mia.press(first, f"job:drop:{job.id}")
    await told(mia, "is being posted at this moment")
    await face.moved(
        job, JobState.DELIVERED, result_channel_id=job.channel_id, result_message_id=77
    )
    await mia.press(second, f"job:drop:{job.id}")
    late = await told(mia, "the video is there already")
    await face.card_shows(job, "Jump to the video")

    assert "/77)" in all_text(late)
    assert "**Delete**" in all_text(late)
    assert (await face.job(job.id)).dropped_at is None


async def test_what_waits_again_is_cancelled_by_a_drop(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The service did not take it after all: the credits come back at once."""
    job = await face.ordered(mia, photo)
    await face.moved(job, JobState.SUBMITTING)
    offer = await offered(face, mia, job)
    await face.moved(job, JobState.QUEUED)
    await mia.press(offer, f"job:drop:{job.id}")
    await told(mia, "Cancelled. Your 63 credits came back.")

    assert (await face.job(job.id)).state is JobState.CANCELLED


@pytest.mark.parametrize(
    ("name", "words"),
    [("Theo", "not one of your videos"), ("Nora", "Moderate video")],
)
async def test_nobody_does_it_to_another_s_video(
    face: Face, mia: MemberDriver, photo: Path, name: str, words: str
) -> None:
    """Checked where it counts; a moderator is told what they can do instead."""
    job = await running(face, mia, photo)
    card = await face.card(job)
    message = await planted_drop(face, job)
    async with face.member(name) as other:
        for where, action in ((card, "cancel"), (message, "drop"), (card, "notify")):
            outcome = await other.press(where, f"job:{action}:{job.id}")
            await answer(other, outcome, words)
    wishes = await face.preferences.wishes(job.id)

    assert wishes is not None
    assert (wishes.dropped_at, wishes.tells) == (None, False)
    assert (await face.job(job.id)).state is JobState.RUNNING


async def test_tell_me_by_dm(face: Face, mia: MemberDriver, photo: Path) -> None:
    """The card's button shows the wish, at once; the end comes with a link; it can be ended."""
    job = await running(face, mia, photo)
    before = buttons(await face.card(job))
    await mia.press(await face.card(job), f"job:notify:{job.id}")
    await told(mia, "for every video of yours")

    async def switched() -> bool:
        return f"job:hush:{job.id}" in buttons(await face.card(job))

    await until(switched)
    card = await face.card(job)
    await face.moved(job, JobState.FINISHED)
    ended = await face.moved(
        job, JobState.DELIVERED, result_channel_id=job.channel_id, result_message_id=77
    )
    face.teller.ended(ended)
    message = await direct(mia, "Your video is done")
    await mia.press(message, f"job:hush:{job.id}")
    await told(mia, "No more direct messages")
    wishes = await face.preferences.wishes(job.id)

    assert before == {
        f"job:cancel:{job.id}": "Cancel",
        f"job:notify:{job.id}": "Tell me by DM",
    }
    assert "about 50 %" in all_text(card)  # nothing else of the card is lost
    assert f"https://discord.com/channels/{job.guild_id}/{job.channel_id}/77" in all_text(message)
    assert wishes is not None
    assert not wishes.tells


async def test_the_next_video_s_card_knows_the_wish(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Also after a restart; closed direct messages are noted quietly, and change nothing."""
    first = await running(face, mia, photo)
    await face.preferences.set_telling(first.user_id, True, now=now())
    await face.bot.close()
    again = face.again()
    task = await start(again)
    second = await again.ordered(mia, photo)
    offered_now = buttons(await again.card(second))
    await again.control("dms", user_id=mia.user["id"], open=False)
    failed = await again.moved(first, JobState.FAILED)
    await again.teller.look()
    wishes = await again.preferences.wishes(second.id)
    await stop(again, task)

    assert f"job:hush:{second.id}" in offered_now
    assert (await face.job(failed.id)).told_at is not None
    assert wishes is not None
    assert wishes.tells
