"""Faults that tests order: the next calls of a route fail, wait, or lose their answer."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.discord_api.wire import Json


@dataclass(kw_only=True)
class Fault:
    """What happens to the next `times` calls of a route.

    Attributes:
        method: The HTTP method, or `*`.
        path: A shell pattern of the path below `/api/v10`, as `/channels/*/messages`.
        times: How many calls it still hits.
        status: Answer this status with `body` and `headers`; None answers as usual.
        delay_s: Wait this long first.
        drop: Cut the connection instead of answering.
        late: Do what was asked first, then delay, fail or drop.
    """

    method: str = "*"
    path: str = "*"
    times: int = 1
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop: bool = False
    late: bool = False


class Faults:
    """The faults on order."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, wish: Json) -> None:
        """Adds a fault; `wish` has the fields of `Fault`.

        Raises:
            TypeError: An unknown field.
        """
        self._ordered.append(Fault(**wish))

    def clear(self) -> None:
        """Forgets every fault."""
        self._ordered.clear()

    @property
    def left(self) -> int:
        """How many calls are still to be hit."""
        return sum(fault.times for fault in self._ordered)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this call, which counts as one of its times."""
        for fault in self._ordered:
            if fault.method in ("*", method) and fnmatchcase(path, fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self._ordered.remove(fault)
                return fault
        return None
