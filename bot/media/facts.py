"""What is known of a file once it was decoded, and what is said of one that cannot be.

Apart from the decoders, which take 30 MB that the bot's own process does not need.
"""

from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import BadInputError
from bot.i18n import gettext

FRAME_TYPE = "image/jpeg"


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """A sound that the models take as it is."""

    media_type: str
    duration_s: float
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class PreparedImage:
    """An image that the provider can use.

    Attributes:
        width: Pixels, upright.
        height: Pixels, upright.
        media_type: Of what the provider will get.
        data: The rewritten file, to upload; None when the original address can be used.
    """

    width: int
    height: int
    media_type: str
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class VideoFile:
    """A complete video on disk.

    Attributes:
        width: Pixels.
        height: Pixels.
        codec: FFmpeg's name, such as `h264`.
        pictures_per_s: The frame rate.
        has_sound: Whether there is a sound track.
    """

    path: Path
    size_bytes: int
    duration_s: float
    width: int
    height: int
    codec: str
    pictures_per_s: float
    has_sound: bool


def damaged_audio() -> BadInputError:
    """Return the refusal of a sound that no decoder can read."""
    return BadInputError(
        gettext("Your audio file is damaged: it cannot be decoded. Export it again as WAV or MP3.")
    )


def damaged_image() -> BadInputError:
    """Return the refusal of an image that no decoder can read."""
    return BadInputError(
        gettext(
            "Your image is damaged or incomplete: it cannot be decoded. "
            "Open it on your device, save it again as PNG or JPEG, and attach that."
        )
    )
