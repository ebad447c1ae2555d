"""/privacy in Discord, and a server that the bot is removed from: the client on the stand-in."""

import json
from pathlib import Path
from typing import Any

from bot.job import Job, JobState
from bot.policy import GuildPolicy
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import GUILD_ID, MIA_ID, SECOND_GUILD_ID
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, Face, all_text, buttons, now, start, stop
from tests.raw_files import where_found

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILD, SECOND = int(GUILD_ID), int(SECOND_GUILD_ID)
WORDS = "A wolpertinger eats Käsespätzle 🐺"


async def told(driver: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only the member sees."""
    return await driver.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def delivered(face: Face, job: Job) -> Job:
    """Bring a queued job to its end."""
    return await face.moved(await face.finished(job), JobState.DELIVERED)


async def known(face: Face) -> set[int]:
    """Return the servers in which the bot knows itself to be."""
    departures = face.bot.services.privacy.departures
    return await departures._store.known_guilds(face.bot.application_id or 0)


async def test_a_member_takes_their_data_along_and_deletes_it(
    face: Face, mia: MemberDriver, photo: Path, file: Path
) -> None:
    """Refused while a video is on its way; afterwards no file holds a word of the prompt."""
    job = await face.ordered(mia, photo, prompt=WORDS)
    await mia.run_command("privacy delete")
    await told(mia, "You have 1 video under way, so nothing was deleted.")
    await delivered(face, job)
    await mia.run_command("privacy export")
    answer = await told(mia, "Everything that I keep about you")
    async with face.http.get(answer["attachments"][0]["url"]) as response:
        data = await response.json(content_type=None)
    await mia.run_command("privacy delete")
    page = await told(mia, "Delete what I keep about you")
    (button,) = buttons(page)
    await mia.press(page, button)
    await told(mia, "1 video forgotten")
    await mia.run_command("jobs")
    await told(mia, "No videos yet")
    await mia.run_command("quota")
    balance = await told(mia, "left to spend")

    assert answer["attachments"][0]["filename"] == "my-data.json"
    assert data["user_id"] == MIA_ID
    assert [kept["parameters"]["prompt"] for kept in data["jobs"]] == [WORDS]
    assert [entry["kind"] for entry in data["credits"]] == ["reserve", "settle"]
    assert job.interaction_token not in json.dumps(data)
    assert f"{job.price_credits} of 200 credits used" in all_text(balance)
    assert where_found(file.parent, WORDS, "wolpertinger", "Käsespätzle") == set()


async def test_a_server_that_removes_the_bot_is_forgotten(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """An outage, and an answer that is no clear no, forget nothing."""
    bot_id = face.stand_in.world.bot.id
    departures = face.bot.services.privacy.departures
    await until(face.bot.is_ready)
    await departures.look()
    for guild in (GUILD, SECOND):
        await face.policies.set_policy(guild, GuildPolicy(daily_credits=199), actor_id=1, now=now())
    job = await delivered(face, await face.ordered(mia, photo))
    await face.control("outage", guild_id=GUILD_ID, unavailable=True)
    await departures.look()
    await departures.left(GUILD)
    for status in (403, 404):  # of something between the bot and Discord
        await face.control(
            "faults", method="GET", path="/guilds/*", status=status, body={"code": 0}
        )
        await departures.left(GUILD)
    after_outage = await face.store.get(job.id), await face.policies.policy(GUILD)
    await face.control("outage", guild_id=GUILD_ID, unavailable=False)
    await face.control("member", guild_id=GUILD_ID, user_id=bot_id, present=False)

    async def purged() -> bool:
        return GUILD not in await known(face)

    await until(purged)
    assert after_outage[0] is not None
    assert after_outage[1].daily_credits == 199
    assert await face.store.get(job.id) is None
    assert await face.policies.policy(GUILD) == GuildPolicy()
    assert (await face.policies.policy(SECOND)).daily_credits == 199
    assert await known(face) == {SECOND}


async def test_a_server_left_while_the_bot_was_off_is_forgotten_at_its_start(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Only by the bot that was in it: another one on the same database forgets nothing."""
    await until(face.bot.is_ready)
    await face.bot.services.privacy.departures.look()
    store = face.bot.services.privacy.departures._store
    await store.remember_guilds([7 << 22], 12345)  # another bot's
    job = await delivered(face, await face.ordered(mia, photo))
    await face.bot.close()
    bot_id = face.stand_in.world.bot.id
    await face.control("member", guild_id=GUILD_ID, user_id=bot_id, present=False)
    second = face.again()
    task = await start(second)

    async def forgotten() -> bool:
        return await second.store.get(job.id) is None

    await until(forgotten)
    await stop(second, task)
    assert await store.known_guilds(12345) == {7 << 22}
