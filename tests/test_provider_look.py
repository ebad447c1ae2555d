"""An idle bot finds out that the video service is down, and that it is back; the balance."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from bot.errors import GatewayError
from bot.jobs.breaker import Breaker
from bot.jobs.budget import RequestBudget
from bot.jobs.provider_look import LOOK_EVERY_S, ProviderLook, balance_every_s, is_due
from bot.jobs.watched_provider import WatchedProvider
from bot.segmind import SegmindClient, make_session
from tests.job_steps_kit import Clock
from tests.segmind_far_end import FarEnd, hang, html, reply

TOLD_WITHIN_S = 30.0


@dataclass
class Idle:
    """A bot with nothing to do."""

    clock: Clock
    far_end: FarEnd
    breaker: Breaker
    budget: RequestBudget
    look: ProviderLook
    leads: bool = True

    async def passes(self, seconds: float, *, answers_s: float = 0.0) -> None:
        """Let time pass with a look every now and then.

        Args:
            seconds: How much.
            answers_s: How long each call takes, in this clock's time.
        """
        until_s = self.clock.passed_s + seconds
        while self.clock.passed_s < until_s:
            before = self.far_end.calls["balance"]
            await self.look.look()
            asked = self.far_end.calls["balance"] > before
            await self.clock.sleep(LOOK_EVERY_S + (answers_s if asked else 0.0))


@asynccontextmanager
async def idle(*, timeout_s: float = 5.0) -> AsyncIterator[Idle]:
    """Run one on a provider that works."""
    clock = Clock()
    far_end = FarEnd(clock.now)
    await far_end.listen()
    budget = RequestBudget(per_minute=60, clock=clock.monotonic_s, sleep=clock.sleep)
    breaker = Breaker(now=clock.now, clock=clock.monotonic_s, sleep=clock.sleep, draw=lambda: 0.5)
    async with make_session() as session:
        client = SegmindClient(
            session,
            api_key=SecretStr("SG_0123456789abcdef"),
            api_base=far_end.url,
            history_base=far_end.url,
            upload_base=far_end.url,
        )
        look = ProviderLook(
            provider=WatchedProvider(client, breaker),
            breaker=breaker,
            budget=budget,
            leads=lambda: made.leads,
            now=clock.now,
            clock=clock.monotonic_s,
            timeout_s=timeout_s,
        )
        made = Idle(clock=clock, far_end=far_end, breaker=breaker, budget=budget, look=look)
        yield made
    await far_end.close()


async def test_an_outage_is_told_within_half_a_minute_and_its_end_too() -> None:
    """No member has to find out."""
    async with idle() as bot:
        await bot.passes(20)
        works = bot.look.trouble
        bot.far_end.script("balance", *[html(502)] * 50)
        await bot.passes(TOLD_WITHIN_S)
        down = bot.look.trouble
        bot.far_end.scripts.clear()
        await bot.passes(TOLD_WITHIN_S)

        assert works == ""
        assert down.startswith("out of order since 2026-")
        assert bot.look.trouble == ""


async def test_a_service_that_only_hangs_is_down_as_well() -> None:
    """Each look waits four seconds for it, and it is told in time all the same."""
    async with idle(timeout_s=0.05) as bot:
        await bot.passes(20)
        bot.far_end.script("balance", *[hang] * 50)
        await bot.passes(TOLD_WITHIN_S - 2, answers_s=4.0)

        assert bot.look.trouble.startswith("out of order")


async def test_a_refused_key_is_told_as_that() -> None:
    """The service works, but not for this bot."""
    async with idle() as bot:
        bot.far_end.script("balance", reply(401, error="Invalid API key"))
        await bot.look.look()
        refused = bot.look.trouble
        await bot.passes(20)

        assert refused == "SEGMIND_API_KEY is refused"
        assert bot.look.trouble == ""


async def test_while_jobs_ask_the_balance_alone_is_asked_for() -> None:
    """What they hear tells enough: one call in twenty seconds, and only the leader's."""
    async with idle() as bot:
        await bot.look.look()
        for _ in range(100):
            bot.breaker.report(None)
            await bot.passes(10)
        led = bot.far_end.calls["balance"]
        bot.leads = False
        for _ in range(100):
            bot.breaker.report(None)
            await bot.passes(10)

        assert led == 1000 // 20
        assert bot.far_end.calls["balance"] == led
        assert bot.look.balance_usd is None  # too old to be told


async def test_a_429_holds_all_requests_back() -> None:
    """It counts like any other request."""
    async with idle() as bot:
        bot.far_end.script("balance", reply(429, error="Slow down"))
        await bot.look.look()

        assert bot.budget.paused
        assert bot.look.trouble == ""


@pytest.mark.parametrize(
    ("quiet_s", "doubtful", "age_s", "due"),
    [
        (0.0, False, 0.0, False),
        (11.9, False, 19.0, False),
        (12.0, False, 0.0, True),
        (1.9, True, 0.0, False),
        (2.0, True, None, True),
        (0.0, False, 20.0, True),
    ],
)
def test_when_a_call_is_due(quiet_s: float, doubtful: bool, age_s: float | None, due: bool) -> None:
    """Seldom; soon after a failure, which may have been an accident."""
    found = is_due(quiet_s=quiet_s, doubtful=doubtful, balance_age_s=age_s, balance_every_s=20.0)

    assert found is due


@pytest.mark.parametrize(("per_minute", "every_s"), [(600, 20.0), (60, 20.0), (6, 200.0)])
def test_the_balance_is_one_request_in_twenty_at_most(per_minute: int, every_s: float) -> None:
    """A small budget is for videos."""
    assert balance_every_s(per_minute) == every_s


def test_one_failure_is_doubt_and_no_outage() -> None:
    """Three in a row are."""
    clock = Clock()
    breaker = Breaker(now=clock.now, clock=clock.monotonic_s)
    breaker.report(GatewayError("bad gateway", 502))
    doubtful = breaker.doubtful
    breaker.report(GatewayError("bad gateway", 502))
    breaker.report(GatewayError("bad gateway", 502))

    assert doubtful
    assert not breaker.doubtful
    assert breaker.is_down
