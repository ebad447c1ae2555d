"""Memory: kept less of while the bot runs for months, and left alone when it ends."""

import ctypes
import gc
import logging
import os

log = logging.getLogger(__name__)

# mallopt(3)'s names for them.
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
_LARGE_BYTES = 1 << 20


def keep_little() -> None:
    """Let all threads share one heap, and give what is large back as soon as it is free.

    Otherwise glibc keeps a heap for each of some twenty threads, and a decoded picture's memory
    for the next one. Does nothing with another C library. To be called before threads begin.
    """
    # Windows has no way to ask for the program's own functions.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is None:
        return
    for name, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGE_BYTES)):
        if not mallopt(name, value):
            log.info("mallopt did not take %d = %d: more memory is kept", name, value)


def leave_as_it_is() -> None:
    """Let Python end without looking through all that was loaded, several times, for garbage.

    That is a seventh of what a short command costs. What is garbage now is found as always, so that
    whoever forgot to close something hears of it. To be called last.
    """
    gc.collect()
    gc.freeze()
