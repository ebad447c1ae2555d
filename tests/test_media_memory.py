"""How much memory a picture may take: a member's few kilobytes can hold 40 megapixels."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ExifTags, Image

SIDE_PX = 4000
PIXEL_BYTES = 4  # what Pillow keeps of a pixel, RGB or RGBA
# A process of its own: what others need would hide in its peak.
MEASURE = """
import sys
from bot.media import MediaLimits
from bot.media.image import inspect_image

def peak_bytes():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

data, before = open(sys.argv[1], "rb").read(), peak_bytes()
assert inspect_image(data, limits=MediaLimits()).data is not None
print(peak_bytes() - before)
"""


def _turned(path: Path) -> Path:
    image = Image.new("RGB", (SIDE_PX, SIDE_PX))
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    image.save(path, exif=exif)
    return path


def _see_through(path: Path) -> Path:
    Image.new("RGBA", (SIDE_PX, SIDE_PX), (1, 2, 3, 9)).save(path)
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux counts it")
@pytest.mark.parametrize(
    ("make", "name", "copies"), [(_turned, "turned.jpg", 2.5), (_see_through, "thin.png", 2.8)]
)
def test_a_picture_is_not_copied_needlessly(
    tmp_path: Path, make: Callable[[Path], Path], name: str, copies: float
) -> None:
    """A rewritten picture is in memory as it came and as it goes, and no third time."""
    path = make(tmp_path / name)

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < copies * SIDE_PX * SIDE_PX * PIXEL_BYTES
