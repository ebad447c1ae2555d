"""`python -m bot ledger check`: whether the books explain every job and every grant."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.commands.terminal import confirmed, opened, progress
from bot.settings import Settings, load_settings
from bot.storage import CareStore, Unclosed
from bot.tools import now

_WHAT = {"release": "give back", "settle": "settle"}


@dataclass(frozen=True, kw_only=True)
class _Books:
    problems: Sequence[str]
    unclosed: Sequence[Unclosed]


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = "Check the books of credits."
    below = parser.add_subparsers(title="with", metavar="check", required=True)
    check = below.add_parser("check", help="check sums and orphans; offer repairs")
    check.description = (
        "Check that the books explain every job and every grant, and that no entry is an orphan. "
        "What can be mended without guessing is a job that has ended with its credits still "
        "reserved: they are given back, or settled when its video was delivered. Entries are only "
        "ever added. Exit code 1: something is wrong."
    )
    check.add_argument("--repair", action="store_true", help="mend that, after a question")
    check.add_argument("--yes", action="store_true", help="without the question")
    check.add_argument("--json", action="store_true", help="as JSON")
    check.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    settings = load_settings()
    books = asyncio.run(_read(settings))
    if not options.json:
        _print(books, offer=not options.repair)
    repaired: list[Unclosed] = []
    question = f"Mend {_number(len(books.unclosed), 'job')}?"
    if options.repair and books.unclosed and confirmed(question, yes=options.yes):
        repaired, books = asyncio.run(_repaired(settings, books.unclosed))
        if not options.json:
            print(f"{_number(len(repaired), 'job')} mended.")
            _print(books, offer=True)
    if options.json:
        print(json.dumps(_facts(books, repaired), indent=2))
    return 1 if books.problems else 0


async def _read(settings: Settings) -> _Books:
    async with opened(settings) as database:
        care = CareStore(database)
        return _Books(problems=await care.problems(), unclosed=await care.unclosed())


async def _repaired(
    settings: Settings, unclosed: Sequence[Unclosed]
) -> tuple[list[Unclosed], _Books]:
    done = []
    async with opened(settings) as database:
        care = CareStore(database)
        for count, found in enumerate(unclosed, start=1):
            progress(f"{count} of {len(unclosed)}")
            if await care.close(found, now=now()):
                done.append(found)
        progress("")
        return done, _Books(problems=await care.problems(), unclosed=await care.unclosed())


def _print(books: _Books, *, offer: bool) -> None:
    if not books.problems:
        print("The books add up.")
        return
    for problem in books.problems:
        print(problem)
    for found in books.unclosed:
        print(f"  can be mended: {_WHAT[found.kind.value]} {found.credits} of job {found.job_id}")
    if books.unclosed and offer:
        print("Mend what can be mended: python -m bot ledger check --repair")
    rest = len(books.problems) - len(books.unclosed)
    if rest > 0:
        print(
            f"{_number(rest, 'problem')} cannot be mended without guessing: somebody has changed "
            "the database by other means. A backup from before that: python -m bot restore"
        )


def _facts(books: _Books, repaired: Sequence[Unclosed]) -> dict[str, object]:
    return {
        "well": not books.problems,
        "problems": list(books.problems),
        "repairs": [_fact(found) for found in books.unclosed],
        "repaired": [_fact(found) for found in repaired],
    }


def _fact(found: Unclosed) -> dict[str, object]:
    return {"job": str(found.job_id), "kind": found.kind.value, "credits": found.credits}


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
