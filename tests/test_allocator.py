"""Memory's settings take hold: in processes of their own, for they cannot be taken back."""

import ctypes
import subprocess
import sys

import pytest

# glibc's own word: malloc_stats names each arena on standard error.
_SCRIPT = """
import ctypes, sys, threading
from bot.allocator import keep_little
if sys.argv[1] == "little":
    keep_little()
together = threading.Barrier(8)
libc = ctypes.CDLL(None)
def allocate():
    together.wait()
    libc.malloc.restype = ctypes.c_void_p
    held = [libc.malloc(2000) for _ in range(200)]
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
libc.malloc_stats()
"""


def arenas(kept: str) -> int:
    """Return how many heaps a process with eight busy threads has."""
    ran = subprocess.run(
        [sys.executable, "-c", _SCRIPT, kept], capture_output=True, text=True, check=True
    )
    return ran.stderr.count("Arena ")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="not glibc")
def test_all_threads_share_one_heap() -> None:
    """Unless told, each of eight threads has its own."""
    assert arenas("little") == 1
    assert arenas("as usual") > 1


_END = """
import gc
from bot.allocator import leave_as_it_is
class Forgotten:
    def __del__(self):
        print("found")
one = Forgotten()
one.itself = one
del one
leave_as_it_is()
print(gc.get_freeze_count() > 1000)
"""


def test_at_the_end_garbage_is_found_once_and_the_rest_left_alone() -> None:
    """What was forgotten still says so; all that was loaded is no longer looked through."""
    ran = subprocess.run([sys.executable, "-c", _END], capture_output=True, text=True, check=True)

    assert ran.stdout == "found\nTrue\n"
