"""An event loop whose clock jumps: hours of waiting pass at once, in the right order.

Only for code without sockets and threads: what comes from outside the loop is not waited for.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlockError(Exception):
    """Every task waits and no timer is set: without us it would wait for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for the next timer it moves the clock there."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise DeadlockError
            self.now_s += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time, beginning at 0 s."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now_s


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time; `asyncio.sleep` and the loop's `time()` follow it.

    Raises:
        DeadlockError: nothing can ever happen again, and the coroutine has not ended.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
