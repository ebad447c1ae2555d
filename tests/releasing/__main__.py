"""`python -m tests.releasing`: writes the databases of a version, which later ones must take over.

Without options those of the present version: again and again while CHANGELOG.md says that it is
unreleased, and a last time once its heading there has a day (`make release`). What was released
is never written again: it is what hosts have.
"""

import argparse
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg

from bot import __version__
from bot.storage.revisions import newest_revision
from sandbox import postgres
from tests.releasing import dumps
from tests.releasing.releases import UNRELEASED, Release, notes_of, problems, releases

ROOT = Path(__file__).parents[2]
_FILLING = Path(__file__).with_name("filling.py")
_DATABASE = "bot"


class CannotReleaseError(Exception):
    """The text says what is to be done first."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; return 0, or 1 when something must be done first."""
    parser = argparse.ArgumentParser(prog="python -m tests.releasing", description=__doc__)
    parser.add_argument("--milestone", help="name it: databases of an older commit, not released")
    parser.add_argument("--from", dest="commit", default="HEAD", help="that commit")
    options = parser.parse_args(arguments)
    try:
        name = options.milestone
        release = _milestone(name, options.commit) if name else _present()
    except CannotReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"{release.folder.relative_to(ROOT)}: tables of {release.revision}, "
        f"{release.released or UNRELEASED}\n"
    )
    if release.released:
        sys.stdout.write(
            f"Commit this as the release, and tag it: git tag v{release.version}. Then begin the "
            "next version in bot/__init__.py, pyproject.toml and CHANGELOG.md.\n"
        )
    return 0


def _present() -> Release:
    notes = notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    of_this = next((note for note in notes if note.version == __version__), None)
    if of_this is None:
        raise CannotReleaseError(f"CHANGELOG.md says nothing of {__version__}.")
    day = None if of_this.when == UNRELEASED else of_this.when
    release = Release(
        version=__version__,
        revision=newest_revision(),
        commit=_commit("HEAD") if day else "",
        released=day,
    )
    known = {one.version: one for one in releases()}
    _refuse(known.get(__version__), day)
    if day is not None:
        others = [one for one in known.values() if one.version != __version__]
        missing = problems(
            notes, [*others, release], version=__version__, revision=newest_revision()
        )
        if missing:
            raise CannotReleaseError("\n".join(missing))
    release.keep(_written(ROOT))
    return release


def _refuse(before: Release | None, day: str | None) -> None:
    """Return when the present version's databases may be written.

    Raises:
        CannotReleaseError: it was released, or what is to be released is not in git.
    """
    if before is not None and before.released:
        raise CannotReleaseError(
            f"{before.version} was released on {before.released}: its databases stay as they "
            "are. A new version needs a number of its own, in bot/__init__.py."
        )
    if day is None:
        return
    if not _is_day(day):
        raise CannotReleaseError(f"CHANGELOG.md: {day!r} is no day like {date.min:%Y-%m-%d}.")
    if _git("status", "--porcelain", "--", "bot", "cogs", "migrations", "requirements.lock"):
        raise CannotReleaseError("Commit what is changed first: a release is a commit.")


def _is_day(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None


def _milestone(name: str, commit: str) -> Release:
    if any(release.version == name for release in releases()):
        raise CannotReleaseError(f"{name} is there already, and stays as it is.")
    with tempfile.TemporaryDirectory(prefix="milestone-") as folder:
        packed = subprocess.run(
            ["git", "archive", "--format=tar", "--end-of-options", commit],  # noqa: S607 - of the path
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        program = Path(folder)
        versions = (program / "migrations" / "versions").glob("[0-9]*_*.py")
        revision = max(file.name.partition("_")[0] for file in versions)
        release = Release(version=name, revision=revision, commit=_commit(commit))
        release.keep(_written(program))
    return release


def _written(program: Path) -> dict[str, str]:
    """Let the code in a folder fill a database of each kind; return them as SQL."""
    reason = postgres.missing()
    if reason is not None:
        raise CannotReleaseError(reason)
    with tempfile.TemporaryDirectory(prefix="releasing-") as folder:
        file = Path(folder) / "bot.sqlite3"
        _fill(program, f"sqlite:///{file}")
        of_sqlite = dumps.of_sqlite(file)
    with postgres.running() as server:
        address = f"host={server} user=bot dbname=postgres"
        with closing(psycopg.connect(address, autocommit=True)) as connection:
            connection.execute(f"CREATE DATABASE {_DATABASE}".encode())
        _fill(program, f"postgresql://bot@/{_DATABASE}?host={server}")
        of_postgresql = dumps.of_postgresql(server, _DATABASE)
    return {"sqlite": of_sqlite, "postgresql": of_postgresql}


def _fill(program: Path, url: str) -> None:
    subprocess.run(
        [sys.executable, str(_FILLING), url],
        cwd=program,
        env={**os.environ, "PYTHONPATH": str(program), "PYTHONSAFEPATH": "1"},
        check=True,
    )


def _commit(name: str) -> str:
    return _git("rev-parse", "--verify", f"{name}^{{commit}}")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],  # noqa: S607 - of the path
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
