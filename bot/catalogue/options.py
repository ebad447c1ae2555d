"""Our vocabulary of options: one name for one meaning, whatever a model calls it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

OptionType: TypeAlias = Literal["string", "integer", "number", "boolean", "attachment"]

# Models document no limit of their own; what is longer is cut by their text encoders
# without a word. Characters.
PROMPT_MAX_LENGTH = 2000
NEGATIVE_PROMPT_MAX_LENGTH = 1000
# Every model takes a signed 32-bit seed.
SEED_MAX = 2**31 - 1
# Without these there is nothing to make; never filled from a page's default.
REQUIRED_OPTIONS = ("image", "prompt")


@dataclass(frozen=True, kw_only=True)
class OptionSpec:
    """One option of a slash command.

    Attributes:
        description: At most 100 characters (Discord's limit).
        max_length: For strings: the most characters; None for Discord's own 6,000.
        url_suffix: For strings that are addresses: the path must end in this.
    """

    name: str
    type: OptionType
    description: str
    max_length: int | None = None
    url_suffix: str | None = None


# In the order in which the slash commands show them.
OPTIONS: tuple[OptionSpec, ...] = (
    OptionSpec(
        name="image",
        type="attachment",
        description="The picture to bring to life (PNG, JPEG, WebP, GIF or HEIC)",
    ),
    OptionSpec(
        name="prompt",
        type="string",
        description="What should happen: subject, movement, camera, mood",
        max_length=PROMPT_MAX_LENGTH,
    ),
    OptionSpec(
        name="duration",
        type="integer",
        description="Length in seconds; the list shows what the chosen model takes, and prices",
    ),
    OptionSpec(
        name="aspect_ratio",
        type="string",
        description="Shape of the video: 16:9 is wide, 9:16 is upright",
    ),
    OptionSpec(
        name="resolution",
        type="string",
        description="Sharpness; the list shows what the chosen model takes, and prices",
    ),
    OptionSpec(
        name="frames",
        type="integer",
        description="Number of frames; more makes the video longer",
    ),
    OptionSpec(
        name="fps",
        type="integer",
        description="Frames a second; more is smoother and shorter",
    ),
    OptionSpec(
        name="fast",
        type="boolean",
        description="Quicker at slightly lower quality",
    ),
    OptionSpec(
        name="negative_prompt",
        type="string",
        description="What should not be seen",
        max_length=NEGATIVE_PROMPT_MAX_LENGTH,
    ),
    OptionSpec(
        name="seed",
        type="integer",
        description="The same seed and settings make the same video again; random when left out",
    ),
    OptionSpec(
        name="audio",
        type="attachment",
        description="Voice or music to follow: WAV or MP3, 3 to 30 seconds, at most 15 MB",
    ),
    OptionSpec(
        name="enhance_prompt",
        type="boolean",
        description="Let the model rewrite your prompt in more detail",
    ),
    OptionSpec(
        name="multi_shot",
        type="boolean",
        description="Cut between several shots (needs enhance_prompt)",
    ),
    OptionSpec(
        name="watermark",
        type="boolean",
        description="Mark the video as made by AI",
    ),
    OptionSpec(
        name="steps",
        type="integer",
        description="More steps: finer, slower",
    ),
    OptionSpec(
        name="motion",
        type="number",
        description="More is more movement",
    ),
    OptionSpec(
        name="high_noise_lora",
        type="string",
        description="Style for the broad shapes: https address of a .safetensors LoRA",
        url_suffix=".safetensors",
    ),
    OptionSpec(
        name="high_noise_scale",
        type="number",
        description="Strength of high_noise_lora: 0 is off, 1 full, 2 most",
    ),
    OptionSpec(
        name="low_noise_lora",
        type="string",
        description="Style for the fine detail: https address of a .safetensors LoRA",
        url_suffix=".safetensors",
    ),
    OptionSpec(
        name="low_noise_scale",
        type="number",
        description="Strength of low_noise_lora: 0 is off, 1 full, 2 most",
    ),
)

_BY_NAME = {spec.name: spec for spec in OPTIONS}


def option_spec(name: str) -> OptionSpec:
    """Return the option called `name`; KeyError when there is none."""
    return _BY_NAME[name]
