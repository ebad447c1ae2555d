"""What a command comes to that is heard in the last moment of a stop."""

import asyncio
from pathlib import Path

import pytest

from bot import client
from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import PATIENCE_S, until
from tests.face_running import Face

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")


async def test_a_command_heard_in_the_last_moment_is_answered(
    face: Face, mia: MemberDriver, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer is under way when the client is closed: it is taken, or refused, not forgotten.

    The bot itself refuses it by then, which is quick; here it is accepted, with all its work.
    """
    monkeypatch.setattr(client, "_LAST_ANSWERS_S", PATIENCE_S)
    hub = face.stand_in.hub
    await face.control(
        "faults", method="POST", path="/interactions/*/callback", delay_s=0.2, times=1
    )
    asking = asyncio.create_task(mia.run_command("animate", {"prompt": "a hill", "image": photo}))
    await until(lambda: hub.faults.left == 0)
    await face.bot.close()
    outcome = await asking

    interaction = hub.interactions.get(outcome.id)
    assert interaction is not None
    shown = [hub.messaging.store.get(interaction.channel_id, made) for made in interaction.made]
    left = [message for message in shown if message is not None]
    taken = await face.store.get(int(outcome.id)) is not None
    assert outcome.ok
    assert left
    assert taken or not any(message.loading for message in left)
