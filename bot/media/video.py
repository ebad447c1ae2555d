"""Is a downloaded file a video, and all of it?"""

from pathlib import Path

import av
from av.container import InputContainer

from bot.errors import DownloadInterruptedError, NotAVideoError
from bot.media.facts import VideoFile
from bot.media.limits import DECODER_THREADS
from bot.media.sniff import describe, hostile_bytes, is_mp4

_HEAD_BYTES = 2048
_BOX_HEADER_BYTES = 8


def probe_video(path: Path) -> VideoFile:
    """Read an MP4 to its end and decode its first picture. CPU and disk work: for a `Decoder`.

    Raises:
        NotAVideoError: Another kind of file, or no picture in it.
        DownloadInterruptedError: A video, but damaged or not whole: download it again.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not is_mp4(head):
        raise NotAVideoError(
            f"The file is {describe(head) if head else 'empty'}, not an MP4 video."
        )
    _check_boxes(path)
    with (
        hostile_bytes(DownloadInterruptedError("The video is damaged or not whole.")),
        # The demuxer is given, never guessed: some of FFmpeg's others open files and addresses.
        # Without edit lists every picture that the header counts is really read.
        av.open(path, "r", format="mp4", options={"ignore_editlist": "1"}) as container,
    ):
        return _read_to_end(container, path)


def _check_boxes(path: Path) -> None:
    """An MP4 is a row of boxes that begin with their size: the last must end where the file does.

    FFmpeg itself plays what is there and does not mind a missing end.
    """
    total, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at + _BOX_HEADER_BYTES <= total:
            file.seek(at)
            header = file.read(2 * _BOX_HEADER_BYTES)
            size = int.from_bytes(header[:4], "big")
            if size == 0:  # up to the end of the file, wherever that is
                return
            if size == 1:  # too large for four bytes: eight more follow the name
                size = int.from_bytes(header[8:], "big")
            if size < _BOX_HEADER_BYTES:
                raise DownloadInterruptedError("The video is damaged.")
            at += size
    if at > total:
        raise DownloadInterruptedError(f"The video ends {at - total} bytes too early.")


def _read_to_end(container: InputContainer, path: Path) -> VideoFile:
    if not container.streams.video:
        raise NotAVideoError("The file holds no moving picture.")
    stream = container.streams.video[0]
    stream.thread_count = DECODER_THREADS
    duration_s = (container.duration or 0) / av.time_base
    packets, decoded = 0, False
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise DownloadInterruptedError(f"The video breaks off at picture {packets + 1}.")
        # The last packet is empty: it only makes the decoder give up what it still holds.
        packets += packet.size > 0
        decoded = decoded or bool(packet.decode())
    if packets < stream.frames:
        raise DownloadInterruptedError(
            f"The video ends after {packets} of {stream.frames} pictures."
        )
    if not decoded or duration_s <= 0:
        raise NotAVideoError("The file holds no picture that can be shown.")
    return VideoFile(
        path=path,
        size_bytes=path.stat().st_size,
        duration_s=duration_s,
        width=stream.width,
        height=stream.height,
        codec=stream.codec_context.name,
        pictures_per_s=float(stream.average_rate or packets / duration_s),
        has_sound=bool(container.streams.audio),
    )
