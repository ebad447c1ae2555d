"""The doctor: one finding for each part, and what to do about each fault."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.doctor import examine
from bot.finding import Finding
from bot.media import ffmpeg_program
from bot.settings import Settings
from bot.storage import Database, Move
from bot.tools import now
from sandbox.discord_api import DiscordStandIn
from tests.segmind_running import Provider, running


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A running Segmind stand-in."""
    async with running(tmp_path) as made:
        yield made


@pytest.fixture
async def discord_stand_in(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordStandIn]:
    """A running Discord stand-in; discord.py's own addresses come back afterwards."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    stand_in = DiscordStandIn(host="127.0.0.1", port=0)
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
async def settings(
    tmp_path: Path, provider: Provider, discord_stand_in: DiscordStandIn
) -> Settings:
    """Settings of a sound installation with a fresh database."""
    made = Settings.model_validate(
        {
            "discord_token": discord_stand_in.describe()["bot_token"],
            "discord_api_base": discord_stand_in.api_url,
            "segmind_api_key": provider.stand_in.api_key,
            "segmind_api_base": provider.stand_in.api_url,
            "data_dir": tmp_path / "data",
        }
    )
    database = Database.open(made.database_address)
    await database.migrate()
    await database.close()
    return made


async def found(settings: Settings, **changes: Any) -> dict[str, Finding]:
    """Return the findings by part, with some settings changed."""
    findings = await examine(settings.model_copy(update=changes))
    return {finding.part: finding for finding in findings}


async def test_a_sound_installation_has_nothing_wrong(settings: Settings) -> None:
    """Every part is well, and the balance and the bot's name are told."""
    findings = await found(settings)

    assert list(findings) == ["data folder", "prices", "database", "ffmpeg", "Segmind", "Discord"]
    assert all(finding.well for finding in findings.values()), findings
    assert "USD" in findings["Segmind"].words
    assert findings["Discord"].line().startswith("ok    Discord: logged in as ")


async def test_user_installs_need_a_switch_in_discord_s_portal(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Wanted here and not there: what to do in both places is said."""
    missing = (await found(settings, user_installs=True))["Discord"]
    discord_stand_in.world.application.takes_users = True
    there = (await found(settings, user_installs=True))["Discord"]

    assert not missing.well
    assert "User Install in the developer portal" in missing.remedy
    assert there.well


async def test_refused_keys_are_told_with_what_to_do(settings: Settings) -> None:
    """A wrong key and a wrong token each name their setting; neither is repeated."""
    wrong = settings.model_validate(
        {**dict(settings), "discord_token": "made.up.token", "segmind_api_key": "made-up-key"}
    )

    findings = await found(wrong)

    assert "SEGMIND_API_KEY" in findings["Segmind"].remedy
    assert "DISCORD_TOKEN" in findings["Discord"].remedy
    assert not findings["Segmind"].well
    assert not findings["Discord"].well
    assert "made" not in "".join(finding.line() for finding in findings.values())


async def test_an_unreachable_provider_is_one_finding_of_many(settings: Settings) -> None:
    """The others are told all the same; what to do is said, and no class of ours."""
    findings = await found(settings, segmind_api_base="http://127.0.0.1:9")

    assert not findings["Segmind"].well
    assert findings["Segmind"].words.startswith("does not answer")
    assert "NeverStartedError" not in findings["Segmind"].words
    assert "network" in findings["Segmind"].remedy
    assert findings["Discord"].well


async def test_an_unreachable_discord_is_told(settings: Settings) -> None:
    """With what to do, and the rest."""
    findings = await found(settings, discord_api_base="http://127.0.0.1:9/api/v10")

    assert findings["Discord"].words.startswith("does not answer")
    assert "network" in findings["Discord"].remedy
    assert findings["Segmind"].well


async def test_a_disk_without_room_for_one_video_is_a_fault(settings: Settings) -> None:
    """Before the first download fails."""
    findings = await found(settings, video_max_bytes=10**18)

    assert not findings["data folder"].well
    assert "VIDEO_MAX_BYTES" in findings["data folder"].remedy


@pytest.mark.parametrize("name", ["data_dir", "kept_dir"])
async def test_a_folder_that_cannot_be_made_names_its_setting(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    """A file stands where the folder should be: its setting must change."""
    (tmp_path / "taken").write_text("")

    findings = await found(settings, **{name: tmp_path / "taken"})

    assert not findings["data folder"].well
    assert name.upper() in findings["data folder"].words


async def test_an_old_database_and_a_bad_price_file_are_told(
    settings: Settings, tmp_path: Path
) -> None:
    """The one needs `migrate`, the other its file; in the words of the part itself."""
    findings = await found(
        settings,
        database_url=f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        prices_file=tmp_path / "nowhere.toml",
    )

    assert "python -m bot migrate" in findings["database"].words
    assert findings["prices"].words.startswith("PRICES_FILE cannot be read")


async def test_a_low_balance_is_a_fault(settings: Settings, provider: Provider) -> None:
    """Below five dollars the host is told to buy credits."""
    await provider.control("settings", {"credits_usd": 1.25})

    findings = await found(settings)

    assert findings["Segmind"].line() == (
        "WRONG Segmind: balance 1.25 USD. Buy credits in Segmind's console."
    )


async def test_a_database_that_was_moved_away_is_a_fault(
    settings: Settings, tmp_path: Path
) -> None:
    """It says where to, as the bot itself does."""
    source = Database.open(settings.database_address)
    target = Database.of_file(tmp_path / "new.sqlite3")
    moving = Move(source, target, now=now)
    await moving.prepare()
    await moving.carry_out(lambda _: None)
    await source.close()
    await target.close()

    findings = await found(settings)

    assert not findings["database"].well
    assert f"was moved to {target.url}" in findings["database"].words


async def test_a_machine_without_ffmpeg_is_told_what_it_misses(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the system nor the wheel has one: large videos come as links."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "none"))
    ffmpeg_program.cache_clear()
    try:
        findings = await found(settings)
    finally:
        ffmpeg_program.cache_clear()

    assert not findings["ffmpeg"].well
    assert "come as links" in findings["ffmpeg"].remedy
