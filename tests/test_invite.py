"""`python -m bot invite`, and that one set of permissions is meant everywhere."""

import asyncio
import json
import os
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.__main__ import main
from bot.discord_ui.permissions import NEEDED, missing_for_videos
from bot.doctoring import permission_name
from bot.settings import Settings
from sandbox.discord_api import DiscordStandIn

pytest_plugins = ("tests.doctor_fixtures",)

ROOT = Path(__file__).parent.parent


@pytest.fixture
def environment(
    discord_stand_in: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """Settings of an application at the stand-in."""
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("DISCORD_TOKEN", discord_stand_in.bot_token)
    monkeypatch.setenv("SEGMIND_API_KEY", "made-up-key")
    monkeypatch.setenv("DISCORD_API_BASE", discord_stand_in.api_url)
    return monkeypatch


async def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = await asyncio.to_thread(main, ["invite", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.usefixtures("environment")
async def test_the_link_asks_for_exactly_what_is_needed(
    discord_stand_in: DiscordStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """The application is the token's; only the link that matters is printed."""
    code, text, _ = await _said(capsys)

    (link,) = re.findall(r"https://\S+", text)
    assert code == 0
    assert parse_qs(urlsplit(link).query) == {
        "client_id": [discord_stand_in.application_id],
        "scope": ["bot applications.commands"],
        "permissions": [str(NEEDED.value)],
    }
    assert "Anybody who manages a server can invite Wan" in text


@pytest.mark.usefixtures("environment")
async def test_the_json_has_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts; a link for oneself only where USER_INSTALLS is set."""
    facts = json.loads((await _said(capsys, "--json"))[1])

    assert f"permissions={facts['permissions']}" in facts["invite"]
    assert facts["permissions"] == str(NEEDED.value)
    assert facts["scopes"] == ["bot", "applications.commands"]
    assert facts["user_install"] is None


async def test_user_installs_have_a_link_of_their_own(
    environment: pytest.MonkeyPatch,
    discord_stand_in: DiscordStandIn,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And what is missing in the portal is said, until it is there."""
    environment.setenv("USER_INSTALLS", "true")
    _, before, _ = await _said(capsys)
    discord_stand_in.world.application.takes_users = True
    _, after, _ = await _said(capsys)

    assert "scope=applications.commands&integration_type=1" in before
    assert "Installation page: User Install" in before
    assert "Installation page" not in after


@pytest.mark.usefixtures("environment")
async def test_a_bot_that_is_not_public_is_invited_by_its_owner(
    discord_stand_in: DiscordStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who else presses the link is refused by Discord."""
    body = {"id": discord_stand_in.application_id, "name": "Wan", "bot_public": False}
    discord_stand_in.hub.faults.order({"path": "/applications/@me", "status": 200, "body": body})

    _, text, _ = await _said(capsys)

    assert text.startswith("Only you, its owner, can invite Wan")


async def test_a_refused_token_is_a_wrong_setting(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 78, as at the bot's own start."""
    environment.setenv("DISCORD_TOKEN", "made.up.token")

    code, _, error = await _said(capsys)

    assert code == 78
    assert error.startswith("DISCORD_TOKEN is refused by Discord.")


async def test_a_discord_that_is_away_is_told(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, and no traceback."""
    environment.setenv("DISCORD_API_BASE", "http://127.0.0.1:9")

    code, _, error = await _said(capsys)

    assert code == 1
    assert "Discord cannot be reached" in error


def test_the_readme_s_number_is_the_link_s() -> None:
    """Who follows the README by hand invites with the same permissions, in the same words."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [permission_name(name) for name, needed in NEEDED if needed]

    assert re.findall(r"permissions=(\d+)", readme) == [str(NEEDED.value)]
    assert [name for name in names if f"*{name}*" not in readme] == []


def test_what_setup_checks_is_what_the_link_asks_for() -> None:
    """A server that used the link lacks nothing; each of its permissions is checked."""
    lacking = {
        name
        for in_thread in (False, True)
        for name in missing_for_videos(discord.Permissions.none(), in_thread=in_thread)
    }
    asked = {
        permission_name(name).replace("View Channels", "View Channel") for name, on in NEEDED if on
    }

    assert missing_for_videos(NEEDED, in_thread=False) == []
    assert missing_for_videos(NEEDED, in_thread=True) == []
    assert asked == lacking
