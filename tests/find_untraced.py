"""Finds the tests that run, at some cost, only what others run too; `untraced.txt` is its output.

Coverage on Python 3.11 about doubles what a test costs, so such tests run without it. To renew the
list, when tests have changed a lot (they run once, about eight minutes):

    python -m tests.find_untraced
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("untraced.txt")
# A test is worth an entry from so many CPU seconds on (all its cases together, with coverage), and
# so many seconds for each arc of the code that is lost with it.
AT_LEAST_S = 0.1
AN_ARC_S = 0.3
# The others are never traced, see `tests/conftest.py`.
TRACED = "not end_to_end and not browser"
_FOLDER = "FIND_UNTRACED_IN"

Arc = tuple[str, int, int]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Write down what each test costs: CPU seconds of this process."""
    began_s = time.process_time()
    try:
        return (yield)
    finally:
        line = json.dumps([_function(item.nodeid), time.process_time() - began_s])
        with (Path(os.environ[_FOLDER]) / f"cpu-{os.getpid()}.jsonl").open("a") as file:
            file.write(line + "\n")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Trace the tests of the present list as well."""
    present = LIST.read_text(encoding="utf-8").split()
    for item in items:
        if _function(item.nodeid) in present:
            item.own_markers[:] = [mark for mark in item.own_markers if mark.name != "untraced"]


def findable(arcs: Mapping[Arc, AbstractSet[str]], costs_s: Mapping[str, float]) -> list[str]:
    """Return the tests that can do without coverage, the dearest first.

    Args:
        arcs: Which tests reach each arc of the code.
        costs_s: What each test costs.
    """
    reached_by = {arc: set(tests) for arc, tests in arcs.items()}
    reaches = defaultdict(list)
    for arc, tests in arcs.items():
        for test in tests:
            reaches[test].append(arc)
    found = []
    for test, cost_s in sorted(costs_s.items(), key=lambda item: -item[1]):
        alone = sum(len(reached_by[arc]) == 1 for arc in reaches[test])
        if reaches[test] and cost_s >= max(AT_LEAST_S, alone * AN_ARC_S):
            found.append(test)
            for arc in reaches[test]:
                reached_by[arc].discard(test)
    return found


def main() -> None:
    """Run all tests, find, and write the list."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = ("-p", "tests.find_untraced", "-n", "2", "--dist", "loadfile", "-m", TRACED)
        cover = ("--cov", "--cov-context=test", "--cov-report=")
        subprocess.run(
            (sys.executable, "-m", "pytest", *words, *cover),
            check=False,  # a test that fails costs and reaches something as well
            env={**os.environ, _FOLDER: name, "COVERAGE_FILE": str(folder / "arcs")},
        )
        found = findable(_arcs(folder / "arcs"), _costs_s(folder))
    LIST.write_text("".join(f"{test}\n" for test in sorted(found)), encoding="utf-8")


def _costs_s(folder: Path) -> Counter[str]:
    costs_s: Counter[str] = Counter()
    for file in folder.glob("cpu-*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            test, cost_s = json.loads(line)
            costs_s[test] += cost_s
    return costs_s


def _arcs(file: Path) -> dict[Arc, set[str]]:
    arcs: dict[Arc, set[str]] = defaultdict(set)
    rows = sqlite3.connect(file).execute(
        "SELECT path, fromno, tono, context FROM arc JOIN file ON file.id = file_id"
        " JOIN context ON context.id = context_id"
    )
    for path, start, end, context in rows:
        # What is reached while the tests are imported has no context: it is never lost.
        arcs[path, start, end].add(_function(context.rpartition("|")[0]))
    return arcs


def _function(nodeid: str) -> str:
    return nodeid.partition("[")[0]


if __name__ == "__main__":
    main()
