"""How long a step that an error stopped is tried again: pure decisions."""

import errno
from datetime import timedelta

from bot.errors import StorageTroubleError
from bot.job import JobState

# Waits between tries, in seconds; the last one repeats.
_RETRY_AFTER_S = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
# A disk that is full or a database that is locked may be well again any moment.
_LONGEST_TROUBLE_S = 60.0
# The tries before an error that is none of the storage's is taken for one that stays.
MOST_ERRORS = 6
# The provider may be at work, and be paid, for as long: such a job is not given up before.
PROVIDER_MAY_WORK = timedelta(hours=2)
_AT_THE_PROVIDER = frozenset({JobState.SUBMITTING, JobState.UNCERTAIN, JobState.RUNNING})
_FULL_OR_BROKEN = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}
)


def is_trouble(error: Exception) -> bool:
    """Tell whether it is the host's storage that is in trouble, which passes, and no fault here."""
    if isinstance(error, StorageTroubleError):
        return True
    return isinstance(error, OSError) and error.errno in _FULL_OR_BROKEN


def retry_after_s(tries: int, *, trouble: bool, draw: float) -> float:
    """Return how long to wait after so many failed tries.

    Args:
        tries: At least 1.
        trouble: What `is_trouble` says.
        draw: Chance, from 0 to 1: many jobs meet one trouble, and must not retry as one.
    """
    whole_s = _RETRY_AFTER_S[min(tries, len(_RETRY_AFTER_S)) - 1]
    return min(whole_s, _LONGEST_TROUBLE_S) * (0.5 + draw / 2) if trouble else whole_s


def worn_out(state: JobState, errors: int, lasting: timedelta) -> bool:
    """Tell whether a step failed so often that its job is given up.

    Args:
        state: The job's.
        errors: Failed tries, those from the storage's trouble not counted: they pass.
        lasting: Since the first of them.
    """
    if errors <= MOST_ERRORS:
        return False
    return state not in _AT_THE_PROVIDER or lasting > PROVIDER_MAY_WORK
