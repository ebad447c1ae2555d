"""Files on their way to Discord: in a folder of their own, packed when they are too large."""

import asyncio
import shutil
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def temporary_folder(parent: Path) -> AsyncIterator[Path]:
    """Give a folder that is gone afterwards, without touching the disk on the event loop."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=parent))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def fitted(path: Path, limit_bytes: int) -> Path:
    """Return the file, or a packed one when it is larger than the limit. Blocking.

    The packed one may be larger still: that is for the caller to look at.
    """
    if path.stat().st_size <= limit_bytes:
        return path
    packed = path.with_name(f"{path.name}.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    return packed
