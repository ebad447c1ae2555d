"""`python -m bot doctor`: what is wrong with this installation, and what to do about it."""

import argparse
import json
import time
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from bot.doctoring import (
    PARTS,
    Diagnosis,
    State,
    all_well,
    examine,
    examine_without_settings,
    run_apart,
)
from bot.errors import ConfigurationError
from bot.running import EXIT_CONFIGURATION
from bot.settings import env_path, load_settings


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Check every part of this installation, all at once: one line each, and what to do about "
        "each fault. May run beside the bot; makes DATA_DIR, and changes nothing else. Exit "
        "codes: 0 nothing is wrong (a hint is no fault); 1 something is; 2 mistyped; 78 the "
        "settings cannot be loaded."
    )
    help_ = f"check these alone: {', '.join(PARTS)}"
    parser.add_argument("parts", nargs="*", type=_part, metavar="PART", help=help_)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=_doctor)


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {text!r}; there are {', '.join(PARTS)}")
    return text


def _doctor(options: argparse.Namespace) -> int:
    started_s = time.monotonic()
    code, found = run_apart(lambda: _examined(options.parts or PARTS))
    took_s = time.monotonic() - started_s
    if options.json:
        print(json.dumps(_facts(found, took_s), indent=2, ensure_ascii=False))
    else:
        _print(found, took_s)
    return code


async def _examined(parts: Collection[str]) -> tuple[int, list[Diagnosis]]:
    try:
        settings = load_settings()
    except ConfigurationError as error:
        return EXIT_CONFIGURATION, await examine_without_settings(error, parts=parts)
    found = await examine(settings, env_file=env_path(), parts=parts)
    return 0 if all_well(found) else 1, found


def _print(found: Sequence[Diagnosis], took_s: float) -> None:
    for one in found:
        print(one.line())
    states = Counter(one.state for one in found)
    words = {
        State.OK: "well",
        State.HINT: "with a hint",
        State.WRONG: "wrong",
        State.UNKNOWN: "not checked",
    }
    counts = ", ".join(f"{states[state]} {name}" for state, name in words.items() if states[state])
    print(f"{counts}; in {took_s:.1f} s")


def _facts(found: Sequence[Diagnosis], took_s: float) -> dict[str, Any]:
    return {
        "well": all_well(found),
        "took_s": round(took_s, 2),
        "parts": [one.facts() for one in found],
    }
