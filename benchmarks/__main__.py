"""Runs the benchmarks and says whether their limits hold.

    python -m benchmarks [--only NAME ...] [--list]

Each `bench_NAME.py` here is a process of its own. Its table is shown as it comes, its JSON is
kept in `benchmarks/results/NAME.json`. One that fails does not keep the others from running.
First come those that count, beside each other; then those that measure times, each alone.
The exit code is 0 when all ran and every limit of `benchmarks/limits.toml` holds.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import limits

HERE = Path(__file__).resolve().parent
ALL_AT_MOST_S = 600.0
ONE_AT_MOST_S = 300.0
# What they promise are numbers of requests or of bytes, which no other work changes; the longest
# first, so that both places are empty at about the same moment.
COUNTING = ("takeover", "economy", "notice", "budget", "fit")
_COUNTING_AT_ONCE = 2
_GRACE_S = 20.0
_STARTED = "bench_"


@dataclass(frozen=True)
class Run:
    """One benchmark that ran.

    Attributes:
        figures: Its JSON.
        problem: Why there is none.
    """

    name: str
    took_s: float
    figures: Any = None
    problem: str | None = None


def names(folder: Path) -> list[str]:
    """Return the benchmarks that a folder has."""
    return sorted(file.stem.removeprefix(_STARTED) for file in folder.glob(f"{_STARTED}*.py"))


def run_all(folder: Path, chosen: Sequence[str]) -> list[Run]:
    """Run benchmarks; return what came of each, in order of their names."""
    one = partial(run, folder, at_most_s=ONE_AT_MOST_S)
    counting = [name for name in COUNTING if name in chosen]
    with ThreadPoolExecutor(_COUNTING_AT_ONCE) as places:
        runs = list(places.map(one, counting))
    runs += [one(name) for name in chosen if name not in COUNTING]
    return sorted(runs, key=lambda run: run.name)


def run(folder: Path, name: str, *, at_most_s: float) -> Run:
    """Run one benchmark; keep its JSON.

    Args:
        folder: Where it is, and where the folder of results is.
        name: NAME of `bench_NAME.py`.
        at_most_s: After this it is ended, and with it what it started.
    """
    print(f"== {name}", file=sys.stderr, flush=True)
    began_s = time.monotonic()
    text, problem = _output(folder / f"{_STARTED}{name}.py", at_most_s)
    took_s = time.monotonic() - began_s
    if problem is not None:
        return Run(name, took_s, problem=problem)
    try:
        figures = json.loads(text)
    except ValueError as error:
        return Run(name, took_s, problem=f"its output is not JSON: {error}")
    results = folder / "results"
    results.mkdir(exist_ok=True)
    (results / f"{name}.json").write_text(text)
    return Run(name, took_s, figures=figures)


def _output(file: Path, at_most_s: float) -> tuple[str, str | None]:
    """Return what a program writes, and what went wrong."""
    with subprocess.Popen(
        (sys.executable, str(file)),
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            text, _ = process.communicate(timeout=at_most_s)
        except subprocess.TimeoutExpired:
            return "", f"ended after {at_most_s:g} s"
        finally:
            end(process)
    return text, None if process.returncode == 0 else f"exit code {process.returncode}"


def end(process: subprocess.Popen[str]) -> None:
    """End a program and what it left behind; it may first take down what it started."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    with suppress(ProcessLookupError):  # usually nothing is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def verdicts(promised: Sequence[limits.Limit], runs: Sequence[Run]) -> list[limits.Verdict]:
    """Return what became of each limit of the benchmarks that ran."""
    figures = {one.name: one.figures for one in runs}
    return [limits.judge(one, figures.get(one.benchmark)) for one in promised]


def report(
    runs: Sequence[Run], judged: Sequence[limits.Verdict], *, all_s: float, complete: bool
) -> bool:
    """Print how it went; return whether all is well.

    Args:
        runs: What ran.
        judged: What became of its limits.
        all_s: How long all of them took together.
        complete: Whether every benchmark ran: then their time is limited as well.
    """
    for one in runs:
        print(f"{one.name:>14}  {one.took_s:6.1f} s  {one.problem or ''}".rstrip())
    for verdict in judged:
        print(verdict.line())
    in_time = not complete or all_s < ALL_AT_MOST_S
    if complete:
        answer = "holds" if in_time else "does not hold"
        print(f"{answer:<13}  all together: {all_s:.0f} s (below {ALL_AT_MOST_S:.0f})")
    return (
        in_time
        and all(one.problem is None for one in runs)
        and all(verdict.answer in {"holds", "skipped"} for verdict in judged)
    )


def main(arguments: Sequence[str] | None = None, *, folder: Path = HERE) -> int:
    """Run what is asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    there = names(folder)
    parser.add_argument("--only", nargs="+", choices=there, metavar="NAME", help=", ".join(there))
    parser.add_argument("--list", action="store_true", help="say which there are, and stop")
    given = parser.parse_args(arguments)
    if given.list:
        print("\n".join(there))
        return 0
    chosen = [name for name in there if name in (given.only or there)]
    promised = [
        one
        for one in limits.read(folder / "limits.toml")
        if given.only is None or one.benchmark in chosen
    ]
    began_s = time.monotonic()
    runs = run_all(folder, chosen)
    all_s = time.monotonic() - began_s
    judged = verdicts(promised, runs)
    return 0 if report(runs, judged, all_s=all_s, complete=given.only is None) else 1


if __name__ == "__main__":
    # A shell starts what runs in the background deaf to it, and so would be what we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    raise SystemExit(main())
