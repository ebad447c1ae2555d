"""Looks after one bot process: kills it on order, and starts it again whenever it has ended."""

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path

from sandbox.bot_control import READY_TIMEOUT_S, BotControl
from sandbox.bot_process import BotProcess
from sandbox.chaos.waiting import until

# What a service manager waits before it starts again what ended by itself.
_RESTART_AFTER_S = 0.2
_WATCH_EVERY_S = 0.1
_EARLY_S = 1.0


class Keeper:
    """One bot; orders about it are carried out one after the other.

    Attributes:
        kills: How often it was killed while it ran.
        stops: How often it was asked to end.
        freezes: How often it stood still for a while.
        ended_at_s: When it ended without a warning, or stood still; since the epoch.
        own_ends: What it said last, for each time it ended although nobody asked it to.
    """

    def __init__(self, bot: BotProcess, number: int, control: BotControl) -> None:
        self._bot = bot
        self._number = number
        self._control = control
        self._turn = asyncio.Lock()
        self._resting = False
        self._watcher: asyncio.Task[None] | None = None
        self.kills = 0
        self.stops = 0
        self.freezes = 0
        self.ended_at_s: list[float] = []
        self.own_ends: list[str] = []

    @property
    def starts(self) -> int:
        """How often it was started."""
        return self._bot.starts

    @property
    def is_ready(self) -> bool:
        """Whether it can take commands."""
        return self._control.is_ready(self._number)

    @property
    def is_dead(self) -> bool:
        """Whether it does not run just now."""
        return self._bot.pid is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._bot.send(number)

    async def kill(self, *, pause_s: float, early: bool) -> None:
        """End it as a power cut does and start it again; `early` strikes while it comes up."""
        await (asyncio.sleep(_EARLY_S) if early else self.wait_ready())
        await until(self._runs, every_s=_WATCH_EVERY_S)
        async with self._turn:
            self.kills += self._bot.pid is not None
            self.ended_at_s.append(time.time())
            await self._bot.kill()
            await asyncio.sleep(pause_s)
            await self._bot.start()

    async def terminate(self) -> None:
        """End it as a service manager does and start it again."""
        await self.wait_ready()
        async with self._turn:
            self.stops += 1
            await self._bot.stop()
            await self._bot.start()

    async def end(self, how: signal.Signals) -> None:
        """End it for good: until `begin`."""
        async with self._turn:
            self._resting = True
            self.ended_at_s.append(time.time())
            await (self._bot.kill() if how is signal.SIGKILL else self._bot.stop())

    async def begin(self, program_folder: Path) -> bool:
        """Start it with the files of a folder; False when it does not come up."""
        async with self._turn:
            self._resting = False
            self._bot.program_folder = program_folder
            await self._bot.start()
        return await self.wait_ready()

    async def freeze(self, for_s: float) -> None:
        """Let it stand still for a while, as a machine out of memory does."""
        await self.wait_ready()
        async with self._turn:
            self.freezes += 1
            self.ended_at_s.append(time.time())
            self._bot.send(signal.SIGSTOP)
            try:
                await asyncio.sleep(for_s)
            finally:
                self._bot.send(signal.SIGCONT)

    async def wait_ready(self) -> bool:
        """Wait for orders under way and a start that is due, then until it can take commands."""

        async def is_up() -> bool:
            return self.is_ready and not self._turn.locked()

        return await until(is_up, every_s=_WATCH_EVERY_S, within_s=READY_TIMEOUT_S)

    async def _runs(self) -> bool:
        return not self.is_dead and not self._turn.locked()

    def watch(self) -> None:
        """From now on start it again when it ends by itself."""
        self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Watch no more."""
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            if self._resting or self._bot.pid is not None or self._turn.locked():
                continue
            async with self._turn:
                self.ended_at_s.append(time.time())
                self.own_ends.append(await asyncio.to_thread(self._bot.last_lines))
                await asyncio.sleep(_RESTART_AFTER_S)
                await self._bot.start()
