"""The pages of /quota, /models and /help."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.catalogue import MODELS, Model
from bot.discord_ui.pages import help_page, model_page, models_page, quota_page
from bot.discord_ui.words import units
from bot.quota import Allowance, Balance, Budget, Usage, Window
from tests.face_kit import MOST_COMPONENTS, MOST_TEXT, NOW, PRICES, components, texts

DAY = Window(start=NOW, end=NOW + timedelta(hours=12))
MONTH = Window(start=NOW, end=NOW + timedelta(days=28))
ALLOWANCE = Allowance(
    daily_credits=200, monthly_credits=2000, jobs_in_flight_member=3, jobs_in_flight_guild=20
)


def quota(usage: Usage, allowance: Allowance = ALLOWANCE) -> str:
    """Return the text of /quota."""
    balance = Balance(allowance=allowance, usage=usage, day=DAY, month=MONTH)
    return "\n".join(texts(quota_page(balance)))


def test_quota_shows_what_is_left_and_when_it_resets() -> None:
    """Day and month, each with used, left and its reset; the smaller one is what can be spent."""
    shown = quota(
        Usage(day_credits=50, month_credits=1250, reserved_credits=20, in_flight_member=1)
    )

    assert "150 credits left to spend" in shown
    assert "▰▰▰▱▱▱▱▱▱▱▱▱ 50 of 200 credits used" in shown
    assert "1,250 of 2,000 credits used" in shown
    assert f"<t:{int(DAY.end.timestamp())}:R>" in shown
    assert f"<t:{int(MONTH.end.timestamp())}:R>" in shown
    assert "1 video in the making, with 20 credits reserved; at most 3 at once" in shown


def test_quota_counts_one_as_one() -> None:
    """Plurals are right."""
    shown = quota(Usage(day_credits=199, reserved_credits=1))

    assert "1 credit left to spend" in shown
    assert "0 videos in the making, with 1 credit reserved" in shown


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(guild_monthly_credits=1005), "this server's monthly budget leaves only 5 credits"),
        (Budget(host_monthly_usd=Decimal("0.07")), "this bot's host leaves only 7 credits"),
        (Budget(guild_monthly_credits=900), "this server's monthly budget leaves only 0 credits"),
    ],
)
def test_quota_says_why_less_is_left_than_the_allowance(budget: Budget, words: str) -> None:
    """The heading alone would contradict the rest."""
    balance = Balance(
        allowance=ALLOWANCE,
        usage=Usage(guild_month_credits=1000),
        day=DAY,
        month=MONTH,
        budget=budget,
    )

    assert words in "\n".join(texts(quota_page(balance)))
    assert "leaves only" not in quota(Usage())


def test_quota_says_that_too_much_came_back_undelivered() -> None:
    """Nothing is left to spend, and no budget is to blame."""
    shown = quota(Usage(undelivered_day_credits=252))

    assert "0 credits left to spend" in shown
    assert "videos for 252 credits were made and could not be delivered" in shown
    assert f"It ends <t:{int(DAY.end.timestamp())}:R>" in shown
    assert "leaves only" not in shown


def test_quota_of_nothing_is_full() -> None:
    """An allowance of 0 is shown as used up, not as a division by zero."""
    nothing = Allowance(
        daily_credits=0, monthly_credits=0, jobs_in_flight_member=0, jobs_in_flight_guild=0
    )

    assert "0 credits left to spend" in quota(Usage(), nothing)


def test_models_names_every_model() -> None:
    """With its command, time and prices."""
    shown = "\n".join(texts(models_page(PRICES)))

    for model in MODELS:
        assert model.title in shown
    assert "about 62 s · 8 to 18 credits" in shown


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
def test_a_model_s_page_names_every_option(model: Model) -> None:
    """With what it takes and what is sent when it is left out."""
    shown = "\n".join(texts(model_page(model, PRICES)))

    for option in model.options:
        assert f"\n{option.name} " in shown


@pytest.mark.parametrize(
    "view",
    [help_page(), models_page(PRICES), *(model_page(model, PRICES) for model in MODELS)],
)
def test_pages_fit(view: object) -> None:
    """All stay within Discord's limits."""
    assert sum(map(units, texts(view))) <= MOST_TEXT
    assert len(list(components(view))) <= MOST_COMPONENTS


@pytest.mark.parametrize("name", ["animate", "t2v", "quota", "models", "jobs", "history", "preset"])
def test_help_names_every_command_that_makes_or_finds_videos(name: str) -> None:
    """Whoever reads nothing else knows then what there is."""
    assert f"/{name}`" in "".join(texts(help_page()))
