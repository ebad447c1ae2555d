"""The systemd unit starts what there is, gives it time to stop, and lets it do little."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.running import EXIT_CONFIGURATION, EXIT_TRY_AGAIN
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "wan-video-bot.service"
PLACE = "/opt/wan-video-bot"
# systemd's own scale of 0 (can do nothing) to 10 (can do everything).
MOST_EXPOSED = 2.0
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here"
)


@pytest.fixture(scope="module")
def unit() -> dict[str, str]:
    """What the unit says of its service, by name; several lines of one name are joined."""
    said: dict[str, str] = {}
    service = UNIT.read_text("utf-8").partition("[Service]")[2].partition("[Install]")[0]
    for name, value in re.findall(r"^(\w+)=(.*)$", service, flags=re.MULTILINE):
        said[name] = f"{said[name]} {value}" if name in said else value
    return said


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit, as for a bot that is installed in a folder of this test."""
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    moved = tmp_path / UNIT.name
    moved.write_text(UNIT.read_text("utf-8").replace(PLACE, str(tmp_path)), "utf-8")
    return moved


def environment(unit: dict[str, str]) -> dict[str, str]:
    """The variables that it sets."""
    return dict(word.split("=", 1) for word in unit["Environment"].split())


def test_it_starts_the_bot_where_make_put_it(unit: dict[str, str]) -> None:
    """By the environment's Python, in the folder of `.env` and the code."""
    assert unit["ExecStart"] == f"{PLACE}/.venv/bin/python -m bot"
    assert unit["WorkingDirectory"] == PLACE


def test_what_it_sets_are_settings(unit: dict[str, str]) -> None:
    """The bot's, Python's or SQLite's; no secret stands in the unit."""
    names = {name for name in environment(unit) if not name.startswith(("PYTHON", "SQLITE_"))}

    assert {name.lower() for name in names} <= set(Settings.model_fields)
    assert names.isdisjoint({"DISCORD_TOKEN", "SEGMIND_API_KEY", "DATABASE_URL"})


def test_it_writes_in_its_own_folder_only(unit: dict[str, str]) -> None:
    """The one folder that systemd makes for it is where the bot and SQLite write."""
    state = f"/var/lib/{unit['StateDirectory']}"

    assert environment(unit)["DATA_DIR"] == environment(unit)["SQLITE_TMPDIR"] == state
    assert unit["ProtectSystem"] == "strict"
    assert unit["StateDirectoryMode"] == "0700"
    assert "ReadWritePaths" not in unit


def test_it_is_started_again_unless_that_is_no_use(unit: dict[str, str]) -> None:
    """After code 75 and any crash, but not with settings that cannot work."""
    assert unit["Restart"] == "always"
    assert unit["RestartPreventExitStatus"] == str(EXIT_CONFIGURATION)
    assert str(EXIT_TRY_AGAIN) not in unit["RestartPreventExitStatus"]
    assert "StartLimitIntervalSec=0" in UNIT.read_text("utf-8")


def test_a_stop_may_last_as_long_as_the_bot_needs(unit: dict[str, str]) -> None:
    """The bot alone gets the signal: what it is encoding is not killed under its hands."""
    assert int(unit["TimeoutStopSec"]) >= Settings.model_fields["stop_timeout_s"].default + 2
    assert unit["KillMode"] == "mixed"


def test_a_decoder_that_is_too_large_does_not_end_the_bot(unit: dict[str, str]) -> None:
    """The memory is bounded, and systemd does not stop the service for one of its processes."""
    assert unit["MemoryMax"] == "2G"
    assert unit["OOMPolicy"] == "continue"


@needs_systemd
def test_systemd_understands_every_line(installed: Path) -> None:
    """`systemd-analyze verify` finds nothing to say, and complains of a misspelt line."""
    good = _analyzed("verify", "--man=no", str(installed))
    installed.write_text(installed.read_text().replace("KillMode=", "KilMode="), "utf-8")
    bad = _analyzed("verify", "--man=no", str(installed))

    assert installed.name not in good
    assert "'KilMode'" in bad


@needs_systemd
def test_systemd_thinks_it_can_do_little(installed: Path) -> None:
    """Its exposure stays below a bound, on systemd's own scale."""
    table = _analyzed("security", "--offline=yes", "--no-pager", str(installed))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", table)

    assert found is not None, table
    assert float(found[1]) <= MOST_EXPOSED


def _analyzed(*arguments: str) -> str:
    program = shutil.which("systemd-analyze") or ""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_hosting_installs_it_where_it_looks() -> None:
    """The commands in docs/hosting.md make the user and the folder that the unit names."""
    hosting = (ROOT / "docs" / "hosting.md").read_text("utf-8")

    for words in (PLACE, "deploy/wan-video-bot.service", "useradd --system", "wan-video-bot"):
        assert words in hosting, words
