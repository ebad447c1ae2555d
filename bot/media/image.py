"""Is it an image that the provider can use as it is, or must it be rewritten, or refused?

Unchanged images go to the provider by the attachment's own address. What must be changed
(turned upright, private metadata, a format or pixel layout that the models may not read, too
large) is written anew as a JPEG without any metadata, for an upload.
"""

import io
import logging
from dataclasses import dataclass

import pillow_heif
from PIL import ExifTags, Image, ImageCms

from bot.errors import BadInputError
from bot.i18n import N_, gettext
from bot.media.facts import PreparedImage, damaged_image
from bot.media.limits import MediaLimits, megabytes, megapixels
from bot.media.sniff import describe, hostile_bytes, image_format

# Teaches Pillow the format HEIF; thumbnails and depth maps are of no use here.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

_log = logging.getLogger(__name__)

_TAKEN = N_("PNG, JPEG, WebP, GIF, HEIC, AVIF, BMP or TIFF")
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_KEPT_MODES = {"RGB", "RGBA", "L"}
_JPEG_QUALITY = 95
_WHITE = (255, 255, 255)
_PNG_DEPTH_AT = 24  # the byte of the header chunk that says 8 or 16 bits
_DEEP = 16
_IPTC = 0x0404  # the Photoshop resource with names and places

_ORIENTATION = ExifTags.Base.Orientation
_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Tags that name a person or one particular camera; the place has its own directory.
_PRIVATE_TAGS = {
    ExifTags.Base.Artist,
    ExifTags.Base.HostComputer,
    ExifTags.Base.MakerNote,
    ExifTags.Base.CameraOwnerName,
    ExifTags.Base.BodySerialNumber,
    ExifTags.Base.LensSerialNumber,
    ExifTags.Base.XPAuthor,
}


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What decides whether an image can stay as it is."""

    format: str
    mode: str
    longest_px: int
    orientation: int = 1
    animated: bool = False
    deep: bool = False
    transparent: bool = False
    private: bool = False


def must_rewrite(facts: ImageFacts, limits: MediaLimits) -> bool:
    """Return whether the image must be written anew before the provider gets it."""
    return (
        facts.format not in _MEDIA_TYPES
        or facts.mode not in _KEPT_MODES
        or facts.longest_px > limits.image_max_side_px
        or facts.orientation != 1
        or facts.animated
        or facts.deep
        or facts.transparent
        or facts.private
    )


def inspect_image(data: bytes, *, limits: MediaLimits) -> PreparedImage:
    """Decode an image and return what to give to the provider. CPU work: for a `Decoder`.

    Raises:
        BadInputError: It is no image, damaged, too large or too small; the text says which,
            what is allowed and what to do.
    """
    kind = _checked_format(data, limits)
    with hostile_bytes(damaged_image()):
        try:
            with Image.open(io.BytesIO(data), formats=(kind,)) as image:
                _check_dimensions(image, limits)
                image.load()
                return _prepare(image, data, limits)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels(gettext("hundreds of megapixels"), limits) from error


def _checked_format(data: bytes, limits: MediaLimits) -> str:
    if not data:
        raise BadInputError(
            gettext("Your file is empty (0 bytes). Attach an image: {kinds}.").format(
                kinds=gettext(_TAKEN)
            )
        )
    if len(data) > limits.image_max_bytes:
        raise BadInputError(
            gettext(
                "Your image has {size}; at most {most} are taken. Save it smaller or as JPEG."
            ).format(size=megabytes(len(data)), most=megabytes(limits.image_max_bytes))
        )
    kind = image_format(data)
    if kind is None:
        raise BadInputError(
            gettext(
                "That is {thing}, not an image, whatever its name says. Attach a picture: {kinds}."
            ).format(thing=describe(data), kinds=gettext(_TAKEN))
        )
    return kind


def _check_dimensions(image: Image.Image, limits: MediaLimits) -> None:
    """Only the header has been read so far: a bomb is refused before it can expand."""
    width, height = image.size
    if width * height > limits.image_max_pixels:
        raise _too_many_pixels(f"{width} x {height} = {megapixels(width * height)}", limits)
    # A strip of 100 x 60,000 would keep no pixel of its width once it is scaled down.
    scale = min(1.0, limits.image_max_side_px / max(width, height))
    if min(width, height) * scale < limits.image_min_side_px:
        raise BadInputError(
            gettext(
                "Your image is too small or too narrow: {width} x {height} pixels; each side needs "
                "at least {least}. Attach a larger picture or crop it."
            ).format(width=width, height=height, least=limits.image_min_side_px)
        )


def _too_many_pixels(figure: str, limits: MediaLimits) -> BadInputError:
    return BadInputError(
        gettext(
            "Your image is too large to open: {figure}; at most {most} are taken. "
            "Scale it down, for example to {side} pixels on its longer side."
        ).format(
            figure=figure,
            most=megapixels(limits.image_max_pixels),
            side=limits.image_max_side_px,
        )
    )


def _prepare(image: Image.Image, data: bytes, limits: MediaLimits) -> PreparedImage:
    orientation, private = _metadata(image)
    facts = ImageFacts(
        format=image.format or "",
        mode=image.mode,
        longest_px=max(image.size),
        orientation=orientation,
        animated=image.format in _MEDIA_TYPES and getattr(image, "is_animated", False),
        deep=image.format == "PNG" and data[_PNG_DEPTH_AT] == _DEEP,
        transparent=_is_transparent(image),
        private=private,
    )
    if not must_rewrite(facts, limits):
        return PreparedImage(
            width=image.width, height=image.height, media_type=_MEDIA_TYPES[facts.format]
        )
    return _rewritten(image, facts, limits)


def _metadata(image: Image.Image) -> tuple[int, bool]:
    """Return the orientation, and whether the metadata say where or by whom it was taken."""
    try:
        exif = image.getexif()
        tags = set(exif) | set(exif.get_ifd(ExifTags.IFD.Exif))
        place = bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
        orientation = int(exif.get(_ORIENTATION, 1))
    except Exception as error:  # noqa: BLE001 - a broken EXIF block raises nearly anything
        _log.info("unreadable EXIF, removed: %s", type(error).__name__)
        return 1, True
    unreadable = bool(image.info.get("exif")) and not tags  # Pillow only warns
    resources = image.info.get("photoshop")
    iptc = isinstance(resources, dict) and _IPTC in resources
    xmp = str(image.info.get("xmp", "")) + str(image.info.get("XML:com.adobe.xmp", ""))
    # Cameras write 0 for "unknown"; only 2 to 8 mean anything.
    turned = orientation if orientation in _TO_UPRIGHT else 1
    named = bool(tags & _PRIVATE_TAGS)
    return turned, place or named or iptc or unreadable or "GPS" in xmp


def _is_transparent(image: Image.Image) -> bool:
    """Return whether any pixel lets something through: opaque alpha channels are common."""
    if not image.has_transparency_data:
        return False
    lowest, _ = _in_mode(image, "RGBA").getchannel("A").getextrema()
    return isinstance(lowest, int | float) and lowest < 255  # noqa: PLR2004 - opaque


def _rewritten(image: Image.Image, facts: ImageFacts, limits: MediaLimits) -> PreparedImage:
    """Return it upright, flat on white, in sRGB, not too large, as JPEG without metadata."""
    plain = _to_rgb(image, facts)
    plain.thumbnail((limits.image_max_side_px, limits.image_max_side_px), Image.Resampling.LANCZOS)
    if facts.orientation != 1:
        plain = plain.transpose(_TO_UPRIGHT[facts.orientation])
    # Pillow copies comments from here into the file.
    plain.info.clear()
    buffer = io.BytesIO()
    plain.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return PreparedImage(
        width=plain.width, height=plain.height, media_type="image/jpeg", data=buffer.getvalue()
    )


def _to_rgb(image: Image.Image, facts: ImageFacts) -> Image.Image:
    profile = image.info.get("icc_profile")
    if facts.transparent:
        layered = _in_mode(image, "RGBA")
        flat = Image.new("RGB", image.size, _WHITE)
        flat.paste(layered, mask=layered.getchannel("A"))
        return _to_srgb(flat, profile)
    if image.mode == "F":
        raise BadInputError(
            gettext(
                "Your image stores its pixels as floating-point numbers, which is not taken. "
                "Save it as PNG or JPEG."
            )
        )
    if image.mode.startswith("I"):
        # 16 bits a pixel: Pillow's own conversion would cut off instead of scaling.
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("RGB")
    if image.mode not in ("RGB", "CMYK"):
        image = image.convert("RGB")
    return _to_srgb(image, profile)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Phones take pictures in wider colours: without their profile these would turn pale."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError) as error:
            _log.info("unusable colour profile, ignored: %s", error)
        else:
            return converted or image
    return _in_mode(image, "RGB")


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Pillow's own conversion copies even when there is nothing to convert: 160 MB at 40 MP."""
    return image if image.mode == mode else image.convert(mode)
