"""Where a job's time goes, told to whoever traces: spans of what is done for it.

Nobody traces unless the host wants it; then `NoTraces` stands in.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Protocol

from bot.job import Job
from bot.jobs.step_runner import Step

Note = Callable[[str, str | int], object]


class Tracer(Protocol):
    """Traces jobs. It is told names of ours, ids and numbers: never anybody's words."""

    def begin(self, name: str, job_id: int, guild_id: int | None, *, since: datetime) -> None:
        """Begin a job's trace with an interaction, which came at that time."""
        ...

    def of_job(
        self,
        name: str,
        job_id: int,
        guild_id: int | None,
        *,
        fine: tuple[type[Exception], ...] = (),
    ) -> AbstractContextManager[Note]:
        """Tell how long something takes that is done for a job; what it yields notes facts.

        Args:
            name: What it is.
            job_id: The job, or the interaction that may become one.
            guild_id: Its server.
            fine: Errors by which it may end without being at fault.
        """
        ...

    def part(self, name: str) -> AbstractContextManager[object]:
        """Tell how long a part of that takes."""
        ...


class NoTraces:
    """A `Tracer` that tells nobody."""

    def begin(self, name: str, job_id: int, guild_id: int | None, *, since: datetime) -> None:
        """Do nothing."""

    def of_job(self, *_: object, **__: object) -> AbstractContextManager[Note]:
        """Do nothing around it."""
        return _NOTHING

    def part(self, *_: object, **__: object) -> AbstractContextManager[object]:
        """Do nothing around it."""
        return _NOTHING


def _note_nothing(_name: str, _fact: str | int) -> None:
    """Note nothing."""


_NOTHING = nullcontext(_note_nothing)
NO_TRACES = NoTraces()


def traced(tracer: Tracer, name: str, step: Step) -> Step:
    """Return a job's step that is traced, with the state in which it leaves the job."""

    async def traced_step(job: Job) -> Job:
        with tracer.of_job(name, job.id, job.guild_id) as note:
            note("model", job.model)
            left = await step(job)
            note("state", left.state.value)
        return left

    return traced_step
