"""Programs that stand in ffmpeg's place: they fail, hang, or count their calls."""

import asyncio
import os
import stat
import sys
from pathlib import Path

from bot.media import ffmpeg_program


def program(folder: Path, script: str) -> str:
    """Return a program that does something else than ffmpeg; `{here}` is its folder."""
    path = folder / "not-ffmpeg"
    path.write_text(f"#!{sys.executable}\n" + script.replace("{here}", str(folder)))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


SLEEPER = (
    "import os, time\n"
    "open('{here}/pid', 'w').write(str(os.getpid()))\n"
    "open('{here}/env', 'w').write(' '.join(os.environ))\n"
    "open('{here}/nice', 'w').write(str(os.nice(0)))\n"
    "os.rename('{here}/pid', '{here}/started')\n"
    "time.sleep(600)\n"
)


async def started(folder: Path) -> int:
    """Wait until the sleeper runs; return its process id."""
    path = folder / "started"
    while not path.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.02)
    return int(path.read_text())


def is_alive(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def counting(folder: Path) -> str:
    """Return a program that is ffmpeg, and notes each call in the file `calls`."""
    real = ffmpeg_program()
    return program(
        folder,
        "import os, sys\n"
        "open('{here}/calls', 'a').write('x')\n"
        f"os.execv({real!r}, [{real!r}, *sys.argv[1:]])\n",
    )
