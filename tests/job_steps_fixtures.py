"""The world around a job's steps, new for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage import JobStore
from tests.job_steps_kit import World, running_world

pytest_plugins = ("tests.storage_fixtures",)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """The folder for downloads."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


@pytest.fixture
async def world(store: JobStore, downloads: Path) -> AsyncIterator[World]:
    """A reachable provider, an open channel, a migrated database."""
    async with running_world(store, downloads) as world:
        yield world
