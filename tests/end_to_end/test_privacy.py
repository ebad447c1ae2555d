"""What a member made is deleted from every file of the running bot, the engine's included."""

import json
from pathlib import Path

import aiohttp
import pytest

from sandbox.discord_api.seed import NORA_ID
from tests.end_to_end.sandbox_process import SandboxProcess
from tests.end_to_end.seen import ask, buttons, make, quota, text_of
from tests.raw_files import where_found

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

WORDS = "a wolpertinger eats Käsespätzle 🐺"


async def test_a_deleted_prompt_is_in_no_file_of_the_bot(
    sandbox: SandboxProcess, picture_file: Path
) -> None:
    """In the export before, in nothing afterwards; what was used still counts."""
    files = sandbox.folder / "bot"
    options = {"image": picture_file, "prompt": WORDS, "model": "wan-2.2-i2v-flash"}
    async with sandbox.member("Nora") as nora:
        await make(nora, "animate", options)
        exported = await ask(nora, "privacy export")
        async with (
            aiohttp.ClientSession() as http,
            http.get(exported["attachments"][0]["url"]) as response,
        ):
            data = json.loads(await response.read())
        before = where_found(files, WORDS)
        used = await quota(nora)
        page = await ask(nora, "privacy delete")
        button = buttons(page)["Delete it for good"]
        pressed = await nora.press(page, button)
        done = await nora.wait_for_message(
            lambda m: m["id"] == page["id"] and "Deleted" in text_of(m)
        )
        still_used = await quota(nora)

    assert pressed.ok
    assert WORDS in [job["parameters"]["prompt"] for job in data["jobs"]]
    assert before
    assert "wiped from the database's files as well" in text_of(done)
    assert where_found(files, WORDS, "wolpertinger", "Käsespätzle") == set()
    assert where_found(files, NORA_ID) == set()
    assert still_used == used
