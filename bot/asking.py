"""What members have said so far and like to say: drafts of orders, last options, presets. Values.

Nothing here is a job yet, and nothing has been spent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.catalogue import COMMANDS, JsonScalar, Kind, Model, find_model, models_of_kind
from bot.job import Job

# What is a member's own words, a file, or another for every video.
_NOT_A_HABIT = frozenset({"image", "audio", "prompt", "seed"})
MOST_PRESETS = 25
PRESET_NAME_CHARS = 32

Options = Mapping[str, JsonScalar]


class KeptFile(BaseModel):
    """A file that a member gave: its name, and Discord's signed address of it."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    url: str = Field(repr=False)


class MessagePlace(BaseModel):
    """The message that a picture was found in."""

    model_config = ConfigDict(frozen=True)

    channel_id: int
    message_id: int


class Draft(BaseModel):
    """An order that still lacks something: words, a choice, or a yes to its price.

    Attributes:
        id: Of the interaction that began it.
        user_id: Whose it is; nobody else can go on with it.
        kind: Of the model, whether or not that is chosen already.
        model: The chosen model's slug; None until it is chosen.
        options: Our option names to the values given so far; no files.
        images: The picture; several while it is to be chosen which.
        offered: What the form showed as chosen (`model` and options): whoever lets it stand has
            not asked for it.
        message: Where the picture is from, when it was found in somebody's message.
        parent_id: The job that this one is made from.
        confirmed_credits: The price that the member has been asked about.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    user_id: int
    kind: Kind
    model: str | None = None
    options: Options = Field(default_factory=dict)
    images: tuple[KeptFile, ...] = ()
    audio: KeptFile | None = None
    offered: Options = Field(default_factory=dict)
    message: MessagePlace | None = None
    parent_id: int | None = None
    confirmed_credits: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether a video can be made of it: words, and one picture where it takes one."""
        return bool(self.options.get("prompt")) and (self.kind == "t2v" or len(self.images) == 1)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An answer to a wish to go on with a draft.

    Attributes:
        draft: The draft, now taken; None when it cannot be.
        why_not: It is gone (or somebody else's), or another interaction has taken it.
        by: That interaction.
    """

    draft: Draft | None
    why_not: Literal["gone", "taken"] | None = None
    by: int | None = None


@dataclass(frozen=True, kw_only=True)
class NewPreset:
    """Options that a member saves under a name.

    Attributes:
        name: Unique for its member, whatever the case of its letters.
        model: The model's slug.
        options: Our option names to values, `prompt` among them if it is to be kept.
    """

    user_id: int
    name: str
    model: str
    options: Options


@dataclass(frozen=True, kw_only=True)
class Preset(NewPreset):
    """A saved preset; `id` is never given again."""

    id: int


def key_of(name: str) -> str:
    """Return what tells a preset's name from others."""
    return " ".join(name.split()).casefold()


def command_of(model: Model) -> str:
    """Return the command that serves a model."""
    return COMMANDS[model.kind]


def used_options(slug: str, parameters: Options) -> dict[str, JsonScalar]:
    """Return settings by our names, for another video: no words (but negative), files or seed.

    What equals the model's default is left out, unless it is chosen from a list; of a model that
    is gone nothing is known.

    Args:
        slug: The model's.
        parameters: As they are sent to it.
    """
    model = find_model(slug)
    found: dict[str, JsonScalar] = {}
    if model is None:
        return found
    for option in model.options:
        value = parameters.get(option.parameter)
        if option.name in _NOT_A_HABIT or value is None or value == "":
            continue
        if is_choice(model.kind, option.name) or value != model.default_of(option.name):
            found[option.name] = value
    return found


def last_options(job: Job) -> dict[str, JsonScalar]:
    """Return what is offered next time: the model, and each choice among its values."""
    model = find_model(job.model)
    if model is None:
        return {}
    chosen = {
        option.name: job.parameters[option.parameter]
        for option in model.options
        if is_choice(model.kind, option.name) and option.parameter in job.parameters
    }
    return {"model": model.slug, **chosen}


def is_choice(kind: Kind, option: str) -> bool:
    """Tell whether an option is chosen from a list: at least one model takes only some values."""
    return any(m.option(option) and m.parameter_of(option).choices for m in models_of_kind(kind))


def taken_values(model: Model, option: str) -> tuple[JsonScalar, ...]:
    """Return all values that a model takes for an option; none where there are too many to list."""
    if model.option(option) is None:
        return ()
    parameter = model.parameter_of(option)
    if parameter.choices or parameter.minimum is None or parameter.maximum is None:
        return parameter.choices
    return tuple(range(int(parameter.minimum), int(parameter.maximum) + 1))
