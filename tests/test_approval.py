"""Moderators let jobs in or turn them away, on the Discord stand-in with the real storage."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import NotFoundError
from bot.job import Job, JobState
from bot.jobs.log_cards import DecidedError
from bot.jobs.sources import usable_until
from bot.policy import ApprovalRules, Block
from sandbox.discord_api.driver import MemberDriver, Outcome
from sandbox.discord_api.seed import (
    GENERAL_ID,
    GUILD_ID,
    LOG_ID,
    MIA_ID,
    SECOND_GUILD_ID,
    SECOND_LOG_ID,
)
from tests.discord_kit import member_driver, until
from tests.face_running import EPHEMERAL, Face, all_text, buttons, now, planted, start, stop
from tests.storage_kit import events_of

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILD, LOG, SECOND = int(GUILD_ID), int(LOG_ID), int(SECOND_GUILD_ID)
PRICE = 63


@pytest.fixture
async def olga(face: Face) -> AsyncIterator[MemberDriver]:
    """Another moderator, connected: the owner."""
    async with face.member("Olga") as driver:
        yield driver


async def rules(face: Face, *, log_channel_id: int | None = LOG, **more: Any) -> None:
    """Let everybody's jobs wait."""
    policy = await face.policies.policy(GUILD)
    changed = {"approval": ApprovalRules(everybody=True, expires_h=2), **more}
    policy = policy.model_copy(update=changed | {"log_channel_id": log_channel_id})
    await face.policies.set_policy(GUILD, policy, actor_id=1, now=now())


async def asked(face: Face, mia: MemberDriver, photo: Path, **options: Any) -> Job:
    """Let Mia order a video that waits."""
    await rules(face)
    job = await face.ordered(mia, photo, **options)
    assert job.state is JobState.AWAITING_APPROVAL
    return job


async def question(face: Face, job: Job) -> dict[str, Any]:
    """Wait for the moderators' card about a job."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = [m for m in await face.posted(LOG_ID) if f"job `{job.id}`" in all_text(m)]
        return bool(found) and (await face.job(job.id)).log_message_id is not None

    await until(there)
    return next(m for m in found if m["components"])


async def question_shows(face: Face, job: Job, words: str) -> None:
    """Wait until the moderators' card shows these words."""

    async def shown() -> bool:
        return words in all_text(await question(face, job))

    await until(shown)


async def denied(driver: MemberDriver, card: dict[str, Any], job: Job, why: str) -> Outcome:
    """Press Deny and give a reason."""
    outcome = await driver.press(card, f"approval:deny:{job.id}")
    assert outcome.modal is not None
    return await driver.submit_modal(outcome.modal, {"reason": why})


async def told(driver: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only they see."""
    return await driver.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def actions(face: Face) -> list[tuple[str, int | None, int | None]]:
    """Return the audit events about jobs: what, by whom, to which."""
    events = await events_of(face.policies, GUILD)
    return [(e.action, e.actor_id, e.target_id) for e in events if e.action.startswith("job.")]


# -- asking ----------------------------------------------------------------------------


async def test_moderators_see_who_asks_for_what(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Prompt, picture, price and reason; the member reads that a moderator looks first."""
    job = await asked(face, mia, photo)
    card = await question(face, job)

    text = all_text(card)
    assert f"<@{MIA_ID}>" in text
    assert "A fox jumps" in text
    assert f"{PRICE} credits" in text
    assert job.approval_reasons[0][:20] in text.replace("\\", "")
    assert list(buttons(card).values()) == ["Approve", "Deny"]
    assert str(job.parameters["image"]) in str(card["components"])
    assert card["mentions"] == []
    await face.card_shows(job, "Waiting for a moderator")
    assert face.engine.waiting == []
    assert await face.store.ledger_of(job.id) == []


async def test_a_card_that_could_not_be_posted_comes_later(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Once, and not before a channel that refused has had a rest; the job waits unhurt."""
    path = f"/channels/{LOG_ID}/messages"
    await face.control("faults", method="POST", path=path, status=403, body={"code": 50013})
    job = await asked(face, mia, photo)
    refused = (await face.job(job.id)).log_message_id
    await face.approvals.look()
    spared = (await face.job(job.id)).log_message_id
    face.ahead = timedelta(minutes=11)
    for _ in range(2):
        await asyncio.gather(face.approvals.look(), face.approvals.ask(await face.job(job.id)))

    assert (refused, spared) == (None, None)
    assert len([m for m in await face.posted(LOG_ID) if str(job.id) in all_text(m)]) == 1
    assert (await face.job(job.id)).state is JobState.AWAITING_APPROVAL


async def test_without_a_log_channel_the_card_waits_for_one(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Discord was in trouble, then the channel was unset: the job waits for both."""
    path = f"/channels/{LOG_ID}/messages"
    await face.control("faults", method="POST", path=path, status=503, body={"code": 0})
    job = await asked(face, mia, photo)
    await rules(face, log_channel_id=None)
    await face.approvals.look()
    before = (await face.job(job.id)).log_message_id
    await rules(face)
    await face.approvals.look()

    assert before is None
    assert (await face.job(job.id)).log_channel_id == LOG


async def test_what_waits_is_asked_about_in_a_new_log_channel(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The old one was deleted with its cards: there, nobody could approve it any more."""
    job = await asked(face, mia, photo)
    await question(face, job)
    await face.control("delete-channel", channel_id=LOG_ID)
    await rules(face, log_channel_id=int(GENERAL_ID))
    for _ in range(2):
        await face.approvals.look()

    cards = [m for m in await face.posted(GENERAL_ID) if f"job `{job.id}`" in all_text(m)]
    assert [list(buttons(card).values()) for card in cards] == [["Approve", "Deny"]]
    assert (await face.job(job.id)).log_message_id == int(cards[0]["id"])


async def test_long_words_can_be_read_in_full(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """Nothing can be hidden behind the end of the card."""
    prompt = "A fox jumps " + "#" * 1900 + " zorgle"
    job = await asked(face, mia, photo, prompt=prompt)
    card = await question(face, job)
    await nora.press(card, f"approval:read:{job.id}")
    answer = await nora.wait_for_message(lambda m: bool(m["attachments"]))

    assert "zorgle" not in all_text(card)
    async with face.http.get(answer["attachments"][0]["url"]) as response:
        assert prompt in await response.text()


# -- deciding --------------------------------------------------------------------------


async def test_an_approved_job_runs(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """Its price is reserved, the engine has it, both cards and the log say so."""
    job = await asked(face, mia, photo)
    await nora.press(await question(face, job), f"approval:approve:{job.id}")
    await face.card_shows(job, "In the queue")
    await question_shows(face, job, f"Approved by <@{nora.user['id']}>")

    assert (await face.job(job.id)).state is JobState.QUEUED
    assert face.engine.waiting == [job.id]
    assert [entry.credits for entry in await face.store.ledger_of(job.id)] == [PRICE]
    assert buttons(await question(face, job)) == {}
    assert await actions(face) == [("job.approve", int(nora.user["id"]), job.id)]


async def test_a_denied_job_ends_with_the_reason(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """The member reads it; nothing was charged."""
    job = await asked(face, mia, photo)
    await denied(nora, await question(face, job), job, "No *foxes*  here")
    await face.card_shows(job, "No \\*foxes\\* here")
    await question_shows(face, job, f"Denied by <@{nora.user['id']}>")

    text = await face.card_text(job)
    assert "Not approved" in text
    assert "Nothing had been charged." in text
    assert (await face.job(job.id)).state is JobState.DENIED
    assert await face.store.ledger_of(job.id) == []
    assert await actions(face) == [("job.deny", int(nora.user["id"]), job.id)]


async def test_who_wants_to_be_told_hears_of_a_denial(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """A job that was never let in has no workflow: the desk sees to it."""
    job = await asked(face, mia, photo)
    await face.preferences.set_telling(job.user_id, True, now=now())
    await denied(nora, await question(face, job), job, "No foxes here")
    message = await mia.wait_for_message(lambda m: "Your video was not approved" in all_text(m))

    assert not message["flags"] & EPHEMERAL
    assert message["channel_id"] != str(job.channel_id)


async def test_a_card_asked_for_shows_the_decision(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """Who decides on a copy (*Moderate video*) sees that it worked, and not only in the log."""
    job = await asked(face, mia, photo)
    await question(face, job)
    await nora.use_menu("Moderate video", await face.card(job))
    copy = await told(nora, "Waits for your approval")
    await nora.press(copy, f"approval:approve:{job.id}")
    copy = await told(nora, "Approved by")

    assert buttons(copy) == {}
    await question_shows(face, job, "Approved by")


async def test_a_denial_needs_a_reason(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """Spaces are none."""
    job = await asked(face, mia, photo)
    await denied(nora, await question(face, job), job, "  ")
    await told(nora, "Give a reason")

    assert (await face.job(job.id)).state is JobState.AWAITING_APPROVAL


async def test_what_nobody_answers_expires(face: Face, mia: MemberDriver, photo: Path) -> None:
    """After the policy's hours and not before; by the bot itself, as both cards say."""
    job = await asked(face, mia, photo)
    await question(face, job)
    face.ahead = timedelta(minutes=119)
    await face.approvals.look()
    early = (await face.job(job.id)).state
    face.ahead = timedelta(minutes=121)
    await face.approvals.look()
    await face.card_shows(job, "No moderator answered within 2 hours")
    await question_shows(face, job, "Denied by the bot")

    assert early is JobState.AWAITING_APPROVAL
    assert (await face.job(job.id)).state is JobState.DENIED
    assert await actions(face) == [("job.deny", None, job.id)]


async def test_nothing_waits_for_longer_than_its_picture(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """Discord's address ends after a day, whatever the policy: no approval that cannot work."""
    job = await asked(face, mia, photo)
    await rules(face, approval=ApprovalRules(everybody=True, expires_h=72))
    card = await question(face, job)
    until_gone = (usable_until(job) or now()) - now()  # Discord signs by the hour: 23 h to 24 h
    face.ahead = until_gone - timedelta(hours=1)
    await face.approvals.look()
    early = (await face.job(job.id)).state
    face.ahead = until_gone
    await nora.press(card, f"approval:approve:{job.id}")
    await told(nora, "The member has to send the command again")
    refused = (await face.job(job.id)).state
    await face.approvals.look()
    await face.card_shows(job, "No moderator answered while Discord kept what you attached")

    assert (early, refused) == (JobState.AWAITING_APPROVAL, JobState.AWAITING_APPROVAL)
    assert (await face.job(job.id)).state is JobState.DENIED
    assert await face.store.ledger_of(job.id) == []


async def test_who_takes_it_back_leaves_nothing_to_decide(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """The moderators' card says so, and a form that was open as well."""
    job = await asked(face, mia, photo)
    opened = await nora.press(await question(face, job), f"approval:deny:{job.id}")
    await mia.press(await face.card(job), f"job:cancel:{job.id}")
    await told(mia, "Cancelled. Nothing had been charged.")
    await question_shows(face, job, f"<@{MIA_ID}> took it back")
    assert opened.modal is not None
    await nora.submit_modal(opened.modal, {"reason": "No"})
    await told(nora, "has cancelled this one")

    assert (await face.job(job.id)).state is JobState.CANCELLED
    assert buttons(await question(face, job)) == {}


async def test_decisions_after_a_restart(face: Face, photo: Path) -> None:
    """Another client answers the old cards: approve, deny by a form opened before, expire."""
    async with face.member() as mia, face.member("Nora") as nora:
        jobs = [await asked(face, mia, photo) for _ in range(3)]
        cards = [await question(face, job) for job in jobs]
        opened = await nora.press(cards[1], f"approval:deny:{jobs[1].id}")
        await face.bot.close()
        other = face.again()
        task = await start(other)
        try:
            await nora.press(cards[0], f"approval:approve:{jobs[0].id}")
            await other.card_shows(jobs[0], "In the queue")
            assert opened.modal is not None
            await nora.submit_modal(opened.modal, {"reason": "Too many foxes"})
            await other.card_shows(jobs[1], "Too many foxes")
            other.ahead = timedelta(hours=3)
            await other.approvals.look()
            await other.card_shows(jobs[2], "No moderator answered")
        finally:
            await stop(other, task)

    states = [(await face.job(job.id)).state for job in jobs]
    assert states == [JobState.QUEUED, JobState.DENIED, JobState.DENIED]


async def test_a_card_that_a_kill_left_out_is_drawn_after_the_restart(
    face: Face, photo: Path
) -> None:
    """Its member would see "thinking" until a moderator decides, or for good."""
    async with face.member() as mia:
        job = await asked(face, mia, photo)
        await question(face, job)
        await face.bot.close()
        await face.store.note(job.id, card_message_id=None)
        other = face.again()
        task = await start(other)
        try:
            await other.approvals.look()
            drawn = await other.carded(job.id)
        finally:
            await stop(other, task)

    assert drawn.state is JobState.AWAITING_APPROVAL


async def test_an_end_that_a_kill_kept_from_the_cards_is_shown(face: Face, photo: Path) -> None:
    """Killed between the decision and the cards; these jobs have no workflow to see to it."""
    async with face.member() as mia:
        jobs = [await asked(face, mia, photo) for _ in range(2)]
        for job in jobs:
            await question(face, job)
        await face.store.deny(jobs[0].id, guild_id=GUILD, actor_id=1, reason="Too red", now=now())
        await face.store.transition(jobs[1].id, JobState.CANCELLED, now=now())
        await face.bot.close()
        other = face.again()
        task = await start(other)
        try:
            await other.approvals.look()
            cards = [await other.card_text(job) for job in jobs]
            questions = [await question(other, job) for job in jobs]
        finally:
            await stop(other, task)

    assert "Too red" in cards[0]
    assert "Cancelled" in cards[1]
    assert [buttons(shown) for shown in questions] == [{}, {}]


# -- who may not, and who is late --------------------------------------------------------


async def test_of_two_moderators_one_wins(
    face: Face, mia: MemberDriver, nora: MemberDriver, olga: MemberDriver, photo: Path
) -> None:
    """The other is told who was faster; nothing is reserved twice."""
    job = await asked(face, mia, photo)
    card = await question(face, job)
    form = await olga.press(card, f"approval:deny:{job.id}")
    await nora.press(card, f"approval:approve:{job.id}")
    await face.card_shows(job, "In the queue")
    assert form.modal is not None
    await olga.submit_modal(form.modal, {"reason": "No"})
    await told(olga, f"<@{nora.user['id']}> was faster and has approved this one")

    assert (await face.job(job.id)).state is JobState.QUEUED
    assert len(await actions(face)) == 1


async def test_two_presses_at_the_same_time_are_one_decision(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Whoever comes second learns it, also in the same moment."""
    job = await asked(face, mia, photo)
    desk = face.approvals
    results = await asyncio.gather(
        *(desk.approve(GUILD, job.id, actor) for actor in range(1, 6)),
        *(desk.deny(GUILD, job.id, actor, "No") for actor in range(6, 10)),
        return_exceptions=True,
    )

    assert len([result for result in results if isinstance(result, Job)]) == 1
    assert len([result for result in results if isinstance(result, DecidedError)]) == 8
    assert len(await actions(face)) == 1
    assert len(face.engine.waiting) <= 1


@pytest.mark.parametrize("action", ["approve", "deny", "read"])
async def test_members_without_the_right_change_nothing(
    face: Face, mia: MemberDriver, photo: Path, action: str
) -> None:
    """Even when they can see and press the button."""
    job = await asked(face, mia, photo)
    await question(face, job)
    card = await planted(face, mia.channel_id, job, action)
    outcome = await mia.press(card, f"approval:{action}:{job.id}")
    await told(mia, "needs the permission **Manage Server**")

    assert outcome.modal is None
    assert (await face.job(job.id)).state is JobState.AWAITING_APPROVAL
    assert await actions(face) == []


@pytest.mark.parametrize("action", ["approve", "deny", "read"])
async def test_moderators_of_another_server_change_nothing(
    face: Face, mia: MemberDriver, photo: Path, action: str
) -> None:
    """Sven owns the second server; the job is the first one's."""
    job = await asked(face, mia, photo)
    await question(face, job)
    card = await planted(face, SECOND_LOG_ID, job, action)
    async with member_driver(face.stand_in, "Sven") as sven:
        await sven.press(card, f"approval:{action}:{job.id}")
        await told(sven, "no such job on this server")

    with pytest.raises(NotFoundError):
        await face.approvals.approve(SECOND, job.id, 1)
    with pytest.raises(NotFoundError):
        await face.approvals.deny(SECOND, job.id, 1, "No")
    assert (await face.job(job.id)).state is JobState.AWAITING_APPROVAL


async def test_a_member_blocked_meanwhile_is_not_let_in_unawares(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """Another moderator's block holds for what waits, too; lifted, the same card works."""
    job = await asked(face, mia, photo)
    card = await question(face, job)
    block = Block(user_id=int(MIA_ID), until=None, reason="Spam", actor_id=1, created_at=now())
    await face.policies.block(GUILD, block, now=now())
    await nora.press(card, f"approval:approve:{job.id}")
    await told(nora, "has been blocked since they asked")
    before = (await face.job(job.id)).state
    await face.policies.unblock(GUILD, int(MIA_ID), actor_id=1, now=now())
    await nora.press(card, f"approval:approve:{job.id}")
    await question_shows(face, job, "Approved by")

    assert before is JobState.AWAITING_APPROVAL


async def test_a_quota_used_up_meanwhile_keeps_the_job_waiting(
    face: Face, mia: MemberDriver, nora: MemberDriver, photo: Path
) -> None:
    """The moderator reads why, the card stays; with more credits it can be approved."""
    job = await asked(face, mia, photo)
    card = await question(face, job)
    await rules(face, daily_credits=10)
    await nora.press(card, f"approval:approve:{job.id}")
    await told(nora, "daily allowance of 10")
    waiting = await face.job(job.id)
    await rules(face, daily_credits=None)
    await nora.press(card, f"approval:approve:{job.id}")
    await face.card_shows(job, "In the queue")

    assert (waiting.state, waiting.decided_by) == (JobState.AWAITING_APPROVAL, None)
    assert "approval:approve" in str(card["components"])
