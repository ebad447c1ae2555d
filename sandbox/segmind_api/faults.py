"""Scripted faults: what goes wrong, where, and how many times."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Place = Literal["submit", "status", "result", "credits", "history", "upload", "download", "outcome"]
Kind = Literal[
    "error",
    "hang",
    "cut",
    "not_json",
    "broken_contract",
    "slow",
    "truncated",
    "not_a_video",
    "oversize",
    "failed",
    "stuck",
    "expire",
    "no_output",
    "large",
]
_OVERSIZE_BYTES = 64 * 2**20
_CALLS = frozenset({"error", "hang", "cut", "not_json", "broken_contract"})
_DOWNLOADS = frozenset({"error", "hang", "cut", "slow", "truncated", "not_a_video", "oversize"})
_OUTCOMES = frozenset({"failed", "stuck", "slow", "expire", "no_output", "large"})


class Fault(BaseModel):
    """One scripted fault; see `control.py` for the meaning of each field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: Place
    kind: Kind
    slug: str | None = None
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    when: Literal["before", "after"] = "before"
    status: int = Field(default=500, ge=400, le=599)
    text: str | None = None
    seconds: float = Field(default=3600.0, gt=0)
    size_bytes: int | None = Field(default=None, ge=1)
    bytes_per_second: int = Field(default=16 * 1024, ge=1)
    factor: float = Field(default=5.0, gt=0)

    @property
    def oversize_bytes(self) -> int:
        """How many bytes an oversize download has."""
        return self.size_bytes or _OVERSIZE_BYTES

    @model_validator(mode="after")
    def _kind_fits_place(self) -> "Fault":
        fitting = {"download": _DOWNLOADS, "outcome": _OUTCOMES}.get(self.on, _CALLS)
        if self.kind not in fitting:
            raise ValueError(f"on={self.on} takes kind={', '.join(sorted(fitting))}")
        return self


class FaultBook:
    """The faults still to come, in the order they were scripted."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int, int]] = []  # fault, still to skip, times left

    def add(self, fault: Fault) -> None:
        """Script a fault behind those already there."""
        self._waiting.append((fault, fault.skip, fault.times))

    def take(self, place: Place, slug: str | None) -> Fault | None:
        """Return the fault that hits this call, using it up once; None to go on normally."""
        for index, (fault, skip, times) in enumerate(self._waiting):
            if fault.on != place or (fault.slug is not None and fault.slug != slug):
                continue
            if skip > 0:
                self._waiting[index] = (fault, skip - 1, times)
                continue
            if times > 1:
                self._waiting[index] = (fault, 0, times - 1)
            else:
                del self._waiting[index]
            return fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        self._waiting.clear()

    def waiting(self) -> list[dict[str, object]]:
        """Return the faults still to come, with how often each still hits."""
        return [
            {**fault.model_dump(), "skip": skip, "times": times}
            for fault, skip, times in self._waiting
        ]
