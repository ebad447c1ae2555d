"""A host watches the whole bot: a real video moves what the dashboard shows, a fault is told."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import LOG_ID
from tests.end_to_end.sandbox_process import LIGHT, SandboxProcess, until
from tests.end_to_end.seen import ask, assert_keeps_secrets, make
from tests.watching_kit import names, samples

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

ROOT = Path(__file__).parents[2]
ASKED_FOR = re.compile(r"\b(?:wanbot|process)_[a-z_]+")
# What one delivered video moves.
MOVED = {
    "wanbot_commands_total",
    "wanbot_jobs_ended_total",
    "wanbot_job_waiting_seconds_count",
    "wanbot_job_running_seconds_sum",
    "wanbot_job_posting_seconds_sum",
    "wanbot_credits_total",
    "wanbot_usd_total",
    "wanbot_provider_calls_total",
    "wanbot_discord_answers_total",
    "wanbot_event_loop_lag_seconds_bucket",
    "wanbot_balance_usd",
    "wanbot_database_seconds",
    "wanbot_engine_lag_seconds",
    "wanbot_gateway_seconds",
}


class Watched(SandboxProcess):
    """A sandbox whose bot can be watched."""

    async def got(self, path: str) -> tuple[int, str]:
        """What the bot answers to its host."""
        url = f"http://127.0.0.1:{self.bot_env['WATCH_PORT']}{path}"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return answer.status, await answer.text()

    async def ready(self) -> bool:
        """Whether every part works."""
        return (await self.got("/readyz"))[0] == 200

    async def has_lost_gateway(self) -> bool:
        """Whether a connection to Discord broke off."""
        return (await self.metrics())["wanbot_gateway_lost_total{}"] == 1

    async def has_told_host(self) -> bool:
        """Whether the host has heard that the balance is low."""
        told = [message["content"] for message in (await self.all_messages()).values()]
        return any(text.startswith("🔴 **Segmind's balance is low**") for text in told)

    async def metrics(self) -> dict[str, float]:
        """What Prometheus reads."""
        _, text = await self.got("/metrics")
        assert not any(secret in text for secret in self.secrets)
        return samples(text)


@pytest_asyncio.fixture(loop_scope="session")
async def watched(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Watched]:
    """One that is ready."""
    async with Watched(
        tmp_path,
        bot_env={"WATCH_PORT": str(unused_tcp_port), "HOST_CHANNEL_ID": LOG_ID},
        options=LIGHT,
    ) as sandbox:
        await until(sandbox.ready, "the bot is ready")
        yield sandbox
        await assert_keeps_secrets(sandbox)


async def test_a_host_sees_a_video_being_made_and_a_lost_connection(watched: Watched) -> None:
    """Every metric of the dashboard and the alerts is there; the bot recovers by itself.

    The host hears of a low balance meanwhile.
    """
    await watched.segmind("settings", {"credits_usd": 4.2})
    mia: MemberDriver
    async with watched.member() as mia:
        await make(mia, "t2v", {"prompt": "A watched fox"})
        await ask(mia, "quota")

        async def ended() -> bool:
            found = await watched.metrics()
            return any(v for s, v in found.items() if "jobs_ended" in s and "=delivered" in s)

        await until(ended, "the delivered video is counted")
    found = await watched.metrics()
    asked_for = {
        name
        for file in ("grafana.json", "alerts.yaml")
        for name in ASKED_FOR.findall((ROOT / "docs" / file).read_text("utf-8"))
    }

    # Series of jobs under way are there while there are any.
    assert asked_for - names(found) <= {"wanbot_jobs", "wanbot_jobs_oldest_seconds"}
    assert {name for name in MOVED if not any(_of(name, found))} == set()

    await watched.discord("gateway", {"action": "drop"})
    await until(watched.has_lost_gateway, "the lost gateway is counted")
    await until(watched.ready, "it is back")
    await until(watched.has_told_host, "the host is told that the balance is low")


def _of(name: str, found: dict[str, float]) -> list[float]:
    return [value for series, value in found.items() if series.partition("{")[0] == name]
