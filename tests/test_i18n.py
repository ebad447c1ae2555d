"""Languages: which is spoken, what is missing, numbers, and the tasks that speak."""

import asyncio

import pytest

from bot import i18n


def test_numbers_are_written_as_the_language_writes_them() -> None:
    """The point of thousands is a comma in English, a point in German."""
    with i18n.speaking("de"):
        german = i18n.number_text(1250)
    with i18n.speaking("pt-BR"):
        brazilian = i18n.number_text(1234.5)

    assert (i18n.number_text(1250), german, brazilian) == ("1,250", "1.250", "1.234,5")


@pytest.mark.parametrize("locale", ["de", "ko", "nonsense", ""])
def test_a_missing_entry_is_shown_in_english(locale: str) -> None:
    """So is every text of a language that there is no catalogue for."""
    with i18n.speaking(locale):
        shown = i18n.gettext("in no catalogue"), i18n.ngettext("{n} owl", "{n} owls", 2)

    assert shown == ("in no catalogue", "{n} owls")


def test_every_language_has_its_own_names_at_discord() -> None:
    """Both kinds of English and of Spanish are one catalogue each."""
    spoken = {locale: i18n.language_of(locale) for locale in ("en-GB", "es-419", "es-ES", "tlh")}

    assert spoken == {"en-GB": "en", "es-419": "es", "es-ES": "es", "tlh": "en"}


async def test_tasks_speak_the_language_of_whoever_started_them() -> None:
    """Two members at once do not hear each other's."""

    async def said() -> str:
        await asyncio.sleep(0)
        return i18n.number_text(1000)

    with i18n.speaking("de"):
        german = asyncio.create_task(said())
    english = asyncio.create_task(said())

    assert (await german, await english) == ("1.000", "1,000")
