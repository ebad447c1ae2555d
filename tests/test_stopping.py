"""A stop that hangs: it ends when its time is over, or at the second signal."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sandbox.bot_process import PROJECT

PATIENCE_S = 30.0


@asynccontextmanager
async def hanging_bot(stop_timeout_s: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a bot that was asked to stop, and hangs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.hanging_bot", str(stop_timeout_s)),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await line_with(process, b"running")
            process.send_signal(signal.SIGTERM)
            await line_with(process, b"closing")
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(process: asyncio.subprocess.Process, words: bytes) -> None:
    """Read on until a line has these words."""
    assert process.stdout is not None
    while words not in (line := await process.stdout.readline()):
        assert line, f"it ended before it said {words!r}"


async def test_a_stop_that_hangs_ends_when_its_time_is_over() -> None:
    """Whatever hangs: the log says so, and the service manager need not kill it."""
    async with hanging_bot(0.5) as process:
        output, _ = await process.communicate()

    assert process.returncode == 1
    assert b"the stop lasted longer than STOP_TIMEOUT_S" in output
    assert b"Traceback" not in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_at_once(number: signal.Signals) -> None:
    """Long before the time is over, without a traceback."""
    async with hanging_bot(600) as process:
        process.send_signal(number)
        output, _ = await process.communicate()

    assert process.returncode == -number
    assert b"Traceback" not in output
