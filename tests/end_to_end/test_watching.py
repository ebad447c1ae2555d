"""A moderator watches the log channel while the whole bot runs, is killed, and starts again."""

from datetime import datetime
from pathlib import Path

import pytest

from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import LOG_ID
from tests.end_to_end.sandbox_process import LIGHT, Json, SandboxProcess, until
from tests.end_to_end.seen import buttons, text_of

pytestmark = pytest.mark.end_to_end

WATCHING = "Every video in the log channel**: off → on"
# The look of every minute is slower than that.
SOON_S = 20.0
FORBIDDEN = {"message": "Missing Permissions", "code": 50013}


async def _watch(nora: MemberDriver) -> None:
    """Switch the cards on, as a moderator does."""
    await nora.run_command("video-admin log channel", {"channel": LOG_ID})
    await nora.run_command("video-admin policy")
    page = await nora.wait_for_message(lambda m: "Videos on this server" in text_of(m))
    await nora.press(page, "admin:page:log")
    await nora.wait_for_message(lambda m: "Every video there, too" in text_of(m))
    await nora.press(page, "admin:flip:log_videos:on")
    await nora.wait_for_message(lambda m: WATCHING in text_of(m))


def _posted_at(message: Json) -> datetime:
    return datetime.fromisoformat(message["timestamp"])


async def _in_log(sandbox: SandboxProcess, words: str) -> list[Json]:
    messages = (await sandbox.discord("state"))["messages"].get(LOG_ID, [])
    return [message for message in messages if words in text_of(message)]


async def test_every_video_has_one_card_whatever_happens(tmp_path: Path) -> None:
    """Promptly; and after a refusal and a kill -9 at the next start, once, with its buttons."""
    async with (
        SandboxProcess(tmp_path, options=LIGHT) as sandbox,
        sandbox.member("Nora") as nora,
        sandbox.member("Mia") as mia,
    ):
        await _watch(nora)
        await mia.run_command("t2v", {"prompt": "a first hill"})
        card = await nora.wait_for_message(
            lambda m: m["channel_id"] == LOG_ID and "a first hill" in text_of(m)
        )
        (video,) = [m for m in await mia.messages() if files_of(m) and "a first hill" in text_of(m)]
        waited_s = (_posted_at(card) - _posted_at(video)).total_seconds()

        path = f"/channels/{LOG_ID}/messages"
        fault = {"method": "POST", "path": path, "times": 1, "status": 403, "body": FORBIDDEN}
        await sandbox.discord("faults", fault)
        await mia.run_command("t2v", {"prompt": "a second hill"})

        async def refused() -> bool:
            return "refused its card" in sandbox.bot_log()

        await until(refused, "the log channel refuses the second card")
        missed = await _in_log(sandbox, "a second hill")
        await sandbox.bot("kill")
        await sandbox.bot("start")
        late = await nora.wait_for_message(
            lambda m: m["channel_id"] == LOG_ID and "a second hill" in text_of(m)
        )

        assert waited_s < SOON_S
        assert missed == []
        for shown in (card, late):
            assert list(buttons(shown)) == ["Delete", "Delete and refund", "Block member"]
        for prompt in ("a first hill", "a second hill"):
            assert len(await _in_log(sandbox, prompt)) == 1
