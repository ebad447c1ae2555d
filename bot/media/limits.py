"""What a file may be at most and at least, and how figures are written for people."""

import math
from dataclasses import dataclass

from bot.i18n import gettext, number_text

# A decoder's thread for each core would, on a large machine, need more than it may have.
DECODER_THREADS = 2

_MEGABYTE = 1_000_000
_MEGAPIXEL = 1_000_000


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Limits on what members attach.

    Attributes:
        image_max_pixels: Checked from the header, before anything is decoded.
        image_min_side_px: The models can make nothing of less.
        image_max_side_px: A longer side is scaled down; the models make at most 1080p.
        audio_max_bytes: The model pages: wav or mp3, 3 to 30 s, at most 15 MB.
        audio_slack_s: An MP3's length is a whole number of frames: be no stricter than that.
    """

    image_max_bytes: int = 20 * _MEGABYTE
    image_max_pixels: int = 40 * _MEGAPIXEL
    image_min_side_px: int = 64
    image_max_side_px: int = 4096
    audio_max_bytes: int = 15 * _MEGABYTE
    audio_min_s: float = 3.0
    audio_max_s: float = 30.0
    audio_slack_s: float = 0.1


def megabytes(size_bytes: int) -> str:
    """Return "20.1 MB", rounded up, so that too much never looks like just enough."""
    figure = number_text(math.ceil(size_bytes / _MEGABYTE * 10) / 10)
    return gettext("{n} MB").format(n=figure)


def megapixels(pixels: int) -> str:
    """Return "60.1 megapixels", rounded up."""
    figure = number_text(math.ceil(pixels / _MEGAPIXEL * 10) / 10)
    return gettext("{n} megapixels").format(n=figure)


def seconds(duration_s: float) -> str:
    """Return "2.4 s"."""
    return gettext("{n} s").format(n=number_text(round(duration_s, 1)))
