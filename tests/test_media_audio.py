"""Sounds as members attach them."""

import io
import math
import struct
import wave

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BadInputError
from bot.media import AudioFacts, MediaInspector, MediaLimits
from bot.media.audio import inspect_audio

LIMITS = MediaLimits()
RATE = 8000


def wav(duration_s: float) -> bytes:
    """Return a WAV file: 16 bits, mono, 8 kHz, a tone."""
    samples = [int(9000 * math.sin(n / 5)) for n in range(RATE // 10)]
    second = struct.pack(f"<{len(samples)}h", *samples) * 10
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((second * math.ceil(duration_s))[: 2 * round(duration_s * RATE)])
    return buffer.getvalue()


def encoded(duration_s: float, *, container: str, codec: str) -> bytes:
    """Return silence in another format."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=44100, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame_size = 1024 if codec == "aac" else 1152
        for index in range(math.ceil(duration_s * 44100 / frame_size)):
            frame = av.AudioFrame(format="fltp", layout="mono", samples=frame_size)
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            frame.sample_rate = 44100
            frame.pts = index * frame_size
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def mp3(duration_s: float) -> bytes:
    """Return an MP3 file."""
    return encoded(duration_s, container="mp3", codec="libmp3lame")


def refusal(data: bytes, limits: MediaLimits = LIMITS) -> str:
    """Return the words of the refusal."""
    with pytest.raises(BadInputError) as caught:
        inspect_audio(data, limits=limits)
    return str(caught.value)


@pytest.mark.parametrize("duration_s", [3.0, 10.5, 30.0])
def test_wav_within_the_limits_is_taken(duration_s: float) -> None:
    """Both ends are included."""
    data = wav(duration_s)

    facts = inspect_audio(data, limits=LIMITS)

    assert facts == AudioFacts(
        media_type="audio/wav", duration_s=facts.duration_s, size_bytes=len(data)
    )
    assert facts.duration_s == pytest.approx(duration_s)


@pytest.mark.parametrize("duration_s", [3.0, 30.0])
def test_mp3_within_the_limits_is_taken(duration_s: float) -> None:
    """An MP3 is a whole number of frames, and so a little longer than it should be."""
    facts = inspect_audio(mp3(duration_s), limits=LIMITS)

    assert facts.media_type == "audio/mpeg"
    assert facts.duration_s == pytest.approx(duration_s, abs=0.1)


def test_an_mp3_without_a_tag_is_told_by_its_first_frame() -> None:
    """Not every MP3 begins with an ID3 tag."""
    data = mp3(4.0)
    size = 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))

    facts = inspect_audio(data[size:], limits=LIMITS)

    assert data.startswith(b"ID3")
    assert facts.media_type == "audio/mpeg"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (wav(42), "is 42 s long; the model takes 3 to 30 s. Cut it shorter."),
        (wav(30.4), "is 30.4 s long"),
        (wav(2.5), "is 2.5 s long; the model takes 3 to 30 s. Attach a longer one."),
        (mp3(33), "is 33 s long"),
        (wav(601), "is longer than 600 s"),
        (wav(0), "is 0 s long"),
    ],
)
def test_a_wrong_length_is_refused_with_figures(data: bytes, words: str) -> None:
    """What it is, what is taken, what to do."""
    assert words in refusal(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty (0 bytes)"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "a text file; the model takes WAV or MP3"),
        (b"OggS" + bytes(60), "an Ogg file"),
        (b"fLaC" + bytes(60), "a FLAC"),
        (encoded(4, container="ipod", codec="aac"), "an M4A audio file"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "a JPEG image"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40), "damaged"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"no frames here" * 200, "damaged"),
    ],
)
def test_what_is_no_wav_or_mp3_is_named(data: bytes, words: str) -> None:
    """Told by content: a playlist named .mp3 is never opened as a playlist."""
    assert words in refusal(data)


def test_a_large_file_is_refused_with_figures() -> None:
    """Before it is decoded."""
    text = refusal(b"RIFF" + bytes(15_000_000))

    assert "15.1 MB" in text
    assert "at most 15 MB" in text


SHORT_WAV, SHORT_MP3 = wav(3.2)[:9000], mp3(3.1)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a real file with some bytes changed and its end perhaps cut off."""
    data = bytearray(draw(st.sampled_from([SHORT_WAV, SHORT_MP3])))
    places = st.integers(0, 200)
    for at, byte in draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        data[at] = byte
    return bytes(data[: draw(st.integers(0, len(data)))])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | damaged())
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    """Whatever members attach: a sound, or a sentence."""
    try:
        outcome: object = inspect_audio(data, limits=LIMITS)
    except BadInputError as error:
        outcome = str(error)

    assert outcome


async def test_the_inspector_hears_off_the_loop() -> None:
    """The same facts, from a worker thread."""
    facts = await MediaInspector().audio(wav(4))

    assert facts.duration_s == pytest.approx(4)
