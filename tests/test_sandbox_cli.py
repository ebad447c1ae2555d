"""The sandbox's command line and its process runner."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.__main__ import parse
from sandbox.bot_process import PROJECT, BotProcess
from sandbox.environment import bot_environment
from sandbox.runner import Options, Parts

END_S = 60
OBEDIENT = "import signal,sys,time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)"
)


def alive(pid: int) -> bool:
    """Say whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@contextmanager
def sandbox(*arguments: str, temp: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run `python -m sandbox`; whatever happens, it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()  # it ends its bot; killed, it could not
        try:
            process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def first_line(process: "subprocess.Popen[str]") -> str:
    """Return the first line of output."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_without_arguments_everything_runs_at_a_speed_to_watch() -> None:
    """The defaults are the demo's."""
    assert parse([]) == Options()
    assert Options().speed == 8


@pytest.mark.parametrize(
    "arguments", [["segmind", "--port", "0", "--json"], ["--port", "0", "--json", "segmind"]]
)
def test_the_part_may_stand_before_or_after_the_options(arguments: list[str]) -> None:
    """Nobody remembers the order."""
    assert parse(arguments) == Options(part="segmind", port=0, as_json=True)


def test_every_option_reaches_the_runner(tmp_path: Path) -> None:
    """All of the command line, once."""
    text = (
        f"--port 1 --speed 50 --seed 3 --no-bot --data-dir {tmp_path} --bot-env A=1=2 --bot-env B="
        " --bots 3 --database-url postgresql://host/name --light-videos"
    )

    options = parse(text.split())

    assert options == Options(
        port=1,
        speed=50.0,
        seed=3,
        with_bot=False,
        data_dir=tmp_path,
        bot_settings={"A": "1=2", "B": ""},
        bots=3,
        database_url="postgresql://host/name",
        light_videos=True,
    )
    assert "postgresql" not in repr(options)


@pytest.mark.parametrize(
    "text",
    [
        "cinema",
        "--port 70000",
        "--port x",
        "--speed 0",
        "--speed nan",
        "--bot-env A",
        "--bots 0",
        "--bots 17",
    ],
)
def test_a_command_line_without_sense_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and a usage text."""
    with pytest.raises(SystemExit) as caught:
        parse(text.split())

    assert caught.value.code == 2
    assert "usage: python -m sandbox" in capsys.readouterr().err


def environment(inherited: dict[str, str], **extra: str) -> dict[str, str]:
    """Return the bot's environment for made-up stand-ins."""
    return bot_environment(
        inherited,
        discord_token="bot-token",
        discord_api="http://127.0.0.1:1/api/v10",
        discord_gateway="ws://127.0.0.1:1/gateway",
        segmind_key="SG_0",
        segmind_api="http://127.0.0.1:2",
        speed=8.0,
        data_dir=Path("data"),
        extra=extra,
    )


def test_nothing_real_reaches_the_bot() -> None:
    """Tokens, databases and settings of the developer's shell are left out; .env is not read."""
    real = {
        "DISCORD_TOKEN": "real",
        "SEGMIND_API_KEY": "real",
        "DATABASE_URL": "postgresql://real",
        "SHARD_IDS": "real",
        "HTTPS_PROXY": "real",
        "PATH": "/bin",
        "PYTHONPATH": "lib",
        "LC_ALL": "C",
    }

    made = environment(real)

    assert "real" not in " ".join(made.values())
    assert (made["PATH"], made["PYTHONPATH"], made["LC_ALL"]) == ("/bin", "lib", "C")
    assert made["ENV_FILE"] == ""
    assert made["SEGMIND_HISTORY_BASE"] == made["SEGMIND_UPLOAD_BASE"] == made["SEGMIND_API_BASE"]


def test_given_settings_win() -> None:
    """`--bot-env` changes anything, on purpose."""
    made = environment({}, POLL_SPEED="1", DATABASE_URL="postgresql://test")

    assert (made["POLL_SPEED"], made["DATABASE_URL"]) == ("1", "postgresql://test")


@pytest.fixture
async def bots(tmp_path: Path) -> AsyncIterator[Any]:
    """Give a maker of bot processes that are stopped at the end."""
    made: list[BotProcess] = []

    def make(code: str) -> BotProcess:
        command = (sys.executable, "-c", code)
        bot = BotProcess(
            environment={"MOOD": "good"}, log_file=tmp_path / "bot.log", command=command
        )
        made.append(bot)
        return bot

    yield make
    for bot in made:
        await bot.kill()


async def test_a_bot_that_ends_by_itself_is_noticed_with_its_last_words(bots: Any) -> None:
    """Its exit code and the end of its log are there to be shown."""
    bot = bots("import os,sys; print('my mood:', os.environ['MOOD']); sys.exit(3)")
    await bot.start()

    assert await asyncio.wait_for(bot.died, END_S) == 3
    assert bot.last_lines() == "my mood: good\n"
    assert bot.pid is None


async def test_a_bot_killed_by_another_hand_has_the_shells_exit_code(bots: Any) -> None:
    """128 and the signal's number."""
    bot = bots(OBEDIENT)
    await bot.start()
    os.kill(bot.pid, signal.SIGKILL)

    assert await asyncio.wait_for(bot.died, END_S) == 137


async def test_stop_and_kill_are_no_deaths_and_it_can_start_again(bots: Any) -> None:
    """What was asked for is not reported as the bot's end."""
    bot = bots(OBEDIENT)
    pids = []
    for end in (bot.stop, bot.kill, bot.stop):
        await bot.start()
        await bot.start()  # a second start changes nothing
        pids.append(bot.pid)
        await end()

    assert len(set(pids)) == bot.starts == 3
    assert not any(alive(pid) for pid in pids)
    assert not bot.died.done()


async def test_a_bot_that_ignores_sigterm_is_killed(
    bots: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grace has an end."""
    monkeypatch.setattr("sandbox.bot_process.STOP_GRACE_S", 0.3)
    bot = bots(STUBBORN)
    await bot.start()
    pid = bot.pid
    while "up" not in bot.last_lines():  # noqa: ASYNC110 - a file cannot be awaited
        await asyncio.sleep(0.02)

    await bot.stop()

    assert not alive(pid)


async def test_what_the_bot_started_ends_with_it(bots: Any) -> None:
    """An ffmpeg of a killed bot does not go on working."""
    bot = bots(
        "import subprocess,sys,time;"
        "p=subprocess.Popen([sys.executable,'-c','import time; time.sleep(600)']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    await bot.start()
    while not bot.last_lines().endswith("\n"):  # noqa: ASYNC110 - a file cannot be awaited
        await asyncio.sleep(0.02)
    child = int(bot.last_lines())
    assert alive(child)

    await bot.kill()

    async with asyncio.timeout(END_S):
        while alive(child):  # noqa: ASYNC110 - not our child: there is nothing to wait on
            await asyncio.sleep(0.02)


async def ask(url: str) -> int:
    """Return the status of a GET."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_provider_runs_alone_and_ends_cleanly(tmp_path: Path, end: signal.Signals) -> None:
    """One line of JSON when ready; after the signal exit code 0 and no folder left."""
    with sandbox("segmind", "--port", "0", "--json", temp=tmp_path) as process:
        facts = json.loads(first_line(process))["segmind"]
        status = asyncio.run(ask(f"{facts['control']}/state"))
        process.send_signal(end)
        output, errors = process.communicate(timeout=END_S)

    assert status == 200
    assert facts["api_key"].startswith("SG_")
    assert (process.returncode, output, errors) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_a_given_data_folder_is_kept(tmp_path: Path) -> None:
    """Only what the sandbox made up itself is removed."""
    kept = tmp_path / "kept"
    options = ("segmind", "--port", "0", "--data-dir", str(kept))
    with sandbox(*options, temp=tmp_path) as process:
        text = first_line(process)
        process.terminate()
        process.communicate(timeout=END_S)

    assert text.startswith("The Segmind stand-in runs on http://127.0.0.1:")
    assert (kept / "segmind").is_dir()


def test_a_port_that_was_asked_for_and_is_taken_is_said_plainly(tmp_path: Path) -> None:
    """No traceback, exit code 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with sandbox("segmind", "--port", port, temp=tmp_path) as process:
            _, errors = process.communicate(timeout=END_S)

    assert process.returncode == 1
    assert errors == f"Port {port} is taken; choose another with --port.\n"


def test_without_a_bot_everything_a_driver_needs_is_in_one_line(tmp_path: Path) -> None:
    """Page, Discord and provider, with the tokens of the members; after SIGTERM nothing stays."""
    with sandbox("--no-bot", "--port", "0", "--json", temp=tmp_path) as process:
        facts = json.loads(first_line(process))
        config = asyncio.run(ask(facts["page"] + "sandbox/config.json"))
        state = asyncio.run(ask(facts["segmind"]["control"] + "/state"))
        process.terminate()
        output, errors = process.communicate(timeout=END_S)

    assert list(facts) == ["page", "discord", "segmind"]
    assert {"api", "gateway", "guild_id", "channel_id", "application_id", "bot_token"} < set(
        facts["discord"]
    )
    assert all({"id", "name", "token", "roles"} <= set(m) for m in facts["discord"]["members"])
    assert (config, state) == (200, 200)
    assert (process.returncode, output, errors) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


async def test_the_usual_port_gives_way_to_a_free_one_when_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make demo` works twice at the same time, and says what it does."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("sandbox.runner.DEFAULT_PORT", port)
        async with AsyncExitStack() as stack:
            facts = await Parts(stack, Options(), tmp_path).start_discord()
            status = await ask(facts["page"] + "sandbox/config.json")

    assert status == 200
    assert f":{port}/" not in facts["page"]
    assert capsys.readouterr().err == f"Port {port} is taken; the page gets a free one.\n"


@pytest.mark.end_to_end
def test_a_bot_that_cannot_start_is_reported_with_its_own_words(tmp_path: Path) -> None:
    """Its exit code becomes the sandbox's, its message is shown, nothing stays behind."""
    wrong = "--bot-env=DISCORD_API_BASE=nowhere"
    with sandbox("--port", "0", "--json", wrong, temp=tmp_path) as process:
        output, errors = process.communicate(timeout=END_S)

    assert process.returncode == 78
    assert output == ""
    assert errors.startswith("The bot has ended with code 78. Its last words:")
    assert "DISCORD_API_BASE" in errors
    assert list(tmp_path.iterdir()) == []


async def ask_json(url: str) -> Any:
    """Return the JSON answer of a GET."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.json()


async def post(url: str) -> Any:
    """Return the JSON answer of a POST that must succeed."""
    async with aiohttp.ClientSession() as session, session.post(url) as response:
        assert response.status == 200
        return await response.json()


@pytest.mark.end_to_end
def test_the_bot_can_be_killed_and_started_again_and_ends_with_the_sandbox(tmp_path: Path) -> None:
    """A restart answers when the bot is connected again; SIGTERM leaves no process, no folder."""
    with sandbox("--port", "0", "--json", "--speed", "50", temp=tmp_path) as process:
        facts = json.loads(first_line(process))
        control = facts["segmind"]["control"]
        killed = asyncio.run(post(f"{control}/bot/kill"))
        started = asyncio.run(post(f"{control}/bot/restart"))
        process.terminate()
        output, errors = process.communicate(timeout=END_S)

    assert killed == {"pid": None, "running": False, "starts": 1, "ready": False}
    assert (started["running"], started["starts"], started["ready"]) == (True, 2, True)
    assert (process.returncode, output, errors) == (0, "", "")
    assert not alive(facts["bot_pid"])
    assert not alive(started["pid"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.end_to_end
def test_several_bots_share_the_shards_and_are_told_apart(tmp_path: Path) -> None:
    """Each has a number and a shard; the paths without a number mean the first."""

    async def act(control: str) -> list[Any]:
        async with aiohttp.ClientSession() as session:
            killed = await (await session.post(f"{control}/bot/2/kill")).json()
            shown = [
                await (await session.get(f"{control}/bot{n}")).json() for n in ("", "/1", "/2")
            ]
            nobody = (await session.post(f"{control}/bot/3/kill")).status
            started = await (await session.post(f"{control}/bot/2/start")).json()
            return [killed, *shown, nobody, started]

    with sandbox("--port", "0", "--json", "--bots", "2", temp=tmp_path) as process:
        facts = json.loads(first_line(process))
        killed, plain, first, second, nobody, started = asyncio.run(
            act(facts["segmind"]["control"])
        )
        state = asyncio.run(ask_json(f"{facts['page']}sandbox/control/state"))
        process.terminate()
        output, errors = process.communicate(timeout=END_S)

    pids = [bot["pid"] for bot in facts["bots"]]
    assert len(set(pids)) == 2
    assert plain == first == {"pid": pids[0], "running": True, "starts": 1, "ready": True}
    assert killed == second == {"pid": None, "running": False, "starts": 1, "ready": False}
    assert nobody == 404
    assert (started["running"], started["starts"], started["ready"]) == (True, 2, True)
    shards = {tuple(s["shard"]) for s in state["sessions"] if s["connected"]}
    assert shards == {(0, 2), (1, 2)}
    assert (process.returncode, output, errors) == (0, "", "")
    assert not any(alive(pid) for pid in (*pids, started["pid"]))


@pytest.mark.end_to_end
def test_a_bot_killed_by_another_hand_ends_the_sandbox_with_its_code(tmp_path: Path) -> None:
    """Nobody watches a page behind which nothing runs."""
    with sandbox("--port", "0", "--json", temp=tmp_path) as process:
        os.kill(json.loads(first_line(process))["bot_pid"], signal.SIGKILL)
        _, errors = process.communicate(timeout=END_S)

    assert process.returncode == 137
    assert errors.startswith("The bot has ended with code 137.")
    assert list(tmp_path.iterdir()) == []
