"""The bot as a process of its own: start, stop, kill -9, start again on the same data."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BOT_COMMAND = (sys.executable, "-m", "bot")
STOP_GRACE_S = 15.0
LAST_LINES = 20


class BotProcess:
    """One bot; at most one process of it runs at a time.

    Attributes:
        program_folder: Where the bot's files are; a change counts from the next start on.
        died: Done with the exit code when the bot ends although nobody asked it to.
        starts: How many times it was started.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        log_file: Path,
        command: Sequence[str] = BOT_COMMAND,
        program_folder: Path = PROJECT,
    ) -> None:
        self.program_folder = program_folder
        self._environment = dict(environment)
        self._log_file = log_file
        self._command = tuple(command)
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()  # control calls come at any time
        self.died: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the bot unless it runs; its output is appended to the log file."""
        async with self._turn:
            if self._process is not None:
                return
            log = await asyncio.to_thread(self._log_file.open, "ab")
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    cwd=self.program_folder,
                    env=self._environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=asyncio.subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C reaches the sandbox, which then stops it
                )
            finally:
                log.close()
            self.starts += 1
            self._watcher = asyncio.create_task(self._watch(self._process))

    async def stop(self) -> None:
        """End it as a service manager does: SIGTERM, and SIGKILL when that does not help."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a power cut does."""
        await self._end(signal.SIGKILL)

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run one of the bot's commands beside it; return its exit code and all that it said."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            cwd=self.program_folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal and do not wait for what it does; nothing when it does not run."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def last_lines(self) -> str:
        """Return the end of the log. Reads a file: for a thread."""
        with suppress(FileNotFoundError), self._log_file.open(errors="replace") as log:
            return "".join(deque(log, maxlen=LAST_LINES))
        return ""

    async def _end(self, how: signal.Signals) -> None:
        async with self._turn:
            process, self._process = self._process, None
            if process is None:
                return
            if self._watcher is not None:
                self._watcher.cancel()
            with suppress(ProcessLookupError):
                process.send_signal(how)
            try:
                async with asyncio.timeout(STOP_GRACE_S):
                    await process.wait()
            except TimeoutError:
                pass  # the next line is for this
            _kill_group(process.pid)
            await process.wait()

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self._process = None
        _kill_group(process.pid)
        if not self.died.done():
            # A process ended by a signal has a negative code; shells say 128 + number.
            self.died.set_result(code if code >= 0 else 128 - code)


def _kill_group(pid: int) -> None:
    """End what the bot started and left behind: an ffmpeg in the middle of its work."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
