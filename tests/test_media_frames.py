"""The first and the last picture of a video."""

import io
from pathlib import Path

import pytest
from PIL import Image

from bot.errors import NotAVideoError
from bot.media.frames import frame_of
from tests.results_room import FIRST, LAST, colour_of, in_steps, red_to_blue


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A video from red to blue."""
    path = tmp_path / "v.mp4"
    path.write_bytes(red_to_blue())
    return path


@pytest.mark.parametrize(("last", "colour"), [(False, FIRST), (True, LAST)])
def test_a_frame_is_a_whole_picture(video: Path, last: bool, colour: tuple[int, ...]) -> None:
    """As a JPEG of the video's size."""
    data = frame_of(video, last=last)

    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (128, 96))
    assert colour_of(data) == in_steps(colour)


@pytest.mark.parametrize("kept", [0, 40, 900])
def test_what_is_no_video_has_no_frame(video: Path, kept: int) -> None:
    """Cut off anywhere, it is refused and nothing else."""
    video.write_bytes(video.read_bytes()[:kept])

    with pytest.raises(NotAVideoError):
        frame_of(video, last=True)


def test_a_video_of_one_picture_begins_and_ends_with_it(tmp_path: Path) -> None:
    """There is nothing to seek."""
    path = tmp_path / "one.mp4"
    path.write_bytes(red_to_blue(pictures=1))

    assert colour_of(frame_of(path, last=True)) == in_steps(FIRST)
