"""Taking over: the jobs of a process that is gone go on in another, within seconds.

Only what a process had begun needs this. Jobs that wait are in the one queue that all processes
share.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping

from dbos import DBOS

from bot.jobs.locks import Locks, executor_lock
from bot.jobs.workflows import QUEUE

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0


class Takeover:
    """Looks whether a process is gone, and has the engine run its jobs again, anywhere."""

    def __init__(
        self,
        locks: Locks,
        executor_id: str,
        *,
        sure: Callable[[], bool],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make one.

        Args:
            locks: Tell who lives.
            executor_id: This process's own.
            sure: Whether this process still has its own lock.
            monotonic_s: A clock that never goes back.
        """
        self._locks = locks
        self._own = executor_id
        self._sure = sure
        self._monotonic_s = monotonic_s
        self._free_since_s: dict[str, float] = {}

    async def look(self) -> None:
        """Take over from each process whose lock has been free for the locks' grace."""
        begun = Counter((await _begun()).values())
        begun.pop(self._own, None)
        for gone in self._free_since_s.keys() - begun:
            del self._free_since_s[gone]
        for executor_id in begun:
            if await self._has_been_free(executor_id) and self._sure():
                await self._take_over(executor_id)

    async def _has_been_free(self, executor_id: str) -> bool:
        if not await self._locks.is_free(executor_lock(executor_id)):
            self._free_since_s.pop(executor_id, None)
            return False
        now_s = self._monotonic_s()
        return now_s - self._free_since_s.setdefault(executor_id, now_s) >= self._locks.grace_s

    async def _take_over(self, executor_id: str) -> None:
        """Put its jobs back into the queue, where they count like all others.

        Under its lock: neither it, come back, nor another that takes over can do the same.
        """
        async with self._locks.attempt(executor_lock(executor_id)) as ours:
            if not ours:
                return
            jobs = [job for job, owner in (await _begun()).items() if owner == executor_id]
            if jobs:
                await DBOS.resume_workflows_async(jobs, queue_name=QUEUE)
                log.warning(
                    "process %s is gone: its %d jobs go on in the others", executor_id, len(jobs)
                )


async def _begun() -> Mapping[str, str]:
    """Return the jobs that a process has begun and not ended, with the process's executor id."""
    # Neither inputs nor outputs: what is asked for every two seconds must be small.
    found = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
    return {status.workflow_id: status.executor_id or "" for status in found}
