"""The still layers of a video, drawn with Pillow: a canvas larger than the frame, and a label.

The video moves because a frame-sized window travels over the canvas. All functions here
are CPU work for a thread.
"""

import colorsys
import random
import textwrap
import warnings
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from sandbox.segmind_api.plan import RenderPlan

# How much larger than the frame the canvas is, in each direction: the room to travel in.
CANVAS_SCALE = 1.2
# Larger pictures are refused before they are decoded, as a service with bounded workers does.
MAX_IMAGE_PIXELS = 50_000_000
TEXT_COLOUR = (255, 255, 255)


class NotAnImageError(Exception):
    """The bytes are not a picture that can be animated."""


def open_picture(data: bytes) -> Image.Image:
    """Decode a picture upright, in RGB.

    Raises:
        NotAnImageError: The bytes are no picture, damaged, or too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked below
            picture = Image.open(BytesIO(data))
        if picture.width * picture.height > MAX_IMAGE_PIXELS:
            raise NotAnImageError("the image has too many pixels")
        return ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise NotAnImageError("the image could not be decoded") from error


def draw_layers(plan: RenderPlan, image: bytes | None, folder: Path) -> tuple[Path, Path]:
    """Draw both layers into `folder`; return the paths of the canvas and of the label."""
    canvas = _prompt_canvas(plan) if image is None else _picture_canvas(plan, image)
    canvas_path, label_path = folder / "canvas.bmp", folder / "label.png"
    canvas.save(canvas_path)
    _label(plan).save(label_path)
    return canvas_path, label_path


def _canvas_size(plan: RenderPlan) -> tuple[int, int]:
    width, height = (int(side * CANVAS_SCALE / 2) * 2 for side in (plan.width_px, plan.height_px))
    return width, height


def _picture_canvas(plan: RenderPlan, image: bytes) -> Image.Image:
    return ImageOps.fit(open_picture(image), _canvas_size(plan), Image.Resampling.BILINEAR)


def _prompt_canvas(plan: RenderPlan) -> Image.Image:
    """Draw the prompt on a coloured ground with shapes; the seed decides the colours."""
    rng = random.Random(plan.seed)
    hue = rng.random()
    size = width, height = _canvas_size(plan)
    canvas = Image.new("RGB", size, _colour(hue, 0.35))
    draw = ImageDraw.Draw(canvas)
    for _ in range(24):
        x, y, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.03, 0.15)
        radius *= min(size)
        colour = _colour(hue + rng.uniform(-0.12, 0.12), rng.uniform(0.3, 0.6))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    # What the travelling window always shows is the middle of the canvas.
    visible = 2 - CANVAS_SCALE
    font_px = max(14, min(plan.width_px, plan.height_px) // 16)
    columns = max(8, int(plan.width_px * visible / (font_px * 0.55)))
    lines = textwrap.wrap(plan.prompt or "", columns, max_lines=8, placeholder=" …")
    draw.multiline_text(
        (width / 2, height / 2),
        "\n".join(lines),
        font=ImageFont.load_default(font_px),
        fill=TEXT_COLOUR,
        anchor="mm",
        align="center",
        stroke_width=max(1, font_px // 16),
        stroke_fill=_colour(hue, 0.12),
    )
    return canvas


def _label(plan: RenderPlan) -> Image.Image:
    font = ImageFont.load_default(max(11, min(plan.width_px, plan.height_px) // 32))
    left, top, right, bottom = font.getbbox(plan.label)
    pad = 5
    size = int(right - left) + 2 * pad, int(bottom - top) + 2 * pad
    label = Image.new("RGBA", size, (0, 0, 0, 150))
    ImageDraw.Draw(label).text((pad - left, pad - top), plan.label, font=font, fill=TEXT_COLOUR)
    return label


def _colour(hue: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, 0.65, value)
    return round(red * 255), round(green * 255), round(blue * 255)
