"""Is a downloaded file a video, and all of it?"""

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import DownloadInterruptedError, MediaError, NotAVideoError
from bot.media import VideoFile
from bot.media.video import probe_video

FRAMES, RATE = 24, 12
WriteVideo = Callable[..., Path]


def write_video(path: Path, *, movflags: str = "") -> Path:
    """Write two seconds of 64 x 48 pixels, changing from picture to picture."""
    options = {"movflags": movflags} if movflags else {}
    with av.open(path, "w", options=options) as output:
        stream = output.add_stream("libx264", rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(FRAMES):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                noise = bytes((index * 37 + n * n) % 256 for n in range(plane.buffer_size))
                plane.update(noise)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_a_video_is_described(tmp_path: Path) -> None:
    """Size, length, pixels and codec come from the file itself."""
    path = write_video(tmp_path / "v.mp4")

    video = probe_video(path)

    assert video == VideoFile(
        path=path,
        size_bytes=path.stat().st_size,
        duration_s=FRAMES / RATE,
        width=64,
        height=48,
        codec="h264",
        pictures_per_s=RATE,
        has_sound=False,
    )


@pytest.mark.parametrize("movflags", ["faststart", "frag_keyframe+empty_moov"])
def test_other_ways_to_lay_out_an_mp4_are_read(tmp_path: Path, movflags: str) -> None:
    """Index first, or in fragments."""
    video = probe_video(write_video(tmp_path / "v.mp4", movflags=movflags))

    assert video.duration_s == pytest.approx(FRAMES / RATE, abs=0.1)


def test_a_trimmed_video_is_whole(tmp_path: Path) -> None:
    """An edit list hides pictures at the start: they are not missing."""
    source, path = write_video(tmp_path / "v.mp4"), tmp_path / "trimmed.mp4"
    with av.open(source) as given_file, av.open(path, "w") as output:
        stream = output.add_stream_from_template(given_file.streams.video[0])
        for packet in given_file.demux(video=0):
            if packet.dts is None or packet.pts is None:
                continue
            packet.stream = stream
            shift = int(0.75 / packet.time_base)
            packet.dts, packet.pts = packet.dts - shift, packet.pts - shift
            output.mux(packet)

    assert probe_video(path).codec == "h264"


@pytest.mark.parametrize("movflags", ["", "faststart"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_video_is_worth_another_try(tmp_path: Path, movflags: str, kept: float) -> None:
    """Wherever it was cut, and wherever its index is."""
    path = write_video(tmp_path / "v.mp4", movflags=movflags)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])

    with pytest.raises(DownloadInterruptedError):
        probe_video(path)


@pytest.mark.parametrize(
    ("missing", "words"), [(0, "after 10 of 24 pictures"), (3, "breaks off at picture 10")]
)
def test_a_truncated_video_of_open_length_says_how_far_it_goes(
    tmp_path: Path, missing: int, words: str
) -> None:
    """Its last box reaches to the end of the file: only the pictures tell what is missing."""
    path = write_video(tmp_path / "v.mp4", movflags="faststart")
    with av.open(path) as container:
        ends = [p.pos + p.size for p in container.demux(video=0) if p.pos is not None and p.size]
    data = path.read_bytes()
    box = data.index(b"mdat") - 4
    path.write_bytes((data[:box] + bytes(4) + data[box + 4 :])[: sorted(ends)[9] - missing])

    with pytest.raises(DownloadInterruptedError, match=words):
        probe_video(path)


def test_a_video_without_a_picture_is_none(tmp_path: Path) -> None:
    """Headers of a video, and nothing in it."""
    path = tmp_path / "v.mp4"
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        output.start_encoding()

    with pytest.raises(NotAVideoError, match="no moving picture"):
        probe_video(path)


def test_a_large_box_is_followed(tmp_path: Path) -> None:
    """Boxes above 4 GB write their size elsewhere; FFmpeg reads such sizes for small ones too."""
    path = write_video(tmp_path / "v.mp4")
    path.write_bytes(
        path.read_bytes() + b"\x00\x00\x00\x01free" + (24).to_bytes(8, "big") + bytes(8)
    )

    assert probe_video(path).codec == "h264"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html><body>Not found</body></html>", "a web page"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "a WebM or Matroska video, not an MP4"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"#EXTM3U\nhttp://127.0.0.1/\n", "a text file"),
    ],
)
def test_another_kind_of_file_is_no_video(tmp_path: Path, data: bytes, words: str) -> None:
    """Downloading it again would give the same."""
    path = tmp_path / "v.mp4"
    path.write_bytes(data)

    with pytest.raises(NotAVideoError, match=words):
        probe_video(path)


@pytest.mark.parametrize("size", [2, 7])
def test_a_box_shorter_than_its_own_header_is_damage(tmp_path: Path, size: int) -> None:
    """Nothing is searched through byte by byte."""
    path = write_video(tmp_path / "v.mp4")
    path.write_bytes(path.read_bytes() + size.to_bytes(4, "big") + b"free" + bytes(8))

    with pytest.raises(DownloadInterruptedError, match="damaged"):
        probe_video(path)


def test_an_index_that_points_into_nothing_is_damage(tmp_path: Path) -> None:
    """The boxes fit, the pictures are zeros."""
    path = write_video(tmp_path / "v.mp4", movflags="faststart")
    data = path.read_bytes()
    pictures = data.index(b"mdat") + 4
    path.write_bytes(data[:pictures] + bytes(len(data) - pictures))

    with pytest.raises(MediaError):
        probe_video(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    """An MP4 may hold no picture at all."""
    path = tmp_path / "v.mp4"
    with av.open(path, "w") as output:
        stream = output.add_stream("aac", rate=44100, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(bytes(4096))
        frame.sample_rate = 44100
        output.mux([*stream.encode(frame), *stream.encode(None)])

    with pytest.raises(NotAVideoError, match="no moving picture"):
        probe_video(path)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a real video."""
    return write_video(tmp_path_factory.mktemp("v") / "v.mp4", movflags="faststart").read_bytes()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_bytes_raise_anything_but_a_media_error(
    tmp_path: Path, sample: bytes, data: st.DataObject
) -> None:
    """Whatever arrives: a video, or an error of our tree."""
    broken = bytearray(sample)
    places = st.integers(0, len(broken) - 1)
    for at, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=10)):
        broken[at] = byte
    path = tmp_path / "v.mp4"
    path.write_bytes(bytes(broken[: data.draw(places | st.none())]))

    try:
        outcome: object = probe_video(path)
    except MediaError as error:
        outcome = str(error)

    assert outcome
