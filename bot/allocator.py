"""C's memory allocator, told to keep less: a bot runs for months, and its waves are short."""

import ctypes
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
