"""Running: the client until a signal comes, and work beside it for as long as it does."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import discord
from pydantic import SecretStr

from bot.errors import BotError, ConfigurationError, LockLostError

log = logging.getLogger(__name__)

# A start may be tried again; sysexits.h calls it EX_TEMPFAIL.
EXIT_LOCK_LOST = 75
_LEAVE_WITHIN_S = 15.0
# So soon after a change of who is to do it, work that only one process does goes on.
_ASK_AGAIN_S = 2.0


async def until_stopped(bot: discord.Client, token: SecretStr, *, lost: asyncio.Event) -> None:
    """Run the client until a signal comes or it ends by itself.

    Args:
        bot: The client.
        token: Its token.
        lost: Set when the process has lost its lock and must end.

    Raises:
        ConfigurationError: Discord refuses the token.
        LockLostError: the lock was lost.
        BotError: the connection ended by itself.
    """
    stop = asyncio.Event()
    _on_signals(stop.set)
    running = asyncio.create_task(bot.start(token.get_secret_value()))
    asked = {asyncio.create_task(event.wait()) for event in (stop, lost)}
    await asyncio.wait({running, *asked}, return_when=asyncio.FIRST_COMPLETED)
    for task in asked:
        task.cancel()
    if lost.is_set():
        _leave_at_the_latest()
    elif running.done():
        _explain(running)
    log.info("stopping; jobs under way go on at the next start")
    await bot.close()
    running.cancel()
    await asyncio.wait({running})
    if lost.is_set():
        raise LockLostError("This process lost its lock on the database and has stopped.")


def _leave_at_the_latest() -> None:
    """See to it that the process ends: threads that wait for a lost database do so for good."""
    timer = threading.Timer(_LEAVE_WITHIN_S, os._exit, [EXIT_LOCK_LOST])
    timer.daemon = True
    timer.start()


def _on_signals(stop: Callable[[], object]) -> None:
    """Call `stop` on SIGTERM and Ctrl-C; Windows knows only Ctrl-C, and not on the loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _explain(running: asyncio.Task[None]) -> None:
    """Turn what ended the client into words for the host."""
    try:
        running.result()
    except discord.LoginFailure as error:
        raise ConfigurationError(
            "DISCORD_TOKEN is refused by Discord. Reset it in the developer portal (Bot page)."
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise BotError(
            f"Discord cannot be reached ({type(error).__name__}). Check the network; then start "
            "again, or let a service manager do so."
        ) from error
    raise BotError("The connection to Discord ended by itself.")


@asynccontextmanager
async def background(work: Awaitable[None]) -> AsyncIterator[None]:
    """Run something for as long as the block lasts."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(_tell_if_it_died)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _tell_if_it_died(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("background work has ended", exc_info=task.exception())


async def repeat(
    work: Callable[[], Awaitable[None]],
    *,
    every_s: float,
    only_when: Callable[[], bool] = lambda: True,
) -> None:
    """Do something again and again; one failure is logged and does not end it.

    Args:
        work: To be done.
        every_s: Seconds between its end and its next begin.
        only_when: Whether it is for this process to do; asked before each time.
    """
    while True:
        if not only_when():
            await asyncio.sleep(min(every_s, _ASK_AGAIN_S))
            continue
        try:
            await work()
        except Exception:
            log.exception("background work failed; again in %s s", every_s)
        await asyncio.sleep(every_s)
