"""Thumbnails from real MP4s, and from files that are none."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.errors import MediaError, NoThumbnailError
from bot.media.thumbnail import THUMBNAIL_MAX_BYTES, thumbnail_of
from tests.segmind_far_end import noisy_mp4, tiny_mp4

SECONDS, RATE = 6, 10
COLOURS = ((220, 20, 20), (20, 200, 20), (20, 20, 220))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Six seconds: red, then from a third on green, then from two thirds on blue."""
    path = tmp_path / "clip.mp4"
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(SECONDS * RATE):
            colour = COLOURS[number * 3 // (SECONDS * RATE)]
            pixels = np.full((360, 640, 3), colour, dtype=np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    return path


def opened(data: bytes) -> Image.Image:
    """Return the picture."""
    return Image.open(io.BytesIO(data))


def test_it_is_the_picture_a_third_into_the_clip(clip: Path) -> None:
    """Not the first one, which of a video made from a picture is that picture."""
    picture = opened(thumbnail_of(clip))
    pixel = picture.convert("RGB").getpixel((160, 90))

    assert (picture.format, picture.size) == ("WEBP", (320, 180))
    assert isinstance(pixel, tuple)
    assert pixel[1] > 150 > max(pixel[0], pixel[2])


def test_a_small_video_is_not_blown_up(tmp_path: Path) -> None:
    """Its thumbnail has its own size."""
    path = tmp_path / "v.mp4"
    path.write_bytes(tiny_mp4())

    assert opened(thumbnail_of(path)).size == (64, 48)


def test_noise_is_made_coarser_until_it_is_light_enough(tmp_path: Path) -> None:
    """What compresses worst stays below the limit, too."""
    path = tmp_path / "v.mp4"
    path.write_bytes(noisy_mp4(1, 320, 240))

    data = thumbnail_of(path)

    assert 1000 < len(data) <= THUMBNAIL_MAX_BYTES
    assert opened(data).format == "WEBP"


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"\0\0\0\x18ftypmp42" + b"\0" * 5000], ids=["empty", "page", "head"]
)
def test_what_is_no_video_yields_none(tmp_path: Path, data: bytes) -> None:
    """An error of the kind that costs the thumbnail and nothing else."""
    path = tmp_path / "v.mp4"
    path.write_bytes(data)

    with pytest.raises(NoThumbnailError):
        thumbnail_of(path)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=40), st.floats(0.05, 1))
def test_damage_costs_the_thumbnail_at_most(
    tmp_path: Path, at: int, bytes_instead: bytes, kept: float
) -> None:
    """Wherever the file is cut or overwritten: a small picture, or the one error."""
    data = bytearray(tiny_mp4())
    at %= len(data)
    data[at : at + len(bytes_instead)] = bytes_instead
    path = tmp_path / "v.mp4"
    path.write_bytes(data[: int(len(data) * kept)])
    try:
        picture = thumbnail_of(path)
    except MediaError as error:
        outcome: object = type(error)
    else:
        outcome = opened(picture).format

    assert outcome in {NoThumbnailError, "WEBP"}
