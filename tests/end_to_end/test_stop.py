"""The bot is stopped, renamed, started again: nothing is lost, nobody is left waiting."""

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from sandbox.bot_process import PROJECT
from sandbox.discord_api.component_kinds import files_of
from tests.end_to_end.sandbox_process import LIGHT, SELDOM_S, SandboxProcess, until
from tests.end_to_end.seen import is_ephemeral, text_of

pytestmark = pytest.mark.end_to_end

SETTINGS = {"JOBS_IN_FLIGHT_PER_MEMBER": "50", "SEGMIND_CONCURRENCY": "20"}
PICTURES = 6


def large_turned_photo(path: Path) -> Path:
    """A picture that takes seconds to check and turn upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.linear_gradient("L").resize((6000, 6000)).convert("RGB").save(path, exif=exif)
    return path


async def test_a_stop_leaves_nobody_thinking(tmp_path: Path) -> None:
    """Whoever asked just before the stop has a card or was told to ask again."""
    photo = await asyncio.to_thread(large_turned_photo, tmp_path / "large.jpg")
    async with SandboxProcess(tmp_path / "sandbox", speed=25, bot_env=SETTINGS) as sandbox:
        async with sandbox.member() as mia:
            asked = [
                await mia.run_command("animate", {"image": photo, "prompt": f"a wheel {n}"})
                for n in range(PICTURES)
            ]
            beats = [*(sandbox.folder / "bot").glob("heartbeat-*")]
            await sandbox.bot("stop")
            jobs = {outcome.id for outcome in asked}

            async def answered() -> bool:
                told = [m for m in mia.seen.values() if is_ephemeral(m)]
                return all("Send your command again" in text_of(message) for message in told)

            await until(answered, "nobody reads that the bot is thinking")
            told = [m for m in mia.seen.values() if is_ephemeral(m)]
        messages = await sandbox.all_messages()
        cards = [
            message
            for message in messages.values()
            if (message.get("interaction_metadata") or {}).get("id") in jobs
            and message["deleted_at"] is None
            and not is_ephemeral(message)
        ]
        log = sandbox.bot_log()

    assert len(cards) + len(told) == PICTURES
    assert all(message["components"] for message in cards)
    assert "Traceback" not in log
    assert len(beats) == 1
    assert not beats[0].exists(), "a health check would find a bot that runs"


async def test_a_renamed_process_takes_up_the_jobs_of_the_old_name(tmp_path: Path) -> None:
    """EXECUTOR_ID changed while jobs were at the provider: each still ends with one video."""
    async with SandboxProcess(tmp_path, speed=25, bot_env=SETTINGS, options=LIGHT) as sandbox:
        async with sandbox.member() as mia:
            for number in range(4):
                await mia.run_command("t2v", {"prompt": f"a wheel {number}"})

            async def at_the_provider() -> bool:
                return len((await sandbox.provider_state())["requests"]) == 4

            await until(at_the_provider, "four jobs at the provider")
            await sandbox.bot("kill")
            renamed = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot"),
                cwd=PROJECT,
                env=sandbox.bot_environment(EXECUTOR_ID="renamed"),
            )
            try:

                async def delivered() -> bool:
                    return len([m for m in await mia.messages() if files_of(m)]) == 4

                await until(delivered, "four videos", look_every_s=SELDOM_S)
            finally:
                renamed.send_signal(signal.SIGTERM)
                await renamed.wait()
        requests = (await sandbox.provider_state())["requests"]

    assert Counter(r["body"]["prompt"] for r in requests) == {f"a wheel {n}": 1 for n in range(4)}


async def test_cards_say_that_the_bot_is_restarting_and_then_the_truth_again(
    tmp_path: Path,
) -> None:
    """Two at the provider, two in the queue: nothing fails, nothing is sent twice."""
    settings = {**SETTINGS, "SEGMIND_CONCURRENCY": "4"}  # two of a member
    prompts = [f"a restarted wheel {number}" for number in range(4)]
    words = "The bot is being restarted. Nothing is lost"
    async with SandboxProcess(tmp_path, speed=20, bot_env=settings, options=LIGHT) as sandbox:
        # However slow this machine is, no video is finished before the stop.
        await sandbox.segmind("settings", {"speed": 0.01})
        async with sandbox.member() as mia:
            jobs = {(await mia.run_command("t2v", {"prompt": p})).id for p in prompts}

            async def at_the_provider() -> bool:
                cards = await cards_of(sandbox, jobs)
                shown = [text for text in cards if "Accepted" in text or "Being made" in text]
                return len(shown) == 2 and any("Number 2 in line" in text for text in cards)

            await until(at_the_provider, "two cards at the provider, two in the queue")
            await sandbox.bot("stop")
            stopped = await cards_of(sandbox, jobs)
            log = sandbox.bot_log()
            await sandbox.segmind("settings", {"speed": 20})
            for request in (await sandbox.provider_state())["requests"]:
                await sandbox.segmind(f"requests/{request['request_id']}/complete", {})
            await sandbox.bot("start")

            async def all_true_again() -> bool:
                return not any(words in text for text in await cards_of(sandbox, jobs))

            await until(
                all_true_again,
                "no card says any more that the bot is restarting",
                look_every_s=SELDOM_S,
            )

            async def delivered() -> bool:
                return len([m for m in await mia.messages() if files_of(m)]) == len(prompts)

            await until(delivered, "four videos", look_every_s=SELDOM_S)
        requests = (await sandbox.provider_state())["requests"]

    assert len(stopped) == len(prompts)
    assert all(words in text for text in stopped)
    assert "4 jobs go on at the next start; 4 cards say so" in log
    for trace in ("Traceback", "was destroyed", "never retrieved", "never awaited"):
        assert trace not in log
    assert Counter(request["body"]["prompt"] for request in requests) == dict.fromkeys(prompts, 1)


async def cards_of(sandbox: SandboxProcess, jobs: set[str]) -> list[str]:
    """What the cards of these jobs show."""
    messages = (await sandbox.all_messages()).values()
    return [
        text_of(message)
        for message in messages
        if (message.get("interaction_metadata") or {}).get("id") in jobs
        and message["deleted_at"] is None
        and not files_of(message)
    ]
