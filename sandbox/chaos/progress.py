"""Lines for whoever waits; figures go to stdout."""

import sys
import time


def say(words: str) -> None:
    """Write one line with the time of day."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()
