"""The shapes of the catalogue: what Segmind takes, and which of our options becomes what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

JsonScalar: TypeAlias = str | int | float | bool
Kind: TypeAlias = Literal["i2v", "t2v"]
# The slash command that serves a kind of models.
COMMANDS: Mapping[Kind, str] = {"i2v": "animate", "t2v": "t2v"}
ParameterType: TypeAlias = Literal["string", "string (uri)", "integer", "number", "boolean"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a model, exactly as its page documents it.

    Attributes:
        default: The page's default; None when the page gives none or `null`.
        choices: The page's allowed values; empty when any value goes.
        minimum: The lower end of the page's range, inclusive; None when there is none.
        maximum: The upper end, inclusive.
    """

    name: str
    type: ParameterType
    required: bool = False
    default: JsonScalar | None = None
    choices: tuple[JsonScalar, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True)
class ModelOption:
    """One of our options as a model takes it.

    Attributes:
        name: Our option's name (a key of `OPTIONS`).
        parameter: The model's parameter that it becomes.
        default: What is sent when the member says nothing and the page has no default.
        random_range: For seeds: where a random one is drawn from, both ends inclusive.
        needs: Another option that must be on (true) for this one to have any effect.
    """

    name: str
    parameter: str
    default: JsonScalar | None = None
    random_range: tuple[int, int] | None = None
    needs: str | None = None


@dataclass(frozen=True, kw_only=True)
class Model:
    """One hosted model.

    Attributes:
        slug: Segmind's name, the last part of the submit URL.
        summary: What it is for; to be looked up where it is shown.
        typical_s: The page's typical latency in seconds.
        fixed_duration_s: Length of the video where no parameter sets it.
        constants: Parameters that are always sent with the same value.
    """

    slug: str
    kind: Kind
    title: str
    summary: str
    typical_s: float
    parameters: tuple[Parameter, ...]
    options: tuple[ModelOption, ...]
    fixed_duration_s: float | None = None
    constants: dict[str, JsonScalar] = field(default_factory=dict)

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called `name`; KeyError when the model has none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def option(self, name: str) -> ModelOption | None:
        """Return how this model takes our option `name`, or None when it does not."""
        return next((option for option in self.options if option.name == name), None)

    def parameter_of(self, option_name: str) -> Parameter:
        """Return the parameter behind our option; KeyError when the model lacks the option."""
        option = self.option(option_name)
        if option is None:
            raise KeyError(option_name)
        return self.parameter(option.parameter)

    def default_of(self, option_name: str) -> JsonScalar | None:
        """Return what is sent when the member does not give the option; None sends nothing."""
        option = self.option(option_name)
        if option is None:
            raise KeyError(option_name)
        if option.default is not None:
            return option.default
        return self.parameter(option.parameter).default
