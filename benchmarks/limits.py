"""What the benchmarks' figures must hold: `limits.toml`, and whether a benchmark's JSON does.

A limit names a figure by its place in the benchmark's JSON, as a list of steps: a key, the number
of an item, or a table that picks the one row with these values. With `divided_by` it is about
the ratio of two figures of the same run.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

Json = Any
Step = str | int | dict[str, str | int | float | bool]
Place = tuple[Step, ...]
Answer = Literal["holds", "does not hold", "not measured", "skipped"]

_BOUNDS = {"at_most": "at most", "below": "below", "equals": "exactly"}


class FigureMissingError(LookupError):
    """There is no such figure in the JSON; the text says what was looked for."""


class Limit(BaseModel):
    """One promise about one figure.

    Attributes:
        benchmark: Which one measures it: NAME of `bench_NAME.py`.
        says: What it is, in words.
        figure: Where it stands in the JSON.
        divided_by: Where the figure that it is compared with stands.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    benchmark: str
    says: str
    figure: Place
    divided_by: Place | None = None
    at_most: float | None = None
    below: float | None = None
    equals: Json = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        if len(self.model_fields_set & _BOUNDS.keys()) != 1:
            raise ValueError(f"{self.says}: exactly one of {', '.join(_BOUNDS)}")
        return self

    @property
    def bound(self) -> str:
        """The bound in words."""
        (name,) = self.model_fields_set & _BOUNDS.keys()
        return f"{_BOUNDS[name]} {_shown(getattr(self, name))}"


class Verdict(BaseModel):
    """What became of a limit in one run; skipped where a benchmark says that it cannot run here.

    Attributes:
        found: The figure, or why there is none.
    """

    limit: Limit
    answer: Answer
    found: str

    def line(self) -> str:
        """Return it as a line of the report."""
        limit = self.limit
        return f"{self.answer:<13}  {limit.benchmark}: {limit.says}: {self.found} ({limit.bound})"


def read(file: Path) -> list[Limit]:
    """Return the limits of a file.

    Raises:
        pydantic.ValidationError: A limit is not one.
    """
    return [Limit.model_validate(one) for one in tomllib.loads(file.read_text())["limit"]]


def judge(limit: Limit, figures: Json) -> Verdict:
    """Return whether a limit holds for a benchmark's JSON."""
    if isinstance(figures, Mapping) and "skipped" in figures:
        return Verdict(limit=limit, answer="skipped", found=str(figures["skipped"]))
    try:
        found = figure(limit, figures)
    except FigureMissingError as missing:
        return Verdict(limit=limit, answer="not measured", found=str(missing))
    answer: Answer = "holds" if _is_within(limit, found) else "does not hold"
    return Verdict(limit=limit, answer=answer, found=_shown(found))


def figure(limit: Limit, figures: Json) -> Json:
    """Return the figure, or the ratio, that a limit is about.

    Raises:
        FigureMissingError: It is not there.
    """
    found = at(figures, limit.figure)
    if limit.divided_by is None:
        return found
    other = at(figures, limit.divided_by)
    if not _is_number(found) or not _is_number(other) or other == 0:
        raise FigureMissingError(f"no ratio of {found!r} to {other!r}")
    return found / other


def at(figures: Json, place: Place) -> Json:
    """Return what stands at a place.

    Raises:
        FigureMissingError: Nothing does, or several rows do.
    """
    here = figures
    for step in place:
        here = _next(here, step)
    return here


def _next(here: Json, step: Step) -> Json:
    if isinstance(step, dict) and isinstance(here, list):
        rows = [row for row in here if isinstance(row, dict) and step.items() <= row.items()]
        if len(rows) != 1:
            raise FigureMissingError(f"{len(rows)} rows with {step}")
        return rows[0]
    if isinstance(step, int) and isinstance(here, list) and 0 <= step < len(here):
        return here[step]
    if isinstance(step, str) and isinstance(here, dict) and step in here:
        return here[step]
    raise FigureMissingError(f"nothing at {step!r}")


def _is_within(limit: Limit, found: Json) -> bool:
    if "equals" in limit.model_fields_set:
        return bool(found == limit.equals)
    if not _is_number(found):
        return False
    if limit.at_most is not None:
        return bool(found <= limit.at_most)
    return limit.below is not None and bool(found < limit.below)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Json) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
