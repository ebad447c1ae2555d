"""Wiping deleted rows from a SQLite file where there is no room for SQLite's own copy."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

_WIPE = (
    "import sys; from sqlalchemy import make_url; from bot.storage import remains; "
    "sys.exit(not remains.wipe(make_url(sys.argv[1])))"
)
# A mount of our own, in a namespace of our own: all of it is gone with the process.
_SMALL = 'mount -t tmpfs -o size=64k none "$SQLITE_TMPDIR" && exec "$@"'
_OWN_MOUNTS = ("unshare", "-rm", "sh", "-c", _SMALL, "sh")


def _can_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run((*_OWN_MOUNTS, "true"), env=_environment(folder), check=False)
    return tried.returncode == 0


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "SQLITE_TMPDIR": str(folder)}


def test_what_was_deleted_is_wiped_without_room_for_a_copy(tmp_path: Path) -> None:
    """A container's folder for temporary files is often small, or read-only.

    Of a few megabytes SQLite makes no file for its copy: here are ten.
    """
    small, path = tmp_path / "small", tmp_path / "bot.sqlite3"
    small.mkdir()
    if not _can_mount(small):
        pytest.skip("no mounts of one's own on this machine")
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("CREATE TABLE prompt (words TEXT)")
        words = [(f"a wolpertinger {n} " + "x" * 500,) for n in range(20_000)]
        file.executemany("INSERT INTO prompt VALUES (?)", words)
        file.execute("DELETE FROM prompt WHERE rowid % 2")
        file.commit()

    done = subprocess.run(
        (*_OWN_MOUNTS, sys.executable, "-c", _WIPE, f"sqlite:///{path}"),
        env=_environment(small),
        check=False,
    )

    assert done.returncode == 0
    assert b"wolpertinger 2 " not in path.read_bytes()  # rowid 3
    assert b"wolpertinger 3 " in path.read_bytes()
