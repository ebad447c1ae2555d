"""The pictures that members attach."""

from pathlib import Path

from PIL import ExifTags, Image

from sandbox.chaos.plan import Picture

_SIZE_PX = (192, 108)
_UPRIGHT_AFTER_QUARTER_TURN = 6  # EXIF: shown turned by 90 degrees clockwise


def pictures(folder: Path) -> dict[Picture, Path]:
    """Write one that the provider takes as it is, and one that has to be converted."""
    grey = Image.linear_gradient("L").resize(_SIZE_PX)
    image = Image.merge("RGB", (grey, grey.rotate(180), grey))
    upright, turned = folder / "upright.png", folder / "turned.jpg"
    image.save(upright)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = _UPRIGHT_AFTER_QUARTER_TURN
    image.save(turned, exif=exif)
    return {"upright": upright, "turned": turned}
