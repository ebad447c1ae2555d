"""A thumbnail of each finished video: made while it is handed over, from the file that is there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.errors import MediaError

log = logging.getLogger(__name__)

# After the video is posted: then the file goes. Seconds.
_PATIENCE_S = 5.0


class ThumbnailMaker(Protocol):
    """Makes small pictures."""

    async def thumbnail(self, path: Path) -> bytes:
        """Return one small picture of a video, as WebP; MediaError when it yields none."""
        ...


class ThumbnailStore(Protocol):
    """Keeps them."""

    async def keep_thumbnail(self, job_id: int, image: bytes, *, now: datetime) -> bool:
        """Keep it, unless the job has one, is forgotten, or its video was removed."""
        ...


class Thumbnails:
    """Makes and keeps them. Whatever goes wrong costs the thumbnail and nothing else."""

    def __init__(
        self,
        *,
        maker: ThumbnailMaker,
        store: ThumbnailStore,
        now: Callable[[], datetime],
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Make one.

        Args:
            maker: Makes small pictures.
            store: Keeps them.
            now: The time, aware.
            patience_s: How long the end of a delivery may be waited with.
        """
        self._maker = maker
        self._store = store
        self._now = now
        self._patience_s = patience_s

    @asynccontextmanager
    async def made_of(self, job_id: int, video: Path) -> AsyncIterator[None]:
        """Make a job's thumbnail while the block hands the video over; the block is never held up.

        After it the file may go: what is not done then has a few seconds more.
        """
        task = asyncio.create_task(self._made(job_id, video), name=f"thumbnail-{job_id}")
        try:
            yield
            await asyncio.wait({task}, timeout=self._patience_s)
        finally:
            if task.cancel():
                log.warning("job %s: no thumbnail: it took too long, or the bot stops", job_id)

    async def _made(self, job_id: int, video: Path) -> None:
        try:
            image = await self._maker.thumbnail(video)
            kept = await self._store.keep_thumbnail(job_id, image, now=self._now())
        except (MediaError, OSError) as error:
            log.warning("job %s: no thumbnail: %s", job_id, error)
        except Exception:  # a decoder's or the database's trouble must not reach the delivery
            log.exception("job %s: no thumbnail", job_id)
        else:
            log.info("job %s: thumbnail %s", job_id, "kept" if kept else "not needed")
