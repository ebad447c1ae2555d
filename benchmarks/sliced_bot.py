"""The bot, which also says how long its loop worked without a pause, and on what.

In the processor's time of the loop's own thread: unlike the lag, it is the same on a machine that
is busy with other things, and says what of a lag is the bot's own doing. The garbage collector,
which comes by whatever the work is, is told apart.
"""

import asyncio
import gc
import json
import sys
import threading
import time
from typing import Any

from bot.__main__ import main

SAYS_EVERY_S = 0.5
KEY = "longest_slice_ms"


class Slices:
    """Takes the time of every piece of work of the loop, and says which was the longest."""

    def __init__(self) -> None:
        # Every piece of the loop's work goes through it, and nothing public does.
        self._run = asyncio.Handle._run  # noqa: SLF001 - see above
        self._longest_s = 0.0
        self._what = ""
        self._said_s = time.monotonic()
        self._collecting_s = self._collected_s = 0.0
        self._collection_began_s = 0.0
        gc.callbacks.append(self._note_collection)

    def run(self, handle: asyncio.Handle) -> None:
        """Run one piece; in place of the loop's own way."""
        self._collecting_s, began_s = 0.0, time.thread_time()
        self._run(handle)
        took_s = time.thread_time() - began_s - self._collecting_s
        self._collected_s = max(self._collected_s, self._collecting_s)
        if took_s > self._longest_s:
            self._longest_s, self._what = took_s, _name(handle)
        if time.monotonic() - self._said_s > SAYS_EVERY_S:
            self._say()

    def _say(self) -> None:
        said = {
            KEY: round(1000 * self._longest_s, 2),
            "what": self._what,
            "collected_ms": round(1000 * self._collected_s, 2),
        }
        print(json.dumps(said), file=sys.stderr, flush=True)
        self._longest_s = self._collected_s = 0.0
        self._said_s = time.monotonic()

    def _note_collection(self, phase: str, _info: dict[str, int]) -> None:
        """Count a collection that the loop's work has set off, which goes on in its thread."""
        now_s = time.thread_time()
        if phase == "start":
            self._collection_began_s = now_s
        elif threading.current_thread() is threading.main_thread():
            self._collecting_s += now_s - self._collection_began_s


def _name(handle: asyncio.Handle) -> str:
    """Return what a piece of work belongs to: of a task its coroutine."""
    # A handle does not say publicly what it calls; the types do not know of it either.
    callback: Any = handle._callback  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    task = getattr(callback, "__self__", None)
    work = task.get_coro() if isinstance(task, asyncio.Task) else callback
    return str(getattr(work, "__qualname__", work))


if __name__ == "__main__":
    slices = Slices()

    def run(handle: asyncio.Handle) -> None:
        """Be `asyncio.Handle._run`."""
        slices.run(handle)

    # asyncio has no hook for this, and a plain assignment to a method is an error to mypy.
    setattr(asyncio.Handle, "_run", run)  # noqa: B010 - see above
    sys.exit(main())
