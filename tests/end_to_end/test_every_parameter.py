"""All models, every option at each end of its range and at each choice: a real video comes back."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest

from bot.catalogue import MODELS, JsonScalar, Model, ModelOption, Parameter, option_spec
from bot.catalogue.options import PROMPT_MAX_LENGTH, SEED_MAX
from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.media_files import picture, sound
from tests.end_to_end.sandbox_process import Json, SandboxProcess
from tests.end_to_end.seen import make, text_of
from tests.seed_pages import seed_page

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

COMMANDS = {"i2v": "animate", "t2v": "t2v"}
LORAS = (
    "https://huggingface.co/someone/ink/resolve/main/ink.safetensors?download=true",
    "https://example.org/clay.safetensors",
)
# What Discord would format, what counts double there, and what SQL and JSON must quote.
NASTY = "*_`~|@#<[-\\\"'🌋é%s;"
Value = JsonScalar | Path
JSON_TYPES = {"integer": (int,), "number": (int, float), "boolean": (bool,)}


@dataclass(frozen=True, kw_only=True)
class Files:
    """What is attached, in turn."""

    images: tuple[Path, Path]
    sounds: tuple[Path, Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A wide PNG, an upright JPEG; four seconds as WAV and as MP3."""
    return Files(
        images=(picture(tmp_path / "wide.png", 192, 108), picture(tmp_path / "up.jpg", 96, 144)),
        sounds=(sound(tmp_path / "hum.wav"), sound(tmp_path / "hum.mp3")),
    )


# Our words for what the pages call otherwise.
PAGE_NAMES = {
    "duration": {"duration", "video_length"},
    "frames": {"num_frames"},
    "fps": {"frames_per_second"},
    "fast": {"go_fast"},
    "motion": {"sample_shift"},
    "multi_shot": {"multi_shots"},
    "enhance_prompt": {"enable_prompt_expansion", "prompt_extend"},
    "high_noise_scale": {"high_noise_lora_scale"},
    "low_noise_scale": {"low_noise_lora_scale"},
}


def values_to_try(model: Model, option: ModelOption, files: Files) -> tuple[Value, ...]:
    """Every choice; or both ends of the range; or two of what there is no end of."""
    parameter = model.parameter(option.parameter)
    if parameter.choices:
        text = option_spec(option.name).type == "string"
        return tuple(str(c) if text else c for c in parameter.choices)
    if parameter.minimum is not None and parameter.maximum is not None:
        ends = (parameter.minimum, parameter.maximum)
        return tuple(int(end) if parameter.type == "integer" else end for end in ends)
    if parameter.type == "boolean":
        return (False, True)  # the same order for all: some need another one on
    endless: dict[str, tuple[Value, ...]] = {
        "image": files.images,
        "audio": files.sounds,
        "prompt": (f"{model.slug}, shortest", f"{model.slug} " + NASTY * PROMPT_MAX_LENGTH),
        "negative_prompt": ("rain", "fog, " * 199 + "smoke"),
        "seed": (0, SEED_MAX),
        "high_noise_lora": LORAS,
        "low_noise_lora": LORAS[::-1],
    }
    return endless[option.name]


def covering_runs(model: Model, files: Files) -> list[dict[str, Value]]:
    """So many runs with all options that each value of each option is in one of them."""
    columns = {option.name: values_to_try(model, option, files) for option in model.options}
    count = max(len(values) for values in columns.values())
    runs = [{name: v[i % len(v)] for name, v in columns.items()} for i in range(count)]
    for number, run in enumerate(runs):  # a prompt of its own, by which the request is found
        run["prompt"] = f"{number} {run['prompt']}"[:PROMPT_MAX_LENGTH]
    return runs


def least_run(model: Model, files: Files) -> dict[str, Value]:
    """Only what must be given."""
    image: dict[str, Value] = {"image": files.images[0]} if model.kind == "i2v" else {}
    return {"prompt": f"{model.slug} and no more", **image}


def example_run(model: Model, files: Files) -> dict[str, Value]:
    """The example call of the model's own page, said in our options."""
    example = seed_page(model.slug).example
    run: dict[str, Value] = {}
    for option in model.options:
        if option.parameter in example:
            value = example[option.parameter]
            spec = option_spec(option.name)
            run[option.name] = int(value) if spec.type == "integer" else value
    return run | ({"image": files.images[0]} if model.kind == "i2v" else {})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
async def test_every_value_of_every_option_gives_a_video(
    sandbox: SandboxProcess, mia: MemberDriver, theo: MemberDriver, model: Model, files: Files
) -> None:
    """What the provider receives is what was chosen, and the video that comes back fits it."""
    runs = [*covering_runs(model, files), least_run(model, files)]

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(check_run(sandbox, (mia, theo)[number % 2], model, run))
            for number, run in enumerate(runs)
        ]

    bodies = [task.result() for task in tasks]
    for parameter in seed_page(model.slug).parameters:  # the page's word, not our catalogue's
        received = {body[parameter.name] for body in bodies if parameter.name in body}
        assert received, f"{parameter.name} was never sent"
        assert received >= wanted_by_page(parameter), parameter.name


def wanted_by_page(parameter: Parameter) -> set[JsonScalar]:
    """Which values of a documented parameter the provider must have received at least."""
    if parameter.name == "base64":
        return {False}  # the video as text is of no use to us
    if parameter.choices:
        return set(parameter.choices)
    if parameter.type == "boolean":
        return {True, False}
    return {end for end in (parameter.minimum, parameter.maximum) if end is not None}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
async def test_the_pages_own_example_reaches_the_provider_as_it_stands(
    sandbox: SandboxProcess, mia: MemberDriver, model: Model, files: Files
) -> None:
    """The body equals the example's on all its keys; numbers as their declared type."""
    example = seed_page(model.slug).example

    body = await check_run(sandbox, mia, model, example_run(model, files))

    for name, value in example.items():
        parameter = model.parameter(name)
        if parameter.type == "string (uri)":
            assert str(body[name]).startswith("http"), name
        else:
            assert body[name] == as_declared(parameter, value), name


async def check_run(
    sandbox: SandboxProcess, member: MemberDriver, model: Model, run: Mapping[str, Value]
) -> Json:
    """Make one video; check what was sent and what came back. Returns the body."""
    _, result = await make(member, COMMANDS[model.kind], {"model": model.slug, **run})
    (attachment,) = files_of(result)
    video = await member.download(attachment["url"])
    request = await sandbox.request_of(str(run["prompt"]))

    assert request["slug"] == model.slug
    assert request["unknown_parameters"] == []
    await check_body(member, model, run, request["body"])
    await asyncio.to_thread(check_video, video, model, run, request["body"])
    assert attachment["filename"] == f"{model.slug}-{request['body']['seed']}.mp4"
    assert f"seed `{request['body']['seed']}`" in text_of(result)
    body: Json = request["body"]
    return body


async def check_body(
    member: MemberDriver, model: Model, run: Mapping[str, Value], body: Json
) -> None:
    """The body has the chosen values, the page's defaults for the rest, and nothing else."""
    expected: dict[str, Any] = dict(model.constants)
    for option in model.options:
        assert option.parameter in PAGE_NAMES.get(option.name, {option.name})
        parameter = model.parameter(option.parameter)
        value = run.get(option.name, model.default_of(option.name))
        if isinstance(value, Path):
            assert await member.download(body[parameter.name]) == value.read_bytes()
            expected[parameter.name] = body[parameter.name]
        elif option.name == "seed" and "seed" not in run:
            assert option.random_range is not None
            assert option.random_range[0] <= body["seed"] <= option.random_range[1]
            expected["seed"] = body["seed"]
        elif value is not None:
            expected[parameter.name] = as_declared(parameter, value)
    assert body == expected
    for name, value in body.items():
        taken = JSON_TYPES.get(model.parameter(name).type, (str,))
        assert type(value) in taken, f"{name} is sent as {value!r}"


def as_declared(parameter: Parameter, value: JsonScalar) -> JsonScalar:
    """A value as the page declares its type: an example may say "5" where 5 is meant."""
    if parameter.type == "integer":
        return int(value)
    return float(value) if parameter.type == "number" else value


def check_video(data: bytes, model: Model, run: Mapping[str, Value], body: Json) -> None:
    """It is H.264, as long as was asked for, of the asked shape, and sounds if it should."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        frames = len(list(container.decode(stream)))
        rate = stream.average_rate
        assert rate is not None
        assert stream.codec_context.name == "h264"
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(length_s(model, body), abs=0.25)
        assert float(frames / rate) == pytest.approx(length_s(model, body), abs=0.25)
        shape = stream.codec_context.width / stream.codec_context.height
        assert shape == pytest.approx(aspect(run, body), rel=0.02)
        assert bool(container.streams.audio) == ("audio" in run)


def length_s(model: Model, body: Json) -> float:
    """How long the video should be."""
    if model.kind == "t2v":
        return float(body["num_frames"] / body["frames_per_second"])
    return float(body.get("duration") or body.get("video_length") or 5)


def aspect(run: Mapping[str, Value], body: Json) -> float:
    """Its width divided by its height."""
    if "aspect_ratio" in body:
        return {"16:9": 16 / 9, "9:16": 9 / 16}[body["aspect_ratio"]]
    return {"wide.png": 192 / 108, "up.jpg": 96 / 144}[Path(str(run["image"])).name]
