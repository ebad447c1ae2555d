"""Makes checks at the same time, each within its own time, and none that ends the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp

from bot.doctoring.diagnosis import Diagnosis, NotCheckedError, State, wrong
from bot.errors import BotError, ConfigurationError, TransientError

# More than the calls of a check may take one after the other, see `web.CALL_LIMIT_S`.
LIMIT_S = 12.0
NETWORK = "Check this machine's network, then try again."
_OUTAGE = "It has an outage, or is asked too often: wait some minutes, then try again."


@dataclass(frozen=True, kw_only=True)
class Check:
    """How one part is looked at.

    Attributes:
        part: Its stable name.
        look: Looks; may raise, and may hang.
        remedy: What to do when that gives no answer.
    """

    part: str
    look: Callable[[], Awaitable[Diagnosis]]
    remedy: str


async def carried_out(checks: Sequence[Check], *, limit_s: float = LIMIT_S) -> list[Diagnosis]:
    """Make all checks, in parallel; return what they found, in their order. Never raises.

    Args:
        checks: Independent of each other, or waiting for each other by themselves.
        limit_s: How long each may take.
    """
    return list(await asyncio.gather(*(_diagnosis(check, limit_s) for check in checks)))


async def _diagnosis(check: Check, limit_s: float) -> Diagnosis:
    looking = asyncio.ensure_future(check.look())
    done, _ = await asyncio.wait({looking}, timeout=limit_s)
    if not done:
        looking.cancel()  # and not waited for: it may be what hangs
        return wrong(check.part, f"no answer within {limit_s:g} s.", check.remedy)
    error = looking.exception()
    return looking.result() if error is None else _of_error(check, error)


def _of_error(check: Check, error: BaseException) -> Diagnosis:
    part = check.part
    if isinstance(error, NotCheckedError):
        return Diagnosis(part=part, state=State.UNKNOWN, words=f"not checked: {error}.")
    if isinstance(error, TransientError) and error.status is not None:
        return wrong(part, f"answers with an error (HTTP {error.status}).", _OUTAGE)
    if isinstance(error, TransientError | aiohttp.ClientError | TimeoutError):
        return wrong(part, f"does not answer {_why(error)}.", NETWORK)
    if isinstance(error, ConfigurationError):
        return wrong(part, str(error), check.remedy)
    # Our own errors say what they are; others' texts are often only a host's name.
    words = str(error) if isinstance(error, BotError) else f"{type(error).__name__}: {error}"
    return wrong(part, words, check.remedy)


def _why(error: BaseException) -> str:
    words = error.detail if isinstance(error, TransientError) else str(error)
    if isinstance(error, TimeoutError) or words.startswith("TimeoutError"):
        return "in time"
    return f"({words or type(error).__name__})"
