import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benchmarks import limits
from benchmarks.__main__ import COUNTING, HERE, end, main, names, run

FIGURES = {
    "rows": [
        {"schedule": "ours", "spread": 0.1, "requests": 6},
        {"schedule": "SDK", "spread": 0.1, "requests": 30},
    ],
    "lost": [],
    "zero": 0,
}
OURS: list[Any] = ["rows", {"schedule": "ours", "spread": 0.1}, "requests"]
SDK: list[Any] = ["rows", {"schedule": "SDK"}, "requests"]


def verdict(figures: object = FIGURES, **given: Any) -> limits.Verdict:
    """What becomes of a limit."""
    limit = limits.Limit.model_validate({"benchmark": "notice", "says": "asked", **given})
    return limits.judge(limit, figures)


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"figure": OURS, "at_most": 6}, "holds"),
        ({"figure": OURS, "at_most": 5.9}, "does not hold"),
        ({"figure": OURS, "below": 6}, "does not hold"),
        ({"figure": OURS, "below": 6.1}, "holds"),
        ({"figure": OURS, "divided_by": SDK, "at_most": 0.2}, "holds"),
        ({"figure": OURS, "divided_by": SDK, "at_most": 0.19}, "does not hold"),
        ({"figure": ["rows", 1, "requests"], "equals": 30}, "holds"),
        ({"figure": ["lost"], "equals": []}, "holds"),
        ({"figure": ["lost"], "equals": [1]}, "does not hold"),
        ({"figure": ["lost"], "at_most": 1}, "does not hold"),
        ({"figure": OURS, "divided_by": ["zero"], "at_most": 1}, "not measured"),
        ({"figure": ["rows", {"spread": 0.1}, "requests"], "at_most": 99}, "not measured"),
        ({"figure": ["rows", 2, "requests"], "at_most": 99}, "not measured"),
        ({"figure": ["found"], "at_most": 99}, "not measured"),
    ],
)
def test_a_limit_is_held_against_its_figure(given: dict[str, Any], answer: str) -> None:
    """A figure within its bound holds; one that is not there is not taken for held."""
    assert verdict(**given).answer == answer


def test_a_line_says_what_was_found_and_what_was_promised() -> None:
    """The report can be read without the file of limits."""
    line = verdict(figure=OURS, divided_by=SDK, at_most=0.21).line()

    assert line == "holds          notice: asked: 0.2 (at most 0.21)"


def test_a_benchmark_that_cannot_run_here_says_why() -> None:
    """What was skipped is shown as skipped, with the reason."""
    found = verdict({"skipped": "no PostgreSQL"}, figure=OURS, at_most=1)

    assert (found.answer, found.found) == ("skipped", "no PostgreSQL")


@pytest.mark.parametrize("bounds", [{}, {"at_most": 1, "below": 1}, {"at_least": 1}])
def test_a_limit_has_one_bound(bounds: dict[str, float]) -> None:
    """A limit without a bound, or with two, would hold by accident."""
    with pytest.raises(ValidationError):
        verdict(figure=OURS, **bounds)


@pytest.mark.parametrize("name", names(HERE))
def test_every_benchmark_can_be_loaded(name: str) -> None:
    """Each is a program with a `main`, and what it imports is there."""
    assert callable(importlib.import_module(f"benchmarks.bench_{name}").main)


def test_every_limit_is_of_a_benchmark_that_is_there() -> None:
    """The file of limits can be read and names no benchmark that is gone."""
    promised = limits.read(HERE / "limits.toml")

    assert {one.benchmark for one in promised} <= set(names(HERE))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of small benchmarks: one good, one that fails, one that says nothing."""
    (tmp_path / "bench_good.py").write_text("print('{\"figure\": 3}')")
    (tmp_path / "bench_broken.py").write_text("raise SystemExit(3)")
    (tmp_path / "bench_mute.py").write_text("")
    limit = '[[limit]]\nbenchmark = "good"\nsays = "it"\nfigure = ["figure"]\n'
    (tmp_path / "limits.toml").write_text(f"{limit}at_most = 3\n\n{limit}at_most = 2\n")
    return tmp_path


def test_one_that_fails_does_not_keep_the_others_from_running(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All run; their JSON is kept; what failed and what does not hold is said."""
    code = main([], folder=folder)

    said = capsys.readouterr().out
    assert code == 1
    assert json.loads((folder / "results" / "good.json").read_text()) == {"figure": 3}
    assert "exit code 3" in said
    assert "its output is not JSON" in said
    assert "holds          good: it: 3 (at most 3)" in said
    assert "does not hold  good: it: 3 (at most 2)" in said
    assert "all together" in said


def test_a_limit_that_does_not_hold_fails_the_run(folder: Path) -> None:
    """The exit code is zero only when every limit of what ran holds."""
    broken = main(["--only", "good"], folder=folder)
    text = (folder / "limits.toml").read_text()
    (folder / "limits.toml").write_text(text.replace("at_most = 2", "at_most = 4"))
    held = main(["--only", "good"], folder=folder)

    assert (broken, held) == (1, 0)


def test_one_that_does_not_end_is_ended(tmp_path: Path) -> None:
    """A benchmark that hangs does not hold up the others."""
    (tmp_path / "bench_slow.py").write_text("import time\ntime.sleep(60)\n")

    ended = run(tmp_path, "slow", at_most_s=0.1)

    assert (ended.figures, ended.problem) == (None, "ended after 0.1 s")


def test_one_that_is_ended_may_take_down_what_it_started(tmp_path: Path) -> None:
    """It is interrupted before it is killed."""
    left = tmp_path / "left"
    program = (
        "import pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n    print('ready', flush=True)\n    time.sleep(60)\n"
        f"except KeyboardInterrupt:\n    pathlib.Path({str(left)!r}).touch()\n"
    )
    with subprocess.Popen(
        (sys.executable, "-c", program),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        end(process)

    assert left.exists()


def test_only_benchmarks_without_limits_of_time_run_beside_others() -> None:
    """Whatever has a limit in seconds or milliseconds, or of the processor, runs alone."""
    timed = {
        one.benchmark
        for one in limits.read(HERE / "limits.toml")
        if one.says.endswith(("in ms", "in ms of the processor")) or "CPU" in one.says
    }

    assert timed
    assert not timed & set(COUNTING)
