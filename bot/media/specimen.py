"""A tiny video, to see whether videos can be opened on this machine."""

from pathlib import Path

_SIDE_PX = 64
_PICTURES = 2
_PICTURES_PER_S = 8


def write_tiny_video(path: Path) -> None:
    """Write an MP4 of two pictures that show nothing. Blocking, some milliseconds."""
    import av  # noqa: PLC0415 - 30 MB that the bot's own process does without

    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=_PICTURES_PER_S)
        stream.width = stream.height = _SIDE_PX
        stream.pix_fmt = "yuv420p"
        for number in range(_PICTURES):
            picture = av.VideoFrame(_SIDE_PX, _SIDE_PX, "yuv420p")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
