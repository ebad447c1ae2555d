"""`/video-admin stats` on the stand-in: the picture, the numbers, the books as files."""

import csv
import io
import sys
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from bot.discord_ui.member_names import member_names
from bot.job import JobState
from bot.policy import GuildPolicy
from bot.storage import JobStore, PolicyStore
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import (
    GUILD_ID,
    MIA_ID,
    MODERATOR_ROLE_ID,
    NORA_ID,
    SECOND_GUILD_ID,
    SECOND_LOG_ID,
)
from tests.discord_kit import member_driver
from tests.face_running import EPHEMERAL, Face, all_text, buttons, now, start, stop
from tests.storage_kit import GENEROUS, PATHS, ZONE, new_job

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILD, SECOND, MIA = int(GUILD_ID), int(SECOND_GUILD_ID), int(MIA_ID)
GALLERY = 12
LEDGER, AUDIT = "admin:csv:ledger:7", "admin:csv:audit:7"


async def told(driver: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only the moderator sees."""
    return await driver.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def made(face: Face, number: int, *, guild_id: int = GUILD, price_credits: int = 30) -> None:
    """Let Mia have made a video just now."""
    job = await face.store.accept(
        new_job(number, guild_id=guild_id, user_id=MIA, price_credits=price_credits),
        GENEROUS,
        ZONE,
        now=now(),
    )
    for state in PATHS[JobState.DELIVERED]:
        await face.store.transition(job.id, state, now=now())


async def asked(driver: MemberDriver, words: str = "Videos of") -> dict[str, Any]:
    """Ask for the last week."""
    await driver.run_command("video-admin stats", {"days": 7})
    return await told(driver, words)


async def fetched(face: Face, message: dict[str, Any]) -> bytes:
    """Download the picture that is shown first, or the file that is attached."""
    shown = [part["items"][0]["media"] for part in parts(message) if part["type"] == GALLERY]
    file = (shown or message["attachments"])[0]
    async with face.http.get(file["url"]) as answer:
        return await answer.read()


def parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the message's box holds."""
    return [part for box in message["components"] for part in box["components"]]


async def test_moderators_get_a_picture_numbers_and_both_books(
    face: Face, nora: MemberDriver
) -> None:
    """Members' videos of the last days, the members by name, and each line as a file."""
    await made(face, 0)
    policy = GuildPolicy(daily_credits=77, time_zone="Europe/Berlin")
    await face.policies.set_policy(GUILD, policy, actor_id=1, now=now())
    page = await asked(nora)
    picture = Image.open(io.BytesIO(await fetched(face, page)))
    named = await member_names(face.bot.get_guild(GUILD), [MIA, 404])
    await nora.press(page, LEDGER)
    ledger = await fetched(face, await told(nora, "The ledger of 7 days: 2 lines."))
    await nora.press(page, AUDIT)
    audit = await fetched(face, await told(nora, "The audit log of 7 days: 1 line."))

    assert (picture.format, picture.width) == ("PNG", 1000)
    assert [part["type"] for part in parts(page)].count(GALLERY) == 2
    assert named == {MIA: "Mia"}
    assert page["flags"] & EPHEMERAL
    assert "**1 video** of 1 member · 30 credits · ≈ 0.30 USD" in all_text(page)
    assert f"<@{MIA}>: 1 video" in all_text(page)
    assert "days begin in Europe/Berlin" in all_text(page)
    assert buttons(page) == {LEDGER: "Ledger as CSV", AUDIT: "Audit log as CSV"}
    lines = list(csv.DictReader(io.StringIO(ledger.decode("utf-8-sig"))))
    assert [line["kind"] for line in lines] == ["reserve", "settle"]
    assert b"policy.set" in audit


async def test_no_picture_is_no_failure(
    stand_in: DiscordStandIn, store: JobStore, policies: PolicyStore, tmp_path: Path
) -> None:
    """When the drawing process dies the moderator still has the numbers, and is told."""
    async with aiohttp.ClientSession() as http:
        face = Face(
            stand_in=stand_in,
            store=store,
            policies=policies,
            http=http,
            data_dir=tmp_path,
            drawing=(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"),
        )
        task = await start(face)
        await made(face, 0)
        async with face.member("Nora") as nora:
            page = await asked(nora)
        await stop(face, task)

    assert GALLERY not in {part["type"] for part in parts(page)}
    assert "The chart could not be drawn just now" in all_text(page)
    assert "**1 video** of 1 member" in all_text(page)


async def test_what_cannot_be_had_is_said(face: Face, nora: MemberDriver) -> None:
    """Days out of range; a book with nothing in it; a file that is too large even packed."""
    await nora.run_command("video-admin stats", {"days": 367})
    await told(nora, "`days` must be a whole number from 1 to 366.")
    page = await asked(nora, "Nobody asked for a video in these days.")
    await nora.press(page, LEDGER)
    await told(nora, "The ledger has nothing in these 7 days.")
    await made(face, 0)
    await face.control("upload-limit", guild_id=GUILD_ID, bytes=100)
    await nora.press(page, LEDGER)

    assert await told(nora, "such as `/video-admin stats days:3`")


async def test_a_stale_button_shows_nothing_to_who_moderates_no_more(
    face: Face, nora: MemberDriver
) -> None:
    """The right is looked at again with every press."""
    await made(face, 0)
    page = await asked(nora)
    await face.control(
        "member-roles", guild_id=GUILD_ID, user_id=NORA_ID, remove=[MODERATOR_ROLE_ID]
    )
    await nora.press(page, LEDGER)

    assert await told(nora, "needs the permission **Manage Server** here")
    assert not any(
        attachment["filename"].endswith(".csv")
        for message in nora.seen.values()
        for attachment in message["attachments"]
    )


async def test_a_press_in_another_guild_is_about_that_guild(face: Face) -> None:
    """The same button, by who moderates there: not one line of the first guild."""
    await made(face, 0, price_credits=111)
    await made(face, 1, guild_id=SECOND, price_credits=222)
    async with member_driver(face.stand_in, "Remy") as remy:
        await remy.run_command("video-admin stats", {"days": 7}, SECOND_LOG_ID)
        page = await told(remy, "Videos of")
        await remy.press(page, LEDGER)
        message = await told(remy, "The ledger of 7 days: 2 lines.")
        ledger = (await fetched(face, message)).decode("utf-8-sig")

    assert "222 credits" in all_text(page)
    assert "111" not in all_text(page)
    assert {line["credits"] for line in csv.DictReader(io.StringIO(ledger))} == {"222"}
