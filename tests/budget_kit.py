"""Callers who ask a budget of requests, and the turns that it gives them, in virtual time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from hypothesis import strategies as st

from bot.jobs.budget import RequestBudget, RequestKind
from bot.pacing import WINDOW_S
from tests.virtual_time import run_virtually

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
EPSILON_S = 1e-6


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who wants to make a request.

    Attributes:
        at_s: When they come.
        patience_s: They are cancelled so long after that; None: they wait.
        urgency: What they say when they are asked; None: they do not say.
    """

    at_s: float
    kind: RequestKind
    patience_s: float | None = None
    urgency: float | None = None


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A caller's turn.

    Attributes:
        number: The caller's place in the list.
        came: How many had come before them.
    """

    caller: Caller
    number: int
    came: int
    at_s: float


def virtual_budget(per_minute: int) -> RequestBudget:
    """Return a budget on the running loop's (virtual) clock."""
    return RequestBudget(per_minute=per_minute, clock=asyncio.get_running_loop().time)


def _saying(urgency: float | None) -> Callable[[], float] | None:
    return None if urgency is None else lambda: urgency


async def serve(budget: RequestBudget, callers: Sequence[Caller]) -> list[Grant]:
    """Let everybody come at their time; return the turns given, in order."""
    loop = asyncio.get_running_loop()
    grants: list[Grant] = []
    arrivals = count()

    async def come(number: int, caller: Caller) -> None:
        await asyncio.sleep(caller.at_s)
        came = next(arrivals)
        try:
            async with asyncio.timeout(caller.patience_s):
                await budget.acquire(caller.kind, urgency=_saying(caller.urgency))
        except TimeoutError:
            return
        grants.append(Grant(caller=caller, number=number, came=came, at_s=loop.time()))

    await asyncio.gather(*(come(number, caller) for number, caller in enumerate(callers)))
    return grants


def served(per_minute: int, callers: Sequence[Caller]) -> list[Grant]:
    """Serve callers with a fresh budget in virtual time."""

    async def main() -> list[Grant]:
        return await serve(virtual_budget(per_minute), callers)

    return run_virtually(main())


def times(grants: Sequence[Grant], kind: RequestKind | None = None) -> list[float]:
    """Return when turns (of a kind) were given."""
    return [grant.at_s for grant in grants if kind in (None, grant.caller.kind)]


def most_in_a_minute(moments_s: Sequence[float]) -> int:
    """Return how many fall into the fullest window of a minute and what is allowed for the way."""
    return max(
        (
            sum(1 for other_s in moments_s if start_s <= other_s < start_s + WINDOW_S - EPSILON_S)
            for start_s in moments_s
        ),
        default=0,
    )


def at_once(kind: RequestKind, number: int) -> list[Caller]:
    """Return many callers who come together, at the beginning."""
    return [Caller(at_s=0.0, kind=kind)] * number


kinds: st.SearchStrategy[RequestKind] = st.sampled_from(("submit", "poll"))
budgets = st.integers(2, 15)
arrivals = st.lists(
    st.builds(Caller, at_s=st.floats(0, 150) | st.sampled_from([0.0, 60.0]), kind=kinds),
    max_size=25,
)
