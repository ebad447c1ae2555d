"""What the running task works on: the job and the server, for logs, reports and traces.

The client sets it for each interaction, the engine for each job. Tasks that are started inherit
it, so that a library's warning in the middle of a job carries the job's id as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """The subject of what is done.

    Attributes:
        job: The job's id. While an interaction is answered, the interaction's: a command's is
            that of the job it makes.
        guild: The server's id; None in direct messages, too.
    """

    job: int | None = None
    guild: int | None = None


_NOTHING = About()
_about: ContextVar[About] = ContextVar("about", default=_NOTHING)


def now_about() -> About:
    """Return what the running task works on."""
    return _about.get()


@contextmanager
def about(job: int, guild: int | None) -> Iterator[None]:
    """Work on a job, in this task and in those that it starts."""
    token = _about.set(About(job, guild))
    try:
        yield
    finally:
        _about.reset(token)


def work_on(job: int, guild: int | None) -> None:
    """Work on a job until the running task ends."""
    _about.set(About(job, guild))


def apart() -> Context:
    """Return a context for a task that outlives, and serves others than, the job it began in."""
    context = copy_context()
    context.run(_about.set, _NOTHING)
    return context
