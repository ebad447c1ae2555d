"""The Segmind stand-in's MP4s, opened with PyAV."""

import asyncio
import math
import struct
import wave
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.segmind_running import FLASH, T2V, Provider, png, running


def wav(seconds: float) -> bytes:
    """Return a tone."""
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        samples = range(int(16_000 * seconds))
        file.writeframes(b"".join(struct.pack("<h", int(9_000 * math.sin(i / 6))) for i in samples))
    return out.getvalue()


def facts(data: bytes) -> dict[str, Any]:
    """Decode a whole MP4 and say what is in it."""
    with av.open(BytesIO(data), "r") as container:
        video = container.streams.video[0]
        frames: list[Image.Image] = [
            frame.to_image()  # type: ignore[no-untyped-call]  # PyAV leaves it untyped
            for frame in container.decode(video)
        ]
        first, middle = frames[0], frames[len(frames) // 2]
        difference = ImageStat.Stat(ImageChops.difference(first, middle).convert("L")).mean[0]
        sound = container.streams.audio
        return {
            "codec": video.codec_context.name,
            "pix_fmt": video.codec_context.pix_fmt,
            "size": (video.width, video.height),
            "fps": float(video.average_rate or 0),
            "frames": len(frames),
            "seconds": (container.duration or 0) / 1_000_000,
            "moves": difference,
            "sound": sound[0].codec_context.name if sound else None,
            "faststart": data.index(b"moov") < data.index(b"mdat"),
        }


async def made(provider: Provider, slug: str, **body: Any) -> dict[str, Any]:
    """Make a video and return its facts."""
    result = await provider.result(slug, **body)
    data = await provider.download(result["output"])
    assert len(data) == result["video"]["file_size"]
    return await asyncio.to_thread(facts, data)


async def test_text_becomes_a_moving_h264_video(tmp_path: Path) -> None:
    """Size, rate and number of frames are what was asked, and the picture moves."""
    async with running(tmp_path) as provider:
        video = await made(
            provider, T2V, aspect_ratio="9:16", num_frames=90, frames_per_second=10, seed=5
        )

    assert (video["codec"], video["pix_fmt"]) == ("h264", "yuv420p")
    assert video["size"] == (480, 854)
    assert (video["fps"], video["frames"]) == (10, 90)
    assert video["seconds"] == pytest.approx(9.0, abs=0.05)
    assert video["moves"] > 5
    assert video["sound"] is None
    assert video["faststart"]


@pytest.mark.parametrize(
    ("slug", "body", "size", "frames"),
    [
        (FLASH, {"resolution": "480P"}, (740, 554), 80),
        ("wan-2.5-i2v", {"resolution": "480p", "duration": "5"}, (740, 554), 120),
        ("wan2.1-i2v-720p", {"resolution": "720", "video_length": 2}, (720, 540), 32),
        ("wan-2.6-i2v", {"duration": 5}, (1108, 832), 120),
    ],
)
async def test_a_picture_is_animated_in_its_own_aspect(
    tmp_path: Path, slug: str, body: dict[str, Any], size: tuple[int, int], frames: int
) -> None:
    """Each image model gives its number of pixels and its length."""
    async with running(tmp_path) as provider:
        image = await provider.upload(png(400, 300))
        video = await made(provider, slug, image=image, **body)

    assert video["codec"] == "h264"
    assert video["size"] == size
    assert video["frames"] == frames
    assert video["moves"] > 2


async def test_a_turned_photo_is_animated_upright(tmp_path: Path) -> None:
    """The EXIF orientation of a phone's photo counts."""
    out = BytesIO()
    picture = Image.new("RGB", (400, 200), "red")
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(out, "JPEG", exif=exif)
    async with running(tmp_path) as provider:
        image = await provider.upload(out.getvalue(), "image/jpeg")
        body = {"resolution": 720, "video_length": 1}
        video = await made(provider, "wan2.1-i2v-720p", image=image, **body)

    assert video["size"] == (360, 720)


@pytest.mark.parametrize("seconds", [2.0, 8.0])
async def test_sound_is_laid_under_and_the_length_stays(tmp_path: Path, seconds: float) -> None:
    """A sound that is shorter or longer than the video does not change its length."""
    async with running(tmp_path) as provider:
        image = await provider.upload(png(64, 36))
        audio = await provider.upload(wav(seconds), "audio/wav")
        body = {"image": image, "audio": audio, "resolution": "480p", "duration": 5}
        video = await made(provider, "wan-2.5-i2v", **body)

    assert video["sound"] == "aac"
    assert video["seconds"] == pytest.approx(5.0, abs=0.1)


async def test_identical_requests_share_one_render_but_have_their_own_address(
    tmp_path: Path,
) -> None:
    """The same seed gives the same bytes; another seed another video."""
    async with running(tmp_path) as provider:
        results = await asyncio.gather(*(provider.result(seed=seed) for seed in (1, 1, 2)))
        files = [await provider.download(result["output"]) for result in results]
        renders = (await provider.state())["renders"]

    assert files[0] == files[1] != files[2]
    assert results[0]["output"] != results[1]["output"]
    assert renders == 2


async def test_a_large_file_is_far_above_the_upload_limit(tmp_path: Path) -> None:
    """The control word for it makes a real video of more than 10 MiB."""
    async with running(tmp_path) as provider:
        result = await provider.result(prompt="sandbox-large waves")

    assert result["video"]["file_size"] > 12 * 1024 * 1024


@pytest.mark.parametrize(
    "data", [b"hello", png(64, 64)[:80], b"<svg/>"], ids=["text", "half", "drawing"]
)
async def test_what_is_no_picture_fails_in_plain_words(tmp_path: Path, data: bytes) -> None:
    """A bad input is found when the request is carried out: FAILED, nothing charged."""
    async with running(tmp_path) as provider:
        image = await provider.upload(data)
        status, answer = await provider.finish(await provider.submit(FLASH, image=image))

    assert (status, answer["status"]) == (422, "FAILED")
    assert answer["error"] == "the image could not be decoded"


async def test_a_picture_bomb_is_not_decoded(tmp_path: Path) -> None:
    """Too many pixels fail before they cost memory."""
    out = BytesIO()
    Image.new("1", (8000, 8000)).save(out, "PNG")
    async with running(tmp_path) as provider:
        image = await provider.upload(out.getvalue())
        _, answer = await provider.finish(await provider.submit(FLASH, image=image))

    assert "too many pixels" in answer["error"]


async def test_an_input_that_cannot_be_fetched_fails_in_plain_words(tmp_path: Path) -> None:
    """A refused connection, a 404 and a sound that is none are told apart."""
    async with running(tmp_path) as provider:
        image = await provider.upload(png(16, 16))
        noise = await provider.upload(b"not a sound", "audio/mpeg")
        bodies: list[tuple[str, dict[str, Any]]] = [
            (FLASH, {"image": "http://127.0.0.1:9/x.png"}),
            (FLASH, {"image": f"{provider.stand_in.api_url}/assets/none.png"}),
            ("wan-2.6-i2v", {"image": image, "audio": noise}),
            (T2V, {"high_noise_lora": "my-style"}),
        ]
        submitted = [await provider.submit(slug, **body) for slug, body in bodies]
        errors = [(await provider.finish(each))[1]["error"] for each in submitted]
        charged = [request["charged_usd"] for request in (await provider.state())["requests"]]

    assert errors == [
        "Failed to download image: it could not be reached",
        "Failed to download image: HTTP 404",
        "The audio file could not be decoded",
        "Failed to load LoRA weights: high_noise_lora is not a URL",
    ]
    assert charged == [None] * 4
