"""Images as members attach them: what is kept, what is rewritten, what is refused."""

import asyncio
import io
import logging
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageOps

from bot.errors import BadInputError
from bot.media import MediaInspector, MediaLimits, PreparedImage
from bot.media.image import ImageFacts, inspect_image, must_rewrite

LIMITS = MediaLimits()
RED, BLUE = (220, 20, 20), (20, 20, 220)


def two_colours(size: tuple[int, int] = (160, 100)) -> Image.Image:
    """Return an image that is red on its left half and blue on its right."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0] // 2, size[1]))
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return the image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def inspect(data: bytes) -> PreparedImage:
    """Inspect under the default limits."""
    return inspect_image(data, limits=LIMITS)


def refusal(data: bytes) -> str:
    """Return the words of the refusal."""
    with pytest.raises(BadInputError) as caught:
        inspect(data)
    return str(caught.value)


def opened(prepared: PreparedImage) -> Image.Image:
    """Return the rewritten file, decoded."""
    assert prepared.data is not None
    image = Image.open(io.BytesIO(prepared.data))
    image.load()
    return image


def near(pixel: object, colour: tuple[int, int, int], slack: int = 12) -> bool:
    """Return whether a pixel has the colour, but for what JPEG loses."""
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= slack for a, b in zip(pixel, colour, strict=True))


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that ends after its header and one row of pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(1 + 3 * width))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row)


def exif_of(orientation: int = 1, *, place: bool = False, owner: str = "") -> Image.Exif:
    """Return an EXIF block."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 30.0, 0.0)})
    if owner:
        exif[ExifTags.Base.Artist] = owner
    return exif


ORIENTATION_IN_WORDS = (
    b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00"
    + struct.pack("<HHI4s", ExifTags.Base.Orientation, 2, 3, b"up\x00\x00")
    + bytes(4)
)


# -- kept as it is ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_plain_image_is_kept(kind: str, media_type: str, mode: str) -> None:
    """The provider takes the attachment's own address: nothing to upload."""
    prepared = inspect(saved(two_colours().convert(mode), kind))

    assert prepared == PreparedImage(width=160, height=100, media_type=media_type, data=None)


def test_an_opaque_alpha_channel_is_no_reason_to_rewrite() -> None:
    """Screenshots are RGBA and show nothing through."""
    assert inspect(saved(two_colours().convert("RGBA"), "PNG")).data is None


def test_harmless_exif_is_no_reason_to_rewrite() -> None:
    """An upright photo that says only what made it is kept."""
    exif = exif_of()
    exif[ExifTags.Base.Model] = "Camera"

    assert inspect(saved(two_colours(), "JPEG", exif=exif)).data is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"format": "GIF"}, True),
        ({"mode": "CMYK"}, True),
        ({"longest_px": 4096}, False),
        ({"longest_px": 4097}, True),
        ({"orientation": 6}, True),
        ({"animated": True}, True),
        ({"deep": True}, True),
        ({"transparent": True}, True),
        ({"private": True}, True),
    ],
)
def test_any_one_reason_suffices_to_rewrite(changes: dict[str, object], expected: bool) -> None:
    """The decision alone, as a table."""
    facts = ImageFacts(**({"format": "PNG", "mode": "RGB", "longest_px": 100} | changes))  # type: ignore[arg-type]  # a table of keyword arguments

    assert must_rewrite(facts, LIMITS) is expected


# -- rewritten ----------------------------------------------------------------------------


def test_a_photo_taken_upright_with_a_place_is_turned_and_stripped() -> None:
    """The pixels come upright; no EXIF, no place, is left in the file."""
    photo = saved(two_colours(), "JPEG", exif=exif_of(6, place=True), quality=95)

    prepared = inspect(photo)

    image = opened(prepared)
    assert (prepared.width, prepared.height) == image.size == (100, 160)
    assert prepared.media_type == "image/jpeg"
    assert near(image.getpixel((50, 20)), RED)
    assert near(image.getpixel((50, 140)), BLUE)
    assert not image.getexif()
    assert b"Exif" not in (prepared.data or b"")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_orientation_is_applied(orientation: int) -> None:
    """All seven ways to hold a camera wrong end as Pillow itself would turn them."""
    image = two_colours()
    image.paste((20, 220, 20), (0, 0, 160, 30))
    photo = saved(image, "JPEG", exif=exif_of(orientation), quality=95)
    with Image.open(io.BytesIO(photo)) as original:
        expected = ImageOps.exif_transpose(original)

    got = opened(inspect(photo))

    assert got.size == expected.size
    for at in ((10, 10), (got.width - 10, 10), (10, got.height - 10)):
        wanted = expected.getpixel(at)
        assert isinstance(wanted, tuple)
        assert near(got.getpixel(at), (int(wanted[0]), int(wanted[1]), int(wanted[2])))


@pytest.mark.parametrize(
    "metadata",
    [
        {"exif": exif_of(place=True)},
        {"exif": exif_of(owner="Ada Lovelace")},
        {"exif": ORIENTATION_IN_WORDS},
        {"exif": b"Exif\x00\x00II*\x00\xff\xff\xff\xffgarbage", "quality": 90},
        {"xmp": b"<x:xmpmeta><exif:GPSLatitude>52,30N</exif:GPSLatitude></x:xmpmeta>"},
    ],
    ids=["place", "name", "orientation in words", "unreadable", "place in XMP"],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_private_or_unreadable_metadata_are_removed(metadata: dict[str, object]) -> None:
    """An upright photo with a place or a name in it is still written anew."""
    prepared = inspect(saved(two_colours(), "JPEG", **metadata))

    assert prepared.data is not None
    for secret in (b"Exif", b"GPS", b"Ada", b"xmpmeta"):
        assert secret not in prepared.data


def test_names_in_photoshop_resources_are_removed() -> None:
    """IPTC fields (city, author) live in an APP13 segment."""
    body = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x0a" + b"\x1c\x02\x5a\x00\x05Paris"
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    plain = saved(two_colours(), "JPEG")

    prepared = inspect(plain[:2] + segment + plain[2:])

    assert prepared.data is not None
    assert b"Paris" not in prepared.data


def test_a_comment_does_not_survive_a_rewrite() -> None:
    """Pillow copies comments into what it saves unless told otherwise."""
    photo = saved(two_colours(), "JPEG", exif=exif_of(3), comment=b"home address")

    prepared = inspect(photo)

    assert prepared.data is not None
    assert b"home address" not in prepared.data


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "BMP", "TIFF", "GIF"])
def test_formats_that_the_models_may_not_read_become_jpeg(kind: str) -> None:
    """Above all HEIC, which is what phones take."""
    prepared = inspect(saved(two_colours(), kind))

    image = opened(prepared)
    assert image.format == "JPEG"
    assert image.size == (160, 100)
    assert near(image.getpixel((20, 50)), RED, slack=25)
    assert near(image.getpixel((140, 50)), BLUE, slack=25)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_turned_heic_and_avif_come_upright(kind: str) -> None:
    """They are turned once, not twice and not never."""
    prepared = inspect(saved(two_colours(), kind, exif=exif_of(6, place=True).tobytes()))

    image = opened(prepared)
    assert image.size == (100, 160)
    assert near(image.getpixel((50, 20)), RED, slack=25)
    assert b"Exif" not in (prepared.data or b"")


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_picture_is_used(kind: str) -> None:
    """Animated GIF, WebP and PNG become one still JPEG."""
    first, second = Image.new("RGB", (80, 80), RED), Image.new("RGB", (80, 80), BLUE)

    prepared = inspect(saved(first, kind, save_all=True, append_images=[second], duration=100))

    assert near(opened(prepared).getpixel((40, 40)), RED)


def test_transparency_becomes_white() -> None:
    """What lies hidden below transparent pixels must not show up in the video."""
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 50, 100))

    flat = opened(inspect(saved(image, "PNG")))

    assert near(flat.getpixel((20, 50)), RED)
    assert near(flat.getpixel((80, 50)), (255, 255, 255))


def test_a_transparent_palette_image_becomes_white_too() -> None:
    """The one form that GIFs and small PNGs use."""
    image = Image.new("P", (80, 80), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 40, 80))

    flat = opened(inspect(saved(image, "PNG", transparency=0)))

    assert near(flat.getpixel((20, 40)), RED)
    assert near(flat.getpixel((60, 40)), (255, 255, 255))


@pytest.mark.parametrize("mode", ["P", "1", "LA", "CMYK"])
def test_odd_pixel_layouts_become_plain(mode: str) -> None:
    """Palettes, bits, grey with alpha, print colours."""
    kind = "JPEG" if mode == "CMYK" else "PNG"

    prepared = inspect(saved(two_colours().convert(mode), kind))

    assert opened(prepared).mode == "RGB"


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    """A middle grey of 16 bits is a middle grey of 8 bits."""
    data = saved(Image.new("I;16", (80, 80), 32768), "PNG")

    assert near(opened(inspect(data)).getpixel((40, 40)), (127, 127, 127), slack=3)


def test_sixteen_bit_colour_is_rewritten() -> None:
    """Pillow shows 16-bit RGB as plain RGB; the file is still not plain."""
    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + b"\xff\xff\x00\x00\x00\x00" * 64) * 64)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)

    assert near(opened(inspect(data + chunk(b"IEND", b""))).getpixel((9, 9)), (254, 0, 0))


def test_floating_point_pixels_are_refused_in_words() -> None:
    """Nobody can say how bright 1.0 is."""
    assert "floating-point" in refusal(saved(Image.new("F", (80, 80), 1.0), "TIFF"))


def test_a_large_image_is_scaled_down() -> None:
    """Beyond what the models can use, pixels only cost time."""
    prepared = inspect(saved(two_colours((5000, 1000)), "JPEG"))

    assert opened(prepared).size == (prepared.width, prepared.height) == (4096, 819)


def swapped_profile() -> bytes:
    """Return a colour profile whose red is green and whose green is red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")


def test_colours_of_a_profile_are_kept_when_the_profile_goes() -> None:
    """Wide-colour photos look the same after the rewrite."""
    image = Image.new("RGB", (80, 80), (255, 0, 0))
    data = saved(image, "JPEG", icc_profile=swapped_profile(), exif=exif_of(3), quality=95)

    prepared = inspect(data)

    assert near(opened(prepared).getpixel((40, 40)), (0, 255, 0), slack=40)
    assert "icc_profile" not in opened(prepared).info


def test_a_broken_profile_is_ignored() -> None:
    """The picture matters more than its exact colours."""
    data = saved(two_colours(), "JPEG", icc_profile=b"nonsense" * 40, exif=exif_of(3))

    assert near(opened(inspect(data)).getpixel((140, 50)), RED)


# -- refused ------------------------------------------------------------------------------


def text_named_png() -> bytes:
    """Return what someone renamed."""
    return "Grüße, this is no picture.\n".encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty (0 bytes)"),
        (text_named_png(), "a text file, not an image"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x"></svg>', "an SVG drawing"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"PK\x03\x04" + b"\x00" * 40, "a ZIP archive"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "an MP4"),
        (b"\x00\x01\x02\x03" * 20, "unknown type"),
        (b"\x89PNG", "unknown type"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, words: str) -> None:
    """The answer says what was given, what is taken, and what to do."""
    text = refusal(data)

    assert words in text
    assert "PNG, JPEG, WebP" in text
    assert "Attach" in text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP"])
def test_a_truncated_image_is_damaged(kind: str) -> None:
    """A half-uploaded file is refused, never guessed."""
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    data = saved(noise, kind)

    assert "damaged or incomplete" in refusal(data[: len(data) * 2 // 3])


def test_a_bomb_of_60_megapixels_is_refused_with_figures() -> None:
    """A PNG of 7 KB that would become 180 MB."""
    bomb = saved(Image.new("1", (8000, 7500)), "PNG")
    text = refusal(bomb)

    assert len(bomb) < 20_000
    assert "8000 x 7500 = 60 megapixels" in text
    assert "at most 40 megapixels" in text
    assert "Scale it down" in text


@pytest.mark.parametrize("side", [6400, 10_000, 20_000, 60_000])
def test_bombs_are_refused_by_their_header_alone(side: int) -> None:
    """Nothing is decoded: these files end after one row."""
    assert "at most 40 megapixels" in refusal(png_header(side, side))


@pytest.mark.parametrize("kind", [b"iCCP", b"iTXt", b"zTXt"])
def test_bombs_in_side_chunks_are_refused(kind: bytes) -> None:
    """50 MB of zeros in a profile or text of 50 KB."""
    packed = zlib.compress(bytes(50 * 1024**2))
    body = {
        b"iCCP": b"p\x00\x00" + packed,
        b"iTXt": b"k\x00\x01\x00\x00\x00" + packed,
        b"zTXt": b"k\x00\x00" + packed,
    }[kind]
    plain = saved(two_colours(), "PNG")

    assert "damaged" in refusal(plain[:33] + chunk(kind, body) + plain[33:])


def test_too_many_bytes_are_refused_with_figures() -> None:
    """Rounded up: too much never looks like just enough."""
    assert "Your image has 20.1 MB; at most 20 MB" in refusal(b"\x89PNG" + bytes(20_000_000))


@pytest.mark.parametrize("size", [(63, 200), (200, 10), (12_000, 100)])
def test_too_small_or_too_narrow_is_refused(size: tuple[int, int]) -> None:
    """Also when only the scaling down would make it too narrow."""
    text = refusal(saved(Image.new("RGB", size), "PNG"))

    assert f"{size[0]} x {size[1]} pixels" in text
    assert "at least 64" in text


def test_limits_can_be_set() -> None:
    """Limits are arguments, not constants."""
    with pytest.raises(BadInputError, match=r"at most 0\.1 megapixels"):
        inspect_image(saved(two_colours(), "PNG"), limits=MediaLimits(image_max_pixels=10_000))


def test_a_refusal_is_logged_without_the_file(caplog: pytest.LogCaptureFixture) -> None:
    """The host sees why a decoder gave up."""
    caplog.set_level(logging.INFO)

    refusal(png_header(100, 100)[:33])

    assert "file refused" in caplog.text


# -- anything -----------------------------------------------------------------------------

SAMPLES = [
    saved(two_colours((80, 64)), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
]
SAMPLES += [saved(two_colours((80, 64)), "HEIF"), saved(two_colours((80, 64)), "AVIF")]
SAMPLES += [saved(two_colours((80, 64)), "JPEG", exif=exif_of(6, place=True))]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a real file with some bytes changed and its end perhaps cut off."""
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    places = st.integers(0, len(data) - 1)
    for at, byte in draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        data[at] = byte
    return bytes(data[: draw(places | st.just(len(data)))])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | damaged())
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    """Whatever members attach: an image, or a sentence."""
    try:
        outcome: object = inspect(data)
    except BadInputError as error:
        outcome = str(error)

    assert outcome


async def test_the_inspector_works_off_the_loop() -> None:
    """Several at once, each with its own answer."""
    inspector = MediaInspector(parallel=2)
    files = [saved(two_colours(), kind) for kind in ("PNG", "BMP", "PNG")]

    kept, rewritten, _ = await asyncio.gather(*map(inspector.image, files))

    assert kept.data is None
    assert rewritten.data is not None
