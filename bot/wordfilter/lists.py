"""The word lists that ship with the bot."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_HERE = Path(__file__).parent


def _lists() -> Mapping[str, tuple[str, ...]]:
    table = tomllib.loads((_HERE / "lists.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: tuple(words) for name, words in table.items()})


def _ordinary() -> frozenset[str]:
    lines = (_HERE / "ordinary.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if line[:1] != "#" for word in line.split())


BUILT_IN_LISTS: Mapping[str, tuple[str, ...]] = _lists()
"""Name to patterns, words and phrases. None is switched on unless a guild says so."""

ORDINARY_WORDS = _ordinary()
"""Short words that are innocent beside each other, however they join."""
