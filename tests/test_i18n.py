"""Languages: which is spoken, what is missing, numbers, and the tasks that speak."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from bot import i18n
from tests.catalogues import compiled


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


def test_a_plural_that_lacks_a_form_is_shown_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it would say the singular of many."""
    catalogue = Catalog(locale="de")
    catalogue.add(("{n} owl", "{n} owls"), ("{n} Eule", ""))
    catalogue.add(("{n} fox", "{n} foxes"), ("{n} Fuchs", "{n} Füchse"))
    (tmp_path / "de.mo").write_bytes(compiled(catalogue))
    monkeypatch.setattr(i18n, "CATALOGUES", tmp_path)
    i18n._read.cache_clear()
    with i18n.speaking("de"):
        shown = i18n.ngettext("{n} owl", "{n} owls", 2), i18n.ngettext("{n} fox", "{n} foxes", 2)
    i18n._read.cache_clear()

    assert shown == ("{n} owls", "{n} Füchse")


def test_decimals_can_be_asked_for() -> None:
    """Money has two, however round it is."""
    with i18n.speaking("de"):
        german = i18n.number_text(Decimal("1234.5"), decimals=2)

    assert (i18n.number_text(12, decimals=2), german) == ("12.00", "1.234,50")
