"""The five Wan models, parameter by parameter as their pages document them.

Source: the vendor's page of each model (API Reference, "Parameters"), kept as text in
`tests/seeds/`; a test compares this file with those pages.
"""

from bot.catalogue.options import SEED_MAX
from bot.catalogue.types import Model, ModelOption, Parameter
from bot.i18n import N_

_ANY_SEED = (0, SEED_MAX)

WAN_22_FLASH = Model(
    slug="wan-2.2-i2v-flash",
    kind="i2v",
    title="Wan 2.2 Image to Video Flash",
    summary=N_("Quick and cheap: five seconds from one picture"),
    typical_s=62.36,
    fixed_duration_s=5,
    parameters=(
        Parameter(name="image", type="string (uri)", required=True),
        Parameter(name="prompt", type="string", required=True),
        Parameter(
            name="negative_prompt",
            type="string",
            default="Avoid depicting busy urban environments.",
        ),
        Parameter(name="prompt_extend", type="boolean", default=True),
        Parameter(name="resolution", type="string", default="720P", choices=("480P", "720P")),
        Parameter(name="seed", type="integer"),
        Parameter(name="watermark", type="boolean", default=False),
    ),
    options=(
        ModelOption(name="image", parameter="image"),
        ModelOption(name="prompt", parameter="prompt"),
        ModelOption(name="resolution", parameter="resolution"),
        ModelOption(name="negative_prompt", parameter="negative_prompt"),
        ModelOption(name="seed", parameter="seed", random_range=_ANY_SEED),
        ModelOption(name="enhance_prompt", parameter="prompt_extend"),
        ModelOption(name="watermark", parameter="watermark"),
    ),
)

WAN_26 = Model(
    slug="wan-2.6-i2v",
    kind="i2v",
    title="Wan 2.6 Image To Video",
    summary=N_("The best picture; up to 15 seconds, several shots, follows a sound file"),
    typical_s=129.07,
    parameters=(
        Parameter(name="image", type="string (uri)", required=True),
        Parameter(name="prompt", type="string", required=True),
        Parameter(name="audio", type="string (uri)"),
        Parameter(name="duration", type="integer", default=5, choices=(5, 10, 15)),
        Parameter(name="enable_prompt_expansion", type="boolean", default=True),
        Parameter(name="multi_shots", type="boolean", default=False),
        Parameter(name="negative_prompt", type="string", default=""),
        Parameter(name="resolution", type="string", default="720p", choices=("720p", "1080p")),
        Parameter(name="seed", type="integer"),
    ),
    options=(
        ModelOption(name="image", parameter="image"),
        ModelOption(name="prompt", parameter="prompt"),
        ModelOption(name="duration", parameter="duration"),
        ModelOption(name="resolution", parameter="resolution"),
        ModelOption(name="negative_prompt", parameter="negative_prompt"),
        ModelOption(name="seed", parameter="seed", random_range=_ANY_SEED),
        ModelOption(name="audio", parameter="audio"),
        ModelOption(name="enhance_prompt", parameter="enable_prompt_expansion"),
        ModelOption(name="multi_shot", parameter="multi_shots", needs="enhance_prompt"),
    ),
)

WAN_21_720P = Model(
    slug="wan2.1-i2v-720p",
    kind="i2v",
    title="Wan 2.1 720p image to video",
    summary=N_("Broad range of motion; one to five seconds, number of steps adjustable"),
    typical_s=148.59,
    constants={"base64": False},
    parameters=(
        Parameter(name="image", type="string (uri)", required=True),
        Parameter(name="prompt", type="string", required=True),
        Parameter(
            name="resolution",
            type="integer",
            required=True,
            default=720,
            choices=(720, 960, 1024),
        ),
        Parameter(
            name="video_length", type="integer", required=True, default=3, minimum=1, maximum=5
        ),
        Parameter(name="base64", type="boolean", default=False),
        Parameter(
            name="negative_prompt",
            type="string",
            default=(
                "blurry, bad quality, camera shake, distortion, poor composition, "
                "low resolution, artifact, watermark"
            ),
        ),
        Parameter(name="seed", type="integer", default=42424242),
        Parameter(name="steps", type="integer", default=30, minimum=10, maximum=70),
    ),
    options=(
        ModelOption(name="image", parameter="image"),
        ModelOption(name="prompt", parameter="prompt"),
        ModelOption(name="duration", parameter="video_length"),
        ModelOption(name="resolution", parameter="resolution"),
        ModelOption(name="negative_prompt", parameter="negative_prompt"),
        ModelOption(name="seed", parameter="seed", random_range=_ANY_SEED),
        ModelOption(name="steps", parameter="steps"),
    ),
)

WAN_25 = Model(
    slug="wan-2.5-i2v",
    kind="i2v",
    title="Wan 2.5 Image to Video",
    summary=N_("High resolution, follows a sound file; 5 or 10 seconds"),
    typical_s=177.19,
    parameters=(
        Parameter(
            name="image",
            type="string (uri)",
            required=True,
            default=(
                "https://segmind-resources.s3.amazonaws.com/output/"
                "21aeb463-bb17-4536-864b-0bd1e11594a9-EMXN1y8qTgoGdXBsb2FkEg55bGFiLXN0dW50LXNncBo0"
                "YWlfcG9ydGFsLzE3NTM5NjM5NTIvbjdwNDlYOURCbS8yZTk0X2wwXzAwMS0wXzAuanBlZw_1000x1000.webp"
            ),
        ),
        Parameter(name="prompt", type="string", required=True),
        Parameter(name="audio", type="string (uri)"),
        Parameter(name="duration", type="integer", choices=(5, 10)),
        Parameter(name="enable_prompt_expansion", type="boolean", default=True),
        Parameter(
            name="negative_prompt", type="string", default="unnecessary clutter, dark shadows"
        ),
        Parameter(
            name="resolution", type="string", default="720p", choices=("480p", "720p", "1080p")
        ),
        Parameter(name="seed", type="integer", default=42),
    ),
    options=(
        ModelOption(name="image", parameter="image"),
        ModelOption(name="prompt", parameter="prompt"),
        # The page gives no default; its example call sends 5, and the price depends on it.
        ModelOption(name="duration", parameter="duration", default=5),
        ModelOption(name="resolution", parameter="resolution"),
        ModelOption(name="negative_prompt", parameter="negative_prompt"),
        # "Use values between 1 and 100 for variation."
        ModelOption(name="seed", parameter="seed", random_range=(1, 100)),
        ModelOption(name="audio", parameter="audio"),
        ModelOption(name="enhance_prompt", parameter="enable_prompt_expansion"),
    ),
)

WAN_22_T2V_FAST = Model(
    slug="wan-2.2-t2v-fast",
    kind="t2v",
    title="Wan 2.2 Text to Video Fast",
    summary=N_("A video from words alone; styles by LoRA"),
    typical_s=93.36,
    parameters=(
        Parameter(name="prompt", type="string", required=True),
        Parameter(name="aspect_ratio", type="string", default="16:9", choices=("16:9", "9:16")),
        Parameter(name="frames_per_second", type="integer", default=16, minimum=5, maximum=24),
        Parameter(name="go_fast", type="boolean", default=True),
        Parameter(name="high_noise_lora", type="string"),
        Parameter(name="high_noise_lora_scale", type="number", default=1, minimum=0, maximum=2),
        Parameter(name="low_noise_lora", type="string"),
        Parameter(name="low_noise_lora_scale", type="number", default=1, minimum=0, maximum=2),
        Parameter(name="negative_prompt", type="string", default=""),
        Parameter(name="num_frames", type="integer", default=81, minimum=81, maximum=100),
        Parameter(name="resolution", type="string", default="480p", choices=("480p", "720p")),
        Parameter(name="sample_shift", type="number", default=12, minimum=1, maximum=20),
        Parameter(name="seed", type="integer"),
    ),
    options=(
        ModelOption(name="prompt", parameter="prompt"),
        ModelOption(name="aspect_ratio", parameter="aspect_ratio"),
        ModelOption(name="resolution", parameter="resolution"),
        ModelOption(name="frames", parameter="num_frames"),
        ModelOption(name="fps", parameter="frames_per_second"),
        ModelOption(name="fast", parameter="go_fast"),
        ModelOption(name="negative_prompt", parameter="negative_prompt"),
        ModelOption(name="seed", parameter="seed", random_range=_ANY_SEED),
        ModelOption(name="motion", parameter="sample_shift"),
        ModelOption(name="high_noise_lora", parameter="high_noise_lora"),
        ModelOption(name="high_noise_scale", parameter="high_noise_lora_scale"),
        ModelOption(name="low_noise_lora", parameter="low_noise_lora"),
        ModelOption(name="low_noise_scale", parameter="low_noise_lora_scale"),
    ),
)

# The first of a kind is the default of its slash command.
MODELS: tuple[Model, ...] = (WAN_22_FLASH, WAN_26, WAN_21_720P, WAN_25, WAN_22_T2V_FAST)
