"""How a video is encoded again so that it fits a size. Pure."""

from dataclasses import dataclass
from typing import Protocol

# Two passes miss the rate that was asked for by a per cent or two.
_SAFETY = 0.96
# What an MP4 spends besides pictures and sound: its head, and its tables' rows.
_HEAD_BYTES = 4096
_BYTES_PER_PICTURE = 20
_BYTES_PER_SOUND_PACKET = 12
_SOUND_PACKETS_PER_S = 48.0
# Sound gets the best of these that takes no more than a part of the whole.
_SOUND_BPS = (128_000, 96_000, 64_000, 48_000, 32_000)
_SOUND_SHARE = 0.15
# Shorter sides that are tried, from the video's own downwards.
_SHORT_SIDES_PX = (1440, 1080, 900, 720, 540, 480, 360, 240)
# Bits that a pixel of a picture gets: from here on it looks as it should, or can be watched.
_GOOD_BITS, _WATCHABLE_BITS = 0.06, 0.025
_LEAST_VIDEO_BPS = 40_000
_MOST_PICTURES_PER_S = 30.0


class VideoFacts(Protocol):
    """What the plan depends on."""

    @property
    def duration_s(self) -> float:
        """Length."""
        ...

    @property
    def size_bytes(self) -> int:
        """Of the whole file."""
        ...

    @property
    def width(self) -> int:
        """Pixels."""
        ...

    @property
    def height(self) -> int:
        """Pixels."""
        ...

    @property
    def pictures_per_s(self) -> float:
        """The frame rate."""
        ...

    @property
    def has_sound(self) -> bool:
        """Whether there is a sound track."""
        ...


@dataclass(frozen=True, kw_only=True)
class FitPlan:
    """How to encode.

    Attributes:
        width: Pixels; even, as H.264 with 4:2:0 colour needs, and so is `height`.
        pictures_per_s: The frame rate.
        video_bps: Bits a second for the pictures.
        sound_bps: Bits a second for the sound; 0 for a video without.
        planned_bytes: What the file will have, container included; the safety margin is not
            in it.
    """

    width: int
    height: int
    pictures_per_s: float
    video_bps: int
    sound_bps: int
    planned_bytes: int


def plan_fit(video: VideoFacts, limit_bytes: int) -> FitPlan | None:
    """Return how a video fits a size as well as it can; None when it could not be watched.

    It is scaled down only as far as its pixels need, never up.

    Args:
        video: The video as it is.
        limit_bytes: What the file may have at most.
    """
    if not (video.duration_s > 0 and video.pictures_per_s > 0 and min(_size(video)) > 1):
        return None
    rate = video.pictures_per_s
    while rate > _MOST_PICTURES_PER_S:
        rate /= 2
    container_bytes = _container_bytes(video, rate)
    total_bps = (limit_bytes * _SAFETY - container_bytes) * 8 / video.duration_s
    sound_bps = _sound_bps(total_bps) if video.has_sound else 0
    # More bits than the original has would show nothing more.
    video_bps = int(min(total_bps - sound_bps, video.size_bytes * 8 / video.duration_s))
    if video_bps < _LEAST_VIDEO_BPS:
        return None
    size = _size_for(video, video_bps / rate)
    if size is None:
        return None
    return FitPlan(
        width=size[0],
        height=size[1],
        pictures_per_s=rate,
        video_bps=video_bps,
        sound_bps=sound_bps,
        planned_bytes=int(container_bytes + (video_bps + sound_bps) * video.duration_s / 8),
    )


def _container_bytes(video: VideoFacts, rate: float) -> float:
    per_s = rate * _BYTES_PER_PICTURE
    if video.has_sound:
        per_s += _SOUND_PACKETS_PER_S * _BYTES_PER_SOUND_PACKET
    return _HEAD_BYTES + per_s * video.duration_s


def _sound_bps(total_bps: float) -> int:
    fitting = (bps for bps in _SOUND_BPS if bps <= total_bps * _SOUND_SHARE)
    return next(fitting, _SOUND_BPS[-1])


def _size_for(video: VideoFacts, bits_per_picture: float) -> tuple[int, int] | None:
    """Return the largest size that looks good, else the smallest if that can be watched."""
    sizes = _sizes(video)
    for width, height in sizes:
        if bits_per_picture >= width * height * _GOOD_BITS:
            return width, height
    width, height = sizes[-1]
    return (width, height) if bits_per_picture >= width * height * _WATCHABLE_BITS else None


def _sizes(video: VideoFacts) -> list[tuple[int, int]]:
    """Return the sizes to choose from, the video's own first."""
    own = min(_size(video))
    scales = [1.0, *(side / own for side in _SHORT_SIDES_PX if side < own)]
    return [(_even(video.width * scale), _even(video.height * scale)) for scale in scales]


def _size(video: VideoFacts) -> tuple[int, int]:
    return video.width, video.height


def _even(pixels: float) -> int:
    return max(2, 2 * int(pixels / 2))
