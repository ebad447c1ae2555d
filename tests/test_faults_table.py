"""The table of faults names tests that there are."""

import re
from pathlib import Path

import pytest

from sandbox.bot_process import PROJECT

_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
NAMED = sorted(set(_TEST.findall((PROJECT / "docs" / "faults.md").read_text(encoding="utf-8"))))


def test_it_names_tests() -> None:
    """In each of the rows, so there are many."""
    assert len(NAMED) > 30


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_test_that_it_names_exists(path: str, name: str) -> None:
    """A host can run the command that the table gives."""
    file: Path = PROJECT / path

    assert file.is_file()
    if name:
        assert f"def {name}(" in file.read_text(encoding="utf-8")
