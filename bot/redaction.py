"""Blacks out secrets in text that is about to leave the bot: the last line of defence.

Nothing should ever hand a secret to a log. A library's error may quote an address or a header
all the same.
"""

import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

BLACK = "***"

# Anything shorter is a word that stands everywhere (a password "bot"), and where it is blacked
# out would tell what it is. In addresses it is found by its place.
_LEAST_CHARS = 8
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/@]+(?=@)")
# discord.py warns of rate limits with the address, in which an interaction's token stands.
_TOKEN = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]{20,}")

Redact = Callable[[str], str]


def redactor(secrets: Iterable[str]) -> Redact:
    """Return what blacks out these secrets, passwords in addresses, and interactions' tokens.

    Args:
        secrets: As they are; found also as an address or JSON spells them. Those under eight
            characters are not looked for.
    """
    forms = {form for secret in secrets if len(secret) >= _LEAST_CHARS for form in _forms(secret)}
    # The longest first: one may be the beginning of another.
    known = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    pattern = re.compile(known) if known else None

    def redact(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(BLACK, text)
        if "/" not in text:  # no address: this runs for every value of every log line
            return text
        text = _PASSWORD.sub(rf"\1{BLACK}", text)
        return _TOKEN.sub(rf"\1{BLACK}", text)

    return redact


def _forms(secret: str) -> set[str]:
    in_json = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {secret, repr(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)} | in_json
