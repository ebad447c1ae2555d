"""What a file is, by its first bytes: names and content types are the uploader's word."""

import codecs
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import BotError
from bot.i18n import N_, gettext

_log = logging.getLogger(__name__)

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_BRANDS_END = 64  # where the list of compatible brands has surely been seen

# Where, which bytes, and what people call it. Only for saying what was given instead.
_NAMES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", N_("a PDF document")),
    (0, b"\x89PNG\r\n\x1a\n", N_("a PNG image")),
    (0, b"\xff\xd8\xff", N_("a JPEG image")),
    (0, b"GIF87a", N_("a GIF image")),
    (0, b"GIF89a", N_("a GIF image")),
    (8, b"WEBP", N_("a WebP image")),
    (8, b"WAVE", N_("a WAV audio file")),
    (4, b"ftyphei", N_("a HEIC image")),
    (4, b"ftypmif1", N_("a HEIC image")),
    (4, b"ftypavi", N_("an AVIF image")),
    (4, b"ftypM4A", N_("an M4A audio file")),
    (4, b"ftyp", N_("an MP4 or QuickTime video")),
    (0, b"\x1a\x45\xdf\xa3", N_("a WebM or Matroska video")),
    (0, b"PK\x03\x04", N_("a ZIP archive or office document")),
    (0, b"OggS", N_("an Ogg file")),
    (0, b"fLaC", N_("a FLAC audio file")),
    (0, b"ID3", N_("an MP3 audio file")),
    (0, b"8BPS", N_("a Photoshop file")),
    (4, b"JXL ", N_("a JPEG XL image")),
    (0, b"\xff\x0a", N_("a JPEG XL image")),
    (4, b"jP  ", N_("a JPEG 2000 image")),
    (0, b"MZ", N_("a Windows program")),
    (0, b"\x7fELF", N_("a program")),
)


def image_format(data: bytes) -> str | None:
    """Return Pillow's name of the image format, or None when it is none that we take."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        found = "PNG"
    elif data.startswith(b"\xff\xd8\xff"):
        found = "JPEG"
    elif data.startswith((b"GIF87a", b"GIF89a")):
        found = "GIF"
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = "WEBP"
    elif data.startswith(b"BM"):
        found = "BMP"
    elif data.startswith((b"II*\x00", b"MM\x00*")):
        found = "TIFF"
    else:
        return _iso_image_format(data)
    return found


def _iso_image_format(data: bytes) -> str | None:
    """HEIC and AVIF share the container of MP4: the brands tell."""
    brands = _brands(data)
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def _brands(data: bytes) -> set[bytes]:
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), len(data), _BRANDS_END)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}


def audio_format(data: bytes) -> str | None:
    """Return FFmpeg's name of the demuxer, `wav` or `mp3`, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    # An ID3 tag, or a frame header: 11 set bits, then the two of MPEG layer III.
    frame = len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2  # noqa: PLR2004 - bits
    return "mp3" if frame or data.startswith(b"ID3") else None


def is_mp4(data: bytes) -> bool:
    """Return whether it is an MP4 (or QuickTime) file."""
    return data[4:8] == b"ftyp" and image_format(data) is None


def describe(data: bytes) -> str:
    """Return what the file is, in words for a sentence: "a PDF document"."""
    for at, magic, name in _NAMES:
        if data.startswith(magic, at):
            return gettext(name)
    head = data[:2048].lower()
    if b"<svg" in head:
        return gettext("an SVG drawing")
    if head.lstrip().startswith((b"<!doctype html", b"<html")):
        return gettext("a web page")
    return gettext("a text file") if _is_text(head) else gettext("a file of an unknown type")


def _is_text(head: bytes) -> bool:
    if any(byte < ord(" ") and byte not in b"\t\n\r\f" for byte in head):
        return False
    try:
        # The cut may fall within a character: not final.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def hostile_bytes(refusal: BotError) -> Iterator[None]:
    """Turn whatever a decoder raises on broken or malicious bytes into `refusal`."""
    try:
        yield
    except BotError:
        raise
    except Exception as error:  # decoders raise nearly anything, SyntaxError and MemoryError too
        _log.info("file refused: %s: %.200s", type(error).__name__, error)
        raise refusal from error
