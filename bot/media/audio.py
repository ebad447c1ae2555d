"""Is it a sound that the provider takes?"""

import io

import av

from bot.errors import BadInputError
from bot.i18n import gettext, number_text
from bot.media.facts import AudioFacts, damaged_audio
from bot.media.limits import MediaLimits, megabytes, seconds
from bot.media.sniff import audio_format, describe, hostile_bytes

_MEDIA_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
# Beyond this the exact length is of no interest, and decoding on would only cost time.
_LISTEN_AT_MOST_S = 600.0


def inspect_audio(data: bytes, *, limits: MediaLimits) -> AudioFacts:
    """Decode a WAV or MP3 file to its end. CPU work: for a `Decoder`.

    Raises:
        BadInputError: Another kind of file, damaged, too large, too short or too long.
    """
    kind = _checked_format(data, limits)
    with hostile_bytes(damaged_audio()):
        duration_s = _decoded_s(data, kind)
    _check_duration(duration_s, limits)
    return AudioFacts(media_type=_MEDIA_TYPES[kind], duration_s=duration_s, size_bytes=len(data))


def _checked_format(data: bytes, limits: MediaLimits) -> str:
    if not data:
        raise BadInputError(
            gettext("Your audio file is empty (0 bytes). Attach a WAV or MP3 file.")
        )
    if len(data) > limits.audio_max_bytes:
        raise BadInputError(
            gettext(
                "Your audio file has {size}; the model takes at most {most}. "
                "Export it as MP3 or cut it shorter."
            ).format(size=megabytes(len(data)), most=megabytes(limits.audio_max_bytes))
        )
    kind = audio_format(data)
    if kind is None:
        raise BadInputError(
            gettext(
                "That is {thing}; the model takes WAV or MP3. "
                "Export the sound as one of these and attach that."
            ).format(thing=describe(data))
        )
    return kind


def _decoded_s(data: bytes, kind: str) -> float:
    """The header's word is not enough: MP3s often say nothing or wrong things."""
    duration_s = 0.0
    # The demuxer is given, never guessed: some of FFmpeg's others open files and addresses.
    with av.open(io.BytesIO(data), "r", format=kind) as container:
        for frame in container.decode(container.streams.audio[0]):
            duration_s += frame.samples / frame.sample_rate
            if duration_s > _LISTEN_AT_MOST_S:
                break
    return duration_s


def _check_duration(duration_s: float, limits: MediaLimits) -> None:
    low, high, slack = limits.audio_min_s, limits.audio_max_s, limits.audio_slack_s
    if low - slack <= duration_s <= high + slack:
        return
    if duration_s > _LISTEN_AT_MOST_S:
        words = gettext(
            "Your audio file is longer than {length}; the model takes {least} to {most}. "
            "Cut it shorter."
        )
    elif duration_s > high:
        words = gettext(
            "Your audio file is {length} long; the model takes {least} to {most}. Cut it shorter."
        )
    else:
        words = gettext(
            "Your audio file is {length} long; the model takes {least} to {most}. "
            "Attach a longer one."
        )
    length = seconds(min(duration_s, _LISTEN_AT_MOST_S))
    raise BadInputError(words.format(length=length, least=number_text(low), most=seconds(high)))
