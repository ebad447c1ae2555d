"""The file by which a running bot says that its loop is alive, and who asks it.

`python -m bot.heartbeat` is `python -m bot healthcheck` without all that the bot itself loads: a
container asks every half minute.
"""

import sys
import time
from pathlib import Path

from bot.errors import ConfigurationError
from bot.settings import Settings, load_settings

BEAT_EVERY_S = 10.0
_MISSED_BEATS = 6


def heartbeat_path(settings: Settings) -> Path:
    """Return the file whose age says whether the bot's loop is alive."""
    return settings.data_dir / f"heartbeat-{settings.executor_id}"


def trouble(settings: Settings, *, now_s: float) -> str | None:
    """Say why the bot does not seem to live; None when it does.

    Args:
        settings: The running bot's.
        now_s: Seconds since the epoch.
    """
    try:
        age_s = now_s - heartbeat_path(settings).stat().st_mtime
    except OSError:
        return "The bot does not run, or is not ready yet."
    if age_s > BEAT_EVERY_S * _MISSED_BEATS:
        return f"The bot's last sign of life is {age_s:.0f} s old."
    return None


def main() -> int:
    """Return the exit code: 0 alive, 1 not, the latter also for wrong settings."""
    try:
        why = trouble(load_settings(), now_s=time.time())
    except ConfigurationError as error:
        why = "\n".join(error.problems)
    if why is not None:
        sys.stderr.write(f"{why}\n")
    return int(why is not None)


if __name__ == "__main__":
    sys.exit(main())
