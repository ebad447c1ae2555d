"""The vendor's five model pages (`tests/seeds/`), read the way a person reads them."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.catalogue import JsonScalar, Parameter, ParameterType

FOLDER = Path(__file__).parent / "seeds"
SLUGS = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))

_HEAD = re.compile(r"(?P<name>\w+?)(?P<need>required|optional)")
_TYPES: dict[str, ParameterType] = {
    "string": "string",
    "string (uri)": "string (uri)",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_DEFAULT = re.compile(r"Default: (?P<value>.+?)(Range: (?P<low>\S+) - (?P<high>\S+))?")
_NUMBERED_LINE = re.compile(r"^ ?\d+(?P<code>.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class SeedPage:
    """What one page says.

    Attributes:
        example: The body of the page's Python snippet, as written there.
    """

    slug: str
    title: str
    typical_s: float
    parameters: tuple[Parameter, ...]
    example: dict[str, JsonScalar]


def seed_page(slug: str) -> SeedPage:
    """Read the page of a model."""
    text = (FOLDER / f"{slug}.txt").read_text(encoding="utf-8")
    return SeedPage(
        slug=_found(r"^POST /v2/(\S+) ", text),
        title=text.splitlines()[0].removesuffix(" Serverless API"),
        typical_s=float(_found(r"^~([\d.]+)s$", text)),
        parameters=tuple(_parameters(text)),
        example=_example(text),
    )


def split_run_together(digits: str, default: JsonScalar | None) -> tuple[int, ...]:
    """Part whole numbers that lost the gaps between them: `51015` is 5, 10, 15.

    Lists of allowed values rise, their numbers begin with no 0 and hold the default. Of the
    readings that are left the one with the most numbers is meant.
    """
    readings = [
        reading
        for reading in _rising(digits, above=-1)
        if default is None or int(default) in reading
    ]
    return max(readings, key=len)


def _rising(digits: str, *, above: int) -> Iterator[tuple[int, ...]]:
    if not digits:
        yield ()
    for end in range(1, len(digits) + 1):
        number = int(digits[:end])
        if str(number) == digits[:end] and number > above:
            for rest in _rising(digits[end:], above=number):
                yield (number, *rest)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, pattern
    return match[1]


def _parameters(text: str) -> Iterator[Parameter]:
    section = text.split("\nParameters\n", 1)[1].split("\nResponse Type\n", 1)[0]
    lines = section.splitlines()
    heads = [
        index
        for index, line in enumerate(lines[:-1])
        if _HEAD.fullmatch(line) and lines[index + 1] in _TYPES
    ]
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        yield _parameter(lines[start:end])


def _parameter(lines: list[str]) -> Parameter:
    head = _HEAD.fullmatch(lines[0])
    assert head is not None, lines[0]
    default, low, high = _default(lines[2:])
    return Parameter(
        name=head["name"],
        type=_TYPES[lines[1]],
        required=head["need"] == "required",
        default=default,
        choices=_choices(lines[2:], default),
        minimum=low,
        maximum=high,
    )


def _default(lines: list[str]) -> tuple[JsonScalar | None, float | None, float | None]:
    for line in lines:
        if match := _DEFAULT.fullmatch(line):
            low, high = (float(end) if end else None for end in match.group("low", "high"))
            return json.loads(match["value"]), low, high
    return None, None, None


def _choices(lines: list[str], default: JsonScalar | None) -> tuple[JsonScalar, ...]:
    if "Allowed values :" not in lines:
        return ()
    values = lines[lines.index("Allowed values :") + 1]
    if values.startswith('"'):
        return tuple(re.findall(r'"([^"]*)"', values))
    return split_run_together(values, default)


def _example(text: str) -> dict[str, JsonScalar]:
    code = "\n".join(match["code"] for match in _NUMBERED_LINE.finditer(text))
    literal = _found(r"(?s)^payload = (\{.*?^\})", code)
    example = ast.literal_eval(literal)
    assert isinstance(example, dict)
    return example
