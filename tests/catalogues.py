"""Brings the catalogues up to date with the code: `make texts`, which runs this.

Texts are found where gettext's names are called, and in the commands as the real cogs make them.
Translations that are there stay. What has gone from the code goes from the catalogues, and what
has changed is a new text.
"""

import ast
import asyncio
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from discord import app_commands

from bot.client import Services, VideoBot, cog_names
from bot.discord_ui.translator import CONTEXTS
from bot.i18n import CATALOGUES, ENGLISH, LANGUAGES
from tests.catalogue_rules import english_of

ROOT = Path(__file__).parent.parent
TEMPLATE = CATALOGUES / "bot.pot"
TRANSLATED = tuple(sorted(set(LANGUAGES.values()) - {ENGLISH}))
# How many texts each name takes, after its context.
_LOOK_UPS = {"gettext": 1, "N_": 1, "ngettext": 2, "pgettext": 2}
# They differ with the day and the version of the tool, not with the texts.
_UNSTABLE = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator')
# Compiled catalogues have a day in them, which must not change when no text does.
_NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)
# As gettext's own tools have them. Babel's are CLDR's, with a third form for whole millions.
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ja": "nplurals=1; plural=0;",
    "pt_BR": "nplurals=2; plural=(n > 1);",
}

AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu


async def _commands() -> list[AnyCommand]:
    """Return the commands of the real cogs, without a connection."""

    async def no_services(_: VideoBot) -> Services:
        raise NotImplementedError("nothing is started")

    with TemporaryDirectory() as folder:
        bot = VideoBot(start_services=no_services, data_dir=Path(folder))
        for name in cog_names():
            await bot.load_extension(name)
        return list(bot.tree.get_commands())


def registered_commands() -> list[AnyCommand]:
    """Return the commands as the bot registers them."""
    return asyncio.run(_commands())


def command_texts(command: AnyCommand) -> Iterator[tuple[str, str]]:
    """Yield each text of a command, and those within it, after what it is meant as."""
    places = app_commands.TranslationContextLocation
    yield CONTEXTS[places.command_name], command.name
    if isinstance(command, app_commands.ContextMenu):
        return
    yield CONTEXTS[places.command_description], command.description
    if isinstance(command, app_commands.Group):
        for child in command.commands:
            yield from command_texts(child)
        return
    for option in command.parameters:
        yield CONTEXTS[places.parameter_name], str(option.display_name)
        yield CONTEXTS[places.parameter_description], str(option.description)
        for choice in option.choices:
            yield CONTEXTS[places.choice_name], choice.name


def extracted(source: str) -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    """Yield each text that is looked up or marked, after its context.

    Babel's own extractor reads Python 3.11's f-strings as one word, and misses what is in them.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        count = _LOOK_UPS.get(node.func.id, 0)
        given = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant)]
        texts = tuple(text for text in given if isinstance(text, str))
        if count == 0 or len(texts) < count:
            continue
        if node.func.id == "pgettext":
            yield texts[0], texts[1]
        else:
            yield None, texts if count > 1 else texts[0]


def template() -> Catalog:
    """Return all texts as the code has them now."""
    catalogue = _new_catalogue()
    for folder in ("bot", "cogs"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = [(str(path.relative_to(ROOT)), 0)]
            for context, text in extracted(path.read_text(encoding="utf-8")):
                catalogue.add(text, locations=where, context=context)
    for command in registered_commands():
        for context, text in command_texts(command):
            catalogue.add(text, locations=[(_home(command), 0)], context=context)
    return catalogue


def code_spans(message: Message) -> list[str]:
    """Return what stands in code in an English text."""
    return [span for form in english_of(message) for span in re.findall(r"`([^`]+)`", form)]


def _home(command: AnyCommand) -> str:
    owner = command.module or ""
    return f"{owner.replace('.', '/')}.py" if owner.startswith("cogs.") else "commands"


def _new_catalogue(locale: str | None = None) -> Catalog:
    catalogue = Catalog(
        locale=locale,
        project="wan-video-bot",
        version="1",
        header_comment="# Texts of wan-video-bot. `make texts` keeps this file up to date.",
        fuzzy=False,
        msgid_bugs_address="none",
        language_team="none",
        creation_date=_NO_DAY,
    )
    if locale is not None:
        catalogue.mime_headers = [("Plural-Forms", PLURALS[locale])]
    return catalogue


def read(language: str) -> Catalog:
    """Return a language's catalogue as it is on disk; an empty one when there is none."""
    path = CATALOGUES / f"{language}.po"
    if not path.exists():
        return _new_catalogue(language)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def updated(old: Catalog, texts: Catalog) -> Catalog:
    """Return a language's catalogue with exactly these texts; translations are kept."""
    new = _new_catalogue(str(old.locale))
    for message in texts:
        if not message.id:
            continue
        known = old.get(message.id, context=message.context)
        same = known is not None and not known.fuzzy and known.pluralizable == message.pluralizable
        new.add(
            message.id,
            known.string if known is not None and same else None,
            locations=message.locations,
            flags=message.flags - {"fuzzy"},
            context=message.context,
        )
    return new


def as_text(catalogue: Catalog) -> str:
    """Return a catalogue as its file has it: sorted, and without what changes by itself."""
    buffer = io.BytesIO()
    pofile.write_po(buffer, catalogue, width=100, sort_output=True, include_lineno=False)
    lines = buffer.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_UNSTABLE))


def compiled(catalogue: Catalog) -> bytes:
    """Return what the bot reads: without plurals that lack a form, which would show another."""
    whole = _new_catalogue(None if catalogue.locale is None else str(catalogue.locale))
    for message in catalogue:
        full = all(message.string) if isinstance(message.string, tuple) else message.string
        if message.id and full and not message.fuzzy:
            whole.add(message.id, message.string, context=message.context)
    buffer = io.BytesIO()
    mofile.write_mo(buffer, whole)
    return buffer.getvalue()


def main() -> None:
    """Write the template and every language's catalogue, for translators and for the bot."""
    texts = template()
    CATALOGUES.mkdir(exist_ok=True)
    TEMPLATE.write_text(as_text(texts), encoding="utf-8")
    for language in TRANSLATED:
        catalogue = updated(read(language), texts)
        (CATALOGUES / f"{language}.po").write_text(as_text(catalogue), encoding="utf-8")
        (CATALOGUES / f"{language}.mo").write_bytes(compiled(catalogue))


if __name__ == "__main__":
    main()
