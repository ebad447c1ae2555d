"""From the options a member gave to the body the provider gets: pure mapping and validation."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlsplit

from bot.catalogue import (
    REQUIRED_OPTIONS,
    JsonScalar,
    Model,
    ModelOption,
    OptionSpec,
    Parameter,
    option_spec,
)
from bot.catalogue.options import SEED_MAX
from bot.errors import BadInputError
from bot.i18n import gettext, ngettext, number_text
from bot.pricing import PriceTable
from bot.words import option_name

SeedSource = Callable[[int, int], int]

# A name with at least two parts whose last one begins with a letter: whatever ends in a number
# (10.0.0.1, 127.1, 0x7f.1) is read as an IPv4 address. Applied to the host's ASCII form.
_PUBLIC_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE
)
# Letters and signs by their names in Unicode, but nothing to be seen.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_HOST_MAX_LENGTH = 253
# Endings that no public server has: RFC 2606, 6761, 6762 and 8375, ICANN's .internal, and habit.
_PRIVATE_ENDINGS = (
    *(".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp"),
    *(".home.arpa", ".test", ".invalid"),
)


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """What a member asked for: validated, defaults filled, priced.

    Attributes:
        model: The model's slug.
        parameters: The body to submit, by Segmind's parameter names.
        price_credits: What is reserved and, on success, settled.
        image_parameter: The parameter that holds the picture's address; None without one.
    """

    model: str
    parameters: Mapping[str, JsonScalar]
    price_credits: int
    image_parameter: str | None = None

    def with_image(self, url: str) -> "GenerationRequest":
        """Return the same request with another address from which to fetch the picture."""
        return self if self.image_parameter is None else self.with_file(self.image_parameter, url)

    def with_file(self, parameter: str, url: str) -> "GenerationRequest":
        """Return the same request with another address of a file."""
        changed = {**self.parameters, parameter: url}
        return replace(self, parameters=MappingProxyType(changed))


def build_request(
    model: Model,
    options: Mapping[str, JsonScalar],
    *,
    prices: PriceTable,
    draw_seed: SeedSource,
) -> GenerationRequest:
    """Validate a member's options and map them onto a model's parameters.

    Args:
        model: The chosen model.
        options: Our option names to the values given; options left out are absent.
            Attachments are given as the address of the file.
        prices: Estimated prices.
        draw_seed: `random.randint`-like, both ends inclusive; used when no seed was given.

    Raises:
        BadInputError: an option the model lacks, a value it does not take, no prompt.
    """
    for name in options:
        if model.option(name) is None:
            raise BadInputError(_lacks(model, name))
    parameters: dict[str, JsonScalar] = dict(model.constants)
    for option in model.options:
        value = _value(model, option, options, draw_seed)
        if value is not None:
            parameters[option.parameter] = value
    _check_needs(model, options, parameters)
    image = model.option("image")
    return GenerationRequest(
        model=model.slug,
        parameters=MappingProxyType(parameters),
        price_credits=prices.credits(model, parameters),
        image_parameter=image.parameter if image else None,
    )


def _value(
    model: Model,
    option: ModelOption,
    options: Mapping[str, JsonScalar],
    draw_seed: SeedSource,
) -> JsonScalar | None:
    if option.name in options:
        spec = option_spec(option.name)
        return _checked(model, spec, model.parameter(option.parameter), options[option.name])
    if option.name in REQUIRED_OPTIONS:
        raise BadInputError(
            gettext("`{option}` is missing: {model} needs it.").format(
                option=option_name(option.name), model=model.title
            )
        )
    if option.random_range is not None:
        return draw_seed(*option.random_range)
    return model.default_of(option.name)


def _checked(model: Model, spec: OptionSpec, parameter: Parameter, value: JsonScalar) -> JsonScalar:
    if parameter.choices:
        return _choice(model, spec, parameter, value)
    if parameter.type == "boolean":
        return _boolean(spec, value)
    if parameter.type in ("integer", "number"):
        return _number(model, spec, parameter, value)
    return _text(model, spec, value)


def _choice(model: Model, spec: OptionSpec, parameter: Parameter, value: JsonScalar) -> JsonScalar:
    """Match a choice however it is written: 720, "720p" and "720P" mean the same."""
    wanted = _bare(value)
    for choice in parameter.choices:
        if _bare(choice) == wanted:
            return choice
    allowed = ", ".join(f"`{choice}`" for choice in parameter.choices)
    raise BadInputError(
        gettext("{model} takes {allowed} for `{option}`, not `{value}`.").format(
            model=model.title, allowed=allowed, option=option_name(spec.name), value=_short(value)
        )
    )


def _bare(value: JsonScalar) -> str:
    return str(value).strip().casefold().removesuffix("p")


def _boolean(spec: OptionSpec, value: JsonScalar) -> bool:
    if isinstance(value, bool):
        return value
    raise BadInputError(
        gettext("`{option}` is either true or false, not `{value}`.").format(
            option=option_name(spec.name), value=_short(value)
        )
    )


def _number(model: Model, spec: OptionSpec, parameter: Parameter, value: JsonScalar) -> int | float:
    if isinstance(value, bool | str):
        raise BadInputError(
            gettext("`{option}` must be a number, not `{value}`.").format(
                option=option_name(spec.name), value=_short(value)
            )
        )
    low, high = parameter.minimum, parameter.maximum
    if spec.name == "seed":
        low, high = 0, SEED_MAX
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise BadInputError(
            gettext("{model} takes {low} to {high} for `{option}`, not {value}.").format(
                model=model.title,
                low=low,
                high=high,
                option=option_name(spec.name),
                value=_short(value),
            )
        )
    if parameter.type == "integer":
        if value != int(value):
            raise BadInputError(
                gettext("`{option}` must be a whole number, not {value}.").format(
                    option=option_name(spec.name), value=_short(value)
                )
            )
        return int(value)
    return value


def _text(model: Model, spec: OptionSpec, value: JsonScalar) -> str:
    name = option_name(spec.name)
    if not isinstance(value, str):
        raise BadInputError(
            gettext("`{option}` must be text, not `{value}`.").format(
                option=name, value=_short(value)
            )
        )
    text = value.strip()
    if spec.type == "attachment" and not text:
        raise BadInputError(
            gettext("`{option}` is empty. Attach the file again.").format(option=name)
        )
    if spec.name in REQUIRED_OPTIONS and not _is_visible(text):
        raise BadInputError(
            gettext("`{option}` is empty. Say in a few words what the video should show.").format(
                option=name
            )
        )
    if spec.max_length is not None and len(text) > spec.max_length:
        raise BadInputError(_too_long(model, spec, len(text), spec.max_length))
    if spec.url_suffix is not None:
        _check_url(spec, text)
    return text


def _too_long(model: Model, spec: OptionSpec, chars: int, most: int) -> str:
    return ngettext(
        "`{option}` has {n} character; {model} takes at most {most}. Shorten it by {over}.",
        "`{option}` has {n} characters; {model} takes at most {most}. Shorten it by {over}.",
        chars,
    ).format(
        option=option_name(spec.name),
        n=number_text(chars),
        model=model.title,
        most=number_text(most),
        over=number_text(chars - most),
    )


def _is_visible(text: str) -> bool:
    """Tell whether there is anything but spaces, invisible characters and lone accents."""
    return any(unicodedata.category(one)[0] not in "CZM" and one not in _BLANKS for one in text)


def _check_url(spec: OptionSpec, text: str) -> None:
    """Refuse what cannot be the public https address of a file with the wanted ending."""
    problem = None
    name, ending = option_name(spec.name), spec.url_suffix or ""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        problem = gettext("`{option}` is not an address.")
    else:
        if parts.scheme != "https":
            problem = gettext("`{option}` does not begin with https://.")
        elif not text.isprintable() or " " in text:
            problem = gettext("`{option}` holds a space or an invisible character.")
        elif "@" in parts.netloc:
            problem = gettext("`{option}` holds a user name or password.")
        elif not _is_public(host):
            problem = gettext("`{option}` names no public server.")
        elif not parts.path.casefold().endswith(ending):
            problem = gettext("`{option}` does not end in {ending}.")
    if problem:
        taken = gettext("It takes a public address such as `https://example.org/style{ending}`.")
        raise BadInputError(f"{problem} {taken}".format(option=name, ending=ending))


def _is_public(host: str) -> bool:
    """Tell whether a host is a public name. An IP address is none, however it is written."""
    if len(host) > _HOST_MAX_LENGTH:
        return False
    try:
        # Folds full-width digits and dots, too, so that they hide no address.
        name = host.encode("idna").decode("ascii").removesuffix(".").casefold()
    except UnicodeError:
        return False
    return _PUBLIC_HOST.fullmatch(name) is not None and not name.endswith(_PRIVATE_ENDINGS)


def _check_needs(
    model: Model, options: Mapping[str, JsonScalar], parameters: Mapping[str, JsonScalar]
) -> None:
    for option in model.options:
        if option.needs is None or not options.get(option.name):
            continue
        needed = model.option(option.needs)
        if needed is not None and not parameters.get(needed.parameter):
            raise BadInputError(
                gettext(
                    "`{option}` only works with `{needed}` on. "
                    "Turn `{needed}` on or leave `{option}` out."
                ).format(option=option_name(option.name), needed=option_name(option.needs))
            )


def _lacks(model: Model, name: str) -> str:
    taken = ", ".join(f"`{option_name(option.name)}`" for option in model.options)
    return gettext("{model} has no `{option}`. It takes {taken}.").format(
        model=model.title, option=_short(option_name(name)), taken=taken
    )


def _short(value: JsonScalar) -> str:
    """Return an excerpt that can stand in a code span: one line, no backtick, not empty."""
    text = " ".join(str(value).replace("`", "'").split()) or gettext("(empty)")
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - a readable excerpt
