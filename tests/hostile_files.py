"""Files made to hurt whoever opens them. All are small: what they claim is large."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import av
from PIL import Image

HUGE = 0xFFFF_FFFF
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, pixels: bytes, *chunks: bytes) -> bytes:
    """Return a PNG that claims a size, with these bytes for its pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(pixels, 9))
    return PNG_MAGIC + header + b"".join(chunks) + body + png_chunk(b"IEND", b"")


def riff(kind: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a RIFF file: a WebP or a WAV."""
    body = kind
    for name, data in chunks:
        body += name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return an MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full_box(kind: bytes, *parts: bytes) -> bytes:
    """Return an MP4 box of version 0 without flags."""
    return box(kind, bytes(4), *parts)


def nested(kind: bytes, depth: int) -> bytes:
    """Return boxes in boxes."""
    sizes = range(8 * depth, 0, -8)
    return b"".join(struct.pack(">I", size) + kind for size in sizes)


def _plain(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 60).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


def _gif_of_frames(count: int) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", 65, 65, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return screen + frame * count + b";"


def _gif_of_claims() -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", 65, 65, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 65_535, 65_535, 65_535, 65_535, 0)
    return screen + frame + b"\x02\x02\x44\x01\x00;"


def _webp_canvas(width: int, height: int, frames: int) -> bytes:
    still = _plain("WEBP", lossless=True)[12:]
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    place = bytes(6) + (199).to_bytes(3, "little") * 2 + bytes(4)
    tiny = io.BytesIO()
    Image.new("RGB", (1, 1)).save(tiny, "WEBP", lossless=True)
    small = bytes(12) + bytes(4) + tiny.getvalue()[12:]
    return riff(
        b"WEBP",
        (b"VP8X", b"\x02\0\0\0" + sides),
        (b"ANIM", bytes(6)),
        (b"ANMF", place + still),
        *[(b"ANMF", small)] * frames,
    )


PICTURES: Mapping[str, Callable[[], bytes]] = {
    "png-truncated": lambda: _plain("PNG")[:5000],
    "png-30000x30000": lambda: png(30_000, 30_000, bytes(90_001)),
    "png-2-billion-wide": lambda: png(2**31 - 1, 2**31 - 1, b""),
    "png-pixels-of-a-gigabyte-in-text": lambda: png(
        200, 200, b"", png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(100_000_000), 9))
    ),
    "png-colours-of-100-megabytes": lambda: png(
        200, 200, b"", png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(100_000_000), 9))
    ),
    "gif-truncated": lambda: _plain("GIF")[:5000],
    "gif-65535x65535": lambda: b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b";",
    "gif-a-frame-beyond-its-screen": _gif_of_claims,
    "webp-truncated": lambda: _plain("WEBP", lossless=True)[:5000],
    "webp-16383x16383": lambda: _webp_canvas(16_383, 16_383, 1),
    "webp-frames-outside": lambda: _webp_canvas(100, 100, 10),
}
# What decodes: the first picture is used, whatever comes after it.
ENDLESS: Mapping[str, Callable[[], bytes]] = {
    "png-more-pixels-than-it-says": lambda: png(200, 200, bytes(100_000_000)),
    "png-four-billion-frames": lambda: png(
        200, 200, bytes(200 * 601), png_chunk(b"acTL", struct.pack(">II", HUGE, 0))
    ),
    "gif-300000-frames": lambda: _gif_of_frames(300_000),
    "webp-ten-thousand-frames": lambda: _webp_canvas(200, 200, 10_000),
}


def png_of_chunks(count: int) -> bytes:
    """Return a whole PNG with so many empty parts."""
    whole = png(200, 200, bytes(200 * 601))
    return whole[:33] + png_chunk(b"abCd", b"") * count + whole[33:]


def wav(*, rate_hz: int = 8000, channels: int = 1, data: bytes = b"", claims: int = 0) -> bytes:
    """Return a WAV whose header may claim more bytes than there are."""
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * channels & HUGE, channels, 8)
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body = head + b"data" + struct.pack("<I", claims or len(data)) + data
    return b"RIFF" + struct.pack("<I", claims or len(body)) + body


def id3(claims: int) -> bytes:
    """Return the head of an ID3 tag that claims a length."""
    return b"ID3\x04\0\0" + bytes(claims >> shift & 0x7F for shift in (21, 14, 7, 0))


_MP3_FRAME = b"\xff\xfb\x90\x00"
SOUNDS: Mapping[str, Callable[[], bytes]] = {
    "wav-truncated": lambda: wav(data=bytes(8000))[:30],
    "wav-claims-4-gb": lambda: wav(data=bytes(8000), claims=HUGE),
    "wav-65535-channels": lambda: wav(channels=65_535, data=bytes(100_000)),
    "wav-4-billion-hertz": lambda: wav(rate_hz=HUGE, data=bytes(100_000)),
    "wav-1-hertz": lambda: wav(rate_hz=1, data=bytes(1_000_000)),
    "wav-lists-in-lists": lambda: riff(
        b"WAVE", (b"LIST", b"INFO" + b"LIST\xff\xff\xff\x7fINFO" * 10_000)
    ),
    "mp3-truncated": lambda: _MP3_FRAME + bytes(100),
    "mp3-of-junk": lambda: _MP3_FRAME + bytes(range(255)) * 10_000,
    "mp3-tag-of-250-mb": lambda: id3(250_000_000) + bytes(1000),
    "mp3-tags-for-ever": lambda: id3(0) * 100_000,
    "mp3-frames-without-sound": lambda: (_MP3_FRAME + bytes(413)) * 10_000,
}


def _track(*, width: int, height: int, stts: tuple[int, int], sizes: int, edits: int) -> bytes:
    config = box(b"avcC", b"\x01\x64\x00\x28\xff\xe0\x00")
    entry = box(
        b"avc1", bytes(6), b"\0\1", bytes(16), struct.pack(">HH", width, height), bytes(50), config
    )
    table = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), entry),
        full_box(b"stts", struct.pack(">III", 1, *stts)),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, HUGE, 1)),
        full_box(b"stsz", struct.pack(">II", 1, sizes)),
        full_box(b"stco", struct.pack(">II", 1, 40)),
    )
    media = box(
        b"mdia",
        full_box(b"mdhd", bytes(8), struct.pack(">II", 1000, HUGE), bytes(4)),
        full_box(b"hdlr", bytes(4), b"vide", bytes(13)),
        box(b"minf", table),
    )
    edit = struct.pack(">III", 1, 0, 0x10000)
    lists = box(
        b"edts", full_box(b"elst", struct.pack(">I", edits or 1), edit * min(edits, 50_000))
    )
    head = full_box(b"tkhd", bytes(8), struct.pack(">II", 1, 0), bytes(60), bytes(8))
    return box(b"trak", head, lists, media)


def movie(
    *,
    width: int = 64,
    height: int = 64,
    stts: tuple[int, int] = (1, 1),
    sizes: int = 1,
    edits: int = 0,
) -> bytes:
    """Return an MP4 whose tables may claim anything; there is one byte of pictures."""
    start = box(b"ftyp", b"isom", bytes(4), b"isomavc1") + box(b"mdat", b"\0" * 16)
    header = full_box(b"mvhd", bytes(8), struct.pack(">II", 1000, HUGE), bytes(80))
    track = _track(width=width, height=height, stts=stts, sizes=sizes, edits=edits)
    return start + box(b"moov", header, track)


def real_movie() -> bytes:
    """Return an MP4 of five pictures that is what it says."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        picture = av.VideoFrame.from_image(Image.effect_noise((64, 64), 60).convert("RGB"))  # type: ignore[no-untyped-call]  # PyAV gives it no types
        for _ in range(5):
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return buffer.getvalue()


_START = box(b"ftyp", b"isom", bytes(4), b"isommp41")
MOVIES: Mapping[str, Callable[[], bytes]] = {
    "mp4-truncated": lambda: real_movie()[:-200],
    "mp4-65535x65535": lambda: movie(width=65_535, height=65_535),
    "mp4-four-billion-durations": lambda: movie(stts=(HUGE, 1)),
    "mp4-four-billion-pictures": lambda: movie(sizes=HUGE),
    "mp4-four-billion-edits": lambda: movie(edits=HUGE),
    "mp4-50000-edits": lambda: movie(edits=50_000),
    "mp4-nested-10000-deep": lambda: _START + nested(b"moov", 10_000),
    "mp4-a-hundred-thousand-boxes": lambda: _START + box(b"free") * 100_000,
    "mp4-a-box-of-16-exabytes": lambda: _START + b"\0\0\0\1mdat" + b"\xff" * 8,
}


def written(folder: Path, name: str) -> Path:
    """Write one of the movies; return where it is."""
    path = folder / f"{name}.mp4"
    path.write_bytes(MOVIES[name]())
    return path
