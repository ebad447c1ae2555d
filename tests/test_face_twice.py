"""An interaction that is answered twice: one job on one card, and no refusal that all can see."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.job import JobState
from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, SETTINGS, Face, all_text, start, stop

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

CALLBACK = {"method": "POST", "path": "/interactions/*"}
LOST = {**CALLBACK, "drop": True, "late": True}
MESSAGE, DEFERRED_MESSAGE = 4, 5
APOLOGY = "Something went wrong in the bot"


@pytest.fixture
async def other(face: Face) -> AsyncIterator[Face]:
    """Another process of the same bot, which hears the same commands."""
    made = face.again()
    task = await start(made)
    yield made
    await stop(made, task)


@pytest.fixture
def no_picture(tmp_path: Path) -> Path:
    """A file that is refused once it has been looked at."""
    path = tmp_path / "note.png"
    path.write_text("not a picture")
    return path


async def answered_before(
    face: Face, mia: MemberDriver, picture: Path, answer: dict[str, Any]
) -> str:
    """Order, with somebody else's answer given before ours arrives; return the interaction's id."""
    await face.control("faults", **CALLBACK, delay_s=1.0)
    await mia.run_command("animate", {"image": picture, **SETTINGS}, wait=False)

    async def on_its_way() -> bool:
        return not face.stand_in.hub.faults._ordered

    await until(on_its_way)
    [asked] = face.stand_in.hub.interactions
    url = f"{face.stand_in.api_url}/interactions/{asked.id}/{asked.token}/callback"
    async with face.http.post(url, json=answer) as response:
        assert response.status < 300, await response.text()
    return asked.id


async def shown(face: Face) -> list[tuple[bool, str]]:
    """Return what there is to see in the channel: whether it is ephemeral, and its text."""
    return [(bool(m["flags"] & EPHEMERAL), all_text(m)) for m in await face.posted()]


async def only_told(face: Face, mia: MemberDriver, words: str) -> None:
    """Wait until the member is told something, and nothing public is left."""
    await mia.wait_for_message(lambda m: words in all_text(m))

    async def private() -> bool:
        return all(ephemeral for ephemeral, _ in await shown(face))

    await until(private)


# -- what is taken twice is one job ----------------------------------------------------


async def test_a_lost_acknowledgement_is_as_good_as_any(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Discord took it and the connection broke: the order goes on, on the card that thinks."""
    await face.control("faults", **LOST)
    job = await face.ordered(mia, photo)

    [(ephemeral, text)] = await shown(face)
    assert job.state is JobState.QUEUED
    assert "In the queue" in text
    assert not ephemeral


async def test_an_acknowledgement_that_never_arrived_is_given_again(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The connection broke before Discord heard of it."""
    await face.control("faults", **CALLBACK, drop=True)
    job = await face.ordered(mia, photo)

    assert "In the queue" in await face.card_text(job)


async def test_two_processes_that_hear_one_command_make_one_job(
    face: Face, other: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One card, nobody is told of any trouble, the price is reserved once."""
    caplog.set_level("INFO")
    job = await face.ordered(mia, photo)

    def both_are_done() -> bool:
        taken = face.engine.waiting + other.engine.waiting
        return taken == [job.id] * 2 or "has been answered elsewhere" in caplog.text

    await until(both_are_done)
    await face.card_shows(job, "In the queue")
    await other.bot.close()

    assert [kept.id for kept in await face.store.unfinished()] == [job.id]
    assert len(await face.store.ledger_of(job.id)) == 1
    [(ephemeral, text)] = await shown(face)
    assert "In the queue" in text
    assert not ephemeral


async def test_a_process_that_cannot_take_it_leaves_the_other_s_card_alone(
    face: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is stopping and hears a command which the other has taken but not shown yet."""
    caplog.set_level("INFO")
    for way in ("/webhooks/*", "/channels/*"):
        await face.control("faults", method="PATCH", path=way, status=403, body={}, times=9)
    outcome = await mia.run_command("animate", {"image": photo, **SETTINGS})

    async def is_taken() -> bool:
        return await face.store.get(int(outcome.id)) is not None

    await until(is_taken)
    await face.bot.services.intake.close()
    await deliver_again(face)
    await until(lambda: f"job {outcome.id} was accepted elsewhere" in caplog.text)

    [message] = await face.posted()
    assert message["interaction_metadata"]["id"] == outcome.id
    assert not message["flags"] & EPHEMERAL


async def deliver_again(face: Face) -> None:
    """Let Discord send the client its last interaction once more."""
    [session] = [s for s in face.stand_in.hub.gateway.sessions() if s.user.bot]
    payloads = [payload for _, payload in session.replay]
    asked = next(p["d"] for p in reversed(payloads) if p["t"] == "INTERACTION_CREATE")
    session.dispatch("INTERACTION_CREATE", asked)


# -- what was answered otherwise -----------------------------------------------------------


async def test_the_thinking_of_another_process_is_gone_on_with(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """It may have died right after; the card becomes the job's."""
    interaction = await answered_before(face, mia, photo, {"type": DEFERRED_MESSAGE})
    job = await face.carded(int(interaction))

    await face.card_shows(job, "In the queue")
    assert len(await face.posted()) == 1


async def test_a_refusal_over_the_thinking_of_another_process_is_private(
    face: Face, mia: MemberDriver, no_picture: Path
) -> None:
    """The public card goes, although it is not the one this process asked for."""
    await answered_before(face, mia, no_picture, {"type": DEFERRED_MESSAGE})
    await only_told(face, mia, "a text file, not an image")

    assert await face.store.unfinished() == []


async def test_what_another_process_refused_is_not_made(
    face: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its answer stays as it is, and stays the only one."""
    caplog.set_level("INFO")
    answer = {"type": MESSAGE, "data": {"content": "Not today.", "flags": EPHEMERAL}}
    interaction = await answered_before(face, mia, photo, answer)
    await until(lambda: f"interaction {interaction} has been answered elsewhere" in caplog.text)

    assert await shown(face) == [(True, "Not today.")]
    assert await face.store.unfinished() == []


async def test_two_processes_refuse_in_private(
    face: Face, other: Face, mia: MemberDriver, no_picture: Path
) -> None:
    """Whoever thought aloud, nothing public is left of it."""
    await mia.run_command("animate", {"image": no_picture, **SETTINGS})
    await only_told(face, mia, "a text file, not an image")
    await other.bot.close()

    assert await face.store.unfinished() == []


async def test_an_acknowledgement_lost_for_good_is_not_left_thinking(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Discord took it, every word of that was lost: the public answer goes, the member is told."""
    await face.control("faults", **LOST, times=2)
    await mia.run_command("animate", {"image": photo, **SETTINGS})
    await only_told(face, mia, APOLOGY)

    assert await face.store.unfinished() == []
