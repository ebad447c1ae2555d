"""Everything that is shown, in every language: nothing stays English, nothing is too long.

One more language is made up for it: every text of the code in brackets, and longer by two fifths.
What stands outside of brackets did not come from a catalogue.
"""

import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands, ui
from discord.app_commands import TranslationContextLocation as Location

from bot import i18n
from bot.catalogue import MODELS
from bot.discord_ui.log_board import _card
from bot.discord_ui.translator import CatalogueTranslator
from bot.discord_ui.video_card import moderators_card
from bot.i18n import speaking
from bot.job import JobState
from sandbox.discord_api.components import check_message, check_modal
from sandbox.discord_api.errors import FormErrors
from sandbox.discord_api.form import Form
from tests import catalogues
from tests.face_kit import MOST_CONTENT, MOST_TEXT, components, job, texts
from tests.spoken_views import views

LONGER = 0.4
VIEWS = views()
_FIRST = re.compile(r"^(#{1,3} |-# |> |- )?")
_INNERMOST = re.compile(r"⟦[^⟦⟧]*⟧")
# Cut off by a limit, with its closing bracket.
_CUT = re.compile(r"⟦[^⟦⟧]*$")
_NO_WORDS = re.compile(r"https?://\S*|attachment://\S*|<[^>]*>|`[^`\n]*`")
_WORD = re.compile(r"[^\W\d_]{3,}")
_NAMES = frozenset(word for model in MODELS for word in _WORD.findall(model.title))
# What models leave out by themselves is a value of theirs.
_DEFAULTS = frozenset(
    word
    for model in MODELS
    for parameter in model.parameters
    for word in _WORD.findall(str(parameter.default))
)
# "job" is in the mark by which the bot knows its own messages again: the same in all languages.
_OTHER_WORDS = frozenset({"USD", "UTC", "job"})
_KNOWN = _NAMES | _DEFAULTS | _OTHER_WORDS


def made_up(text: str) -> str:
    """Return a text as the made-up language has it."""
    mark = _FIRST.match(text)
    begin = mark[0] if mark else ""
    return f"{begin}⟦{text[len(begin) :]}{'·' * math.ceil(len(text) * LONGER)}⟧"


@pytest.fixture(scope="module")
def made_up_language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Have one more language, Swedish by its name at Discord."""
    folder: Path = tmp_path_factory.mktemp("locales")
    shutil.copytree(i18n.CATALOGUES, folder, dirs_exist_ok=True)
    catalogue = catalogues.template()
    for message in catalogue:
        if message.id:
            plural = isinstance(message.id, tuple)
            forms = tuple(map(made_up, message.id)) if plural else made_up(str(message.id))
            message.string = forms
    (folder / "sv.mo").write_bytes(catalogues.compiled(catalogue))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "CATALOGUES", folder)
        patch.setattr(i18n, "LANGUAGES", {**i18n.LANGUAGES, "sv-SE": "sv"})
        i18n._read.cache_clear()
        yield "sv-SE"
    i18n._read.cache_clear()


def words_of(shown: Any) -> list[str]:
    """Return everything that a view, form or sentence has to be read."""
    if isinstance(shown, str):
        return [shown]
    if isinstance(shown, ui.Modal):
        form = shown.to_dict()
        parts = [part for outer in form["components"] for part in (outer, outer.get("component"))]
        return [form["title"], *_strings(parts)]
    return list(_strings(components(shown)))


def _strings(parts: Any) -> Iterator[str]:
    for part in filter(None, parts):
        keys = ("content", "label", "placeholder", "description")
        yield from (part[key] for key in keys if isinstance(part.get(key), str))
        for item in part.get("items", ()):
            yield item.get("description") or ""
        for option in part.get("options", ()):
            yield from (option.get(key) or "" for key in ("label", "description"))


def english_in(text: str) -> list[str]:
    """Return the words that no catalogue gave."""
    outside = _NO_WORDS.sub(" ", text)
    while _INNERMOST.search(outside):
        outside = _INNERMOST.sub(" ", outside)
    outside = _CUT.sub(" ", outside)
    return [word for word in _WORD.findall(outside) if word not in _KNOWN]


def accepted(shown: Any) -> None:
    """Let the stand-in, which knows Discord's rules, look at it."""
    if isinstance(shown, str):
        assert 0 < len(shown) <= MOST_CONTENT
        return
    errors = FormErrors()
    if isinstance(shown, ui.Modal):
        check_modal(Form(shown.to_dict(), errors=errors))
    else:
        check_message(Form({"components": shown.to_components()}, errors=errors), layout=True)
        assert sum(map(len, texts(shown))) <= MOST_TEXT
    errors.raise_if_any()


@pytest.mark.parametrize("name", list(VIEWS))
def test_nothing_shown_is_left_in_english(name: str, made_up_language: str) -> None:
    """Whatever has words is looked up when it is made."""
    with speaking(made_up_language):
        found = [word for text in words_of(VIEWS[name]()) for word in english_in(text)]

    assert found == []


@pytest.mark.parametrize("name", VIEWS)
def test_longer_words_still_fit(name: str, made_up_language: str) -> None:
    """Two fifths longer than in English, as in the longest of languages."""
    with speaking(made_up_language):
        accepted(VIEWS[name]())


@pytest.mark.parametrize("locale", ["de", "es-ES", "fr", "ja", "pt-BR"])
def test_every_language_fits(locale: str) -> None:
    """Every view in the real translations."""
    with speaking(locale):
        for shown in VIEWS.values():
            accepted(shown())


def test_the_log_is_the_server_s(made_up_language: str) -> None:
    """A moderator's own language is not everybody's there, and is theirs in their own answers."""
    shown = job(JobState.AWAITING_APPROVAL)
    with speaking(made_up_language):
        logged, own = _card(shown), moderators_card(shown)

    assert not any("⟦" in text for text in texts(logged))
    assert any("⟦" in text for text in texts(own))


async def test_commands_are_named_in_every_language_that_has_a_name(made_up_language: str) -> None:
    """And are not in one whose name is the English one."""
    translator = CatalogueTranslator()
    command: Any = app_commands.Command(name="quota", description="d", callback=_nothing)
    context: Any = app_commands.TranslationContext(Location.command_name, command)
    name = app_commands.locale_str("quota")
    spoken = [
        await translator.translate(name, discord.Locale(locale), context)
        for locale in (made_up_language, "en-GB", "ko")
    ]

    assert spoken == [made_up("quota"), None, None]


async def _nothing(_interaction: discord.Interaction) -> None:
    """Do nothing."""


def test_english_left_over_is_found() -> None:
    """The check of words can fail, also within a text that was looked up."""
    assert english_in("⟦Ready⟧ in ⟦{n} ⟦days⟧⟧ <t:1:R> soon") == ["soon"]
