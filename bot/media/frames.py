"""One picture of a video, as a file: from its first, or its last, to go on from."""

import io
from collections import deque
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from bot.errors import NotAVideoError
from bot.media.limits import DECODER_THREADS
from bot.media.sniff import hostile_bytes

_JPEG_QUALITY = 95


def frame_of(path: Path, *, last: bool) -> bytes:
    """Return the first or the last picture of an MP4 as a JPEG. CPU and disk work: for a `Decoder`.

    Raises:
        NotAVideoError: No picture can be read.
    """
    refusal = NotAVideoError("No picture of the video can be read.")
    with (
        hostile_bytes(refusal),
        # The demuxer is given, never guessed: some of FFmpeg's others open files and addresses.
        av.open(path, "r", format="mp4") as container,
    ):
        container.streams.video[0].thread_count = DECODER_THREADS
        frame = _last(container) if last else next(container.decode(video=0), None)
        if frame is None:
            raise refusal
        out = io.BytesIO()
        picture = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV gives it no types
        picture.save(out, "JPEG", quality=_JPEG_QUALITY)
        return out.getvalue()


def _last(container: InputContainer) -> VideoFrame | None:
    """Decode from the last key picture to the end: some videos have only one, at their start."""
    stream = container.streams.video[0]
    if stream.duration is not None:
        container.seek((stream.start_time or 0) + stream.duration, stream=stream)
    frames: deque[VideoFrame] = deque(container.decode(stream), maxlen=1)
    return frames.pop() if frames else None
