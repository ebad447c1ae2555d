"""Work that must not stop halfway: finished first, cancelled after, and no error is lost."""

import asyncio

import pytest

from bot.cancellation import to_the_end


async def test_the_result_comes_back() -> None:
    """Without a cancellation it is a plain await."""
    assert await to_the_end(asyncio.sleep(0, "done")) == "done"


async def test_work_is_finished_before_the_cancellation_goes_through() -> None:
    """The caller is cancelled in the middle: the second half happens all the same."""
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        done.set()

    caller = asyncio.create_task(to_the_end(work()))
    await begun.wait()
    caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done.is_set()


async def test_an_error_behind_a_cancellation_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The cancellation takes the error's place, so the log has to tell it."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        raise ValueError("could not be written down")

    caller = asyncio.create_task(to_the_end(work()))
    await begun.wait()
    caller.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert "could not be written down" in caplog.text
