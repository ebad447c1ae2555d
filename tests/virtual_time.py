"""An event loop whose clock jumps: hours of waiting pass at once, in the right order.

What comes from outside the loop is not waited for. Sockets between two ends on the loop itself
work with `SocketLoop`, and all else while that runs in real time.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
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


# What one end of a local socket has written, the other can read by then.
_ON_ITS_WAY_S = 0.0002


class _SocketSelector(_JumpingSelector):
    """Gives what is on its way between two local sockets the time to arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.real = False
        self._busy = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began_s = time.monotonic()
        if self.real:
            events = selectors.SelectSelector.select(self, timeout)
            self.now_s += time.monotonic() - began_s
            return events
        events = selectors.SelectSelector.select(self, _ON_ITS_WAY_S if self._busy else 0)
        self._busy = bool(events)
        if not events and timeout != 0:
            return super().select(timeout)
        return events


class SocketLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time on which both ends of a connection live, beginning at 0 s."""

    def __init__(self) -> None:
        self._selecting = _SocketSelector()
        super().__init__(self._selecting)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._selecting.now_s

    @contextmanager
    def real_time(self) -> Iterator[None]:
        """Wait in here as any loop does, for threads and others outside."""
        self._selecting.real = True
        try:
            yield
        finally:
            self._selecting.real = False

    async def shutdown_default_executor(self) -> None:
        """Wait for the threads, in real time."""
        with self.real_time():
            await super().shutdown_default_executor()


def run_virtually(
    main: Coroutine[Any, Any, T],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = VirtualLoop,
) -> T:
    """Run a coroutine in virtual time; `asyncio.sleep` and the loop's `time()` follow it.

    Raises:
        DeadlockError: nothing can ever happen again, and the coroutine has not ended.
    """
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)
