"""The page of all states: each drawn at both widths by the page's own renderer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.pricing import load_prices
from sandbox.discord_api import DiscordStandIn
from sandbox.states import all_states
from sandbox.states_page import PATH, StatesPage
from tests.page_browser import needs_chromium
from tests.page_kit import find

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.asyncio(loop_scope="module")]

TITLE = "Every state of a video"
PHONE_PX = 390
STATES = all_states(load_prices())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stand_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DiscordStandIn]:
    """Discord's stand-in as the sandbox runs it, with the page of all states."""
    folder: Path = tmp_path_factory.mktemp("states")
    states = StatesPage(folder / "video")
    server = DiscordStandIn(extra_routes=states.routes, extra_pages={TITLE: PATH})
    await server.start()
    yield server
    await server.stop()
    await states.close()


@pytest.fixture
def page(empty_page: Page) -> Page:
    """An empty page."""
    return empty_page


async def test_every_state_is_shown_at_both_widths_without_a_complaint(
    page: Page, stand_in: DiscordStandIn
) -> None:
    """A heading each; nothing unknown to the renderer; no error in the console."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    await page.goto(f"{stand_in.page_url.rstrip('/')}{PATH}")
    await expect(find(page, "states")).to_have_attribute("data-ready", "true")

    names = [await one.inner_text() for one in await page.locator("h3").all()]
    assert names == [state.name for state in STATES]
    assert await find(page, "frame").count() == 2 * len(STATES)
    assert await page.locator(".unknown").count() == 0
    assert problems == []


async def test_nothing_is_wider_than_a_phone(page: Page, stand_in: DiscordStandIn) -> None:
    """One column, and no scrolling sideways; the video has its place and its description."""
    await page.set_viewport_size({"width": PHONE_PX, "height": 844})
    await page.goto(f"{stand_in.page_url.rstrip('/')}{PATH}")
    await expect(find(page, "states")).to_have_attribute("data-ready", "true")

    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE_PX
    video = page.locator(".frame.phone").get_by_test_id("video").first
    assert "Video made with Wan 2.6" in (await video.get_attribute("aria-label") or "")
    box = await video.bounding_box()
    assert box is not None
    assert 0 < box["width"] < PHONE_PX


async def test_the_channel_s_page_links_to_it(page: Page, stand_in: DiscordStandIn) -> None:
    """Whoever tries the bot finds it."""
    await page.goto(stand_in.page_url)
    link = find(page, "page-link")
    await expect(link).to_have_text(TITLE)
    await link.click()

    await expect(find(page, "states")).to_have_attribute("data-ready", "true")
