"""The decisions of the Segmind stand-in, without a server."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from bot.catalogue import MODELS, Model
from sandbox.segmind_api.faults import Fault, FaultBook
from sandbox.segmind_api.history import BadQueryError, parse_query
from sandbox.segmind_api.plan import plan_video
from sandbox.segmind_api.pricing import USD_PER_SECOND, price_usd
from sandbox.segmind_api.validation import InvalidBodyError, complete_values, unknown_names
from sandbox.segmind_api.words import CONTROL_WORDS, NORMAL, outcome_of_prompt

IMAGE = {"prompt": "a cat", "image": "https://example.org/cat.png"}
WAN_21 = {**IMAGE, "resolution": 720, "video_length": 3}
TEXT = {"prompt": "a cat"}
WAN_26_PRICES = ({"duration": 5, "resolution": "720p"}, {"duration": 15, "resolution": "1080p"})


# The bodies of the vendor's example calls, with shorter prompts.
EXAMPLES: dict[str, dict[str, Any]] = {
    "wan-2.2-i2v-flash": {
        **IMAGE,
        "negative_prompt": "Avoid depicting busy urban environments.",
        "resolution": "720P",
        "prompt_extend": True,
        "watermark": False,
    },
    "wan-2.6-i2v": {
        **IMAGE,
        "duration": 5,
        "resolution": "720p",
        "multi_shots": False,
        "negative_prompt": "low resolution, error, worst quality, low quality, defects",
        "enable_prompt_expansion": True,
    },
    "wan2.1-i2v-720p": {
        **IMAGE,
        "negative_prompt": "blurry",
        "seed": 63088745,
        "video_length": 3,
        "resolution": "720",
        "steps": 30,
        "base64": False,
    },
    "wan-2.5-i2v": {
        "seed": 42,
        **IMAGE,
        "duration": "5",
        "resolution": "720p",
        "negative_prompt": "unnecessary clutter, dark shadows",
        "enable_prompt_expansion": True,
    },
    "wan-2.2-t2v-fast": {
        **TEXT,
        "go_fast": True,
        "num_frames": 81,
        "resolution": "480p",
        "aspect_ratio": "16:9",
        "sample_shift": 12,
        "frames_per_second": 16,
        "high_noise_lora_scale": 1,
        "low_noise_lora_scale": 1,
    },
}


def model_called(slug: str) -> Model:
    """Return the model of the catalogue."""
    return next(model for model in MODELS if model.slug == slug)


def values_of(slug: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the complete values of a body."""
    return dict(complete_values(model_called(slug), body))


@pytest.mark.parametrize(
    ("slug", "body", "text"),
    [
        ("wan-2.6-i2v", {"prompt": "x"}, "Missing required field: image"),
        ("wan2.1-i2v-720p", IMAGE, "Missing required field: resolution"),
        ("wan-2.2-t2v-fast", {"prompt": " "}, "prompt must not be empty"),
        ("wan-2.2-t2v-fast", {"prompt": 5}, "prompt must be of type string"),
        ("wan-2.6-i2v", {**IMAGE, "image": "cat.png"}, "image must be a public"),
        ("wan-2.6-i2v", {**IMAGE, "image": "ftp://h/cat.png"}, "image must be a public"),
        ("wan-2.6-i2v", {**IMAGE, "duration": 7}, "duration must be one of: 5, 10, 15"),
        ("wan-2.6-i2v", {**IMAGE, "duration": 5.0}, "duration must be of type integer"),
        ("wan-2.6-i2v", {**IMAGE, "duration": True}, "duration must be of type integer"),
        ("wan-2.6-i2v", {**IMAGE, "duration": "five"}, "duration must be of type integer"),
        ("wan-2.6-i2v", {**IMAGE, "resolution": "720P"}, "resolution must be one of"),
        ("wan-2.6-i2v", {**IMAGE, "multi_shots": "true"}, "multi_shots must be of type boolean"),
        ("wan2.1-i2v-720p", {**WAN_21, "video_length": 0}, "video_length must be at least 1"),
        ("wan2.1-i2v-720p", {**WAN_21, "video_length": 6}, "video_length must be at most 5"),
        ("wan-2.2-t2v-fast", {**TEXT, "sample_shift": 20.5}, "sample_shift must be at most 20"),
        ("wan-2.2-t2v-fast", {**TEXT, "sample_shift": "12"}, "must be of type number"),
        ("wan-2.2-t2v-fast", {**TEXT, "low_noise_lora_scale": float("nan")}, "of type number"),
    ],
)
def test_a_bad_value_is_refused_by_name(slug: str, body: dict[str, Any], text: str) -> None:
    """Each way of breaking a model's contract is answered with the field and the rule."""
    with pytest.raises(InvalidBodyError, match=text):
        values_of(slug, body)


@pytest.mark.parametrize("slug", EXAMPLES)
def test_the_vendors_own_examples_are_accepted_whole(slug: str) -> None:
    """Every page's example call is valid here, and has no parameter that would be ignored."""
    assert values_of(slug, EXAMPLES[slug])
    assert unknown_names(model_called(slug), EXAMPLES[slug]) == []


def test_digits_as_text_pass_for_integers_as_the_pages_examples_send_them() -> None:
    """The vendor's own examples send "5" and "720" where the page says integer."""
    values = values_of("wan2.1-i2v-720p", {**WAN_21, "resolution": "960", "seed": "-1"})

    assert values["resolution"] == 960
    assert values["seed"] == -1


def test_defaults_are_filled_in_and_null_counts_as_not_given() -> None:
    """What was not sent has the page's default."""
    values = values_of("wan-2.2-i2v-flash", {**IMAGE, "seed": None, "resolution": None})

    assert values["seed"] is None
    assert values["resolution"] == "720P"
    assert values["prompt_extend"] is True


def test_undocumented_parameters_are_ignored_but_can_be_named() -> None:
    """A bot that sends nonsense is found out by its tests."""
    model = model_called("wan-2.2-i2v-flash")

    assert unknown_names(model, {**IMAGE, "fps": 3, "aspect": 1}) == ["aspect", "fps"]
    assert "fps" not in complete_values(model, {**IMAGE, "fps": 3})


@pytest.mark.parametrize(
    ("slug", "extra", "image_size_px", "expected"),
    [
        ("wan-2.2-i2v-flash", {"resolution": "480P"}, (1600, 900), (854, 480, 80, 16)),
        ("wan-2.2-i2v-flash", {}, (1600, 900), (1280, 720, 80, 16)),
        ("wan-2.6-i2v", {"duration": 15, "resolution": "1080p"}, (90, 160), (1080, 1920, 360, 24)),
        ("wan-2.5-i2v", {}, (500, 500), (960, 960, 120, 24)),
        ("wan-2.5-i2v", {"duration": 10}, (100, 10_000), (480, 1920, 240, 24)),
        ("wan2.1-i2v-720p", {"resolution": 1024, "video_length": 5}, (3, 2), (1024, 682, 80, 16)),
        ("wan2.1-i2v-720p", {"resolution": 720, "video_length": 1}, (2, 3), (480, 720, 16, 16)),
        ("wan-2.2-t2v-fast", {"num_frames": 100, "frames_per_second": 5}, None, (854, 480, 100, 5)),
        (
            "wan-2.2-t2v-fast",
            {"aspect_ratio": "9:16", "resolution": "720p"},
            None,
            (720, 1280, 81, 16),
        ),
    ],
)
def test_size_length_and_rate_follow_the_parameters(
    slug: str,
    extra: dict[str, Any],
    image_size_px: tuple[int, int] | None,
    expected: tuple[int, int, int, int],
) -> None:
    """A class gives the number of pixels, the picture its aspect, the longest side where asked."""
    model = model_called(slug)
    body = {**(TEXT if model.kind == "t2v" else WAN_21), **extra}
    body = {name: value for name, value in body.items() if name not in unknown_names(model, body)}
    if slug != "wan2.1-i2v-720p" and "resolution" not in extra:
        body.pop("resolution", None)

    plan = plan_video(model, values_of(slug, body), seed=1, image_size_px=image_size_px)

    assert (plan.width_px, plan.height_px, plan.frames, plan.fps) == expected


def test_prices_have_the_published_range() -> None:
    """The cheapest and the dearest Wan 2.6 video cost what the vendor's list says."""
    model = model_called("wan-2.6-i2v")
    prices = [price_usd(model, values_of(model.slug, {**IMAGE, **x})) for x in WAN_26_PRICES]

    assert prices == [0.625, pytest.approx(2.81, abs=0.01)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
def test_every_model_of_the_catalogue_has_a_price_of_its_own(model: Model) -> None:
    """No choice of resolution falls back to the default rate."""
    choices = {str(choice).lower() for choice in model.parameter("resolution").choices}

    assert set(USD_PER_SECOND[model.slug]) == choices


def test_control_words_are_found_in_any_case_and_normal_prompts_are_left_alone() -> None:
    """The first control word decides."""
    assert outcome_of_prompt("Something FORBIDDEN happens") == CONTROL_WORDS["forbidden"]
    assert outcome_of_prompt("a quiet lake") is NORMAL


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"per_page": "101"}, "between 1 and 100"),
        ({"per_page": "0"}, "per_page must be a whole number"),
        ({"page": "x"}, "page must be a whole number"),
        ({"from_date": "yesterday"}, "from_date must be YYYY-MM-DD"),
        ({"from_date": "2026-07-01", "to_date": "2026-08-20"}, "at most 31 days"),
        ({"from_date": "2026-08-21", "to_date": "2026-08-20"}, "must not be after"),
        ({"status": "PROCESSING"}, "status must be one of"),
        ({"sort_by": "price"}, "sort_by must be one of"),
    ],
)
def test_the_history_refuses_filters_it_does_not_know(query: dict[str, str], text: str) -> None:
    """A filter that would silently do nothing is refused instead."""
    with pytest.raises(BadQueryError, match=text):
        parse_query(query, date(2026, 8, 20))


def test_the_history_looks_back_a_week_by_default() -> None:
    """Without dates the window is the last seven days, today included."""
    query = parse_query({}, date(2026, 8, 20))

    assert (query.from_date, query.to_date) == (date(2026, 8, 13), date(2026, 8, 20))
    assert (query.page, query.per_page) == (1, 20)


def test_faults_hit_the_right_calls_the_right_number_of_times() -> None:
    """Place, model, skip and times are all respected."""
    book = FaultBook()
    book.add(Fault(on="status", kind="error", slug="a", skip=1, times=2))
    hits = [book.take("status", slug) is not None for slug in ("b", "a", "a", "a", "a")]

    assert hits == [False, False, True, True, False]
    assert book.take("submit", "a") is None


def test_a_fault_that_makes_no_sense_at_its_place_is_refused() -> None:
    """A truncated status answer does not exist."""
    with pytest.raises(ValidationError, match="on=status takes"):
        Fault(on="status", kind="truncated")
