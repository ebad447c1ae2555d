"""The videos that could not be delivered: kept on disk for a while, to be sent again."""

import asyncio
import logging
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.job import Job, JobState

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=7)
# A job's number; what else is in the folder is not ours.
_NAME = re.compile(r"([0-9]{1,19})\.(?:mp4|part)", re.ASCII)
# Kept just before it is noted, and still wanted until the delivery is noted.
_WANTED_IN = frozenset({JobState.FINISHED, JobState.UNDELIVERED})


class KnownJobs(Protocol):
    """The jobs, one by one."""

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None; also when it was forgotten."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Kept:
    job_id: int
    path: Path
    size_bytes: int
    kept_at: datetime


class KeptVideos:
    """A folder with one file a job; it never holds more than it may, and nothing for long.

    Several processes can share it. One with a folder of its own may lack what another has kept.
    """

    def __init__(
        self, folder: Path, *, jobs: KnownJobs, max_bytes: int, now: Callable[[], datetime]
    ) -> None:
        """Make one.

        Args:
            folder: Made when it is first needed.
            jobs: Which say whether a file is still wanted.
            max_bytes: Of all files together; 0 keeps none.
            now: The time, aware.
        """
        self._folder = folder
        self._jobs = jobs
        self._max_bytes = max_bytes
        self._now = now

    def path(self, job_id: int) -> Path:
        """Return where a job's video is, if it is kept."""
        return self._folder / f"{job_id}.mp4"

    async def keep(self, job_id: int, video: Path) -> None:
        """Take a file in; it is gone from where it was. Never raises for a full disk."""
        try:
            await asyncio.to_thread(self._take_in, job_id, video)
        except OSError as error:
            log.warning("job %s: its video cannot be kept: %s", job_id, error)
            return
        await self.tidy()

    async def drop(self, job_id: int) -> None:
        """Remove a job's file, if there is one."""
        await _remove(self.path(job_id))

    async def tidy(self) -> None:
        """Remove what `surplus` finds."""
        for path in await self.surplus():
            await _remove(path)

    async def surplus(self) -> list[Path]:
        """Return what is too old, of a job that needs it no more, and the oldest of too much."""
        size_bytes, found = 0, []
        for kept in await asyncio.to_thread(self._newest_first):
            if kept.kept_at < self._now() - KEPT_FOR or not await self._is_wanted(kept.job_id):
                found.append(kept.path)
            elif size_bytes + kept.size_bytes > self._max_bytes:
                log.info("job %s: its video is kept no longer, for want of room", kept.job_id)
                found.append(kept.path)
            else:
                size_bytes += kept.size_bytes
        return found

    async def _is_wanted(self, job_id: int) -> bool:
        job = await self._jobs.get(job_id)
        return job is not None and job.state in _WANTED_IN and job.removed_at is None

    def _take_in(self, job_id: int, video: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        target, half = self.path(job_id), self._folder / f"{job_id}.part"
        try:
            # A move within one file system is at once; across two, half a file is never used.
            shutil.move(video, half)
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)
        kept_s = self._now().timestamp()
        os.utime(target, (kept_s, kept_s))

    def _newest_first(self) -> list[_Kept]:
        if not self._folder.is_dir():
            return []
        found = [kept for path in self._folder.iterdir() if (kept := _kept(path)) is not None]
        return sorted(found, key=_kept_at, reverse=True)


async def _remove(path: Path) -> None:
    await asyncio.to_thread(path.unlink, missing_ok=True)


def _kept(path: Path) -> _Kept | None:
    """Return a file of ours, with a half one that a killed process left; None for others."""
    name = _NAME.fullmatch(path.name)
    if name is None or path.is_symlink():
        return None
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None  # another process has just removed it
    return _Kept(
        job_id=int(name[1]),
        path=path,
        size_bytes=facts.st_size,
        kept_at=datetime.fromtimestamp(facts.st_mtime, UTC),
    )


def _kept_at(kept: _Kept) -> datetime:
    return kept.kept_at
