"""Asks again and again whether something answers; what hangs is asked once, not ever more."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from bot.errors import BotError

log = logging.getLogger(__name__)

T = TypeVar("T")

_ANSWERS_WITHIN_S = 4.0


class Probe(Generic[T]):
    """What was found at the last look.

    Attributes:
        answer: The last answer; None when the last look brought none.
        took_s: How long it took, in seconds; None likewise.
        words: What is wrong; empty when nothing is.
        asked: Whether there was a look yet.
    """

    def __init__(
        self,
        name: str,
        question: Callable[[], Awaitable[T]],
        *,
        timeout_s: float = _ANSWERS_WITHIN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing known.

        Args:
            name: What is asked, for the log.
            question: Raises when there is trouble. It may hang.
            timeout_s: An answer that takes longer is none.
            clock: Seconds on a clock that never goes back.
        """
        self._name = name
        self._question = question
        self._timeout_s = timeout_s
        self._clock = clock
        self._asking: asyncio.Task[T] | None = None
        self._asked_at_s = 0.0
        self._told: set[str] = set()
        self._troubled_at_s = 0.0
        self.answer: T | None = None
        self.took_s: float | None = None
        self.words = "not asked yet"
        self.asked = False

    async def look(self) -> None:
        """Ask, or go on waiting for the answer to what was asked before; never raises."""
        if self._asking is None:
            self._asked_at_s = self._clock()
            self._asking = asyncio.ensure_future(self._ask())
        done, _ = await asyncio.wait({self._asking}, timeout=self._timeout_s)
        if not done:
            words = f"no answer for {self._clock() - self._asked_at_s:.0f} s"
            self._say("no answer", words)
            self._note(None, None, words)
            return
        asked, self._asking = self._asking, None
        took_s = self._clock() - self._asked_at_s
        try:
            answer = asked.result()
        except BotError as error:
            self._note_trouble(error, traceback=False)
        except Exception as error:  # noqa: BLE001 - a driver's: trouble is what is looked for
            self._note_trouble(error, traceback=True)
        else:
            self._say_well()
            self._note(answer, took_s, "")

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({self._asking}, timeout=0)

    async def _ask(self) -> T:
        return await self._question()

    def _note_trouble(self, error: Exception, *, traceback: bool) -> None:
        words = type(error).__name__
        self._say(words, str(error), error if traceback else None)
        self._note(None, None, words)

    def _say(self, trouble: str, words: str, error: Exception | None = None) -> None:
        """Log each trouble once, not at every look of a long night."""
        if not self._told:
            self._troubled_at_s = self._clock()
        if trouble not in self._told:
            self._told.add(trouble)
            log.warning("the %s does not work: %s", self._name, words, exc_info=error)

    def _say_well(self) -> None:
        if self._told:
            for_s = self._clock() - self._troubled_at_s
            log.warning("the %s works again, after %.0f s", self._name, for_s)
            self._told.clear()

    def _note(self, answer: T | None, took_s: float | None, words: str) -> None:
        self.asked = True
        self.answer, self.took_s, self.words = answer, took_s, words
