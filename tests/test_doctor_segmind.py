"""What the doctor finds at Segmind, and of the clock; each fault is made on purpose."""

import time
from typing import Any

import pytest

from bot.doctoring import State
from bot.doctoring.clock import MOST_WRONG_S, of_offsets
from bot.settings import Settings
from tests.doctor_kit import NOBODY, fault, found, suggestion, told
from tests.segmind_running import Provider

pytest_plugins = ("tests.doctor_fixtures",)

SEGMIND = ("segmind", "balance", "segmind_history", "segmind_upload")


async def test_a_refused_key_is_one_fault(settings: Settings, provider: Provider) -> None:
    """With where to make another."""
    await provider.control("settings", {"api_key_valid": False})

    findings = await found(settings, *SEGMIND)

    assert "SEGMIND_API_KEY" in told(findings["segmind"], State.WRONG).remedy
    assert findings["balance"].words == "not checked: see segmind."
    assert findings["segmind_history"].words == "not checked: see segmind."
    assert findings["segmind_upload"].state is State.OK


async def test_an_unreachable_provider_is_told(settings: Settings) -> None:
    """With what to do, and no class of ours."""
    segmind = await fault(settings, "segmind", segmind_api_base=NOBODY)

    assert segmind.words.startswith("does not answer")
    assert "NeverStartedError" not in segmind.words
    assert "network" in segmind.remedy


@pytest.mark.parametrize(
    ("kind", "words", "remedy"),
    [
        ({"kind": "error", "status": 500}, "HTTP 500", "status page"),
        ({"kind": "error", "status": 502}, "HTTP 502", "status page"),
        ({"kind": "error", "status": 403}, "the account is refused", "Segmind's console"),
        ({"kind": "not_json"}, "what answers there is not Segmind", "SEGMIND_API_BASE"),
        ({"kind": "cut", "times": 9}, "does not answer", "network"),
    ],
)
async def test_a_provider_in_trouble_is_told(
    settings: Settings, provider: Provider, kind: dict[str, Any], words: str, remedy: str
) -> None:
    """Each in its own words."""
    await provider.control("faults", {"on": "credits", **kind})

    segmind = await fault(settings, "segmind")

    assert words in segmind.words
    assert remedy in segmind.remedy


async def test_used_up_requests_are_a_hint(settings: Settings, provider: Provider) -> None:
    """The bot itself may have used them: the key is good."""
    await provider.control("faults", {"on": "credits", "kind": "error", "status": 429})

    segmind = await suggestion(settings, "segmind")

    assert "SEGMIND_REQUESTS_PER_MINUTE" in segmind.remedy


@pytest.mark.parametrize(
    ("balance_usd", "words"),
    [(1.25, "1.25 USD are left: that is little."), (0.01, "0.01 USD are left: no video can")],
)
async def test_a_low_balance_is_a_fault(
    settings: Settings, provider: Provider, balance_usd: float, words: str
) -> None:
    """Below five dollars the host is told to buy credits."""
    await provider.control("settings", {"credits_usd": balance_usd})

    balance = await fault(settings, "balance")

    assert balance.words.startswith(words)
    assert balance.remedy == "Buy credits in Segmind's console."
    assert balance.figures == {"balance_usd": balance_usd}


async def test_what_is_a_low_balance_is_the_host_s_to_say(
    settings: Settings, provider: Provider
) -> None:
    """By the setting by which the bot writes to them, too."""
    await provider.control("settings", {"credits_usd": 30.0})
    well = (await found(settings, "balance"))["balance"]
    low = await fault(settings, "balance", low_balance_usd=30.5)

    assert well.state is State.OK
    assert low.words == "30.00 USD are left: that is little."


async def test_a_history_that_does_not_answer_is_a_fault(
    settings: Settings, provider: Provider
) -> None:
    """A submit that was cut off could not be looked up there."""
    await provider.control("faults", {"on": "history", "kind": "error", "status": 500})
    broken = await fault(settings, "segmind_history")
    away = await fault(settings, "segmind_history", segmind_history_base=NOBODY)

    assert "HTTP 500" in broken.words
    assert away.words.startswith("does not answer")


async def test_an_upload_host_that_cannot_be_reached_is_a_fault(settings: Settings) -> None:
    """Members' pictures would not get to Segmind."""
    uploads = await fault(settings, "segmind_upload", segmind_upload_base=NOBODY)

    assert uploads.words.startswith("does not answer")


async def test_nothing_is_bought_and_nothing_is_uploaded(
    settings: Settings, provider: Provider
) -> None:
    """The doctor may be asked as often as one likes."""
    await found(settings, *SEGMIND)

    calls = (await provider.state())["calls"]
    assert calls == {"credits": 1, "history": 1}


# -- the clock -----------------------------------------------------------------------------


@pytest.mark.parametrize(("off_s", "words"), [(90.0, "90 s ahead"), (-3600.0, "3,600 s behind")])
async def test_a_wrong_clock_is_a_fault(settings: Settings, off_s: float, words: str) -> None:
    """Both services say what time it is."""
    clock = await fault(settings, "clock", now=lambda: time.time() + off_s)

    assert clock.words.startswith(words)
    assert "timedatectl" in clock.remedy


async def test_the_clock_is_compared_with_whoever_answers(settings: Settings) -> None:
    """One service is enough; without any there is nothing to compare with."""
    one = await fault(settings, "clock", now=lambda: time.time() + 90, segmind_api_base=NOBODY)
    none = (await found(settings, "clock", segmind_api_base=NOBODY, discord_api_base=NOBODY))[
        "clock"
    ]

    assert one.words.startswith("90 s ahead")
    assert none.state is State.UNKNOWN
    assert none.words == "not checked: no service told the time."


def test_one_service_s_wrong_clock_is_not_this_machine_s() -> None:
    """Another agrees with it."""
    assert of_offsets([400.0, 1.0]).state is State.OK
    assert of_offsets([400.0, MOST_WRONG_S + 0.1]).state is State.WRONG
