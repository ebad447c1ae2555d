"""Addresses of attachments that end after a day, and the call that makes fresh ones."""

from pathlib import Path

import pytest

from tests.discord_bare_bot import Stage
from tests.discord_kit import HandClock

pytest_plugins = ("tests.discord_fixtures",)

DAY_S = 24 * 3600
PATH = "/attachments/refresh-urls"


async def status(stage: Stage, url: str) -> int:
    """Return what the CDN answers."""
    async with stage.bot.http.get(url) as response:
        return response.status


async def test_an_ended_address_works_again_when_refreshed(
    timed_stage: Stage, clock: HandClock, picture: Path
) -> None:
    """The old one stays dead."""
    posted = await timed_stage.mia.send_message("cat", [picture])
    old = posted["attachments"][0]["url"]
    clock.forward(DAY_S + 1)
    answer = await timed_stage.bot.call("POST", PATH, {"attachment_urls": [old]})
    [pair] = answer.body["refreshed_urls"]

    assert answer.status == 200
    assert pair["original"] == old
    assert await status(timed_stage, old) == 404
    assert await status(timed_stage, pair["refreshed"]) == 200


async def test_a_fresh_address_of_no_file_leads_nowhere(stage: Stage, picture: Path) -> None:
    """The call only signs; whether the file is there the CDN says."""
    posted = await stage.mia.send_message("cat", [picture])
    url = posted["attachments"][0]["url"].replace(posted["attachments"][0]["id"], "123")
    answer = await stage.bot.call("POST", PATH, {"attachment_urls": [url]})
    [pair] = answer.body["refreshed_urls"]

    assert await status(stage, pair["refreshed"]) == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"attachment_urls": []},
        {"attachment_urls": "https://a.example/x"},
        {"attachment_urls": ["https://a.example/attachments/1/2/x.png"]},
        {"attachment_urls": [7]},
        {"attachment_urls": ["x"] * 51},
    ],
)
async def test_what_is_no_list_of_addresses_is_refused(
    stage: Stage, body: dict[str, object]
) -> None:
    """With Discord's code for a body that is wrong."""
    answer = await stage.bot.call("POST", PATH, body)

    assert (answer.status, answer.code) == (400, 50035)
