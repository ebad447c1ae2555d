"""The files around the code keep their promises."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ["requirements.lock", "requirements-reporting.lock", "requirements-dev.lock"]
OWN_EXTRA = "wan-video-bot"


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _locked(file: str) -> set[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {_name(line) for line in lines if line and not line.startswith((" ", "#"))}


RUNTIME = {_name(r) for r in PROJECT["dependencies"]}
REPORTING = {_name(r) for r in PROJECT["optional-dependencies"]["reporting"]}
EXTRAS = {_name(r) for rs in PROJECT["optional-dependencies"].values() for r in rs} - {OWN_EXTRA}


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.lock", RUNTIME),
        ("requirements-reporting.lock", RUNTIME | REPORTING),
        ("requirements-dev.lock", RUNTIME | EXTRAS),
    ],
)
def test_the_lock_holds_every_dependency(file: str, wanted: set[str]) -> None:
    """What pyproject.toml asks for is locked; `make lock` renews the files."""
    assert wanted <= _locked(file)


@pytest.mark.parametrize("file", LOCKS)
def test_the_lock_has_hashes_and_no_addresses(file: str) -> None:
    """Every pinned package has its hashes; no index is named."""
    text = (ROOT / file).read_text(encoding="utf-8")
    pinned = re.findall(r"^\S+==\S+", text, flags=re.MULTILINE)
    entries = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]

    assert len(pinned) == len(entries)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_all_locks_name_the_same_versions() -> None:
    """What is tested is what hosts get, with reports and without."""
    pins = [
        dict(re.findall(r"^(\S+)==(\S+)", (ROOT / file).read_text("utf-8"), flags=re.MULTILINE))
        for file in LOCKS
    ]

    assert pins[0].items() <= pins[1].items() <= pins[2].items()


def test_every_dependency_says_why() -> None:
    """A dependency of the bot is there on purpose."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    first = lines.index("dependencies = [") + 1
    listed = lines[first : first + len(PROJECT["dependencies"])]

    assert [line for line in listed if "# " not in line] == []


def test_tests_that_are_not_traced_are_there() -> None:
    """The list of tests without coverage names none that is gone or has another name now."""
    listed = (ROOT / "tests" / "untraced.txt").read_text(encoding="utf-8").split()
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in {_file(n) for n in listed}}

    assert [n for n in listed if f"def {n.partition('::')[2]}(" not in texts[_file(n)]] == []


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def test_what_the_threat_model_names_is_there() -> None:
    """Each file and each test that docs/SECURITY.md gives as its proof."""
    text = (ROOT / "docs" / "SECURITY.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:bot|tests)/[\w/.]+)", text))
    tests = re.findall(r"`(tests/\w+\.py)::(test_\w+)`", text)

    assert [file for file in sorted(files) if not (ROOT / file).exists()] == []
    assert len(tests) > 30
    assert [
        name for file, name in tests if f"def {name}(" not in (ROOT / file).read_text("utf-8")
    ] == []
