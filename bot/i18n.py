"""The language of whoever is spoken to: gettext catalogues, and numbers as a language writes them.

Texts in the code are English. `gettext` and its like look one up in the language that `speaking`
has set for the running task, so that a view or an error needs no parameter for it. A text that
is made into a constant is marked with `N_` there, and looked up where it is shown.

Translators write `bot/locales/LANGUAGE.po`; `make texts` brings these up to date with the code,
and makes of them the `.mo` files that are read here. A missing entry is shown in English.
"""

import functools
import gettext as gnu
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from pathlib import Path

CATALOGUES = Path(__file__).parent / "locales"
ENGLISH = "en"
# Discord's locale to ours, where there is a catalogue (and English, which needs none).
LANGUAGES: Mapping[str, str] = {
    "en-US": ENGLISH,
    "en-GB": ENGLISH,
    "de": "de",
    "es-ES": "es",
    "es-419": "es",
    "fr": "fr",
    "ja": "ja",
    "pt-BR": "pt_BR",
}
DEFAULT_LOCALE = "en-US"

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def language_of(locale: str) -> str:
    """Return our language for one of Discord's locales; English when there is none."""
    return LANGUAGES.get(locale, ENGLISH)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak the language of a Discord locale, in this task and in those that it starts."""
    token = _language.set(language_of(locale))
    try:
        yield
    finally:
        _language.reset(token)


def speak(locale: str) -> None:
    """Speak the language of a Discord locale until the running task ends."""
    _language.set(language_of(locale))


def spoken_locale() -> str:
    """Return a Discord locale whose language is spoken, for `speak` in another process."""
    spoken = _language.get()
    return next(locale for locale, language in LANGUAGES.items() if language == spoken)


def gettext(text: str) -> str:
    """Return the text in the language that is spoken."""
    return _catalogue().gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the form of the text that goes with a number; `{n}` in it is not filled in."""
    return _catalogue().ngettext(one, many, number)


def pgettext(context: str, text: str) -> str:
    """Return the text as it is meant in a context, such as the name of a command."""
    return _catalogue().pgettext(context, text)


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a text for the catalogues; it is looked up where it is shown."""
    return text


def number_text(number: float | Decimal, *, decimals: int | None = None) -> str:
    """Return a number as the language that is spoken writes it: 1,250 or 1.250.

    Args:
        number: The number.
        decimals: How many are shown; None for as many as it has, three at most.
    """
    if decimals is not None:
        english = f"{number:,.{decimals}f}"
    elif number == int(number):
        english = f"{int(number):,}"
    else:
        english = f"{number:,.3f}".rstrip("0")
    separators = {
        ord(","): pgettext("between thousands", ","),
        ord("."): pgettext("before decimals", "."),
    }
    return english.translate(separators)


def load() -> None:
    """Read all catalogues, so that no text waits for its file."""
    for language in LANGUAGES.values():
        _read(language)


def _catalogue() -> gnu.NullTranslations:
    return _read(_language.get())


@functools.cache
def _read(language: str) -> gnu.NullTranslations:
    path = CATALOGUES / f"{language}.mo"
    if not path.exists():  # English
        return gnu.NullTranslations()
    with path.open("rb") as file:
        return gnu.GNUTranslations(file)
