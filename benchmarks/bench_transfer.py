"""What videos and pictures cost in memory, and whether the loop waits for them. Prints JSON.

A process of its own (benchmarks/carrier.py) fetches a video from a file server, checks it and
posts it at the Discord stand-in, both of which run here: of 1, 10 and 100 MB, and five at the
same time. Then it checks fifty pictures of 10 MB at once, half of which have to be rewritten.
Noted is its peak of memory over what it had before, and how late its loop was.

BENCH_QUICK=1 takes ten pictures and leaves out the large videos.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from PIL import ExifTags, Image

from benchmarks import kit
from bot.media import ffmpeg_program
from sandbox.bot_process import PROJECT
from sandbox.discord_api import DiscordStandIn

LIMIT_BYTES = 500_000_000
# Noise: each picture of 10 megapixels makes a file of about 10 MB.
PICTURE_PX = (3900, 2600)
QUALITY = 85
TURNED = 6
CARRIER = (sys.executable, "-m", "benchmarks.carrier")


def video(path: Path, size_bytes: int) -> None:
    """Draw noise until the file is as large as wanted."""
    program = ffmpeg_program()
    if program is None:
        raise RuntimeError("there is no ffmpeg that encodes H.264")
    source = "testsrc2=s=1280x720:r=24,noise=alls=100:allf=t"
    encoding = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p")
    command = [program, "-v", "error", "-f", "lavfi", "-i", source, *encoding]
    subprocess.run([*command, "-fs", str(size_bytes), str(path)], check=True)


def pictures(folder: Path) -> None:
    """Write one that can stay as it is, and one that has to be turned."""
    noise = Image.effect_noise(PICTURE_PX, 90)
    image = Image.merge("RGB", (noise, noise.rotate(180), noise))
    image.save(folder / "upright.jpg", quality=QUALITY)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = TURNED
    image.save(folder / "turned.jpg", quality=QUALITY, exif=exif)


@asynccontextmanager
async def files(folder: Path) -> AsyncIterator[str]:
    """Serve a folder."""
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def carrier(stand_in: DiscordStandIn) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process that is measured."""
    process = await asyncio.create_subprocess_exec(
        *CARRIER,
        cwd=PROJECT,
        env={
            **os.environ,
            "DISCORD_API_BASE": stand_in.api_url,
            "DISCORD_TOKEN": stand_in.bot_token,
            "CHANNEL_ID": stand_in.channel_id,
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def asked(process: asyncio.subprocess.Process, **wish: Sequence[str]) -> dict[str, Any]:
    """Let the process do something; return what it took."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no input or output")
    process.stdin.write(json.dumps(wish).encode() + b"\n")
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the process has ended; see above")
    found: dict[str, Any] = json.loads(line)
    return found


async def measure(folder: Path, sizes_mb: Sequence[int], count: int) -> list[dict[str, Any]]:
    """Let videos and pictures be carried."""
    for size_mb in sizes_mb:
        await asyncio.to_thread(video, folder / f"{size_mb}.mp4", size_mb * 10**6)
    await asyncio.to_thread(pictures, folder)
    stand_in = DiscordStandIn()
    stand_in.hub.limits.enabled = False
    for guild in stand_in.world.guilds.values():
        guild.upload_limit_bytes = LIMIT_BYTES
    await stand_in.start()
    rows = []
    try:
        async with files(folder) as base, carrier(stand_in) as process:
            await asked(process, videos=[f"{base}/1.mp4"])  # what is loaded once
            for size_mb in sizes_mb:
                for at_once in (1, 5):
                    took = await asked(process, videos=[f"{base}/{size_mb}.mp4"] * at_once)
                    rows.append({"what": f"{at_once} video(s) of {size_mb} MB", **took})
            picture_mb = (folder / "upright.jpg").stat().st_size / 1e6
            addresses = [f"{base}/upright.jpg", f"{base}/turned.jpg"] * (count // 2)
            took = await asked(process, pictures=addresses)
            rows.append({"what": f"{count} pictures of {picture_mb:.1f} MB", **took})
    finally:
        await stand_in.stop()
    return rows


def main() -> None:
    """Measure and print."""
    sizes_mb, count = ((1, 10), 10) if kit.is_quick() else ((1, 10, 100), 50)
    with tempfile.TemporaryDirectory() as name:
        rows = asyncio.run(measure(Path(name), sizes_mb, count))
    kit.report("transfer", rows)


if __name__ == "__main__":
    main()
