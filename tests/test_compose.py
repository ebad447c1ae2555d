"""The compose files start what the README promises, with settings that the bot takes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
PASSWORD = "${POSTGRES_PASSWORD:?set it in .env}"
# What docs/hosting.md says that a process may use.
CONNECTIONS_OF_A_PROCESS = 40
# PostgreSQL's own reserve for its owner, the backup, and the host's psql.
OTHER_CONNECTIONS = 10


def composed(file: str) -> dict[str, Any]:
    """A compose file; anchors and merges are YAML's own."""
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text("utf-8"))
    return found


SIMPLE, SEVERAL = composed("compose.yaml"), composed("compose.postgres.yaml")
BOTS = {name: one for name, one in SEVERAL["services"].items() if name.startswith("bot-")}
EVERY_BOT = [*SIMPLE["services"].values(), *BOTS.values()]
SERVICES = [
    pytest.param(file, service, id=f"{file}:{name}")
    for file, whole in (("compose.yaml", SIMPLE), ("compose.postgres.yaml", SEVERAL))
    for name, service in whole["services"].items()
]


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No setting is left over from the developer's shell."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def settings_of(nothing_set: pytest.MonkeyPatch, bot: dict[str, Any]) -> Settings:
    """What a service's bot reads; compose puts the password in."""
    secrets = {"DISCORD_TOKEN": "made-up", "SEGMIND_API_KEY": "made-up"}
    for name, value in {**secrets, **bot["environment"]}.items():
        nothing_set.setenv(name, value.replace(PASSWORD, "secret"))
    return load_settings("")


def folders_of(bot: dict[str, Any]) -> dict[str, str]:
    """Path in the container to the volume that is there."""
    return {path: name for name, path in (one.split(":") for one in bot["volumes"])}


def seconds(text: str) -> int:
    """A duration as compose writes it."""
    found = re.fullmatch(r"(\d+)s", text)
    assert found is not None, text
    return int(found[1])


# -- every service -------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "service"), SERVICES)
def test_a_service_can_do_no_more_than_it_needs(file: str, service: dict[str, Any]) -> None:
    """Nothing but volumes is written, no rights, no new ones, bounded processes, no open port."""
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert "ports" not in service, file  # the watching port has no password
    assert "privileged" not in service


@pytest.mark.parametrize(("file", "service"), SERVICES)
def test_a_service_comes_back_and_its_log_ends_somewhere(
    file: str, service: dict[str, Any]
) -> None:
    """It is started again after any end, and old lines go."""
    assert service["restart"] == "unless-stopped", file
    assert service["logging"]["driver"] == "local"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("whole", [SIMPLE, SEVERAL], ids=["simple", "several"])
def test_every_volume_is_declared_and_used(whole: dict[str, Any]) -> None:
    """A misspelt one would be another, empty one."""
    named = {
        volume.split(":")[0]
        for service in whole["services"].values()
        for volume in service["volumes"]
        if not volume.startswith(".")
    }

    assert named == set(whole["volumes"])


# -- the bots ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bot", EVERY_BOT, ids=["bot", *BOTS])
def test_a_bot_has_what_it_needs(nothing_set: pytest.MonkeyPatch, bot: dict[str, Any]) -> None:
    """Settings that exist, a volume where it keeps its files, memory for a decoder."""
    settings = settings_of(nothing_set, bot)

    assert {name.lower() for name in bot["environment"]} <= set(Settings.model_fields)
    assert str(settings.data_dir) in folders_of(bot)
    assert bot["env_file"] == ".env"
    assert bot["build"] == "."
    assert bot["init"] is True
    assert bot["mem_limit"] == "2g"


@pytest.mark.parametrize("bot", EVERY_BOT, ids=["bot", *BOTS])
def test_a_bot_has_time_to_stop(bot: dict[str, Any]) -> None:
    """More than `STOP_TIMEOUT_S`, with time for the container itself."""
    stop_timeout_s = Settings.model_fields["stop_timeout_s"].default

    assert seconds(bot["stop_grace_period"]) >= stop_timeout_s + 2


def test_the_simple_one_is_a_bot_on_a_file(nothing_set: pytest.MonkeyPatch) -> None:
    """One process, SQLite, by the names that docs/hosting.md uses."""
    (bot,) = SIMPLE["services"].values()
    settings = settings_of(nothing_set, bot)

    assert settings.on_sqlite
    assert settings.process_count == 1
    assert bot["container_name"] == "wan-video-bot"
    assert SIMPLE["volumes"][folders_of(bot)["/data"]] == {"name": "wan-video-bot"}


def test_the_bots_share_the_shards_and_the_database(nothing_set: pytest.MonkeyPatch) -> None:
    """Together they run every shard once, each under a name of its own, on the one server."""
    found = [settings_of(nothing_set, bot) for bot in BOTS.values()]

    assert len(found) == 2
    assert sorted(shard for one in found for shard in one.shards[0] or ()) == [0, 1]
    assert {one.shards[1] for one in found} == {2}
    assert {one.executor_id for one in found} == {"bot-1", "bot-2"}
    assert {one.database_url for one in found} == {"postgresql://bot:secret@postgres/bot"}


def test_each_bot_has_its_own_folder_and_all_one_for_kept_videos() -> None:
    """It waits for the server, and another's files are not in its way."""
    folders = [folders_of(bot) for bot in BOTS.values()]

    assert len({one["/data"] for one in folders}) == len(BOTS)
    for bot, one in zip(BOTS.values(), folders, strict=True):
        assert one[bot["environment"]["KEPT_DIR"]] == "kept"
        assert bot["depends_on"] == {"postgres": {"condition": "service_healthy"}}


# -- the server and its backup -------------------------------------------------------------------


def test_the_server_keeps_its_data_and_says_when_it_is_ready() -> None:
    """On a volume, with a health check, and with a password from `.env` alone."""
    server = SEVERAL["services"]["postgres"]

    assert server["volumes"] == ["postgres:/var/lib/postgresql/data"]
    assert server["healthcheck"]["test"][1] == "pg_isready"
    assert server["environment"]["POSTGRES_PASSWORD"] == PASSWORD
    assert server["user"] == "postgres"


def test_the_server_takes_every_process() -> None:
    """`max_connections` fits the processes that there are; each connection is one of its own."""
    server = SEVERAL["services"]["postgres"]
    found = re.search(r"max_connections=(\d+)", server["command"])
    hosting = (ROOT / "docs" / "hosting.md").read_text("utf-8")

    assert found is not None
    assert int(found[1]) >= len(BOTS) * CONNECTIONS_OF_A_PROCESS + OTHER_CONNECTIONS
    assert f"up to {CONNECTIONS_OF_A_PROCESS} connections" in hosting
    assert server["pids_limit"] >= int(found[1]) + OTHER_CONNECTIONS


def test_the_backup_asks_the_same_server_and_runs_a_script_that_is_there() -> None:
    """As the database's owner, by the server's own programs, into a folder of the host."""
    backup, server = SEVERAL["services"]["backup"], SEVERAL["services"]["postgres"]
    script, folder = (one.split(":") for one in backup["volumes"])

    assert backup["image"] == server["image"]
    assert backup["environment"]["PGUSER"] == server["environment"]["POSTGRES_USER"]
    assert backup["environment"]["PGDATABASE"] == server["environment"]["POSTGRES_DB"]
    assert backup["environment"]["PGPASSWORD"] == PASSWORD
    assert backup["environment"]["PGHOST"] == "postgres"
    assert (ROOT / script[0]).is_file()
    assert script[1] == backup["entrypoint"][1] == backup["healthcheck"]["test"][2]
    assert folder[1] == backup["environment"]["BACKUP_DIR"]
    assert f"{folder[0].removeprefix('./')}/" in (ROOT / ".gitignore").read_text("utf-8").split()


def test_a_bot_s_container_takes_the_same_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """`docker compose run --rm bot-1 restore --mark-only` reaches the command line."""
    with pytest.raises(SystemExit) as ended:
        main(["restore", "--help"])

    assert ended.value.code == 0
    assert "--mark-only" in capsys.readouterr().out
