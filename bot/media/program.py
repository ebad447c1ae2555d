"""Which ffmpeg there is: the system's, else the one that a wheel ships."""

import functools
import shutil
import subprocess

from bot.child_environment import child_environment

_CHECK_TIMEOUT_S = 20.0


@functools.cache
def ffmpeg_program() -> str | None:
    """Return an ffmpeg that can encode H.264; None when there is none. Blocking, the first time."""
    system = shutil.which("ffmpeg")
    if system is not None and _encodes_h264(system):
        return system
    import imageio_ffmpeg  # noqa: PLC0415 - only where the system has none: it looks for itself

    try:
        shipped = str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return None
    return shipped if _encodes_h264(shipped) else None


def _encodes_h264(program: str) -> bool:
    try:
        listing = subprocess.run(  # noqa: S603 - our own arguments
            [program, "-hide_banner", "-encoders"],
            capture_output=True,
            check=False,
            timeout=_CHECK_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env=child_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"libx264 " in listing.stdout
