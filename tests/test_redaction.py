"""Secrets are blacked out in whatever is about to leave the bot."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redaction import BLACK, redactor

SECRET = st.text(min_size=8, max_size=40).filter(lambda text: text.strip("*") != "")


@given(st.lists(SECRET, min_size=1, max_size=4), st.data())
def test_no_secret_is_left_in_any_text(secrets: list[str], data: st.DataObject) -> None:
    """Wherever it stands, between whatever, and whichever of several begins with another."""
    secret = data.draw(st.sampled_from(secrets))
    before, after = data.draw(st.text()), data.draw(st.text())
    told = redactor(secrets)(f"{before}{secret}{after}")

    assert told.count(secret) <= f"{before}{BLACK}{after}".count(secret)


@pytest.mark.parametrize("spell", [str, repr, json.dumps, lambda s: quote(s, safe="")])
def test_it_is_found_as_others_spell_it(spell: Callable[[str], str]) -> None:
    """In an address, in JSON, in a repr."""
    secret = "p/ss w\\rd\"'ÿ€"
    told = redactor([secret])(f"<{spell(secret)}>")

    assert BLACK in told
    assert "w\\rd" not in told
    assert "ss" not in told


def test_a_password_in_an_address_is_found_by_its_place() -> None:
    """However short it is; words that happen to be the same stay."""
    told = redactor(["bot"])("bot: postgresql://bot:bot@host/bot, redis://:bot@host")

    assert told == "bot: postgresql://bot:***@host/bot, redis://:***@host"


def test_an_interaction_s_token_is_found_by_its_place() -> None:
    """discord.py warns of rate limits with the address that it asked."""
    token = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDpa" * 3
    told = redactor([])(f"PATCH https://discord.com/api/v10/webhooks/42/{token}/messages/@original")

    assert told == "PATCH https://discord.com/api/v10/webhooks/42/***/messages/@original"


def test_other_text_stays_as_it_is() -> None:
    """Also addresses without a password."""
    text = "job 7: https://example.org:8080/a@b failed at 12:30:00"

    assert redactor(["a-secret-word"])(text) == text
