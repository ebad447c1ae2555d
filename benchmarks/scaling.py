"""What 1,000, 100,000 and 1,000,000 servers need, and what breaks first: for docs/SCALING.md.

    PYTHONPATH=. .venv/bin/python benchmarks/scaling.py [--help]

A model, no measurement: `scaling_figures.py` has what it counts with. Prints tables to standard
error and JSON to standard output; the same seed gives the same figures.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from benchmarks import kit
from benchmarks.scaling_figures import FIGURES, USES, VALUES, NotMeasuredError, measured_here
from benchmarks.scaling_plan import (
    CEILINGS,
    SETUPS,
    Need,
    Values,
    full_at,
    late_when_full_s,
    need,
    simulate,
    used,
)
from benchmarks.scaling_queue import orders

SIZES = (1_000, 100_000, 1_000_000)
SEED = 7
# A model's figures mean no more.
_DIGITS = 3
Row = Mapping[str, str]

# The fields of `Need`, for people.
SAYS: Mapping[str, str] = {
    "videos_a_day": "videos a day",
    "videos_a_minute": "videos a minute",
    "in_flight": "jobs at the provider, mean of the busiest hour",
    "places": "places, for 95 of 100 to wait 30 s at most",
    "requests_a_minute": "provider: requests a minute, noticed after 1 s",
    "least_requests_a_minute": "provider: requests a minute, three a video",
    "interactions_a_second": "Discord: interactions a second",
    "discord_calls_a_second": "Discord: calls a second that count in the limit of all",
    "database_writes_a_second": "PostgreSQL: writing transactions a second",
    "database_transactions_a_second": "PostgreSQL: all transactions a second",
    "database_statements_a_second": "PostgreSQL: statements a second, for videos",
    "budget_share": "PostgreSQL: how busy the request budget's row is (1: always)",
    "cores": "cores",
    "memory_mb": "memory of all processes, MB",
    "processes": "processes",
    "shards": "shards, as Discord advises",
    "least_shards": "shards, at least",
    "identifying_s": "a whole start at Discord's pace, s",
    "whole_starts_a_day": "whole starts a day that Discord allows",
    "mbit_a_second": "Mbit/s of videos in, and as much out",
    "rows_gb_a_month": "rows a month, GB",
    "videos_usd_a_month": "USD a month for videos",
    "hosting_usd_a_month": "USD a month for processes and database",
}


def needs_table(uses: Mapping[str, float], values: Values = VALUES) -> list[Row]:
    """Return what each size needs, a line a thing: low, middle and high use side by side."""
    found = {size: [need(size, use, values) for use in uses.values()] for size in SIZES}
    return [
        {"need": says} | {_number(size): _range(found[size], name) for size in SIZES}
        for name, says in SAYS.items()
    ]


def ceilings_table(uses: Mapping[str, float], values: Values = VALUES) -> list[Row]:
    """Return at how many servers each limit is reached, by use."""
    return [
        {"limit": one.says}
        | {name: _number(float(full_at(one, use, values))) for name, use in uses.items()}
        for one in CEILINGS
    ]


def days_table(videos_a_server: float, seed: int, values: Values = VALUES) -> list[Row]:
    """Return how long jobs waited on a day in each set-up, and what was used most."""
    days = {
        servers: list(orders(servers * videos_a_server, seed))
        for servers in {setup.servers for setup in SETUPS}
    }
    rows: list[Row] = []
    for setup in SETUPS:
        waited = simulate(setup, days[setup.servers], values)
        shares = used(setup, need(setup.servers, videos_a_server, values), values)
        fullest = max(shares, key=lambda name: shares[name])
        rows.append(
            {
                "servers": _number(setup.servers),
                "set-up": setup.says,
                "places": _number(setup.places),
                "requests a minute": _number(setup.requests_a_minute),
                "videos": _number(waited.jobs),
                "mean wait s": _number(waited.mean_s),
                "p95 wait s": _number(waited.p95_s),
                "unnoticed s": _number(late_when_full_s(setup, values)),
                "fullest": f"{fullest} {shares[fullest]:.0%}",
            }
        )
    return rows


def figures_table() -> list[Row]:
    """Return what is counted with, and where it is from."""
    return [
        {
            "figure": name,
            "value": f"{figure.value:,g}",
            "unit": figure.unit,
            "kind": figure.kind,
            "source": figure.source,
        }
        for name, figure in FIGURES.items()
    ]


def markdown(rows: Sequence[Row]) -> str:
    """Return a table as docs/SCALING.md has it."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _range(needs: Sequence[Need], name: str) -> str:
    texts = [_number(getattr(one, name)) for one in needs]
    return texts[0] if len(set(texts)) == 1 else " / ".join(texts)


def _number(value: float) -> str:
    """Return a number as far as it means something; counts above 999 in full."""
    digits = len(str(int(value))) - _DIGITS
    if digits > 0:
        return f"{round(value, -digits):,.0f}" if isinstance(value, float) else f"{value:,}"
    return f"{value:.{_DIGITS}g}"


def main() -> None:
    """Count, simulate and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", action="store_true", help="with what make bench measured here")
    parser.add_argument("--videos", type=float, help="a server and day, in place of the three uses")
    parser.add_argument("--seed", type=int, default=SEED, help="another day")
    parser.add_argument("--markdown", action="store_true", help="the tables of docs/SCALING.md")
    given = parser.parse_args()
    try:
        values = measured_here() if given.results else VALUES
    except NotMeasuredError as missing:
        parser.error(str(missing))
    uses = USES if given.videos is None else {f"{given.videos:g} a day": given.videos}
    middle = given.videos or USES["middle"]
    tables = {
        "needs": needs_table(uses, values),
        "ceilings": ceilings_table(uses, values),
        "days": days_table(middle, given.seed, values),
    }
    if given.markdown:
        print(*map(markdown, [*tables.values(), figures_table()]), sep="\n\n")
        return
    for name, rows in tables.items():
        print(f"\n{name}\n{kit.table(rows)}", file=sys.stderr)
    exact = [
        {"servers": size, "use": name, **asdict(need(size, use, values))}
        for size in SIZES
        for name, use in uses.items()
    ]
    print(json.dumps({"needs": exact, "ceilings": tables["ceilings"], "days": tables["days"]}))


if __name__ == "__main__":
    main()
