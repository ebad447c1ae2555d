"""Renews the README's pictures of what members see: `make pictures`.

The real bot on the sandbox's page, at a desktop's and at a phone's width.
"""

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from sandbox.bot_process import PROJECT
from tests.end_to_end.sandbox_process import PATIENCE_S, SandboxProcess
from tests.page_browser import CHROMIUM, SWITCHES

DOCS = PROJECT / "docs"
PATIENCE_MS = 1000 * PATIENCE_S
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
GAP_PX, BEHIND = 24, (255, 255, 255, 0)
FIRST = "The hills breathe, clouds drift by, the sail fills with wind"
MORE = (
    ("t2v", "A red fox runs through fresh snow; low camera, morning light"),
    ("t2v", "Paper lanterns rise over a river at night; slow, warm, quiet"),
)


async def opened(browser: Browser, address: str, size: dict[str, int]) -> Page:
    """Return the page at a width, when it is ready."""
    width, height = size["width"], size["height"]
    page = await browser.new_page(viewport={"width": width, "height": height})
    await page.goto(address)
    await expect(page.get_by_test_id("app")).to_have_attribute("data-ready", "true")
    return page


async def command(page: Page, name: str) -> None:
    """Choose a command by typing its name."""
    await page.get_by_test_id("composer-input").fill(f"/{name}")
    await page.get_by_test_id("command-picker").locator(f'[data-value="{name}"]').click()


async def animate_form(page: Page) -> None:
    """Send /animate with nothing but the sample picture; its form is open then."""
    await command(page, "animate")
    await page.get_by_test_id("option-image-sample").click()
    await page.get_by_test_id("command-send").click()
    await page.get_by_test_id("modal-prompt").fill(FIRST)


async def submit(page: Page) -> None:
    """Send the open form, and wait until its video is there."""
    videos = await page.get_by_test_id("video").count()
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("video")).to_have_count(videos + 1, timeout=PATIENCE_MS)


async def make(page: Page, name: str, prompt: str) -> None:
    """Make a video from words."""
    await command(page, name)
    await page.get_by_test_id("command-send").click()
    await page.get_by_test_id("modal-prompt").fill(prompt)
    await submit(page)


async def history(page: Page) -> Locator:
    """Show the videos so far."""
    await command(page, "history")
    await page.get_by_test_id("command-send").click()
    shown = page.get_by_test_id("container").last
    await expect(shown).to_contain_text("Your videos on this server", timeout=PATIENCE_MS)
    await page.wait_for_function("[...document.images].every(image => image.complete)")
    await shown.evaluate("one => one.scrollIntoView({ block: 'start' })")
    return shown


async def result(page: Page) -> Locator:
    """Show the last video, some way into it."""
    video = page.get_by_test_id("video").last
    await video.evaluate("one => { one.muted = true; one.currentTime = 2; one.controls = false }")
    shown = page.get_by_test_id("container").last
    await shown.scroll_into_view_if_needed()
    await page.mouse.move(0, 0)
    return shown


async def taken(what: Page | Locator) -> Image.Image:
    """Return a picture of it, when it stands still."""
    await asyncio.sleep(0.5)
    return Image.open(io.BytesIO(await what.screenshot()))


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Return pictures side by side."""
    width = sum(one.width for one in pictures) + GAP_PX * (len(pictures) - 1)
    whole = Image.new("RGBA", (width, max(one.height for one in pictures)), BEHIND)
    left = 0
    for one in pictures:
        whole.paste(one, (left, 0))
        left += one.width + GAP_PX
    return whole


async def main() -> None:
    """Make all of them."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            SandboxProcess(Path(folder), speed=30) as sandbox,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
            desktop = await opened(browser, sandbox.facts["page"], DESKTOP)
            for name, prompt in MORE:
                await make(desktop, name, prompt)
            await animate_form(desktop)
            form = await taken(desktop.get_by_test_id("modal"))
            await submit(desktop)
            await result(desktop)
            (await taken(desktop)).save(DOCS / "page.png", optimize=True)
            both = [form, await taken(await history(desktop))]
            beside(both).save(DOCS / "desktop.png", optimize=True)
            phone = await opened(browser, sandbox.facts["page"], PHONE)
            await result(phone)
            screens = [await taken(phone)]
            await history(phone)
            screens.append(await taken(phone))
            await animate_form(phone)
            screens.append(await taken(phone))
            beside(screens).save(DOCS / "phone.png", optimize=True)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
