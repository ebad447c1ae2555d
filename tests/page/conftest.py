"""Fixtures of the page's tests: the stand-in, a bot on it, and the page in one Chromium."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from sandbox.discord_api import DiscordStandIn
from tests.page_browser import CHROMIUM, SWITCHES
from tests.page_kit import ANIMATE, POLICY, QUOTA, Bot, Clock, find

DESKTOP = ViewportSize(width=1280, height=720)  # px

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """One tab for all tests of a file: a new one costs a process, more than most tests do."""
    tab = await browser.new_page(viewport=DESKTOP)
    yield tab
    await tab.close()


@pytest_asyncio.fixture(loop_scope="module")
async def empty_page(tab: Page) -> AsyncIterator[Page]:
    """The tab as if new: at its size, and no hand on it; the page keeps nothing in a browser."""
    await tab.set_viewport_size(DESKTOP)
    yield tab
    await tab.mouse.up()
    await tab.mouse.move(0, 0)
    await tab.goto("about:blank")


@pytest_asyncio.fixture(loop_scope="module")
async def page(empty_page: Page, stand_in: DiscordStandIn, bot: Bot) -> Page:
    """The page, logged in as the first member."""
    assert bot.stand_in is stand_in  # commands are there before the page asks for them
    await empty_page.goto(stand_in.page_url)
    await expect(find(empty_page, "app")).to_have_attribute("data-ready", "true")
    return empty_page
