"""Numbers that stand for members: the same for one key, useless without it."""

from hypothesis import given
from hypothesis import strategies as st

from bot.pseudonyms import Pseudonyms

IDS = st.integers(min_value=1, max_value=2**63 - 1)


@given(IDS)
def test_a_pseudonym_fits_a_column_and_is_no_members_id(user_id: int) -> None:
    """Negative, of 63 bits; the member's own number comes first of both."""
    names = Pseudonyms.keyed_by("a token")

    assert -(2**63) < names.of(user_id) < 0
    assert names.both(user_id) == (user_id, Pseudonyms.keyed_by("a token").of(user_id))


@given(IDS)
def test_another_key_gives_another_pseudonym(user_id: int) -> None:
    """Whoever has the database but not the key cannot try all members."""
    assert Pseudonyms.keyed_by("a token").of(user_id) != Pseudonyms.keyed_by("b token").of(user_id)


def test_members_and_requests_do_not_share_pseudonyms_nor_show_the_key() -> None:
    """The key is in no text, and not the token itself."""
    names = Pseudonyms.keyed_by("a token")

    assert names.of(1) != names.of(2)
    assert "r-1" not in names.of_request("r-1")
    assert names.of_request("r-1") != names.of_request("r-2")
    assert "token" not in repr(names)
    assert b"token" not in names.key
