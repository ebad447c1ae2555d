"""How long a video takes to be made to fit, and what comes of it.

    PYTHONPATH=. python benchmarks/bench_fit.py [--seconds 5] [--megabytes 20] [--limit-mib 10]

The video is drawn by the sandbox's own Segmind (1080p, noise over it, so that its size is real)
and made to fit by the same code as the bot's. Prints a table to standard error and JSON to
standard output.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.media import VideoFile, VideoShrinker, plan_fit
from bot.media.video import probe_video
from sandbox.segmind_api.plan import RenderPlan
from sandbox.segmind_api.render import Renderer

_FPS = 24


async def measure(seconds: int, size_bytes: int, limit_bytes: int) -> dict[str, Any]:
    """Return what a video and its copy are, and how long the copy took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        renderer = Renderer(folder)
        plan = RenderPlan(
            width_px=1920,
            height_px=1080,
            frames=_FPS * seconds,
            fps=_FPS,
            seed=7,
            label="bench",
            prompt="a fox in the snow",
            heavy_bytes=size_bytes,
        )
        try:
            video = probe_video(await renderer.render(plan, image=None, audio=None))
        finally:
            await renderer.close()
        began_s, used_s = time.monotonic(), os.times()
        copy = await VideoShrinker().shrink(video, folder / "fit.mp4", limit_bytes=limit_bytes)
        took_s = time.monotonic() - began_s
        now_s = os.times()
    planned = plan_fit(video, limit_bytes)
    return {
        "benchmark": "fit",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "original": _facts(video),
        "limit_bytes": limit_bytes,
        "copy": _facts(copy),
        "fits": copy.size_bytes <= limit_bytes,
        "planned_bytes": planned.planned_bytes if planned else None,
        "seconds": round(took_s, 1),
        "cpu_seconds": round(
            now_s.children_user
            + now_s.children_system
            - used_s.children_user
            - used_s.children_system,
            1,
        ),
    }


def _facts(video: VideoFile) -> dict[str, Any]:
    return {
        "size_bytes": video.size_bytes,
        "resolution": f"{video.width}x{video.height}",
        "duration_s": round(video.duration_s, 2),
        "pictures_per_s": round(video.pictures_per_s, 2),
        "codec": video.codec,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--megabytes", type=float, default=20.0)
    parser.add_argument("--limit-mib", type=float, default=10.0)
    given = parser.parse_args()
    limit_bytes = int(given.limit_mib * 2**20)
    found = asyncio.run(measure(given.seconds, int(given.megabytes * 1e6), limit_bytes))
    for name in ("original", "copy"):
        print(
            "  ".join(f"{value!s:>12}" for value in (name, *found[name].values())), file=sys.stderr
        )
    print(f"{found['seconds']} s, {found['cpu_seconds']} CPU seconds", file=sys.stderr)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
