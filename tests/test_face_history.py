"""/history in Discord: the client on the stand-in, over a real gateway."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.discord_ui.history_items import Leaf
from bot.discord_ui.history_pages import history_page
from bot.history import HistoryPage, Search
from bot.job import Job, JobState
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import GUILD_ID, MIA_ID, THEO_ID, VIDEO_ID
from tests.face_running import EPHEMERAL, Face, all_text, now, start, stop
from tests.storage_kit import PATHS, accepted

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

PICTURE = b"RIFF\x24\0\0\0WEBPVP8 "
FORM_WORDS = "words"


async def made(face: Face, number: int, prompt: str, **changes: Any) -> Job:
    """Return a delivered job of Mia's with a thumbnail."""
    facts = {"guild_id": int(GUILD_ID), "channel_id": int(VIDEO_ID), "user_id": int(MIA_ID)}
    parameters = {"prompt": prompt, "seed": number}
    job = await accepted(face.store, number, parameters=parameters, **facts | changes)
    for state in PATHS[JobState.DELIVERED]:
        await face.store.transition(job.id, state, now=now())
    await face.store.keep_thumbnail(job.id, PICTURE, now=now())
    return job


async def shown(driver: MemberDriver, *words: str) -> dict[str, Any]:
    """Wait for an answer that the member alone sees, with all of these words."""
    return await driver.wait_for_message(
        lambda message: (
            bool(message["flags"] & EPHEMERAL) and all(word in all_text(message) for word in words)
        )
    )


def pictures(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the thumbnails of a page, the topmost first."""
    (box,) = message["components"]
    return [part["accessory"] for part in box["components"] if "accessory" in part]


def id_of(message: dict[str, Any], verb: str) -> str:
    """Return the id of a button or select of a page."""
    found, waiting = [], list(message["components"])
    while waiting:
        part = waiting.pop()
        found.append(str(part.get("custom_id", "")))
        waiting += part.get("components", [])
    return next(one for one in found if one.startswith(f"history:{verb}:"))


@pytest.fixture
async def theo(face: Face) -> AsyncIterator[MemberDriver]:
    """Another member without rights, connected."""
    async with face.member("Theo") as driver:
        yield driver


async def test_leafing_goes_on_after_a_restart_and_keeps_the_filter(
    face: Face, mia: MemberDriver
) -> None:
    """Older before it, newer after it; with the pictures of the page and of no other."""
    for number in range(14):
        await made(face, number, f"{'fox' if number % 2 else 'owl'} {number:02}")
    await mia.run_command("history", {"words": "Fox"})
    first = await shown(mia, "1 to 5 of 7", "fox 13", "fox 05")
    await mia.press(first, id_of(first, "older"))
    second = await shown(mia, "6 to 7 of 7", "fox 03", "fox 01", "Only with the words “Fox”")
    async with face.http.get(pictures(second)[0]["media"]["url"]) as response:
        data = await response.read()
    await face.bot.close()
    again = face.again()
    task = await start(again)
    await mia.press(second, id_of(second, "newer"))
    third = await shown(mia, "1 to 5 of 7", "fox 13")
    await stop(again, task)

    assert "owl" not in all_text(first) + all_text(second) + all_text(third)
    assert first["id"] == second["id"] == third["id"]
    assert [len(pictures(page)) for page in (first, second, third)] == [5, 2, 5]
    assert [picture["description"] for picture in pictures(second)] == [
        "A picture from the video: fox 03",
        "A picture from the video: fox 01",
    ]
    assert data == PICTURE


async def test_the_filter_can_be_changed_on_the_page(face: Face, mia: MemberDriver) -> None:
    """By model, by words, and to see what has no video; each keeps the others."""
    await made(face, 1, "A fox")
    await made(face, 2, "An owl", model="wan-2.5-i2v")
    await made(face, 3, "A second owl")
    waiting = await accepted(
        face.store,
        4,
        guild_id=int(GUILD_ID),
        user_id=int(MIA_ID),
        parameters={"prompt": "A third owl", "seed": 1},
    )
    await mia.run_command("history")
    page = await shown(mia, "3 videos")
    form = await mia.press(page, id_of(page, "form"))
    assert form.modal is not None
    await mia.submit_modal(form.modal, {FORM_WORDS: "owl"})
    page = await shown(mia, "2 videos", "Only with the words “owl”")
    await mia.press(page, id_of(page, "kind"))
    page = await shown(mia, "3 videos", "A third owl", "In the queue")
    await mia.select(page, id_of(page, "model"), ["wan-2.5-i2v"])
    page = await shown(mia, "1 video", "Only of the model", "Only with the words “owl”")
    await mia.select(page, id_of(page, "model"), ["all"])
    page = await shown(mia, "3 videos", "Only with the words “owl”", "With those")
    form = await mia.press(page, id_of(page, "form"))
    assert form.modal is not None
    await mia.submit_modal(form.modal, {FORM_WORDS: "🦊" * 21})
    await shown(mia, "may have 40 characters together")

    assert waiting.state is JobState.QUEUED


async def test_a_button_shows_whoever_presses_their_own(
    face: Face, mia: MemberDriver, theo: MemberDriver
) -> None:
    """Even on a page that stands where others see it, which ours never do."""
    await made(face, 1, "Mia's fox")
    await made(face, 2, "Theo's owl", user_id=int(THEO_ID))
    await mia.run_command("history")
    own = await shown(mia, "1 video", "Mia's fox")
    posted = await planted(face, Leaf(channel=False, search=Search()))
    await theo.press(posted, id_of(posted, "kind"))
    theirs = await theo.wait_for_message(lambda message: "Theo's owl" in all_text(message))

    assert "Theo's owl" not in all_text(own)
    assert "Mia's fox" not in all_text(theirs)


async def planted(face: Face, leaf: Leaf) -> dict[str, Any]:
    """Post an empty page where it does not belong; return the message."""
    view = history_page(HistoryPage(), leaf, in_server=True)
    sent = await face.bot.get_partial_messageable(int(VIDEO_ID)).send(view=view)
    return next(one for one in await face.posted(VIDEO_ID) if one["id"] == str(sent.id))


async def test_only_moderators_see_a_whole_channel(
    face: Face, mia: MemberDriver, nora: MemberDriver
) -> None:
    """By command, by button or by form: who presses is asked every time."""
    await made(face, 1, "Mia's fox")
    await made(face, 2, "Theo's owl", user_id=int(THEO_ID))
    await made(face, 3, "Elsewhere", channel_id=int(VIDEO_ID) + 1)
    await nora.run_command("history", {"everyone": True})
    page = await shown(nora, "All members' videos in this channel", "2 videos")
    await nora.press(page, id_of(page, "kind"))
    page = await shown(nora, "With those", "2 videos", f"<@{MIA_ID}>")
    form = await nora.press(page, id_of(page, "form"))
    assert form.modal is not None
    await nora.submit_modal(form.modal, {FORM_WORDS: "owl"})
    found = await shown(nora, "1 video", "Theo's owl")
    stray = await planted(face, Leaf(channel=True, search=Search()))
    refusals = [
        await mia.run_command("history", {"everyone": True}),
        await mia.press(stray, id_of(stray, "kind")),
        await mia.press(stray, id_of(stray, "form")),
    ]

    await shown(mia, "This is for this server's moderators")
    told = [message for message in mia.seen.values() if message["flags"] & EPHEMERAL]
    assert len(told) == len(refusals)
    assert all("owl" not in all_text(message) for message in told)
    assert "Mia's fox" not in all_text(found)
    assert refusals[2].modal is None


async def test_in_direct_messages_all_of_ones_own_are_shown(face: Face, mia: MemberDriver) -> None:
    """Of every server, and of direct messages."""
    await made(face, 1, "On a server")
    await made(face, 2, "Directly", guild_id=None)
    body = {"recipient_id": str(face.bot.application_id)}
    opened = await mia.request("POST", "/users/@me/channels", json=body)
    await mia.run_command("history", channel_id=str(opened["id"]))
    page = await shown(mia, "Your videos everywhere", "2 videos")

    assert "On a server" in all_text(page)
    assert "Directly" in all_text(page)
