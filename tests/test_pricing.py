from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import MODELS, JsonScalar, Model
from bot.errors import ConfigurationError
from bot.pricing import ModelPrice, PriceTable, duration_s, load_prices
from bot.request import build_request

PRICES = load_prices()
BY_SLUG = {model.slug: model for model in MODELS}
FLASH = BY_SLUG["wan-2.2-i2v-flash"]
T2V = BY_SLUG["wan-2.2-t2v-fast"]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)


def parameters(model: Model, **options: JsonScalar) -> dict[str, JsonScalar]:
    """Return the body that these options give."""
    least: dict[str, JsonScalar] = {"prompt": "a cat"}
    if model.kind == "i2v":
        least["image"] = "https://cdn.example.org/cat.png"
    request = build_request(
        model, {**least, **options}, prices=PRICES, draw_seed=lambda low, _: low
    )
    return dict(request.parameters)


def credits_of(model: Model, **options: JsonScalar) -> int:
    """Return the price with these options."""
    return PRICES.credits(model, parameters(model, **options))


def table_file(folder: Path, text: str) -> Path:
    """Write a price table."""
    path = folder / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return path


# -- the published figures ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "options", "usd"),
    [
        ("wan-2.2-i2v-flash", {"resolution": "480P"}, "0.075"),
        ("wan-2.2-i2v-flash", {"resolution": "720P"}, "0.18"),
        ("wan-2.6-i2v", {"duration": 5, "resolution": "720p"}, "0.625"),
        ("wan-2.6-i2v", {"duration": 10, "resolution": "720p"}, "1.25"),
        ("wan-2.6-i2v", {"duration": 15, "resolution": "1080p"}, "2.8125"),
    ],
)
def test_estimates_are_the_published_ranges_ends(
    slug: str, options: dict[str, JsonScalar], usd: str
) -> None:
    """Least and most of our estimates are those of the vendor's published ranges."""
    model = BY_SLUG[slug]

    assert PRICES.usd(model, parameters(model, **options)) == Decimal(usd)


@pytest.mark.parametrize(
    ("slug", "average_usd"),
    [
        ("wan-2.2-i2v-flash", 0.172),
        ("wan-2.6-i2v", 1.184),
        ("wan2.1-i2v-720p", 1.448),
        ("wan-2.5-i2v", 0.859),
        ("wan-2.2-t2v-fast", 0.0986),
    ],
)
def test_the_published_average_lies_between_our_least_and_most(
    slug: str, average_usd: float
) -> None:
    """An average outside our range would mean that our table is wrong."""
    prices = all_prices(PRICES, BY_SLUG[slug])

    assert min(prices) <= average_usd * 100 <= max(prices)


# -- credits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resolution", "expected"), [("480P", 8), ("720P", 18)], ids=["7.5 cents", "18 cents"]
)
def test_credits_round_up(resolution: str, expected: int) -> None:
    """Half a cent is a whole credit; a whole cent is no more than it is."""
    assert credits_of(FLASH, resolution=resolution) == expected


def test_a_video_costs_at_least_one_credit() -> None:
    """Even a free model costs a credit: a reservation of nothing would be none."""
    free = PriceTable(models={FLASH.slug: ModelPrice(video={"480P": Decimal(0)})})

    assert free.credits(FLASH, {"resolution": "480P"}) == 1


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, 18), (2.0, 36), (0.5, 9), (0.1, 2), (1.1, 20), (1e-9, 1)]
)
def test_the_hosts_factor_scales_credits_exactly(factor: float, expected: int) -> None:
    """Decimal arithmetic: 18 cents times 0.1 is 1.8, rounded up 2, and 19.8 is 20."""
    prices = load_prices(credits_per_cent=factor)

    assert prices.credits(FLASH, {"resolution": "720P"}) == expected


# -- length -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "options", "seconds"),
    [
        ("wan-2.2-i2v-flash", {}, 5),
        ("wan-2.6-i2v", {"duration": 15}, 15),
        ("wan2.1-i2v-720p", {"duration": 1}, 1),
        ("wan-2.5-i2v", {}, 5),
        ("wan-2.2-t2v-fast", {"frames": 100, "fps": 5}, 20),
        ("wan-2.2-t2v-fast", {}, 81 / 16),
    ],
)
def test_duration(slug: str, options: dict[str, JsonScalar], seconds: float) -> None:
    """The length follows the option, the frames over their rate, or is the model's own."""
    model = BY_SLUG[slug]

    assert duration_s(model, parameters(model, **options)) == pytest.approx(seconds)


# -- the cheapest, and dearer for more -------------------------------------------------------


def lengths(model: Model) -> list[dict[str, JsonScalar]]:
    """Return every way to set a model's length, by our options."""
    ways: list[dict[str, JsonScalar]] = [{}]
    for name in ("duration", "frames", "fps"):
        option = model.option(name)
        if option is not None:
            parameter = model.parameter(option.parameter)
            low, high = int(parameter.minimum or 0), int(parameter.maximum or 0)
            values = parameter.choices or tuple(range(low, high + 1))
            ways = [{**way, name: value} for way in ways for value in values]
    return ways


def all_prices(prices: PriceTable, model: Model) -> list[int]:
    """Return the credits of every combination of resolution and length."""
    return [
        prices.credits(model, parameters(model, **way, resolution=resolution))
        for way, resolution in product(lengths(model), model.parameter_of("resolution").choices)
    ]


@every_model
def test_the_cheapest_is_the_least_of_all(model: Model) -> None:
    """`cheapest` names a price that really exists, and none is lower."""
    assert PRICES.cheapest[model.slug] == min(all_prices(PRICES, model))


@every_model
def test_the_range_ends_at_the_dearest(model: Model) -> None:
    """From the shortest and smallest to the longest and largest video, as `/models` shows it."""
    prices = all_prices(PRICES, model)

    assert PRICES.range_credits(model) == (min(prices), max(prices))


def test_the_cheapest_of_a_text_model_priced_by_second(tmp_path: Path) -> None:
    """Fewest frames at the highest rate: not the defaults are cheapest, but the shortest."""
    path = table_file(tmp_path, '["wan-2.2-t2v-fast"]\nsecond = { "480p" = 1.0, "720p" = 2.0 }')
    prices = load_prices(path)

    assert prices.cheapest[T2V.slug] == min(all_prices(prices, T2V))
    assert prices.cheapest[T2V.slug] == 338  # 81 frames at 24 a second: 3.375 s


@given(data=st.data())
@every_model
def test_more_is_never_cheaper(model: Model, data: st.DataObject) -> None:
    """A longer or sharper video costs at least as much (choices stand from small to large)."""
    choices = model.parameter_of("resolution").choices
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(choices) - 1)] * 2)))
    ways = data.draw(st.tuples(*[st.sampled_from(lengths(model))] * 2))
    short, long = sorted(ways, key=lambda way: duration_s(model, parameters(model, **way)))

    cheap = credits_of(model, **short, resolution=choices[first])
    dear = credits_of(model, **long, resolution=choices[second])

    assert cheap <= dear


@given(factor=st.floats(0.001, 1000))
@every_model
def test_credits_cover_the_estimate(model: Model, factor: float) -> None:
    """Rounded up: never less than the estimate, and never a whole credit more (above 1)."""
    prices = load_prices(credits_per_cent=factor)
    body = parameters(model)

    exact = prices.usd(model, body) * 100 * Decimal(str(factor))
    assert exact <= prices.credits(model, body) <= max(exact + 1, Decimal(1))


# -- the host's own table ----------------------------------------------------------------------


def test_a_file_overrides_only_what_it_names(tmp_path: Path) -> None:
    """One entry replaced, the others as built in; per video or per second, as it says."""
    path = table_file(tmp_path, '["wan-2.2-i2v-flash"]\nvideo = { "480P" = 0.5, "720P" = 1 }')

    prices = load_prices(path)

    assert prices.credits(FLASH, {"resolution": "480P"}) == 50
    assert prices.credits(FLASH, {"resolution": "720P"}) == 100
    for slug in BY_SLUG.keys() - {FLASH.slug}:
        assert prices.models[slug] == PRICES.models[slug]


def test_a_resolution_may_be_priced_by_second_and_another_by_video(tmp_path: Path) -> None:
    """Both forms may stand in one entry."""
    text = '["wan-2.2-i2v-flash"]\nvideo = { "480P" = 0.5 }\nsecond = { "720P" = 0.2 }'

    prices = load_prices(table_file(tmp_path, text))

    assert prices.credits(FLASH, {"resolution": "480P"}) == 50
    assert prices.credits(FLASH, {"resolution": "720P"}) == 100


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("this is not TOML", "cannot be read"),
        ('["wan-9"]\nvideo = { "720p" = 1 }', "names models that do not exist: ['wan-9']"),
        ('"wan-2.5-i2v" = 3', "wan-2.5-i2v: "),
        ('["wan-2.5-i2v"]\nminute = { "480p" = 1 }', "wan-2.5-i2v minute: "),
        ('["wan-2.5-i2v"]\nvideo = { "480p" = -1 }', "wan-2.5-i2v video 480p: "),
        ('["wan-2.5-i2v"]\nvideo = { "480p" = nan }', "wan-2.5-i2v video 480p: "),
        ('["wan-2.5-i2v"]\nvideo = { "480p" = inf }', "wan-2.5-i2v video 480p: "),
        ('["wan-2.5-i2v"]\nvideo = { "480p" = "much" }', "wan-2.5-i2v video 480p: "),
        ('["wan-2.5-i2v"]\nvideo = { "480p" = 1 }', "wan-2.5-i2v has no price for resolution 720p"),
        (
            '["wan-2.2-i2v-flash"]\nvideo = { "480P" = 1, "720P" = 1, "720p" = 2 }',
            "wan-2.2-i2v-flash has no resolution 720p; it takes 480P, 720P",
        ),
    ],
)
def test_a_wrong_table_is_refused_at_the_start(tmp_path: Path, text: str, problem: str) -> None:
    """The message names the setting, and the entry that is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        load_prices(table_file(tmp_path, text))

    assert str(caught.value).startswith("PRICES_FILE")
    assert problem in str(caught.value)


def test_a_missing_table_is_refused_at_the_start(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(ConfigurationError, match=r"PRICES_FILE cannot be read.*nowhere\.toml"):
        load_prices(tmp_path / "nowhere.toml")


def test_a_table_that_is_not_text_is_refused_at_the_start(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are no reason to crash."""
    path = tmp_path / "prices.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigurationError, match="PRICES_FILE cannot be read"):
        load_prices(path)
