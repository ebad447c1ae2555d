"""Helpers of the page's tests: a bot made of HTTP calls, and hands on the page."""

import asyncio
import time
from typing import Any

import aiohttp
from playwright.async_api import Locator, Page, expect

from sandbox.discord_api import DiscordStandIn

MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
EPHEMERAL, LAYOUT = 1 << 6, 1 << 15
ANIMATE = {
    "name": "animate",
    "description": "Turn a picture into a short video",
    "options": [
        {"type": 11, "name": "image", "description": "The picture", "required": True},
        {"type": 3, "name": "prompt", "description": "What happens", "required": True},
        {"type": 3, "name": "model", "description": "Which model", "autocomplete": True},
        {"type": 4, "name": "steps", "description": "How many", "min_value": 1, "max_value": 9},
    ],
}
QUOTA = {"name": "quota", "description": "What is left"}
POLICY = {
    "name": "policy",
    "description": "The rules here",
    "default_member_permissions": str(1 << 5),  # Manage Server
}


class Clock:
    """The stand-in's time; tests move it forward instead of waiting."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time() + self.ahead_s


class Bot:
    """Answers interactions the way a bot's HTTP calls do."""

    def __init__(self, stand_in: DiscordStandIn, http: aiohttp.ClientSession) -> None:
        self.stand_in = stand_in
        self._http = http
        self._seen: set[str] = set()

    async def _call(self, method: str, path: str, body: Any) -> None:
        headers = {"Authorization": f"Bot {self.stand_in.bot_token}"}
        url = self.stand_in.api_url + path
        async with self._http.request(method, url, json=body, headers=headers) as response:
            assert response.status < 300, await response.text()

    async def offer(self, *commands: dict[str, Any]) -> None:
        """Registers commands."""
        path = f"/applications/{self.stand_in.application_id}/commands"
        await self._call("PUT", path, list(commands))

    async def asked(self) -> Any:
        """The next interaction."""
        async with asyncio.timeout(30):
            while True:
                for interaction in list(self.stand_in.hub.interactions):
                    if interaction.id not in self._seen:
                        self._seen.add(interaction.id)
                        return interaction
                await asyncio.sleep(0.01)

    async def answer(self, interaction: Any, kind: int, data: Any = None) -> None:
        """Answers an interaction."""
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        await self._call("POST", path, {"type": kind, "data": data})

    async def reply(self, interaction: Any, content: str) -> None:
        """Posts a reply to the answer."""
        reference = {"message_id": interaction.original_id}
        path = f"/channels/{interaction.channel_id}/messages"
        await self._call("POST", path, {"content": content, "message_reference": reference})

    async def say(self, channel_id: str, content: str) -> None:
        """Posts a message."""
        await self._call("POST", f"/channels/{channel_id}/messages", {"content": content})

    async def follow_up(self, interaction: Any, data: Any) -> None:
        """Posts a follow-up."""
        path = f"/webhooks/{self.stand_in.application_id}/{interaction.token}"
        await self._call("POST", path, data)

    async def edit(self, interaction: Any, data: Any) -> None:
        """Edits the answer."""
        application_id = self.stand_in.application_id
        path = f"/webhooks/{application_id}/{interaction.token}/messages/@original"
        await self._call("PATCH", path, data)


def find(page: Page | Locator, testid: str) -> Locator:
    """An element by its stable name."""
    return page.get_by_test_id(testid)


async def choose(page: Page, command: str) -> None:
    """Opens a command's form by typing its name."""
    await find(page, "composer-input").fill(f"/{command}")
    await find(page, "command-picker").locator(f'[data-value="{command}"]').click()
    await expect(find(page, "command-form")).to_be_visible()


async def write(page: Page, words: str) -> None:
    """Sends a message; returns when its sending has been answered, which empties the box."""
    await find(page, "composer-input").fill(words)
    await page.keyboard.press("Enter")
    await expect(find(page, "composer-input")).to_have_value("")


async def run_quota(page: Page, bot: Bot, kind: int, data: dict[str, Any] | None = None) -> Any:
    """Runs a command without options and answers it."""
    await choose(page, "quota")
    await page.keyboard.press("Enter")
    asked = await bot.asked()
    await bot.answer(asked, kind, data)
    return asked
