"""Carries videos and checks pictures as the bot does, and says what that took; one JSON a line.

The process that bench_transfer measures: the bot's own download, checks and posting on a real
discord.py client that is logged in at the stand-in. Wishes come on standard input:
`{"videos": [address, ...]}` are fetched and posted at the same time, `{"pictures": [...]}`
are fetched and checked.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord

from benchmarks import kit
from bot.client import redirect
from bot.discord_ui.absent_poster import AbsentPoster
from bot.discord_ui.poster import ChannelPoster
from bot.job import Job, JobState
from bot.jobs.ports import Where
from bot.media import Downloader, MediaDesk, MediaInspector
from bot.segmind import make_session
from tests import face_kit

LARGEST_BYTES = 500_000_000
LOOK_EVERY_S = 0.005
STATUS = Path("/proc/self/status")


def resident_bytes(field: str) -> int:
    """Return what Linux says of this process: VmRSS now, VmHWM at most."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def forget_peak() -> None:
    """Let the peak begin anew."""
    # 5: "reset the peak resident set size", as Linux documents it.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@asynccontextmanager
async def measured(found: dict[str, Any]) -> AsyncIterator[None]:
    """Note the peak of memory over what there was, and how late the loop was."""
    forget_peak()
    before, began_s, lags_ms = resident_bytes("VmRSS"), time.monotonic(), []

    async def look() -> None:
        while True:
            due_s = time.monotonic() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            lags_ms.append(1000 * (time.monotonic() - due_s))

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        peak = resident_bytes("VmHWM")
        found |= {
            "peak_mb": round((peak - before) / 1e6, 1),
            "resident_mb": round(peak / 1e6, 1),
            "lag_p99_ms": round(kit.percentile(lags_ms, 99), 1),
            "lag_most_ms": round(max(lags_ms), 1),
            "took_s": round(time.monotonic() - began_s, 2),
        }


class NoJobs:
    """What it posts was made from nothing else."""

    async def get(self, job_id: int) -> Job | None:
        """Return none."""
        raise LookupError(job_id)


class Carrier:
    """The bot's hands."""

    def __init__(self, client: discord.Client, media: MediaDesk, channel_id: int) -> None:
        absent = AbsentPoster(client, on_placed=_not_kept)
        self._poster = ChannelPoster(client, absent, prices=face_kit.PRICES, jobs=NoJobs())
        self._media = media
        self._channel_id = channel_id
        self._carried = 0

    async def carry(self, url: str, folder: Path) -> None:
        """Fetch a video, check it, and post it."""
        self._carried += 1
        job = face_kit.job(
            JobState.FINISHED,
            id=1400000000000000000 + self._carried,
            guild_id=None,
            channel_id=self._channel_id,
            upload_limit_bytes=LARGEST_BYTES,
        )
        path = folder / f"{self._carried}.mp4"
        video = await self._media.fetch_video(url, path)
        await self._poster.post_video(job, video, Where.of(job))
        await asyncio.to_thread(path.unlink)

    async def check(self, url: str) -> None:
        """Fetch a picture and check it."""
        await self._media.check_image(url)


async def _not_kept(_job_id: int, _message_id: int) -> None:
    """Stand for the database; the bot is where these videos go."""


async def run(folder: Path) -> None:
    """Do as wished until there are no more wishes."""
    redirect(os.environ["DISCORD_API_BASE"], None)
    async with discord.Client(intents=discord.Intents.none()) as client, make_session() as session:
        await client.login(os.environ["DISCORD_TOKEN"])
        downloader = Downloader(session, allowed_hosts=("127.0.0.1",), allow_http=True)
        media = MediaDesk(downloader, MediaInspector(), video_max_bytes=LARGEST_BYTES)
        carrier = Carrier(client, media, int(os.environ["CHANNEL_ID"]))
        while line := await asyncio.to_thread(sys.stdin.readline):
            wish: dict[str, list[str]] = json.loads(line)
            found: dict[str, Any] = {}
            async with measured(found):
                await asyncio.gather(
                    *(carrier.carry(url, folder) for url in wish.get("videos", ())),
                    *(carrier.check(url) for url in wish.get("pictures", ())),
                )
            print(json.dumps(found), flush=True)


def main() -> None:
    """Run."""
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(Path(name)))


if __name__ == "__main__":
    main()
