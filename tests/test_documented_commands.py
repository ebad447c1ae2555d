"""Every command that a document tells a host to type is one that there is."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import _parser

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / ".env.example")
)
# What stands for a file, an id, an address.
_FITTING = {"FILE": "file", "ID": "1", "URL": "postgresql://host/name"}
# In code, `python -m bot ...`; a container takes the same words after its name.
_COMMAND = re.compile(r"(?:python -m bot|run --rm bot(?:-1)?)(?= |$)([^\n|#]*)")
_TARGET = re.compile(r"`make ([a-z-]+)")


def commands(text: str) -> Iterator[str]:
    """The words after `python -m bot`, where a document shows it as code."""
    for code in (*re.findall(r"`([^`\n]+)`", text), *_fenced(text)):
        yield from (found.strip() for found in _COMMAND.findall(code))


def _fenced(text: str) -> Iterator[str]:
    for block in re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        yield from block.splitlines()


def taken(words: str) -> list[str]:
    """The words, with something in the place of FILE and the like."""
    return [_FITTING.get(word, word) for word in shlex.split(words)]


def parses(words: str) -> bool:
    """Whether the command line takes them; the bare name of a command will do."""
    given = taken(words)
    named = [given] if "-" in words else [given, [*given, "--help"]]
    return any(_is_taken(arguments) for arguments in named)


def _is_taken(arguments: list[str]) -> bool:
    try:
        _parser().parse_args(arguments)
    except SystemExit as ended:
        return ended.code == 0
    return True


DOCUMENTED = [
    pytest.param(words, id=f"{document}:{words or 'run'}")
    for document in DOCUMENTS
    for words in dict.fromkeys(commands((ROOT / document).read_text("utf-8")))
]


@pytest.mark.parametrize("words", DOCUMENTED)
def test_a_documented_command_exists(words: str) -> None:
    """Its words are what the command line takes."""
    assert parses(words), words


def test_the_host_s_documents_have_some() -> None:
    """The search finds them: in sentences, in tables and in blocks."""
    found = {words for document in DOCUMENTS for words in commands((ROOT / document).read_text())}

    assert {"doctor", "backup FILE", "restore --mark-only", "move --to URL"} <= found


@pytest.mark.parametrize("words", ["doktor", "jobs kancel", "backup FILE --fast"])
def test_a_wrong_command_is_noticed(words: str) -> None:
    """A name, an argument or an option that there is not."""
    assert not parses(words)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_documented_make_target_exists(document: str) -> None:
    """`make demo` and the others."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))

    assert set(_TARGET.findall((ROOT / document).read_text("utf-8"))) <= targets
