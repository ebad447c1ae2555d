"""Has pictures drawn by another process, one at a time."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.charts.data import chart_data, pictures_from_json, to_json
from bot.child_environment import child_environment
from bot.errors import ChartError
from bot.statistics import Statistics

_ROOT = Path(__file__).parents[2]
# The first picture of an installation takes the longest: the fonts are listed.
_TIME_LIMIT_S = 60.0
_AT_ONCE = 1
_COMPLAINT_CHARS = 500


class ChartDrawer:
    """Draws in a process of its own, started for each answer.

    Matplotlib holds the interpreter's lock for a second and takes some 100 MB. A fresh process
    gives all of that back, and one that hangs or dies is just that: there is no pool that it
    could break or leave half alive, as `concurrent.futures` has. It costs a second of
    imports, which nobody notices behind "thinking".

    Args:
        folder: Where the list of fonts is kept, made when it is not there.
        command: The process: reads and writes JSON.
        time_limit_s: After which it is killed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        command: Sequence[str] = (sys.executable, "-m", "bot.charts"),
        time_limit_s: float = _TIME_LIMIT_S,
    ) -> None:
        self._folder = folder
        self._command = command
        self._time_limit_s = time_limit_s
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def draw(
        self, statistics: Statistics, *, zone: str, names: Mapping[int, str]
    ) -> tuple[bytes, ...]:
        """Return pictures as PNG.

        Args:
            statistics: What to show.
            zone: The name of the guild's time zone.
            names: Of members, as far as they are known.

        Raises:
            ChartError: the process died, hung, or wrote something else.
        """
        data = await asyncio.to_thread(
            lambda: to_json(chart_data(statistics, zone=zone, names=names))
        )
        async with self._turns:
            try:
                return await self._drawn(data)
            except OSError as error:
                raise ChartError(f"the drawing process cannot be started: {error}") from error

    async def _drawn(self, data: bytes) -> tuple[bytes, ...]:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment(),
        )
        try:
            async with asyncio.timeout(self._time_limit_s):
                answer, complaints = await process.communicate(data)
        except TimeoutError as error:
            raise ChartError(f"drawing took longer than {self._time_limit_s:g} s") from error
        finally:
            # Also when whoever waits is cancelled: nothing goes on drawing for nobody.
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            words = complaints.decode(errors="replace").strip()[-_COMPLAINT_CHARS:]
            raise ChartError(f"the drawing process ended with {process.returncode}: {words}")
        try:
            return pictures_from_json(answer)
        except ValueError as error:
            raise ChartError(f"the drawing process wrote no pictures: {error}") from error

    def _environment(self) -> dict[str, str]:
        return child_environment() | {
            "PYTHONPATH": str(_ROOT),
            "MPLCONFIGDIR": str(self._folder),
            "OPENBLAS_NUM_THREADS": "1",  # numpy reserves memory for each
        }
