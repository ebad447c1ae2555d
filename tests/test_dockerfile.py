"""The image has what the bot imports, and runs what there is; `make image-check` builds it."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path, PurePosixPath

import pytest

from bot.errors import ConfigurationError
from bot.jobs.engine_file import refuse_old_sqlite
from bot.settings import Settings
from deploy.image_size import APP, PIP_OPTIONS

ROOT = Path(__file__).parents[1]
_LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text("utf-8")).splitlines()
INSTRUCTIONS = [tuple(line.split(maxsplit=1)) for line in _LINES if re.match(r"[A-Z]", line)]
_LAST_STAGE = max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM")
# What only hosts want who have errors and traces sent elsewhere.
EXTRA = frozenset({"opentelemetry", "sentry_sdk"})
BUILD, FINAL = INSTRUCTIONS[:_LAST_STAGE], INSTRUCTIONS[_LAST_STAGE:]


def said(stage: list[tuple[str, ...]], word: str) -> list[str]:
    """What a stage says after an instruction's word, each time."""
    return [rest for name, rest in stage if name == word]


def copied() -> Iterator[str]:
    """What is copied from the project, as far as the build is not told otherwise."""
    defaults = dict(one.split("=", 1) for one in said(BUILD, "ARG"))
    for rest in said(INSTRUCTIONS, "COPY"):
        if not rest.startswith("--from="):
            *sources, _ = rest.split()
            yield from (defaults.get(source.strip("${}"), source) for source in sources)


def is_sent(path: str) -> bool:
    """Whether `.dockerignore` lets Docker see a path; the last rule that fits wins."""
    sent = True
    for rule in (ROOT / ".dockerignore").read_text("utf-8").split():
        pattern = rule.removeprefix("!")
        whole = PurePosixPath(path)
        if any(one.match(pattern) for one in (whole, *whole.parents) if one.name):
            sent = rule.startswith("!")
    return sent


def imported(folder: Path) -> Iterator[str]:
    """The packages that the code of a folder imports, wherever it does so."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (name.name.partition(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def plain(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


# -- what is in it -------------------------------------------------------------------------------


def test_what_is_copied_is_there_and_sent() -> None:
    """Every source of a COPY exists, and `.dockerignore` does not hide it."""
    sources = list(copied())

    assert {"requirements.lock", *APP} <= set(sources)
    assert [one for one in sources if not (ROOT / one).exists()] == []
    assert [one for one in sources if not is_sent(one)] == []


def test_nothing_else_is_sent() -> None:
    """No `.env`, no data, no tests, no history can get into an image."""
    for path in (".env", "data", "tests", "sandbox", ".git", "backups", "deploy/image_size.py"):
        assert not is_sent(path), path
    assert not is_sent("bot/__pycache__")
    assert is_sent("bot/locales")
    assert is_sent("requirements-reporting.lock")  # --build-arg LOCK=…


@pytest.mark.parametrize(
    ("lock", "left_out"),
    [("requirements.lock", EXTRA), ("requirements-reporting.lock", frozenset[str]())],
)
def test_all_that_the_bot_imports_is_installed(lock: str, left_out: frozenset[str]) -> None:
    """Each package is Python's, the project's own that is copied, or locked for the bot."""
    names = re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    locked = {plain(name) for name in names}
    distributions = packages_distributions()
    missing = {
        name
        for folder in APP
        for name in imported(ROOT / folder)
        if name not in (*sys.stdlib_module_names, *APP)
        and locked.isdisjoint(map(plain, distributions.get(name, ())))
    }

    assert missing == left_out


def test_packages_come_from_the_lock_alone() -> None:
    """With hashes, from wheels, and by the options whose result `make image-size` measures."""
    (install,) = (run for run in said(BUILD, "RUN") if "pip install" in run)

    assert PIP_OPTIONS in " ".join(install.split())
    assert "--require-hashes -r requirements.lock" in " ".join(install.split())


def test_what_was_trimmed_is_tried_before_there_is_an_image() -> None:
    """The last step of the stage from which all comes; a failure ends the build."""
    runs = said(BUILD, "RUN")

    assert "smoke.py" in runs[-1]
    assert any("trim.py /venv" in run for run in runs)
    assert said(FINAL, "COPY") == ["--from=build /venv /venv", "--from=build /app /app"]


def test_both_stages_have_the_same_python_and_one_with_a_new_sqlite() -> None:
    """Debian's trixie has SQLite 3.46, which DBOS needs on Python 3.12."""
    (build,), (final,) = said(BUILD, "FROM"), said(FINAL, "FROM")

    assert build.removesuffix(" AS build") == final == "python:3.12-slim-trixie"


# -- how it runs ---------------------------------------------------------------------------------


def test_it_runs_as_a_user_without_rights() -> None:
    """Once all is in place; root has the last word nowhere."""
    words = [word for word, _ in FINAL]

    assert said(FINAL, "USER") == ["bot"]
    assert words.index("USER") > max(i for i, word in enumerate(words) if word in ("RUN", "COPY"))
    assert "--uid 10001" in said(FINAL, "RUN")[0]


def test_the_default_data_folder_is_the_volume() -> None:
    """`DATA_DIR=data`, as `.env.example` has it, seen from the working folder."""
    (work,), (volume,) = said(FINAL, "WORKDIR"), said(FINAL, "VOLUME")

    assert str(Path(work) / Settings.model_fields["data_dir"].default) == volume
    assert f"SQLITE_TMPDIR={volume}" in said(FINAL, "ENV")[0]


def test_it_starts_the_bot_and_stops_it_as_the_bot_expects() -> None:
    """The command line is the entry point, so every command works in a container."""
    assert json.loads(said(FINAL, "ENTRYPOINT")[0]) == ["python", "-m", "bot"]
    assert said(FINAL, "STOPSIGNAL") == ["SIGTERM"]


def test_its_health_check_knows_a_live_bot_from_a_dead_one(tmp_path: Path) -> None:
    """The very command, beside a bot that has just said that it lives, and without one."""
    (check,) = said(FINAL, "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    settings = {"DISCORD_TOKEN": "made-up", "SEGMIND_API_KEY": "made-up", "ENV_FILE": ""}
    env = {**settings, "DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]}

    def answer() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, *command[1:]],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    dead = answer()
    (tmp_path / "heartbeat-bot-1").touch()
    alive = answer()

    assert command[0] == "python"
    assert dead == (1, "The bot does not run, or is not ready yet.\n")
    assert alive == (0, "")


def test_its_health_check_loads_little() -> None:
    """It runs every half minute on machines with one core: neither Discord nor the engine."""
    code = "import sys, bot.heartbeat; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert {"discord", "dbos", "sqlalchemy", "aiohttp"} & set(done.stdout.split()) == set()


# -- SQLite --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("python", "sqlite"), [((3, 11), (3, 40, 1)), ((3, 12), (3, 42, 0)), ((3, 13), (3, 46, 1))]
)
def test_a_python_with_a_new_enough_sqlite_is_taken(
    python: tuple[int, ...], sqlite: tuple[int, ...]
) -> None:
    """Python 3.11 works with an old one, newer ones with SQLite 3.42."""
    refuse_old_sqlite(python, sqlite)


def test_an_sqlite_too_old_for_the_engine_is_told() -> None:
    """Instead of a constraint that fails somewhere inside: both versions, and what to do."""
    with pytest.raises(ConfigurationError, match=r"SQLite 3\.40\.1 .* Python 3\.12\. Run .* 3\.11"):
        refuse_old_sqlite((3, 12), (3, 40, 1))
