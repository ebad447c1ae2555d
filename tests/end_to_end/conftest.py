"""One sandbox for every test of a worker that does not change it for good."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.media_files import picture
from tests.end_to_end.sandbox_process import LIGHT, SandboxProcess
from tests.end_to_end.seen import assert_keeps_secrets

# What these tests are not about: no member ever runs out of anything.
PLENTY = {
    "DAILY_CREDITS": "1000000",
    "MONTHLY_CREDITS": "1000000",
    "JOBS_IN_FLIGHT_PER_MEMBER": "100",
    "JOBS_IN_FLIGHT_PER_GUILD": "400",
    "MEMBER_COMMANDS_PER_MINUTE": "1000000",
    "SEGMIND_CONCURRENCY": "40",
}
# What other tests are about: everything runs out soon, and one video is made at a time.
LITTLE = {
    "DAILY_CREDITS": "30",
    "MONTHLY_CREDITS": "300",
    "JOBS_IN_FLIGHT_PER_MEMBER": "3",
    "JOBS_IN_FLIGHT_PER_GUILD": "4",
    "SEGMIND_CONCURRENCY": "1",
    "LOW_BALANCE_USD": "1000000",
}


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxProcess]:
    """One sandbox for all files here; at its end nothing secret was ever written."""
    folder = tmp_path_factory.mktemp("sandbox")
    async with SandboxProcess(folder, bot_env=PLENTY) as running:
        yield running
        await assert_keeps_secrets(running)


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(shared_sandbox: SandboxProcess) -> AsyncIterator[SandboxProcess]:
    """The shared sandbox; its switches are put back after the test."""
    yield shared_sandbox
    await shared_sandbox.reset()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tight_sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxProcess]:
    """A sandbox in which everything is scarce; its tests leave nothing under way."""
    folder = tmp_path_factory.mktemp("tight")
    async with SandboxProcess(folder, bot_env=LITTLE, options=LIGHT) as running:
        yield running
        await assert_keeps_secrets(running)


@pytest_asyncio.fixture(loop_scope="session")
async def mia(sandbox: SandboxProcess) -> AsyncIterator[MemberDriver]:
    """A member without roles, connected."""
    async with sandbox.member("Mia") as member:
        yield member


@pytest_asyncio.fixture(loop_scope="session")
async def theo(sandbox: SandboxProcess) -> AsyncIterator[MemberDriver]:
    """Another member, connected."""
    async with sandbox.member("Theo") as member:
        yield member


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    """A small picture."""
    return picture(tmp_path / "hill.png")
