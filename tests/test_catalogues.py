"""The catalogues of texts: what the code says, whole, and within Discord's rules."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import discord
import pytest
from babel.messages.catalog import Catalog, Message
from discord import app_commands

from bot.discord_ui.translator import CatalogueTranslator
from bot.i18n import CATALOGUES, pgettext, speaking
from sandbox.discord_api.commands import checked_command
from tests import catalogues
from tests.catalogue_rules import commands_in, faults, faults_of, translation_of
from tests.catalogues import TRANSLATED, AnyCommand

# Our languages by Discord's name for them.
LOCALES = {"de": "de", "es": "es-ES", "fr": "fr", "ja": "ja", "pt_BR": "pt-BR"}
COMMANDS = MappingProxyType({"/animate": "/beleben", "/privacy delete": "/privatsphäre löschen"})


@pytest.fixture(scope="module")
def registered() -> list[AnyCommand]:
    """Return the real commands."""
    return catalogues.registered_commands()


@pytest.fixture(scope="module")
def template() -> Catalog:
    """Return all texts of the code."""
    return catalogues.template()


@pytest.fixture(scope="module")
def read() -> Mapping[str, Catalog]:
    """Return every language's catalogue as it is on disk."""
    return {language: catalogues.read(language) for language in TRANSLATED}


def texts(catalogue: Catalog) -> Iterator[Message]:
    """Give all messages but the header."""
    return (message for message in catalogue if message.id)


def whole_names(commands: list[AnyCommand], before: str = "/") -> Iterator[tuple[str, str]]:
    """Give each command's whole name, and that in the language that is spoken."""

    def walk(command: Any, english: str, spoken: str) -> Iterator[tuple[str, str]]:
        names = english + command.name, spoken + pgettext("command name", command.name)
        yield names
        for child in getattr(command, "commands", ()):
            yield from walk(child, f"{names[0]} ", f"{names[1]} ")

    for command in commands:
        yield from walk(command, before, before)


# -- the files -------------------------------------------------------------------------


def test_the_template_is_what_the_code_says(template: Catalog) -> None:
    """`make texts` has been run since a text was changed."""
    kept = catalogues.TEMPLATE.read_text(encoding="utf-8")

    assert kept == catalogues.as_text(template), "run make texts"


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_bot_reads_what_was_translated(language: str, read: Mapping[str, Catalog]) -> None:
    """The compiled file is made of the one that translators write."""
    kept = (CATALOGUES / f"{language}.mo").read_bytes()

    assert kept == catalogues.compiled(read[language]), "run make texts"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_catalogue_has_every_text(
    language: str, read: Mapping[str, Catalog], template: Catalog
) -> None:
    """And none that has gone from the code."""
    wanted = {(m.context, m.id) for m in texts(template)}

    assert {(m.context, m.id) for m in texts(read[language])} == wanted


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str, read: Mapping[str, Catalog]) -> None:
    """None is empty, lacks a plural form, or is only a guess."""
    missing = [m.id for m in texts(read[language]) if m.fuzzy or not all(translation_of(m))]

    assert not missing


@pytest.mark.parametrize("language", TRANSLATED)
def test_plural_forms_are_the_language_s_own(language: str, read: Mapping[str, Catalog]) -> None:
    """One in Japanese; in French and Brazilian Portuguese none is counted as one."""
    header = dict(read[language].mime_headers)["Plural-Forms"]

    assert header == catalogues.PLURALS[language]


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_what_is_no_language(
    language: str, read: Mapping[str, Catalog], registered: list[AnyCommand]
) -> None:
    """Placeholders, code, commands, links, bold, lines; names and descriptions fit."""
    with speaking(LOCALES[language]):
        names = dict(whole_names(registered))
    # A space may stand between thousands.
    words = [m for m in texts(read[language]) if m.context != "between thousands"]
    found = [(m.id, list(faults_of(m, names))) for m in words]

    assert [(text, wrong) for text, wrong in found if wrong] == []


def test_every_command_that_a_text_names_exists(
    registered: list[AnyCommand], template: Catalog
) -> None:
    """So that its translated name can be found."""
    known = dict(whole_names(registered))
    spans = [
        span
        for message in texts(template)
        for span in catalogues.code_spans(message)
        if span.startswith("/")
    ]

    assert spans
    assert [span for span in spans if not commands_in(f"`{span}`", known)] == []


# -- the rules themselves --------------------------------------------------------------


@pytest.mark.parametrize(
    ("english", "translation", "problem"),
    [
        ("{n} videos", "{m} Videos", "placeholders"),
        ("{n} videos", "{n Videos", "braces"),
        ("Open `/animate` now.", "Öffne `/animate`.", "code"),
        ("`/privacy delete` removes it.", "`/privatsphäre` löscht.", "code"),
        ("[Jump]({link})", "[Spring](link)", "placeholders"),
        ("[the rules](https://a.example)", "[Regeln](https://b.example)", "links"),
        ("<t:{at}:R> ends", "endet", "placeholders"),
        ("**Now** it is.", "Jetzt.", "bold"),
        ("-# Small\nLarge", "Klein\nGroß", "lines"),
        ("One\nTwo", "Eins zwei", "lines"),
        ("Word ", "Wort", "spaces"),
    ],
)
def test_a_bad_translation_is_found(english: str, translation: str, problem: str) -> None:
    """The check of catalogues can fail."""
    assert any(problem in one for one in faults(english, translation, COMMANDS))


def test_a_good_translation_is_not_blamed() -> None:
    """With its command's and its order's own words."""
    english = "### Hello\n**{n} videos**: `/privacy delete` or `/animate image:…` ends <t:{at}:R>"
    german = (
        "### Hallo\nEnde <t:{at}:R>: **{n} Videos** mit `/beleben image:…`, `/privatsphäre löschen`"
    )

    assert list(faults(english, german, COMMANDS)) == []


@pytest.mark.parametrize(
    ("context", "english", "translation", "right"),
    [
        ("command name", "animate", "beleben", True),
        ("command name", "animate", "Beleben", False),
        ("option name", "prompt", "ein satz", False),
        ("option name", "prompt", "プロンプト", True),
        ("option name", "prompt", "p" * 33, False),
        ("command name", "Animate this", "Dies beleben", True),
        ("option description", "What", "w" * 101, False),
        ("choice", "word", "w" * 101, False),
        (None, "What", "w" * 101, True),
    ],
)
def test_names_are_held_to_discord_s_rules(
    context: str | None, english: str, translation: str, *, right: bool
) -> None:
    """A command's menu entry is free; everything else is a name or a short line."""
    message = Message(english, translation, context=context)

    assert (not list(faults_of(message, COMMANDS))) is right


# -- the commands ----------------------------------------------------------------------


async def _payloads(commands: list[AnyCommand]) -> list[dict[str, Any]]:
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    translator = CatalogueTranslator()
    return [await one.get_translated_payload(tree, translator) for one in commands]


def test_discord_takes_the_commands_in_every_language(registered: list[AnyCommand]) -> None:
    """The stand-in, which knows Discord's rules, looks at each of them."""
    for payload in asyncio.run(_payloads(registered)):
        checked_command(payload)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_two_options_of_a_command_are_called_the_same(
    language: str, registered: list[AnyCommand]
) -> None:
    """Nor two commands beside each other."""

    def siblings(command: Any) -> Iterator[list[tuple[str, str]]]:
        if isinstance(command, app_commands.Command):
            yield [("option name", option.display_name) for option in command.parameters]
            return
        yield [("command name", child.name) for child in getattr(command, "commands", ())]
        for child in getattr(command, "commands", ()):
            yield from siblings(child)

    groups = [[("command name", command.name) for command in registered]]
    groups += [group for command in registered for group in siblings(command)]
    with speaking(LOCALES[language]):
        spoken = [[pgettext(*name) for name in group] for group in groups]

    assert [name for group in spoken for name, times in Counter(group).items() if times > 1] == []


# -- reading the code ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('gettext("One")', (None, "One")),
        ('N_("Two " "halves")', (None, "Two halves")),
        ("f\"**{gettext('Within')}** {n}\"", (None, "Within")),
        ('ngettext("{n} day", "{n} days", n).format(n=n)', (None, ("{n} day", "{n} days"))),
        ('pgettext("choice", "on")', ("choice", "on")),
    ],
)
def test_texts_are_found_where_they_are_looked_up(code: str, found: object) -> None:
    """In other texts as well; what is only known at run time is marked elsewhere."""
    assert list(catalogues.extracted(code)) == [found]
    assert list(catalogues.extracted("gettext(words)")) == []


# -- keeping translations --------------------------------------------------------------


def test_translations_outlive_changes_of_other_texts() -> None:
    """What has gone is dropped, what is new is empty, what stayed is kept, and no guess is made."""
    old, new = Catalog(locale="de"), Catalog()
    for text, german in (("stays", "bleibt"), ("goes", "geht"), ("guess", "geraten")):
        old.add(text, german, flags=["fuzzy"] if text == "guess" else [])
    old.add("one name", "ein Name", context="option name")
    for text in ("stays", "comes", "guess"):
        new.add(text)
    new.add("one name", context="option name")

    kept = {m.id: m.string or "" for m in texts(catalogues.updated(old, new))}

    assert kept == {"stays": "bleibt", "comes": "", "guess": "", "one name": "ein Name"}


def test_files_say_nothing_of_the_day() -> None:
    """So that only texts change them."""
    today = f"{datetime.now(UTC):%Y-%m}"

    assert "Date" not in catalogues.as_text(Catalog(locale="de", header_comment="# Texts"))
    assert today.encode() not in catalogues.compiled(Catalog(locale="de"))
