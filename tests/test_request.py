import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import MODELS, OPTIONS, JsonScalar, Model, Parameter, ParameterType, option_spec
from bot.catalogue.options import NEGATIVE_PROMPT_MAX_LENGTH, PROMPT_MAX_LENGTH, SEED_MAX
from bot.errors import BadInputError
from bot.pricing import load_prices
from bot.request import GenerationRequest, build_request
from tests.seed_pages import SLUGS, seed_page

PRICES = load_prices()
BY_SLUG = {model.slug: model for model in MODELS}
T2V = BY_SLUG["wan-2.2-t2v-fast"]
WAN_26 = BY_SLUG["wan-2.6-i2v"]
WAN_25 = BY_SLUG["wan-2.5-i2v"]
WAN_21 = BY_SLUG["wan2.1-i2v-720p"]
# Discord's limit for a message.
MESSAGE_MAX_LENGTH = 2000
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)


def least(model: Model) -> dict[str, JsonScalar]:
    """Return the least a member can give."""
    options: dict[str, JsonScalar] = {"prompt": "a cat"}
    if model.kind == "i2v":
        options["image"] = "https://cdn.example.org/cat.png"
    return options


def middle(low: int, high: int) -> int:
    """Draw a seed that can be foretold."""
    return (low + high) // 2


def build(
    model: Model,
    options: Mapping[str, JsonScalar],
    *,
    draw: Callable[[int, int], int] = middle,
) -> GenerationRequest:
    """Build a request as the bot does."""
    return build_request(model, options, prices=PRICES, draw_seed=draw)


def body(model: Model, **options: Any) -> dict[str, JsonScalar]:
    """Return the body for the least options and these."""
    return dict(build(model, {**least(model), **options}).parameters)


def refusal(model: Model, options: Mapping[str, JsonScalar]) -> str:
    """Return the sentence with which these options are refused."""
    with pytest.raises(BadInputError) as caught:
        build(model, options)
    return str(caught.value)


def refused(model: Model, **options: Any) -> str:
    """Return the sentence with which the least options and these are refused."""
    return refusal(model, {**least(model), **options})


# -- the pages' example calls ---------------------------------------------------------


def as_declared(parameter: Parameter, value: JsonScalar) -> JsonScalar:
    """Read a value as the parameter table declares it: the examples write "720" and "5"."""
    if parameter.type == "integer":
        return int(value)
    if parameter.type == "number":
        return float(value)
    return value


def has_declared_type(kind: ParameterType, value: JsonScalar) -> bool:
    """Tell whether a value of the body is of its parameter's type, and not just equal to one."""
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return type(value) is int
    if kind == "number":
        return type(value) in (int, float) and math.isfinite(float(value))
    return isinstance(value, str)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_pages_example_call_can_be_made(slug: str) -> None:
    """The example's values, given as our options, give the example's body, properly typed."""
    model, example = BY_SLUG[slug], seed_page(slug).example
    options = {o.name: example[o.parameter] for o in model.options if o.parameter in example}

    ours = build(model, options).parameters

    for name, value in example.items():
        parameter = model.parameter(name)
        assert ours[name] == as_declared(parameter, value)
        assert has_declared_type(parameter.type, ours[name])


@pytest.mark.parametrize("slug", SLUGS)
def test_beyond_the_example_only_defaults_and_a_seed_are_sent(slug: str) -> None:
    """What the example leaves out is sent as the page's default, or not at all."""
    model, example = BY_SLUG[slug], seed_page(slug).example
    options = {o.name: example[o.parameter] for o in model.options if o.parameter in example}

    more = {k: v for k, v in build(model, options).parameters.items() if k not in example}

    more.pop("seed", None)
    assert more == {name: model.parameter(name).default for name in more}


# -- every option at its ends and just outside -------------------------------------------


def steps(model: Model) -> list[tuple[str, JsonScalar]]:
    """Return each option with each value that must be taken."""
    values: list[tuple[str, JsonScalar]] = []
    for option in model.options:
        parameter = model.parameter(option.parameter)
        if parameter.choices:
            values += [(option.name, choice) for choice in parameter.choices]
        elif parameter.type == "boolean":
            values += [(option.name, False), (option.name, True)]
        elif option.name == "seed":
            values += [("seed", 0), ("seed", SEED_MAX)]
        elif parameter.minimum is not None and parameter.maximum is not None:
            values += [(option.name, parameter.minimum), (option.name, parameter.maximum)]
    return values


@pytest.mark.parametrize(
    ("slug", "name", "value"),
    [(model.slug, name, value) for model in MODELS for name, value in steps(model)],
)
def test_each_end_and_choice_reaches_the_body(slug: str, name: str, value: JsonScalar) -> None:
    """An allowed value is sent as it is, in its parameter's type."""
    model = BY_SLUG[slug]
    parameter = model.parameter_of(name)

    sent = body(model, **{name: value})[parameter.name]

    assert sent == value
    assert has_declared_type(parameter.type, sent)


RANGED = [
    (model.slug, option.name)
    for model in MODELS
    for option in model.options
    if model.parameter_of(option.name).minimum is not None or option.name == "seed"
]


def ends(model: Model, name: str) -> tuple[float, float]:
    """Return both ends of what a ranged option takes."""
    parameter = model.parameter_of(name)
    if name == "seed":
        return 0, SEED_MAX
    assert parameter.minimum is not None
    assert parameter.maximum is not None
    return parameter.minimum, parameter.maximum


@pytest.mark.parametrize(("slug", "name"), RANGED)
@pytest.mark.parametrize("end", [0, 1], ids=["below", "above"])
def test_one_step_outside_a_range_is_refused(slug: str, name: str, end: int) -> None:
    """The refusal names the option, both ends and what was given."""
    model = BY_SLUG[slug]
    low, high = ends(model, name)
    outside = (low - 1, high + 1)[end]

    text = refused(model, **{name: outside})

    assert f"`{name}`" in text
    assert f"{low} to {high}" in text
    assert str(outside) in text


@pytest.mark.parametrize(("slug", "name"), RANGED)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_at_all_is_refused(slug: str, name: str, value: float) -> None:
    """NaN and infinity are no values, whatever comparison they slip through."""
    assert f"`{name}`" in refused(BY_SLUG[slug], **{name: value})


@pytest.mark.parametrize(("slug", "name"), RANGED)
@pytest.mark.parametrize("value", [True, False, "12", ""])
def test_only_a_number_is_a_number(slug: str, name: str, value: JsonScalar) -> None:
    """True is no 1, and text is no number."""
    text = refused(BY_SLUG[slug], **{name: value})

    assert text.startswith(f"`{name}` must be a number, not `")


@pytest.mark.parametrize("value", [30.0, 30])
def test_a_whole_float_is_an_integer(value: float) -> None:
    """30.0 is 30 and is sent as the integer that the table asks for."""
    sent = body(WAN_21, steps=value)["steps"]

    assert sent == 30
    assert type(sent) is int


def test_a_fraction_is_no_integer() -> None:
    """12.5 steps are refused, not rounded."""
    assert refused(WAN_21, steps=12.5) == "`steps` must be a whole number, not 12.5."


CHOICES = [
    (model.slug, option.name)
    for model in MODELS
    for option in model.options
    if model.parameter_of(option.name).choices
]


@pytest.mark.parametrize(("slug", "name"), CHOICES)
@pytest.mark.parametrize("value", ["nonsense", "", 7, True, math.nan, "4K"])
def test_a_value_that_is_no_choice_is_refused(slug: str, name: str, value: JsonScalar) -> None:
    """The refusal names the model, the option and every choice there is."""
    model = BY_SLUG[slug]

    text = refused(model, **{name: value})

    assert text.startswith(model.title)
    assert f"`{name}`" in text
    for choice in model.parameter_of(name).choices:
        assert f"`{choice}`" in text


@pytest.mark.parametrize(
    ("slug", "given_value", "sent"),
    [
        ("wan-2.2-i2v-flash", "720p", "720P"),
        ("wan-2.2-i2v-flash", 480, "480P"),
        ("wan-2.6-i2v", "1080P", "1080p"),
        ("wan2.1-i2v-720p", "720p", 720),
        ("wan2.1-i2v-720p", " 1024 ", 1024),
    ],
)
def test_one_spelling_of_a_resolution_serves_every_model(
    slug: str, given_value: JsonScalar, sent: JsonScalar
) -> None:
    """720, "720p" and "720P" mean the same; each model gets its own spelling."""
    resolution = body(BY_SLUG[slug], resolution=given_value)["resolution"]

    assert resolution == sent
    assert type(resolution) is type(sent)


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        (model.slug, option.name)
        for model in MODELS
        for option in model.options
        if model.parameter_of(option.name).type == "boolean"
    ],
)
@pytest.mark.parametrize("value", [1, 0, "true", "", 0.0])
def test_only_true_and_false_are_switches(slug: str, name: str, value: JsonScalar) -> None:
    """1 is not true: what is sent must be what was meant."""
    text = refused(BY_SLUG[slug], **{name: value})

    assert text.startswith(f"`{name}` is either true or false")


# -- options a model lacks ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "name"),
    [(m.slug, spec.name) for m in MODELS for spec in OPTIONS if m.option(spec.name) is None],
)
def test_an_option_the_model_lacks_is_refused(slug: str, name: str) -> None:
    """The refusal names the option and everything that the model does take."""
    model = BY_SLUG[slug]

    text = refused(model, **{name: 1})

    assert text.startswith(f"{model.title} has no `{name}`. It takes ")
    for option in model.options:
        assert f"`{option.name}`" in text


# -- prompt and files -----------------------------------------------------------------------


@every_model
@pytest.mark.parametrize(
    "prompt", ["", "   ", "\n\t", "\u3000", "\u200b \u202e", "\u3164", "\ufe0f"]
)
def test_a_blank_prompt_is_refused(model: Model, prompt: str) -> None:
    """Spaces and what cannot be seen are no prompt; the refusal says what to write."""
    assert refused(model, prompt=prompt).startswith("`prompt` is empty. Say in a few words")


@pytest.mark.parametrize(
    ("slug", "name"), [(model.slug, name) for model in MODELS for name in least(model)]
)
def test_what_is_required_must_be_there(slug: str, name: str) -> None:
    """Without prompt or picture nothing is made, whatever default a page gives."""
    model = BY_SLUG[slug]
    options = {other: value for other, value in least(model).items() if other != name}

    assert refusal(model, options) == f"`{name}` is missing: {model.title} needs it."


@pytest.mark.parametrize("name", ["image", "audio"])
def test_an_empty_file_address_is_refused(name: str) -> None:
    """A file that has no address is asked for again, not for words."""
    assert refused(WAN_26, **{name: " "}) == f"`{name}` is empty. Attach the file again."


@pytest.mark.parametrize(
    ("name", "limit"),
    [("prompt", PROMPT_MAX_LENGTH), ("negative_prompt", NEGATIVE_PROMPT_MAX_LENGTH)],
)
@pytest.mark.parametrize("excess", [1, 1234])
def test_a_text_that_is_too_long_is_refused(name: str, limit: int, excess: int) -> None:
    """The refusal says the limit and by how many characters to shorten."""
    text = refused(T2V, **{name: "x" * (limit + excess)})

    assert text.startswith(f"`{name}` has {limit + excess:,} characters")
    assert f"at most {limit:,}" in text
    assert text.endswith(f"Shorten it by {excess:,}.")


@pytest.mark.parametrize(
    ("name", "limit"),
    [("prompt", PROMPT_MAX_LENGTH), ("negative_prompt", NEGATIVE_PROMPT_MAX_LENGTH)],
)
def test_a_text_of_just_the_allowed_length_is_taken(name: str, limit: int) -> None:
    """The limit itself is allowed, and spaces around the text do not count."""
    assert body(T2V, **{name: f" {'x' * limit}\n"})[name] == "x" * limit


@pytest.mark.parametrize("value", [7, True, 1.5])
def test_a_text_must_be_text(value: JsonScalar) -> None:
    """A number is not silently turned into a prompt."""
    assert refused(T2V, prompt=value) == f"`prompt` must be text, not `{value}`."


def test_an_empty_negative_prompt_is_sent_empty() -> None:
    """A member can switch a page's default negative prompt off."""
    assert body(WAN_25, negative_prompt="")["negative_prompt"] == ""


# -- addresses of LoRA files ----------------------------------------------------------------

GOOD_ADDRESSES = [
    "https://example.org/style.safetensors",
    "https://example.org:8443/a/b/style.safetensors",
    "https://huggingface.co/u/r/resolve/main/style.safetensors?download=true",
    "https://example.org/style.safetensors#main",
    "https://EXAMPLE.org/STYLE.SAFETENSORS",
    "HTTPS://example.org/style.safetensors",
    "https://xn--bcher-kva.example.org/style.safetensors",
    "https://bücher.example.org/style.safetensors",
    "https://a_b.s3.example.com/style%20one.safetensors",
    "https://example.org./style.safetensors",
    "https://10.example.org/style.safetensors",
    "https://1e100.net/style.safetensors",
]
PUBLIC_SERVER = "names no public server"
HIDDEN = "holds a space or an invisible character"
USER = "holds a user name or password"
ENDING = "does not end in .safetensors"
SCHEME = "does not begin with https://"
BAD_ADDRESSES = [
    ("", SCHEME),
    ("style.safetensors", SCHEME),
    ("//example.org/style.safetensors", SCHEME),
    ("http://example.org/style.safetensors", SCHEME),
    ("ftp://example.org/style.safetensors", SCHEME),
    ("file:///etc/style.safetensors", SCHEME),
    ("javascript:alert(1)//.safetensors", SCHEME),
    ("data:text/plain,.safetensors", SCHEME),
    ("https:///style.safetensors", PUBLIC_SERVER),
    ("https:style.safetensors", PUBLIC_SERVER),
    ("https://.safetensors", PUBLIC_SERVER),
    ("https://localhost/style.safetensors", PUBLIC_SERVER),
    ("https://localhost./style.safetensors", PUBLIC_SERVER),
    ("https://app.localhost/style.safetensors", PUBLIC_SERVER),
    ("https://printer.local/style.safetensors", PUBLIC_SERVER),
    ("https://PRINTER.LOCAL./style.safetensors", PUBLIC_SERVER),
    ("https://metadata.google.internal/style.safetensors", PUBLIC_SERVER),
    ("https://router.home.arpa/style.safetensors", PUBLIC_SERVER),
    ("https://nas.lan/style.safetensors", PUBLIC_SERVER),
    ("https://server/style.safetensors", PUBLIC_SERVER),
    ("https://127.0.0.1/style.safetensors", PUBLIC_SERVER),
    ("https://127.0.0.1./style.safetensors", PUBLIC_SERVER),
    ("https://10.0.0.1:8443/style.safetensors", PUBLIC_SERVER),
    ("https://169.254.169.254/style.safetensors", PUBLIC_SERVER),
    ("https://8.8.8.8/style.safetensors", PUBLIC_SERVER),
    ("https://127.1/style.safetensors", PUBLIC_SERVER),
    ("https://2130706433/style.safetensors", PUBLIC_SERVER),
    ("https://0x7f000001/style.safetensors", PUBLIC_SERVER),
    ("https://0x7f.0.0.0x1/style.safetensors", PUBLIC_SERVER),
    ("https://017700000001/style.safetensors", PUBLIC_SERVER),
    ("https://127。0。0。1/style.safetensors", PUBLIC_SERVER),
    ("https://①②⑦.0.0.①/style.safetensors", PUBLIC_SERVER),
    ("https://[::1]/style.safetensors", PUBLIC_SERVER),
    ("https://[fd00::1]/style.safetensors", PUBLIC_SERVER),
    ("https://[::ffff:127.0.0.1]/style.safetensors", PUBLIC_SERVER),
    ("https://[2001:4860:4860::8888]/style.safetensors", PUBLIC_SERVER),
    ("https://a..example.org/style.safetensors", PUBLIC_SERVER),
    ("https://-.org\\.example.org/style.safetensors", PUBLIC_SERVER),
    (f"https://{'a.' * 200}org/style.safetensors", PUBLIC_SERVER),
    (f"https://{'a' * 64}.example.org/style.safetensors", PUBLIC_SERVER),
    ("https://user@example.org/style.safetensors", USER),
    ("https://user:pw@example.org/style.safetensors", USER),
    ("https://@example.org/style.safetensors", USER),
    ("https://example.org\\@127.0.0.1/style.safetensors", USER),
    ("https://example.org/my style.safetensors", HIDDEN),
    ("https://exam\nple.org/style.safetensors", HIDDEN),
    ("https://example.org/\tstyle.safetensors", HIDDEN),
    ("https://example.org/\x00style.safetensors", HIDDEN),
    ("https://exam\u200bple.org/style.safetensors", HIDDEN),
    ("https://example.org/\u202estyle.safetensors", HIDDEN),
    ("https://example.org/style.ckpt", ENDING),
    ("https://example.org/style.safetensors.exe", ENDING),
    ("https://example.org/style.safetensors/", ENDING),
    ("https://example.org/", ENDING),
    ("https://example.org/?f=style.safetensors", ENDING),
    ("https://example.org/#style.safetensors", ENDING),
    ("https://example.org:99999/style.safetensors", "is not an address"),
    ("https://example.org:abc/style.safetensors", "is not an address"),
    ("https://[::1/style.safetensors", "is not an address"),
]
LORAS = ["high_noise_lora", "low_noise_lora"]


@pytest.mark.parametrize("name", LORAS)
@pytest.mark.parametrize("address", GOOD_ADDRESSES)
def test_a_public_lora_address_is_sent_as_given(name: str, address: str) -> None:
    """A public https address of a .safetensors file goes to the provider unchanged."""
    assert body(T2V, **{name: address})[name] == address


@pytest.mark.parametrize("name", LORAS)
@pytest.mark.parametrize(("address", "problem"), BAD_ADDRESSES)
def test_a_malformed_lora_address_is_refused(name: str, address: str, problem: str) -> None:
    """The refusal says what is wrong, shows a right one, and repeats nothing of the address."""
    assert refused(T2V, **{name: address}) == (
        f"`{name}` {problem}. It takes a public address such as "
        "`https://example.org/style.safetensors`."
    )


def test_spaces_around_an_address_are_no_fault() -> None:
    """What was pasted with a space behind it works."""
    sent = body(T2V, high_noise_lora=f"  {GOOD_ADDRESSES[0]} \n")

    assert sent["high_noise_lora"] == GOOD_ADDRESSES[0]


# -- several shots, seeds, constants, files ---------------------------------------------------


def test_multi_shot_needs_the_rewritten_prompt() -> None:
    """The page: "only active when enable_prompt_expansion is enabled"; so say so, don't charge."""
    text = refused(WAN_26, multi_shot=True, enhance_prompt=False)

    assert text == (
        "`multi_shot` only works with `enhance_prompt` on. "
        "Turn `enhance_prompt` on or leave `multi_shot` out."
    )


@pytest.mark.parametrize(
    "options",
    [
        {"multi_shot": True},
        {"multi_shot": True, "enhance_prompt": True},
        {"multi_shot": False, "enhance_prompt": False},
        {"enhance_prompt": False},
    ],
)
def test_multi_shot_elsewise_goes_through(options: dict[str, bool]) -> None:
    """Left out, `enhance_prompt` is on; a switched-off `multi_shot` needs nothing."""
    sent = body(WAN_26, **options)

    assert sent["multi_shots"] is options.get("multi_shot", False)
    assert sent["enable_prompt_expansion"] is options.get("enhance_prompt", True)


@every_model
def test_a_seed_is_drawn_where_none_was_given(model: Model) -> None:
    """The draw is made once, from the documented range, and what it gives is sent."""
    asked: list[tuple[int, int]] = []

    def draw(low: int, high: int) -> int:
        asked.append((low, high))
        return high

    request = build(model, least(model), draw=draw)

    option = model.option("seed")
    assert option is not None
    assert asked == [option.random_range]
    assert request.parameters["seed"] == asked[0][1]


@every_model
@pytest.mark.parametrize("seed", [0, 1, 4711, SEED_MAX])
def test_a_given_seed_is_kept(model: Model, seed: int) -> None:
    """A given seed is sent as it is, so that a video can be made again; none is drawn."""

    def never(low: int, high: int) -> int:
        raise AssertionError((low, high))

    request = build(model, {**least(model), "seed": seed}, draw=never)

    assert request.parameters["seed"] == seed


def test_base64_is_always_false_and_out_of_reach() -> None:
    """The result must be an address, not a video inside JSON."""
    assert body(WAN_21)["base64"] is False
    assert "has no `base64`" in refused(WAN_21, base64=True)


@every_model
def test_another_picture_changes_only_its_address(model: Model) -> None:
    """The address that the provider fetches replaces the member's; the original stays."""
    request = build(model, {**least(model), "seed": 5})
    before = dict(request.parameters)

    changed = request.with_image("https://x.example/i.png")

    image = {"image": "https://x.example/i.png"} if model.option("image") else {}
    assert changed.parameters == {**before, **image}
    assert dict(request.parameters) == before
    assert (changed.model, changed.price_credits) == (request.model, request.price_credits)


def test_a_request_cannot_be_changed() -> None:
    """The body is read-only: what was priced is what is sent."""
    request = build(T2V, least(T2V))

    with pytest.raises(TypeError):
        request.parameters["num_frames"] = 1000  # type: ignore[index]  # that is the point


@every_model
def test_the_prompt_is_the_members_own(model: Model) -> None:
    """The words are sent as they were typed, trimmed."""
    request = build(model, {**least(model), "prompt": " a `cat` *runs* "})

    assert request.parameters["prompt"] == "a `cat` *runs*"


@every_model
def test_the_least_options_give_every_default(model: Model) -> None:
    """Left out, an option is sent as its default: the model's maker never decides for us."""
    sent = body(model)

    for option in model.options:
        default = model.default_of(option.name)
        if option.name not in ("image", "prompt", "seed"):
            assert sent.get(option.parameter) == default
    assert set(sent) <= {parameter.name for parameter in model.parameters}


# -- anything at all ----------------------------------------------------------------------------


def plausible(model: Model) -> st.SearchStrategy[dict[str, JsonScalar]]:
    """Return options of which many are right, some nearly, some wild."""
    anything: st.SearchStrategy[JsonScalar] = (
        st.text(max_size=60)
        | st.integers()
        | st.floats()
        | st.booleans()
        | st.sampled_from(["`", "``", "a`b", "", " ", "x" * 7000, "@everyone", *GOOD_ADDRESSES])
        | st.sampled_from([address for address, _ in BAD_ADDRESSES])
    )
    likely = {
        spec.name: st.sampled_from(
            [value for name, value in steps(model) if name == spec.name] or ["a cat"]
        )
        for spec in OPTIONS
    }
    values = st.fixed_dictionaries(
        {name: likely[name] for name in least(model)},
        optional={
            spec.name: likely[spec.name] | anything
            for spec in OPTIONS
            if spec.name not in least(model) and model.option(spec.name)
        },
    )
    wild = st.dictionaries(
        st.sampled_from([spec.name for spec in OPTIONS]) | st.text(max_size=20),
        anything,
        max_size=3,
    )
    return values | st.builds(lambda first, second: {**first, **second}, values, wild) | wild


def satisfied(parameter: Parameter, value: JsonScalar) -> bool:
    """Tell whether a value is what a parameter takes, told anew and simply."""
    if not has_declared_type(parameter.type, value):
        return False
    if parameter.choices:
        return value in parameter.choices
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    return isinstance(value, str) or low <= value <= high


@given(data=st.data())
@pytest.mark.parametrize("slug", SLUGS)
def test_any_options_give_a_sound_body_or_one_refusal(slug: str, data: st.DataObject) -> None:
    """Whatever is given: a body that satisfies every parameter, or a `BadInputError`.

    A refusal fits into a message, and what the member wrote stays inside its code span.
    """
    model = BY_SLUG[slug]
    options = data.draw(plausible(model))

    try:
        request = build(model, options)
    except BadInputError as error:
        text = str(error)
        assert 0 < len(text) <= MESSAGE_MAX_LENGTH - 100
        assert text.count("`") % 2 == 0
        assert "``" not in text
        outside = re.sub(r"`[^`\n]+`", "", text)
        assert "@everyone" not in outside
        assert outside.isprintable()
        return
    for name, value in request.parameters.items():
        assert satisfied(model.parameter(name), value)
    for parameter in model.parameters:
        assert parameter.name in request.parameters or not parameter.required
    assert 0 <= int(request.parameters["seed"]) <= SEED_MAX
    assert request.price_credits >= 1
    assert str(request.parameters["prompt"]).strip()
    assert len(str(request.parameters["prompt"])) <= (option_spec("prompt").max_length or 0)
