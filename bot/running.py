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

from bot.errors import BotError, ConfigurationError, LockLostError, StorageTroubleError

log = logging.getLogger(__name__)

# A start may be tried again; sysexits.h calls it EX_TEMPFAIL.
EXIT_TRY_AGAIN = 75
# A wrong setting; sysexits.h calls it EX_CONFIG.
EXIT_CONFIGURATION = 78
# So soon after a change of who is to do it, work that only one process does goes on.
_ASK_AGAIN_S = 2.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def until_stopped(
    bot: discord.Client,
    token: SecretStr,
    *,
    stop_timeout_s: float,
    lost: asyncio.Event,
    end_at_once: Callable[[int], object] = os._exit,
) -> None:
    """Run the client until a signal comes or it ends by itself; a second signal ends all at once.

    Args:
        bot: Closed at the end.
        token: The bot's.
        stop_timeout_s: How long after the signal the process may live, whatever hangs.
        end_at_once: Ends the process with an exit code when that time is over.
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
    if running.done() and not lost.is_set():
        _explain(running)
    log.info(
        "stopping, within %g s; jobs under way go on at the next start; once more ends at once",
        stop_timeout_s,
    )
    # Threads that wait for a lost database do so for good.
    _watch_the_stop(stop_timeout_s, end_at_once, EXIT_TRY_AGAIN if lost.is_set() else 1)
    await bot.close()
    running.cancel()
    await asyncio.wait({running})
    if lost.is_set():
        raise LockLostError("This process lost its lock on the database and has stopped.")


def _watch_the_stop(timeout_s: float, end_at_once: Callable[[int], object], code: int) -> None:
    """End the process when its time is over: a service manager would kill it a moment later.

    A thread, because the loop itself may hang, or wait for a thread that does. What is cut off
    is taken up at the next start, as after any crash.
    """

    def end() -> None:
        log.critical("the stop lasted longer than STOP_TIMEOUT_S, %g s: ended", timeout_s)
        end_at_once(code)

    timer = threading.Timer(timeout_s, end)
    timer.daemon = True
    timer.start()


def _on_signals(stop: Callable[[], object]) -> None:
    """Call `stop` on SIGTERM and Ctrl-C; a second one ends the process as if nobody listened.

    Windows knows only Ctrl-C, and not on the loop.
    """
    loop = asyncio.get_running_loop()

    def first() -> None:
        for number in _SIGNALS:
            with contextlib.suppress(NotImplementedError):  # Windows, see below
                loop.remove_signal_handler(number)
            # The system's default: no traceback, and it works while the loop is busy.
            signal.signal(number, signal.SIG_DFL)
        stop()

    for number in _SIGNALS:
        try:
            loop.add_signal_handler(number, first)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(first))


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
        except StorageTroubleError as error:
            log.warning("background work failed; again in %s s: %s", every_s, error)
        except Exception:
            log.exception("background work failed; again in %s s", every_s)
        await asyncio.sleep(every_s)
