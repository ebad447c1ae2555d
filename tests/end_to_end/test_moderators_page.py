"""The demo's page in a real browser, as a moderator uses it: rules, approval, log, chart."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.end_to_end.sandbox_process import PATIENCE_S, SandboxProcess
from tests.page_browser import CHROMIUM, SWITCHES, needs_chromium

pytestmark = [pytest.mark.end_to_end, pytest.mark.browser, needs_chromium]

# Set it to a folder to renew the README's picture.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
PATIENCE_MS = PATIENCE_S * 1000


class Seat:
    """Whoever sits before the page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def become(self, name: str) -> None:
        """Look on as somebody else."""
        await self.page.get_by_test_id("member-switch").click()
        await self.page.get_by_test_id("member-list").get_by_text(name, exact=True).click()
        await expect(self.page.get_by_test_id("member-switch")).to_contain_text(name)
        await expect(self.page.get_by_test_id("app")).to_have_attribute("data-ready", "true")

    async def go_to(self, channel: str) -> None:
        """Open a channel."""
        await self.page.get_by_test_id("channel").get_by_text(channel, exact=True).click()
        await expect(self.page.get_by_test_id("channel-title")).to_have_text(channel)

    async def say(self, command: str) -> None:
        """Type a command without options, choose the first that fits, send it."""
        await self.page.get_by_test_id("composer-input").fill(command)
        await self.page.get_by_test_id("command-picker").get_by_role("option").first.click()
        await self.page.get_by_test_id("command-send").click()

    def card(self, words: str) -> Locator:
        """The newest message with these words."""
        return self.page.get_by_test_id("message").filter(has_text=words).last

    async def press(self, words: str, button: str) -> None:
        """Press a button of the newest message with these words."""
        await self.card(words).get_by_role("button", name=button, exact=True).click()

    async def choose(self, words: str, placeholder: str, option: str) -> None:
        """Choose in a select of the newest message with these words."""
        await self.card(words).get_by_role("button", name=placeholder).click()
        await self.page.get_by_test_id("picker").get_by_role("option", name=option).click()

    async def picture(self, name: str) -> None:
        """Renew a picture of the README, if that was asked for."""
        if SCREENSHOTS:
            await self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


async def _open_log(seat: Seat) -> None:
    """Choose the log channel and let every video be shown there."""
    await seat.say("/video-admin policy")
    rules = seat.card("Videos on this server")
    await rules.get_by_role("button", name="Choose").last.click()
    await seat.choose("Log channel: none", "Log channel", "mod-log")
    await seat.press("Log channel: #mod-log", "Switch on")
    await expect(seat.card("Log channel: #mod-log")).to_contain_text("Every video there, too: on")


async def _ask_for_approval(seat: Seat) -> None:
    """Let every video wait for a moderator."""
    await seat.say("/video-admin approval")
    await seat.press("A moderator approves nothing", "Switch on")
    await expect(seat.card("A moderator approves every video")).to_be_visible()


async def _animate(seat: Seat) -> None:
    """Ask for a video, with the sample picture."""
    await seat.page.get_by_test_id("composer-input").fill("/animate")
    await seat.page.get_by_test_id("command-picker").get_by_role("option").first.click()
    await seat.page.get_by_test_id("option-image-sample").click()
    await seat.page.get_by_test_id("command-send").click()
    await seat.page.get_by_test_id("modal-prompt").fill("The hills breathe, clouds drift by")
    await seat.page.get_by_test_id("modal-submit").click()
    await expect(seat.card("Waiting for a moderator")).to_be_visible()


async def _take_down(seat: Seat) -> None:
    """Delete the video with a reason, credits back."""
    await seat.press("Jump to the video", "Delete and refund")
    form = seat.page.get_by_test_id("modal")
    await form.get_by_role("textbox").fill("Somebody else's picture")
    await seat.page.get_by_test_id("modal-submit").click()


async def test_a_moderator_runs_the_server(tmp_path: Path) -> None:
    """Log and approval on; approve; read the video's card; take it down; look at the chart."""
    async with (
        SandboxProcess(tmp_path, speed=100) as sandbox,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(sandbox.facts["page"])
        seat = Seat(page)

        await seat.become("Nora")
        await _open_log(seat)
        await _ask_for_approval(seat)
        await seat.become("Mia")
        await _animate(seat)
        await seat.become("Nora")
        await seat.go_to("mod-log")
        await seat.press("Waits for your approval", "Approve")
        card = seat.card("Jump to the video")
        await expect(card).to_contain_text("Approved by @Nora")
        await expect(card).to_contain_text("seed")
        await seat.picture("mod-log")
        await _take_down(seat)
        removed = seat.card("Removed by @Nora")
        await expect(removed).to_contain_text("Somebody else's picture")
        await expect(removed).to_contain_text("were given back")
        await seat.say("/video-admin stats")
        chart = seat.card("30 days").get_by_test_id("image").first
        await expect(chart).to_be_visible()
        await seat.become("Mia")
        await seat.go_to("video")
        await expect(seat.card("A moderator removed")).to_contain_text("were given back")
        await expect(page.get_by_test_id("video")).to_have_count(0)
        await browser.close()

    assert complaints == []
