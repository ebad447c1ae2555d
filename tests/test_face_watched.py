"""What members do on Discord is counted, and a lost gateway is told."""

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.log_context import About, now_about
from bot.logs import Subject
from bot.lookout import gateway_trouble, listen
from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import until
from tests.face_running import SETTINGS, Face
from tests.storage_trouble_kit import Disk, watched
from tests.watching_kit import new_tally, pages_of, samples, signs

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

DEAR: dict[str, Any] = {**SETTINGS, "resolution": "1080p", "duration": 15}


async def test_commands_refusals_and_failures_are_counted(
    face: Face, mia: MemberDriver, photo: Path, file: Path
) -> None:
    """By the bot's own names: the command, the rule, and whether the database was to blame."""
    tally = new_tally()
    listen(face.bot, tally)
    pages = pages_of(signs(), tally)

    def at_least_one(*series: str) -> bool:
        found = samples(pages.metrics().decode())
        return all(found[f"wanbot_{one}"] >= 1 for one in series)

    await mia.run_command("animate", {"image": photo, **DEAR})
    await mia.run_command("animate", {"image": photo, **SETTINGS, "model": "wan-9"})
    await until(lambda: at_least_one("refusals_total{rule=day}", "refusals_total{rule=bad_input}"))
    disk = Disk(file)
    with watched(disk), disk.locked():
        await mia.run_command("t2v", {"prompt": "A fox jumps"})
        await until(lambda: at_least_one("failures_total{kind=storage}"))

    found = samples(pages.metrics().decode())
    assert found["wanbot_commands_total{command=animate}"] == 2
    assert found["wanbot_commands_total{command=t2v}"] == 1
    assert found["wanbot_refusals_total{rule=day}"] == 1


async def test_what_goes_wrong_in_an_interaction_is_logged_with_its_ids(
    face: Face, mia: MemberDriver, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A command's id is its job's; a press and its listeners likewise have their own."""
    heard: dict[int, About] = {}

    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        heard[interaction.id] = now_about()

    def logged() -> set[About]:
        return {
            About(getattr(record, "job", None), getattr(record, "guild", None))
            for record in caplog.records
            if record.name == "bot.discord_ui.answers"
        }

    subject = Subject(None)
    caplog.handler.addFilter(subject)
    face.bot.add_listener(on_interaction)
    disk = Disk(file)
    with watched(disk), disk.locked():
        outcome = await mia.run_command("t2v", {"prompt": "A fox jumps"})
        await until(lambda: bool(logged()))
    caplog.handler.removeFilter(subject)

    about = About(int(outcome.id), int(face.stand_in.describe()["guild_id"]))
    assert heard == {about.job: about}
    assert logged() == {about}
    assert now_about() == About()


async def test_discord_s_answers_are_counted(face: Face, mia: MemberDriver) -> None:
    """By status: a 429 is what a host looks for."""
    before = dict(face.bot.answers)
    await face.control("faults", path="/applications/*", status=429)
    with pytest.raises(discord.HTTPException):
        await face.bot.tree.fetch_commands()
    await face.bot.tree.fetch_commands()

    assert mia.seen == {}
    assert face.bot.answers[429] == before.get(429, 0) + 1
    assert face.bot.answers[200] > before[200]


async def test_a_lost_gateway_is_told_and_that_it_is_back(face: Face) -> None:
    """By the shard that lost it; discord.py connects again by itself."""
    seen = []

    async def on_shard_disconnect(_shard_id: int) -> None:
        seen.append(gateway_trouble(face.bot))

    await until(lambda: gateway_trouble(face.bot) == "")
    face.bot.add_listener(on_shard_disconnect)
    await face.control("gateway", action="drop")
    await until(lambda: bool(seen))
    await until(lambda: gateway_trouble(face.bot) == "")

    assert seen == ["no connection to Discord on shard 0"]
