"""Secrets, and where they are found although they must not be: in a folder's files. Says no secret.

They are looked for as they are, and as base64, in hexadecimal and with percent signs.
"""

import base64
import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

# Discord's interaction tokens are the base64 of "interaction:", the id and more.
INTERACTION_MARK = "aW50ZXJhY3Rpb246"
_MOST_LEAKS = 20
_BITS_OF_BYTE, _BITS_OF_CHARACTER, _BYTES_OF_GROUP = 8, 6, 3

Data: TypeAlias = bytes | mmap.mmap


@dataclass(frozen=True, kw_only=True)
class Secret:
    """Something that must not be seen.

    Attributes:
        name: What it is, for the report.
        value: At least the beginning of it, ASCII.
        allowed: Patterns of the files in which it may be, from the searched folder.
    """

    name: str
    value: str = field(repr=False)
    allowed: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A place where a secret is.

    Attributes:
        what: Its name.
        place: The file and line, or other words.
    """

    what: str
    place: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was searched, and what was found.

    Attributes:
        looked_at: Kinds of things to how many of them there were.
        leaks: The first of each file.
    """

    looked_at: Mapping[str, int]
    leaks: Sequence[Leak]


def search(folder: Path, secrets: Sequence[Secret]) -> Search:
    """Look for secrets in every file of a folder. Blocking."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    leaks: list[Leak] = []
    size = 0
    for path in files:
        length = path.stat().st_size
        if length == 0:
            continue
        size += length
        place = path.relative_to(folder)
        here = [one for one in secrets if not any(place.match(what) for what in one.allowed)]
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            leaks += leaks_in(data, str(place), here)
    return Search(looked_at={"files": len(files), "bytes": size}, leaks=leaks[:_MOST_LEAKS])


def leaks_in(data: Data, place: str, secrets: Sequence[Secret]) -> list[Leak]:
    """Return the first place of each secret in some bytes: its line."""
    found: dict[str, Leak] = {}
    names = {form: secret.name for secret in secrets for form in forms_of(secret.value)}
    if not names:
        return []
    pattern = re.compile(b"|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    for match in pattern.finditer(data):
        name = names[match.group()]
        if name not in found:
            line = data[: match.start()].count(b"\n") + 1
            found[name] = Leak(what=name, place=f"{place}, line {line}")
    return list(found.values())


def forms_of(value: str) -> set[bytes]:
    """Return the bytes by which a secret can be told, however it is written."""
    plain = value.encode()
    return {
        plain,
        plain.hex().encode(),
        plain.hex().upper().encode(),
        quote(value, safe="").encode(),
        *_base64(plain),
    }


def _base64(plain: bytes) -> Iterator[bytes]:
    """Yield what stands in base64 wherever in a longer text the secret begins."""
    for before in range(_BYTES_OF_GROUP):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(bytes(before) + plain).rstrip(b"=")
            # The characters at both ends depend on what stands beside it.
            first = -(-before * _BITS_OF_BYTE // _BITS_OF_CHARACTER)
            last = (before + len(plain)) * _BITS_OF_BYTE // _BITS_OF_CHARACTER
            yield whole[first:last]
