"""Attachments: kept in a folder, looked at once, handed out under signed and expiring addresses."""

import asyncio
import hashlib
import hmac
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from urllib.parse import quote, urlsplit

import av
from aiohttp import web
from PIL import Image, UnidentifiedImageError

from sandbox.discord_api.wire import Clock, Json

URL_LIFE_S = 24 * 3600
SIGN_EVERY_S = 3600  # within an hour an address stays the same, so a playing video is not reloaded

ATTACHMENT_PATH = re.compile(r"/(?:ephemeral-)?attachments/[0-9]+/[0-9]+/[^/]+")

# What Discord answers for names that Python's table does not know everywhere.
EXTRA_TYPES = {".webp": "image/webp", ".heic": "image/heic", ".heif": "image/heif"}


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A stored file. `content_type` follows from its name: the uploader's word, not a check."""

    id: str
    place: str  # the channel's id; the application's for an ephemeral one
    filename: str
    path: Path
    size_bytes: int
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    description: str | None = None
    ephemeral: bool = False


def content_type_of(filename: str) -> str | None:
    """The type that a file's name claims."""
    guessed = mimetypes.guess_type(filename)[0]
    return guessed or EXTRA_TYPES.get(Path(filename).suffix.lower())


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The size of an image or video in pixels, and a video's length."""

    width: int | None = None
    height: int | None = None
    duration_s: float | None = None


def look_at(path: Path, content_type: str | None) -> Picture:
    """The size of a picture or video; empty when the file is not what its name says."""
    kind = (content_type or "").partition("/")[0]
    try:
        if kind == "image":
            with Image.open(path) as image:
                return Picture(width=image.width, height=image.height)
        if kind == "video":
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                length = container.duration / av.time_base if container.duration else None
                return Picture(width=stream.width, height=stream.height, duration_s=length)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        av.error.FFmpegError,
        IndexError,
        OSError,
        ValueError,
    ):
        return Picture()
    return Picture()


class FileStore:
    """Where attachments live."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.base_url = ""
        self._clock = clock
        self._secret = token_bytes(32)
        self._attachments: dict[str, Attachment] = {}

    async def add(
        self,
        path: Path,
        *,
        attachment_id: str,
        place: str,
        filename: str,
        description: str | None = None,
        ephemeral: bool = False,
    ) -> Attachment:
        """Takes over a file of the folder as an attachment."""
        content_type = content_type_of(filename)
        size = (await asyncio.to_thread(path.stat)).st_size
        picture = await asyncio.to_thread(look_at, path, content_type)
        attachment = Attachment(
            id=attachment_id,
            place=place,
            filename=filename,
            path=path,
            size_bytes=size,
            content_type=content_type,
            width=picture.width,
            height=picture.height,
            duration_s=picture.duration_s,
            description=description,
            ephemeral=ephemeral,
        )
        self._attachments[attachment_id] = attachment
        return attachment

    def _signature(self, path: str, expires: str, issued: str) -> str:
        message = f"{path}?ex={expires}&is={issued}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()

    def url(self, attachment: Attachment) -> str:
        """A fresh address, good for 23 to 24 hours."""
        room = "ephemeral-attachments" if attachment.ephemeral else "attachments"
        return self._signed(
            f"/{room}/{attachment.place}/{attachment.id}/{quote(attachment.filename)}"
        )

    def refreshed(self, url: str) -> str | None:
        """A fresh address for an old one; None when it never was one of ours."""
        known = url.startswith(f"{self.base_url}/")
        path = urlsplit(url).path
        return self._signed(path) if known and ATTACHMENT_PATH.fullmatch(path) else None

    def _signed(self, path: str) -> str:
        issued_s = int(self._clock()) // SIGN_EVERY_S * SIGN_EVERY_S
        issued, expires = f"{issued_s:x}", f"{issued_s + URL_LIFE_S:x}"
        signature = self._signature(path, expires, issued)
        return f"{self.base_url}{path}?ex={expires}&is={issued}&hm={signature}&"

    def json(self, attachment: Attachment) -> Json:
        """The attachment object."""
        url = self.url(attachment)
        body: Json = {
            "id": attachment.id,
            "filename": attachment.filename,
            "size": attachment.size_bytes,
            "url": url,
            "proxy_url": url,
        }
        optional = {
            "content_type": attachment.content_type,
            "width": attachment.width,
            "height": attachment.height,
            "description": attachment.description,
            "ephemeral": attachment.ephemeral or None,
        }
        return body | {key: value for key, value in optional.items() if value is not None}

    def media_json(self, attachment: Attachment) -> Json:
        """The attachment as a component's media item."""
        url = self.url(attachment)
        return {
            "id": attachment.id,
            "url": url,
            "proxy_url": url,
            "width": attachment.width,
            "height": attachment.height,
            "content_type": attachment.content_type,
            "loading_state": 2,
            "attachment_id": attachment.id,
            "flags": 0,
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers a download, ranges included; 404 when the address is wrong or too old."""
        attachment = self._attachments.get(request.match_info["attachment_id"])
        if attachment is None or not self._valid(request, attachment):
            return web.Response(status=404, text="This content is no longer available.")
        return web.FileResponse(
            attachment.path,
            headers={
                "Content-Type": attachment.content_type or "application/octet-stream",
                "Cache-Control": "private, max-age=3600",
                "Access-Control-Allow-Origin": "*",
            },
        )

    def _valid(self, request: web.Request, attachment: Attachment) -> bool:
        expires, issued = request.query.get("ex", ""), request.query.get("is", "")
        expected = self._signature(request.rel_url.raw_path, expires, issued)
        if not hmac.compare_digest(expected, request.query.get("hm", "")):
            return False
        right_name = request.match_info["filename"] == attachment.filename
        return right_name and int(expires, 16) > self._clock()
