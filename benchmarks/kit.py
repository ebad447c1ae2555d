"""What benchmarks share: percentiles, the table on standard error, the bot as a process."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_UVLOOP = "import sys, uvloop; uvloop.install(); from bot.__main__ import main; sys.exit(main())"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the least value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with the same columns as aligned text."""
    columns = list(rows[0])
    lines = [columns, *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def report(name: str, rows: Sequence[Mapping[str, Any]], **figures: Any) -> None:
    """Print the table for people and JSON for programs."""
    print(f"\n{name}\n{table(rows)}", file=sys.stderr)
    for key, value in figures.items():
        print(f"{key}: {value}", file=sys.stderr)
    print(json.dumps({"benchmark": name, "rows": list(rows), **figures}, indent=1))


def is_quick() -> bool:
    """Return whether BENCH_QUICK asks for a smaller run."""
    return bool(os.environ.get("BENCH_QUICK"))


def bot_command(*, profile: str | None = None) -> tuple[str, ...]:
    """Return what starts the bot; BENCH_LOOP=uvloop lets it run on that, if it is installed.

    Args:
        profile: A file for cProfile's figures; None measures without.
    """
    if os.environ.get("BENCH_LOOP") == "uvloop":
        return (sys.executable, "-c", _UVLOOP)
    if profile is not None:
        return (sys.executable, "-m", "cProfile", "-o", profile, "-m", "bot")
    return (sys.executable, "-m", "bot")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
