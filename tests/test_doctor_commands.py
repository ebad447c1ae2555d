"""What the doctor finds of the slash commands; each fault is made on purpose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.doctoring import State
from bot.doctoring.registration import of_commands, wanted_commands
from bot.settings import Settings
from sandbox.discord_api import DiscordStandIn
from tests.doctor_kit import fault, found, suggestion

pytest_plugins = ("tests.doctor_fixtures",)


async def _register(
    stand_in: DiscordStandIn, settings: Settings, change: Callable[[list[Any]], object]
) -> None:
    """Register this version's commands, changed in some way."""
    commands = [dict(one) for one in await wanted_commands(settings)]
    change(commands)
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bot {stand_in.bot_token}"}) as http,
        http.put(
            f"{stand_in.api_url}/applications/{stand_in.application_id}/commands", json=commands
        ) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def test_commands_that_were_never_registered_are_a_hint(settings: Settings) -> None:
    """Before the first start; once the bot has registered them it would be a fault."""
    fresh = await suggestion(settings, "commands")
    (settings.data_dir / "discord-commands.sha256").write_text("0")
    gone = await fault(settings, "commands")

    assert "Start the bot" in fresh.remedy
    assert gone.words.startswith("missing: Animate this, ")


async def test_commands_as_this_version_wants_them_are_well(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """However Discord writes down what it was told."""
    await _register(discord_stand_in, settings, lambda _: None)

    commands = (await found(settings, "commands"))["commands"]

    assert commands.state is State.OK, commands
    assert commands.figures["registered"] == commands.figures["wanted"]


async def test_commands_of_another_version_are_a_fault(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """What is missing, what is too much, and what is otherwise; and how to mend it."""

    def older(commands: list[Any]) -> None:
        by_name = {one["name"]: one for one in commands}
        commands.remove(by_name["t2v"])
        by_name["animate"]["options"][-1]["description"] = "As it was called before."
        commands.append({"name": "video", "description": "Make a video.", "type": 1})

    await _register(discord_stand_in, settings, older)

    commands = await fault(settings, "commands")

    assert commands.words == "missing: t2v; not of this version: video; changed: animate."
    assert "Start the bot again" in commands.remedy


async def test_user_installs_change_every_command(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Switched on since the last start: Discord must be told."""
    await _register(discord_stand_in, settings, lambda _: None)

    commands = await fault(settings, "commands", user_installs=True)

    assert commands.words.startswith("changed: ")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1", "version": "2", "dm_permission": True, "nsfw": False},
        {"name_localizations": {}, "options": []},
        {"default_member_permissions": "32", "contexts": [1, 0]},
    ],
)
def test_what_discord_adds_is_no_difference(change: dict[str, Any]) -> None:
    """Ids, defaults, other spellings of the same."""
    wanted = {
        "name": "t2v",
        "description": "Words.",
        "type": 1,
        "default_member_permissions": 32,
        "contexts": [0, 1],
        "options": None,
        "name_localizations": None,
    }

    found_ = of_commands([wanted | change], [wanted], known_file=Path("none"))

    assert found_.state is State.OK
