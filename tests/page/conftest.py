"""Fixtures of the page's tests: the stand-in, a bot on it, and the page in one Chromium."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.discord_api import DiscordStandIn
from tests.page_browser import CHROMIUM, SWITCHES
from tests.page_kit import ANIMATE, POLICY, QUOTA, Bot, Clock, find

expect.set_options(timeout=15_000)  # ms; two loaded cores are slow, not wrong


@pytest.fixture
def clock() -> Clock:
    """The stand-in's time."""
    return Clock()


@pytest_asyncio.fixture(loop_scope="module")
async def stand_in(clock: Clock) -> AsyncIterator[DiscordStandIn]:
    """Discord."""
    stand_in = DiscordStandIn(clock=clock)
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def bot(stand_in: DiscordStandIn) -> AsyncIterator[Bot]:
    """The bot, with its commands registered."""
    async with aiohttp.ClientSession() as http:
        bot = Bot(stand_in, http)
        await bot.offer(ANIMATE, QUOTA, POLICY)
        yield bot


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all of these tests: starting it takes longer than most of them."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, stand_in: DiscordStandIn, bot: Bot) -> AsyncIterator[Page]:
    """The page, logged in as the first member."""
    assert bot.stand_in is stand_in  # commands are there before the page asks for them
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(stand_in.page_url)
    await expect(find(page, "app")).to_have_attribute("data-ready", "true")
    yield page
    await context.close()
