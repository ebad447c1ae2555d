"""Real files for members to attach, made on the spot."""

import math
from array import array
from fractions import Fraction
from pathlib import Path

import av
import pillow_heif
from PIL import ExifTags, Image

_RATE_HZ = 44_100
_UPRIGHT_AFTER_QUARTER_TURN = 6  # EXIF: shown turned by 90 degrees clockwise
_ENCODERS = {".wav": "pcm_s16le", ".mp3": "mp3"}


def picture(path: Path, width_px: int = 192, height_px: int = 108) -> Path:
    """Writes a picture, in the format that its name says."""
    _colours(width_px, height_px).save(path)
    return path


def _colours(width_px: int, height_px: int) -> Image.Image:
    grey = Image.linear_gradient("L").resize((width_px, height_px))
    return Image.merge(
        "RGB", (grey, Image.radial_gradient("L").resize(grey.size), grey.rotate(180))
    )


def turned_photo(path: Path, width_px: int = 160, height_px: int = 90) -> Path:
    """Writes a JPEG as a phone held upright does: pixels lying, EXIF turning, with the place."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = _UPRIGHT_AFTER_QUARTER_TURN
    exif[ExifTags.Base.Make] = "Telephone"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (52.0, 30.0, 59.0)
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = (13.0, 22.0, 39.0)
    _colours(width_px, height_px).save(path, exif=exif)
    return path


def heic_photo(path: Path, width_px: int = 160, height_px: int = 96) -> Path:
    """Writes a HEIC photo."""
    pillow_heif.from_pillow(_colours(width_px, height_px)).save(path)
    return path


def pixel_bomb(path: Path, width_px: int = 10_000, height_px: int = 6_000) -> Path:
    """Writes a PNG of few bytes and many pixels."""
    Image.new("1", (width_px, height_px)).save(path, optimize=True)
    return path


def sound(path: Path, length_s: float = 4.0) -> Path:
    """Writes a tone, as WAV or MP3, as its name says."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(_ENCODERS[path.suffix], rate=_RATE_HZ, layout="mono")
        assert isinstance(stream, av.AudioStream)
        left, done = int(length_s * _RATE_HZ), 0
        while left > 0:
            count = min(left, 1152)
            frame = _tone(done, count)
            container.mux(stream.encode(frame))
            left, done = left - count, done + count
        container.mux(stream.encode(None))
    return path


def _tone(start: int, count: int) -> av.AudioFrame:
    wave = (math.sin(2 * math.pi * 440 * n / _RATE_HZ) for n in range(start, start + count))
    frame = av.AudioFrame(format="s16", layout="mono", samples=count)
    frame.planes[0].update(array("h", (int(8000 * value) for value in wave)).tobytes())
    frame.sample_rate = _RATE_HZ
    frame.pts, frame.time_base = start, Fraction(1, _RATE_HZ)
    return frame
