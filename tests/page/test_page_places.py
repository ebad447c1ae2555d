"""All kinds of places are listed, and can be gone to."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.seed_places import FAR_GUILD_ID, GROUP_ID
from tests.page_browser import needs_chromium
from tests.page_kit import MESSAGE, QUOTA, Bot, Clock, find, run_quota

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def stand_in(clock: Clock) -> AsyncIterator[DiscordStandIn]:
    """Discord with all kinds of places."""
    stand_in = DiscordStandIn(clock=clock, everywhere=True)
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


async def test_a_server_s_channels_are_listed_with_their_posts(page: Page) -> None:
    """Forum, voice and stage channels, and the group among the direct messages."""
    await expect(find(page, "channel")).to_have_text(
        [
            *("video", "storyboards", "general", "after-dark", "showcase", "First clips"),
            *("Screening room", "Premiere", "Movie night"),
        ]
    )


async def test_nobody_writes_into_a_forum(page: Page) -> None:
    """The box says where to go; in a post it takes words."""
    await find(page, "channel").filter(has_text="showcase").click()
    await expect(find(page, "composer-input")).to_be_disabled()
    await expect(find(page, "empty-hint")).to_contain_text("Choose one of its posts")
    await find(page, "channel").filter(has_text="First clips").click()

    await expect(find(page, "composer-input")).to_be_enabled()


@pytest.mark.parametrize("place", [FAR_GUILD_ID, GROUP_ID])
async def test_a_command_works_where_the_bot_is_not(page: Page, bot: Bot, place: str) -> None:
    """For who installed it; the answer appears there."""
    await bot.offer({**QUOTA, "integration_types": [0, 1]})
    kind = "guild" if place == FAR_GUILD_ID else "channel"
    await page.locator(f'[data-{kind}-id="{place}"]').click()
    await run_quota(page, bot, MESSAGE, {"content": "Far from home"})

    await expect(find(page, "message").last).to_contain_text("Far from home")
