"""Writes down, while a run goes on, what others on the machine can see of the bots.

Their pages for watching, and the list of processes as `ps` shows it, without environments.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp

_PROCESSES = Path("/proc")
_PAGES = ("healthz", "readyz", "metrics")
# A command of the bot lasts about a second.
_LOOK_EVERY_S = 0.4
_ASK_EVERY_S = 4.0
_ANSWER_WITHIN = aiohttp.ClientTimeout(total=3.0)


class Witness:
    """Looks again and again.

    Attributes:
        seen: How many pages were read, and how many different command lines.
    """

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        """Make one.

        Args:
            folder: Where it writes.
            ports: Of the bots' pages, on this machine.
        """
        self._folder = folder
        self._ports = ports
        self._lines: set[str] = set()
        self.seen: Counter[str] = Counter()

    async def watch(self) -> None:
        """Look until cancelled."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        async with (
            aiohttp.ClientSession(timeout=_ANSWER_WITHIN) as http,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._watch_processes())
            for port in self._ports:
                group.create_task(self._watch_pages(http, port))

    async def _watch_pages(self, http: aiohttp.ClientSession, port: int) -> None:
        while True:
            for page in _PAGES:
                # It is killed now and then.
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with http.get(f"http://127.0.0.1:{port}/{page}") as answer:
                        text = await answer.text()
                    await asyncio.to_thread(self._write, f"pages-{port}.txt", text)
                    self.seen["pages"] += 1
            await asyncio.sleep(_ASK_EVERY_S)

    async def _watch_processes(self) -> None:
        while True:
            new = await asyncio.to_thread(command_lines) - self._lines
            self._lines |= new
            self.seen["command lines"] = len(self._lines)
            if new:
                await asyncio.to_thread(self._write, "processes.txt", "\n".join(sorted(new)))
            await asyncio.sleep(_LOOK_EVERY_S)

    def _write(self, name: str, text: str) -> None:
        with (self._folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def command_lines() -> set[str]:
    """Return the command lines of all processes; none where there is no /proc. Blocking."""
    found = set()
    for file in _PROCESSES.glob("[0-9]*/cmdline"):
        # Ended meanwhile.
        with suppress(OSError):
            found.add(file.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return found - {""}
