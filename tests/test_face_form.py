"""The form of "Animate this", come back after a restart or after what it is about is gone."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.job import Job
from bot.storage import AskingStore
from sandbox.discord_api.driver import MemberDriver, Outcome
from tests.face_running import EPHEMERAL, Face, all_text, now, start, stop

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

LONGEST_CUSTOM_ID = 100
LOOK = {"method": "GET", "path": "/channels/*/messages/*"}


def asking(face: Face) -> AskingStore:
    """Return where the client keeps its drafts."""
    return AskingStore(face.store._database)


async def opened(face: Face, mia: MemberDriver, photo: Path) -> dict[str, Any]:
    """Open the form on a picture that somebody else posted."""
    async with face.member("Theo") as theo:
        message = await theo.send_message("Look", [photo])
    form = (await mia.use_menu("Animate this", message)).modal
    assert form is not None
    return {"message": message, **form}


async def submitted(mia: MemberDriver, form: dict[str, Any]) -> Outcome:
    """Fill the form and send it."""
    return await mia.submit_modal(form, {"prompt": "She smiles", "model": ["wan-2.6-i2v"]})


async def refused(mia: MemberDriver, outcome: Outcome, face: Face) -> str:
    """Wait for an answer that only the member sees, and return it; nothing came of the order."""
    answer = await mia.wait_for_message(
        lambda m: bool(m["flags"] & EPHEMERAL) and m["interaction_metadata"]["id"] == outcome.id
    )
    assert await face.store.get(int(outcome.id)) is None
    return all_text(answer)


def is_order(job: Job, mia: MemberDriver) -> bool:
    """Say whether a job is what the form ordered."""
    asked = (job.prompt, job.model, job.user_id)
    return asked == ("She smiles", "wan-2.6-i2v", int(mia.user["id"]))


async def test_a_form_open_over_a_restart_is_taken(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The next process knows whose picture it is about."""
    form = await opened(face, mia, photo)
    await face.bot.close()
    again = face.again()
    task = await start(again)
    outcome = await submitted(mia, form)
    job = await again.carded(int(outcome.id))
    picture = await mia.download(str(job.parameters["image"]))
    await stop(again, task)
    posted = await asyncio.to_thread(photo.read_bytes)

    assert is_order(job, mia)
    assert picture == posted


async def test_the_form_says_what_it_is_about_in_its_id(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """A draft, within Discord's limit; nothing about it stays in memory."""
    form = await opened(face, mia, photo)
    kept = face.bot._connection._view_store._modals
    word, number = form["custom_id"].split(":")
    draft = await asking(face).draft(int(number), int(mia.user["id"]), now=now())

    assert word == "draft"
    assert draft is not None
    assert draft.message is not None
    assert draft.message.message_id == int(form["message"]["id"])
    assert len("draft:make:") + len(str(2**64)) <= LONGEST_CUSTOM_ID
    assert kept == {}


async def test_a_deleted_message_is_not_animated(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Its sender took it back while the form was open."""
    form = await opened(face, mia, photo)
    where = {"channel_id": face.stand_in.channel_id, "message_id": form["message"]["id"]}
    await face.control("delete-message", **where)
    outcome = await submitted(mia, form)

    assert "That message is gone" in await refused(mia, outcome, face)


async def test_a_picture_that_is_gone_is_said_to_be(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The message is there, its file is not."""
    form = await opened(face, mia, photo)
    for attachment in face.stand_in.hub.files.folder.rglob("*"):
        if attachment.is_file():
            attachment.unlink()
    outcome = await submitted(mia, form)

    assert "could not be read from Discord" in await refused(mia, outcome, face)


async def test_a_form_from_yesterday_is_too_old(
    face: Face, mia: MemberDriver, photo: Path, file: Path
) -> None:
    """Discord's address of the picture has expired; the answer says what to do."""
    form = await opened(face, mia, photo)
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE draft SET kept_at = datetime(kept_at, '-25 hours')")
    outcome = await submitted(mia, form)

    assert "open for too long" in await refused(mia, outcome, face)


@pytest.mark.parametrize("trouble", [{"status": 403, "body": {"code": 50001}}, {"delay_s": 2.0}])
async def test_a_message_that_cannot_be_looked_at_is_animated(
    face: Face, mia: MemberDriver, photo: Path, trouble: dict[str, Any]
) -> None:
    """Not allowed to, or too slow for the three seconds: the picture itself decides."""
    form = await opened(face, mia, photo)
    await face.control("faults", **LOOK, **trouble)
    outcome = await submitted(mia, form)

    assert outcome.ok
    assert is_order(await face.carded(int(outcome.id)), mia)
