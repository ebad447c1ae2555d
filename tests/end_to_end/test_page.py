"""The demo's page in a real browser: attach a picture, run /animate, watch the video."""

from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.end_to_end.sandbox_process import PATIENCE_S, SandboxProcess
from tests.page_browser import CHROMIUM, SWITCHES, needs_chromium

pytestmark = [pytest.mark.end_to_end, pytest.mark.browser, needs_chromium]

PLAYING = "video => video.readyState >= 2 && video.videoWidth > 0 && video.currentTime > 0"


async def _animate(page: Page) -> None:
    """Send /animate with nothing but the sample picture, and say in the form what happens."""
    await page.get_by_test_id("hint-animate").click()
    await page.get_by_test_id("option-image-sample").click()
    await page.get_by_test_id("command-send").click()
    await page.get_by_test_id("modal-prompt").fill("The hills breathe, clouds drift by")
    await page.get_by_test_id("modal-submit").click()


async def test_a_stranger_makes_a_first_video(tmp_path: Path) -> None:
    """The card changes under one's eyes, and the video that arrives plays."""
    async with (
        SandboxProcess(tmp_path, speed=30) as sandbox,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(sandbox.facts["page"])
        await _animate(page)
        card = page.get_by_test_id("container").first
        await expect(card).to_contain_text("In the making", timeout=PATIENCE_S * 1000)
        await expect(card).to_contain_text("Done", timeout=PATIENCE_S * 1000)
        video = page.get_by_test_id("video")
        await expect(video).to_be_visible(timeout=PATIENCE_S * 1000)
        await video.evaluate("video => { video.muted = true; return video.play(); }")
        handle = await video.element_handle()
        await page.wait_for_function(PLAYING, arg=handle, timeout=PATIENCE_S * 1000)
        await browser.close()

    assert complaints == []
