"""One small picture of a finished video, for lists: about a third into the clip, as WebP."""

import io
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image

from bot.errors import NoThumbnailError
from bot.media.limits import DECODER_THREADS
from bot.media.sniff import hostile_bytes

THUMBNAIL_MAX_BYTES = 20_000
THUMBNAIL_MAX_SIDE_PX = 320
_WHERE = 1 / 3
# The models make at most 1080p; a picture of this size takes some 50 MB to convert.
_MOST_PIXELS = 4096 * 4096
# From the last key picture on every picture must be decoded: clips have few of them.
_MOST_DECODED = 600
_QUALITIES = (75, 55, 35, 15)
_SMALLER = 0.7
_LEAST_SIDE_PX = 40


def thumbnail_of(path: Path) -> bytes:
    """Return a WebP of at most 320 x 320 pixels and 20,000 bytes. Work for a `Decoder`.

    Raises:
        NoThumbnailError: the file yields no picture.
    """
    with (
        hostile_bytes(NoThumbnailError("The video yields no picture.")),
        # The demuxer is given, never guessed: some of FFmpeg's others open files and addresses.
        av.open(path, "r", format="mp4") as container,
    ):
        return _encoded(_picture(container))


def _picture(container: InputContainer) -> Image.Image:
    """Return the picture a third into the clip, or the last one before that is decoded."""
    if not container.streams.video:
        raise NoThumbnailError("The file holds no moving picture.")
    stream = container.streams.video[0]
    if stream.width * stream.height > _MOST_PIXELS:
        raise NoThumbnailError(f"Pictures of {stream.width} x {stream.height} are too large.")
    stream.thread_count = DECODER_THREADS
    wanted_s = (container.duration or 0) / av.time_base * _WHERE
    container.seek(int(wanted_s * av.time_base))
    found = None
    for number, frame in enumerate(container.decode(stream), start=1):
        found = frame
        if number >= _MOST_DECODED or frame.time is None or frame.time >= wanted_s:
            break
    if found is None:
        raise NoThumbnailError("The file holds no picture that can be shown.")
    if found.width * found.height > _MOST_PIXELS:
        raise NoThumbnailError(f"A picture of {found.width} x {found.height} is too large.")
    picture: Image.Image = found.to_image()  # type: ignore[no-untyped-call] # PyAV types it not
    return picture


def _encoded(picture: Image.Image) -> bytes:
    """Return it as WebP: coarser, then smaller, until it is light enough."""
    side_px = float(THUMBNAIL_MAX_SIDE_PX)
    while side_px >= _LEAST_SIDE_PX:
        picture.thumbnail((int(side_px), int(side_px)), Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= THUMBNAIL_MAX_BYTES:
                return out.getvalue()
        side_px *= _SMALLER
    raise NoThumbnailError("No picture of it is light enough.")
