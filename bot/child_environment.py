"""What programs that the bot starts are told of its environment: no token and no key."""

import os

_PASSED_ON = ("PATH", "LANG", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def child_environment() -> dict[str, str]:
    """Return the variables that a program needs which only draws or encodes."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
