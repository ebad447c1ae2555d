"""What was released: one folder for each version in tests/released, with its databases as SQL.

`milestones` are versions of before the first release that hosts may have run from a checkout.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "released"
_ABOUT = "about.json"
_HEADING = re.compile(r"^## (?P<version>\S+) \((?P<when>.+)\)$", re.MULTILINE)
_UPGRADING = re.compile(r"^### Upgrading$(?P<notes>.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
UNRELEASED = "unreleased"


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version and its databases.

    Attributes:
        version: As `bot.__version__` said it; milestones have a made-up one that sorts before.
        revision: Of its tables.
        commit: Whose code wrote the rows; empty while it can still change.
        released: The day; None for milestones, and until it is released.
    """

    version: str
    revision: str
    commit: str = ""
    released: str | None = None

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return FOLDER / self.version

    def dump(self, kind: str) -> str:
        """Return its database of a kind, "sqlite" or "postgresql", as SQL."""
        return (self.folder / f"{kind}.sql").read_text(encoding="utf-8")

    def keep(self, dumps: dict[str, str]) -> None:
        """Write its files, by kind of database."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind, dump in dumps.items():
            (self.folder / f"{kind}.sql").write_text(dump, encoding="utf-8")
        self._write()

    def _write(self) -> None:
        text = json.dumps(asdict(self), indent=2) + "\n"
        (self.folder / _ABOUT).write_text(text, encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What CHANGELOG.md says of a version.

    Attributes:
        when: The day of its release, or `UNRELEASED`.
        upgrading: What a host must do; empty when it says nothing.
    """

    version: str
    when: str
    upgrading: str


def releases() -> Sequence[Release]:
    """Return all that there are files of, the oldest tables first."""
    found = [
        Release(**json.loads(file.read_text(encoding="utf-8")))
        for file in FOLDER.glob(f"*/{_ABOUT}")
    ]
    return sorted(found, key=lambda release: (release.revision, release.version))


def notes_of(changelog: str) -> Sequence[Notes]:
    """Return what a changelog says of each version, in its order: the newest first."""
    headings = list(_HEADING.finditer(changelog))
    ends = [*(heading.start() for heading in headings[1:]), len(changelog)]
    return [
        Notes(
            version=heading["version"],
            when=heading["when"],
            upgrading=found["notes"].strip()
            if (found := _UPGRADING.search(changelog, heading.end(), end))
            else "",
        )
        for heading, end in zip(headings, ends, strict=True)
    ]


def problems(
    notes: Sequence[Notes], known: Sequence[Release], *, version: str, revision: str
) -> list[str]:
    """Return what is missing for the present version, and for those that were released. Pure.

    Args:
        notes: Of the changelog, the newest first.
        known: What there are databases of.
        version: The code's.
        revision: The newest of its migrations.
    """
    found: list[str] = []
    by_version = {release.version: release for release in known}
    if not notes or notes[0].version != version:
        found.append(f"CHANGELOG.md must begin with {version}, which bot/__init__.py says.")
    for note in notes:
        release = by_version.get(note.version)
        if not note.upgrading:
            found.append(f"CHANGELOG.md: {note.version} needs a part '### Upgrading'.")
        elif release is not None and f"`{release.revision}`" not in note.upgrading:
            found.append(
                f"CHANGELOG.md: *Upgrading* of {note.version} must name the tables it has, "
                f"`{release.revision}`: hosts go back to them by that."
            )
        if release is None:
            found.append(f"There are no databases of {note.version}: make release.")
        elif note.when != (release.released or UNRELEASED):
            found.append(
                f"CHANGELOG.md says {note.version} ({note.when}), its databases "
                f"({release.released or UNRELEASED}): make release."
            )
    present = by_version.get(version)
    if present is not None and present.revision != revision:
        remedy = (
            "a new version must begin, in bot/__init__.py, pyproject.toml and CHANGELOG.md"
            if present.released
            else "look at what tests/test_released.py expects of the new migration, then "
            "python -m tests.releasing"
        )
        found.append(
            f"The databases of {version} have tables of {present.revision}, and the newest "
            f"migration is {revision}: {remedy}."
        )
    return found
