"""Words: whatever a member types stays plain text of a bounded length."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord_ui.ids import GREATEST_ID, id_of
from bot.discord_ui.words import about, bar, bar_until_done, excerpt, one_line, units
from bot.words import credits_text
from tests.face_kit import hostile_text

# What Discord takes as an escape, and what must not stand without one.
ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
WHOLE = 1_000_000
SPECIAL = re.compile(r"[\\`*_~|<>#\[\]()@:-]")


@given(st.one_of(st.text(), hostile_text(300)))
def test_escaped_text_has_nothing_that_formats_or_mentions(text: str) -> None:
    """Every special character has its own backslash, and every @ is split from what follows."""
    escaped = excerpt(text, WHOLE)

    assert not SPECIAL.search(ESCAPE.sub("", escaped))
    assert not re.search(r"@(?!\u200b)", escaped)
    assert "\n" not in escaped


@given(st.text())
def test_unescaping_gives_the_words_back(text: str) -> None:
    """Nothing but formatting is lost: taking the backslashes away gives the one-line text."""
    unescaped = ESCAPE.sub(r"\1", excerpt(text, WHOLE).replace("@\u200b", "@"))

    assert unescaped == one_line(text).replace("@\u200b", "@")


@given(st.one_of(st.text(), hostile_text(300)), st.integers(min_value=1, max_value=300))
def test_an_excerpt_keeps_its_limit(text: str, limit: int) -> None:
    """An excerpt is never longer than its limit, and never ends in half an escape."""
    cut = excerpt(text, limit)

    assert units(cut) <= limit
    assert not SPECIAL.search(ESCAPE.sub("", cut))


def test_direction_controls_are_removed() -> None:
    """A right-to-left override cannot make the price read otherwise."""
    assert one_line("a\u202eb\u2066c\x07d\r\ne") == "abcd e"


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 credits"), (1, "1 credit"), (1250, "1,250 credits")]
)
def test_counts_have_plurals_and_separators(number: int, words: str) -> None:
    """One is singular; thousands are separated."""
    assert credits_text(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "about 1 s"), (62.4, "about 62 s"), (177.2, "about 3 min")]
)
def test_times_are_rounded(seconds: float, words: str) -> None:
    """Nobody is promised a tenth of a second."""
    assert about(seconds) == words


@given(st.floats(min_value=0, max_value=1e9))
def test_a_bar_is_full_only_when_done(share: float) -> None:
    """However long it takes, the bar of something unfinished keeps an empty cell."""
    assert bar_until_done(share).endswith("▱")
    assert len(bar(share)) == len(bar_until_done(share)) == 12


def test_a_bar_shows_its_share() -> None:
    """Empty, half and full."""
    assert (bar(0), bar(0.5), bar(1)) == ("▱" * 12, "▰" * 6 + "▱" * 6, "▰" * 12)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        (" 9223372036854775807 ", GREATEST_ID),
        ("9223372036854775808", None),
        ("9" * 5000, None),
        ("-7", None),
        ("\u0667", None),
        ("", None),
    ],
)
def test_what_is_no_id_is_none(text: str, number: int | None) -> None:
    """Whatever a client sends for one; the database takes no larger ones."""
    assert id_of(text) == number
