"""What a translation must keep of its English text. Pure."""

import re
from collections.abc import Iterator, Mapping
from string import Formatter

from babel.messages.catalog import Message

# https://docs.discord.com/developers/interactions/application-commands (application command naming)
NAME = re.compile(r"[-_'\w]{1,32}")
MOST_CHARS: Mapping[str, int] = {
    "command name": 32,
    "option name": 32,
    "command description": 100,
    "option description": 100,
    "choice": 100,
}
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TOKEN = re.compile(r"<[@#:/t][^<>\s]*>")
_LINE = re.compile(r"^(#{1,3} |-# |> |- )?", re.MULTILINE)

Names = Mapping[str, str]


def placeholders(text: str) -> list[str]:
    """Return the names in braces, each once; ValueError when the braces do not match."""
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})


def commands_in(text: str, known: Names) -> list[str]:
    """Return the commands that a text names in code, by their whole names, such as "/quota"."""
    spans = (span for span in _CODE.findall(text) if span.startswith("/"))
    return sorted(named for span in spans if (named := command_of(span, known)))


def command_of(span: str, known: Names) -> str:
    """Return the longest known command that a span of code begins with; empty when none."""
    begins = [one for one in known if span == one or span.startswith(f"{one} ")]
    return max(begins, key=len, default="")


def faults(english: str, translation: str, commands: Names) -> Iterator[str]:
    """Yield what is wrong with a translation of one text.

    Args:
        english: The text in the code.
        translation: Not empty.
        commands: Each command's whole English name, such as "/privacy delete", to its name in
            the language.
    """
    try:
        if placeholders(english) != placeholders(translation):
            yield f"placeholders {placeholders(translation)}, not {placeholders(english)}"
    except ValueError as error:
        yield f"its braces cannot be read: {error}"
    if _spans(english, commands) != sorted(_CODE.findall(translation)):
        yield f"code {sorted(_CODE.findall(translation))}, not {_spans(english, commands)}"
    for what, pattern in (("links", _LINK), ("tokens", _TOKEN)):
        if sorted(pattern.findall(english)) != sorted(pattern.findall(translation)):
            yield f"other {what}: {sorted(pattern.findall(translation))}"
    if english.count("**") != translation.count("**"):
        yield "other bold parts"
    if _LINE.findall(english) != _LINE.findall(translation):
        yield "other lines, or other marks at their beginnings"
    if _edges(english) != _edges(translation):
        yield "other spaces at its ends"


def _spans(english: str, commands: Names) -> list[str]:
    """Return the spans of code that a translation must have."""
    found = []
    for span in _CODE.findall(english):
        named = command_of(span, commands)
        found.append(commands[named] + span.removeprefix(named) if named else span)
    return sorted(found)


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def english_of(message: Message) -> tuple[str, ...]:
    """Return the text in the code; of a plural, one and many."""
    return _forms(message.id)


def translation_of(message: Message) -> tuple[str, ...]:
    """Return a message's translation, or those of its plural; empty where there is none."""
    return _forms(message.string)


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text or ""),)


def faults_of(message: Message, commands: Names) -> Iterator[str]:
    """Yield what is wrong with a message's translations, each plural form and each limit."""
    english = english_of(message)
    for form in filter(None, translation_of(message)):
        yield from faults(english[-1], form, commands)
        yield from _limits(message.context or "", english[0], form)


def _limits(context: str, english: str, form: str) -> Iterator[str]:
    most = MOST_CHARS.get(context)
    if most is not None and len(form) > most:
        yield f"{len(form)} characters; Discord takes {most}"
    # The commands of a message's menu have free names.
    named = context in ("command name", "option name") and NAME.fullmatch(english)
    if named and english == english.lower() and (not NAME.fullmatch(form) or form != form.lower()):
        yield "no name that Discord takes: letters, digits, - and _ alone, lower case, no spaces"
