"""Which video a request asks for: size, length and frame rate. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from bot.catalogue import JsonScalar, Model
from sandbox.segmind_api.pricing import length_s, number

# Pixels of a 16:9 picture of each class; other aspects get the same number of pixels.
CLASS_PIXELS: Mapping[str, int] = {"480p": 854 * 480, "720p": 1280 * 720, "1080p": 1920 * 1080}
USUAL_FPS: Mapping[str, int] = {"wan-2.5-i2v": 24, "wan-2.6-i2v": 24}
DEFAULT_FPS = 16
# No more extreme than a cinema strip: wider pictures are cropped.
MAX_ASPECT = 4.0


@dataclass(frozen=True, kw_only=True)
class RenderPlan:
    """Everything that decides how a video looks, apart from the files given.

    Attributes:
        width_px: Even, as H.264 with 4:2:0 colour needs; so is `height_px`.
        prompt: The text to draw; None when a picture is animated instead.
        heavy_bytes: Render with so much noise that the file has about so many; 0 for what the
            picture needs.
    """

    width_px: int
    height_px: int
    frames: int
    fps: int
    seed: int
    label: str
    prompt: str | None = None
    heavy_bytes: int = 0

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.fps


def plan_video(
    model: Model,
    values: Mapping[str, JsonScalar | None],
    *,
    seed: int,
    image_size_px: tuple[int, int] | None,
    heavy_bytes: int = 0,
) -> RenderPlan:
    """Turn checked values into a plan.

    Args:
        model: The model that was asked.
        values: Complete values, as `complete_values` returns them.
        seed: The seed in use.
        image_size_px: Width and height of the picture to animate; None for a text model.
        heavy_bytes: See `RenderPlan`.
    """
    fps = int(number(values, "frames_per_second", USUAL_FPS.get(model.slug, DEFAULT_FPS)))
    frames = int(number(values, "num_frames", length_s(model, values) * fps))
    aspect = _aspect(values, image_size_px)
    width_px, height_px = _size(values.get("resolution"), aspect)
    return RenderPlan(
        width_px=width_px,
        height_px=height_px,
        frames=frames,
        fps=fps,
        seed=seed,
        label=f"{model.slug} · seed {seed}",
        prompt=str(values.get("prompt")) if image_size_px is None else None,
        heavy_bytes=heavy_bytes,
    )


def _aspect(
    values: Mapping[str, JsonScalar | None], image_size_px: tuple[int, int] | None
) -> float:
    if image_size_px is not None:
        width, height = image_size_px
    else:
        width, height = (int(part) for part in str(values["aspect_ratio"]).split(":"))
    return min(max(width / height, 1 / MAX_ASPECT), MAX_ASPECT)


def _size(resolution: JsonScalar | None, aspect: float) -> tuple[int, int]:
    if isinstance(resolution, int):  # the longest side in pixels
        longest = resolution
        return (
            (_even(longest), _even(longest / aspect))
            if aspect >= 1
            else (_even(longest * aspect), _even(longest))
        )
    height = sqrt(CLASS_PIXELS[str(resolution).lower()] / aspect)
    return _even(height * aspect), _even(height)


def _even(pixels: float) -> int:
    return max(2, 2 * round(pixels / 2))
