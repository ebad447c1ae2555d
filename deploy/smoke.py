"""Does once what each of the image's packages is there for; fails when one cannot.

PYTHONPATH=. python deploy/smoke.py

The image's build runs it after deploy/trim.py. It needs no settings and no network.
"""

import asyncio
import importlib
import io
import pkgutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import av
import psycopg
from PIL import Image

import bot
import cogs
from bot.charts import ChartDrawer
from bot.jobs.engine_file import refuse_old_sqlite
from bot.media import Decoder, MediaLimits, ffmpeg_program
from bot.statistics import Tally
from bot.storage import Database

_SIDE_PX = 256
_EXTRA = frozenset({"opentelemetry", "sentry_sdk"})
_DAY = date(2026, 1, 1)
# What results and members' sounds are encoded with.
_CODECS = ("h264", "hevc", "aac", "mp3", "pcm_s16le")


def main() -> int:
    """Run every check; the first that fails ends it with its own error."""
    refuse_old_sqlite()
    imported = sum(_imports(package) for package in (bot, cogs))
    for name in _CODECS:
        av.codec.Codec(name, "r")
    if psycopg.pq.__impl__ != "binary":
        raise RuntimeError(f"psycopg works with its {psycopg.pq.__impl__} part")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_works(Path(folder)))
    print(f"{imported} modules, databases, pictures, a chart, ffmpeg: all work.")
    return 0


def _imports(package: ModuleType) -> int:
    """Load every module of a package; return how many there are."""
    names = [
        module.name
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__")
    ]
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            # Another lock has these; what needs them is loaded where it is asked for only.
            if error.name is None or error.name.partition(".")[0] not in _EXTRA:
                raise
    return len(names)


async def _works(folder: Path) -> None:
    await Database.open("postgresql://bot@localhost/bot").close()  # loads what it would need
    database = Database.open(f"sqlite:///{folder / 'bot.sqlite3'}")
    await database.migrate()
    await database.close()
    program = ffmpeg_program()
    if program is None:
        raise RuntimeError("there is no ffmpeg that encodes H.264")
    video = folder / "video.mp4"
    await asyncio.to_thread(_encoded, program, video)
    decoder = Decoder()
    for form in ("HEIF", "WEBP"):
        await decoder.image(_picture(form), limits=MediaLimits())
    await decoder.video(video)
    empty = Tally(first_day=_DAY, last_day=_DAY, zone=ZoneInfo("Asia/Tokyo")).statistics()
    await ChartDrawer(folder / "matplotlib").draw(empty, zone="Asia/Tokyo", names={})


def _picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((_SIDE_PX, _SIDE_PX), 64).convert("RGB").save(out, form)
    return out.getvalue()


def _encoded(program: str, target: Path) -> None:
    subprocess.run(
        [
            *(program, "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s={_SIDE_PX}x{_SIDE_PX}:d=1"),
            *("-c:v", "libx264", "-pix_fmt", "yuv420p", str(target)),
        ],
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
