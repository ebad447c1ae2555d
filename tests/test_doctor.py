"""The doctor as a whole: all parts at once, none that hides another, and its command line."""

import asyncio
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.doctoring import (
    PARTS,
    Diagnosis,
    State,
    all_well,
    examine,
    examine_without_settings,
    run_apart,
)
from bot.doctoring.checking import Check, carried_out
from bot.doctoring.host_settings import check_settings
from bot.errors import ConfigurationError
from bot.settings import Settings
from sandbox.discord_api import DiscordStandIn
from tests.doctor_kit import found, told
from tests.segmind_running import Provider

pytest_plugins = ("tests.doctor_fixtures",)

SHORT_S = 0.2


def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put settings where a command finds them."""
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("DISCORD_TOKEN", settings.discord_token.get_secret_value())
    monkeypatch.setenv("SEGMIND_API_KEY", settings.segmind_api_key.get_secret_value())
    for name in ("discord_api_base", "segmind_api_base", "data_dir", "monthly_usd_cap"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    for name in ("segmind_history_base", "segmind_upload_base"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))


async def test_a_sound_installation_has_nothing_wrong(
    sound: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every part is told, in its place; the command ends with 0 and says how long it took."""
    _environment(sound, monkeypatch)

    code = await asyncio.to_thread(main, ["doctor"])

    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split()[1].rstrip(":") for line in lines] == [*PARTS]
    assert not [line for line in lines if line.startswith(("WRONG", "?"))]
    assert code == 0
    assert last.startswith(
        f"{len(PARTS) - 2} well, 2 with a hint; in "
    )  # no commands yet, nobody told


async def test_the_json_is_for_programs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, states and figures; only what was asked for; 1 when something is wrong."""
    _environment(settings, monkeypatch)
    monkeypatch.setenv("VIDEO_MAX_BYTES", str(10**18))

    code = await asyncio.to_thread(main, ["doctor", "--json", "disk", "balance"])

    facts = json.loads(capsys.readouterr().out)
    disk, balance = facts["parts"]
    assert code == 1
    assert facts.keys() == {"well", "took_s", "parts"}
    assert facts["well"] is False
    assert disk.keys() == {"part", "state", "words", "remedy", "figures"}
    assert (disk["part"], disk["state"]) == ("disk", "wrong")
    assert disk["figures"]["free_bytes"] > 0
    assert balance["state"] == "ok"
    assert balance["figures"] == {"balance_usd": 1000.0}


def test_a_part_that_does_not_exist_is_mistyped(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, as argparse has it, with the parts that there are."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "discrod"])

    assert ended.value.code == 2
    assert "segmind_history" in capsys.readouterr().err


def test_settings_that_cannot_be_loaded_are_told_like_all_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each, with where to get it; what needs none is checked; exit code 78."""
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("WATCH_PORT", "many")

    code = main(["doctor", "languages", "database"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 78
    assert lines[0].startswith("WRONG settings: DISCORD_TOKEN is missing")
    assert lines[0].endswith("your application, Bot page, Reset Token.")
    assert lines[1].startswith("WRONG settings: SEGMIND_API_KEY is missing")
    assert "Segmind's console" in lines[1]
    assert lines[2].startswith("WRONG settings: WATCH_PORT: ")
    assert ".env.example explains every setting" in lines[2]
    assert lines[3] == "?     database: not checked: the settings cannot be loaded."
    assert lines[4].startswith("ok    languages: ")


async def test_without_settings_every_part_is_told() -> None:
    """For programs: a part that is missing would look like one that is well."""
    diagnoses = await examine_without_settings(ConfigurationError("DATA_DIR: wrong."))

    assert [one.part for one in diagnoses] == [*PARTS]
    assert not all_well(diagnoses)


@pytest.mark.skipif(os.name != "posix", reason="permissions of this kind are POSIX's")
def test_a_file_with_secrets_that_others_can_read_is_a_hint(
    lone_settings: Settings, tmp_path: Path
) -> None:
    """With the command that mends it, after which it is well."""
    file = tmp_path / ".env"
    file.write_text("")
    file.chmod(0o644)
    open_ = check_settings(lone_settings, file)
    file.chmod(0o600)
    closed = check_settings(lone_settings, file)

    assert told(open_, State.HINT).remedy == f"Run: chmod 600 {file}"
    assert closed.state is State.OK
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_host_s_guide_names_every_part() -> None:
    """What a part means is looked up there."""
    guide = (Path(__file__).parents[1] / "docs" / "hosting.md").read_text(encoding="utf-8")

    assert [part for part in PARTS if f"`{part}`" not in guide] == []


async def test_what_hangs_is_told_after_its_time(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Discord accepts and says nothing: each part of it is told, and all others as ever."""
    discord_stand_in.hub.faults.order({"path": "/applications/@me", "delay_s": 2.0})

    findings = await found(settings, "discord", "prices", "segmind", limit_s=1.5)

    assert told(findings["discord"], State.WRONG).words == "no answer within 1.5 s."
    assert findings["prices"].state is State.OK
    assert findings["segmind"].state is State.OK


async def test_a_check_that_fails_hides_no_other() -> None:
    """Whatever it raises, it is that part's trouble, with a remedy."""

    async def breaks() -> Diagnosis:
        raise ZeroDivisionError("by zero")

    async def works() -> Diagnosis:
        return Diagnosis(part="b", state=State.OK, words="fine")

    first, second = await carried_out(
        [
            Check(part="a", look=breaks, remedy="Mend it."),
            Check(part="b", look=works, remedy="Mend it."),
        ]
    )

    assert first.line() == "WRONG a: ZeroDivisionError: by zero. Mend it."
    assert second.line() == "ok    b: fine"


def test_the_program_ends_though_a_check_does_not() -> None:
    """What cannot be cancelled is left behind, once its time is over."""
    released = threading.Event()

    async def hangs() -> Diagnosis:
        work = asyncio.ensure_future(asyncio.to_thread(released.wait))
        try:
            await asyncio.shield(work)
        finally:
            await work  # as a database does, which finishes what it has begun
        raise AssertionError("unreachable")

    try:
        (one,) = run_apart(
            lambda: carried_out([Check(part="a", look=hangs, remedy="Wait.")], limit_s=SHORT_S)
        )
    finally:
        released.set()

    assert one.line() == "WRONG a: no answer within 0.2 s. Wait."


def test_an_error_of_what_runs_apart_is_the_caller_s() -> None:
    """It does not vanish with its thread."""

    async def fails() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        run_apart(fails)


def test_strange_names_cannot_move_the_cursor() -> None:
    """Names of servers are other people's words."""
    one = Diagnosis(part="a", state=State.OK, words="\x1b[2Jgone\nWRONG b: made up")

    assert one.line() == "ok    a:  [2Jgone WRONG b: made up"


async def test_no_secret_is_told(settings: Settings, provider: Provider) -> None:
    """Not of what works, not of what is refused, and not of an address with a password."""
    wrong = settings.model_validate(
        {
            **dict(settings),
            "discord_token": "hidden.made.up",
            "segmind_api_key": "hidden-key",
            "database_url": "postgresql://bot:hidden@127.0.0.1:9/bot",
        }
    )

    parts = {*PARTS} - {"decoder", "ffmpeg", "commands"}  # which know none
    diagnoses = [*await examine(settings, parts=parts), *await examine(wrong, parts=parts)]

    text = " ".join(f"{one.line()} {one.facts()}" for one in diagnoses)
    assert "hidden" not in text
    assert provider.stand_in.api_key not in text
    assert settings.discord_token.get_secret_value() not in text
