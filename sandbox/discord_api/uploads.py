"""Reads request bodies: plain JSON, or multipart with `payload_json` and `files[n]`."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import BodyPartReader, web

from sandbox.discord_api.errors import ApiError, form_error, invalid_json, upload_too_large
from sandbox.discord_api.wire import Json

CHUNK_BYTES = 1 << 18
MOST_FILES = 10
FILE_FIELD = re.compile(r"files?\[?(\d*)\]?")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file part, already on disk. `index` is the n of `files[n]`."""

    index: str
    filename: str
    path: Path
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Body:
    """A request body."""

    payload: Json
    uploads: tuple[Upload, ...] = ()


def safe_name(filename: str) -> str:
    """A file's name as Discord keeps it: no folders, no blanks, no odd characters."""
    return re.sub(r"[^\w.\-]+", "_", Path(filename).name, flags=re.ASCII)[:260] or "unknown"


def parse_object(text: str | bytes) -> Json:
    """The JSON object of a body.

    Raises:
        ApiError: 50109 when it is not JSON, 50035 when it is not an object.
    """
    try:
        payload: Any = json.loads(text or "{}")
    except ValueError as error:
        raise invalid_json() from error
    if not isinstance(payload, dict):
        raise form_error((), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    return payload


async def read_body(request: web.Request, folder: Path, *, limit_bytes: int) -> Body:
    """The body of a request, its files written to `folder`.

    Raises:
        ApiError: 413 (40005) when a file exceeds `limit_bytes`; 50109, 50035 for bad JSON.
    """
    if not request.content_type.startswith("multipart/"):
        return Body(payload=parse_object(await request.read()))
    try:
        return await _read_parts(request, folder, limit_bytes=limit_bytes)
    except ValueError as error:  # what aiohttp raises for a broken multipart body
        raise form_error((), "CONTENT_TYPE_INVALID", f"Broken multipart body: {error}") from error


async def _read_parts(request: web.Request, folder: Path, *, limit_bytes: int) -> Body:
    payload: Json = {}
    uploads: list[Upload] = []
    too_large = False
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise form_error((), "MODEL_TYPE_CONVERT", "Nested multipart bodies are not read")
        name = part.name or ""
        field = FILE_FIELD.fullmatch(name)
        if name == "payload_json":
            payload = parse_object(await part.read(decode=True))
        elif field is None:
            payload.setdefault(name, await part.text())
        else:
            index = field[1] or str(len(uploads))
            upload = await _store(part, index, folder, limit_bytes=limit_bytes)
            too_large = too_large or upload is None
            uploads += [upload] if upload else []
    if too_large:
        await asyncio.to_thread(discard, uploads)
        raise upload_too_large()
    if len(uploads) > MOST_FILES:
        await asyncio.to_thread(discard, uploads)
        raise ApiError(400, 30015, "Maximum number of attachments in a message reached (10)")
    return Body(payload=payload, uploads=tuple(uploads))


def discard(uploads: list[Upload]) -> None:
    """Removes the files of uploads that are not used."""
    for upload in uploads:
        upload.path.unlink(missing_ok=True)


async def _store(
    part: BodyPartReader, index: str, folder: Path, *, limit_bytes: int
) -> Upload | None:
    filename = safe_name(part.filename or "unknown")
    upload = await write_file(_chunks(part), filename, folder, limit_bytes=limit_bytes)
    return None if upload is None else replace(upload, index=index)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK_BYTES):
        yield chunk


async def write_file(
    chunks: AsyncIterator[bytes], filename: str, folder: Path, *, limit_bytes: int
) -> Upload | None:
    """Writes an upload to a file of the folder; None (and no file) when it is too large.

    What is too large is still read to its end: a client that is cut off while sending sees a
    broken connection instead of the 413.
    """
    path = folder / uuid4().hex
    size = 0
    with await asyncio.to_thread(path.open, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size <= limit_bytes:
                await asyncio.to_thread(file.write, chunk)
    if size > limit_bytes:
        await asyncio.to_thread(path.unlink)
        return None
    return Upload(index="", filename=filename, path=path, size_bytes=size)
