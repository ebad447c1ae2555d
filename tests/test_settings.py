import logging
import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import ConfigurationError
from bot.settings import Settings, load_settings

TOKEN = "made-up.discord.token"
KEY = "SG_0123456789abcdef"
MISTYPED = "hunter2 hunter3"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away whatever the developer's own environment and `.env` say."""
    for name in Settings.model_fields:
        for spelling in (name, name.upper()):
            monkeypatch.delenv(spelling, raising=False)
    monkeypatch.delenv("ENV_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    """Load with the required settings and these."""
    for name, value in {"DISCORD_TOKEN": TOKEN, "SEGMIND_API_KEY": KEY, **environment}.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def problems(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[str, ...]:
    """Return what is wrong with these settings."""
    with pytest.raises(ConfigurationError) as caught:
        load(monkeypatch, **environment)
    return caught.value.problems


# -- what is required ------------------------------------------------------------------


def test_two_settings_are_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token and a key: everything else has a default that works."""
    settings = load(monkeypatch)

    assert settings.discord_token.get_secret_value() == TOKEN
    assert settings.segmind_api_key.get_secret_value() == KEY
    assert settings.database_address == f"sqlite:///{tmp_path.resolve()}/data/bot.sqlite3"
    assert settings.engine_address == f"sqlite:///{tmp_path.resolve()}/data/engine.sqlite3"
    assert settings.segmind_api_base == "https://api.segmind.com"
    assert settings.zone.key == "UTC"


def test_each_missing_setting_is_one_sentence() -> None:
    """All that is missing is told at once, each with what to do."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    assert caught.value.problems == (
        "DISCORD_TOKEN is missing: set it in .env or in the environment (see .env.example).",
        "SEGMIND_API_KEY is missing: set it in .env or in the environment (see .env.example).",
    )


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_secret_is_no_secret(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """`.env.example` copied and not filled in is told like a missing setting."""
    (problem,) = problems(monkeypatch, DISCORD_TOKEN=value)

    assert problem.startswith("DISCORD_TOKEN")


def test_an_empty_optional_setting_is_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """`SHARD_COUNT=` in `.env.example` means: as if it were not there."""
    settings = load(
        monkeypatch, SHARD_COUNT="", DATABASE_URL="", PRICES_FILE="", SHARD_IDS="", DATA_DIR=""
    )

    assert settings.shard_count is None
    assert settings.database_url is None
    assert settings.prices_file is None
    assert settings.shard_ids == ()
    assert settings.data_dir == Path("data")


def test_spaces_around_a_secret_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was pasted with a line end would break every header."""
    settings = load(monkeypatch, DISCORD_TOKEN=f"  {TOKEN}\n")

    assert settings.discord_token.get_secret_value() == TOKEN


def test_settings_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked at the start stays."""
    settings = load(monkeypatch)

    with pytest.raises(ValueError, match="frozen"):
        settings.daily_credits = 5  # type: ignore[misc]  # that is the point


# -- what is wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAILY_CREDITS", "-1"),
        ("DAILY_CREDITS", "many"),
        ("MONTHLY_CREDITS", "1.5"),
        ("JOBS_IN_FLIGHT_PER_MEMBER", "0"),
        ("JOBS_IN_FLIGHT_PER_GUILD", "0"),
        ("MEMBER_COMMANDS_PER_MINUTE", "5"),
        ("TIME_ZONE", "Moon/Crater"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("TIME_ZONE", "Europe"),
        ("CREDITS_PER_CENT", "0"),
        ("CREDITS_PER_CENT", "nan"),
        ("CREDITS_PER_CENT", "inf"),
        ("SEGMIND_REQUESTS_PER_MINUTE", "1"),
        ("SEGMIND_CONCURRENCY", "0"),
        ("SEGMIND_API_BASE", "api.segmind.com"),
        ("SEGMIND_API_BASE", "ftp://api.segmind.com"),
        ("SEGMIND_API_BASE", "https://"),
        ("SEGMIND_HISTORY_BASE", "https://api segmind.com"),
        ("DISCORD_GATEWAY_URL", "localhost:80"),
        ("JOB_TIME_LIMIT_S", "0"),
        ("JOB_TIME_LIMIT_S", "inf"),
        ("PROVIDER_PATIENCE_S", "0"),
        ("PROVIDER_PATIENCE_S", "inf"),
        ("STOP_TIMEOUT_S", "1"),
        ("STOP_TIMEOUT_S", "601"),
        ("STOP_TIMEOUT_S", "nan"),
        ("VIDEO_MAX_BYTES", "0"),
        ("MEDIA_ALLOW_HTTP", "perhaps"),
        ("SHARD_COUNT", "0"),
        ("SHARD_IDS", "0,x"),
        ("SHARD_IDS", "0,-1"),
        ("SHARD_IDS", "²"),
        ("EXECUTOR_ID", "two words"),
        ("EXECUTOR_ID", "x" * 61),
        ("EXECUTOR_ID", ".."),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
        ("LOOP_LAG_LOG_S", "0.0001"),
        ("POLL_SPEED", "-1"),
        ("HOST_CHANNEL_ID", "general"),
        ("HOST_CHANNEL_ID", "0"),
        ("HOST_USER_ID", "9223372036854775808"),
        ("LOW_BALANCE_USD", "-1"),
        ("LOW_BALANCE_USD", "nan"),
        ("DISCORD_TOKEN", "two words"),
        ("SEGMIND_API_KEY", "schlüssel"),
        ("SEGMIND_API_KEY", "line\nfeed"),
    ],
)
def test_a_wrong_value_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The sentence begins with the setting and ends like a sentence."""
    (problem,) = problems(monkeypatch, **{name: value})

    assert problem.startswith(f"{name}: ")
    assert problem.endswith(".")
    assert "Value error" not in problem


def test_every_problem_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host mends all of them in one go."""
    found = problems(monkeypatch, DAILY_CREDITS="-1", TIME_ZONE="Moon", LOG_FORMAT="xml")

    assert [problem.split(":")[0] for problem in found] == [
        *("DAILY_CREDITS", "TIME_ZONE", "LOG_FORMAT")
    ]


@pytest.mark.parametrize(
    "environment",
    [
        {"SHARD_IDS": "0,1"},
        {"SHARD_IDS": "0,2", "SHARD_COUNT": "2"},
    ],
)
def test_shards_must_exist(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """Shard ids without the number of shards, or beyond it, are told before Discord does."""
    (problem,) = problems(monkeypatch, **environment)

    assert problem.startswith("SHARD_IDS needs SHARD_COUNT, the number of shards in all; ")
    assert problem.endswith("ids go from 0 to SHARD_COUNT - 1.")


POSTGRES = "postgresql://bot@db/bot"


@pytest.mark.parametrize(
    ("environment", "shards"),
    [
        ({}, (None, None)),
        ({"SHARD_COUNT": "3"}, (None, 3)),
        ({"SHARD_IDS": "0,2", "SHARD_COUNT": "3"}, ((0, 2), 3)),
        ({"PROCESS_COUNT": "1", "SHARD_IDS": "1", "SHARD_COUNT": "3"}, ((1,), 3)),
        ({"PROCESS_COUNT": "2", "PROCESS_INDEX": "1"}, ((1,), 2)),
        ({"PROCESS_COUNT": "2", "PROCESS_INDEX": "0", "SHARD_COUNT": "5"}, ((0, 2, 4), 5)),
        ({"PROCESS_COUNT": "2", "PROCESS_INDEX": "1", "SHARD_COUNT": "5"}, ((1, 3), 5)),
    ],
)
def test_which_shards_a_process_runs(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], shards: object
) -> None:
    """By hand, or by the process's index: together all of them, and none twice."""
    assert load(monkeypatch, DATABASE_URL=POSTGRES, **environment).shards == shards


def test_what_follows_from_a_process_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own name; only the process with shard 0 registers commands."""
    several = {"DATABASE_URL": POSTGRES, "PROCESS_COUNT": "3", "SEGMIND_REQUESTS_PER_MINUTE": "2"}
    first = load(monkeypatch, **several)
    third = load(monkeypatch, PROCESS_INDEX="2", **several)
    named = load(monkeypatch, PROCESS_INDEX="2", EXECUTOR_ID="blue", **several)

    assert (first.executor_id, third.executor_id, named.executor_id) == ("bot-1", "bot-3", "blue")
    assert (first.registers_commands, third.registers_commands) == (True, False)
    assert first.is_one_of_several


@pytest.mark.parametrize(
    ("environment", "several", "registers"),
    [
        ({}, False, True),
        ({"SHARD_IDS": "0", "SHARD_COUNT": "2"}, True, True),
        ({"SHARD_IDS": "1", "SHARD_COUNT": "2"}, True, False),
        ({"DATABASE_URL": POSTGRES}, True, True),
    ],
)
def test_whether_there_may_be_other_processes(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], several: bool, registers: bool
) -> None:
    """With shards by hand, or with a server that others can reach."""
    settings = load(monkeypatch, **environment)

    assert (settings.is_one_of_several, settings.registers_commands) == (several, registers)
    assert settings.executor_id == "bot-1"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PROCESS_INDEX": "1"}, "PROCESS_INDEX needs PROCESS_COUNT"),
        ({"PROCESS_INDEX": "2", "PROCESS_COUNT": "2"}, "indexes go from 0 to PROCESS_COUNT - 1"),
        ({"PROCESS_COUNT": "2", "SHARD_IDS": "0", "SHARD_COUNT": "2"}, "leave SHARD_IDS empty"),
        ({"PROCESS_COUNT": "3", "SHARD_COUNT": "2"}, "SHARD_COUNT must be at least PROCESS_COUNT"),
        ({"PROCESS_COUNT": "2", "DATABASE_URL": ""}, "PROCESS_COUNT above 1 needs PostgreSQL"),
    ],
)
def test_processes_that_cannot_work_together(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str
) -> None:
    """Each is one sentence, before anything is started."""
    (problem,) = problems(monkeypatch, **{"DATABASE_URL": POSTGRES, **environment})

    assert words in problem


def test_an_unknown_variable_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is full of other programs' variables."""
    assert load(monkeypatch, NO_SUCH_SETTING="1").daily_credits == 200


# -- secrets ------------------------------------------------------------------------------


def test_secrets_are_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither token nor key nor the database's password is shown when settings are."""
    settings = load(monkeypatch, DATABASE_URL="postgresql://bot:hunter2@db/bot")

    shown = f"{settings!r} {settings} {settings.discord_token!r} {settings.segmind_api_key}"
    for secret in (TOKEN, KEY, "hunter2"):
        assert secret not in shown


def test_it_is_known_what_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what blacks it out; a password as it is, and as it stands in the address."""
    settings = load(monkeypatch, DATABASE_URL="postgresql://bot:hunter%402@db/bot")

    assert set(settings.secrets) == {TOKEN, KEY, "hunter%402", "hunter@2"}
    assert set(load(monkeypatch, DATABASE_URL="").secrets) == {TOKEN, KEY}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://bot:hunter2@[db/bot"),
        ("DATABASE_URL", "postgresql://bot:hunter2@d\u2100b/bot"),
        ("SENTRY_DSN", "https://hunter2@[sentry/7"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=%20"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization="),
    ],
)
def test_a_mistyped_address_hinders_nobody_from_knowing_the_other_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Whoever opens it says that it is wrong; a traceback would show the password."""
    settings = load(monkeypatch, **{name: value})

    assert set(settings.secrets) == {TOKEN, KEY}


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "SEGMIND_API_KEY"])
def test_a_wrong_secret_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The error, its causes and its log line say what is wrong without the value."""
    with pytest.raises(ConfigurationError) as caught:
        load(monkeypatch, **{name: MISTYPED})

    logging.getLogger("test").error("start failed", exc_info=caught.value)
    told: BaseException | None = caught.value
    while told is not None:
        assert "hunter" not in f"{told!r} {told}"
        told = told.__cause__ or told.__context__
    assert "hunter" not in caplog.text


def test_a_secret_compares_as_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value is only to be had by asking for it."""
    assert load(monkeypatch).discord_token == SecretStr(TOKEN)


# -- lists, addresses, databases ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("a.example.org", ("a.example.org",)),
        ("a.example.org, *.example.com ,", ("a.example.org", "*.example.com")),
        (",", ()),
    ],
)
def test_lists_have_commas(
    monkeypatch: pytest.MonkeyPatch, given: str, hosts: tuple[str, ...]
) -> None:
    """Spaces and a comma too many do not matter."""
    assert load(monkeypatch, MEDIA_HOSTS=given).media_hosts == hosts


def test_shard_ids_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process may run several shards."""
    assert load(monkeypatch, SHARD_IDS="0, 2", SHARD_COUNT="3").shard_ids == (0, 2)


def test_an_address_loses_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are put behind it with a slash of their own."""
    settings = load(monkeypatch, SEGMIND_API_BASE="http://127.0.0.1:8080/segmind/")

    assert settings.segmind_api_base == "http://127.0.0.1:8080/segmind"


def test_a_gateway_is_a_web_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """ws:// and wss:// are addresses, too."""
    settings = load(monkeypatch, DISCORD_GATEWAY_URL="ws://127.0.0.1:1")

    assert settings.discord_gateway_url == "ws://127.0.0.1:1"


@pytest.mark.parametrize(
    ("url", "engine_on_server"),
    [("postgresql://bot@db/bot", True), ("sqlite:////srv/bot.sqlite3", False)],
)
def test_the_engine_shares_a_server_but_never_a_sqlite_file(
    monkeypatch: pytest.MonkeyPatch, url: str, engine_on_server: bool
) -> None:
    """DBOS's tables lie in the same PostgreSQL database, or in a file of their own."""
    settings = load(monkeypatch, DATABASE_URL=url)

    assert settings.database_address == url
    assert (settings.engine_address == url) is engine_on_server


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
def test_the_folder_is_the_owners_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Prompts and tokens are in it; a folder that is there already stays as it is."""
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    for folder in (tmp_path / "new", there):
        load(monkeypatch, DATA_DIR=str(folder)).make_data_dir()

    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "there")]
    assert modes == [0o700, 0o755]


# -- the file -------------------------------------------------------------------------------


def test_processes_can_share_the_folder_of_kept_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each has its own, in its data folder."""
    assert load(monkeypatch, DATA_DIR="one").kept_folder == Path("one/kept")
    assert load(monkeypatch, DATA_DIR="one", KEPT_DIR="all").kept_folder == Path("all")


def write_env(path: Path, **values: str) -> Path:
    """Write an environment file with the required settings and these."""
    lines = {"DISCORD_TOKEN": TOKEN, "SEGMIND_API_KEY": KEY, **values}
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), "utf-8")
    return path


def test_the_env_file_of_the_folder_is_read(tmp_path: Path) -> None:
    """`.env` beside the program is found without being named; empty values are defaults."""
    write_env(tmp_path / ".env", DAILY_CREDITS="7", SHARD_COUNT="", LOG_FORMAT="")

    settings = load_settings()

    assert settings.daily_credits == 7
    assert settings.shard_count is None
    assert settings.log_format == "human"


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is set for this one run counts more than what is written down."""
    write_env(tmp_path / ".env", DAILY_CREDITS="7")
    monkeypatch.setenv("DAILY_CREDITS", "9")

    assert load_settings().daily_credits == 9


def test_env_file_names_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ENV_FILE replaces `.env`; the two are not mixed."""
    write_env(tmp_path / ".env", DAILY_CREDITS="7")
    monkeypatch.setenv("ENV_FILE", str(write_env(tmp_path / "other.env", MONTHLY_CREDITS="70")))

    settings = load_settings()

    assert (settings.daily_credits, settings.monthly_credits) == (200, 70)


def test_a_file_can_be_given_directly(tmp_path: Path) -> None:
    """Who calls from a program names the file as an argument; ENV_FILE is not asked."""
    path = write_env(tmp_path / "given.env", DAILY_CREDITS="8")

    assert load_settings(str(path)).daily_credits == 8


@pytest.mark.parametrize("nothing", ["", os.devnull])
def test_env_file_can_be_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nothing: str
) -> None:
    """The sandbox and the tests run without the developer's own `.env`."""
    write_env(tmp_path / ".env", DAILY_CREDITS="7")
    monkeypatch.setenv("ENV_FILE", nothing)

    assert load(monkeypatch).daily_credits == 200


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped ENV_FILE is told, instead of running with defaults."""
    assert problems(monkeypatch, ENV_FILE="nowhere.env") == (
        "ENV_FILE: there is no file nowhere.env.",
    )


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A file saved as UTF-16 is named, and nothing of it repeated."""
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={TOKEN}\n", "utf-16")

    with pytest.raises(ConfigurationError, match=r"\.env is not UTF-8 text") as caught:
        load_settings()

    assert TOKEN not in repr(caught.value)


EXAMPLE = Path(__file__).parent.parent / ".env.example"


def documented() -> dict[str, str]:
    """Return the settings of `.env.example`."""
    lines = EXAMPLE.read_text("utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in pairs}  # noqa: C416 - the pairs are lists


def test_the_example_documents_every_setting() -> None:
    """`.env.example` names every setting there is, and none that there is not."""
    assert sorted(documented()) == sorted(name.upper() for name in Settings.model_fields)


def test_the_example_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied and with the two secrets filled in, it changes nothing."""
    as_documented = load(
        monkeypatch, **documented() | {"DISCORD_TOKEN": TOKEN, "SEGMIND_API_KEY": KEY}
    )
    for name in documented():
        monkeypatch.delenv(name)

    assert as_documented == load(monkeypatch)
