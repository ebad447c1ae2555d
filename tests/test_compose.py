"""The compose file starts what the README promises, with settings that the bot takes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
BOTS = {name: one for name, one in COMPOSE["services"].items() if name.startswith("bot-")}


def settings_of(monkeypatch: pytest.MonkeyPatch, bot: dict[str, Any]) -> Settings:
    """What a service's bot reads; compose puts the password in."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    secrets = {"DISCORD_TOKEN": "made-up", "SEGMIND_API_KEY": "made-up"}
    for name, value in {**secrets, **bot["environment"]}.items():
        monkeypatch.setenv(name, value.replace("${POSTGRES_PASSWORD:?set it in .env}", "secret"))
    return load_settings("")


def test_the_bots_share_the_shards_and_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together they run every shard once, each under a name of its own, on the one server."""
    found = [settings_of(monkeypatch, bot) for bot in BOTS.values()]

    assert len(found) == 2
    assert sorted(shard for one in found for shard in one.shards[0] or ()) == [0, 1]
    assert {one.shards[1] for one in found} == {2}
    assert {one.executor_id for one in found} == {"bot-1", "bot-2"}
    assert {one.database_url for one in found} == {"postgresql://bot:secret@postgres/bot"}


def test_each_bot_has_its_own_folder_and_comes_back() -> None:
    """It waits for the server, is started again after any end, and has time to stop."""
    assert len({str(bot["volumes"]) for bot in BOTS.values()}) == len(BOTS)
    for bot in BOTS.values():
        volume, kept = bot["volumes"]
        assert volume.endswith(":/data")
        assert volume.split(":")[0] in COMPOSE["volumes"]
        assert kept == f"kept:{bot['environment']['KEPT_DIR']}"
        assert "kept" in COMPOSE["volumes"]
        assert bot["restart"] == "unless-stopped"
        assert bot["depends_on"] == {"postgres": {"condition": "service_healthy"}}
        assert bot["stop_grace_period"] == "30s"
        assert bot["env_file"] == ".env"


def test_the_server_keeps_its_data_and_says_when_it_is_ready() -> None:
    """On a volume, with a health check, and with a password from `.env` alone."""
    server = COMPOSE["services"]["postgres"]

    assert server["volumes"] == ["postgres:/var/lib/postgresql/data"]
    assert server["healthcheck"]["test"][1] == "pg_isready"
    assert "ports" not in server  # nobody outside needs it
    assert server["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
