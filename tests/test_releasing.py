from pathlib import Path

import pytest

from bot import __version__
from bot.storage.revisions import newest_revision
from tests.releasing import __main__ as releasing
from tests.releasing.releases import Notes, Release, notes_of, problems, releases

CHANGELOG = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
NOTES = [
    Notes(version="0.2.0", when="unreleased", upgrading="Tables: `0016`."),
    Notes(version="0.1.0", when="2026-12-01", upgrading="Tables: `0015`."),
]
RELEASES = [
    Release(version="0.1.0", revision="0015", commit="c0ffee", released="2026-12-01"),
    Release(version="0.2.0", revision="0016"),
]


def test_every_version_has_its_databases_and_its_notes() -> None:
    """Of the present version, too: whoever adds a migration is told here what else to do."""
    found = problems(
        notes_of(CHANGELOG), releases(), version=__version__, revision=newest_revision()
    )

    assert found == []


def test_notes_are_those_of_their_version() -> None:
    """The part *Upgrading* ends with the next heading."""
    text = (
        "# Changes\n\n## 0.2.0 (unreleased)\n\n- new\n\n"
        "## 0.1.0 (2026-12-01)\n\n### Upgrading\n\nA backup.\n\n### What it does\n\n- much\n"
    )

    assert notes_of(text) == [
        Notes(version="0.2.0", when="unreleased", upgrading=""),
        Notes(version="0.1.0", when="2026-12-01", upgrading="A backup."),
    ]


def test_what_is_whole_has_no_problems() -> None:
    """A released version, and the next one on its way."""
    assert problems(NOTES, RELEASES, version="0.2.0", revision="0016") == []


@pytest.mark.parametrize(
    ("notes", "known", "revision", "words"),
    [
        (NOTES, RELEASES, "0017", "newest migration is 0017: look at what tests"),
        (NOTES[1:], RELEASES, "0016", "must begin with 0.2.0"),
        (NOTES, RELEASES[:1], "0016", "no databases of 0.2.0"),
        (
            [Notes(version="0.2.0", when="unreleased", upgrading=""), NOTES[1]],
            *(RELEASES, "0016", "0.2.0 needs a part"),
        ),
        (
            [Notes(version="0.2.0", when="unreleased", upgrading="`0015`"), NOTES[1]],
            *(RELEASES, "0016", "must name the tables it has, `0016`"),
        ),
        (
            [Notes(version="0.2.0", when="2026-12-24", upgrading="`0016`"), NOTES[1]],
            *(RELEASES, "0016", "0.2.0 (2026-12-24), its databases (unreleased)"),
        ),
        (
            NOTES,
            [
                RELEASES[0],
                Release(version="0.2.0", revision="0016", commit="c", released="2026-12-24"),
            ],
            *("0017", "a new version must begin"),
        ),
    ],
)
def test_what_is_missing_is_said(
    notes: list[Notes], known: list[Release], revision: str, words: str
) -> None:
    """A migration without databases, a version without notes, a day without a release."""
    found = problems(notes, known, version="0.2.0", revision=revision)

    assert any(words in line for line in found), found


def test_what_was_released_is_not_written_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts have it. A milestone is likewise for good."""
    released = [Release(version=__version__, revision="0001", released="2026-12-01")]
    monkeypatch.setattr(releasing, "releases", lambda: released)
    codes = [releasing.main([]), releasing.main(["--milestone", __version__])]

    assert codes == [1, 1]
    said = capsys.readouterr().err
    assert "was released on 2026-12-01" in said
    assert "is there already" in said
