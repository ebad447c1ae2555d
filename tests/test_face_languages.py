"""A member's language over the real client: it comes with everything they do."""

from typing import Any

import pytest

from sandbox.discord_api.client_connection import RefusedError
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import MIA_ID
from tests.face_running import EPHEMERAL, Face, all_text

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")


async def told(driver: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only the member sees."""
    return await driver.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def test_everybody_is_answered_in_their_own_language(
    face: Face, mia: MemberDriver, nora: MemberDriver
) -> None:
    """Numbers show it, which no translation changes; and errors know it as pages do."""
    await mia.request("PATCH", "/users/@me/settings", json={"locale": "de"})
    await mia.run_command("quota")
    await nora.run_command("quota")
    german, english = await told(mia, "2.000"), await told(nora, "2,000")
    await face.control("locale", user_id=MIA_ID, locale="fr")
    await mia.run_command("quota")
    french = await told(mia, "2\u202f000")

    assert "2,000" not in all_text(german) + all_text(french)
    assert "2.000" not in all_text(english)


async def test_a_language_that_discord_does_not_know_is_refused(
    face: Face, mia: MemberDriver
) -> None:
    """As Discord does; the member's stays what it was."""
    with pytest.raises(RefusedError) as refused:
        await mia.request("PATCH", "/users/@me/settings", json={"locale": "tlh"})

    assert "Discord knows" in str(refused.value.body)
    assert face.stand_in.world.users[MIA_ID].locale == "en-US"
