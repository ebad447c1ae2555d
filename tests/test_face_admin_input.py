"""What moderators type becomes values, or one clear sentence."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord_ui.admin.input import known_zones, parse_duration, parse_number, parse_zone
from bot.errors import BadInputError
from tests.face_kit import hostile_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("  ", None),
        ("0", 0),
        ("200", 200),
        ("1,500", 1500),
        ("1 500 000", 1_500_000),
        ("1_500", 1500),
        ("007", 7),
    ],
)
def test_numbers(text: str, expected: int | None) -> None:
    """With the separators that people write."""
    assert parse_number("Credits", text) == expected


@pytest.mark.parametrize("text", ["-5", "1.5", "1,5", "many", "٣", "1e3", "9" * 16, "5 €"])
def test_no_numbers(text: str) -> None:
    """The answer names the field and gives an example."""
    with pytest.raises(BadInputError, match=r"\*\*Credits\*\* must be a whole number of 0 or more"):
        parse_number("Credits", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("45 min", timedelta(minutes=45)),
        ("3 d 12 h", timedelta(days=3, hours=12)),
        ("3d12h", timedelta(days=3, hours=12)),
        ("2 Weeks", timedelta(weeks=2)),
        ("1 day, 2 hours and 30 minutes", timedelta(days=1, hours=2, minutes=30)),
        ("1.5 h", timedelta(minutes=90)),
        ("1 month", timedelta(days=30)),
        ("1y", timedelta(days=365)),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_lengths_of_time(text: str, expected: timedelta | None) -> None:
    """As people write them."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["3", "soon", "-3 d", "0 h", "3 dogs", "d 3", "3 d 12", "9999999 years", "1 h ago"]
)
def test_no_lengths_of_time(text: str) -> None:
    """The answer shows how to write one."""
    with pytest.raises(BadInputError, match="Write it like `45 min`, `3 d 12 h` or `2 weeks`"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("UTC", "UTC"),
        ("europe/berlin", "Europe/Berlin"),
        (" America/New York ", "America/New_York"),
    ],
)
def test_time_zones(text: str, expected: str | None) -> None:
    """Whatever the case."""
    assert parse_zone(text, known_zones()) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Berlin", "Did you mean `Europe/Berlin`?"),
        ("new york", "Did you mean `America/New_York`?"),
        ("Eurpoe/Berlin", "Did you mean `Europe/Berlin`"),
        ("Viena", "`Europe/Vienna`"),
        ("nowhere at all", "Write it like `Europe/Berlin` or `UTC`."),
        ("../../etc/passwd", "There is no time zone"),
    ],
)
def test_no_time_zones(text: str, words: str) -> None:
    """Similar ones are offered."""
    with pytest.raises(BadInputError) as refused:
        parse_zone(text, known_zones())

    assert words in str(refused.value)


@given(st.one_of(st.text(), hostile_text(400)))
def test_whatever_is_typed_gets_a_value_or_a_short_sentence(text: str) -> None:
    """Never another error, and nothing typed formats or mentions."""
    parsers: tuple[Callable[[], object], ...] = (
        lambda: parse_number("Credits", text),
        lambda: parse_duration(text),
        lambda: parse_zone(text, known_zones()),
    )
    answers = [answer for parse in parsers if (answer := refusal(parse)) is not None]

    assert all(len(answer) < 400 and "@everyone" not in answer for answer in answers)


def refusal(parse: Callable[[], object]) -> str | None:
    """Return what a member would be told, or None when there is a value."""
    try:
        parse()
    except BadInputError as error:
        return str(error)
    return None
