"""The circuit breaker: whether the video service works, and how long submits pause when not.

`after` decides and does nothing; `Breaker` keeps the decision, tells the log, and lets one
waiter at a time ask whether the service is back, with a call that costs nothing.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from bot.errors import (
    BrokenContractError,
    GatewayError,
    NeverStartedError,
    NotJsonError,
    PermanentError,
    ProviderError,
    ServerError,
    UncertainError,
)
from bot.i18n import gettext
from bot.words import ago

log = logging.getLogger(__name__)

# So many failures in a row are no accident of one request any more.
FAILURES_TO_OPEN = 3
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
# How often a waiter looks whether the service is back.
_LOOK_EVERY_S = 3.0
_DOWN = (NeverStartedError, UncertainError, ServerError, GatewayError, NotJsonError)


class Outcome(Enum):
    """What one call tells about the service as a whole."""

    WORKS = auto()
    DOWN = auto()
    NEITHER = auto()


def outcome_of(error: ProviderError | None) -> Outcome:
    """Return what a call's error (None: it went well) tells about the service. Pure.

    A refusal (401, 403, 404, 406, a failed inference) is an answer of a service that works. A
    429 and an answer that lacks a field tell nothing.
    """
    if error is None:
        return Outcome.WORKS
    if isinstance(error, _DOWN):
        return Outcome.DOWN
    if isinstance(error, PermanentError) and not isinstance(error, BrokenContractError):
        return Outcome.WORKS
    return Outcome.NEITHER


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is known of the service.

    It is open (submits pause) when `open_until_s` is set; half open once that is past: then
    one call may try. Closed with a `level` it is on probation: polls work again, but no submit
    was accepted since, and one failure opens it at once.

    Attributes:
        failures: Failures in a row.
        since: When the first failure of this outage came.
        level: Pauses since a submit was last accepted; each is twice as long.
        relapsed: It was opened on probation: a success before the pause is over closes nothing.
        open_until_s: When the pause is over, on the clock that never goes back.
    """

    failures: int = 0
    since: datetime | None = None
    level: int = 0
    relapsed: bool = False
    open_until_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether submits wait."""
        return self.open_until_s is not None

    def may_probe(self, at_s: float) -> bool:
        """Whether it is half open: one call may find out."""
        return self.open_until_s is not None and at_s >= self.open_until_s


def pause_s(level: int, draw: float) -> float:
    """Return the length of a pause, never above `LONGEST_PAUSE_S`. Pure.

    Args:
        level: 1 for the first pause.
        draw: From 0 to 1: half of the pause is left to it, so that processes do not march in step.
    """
    whole = min(FIRST_PAUSE_S * 2.0 ** min(level - 1, 20), LONGEST_PAUSE_S)
    return whole * (0.5 + draw / 2)


def after(
    health: Health,
    outcome: Outcome,
    *,
    accepted: bool,
    now: datetime,
    at_s: float,
    draw: float,
    speed: float = 1.0,
) -> Health:
    """Return the health after one more call. Pure.

    Args:
        health: Before.
        outcome: What the call tells.
        accepted: Whether it was a submit that the service took.
        now: The time, aware.
        at_s: The time on the clock that never goes back.
        draw: From 0 to 1, see `pause_s`.
        speed: How many times shorter pauses are.
    """
    if outcome is Outcome.WORKS:
        return Health() if accepted else _after_success(health, at_s)
    if outcome is Outcome.NEITHER:
        return health
    health = replace(health, failures=health.failures + 1, since=health.since or now)
    if health.is_open:
        opens = health.may_probe(at_s)
    else:
        opens = health.level > 0 or health.failures >= FAILURES_TO_OPEN
    if not opens:
        return health
    level = health.level + 1
    return replace(
        health,
        level=level,
        relapsed=health.relapsed or (health.level > 0 and not health.is_open),
        open_until_s=at_s + pause_s(level, draw) / speed,
    )


def _after_success(health: Health, at_s: float) -> Health:
    if health.relapsed and health.is_open and not health.may_probe(at_s):
        # Polls work while submits do not: only the pause's end gives submits another chance.
        return replace(health, failures=0)
    since = health.since if health.level else None
    return replace(health, failures=0, since=since, relapsed=False, open_until_s=None)


def out_of_order_words(since: datetime) -> str:
    """Return what the card of a job says that waits for the service to come back."""
    return gettext(
        "The video service went out of order {when}. Nothing is lost and nothing was "
        "charged: it goes on by itself as soon as the service works again."
    ).format(when=ago(since))


def no_answer_words(since: datetime) -> str:
    """Return what the card of a job says that was sent before the service went out of order."""
    return gettext(
        "The video service stopped answering {when}. Your video is asked for again and "
        "again; nothing is lost."
    ).format(when=ago(since))


class Breaker:
    """What this process knows of the service. One for all calls.

    Each of several processes has its own: one whose network is broken must not stop the others,
    and what they find out for themselves costs a few calls that nobody pays for.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        speed: float = 1.0,
    ) -> None:
        """Begin closed.

        Args:
            now: The time, aware.
            clock: Seconds on a clock that never goes back.
            sleep: Waits so many seconds.
            draw: Chance, from 0 to 1.
            speed: How many times faster than the real one the service is expected to be.
        """
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._draw = draw
        self._speed = speed
        self._health = Health()
        self._heard_at_s = float("-inf")
        self._probing = False

    @property
    def down_since(self) -> datetime | None:
        """Since when the service is out of order; None while submits may go."""
        return self._health.since if self._health.is_open else None

    @property
    def is_down(self) -> bool:
        """Whether submits wait."""
        return self._health.is_open

    @property
    def doubtful(self) -> bool:
        """Whether the last call failed, and it is not known yet whether that was an accident."""
        return self._health.failures > 0 and not self._health.is_open

    @property
    def quiet_s(self) -> float:
        """For how long no call has told anything, in seconds."""
        return self._clock() - self._heard_at_s

    def report(self, error: ProviderError | None, *, submit: bool = False) -> None:
        """Take note of a call's end.

        Args:
            error: None when it went well.
            submit: Whether it was a submit.
        """
        before, outcome = self._health, outcome_of(error)
        if outcome is not Outcome.NEITHER:
            self._heard_at_s = self._clock()
        self._health = after(
            before,
            outcome,
            accepted=submit and error is None,
            now=self._now(),
            at_s=self._clock(),
            draw=self._draw(),
            speed=self._speed,
        )
        if self._health.is_open and not before.is_open:
            log.warning(
                "the video service is out of order (%s): submits wait until it works again", error
            )
        elif before.is_open and not self._health.is_open:
            log.warning("the video service works again; it was out of order since %s", before.since)

    async def wait(self, probe: Callable[[], Awaitable[object]]) -> None:
        """Wait a moment while the service is out of order; ask it when it is time to.

        Args:
            probe: A call that costs nothing and whose end is reported here. One waiter at a
                time makes it.
        """
        if not self._health.may_probe(self._clock()) or self._probing:
            await self._sleep(_LOOK_EVERY_S * (0.5 + self._draw()) / self._speed)
            return
        self._probing = True
        try:
            await probe()
        except ProviderError as error:
            log.info("the video service is still out of order: %s", error)
        finally:
            self._probing = False
