"""Attached files are opened for real: what cannot be used is refused, what can is put right."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.media_files import heic_photo, picture, pixel_bomb, sound, turned_photo
from tests.end_to_end.sandbox_process import SandboxProcess
from tests.end_to_end.seen import assert_refused, make

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

AUDIO_MODEL = "wan-2.5-i2v"


# -- pictures ------------------------------------------------------------------------


def text_named_png(path: Path) -> Path:
    """Write a text file with a picture's name."""
    path.write_text("I am a picture, believe me.\n" * 20)
    return path


def empty_file(path: Path) -> Path:
    """Write nothing."""
    path.touch()
    return path


def half_a_picture(path: Path) -> Path:
    """Write a PNG that ends in the middle."""
    data = picture(path, 640, 360).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def tiny_picture(path: Path) -> Path:
    """Write a PNG with too few pixels."""
    return picture(path, 40, 40)


def broken_heic(path: Path) -> Path:
    """Write a HEIC photo with its picture overwritten."""
    data = heic_photo(path).read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) // 2))
    return path


def page_named_jpg(path: Path) -> Path:
    """Write a web page: what "save picture as" gives on some sites."""
    path.write_text("<!doctype html><html><body>403</body></html>")
    return path


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("photo.png", text_named_png, ("a text file, not an image", "Attach a picture")),
        ("photo.png", pixel_bomb, ("too large", "60 megapixels", "at most 40 megapixels")),
        ("photo.png", empty_file, ("empty (0 bytes)", "Attach an image")),
        ("photo.png", half_a_picture, ("damaged or incomplete", "save it again")),
        ("photo.png", tiny_picture, ("too small", "40 x 40", "at least 64")),
        ("photo.heic", broken_heic, ("damaged", "save it again as PNG or JPEG")),
        ("photo.jpg", page_named_jpg, ("a web page, not an image",)),
        ("photo.png", lambda path: sound(path.with_suffix(".wav")), ("WAV", "not an image")),
    ],
    ids=["text", "bomb", "empty", "half", "tiny", "broken-heic", "web-page", "sound"],
)
async def test_a_file_that_is_no_usable_picture_is_refused(
    sandbox: SandboxProcess,
    mia: MemberDriver,
    *,
    tmp_path: Path,
    name: str,
    write: Callable[[Path], Path],
    words: tuple[str, ...],
) -> None:
    """It is opened before a credit is touched, and the answer says what it is."""
    file = write(tmp_path / name)

    await assert_refused(sandbox, mia, "animate", {"image": file, "prompt": "a hill"}, *words)


async def test_a_heic_photo_reaches_the_provider_as_a_jpeg(
    sandbox: SandboxProcess, mia: MemberDriver, tmp_path: Path
) -> None:
    """Phones send HEIC; the provider gets what it can open, at the same size."""
    prompt = "the photo from the phone moves"

    await make(
        mia, "animate", {"image": heic_photo(tmp_path / "a.heic", 160, 96), "prompt": prompt}
    )

    image = await provider_image(sandbox, mia, tmp_path, prompt)
    assert (image.format, image.size) == ("JPEG", (160, 96))


async def test_a_turned_photo_reaches_the_provider_upright_and_without_its_place(
    sandbox: SandboxProcess, mia: MemberDriver, tmp_path: Path
) -> None:
    """EXIF orientation is applied; position and camera are removed."""
    prompt = "the upright photo moves"
    photo = turned_photo(tmp_path / "a.jpg", 160, 90)

    await make(mia, "animate", {"image": photo, "prompt": prompt})

    image = await provider_image(sandbox, mia, tmp_path, prompt)
    assert (image.format, image.size) == ("JPEG", (90, 160))
    assert not dict(image.getexif())


async def provider_image(
    sandbox: SandboxProcess, member: MemberDriver, folder: Path, prompt: str
) -> Image.Image:
    """The picture that the provider was pointed to; an upload, not Discord's file."""
    address = (await sandbox.request_of(prompt))["body"]["image"]
    assert address.startswith(sandbox.facts["segmind"]["api"])
    path = folder / "at-the-provider"
    path.write_bytes(await member.download(address))
    image = Image.open(path)
    image.load()
    return image


async def test_a_picture_that_must_be_converted_is_refused_when_the_provider_cannot_store_it(
    sandbox: SandboxProcess, mia: MemberDriver, *, tmp_path: Path
) -> None:
    """Nothing is accepted that cannot be sent."""
    await sandbox.fault({"on": "upload", "kind": "error", "status": 500})
    file = heic_photo(tmp_path / "a.heic")

    await assert_refused(
        sandbox,
        mia,
        "animate",
        {"image": file, "prompt": "a hill"},
        "had to be converted",
        "Nothing was charged",
        "PNG or JPEG",
    )


# -- sounds --------------------------------------------------------------------------


def short_sound(path: Path) -> Path:
    """Write two seconds."""
    return sound(path.with_suffix(".wav"), 2.0)


def long_sound(path: Path) -> Path:
    """Write 31 seconds."""
    return sound(path.with_suffix(".mp3"), 31.0)


def text_named_mp3(path: Path) -> Path:
    """Write a text with a sound's name."""
    return text_named_png(path.with_suffix(".mp3"))


def picture_as_sound(path: Path) -> Path:
    """Write a picture."""
    return picture(path.with_suffix(".png"))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (short_sound, ("2 s long", "3 to 30 s", "longer one")),
        (long_sound, ("31", "3 to 30 s", "Cut it shorter")),
        (text_named_mp3, ("a text file", "WAV or MP3")),
        (picture_as_sound, ("a PNG image", "WAV or MP3")),
        (lambda path: empty_file(path.with_suffix(".wav")), ("empty (0 bytes)", "WAV or MP3")),
    ],
    ids=["short", "long", "text", "picture", "empty"],
)
async def test_a_sound_that_the_model_does_not_take_is_refused(
    sandbox: SandboxProcess,
    mia: MemberDriver,
    *,
    tmp_path: Path,
    picture_file: Path,
    write: Callable[[Path], Path],
    words: tuple[str, ...],
) -> None:
    """The answer says what it is and what is taken."""
    options = {
        "image": picture_file,
        "prompt": "a hill",
        "model": AUDIO_MODEL,
        "audio": write(tmp_path / "sound"),
    }

    await assert_refused(sandbox, mia, "animate", options, *words)


async def test_a_sound_for_a_model_without_sound_is_refused(
    sandbox: SandboxProcess, mia: MemberDriver, tmp_path: Path, picture_file: Path
) -> None:
    """The usual model follows no sound."""
    options = {"image": picture_file, "prompt": "a hill", "audio": sound(tmp_path / "a.wav")}

    await assert_refused(sandbox, mia, "animate", options, "has no `audio`")
