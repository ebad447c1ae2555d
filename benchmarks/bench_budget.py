"""The budget of requests: one for all processes against a part for each; what a turn costs.

Prints tables to standard error and JSON to standard output. The first two run in virtual time,
the third on a PostgreSQL server of its own (left out when there is none). BENCH_QUICK=1 makes
all of it shorter.
"""

import asyncio
import bisect
import json
import logging
import random
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from benchmarks import kit
from bot.jobs.budget import RequestBudget
from bot.jobs.budget_book import MemoryBook
from bot.pacing import Demand, Turn
from bot.storage import Database, SharedRequests
from sandbox import postgres
from tests.virtual_time import run_virtually

QUICK = kit.is_quick()
PER_MINUTE = 60
PROCESSES = 3
MINUTES = 5 if QUICK else 20
POLLERS = 40
# It is left out: a burst is allowed in it.
FIRST_MINUTE_S = 60.0
ACQUIRES = 1_000 if QUICK else 5_000
TAKES = 50 if QUICK else 300
HAMMERING_S = 2.0 if QUICK else 5.0

Poll = Callable[[Callable[[], float] | None], Awaitable[None]]
Row = Mapping[str, Any]


class Window:
    """What the budget was before: a sliding window, first come, first served."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._most = per_minute - max(1, per_minute // 10)
        self._clock = clock
        self._sent: deque[float] = deque()
        self._turn = asyncio.Lock()

    async def poll(self, _urgency: Callable[[], float] | None) -> None:
        """Wait until one more may go."""
        async with self._turn:
            while len(self._sent) >= self._most:
                await asyncio.sleep(max(self._sent[0] + 60 - self._clock(), 0.001))
                while self._sent and self._sent[0] <= self._clock() - 60:
                    self._sent.popleft()
            self._sent.append(self._clock())


def main() -> None:
    """Measure all and print it."""
    logging.disable()  # that polls wait for long is what is measured
    sharing = [run_virtually(one_busy(kind)) for kind in ("window each", "paced each", "shared")]
    show("one of three processes is busy, 60 requests a minute", sharing)
    costs = [turn_cost(waiters) for waiters in (1, 10, 100, 1000)]
    show("CPU of a turn in virtual time", costs)
    database: list[Row] = []
    if (reason := postgres.missing()) is None:
        with postgres.running() as folder:
            database = asyncio.run(on_postgres(f"postgresql://bot@/postgres?host={folder}"))
        show("on PostgreSQL", database)
    else:
        print(f"on PostgreSQL: left out: {reason}", file=sys.stderr)
    found = {"benchmark": "budget", "sharing": sharing, "turns": costs, "postgresql": database}
    print(json.dumps(found, indent=1))


# -- one budget or a part for each ---------------------------------------------------------


async def one_busy(kind: str) -> Row:
    """Let 40 jobs of one process ask as often as they may, and an urgent one now and then."""
    clock = asyncio.get_running_loop().time
    poll = _polling(kind, clock)
    sent_s: list[float] = []
    waits_s: list[float] = []
    end_s = MINUTES * 60.0

    async def ask_again_and_again() -> None:
        while clock() < end_s:
            await poll(waited_s(clock))
            sent_s.append(clock())
            await asyncio.sleep(1)

    async def completed_now_and_then() -> None:
        chance = random.Random(5)
        while clock() < end_s:
            await asyncio.sleep(chance.uniform(10, 30))
            since_s = clock()
            await poll(None)
            sent_s.append(clock())
            waits_s.append(clock() - since_s)

    await asyncio.gather(completed_now_and_then(), *(ask_again_and_again() for _ in range(POLLERS)))
    settled = [at_s for at_s in sorted(sent_s) if FIRST_MINUTE_S <= at_s < end_s]
    return {
        "budget": kind,
        "polls a minute": round(len(settled) / (MINUTES - 1), 1),
        "most in 60 s": _fullest(sorted(sent_s)),
        "longest silence s": round(max(map(_difference, settled, settled[1:])), 1),
        "urgent waits mean s": round(sum(waits_s) / len(waits_s), 1),
    }


def waited_s(clock: Callable[[], float]) -> Callable[[], float]:
    """Return what says how many seconds have passed since now."""
    since_s = clock()
    return lambda: clock() - since_s


def _polling(kind: str, clock: Callable[[], float]) -> Poll:
    if kind == "window each":
        return Window(PER_MINUTE // PROCESSES, clock).poll
    per_minute = PER_MINUTE // PROCESSES if kind == "paced each" else PER_MINUTE
    budget = RequestBudget(per_minute=per_minute, clock=clock)
    return lambda urgency: budget.acquire("poll", urgency=urgency)


def _difference(earlier: float, later: float) -> float:
    return later - earlier


def _fullest(moments_s: Sequence[float]) -> int:
    return max(
        bisect.bisect_left(moments_s, at_s + 60 - 1e-6) - number
        for number, at_s in enumerate(moments_s)
    )


# -- what a turn costs ----------------------------------------------------------------------


def turn_cost(waiters: int) -> Row:
    """Return the CPU time of one turn with so many who wait."""

    async def run() -> float:
        clock = asyncio.get_running_loop().time
        budget = RequestBudget(per_minute=PER_MINUTE, book=MemoryBook(clock=clock), clock=clock)
        turns = max(ACQUIRES // waiters, 1)

        async def ask() -> None:
            for _ in range(turns):
                await budget.acquire("poll", urgency=waited_s(clock))

        began_s = time.process_time()
        await asyncio.gather(*(ask() for _ in range(waiters)))
        return (time.process_time() - began_s) / (turns * waiters)

    return {"waiters": waiters, "CPU microseconds a turn": round(run_virtually(run()) * 1e6)}


# -- PostgreSQL ------------------------------------------------------------------------------


class Counted(SharedRequests):
    """Counts its transactions."""

    looks = 0

    async def take(self, demand: Demand, *, per_minute: int) -> Turn:
        """Take, and count."""
        self.looks += 1
        return await super().take(demand, per_minute=per_minute)


async def on_postgres(url: str) -> list[Row]:
    """Return what a transaction costs, and how many a busy time needs."""
    database, other = Database.open(url), Database.open(url)
    await database.migrate()
    try:
        rows = [await transaction_cost(database, per_minute) for per_minute in (60, 500)]
        return [*rows, await hammering(database, other)]
    finally:
        await database.close()
        await other.close()


async def transaction_cost(database: Database, per_minute: int) -> Row:
    """Take turns one after the other, with a minute's requests on the page."""
    book, gap = SharedRequests(database), Demand(process="bot-1", submits=1)
    for _ in range(per_minute):
        await book.take(gap, per_minute=per_minute)
    began_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(TAKES):
        await book.take(gap, per_minute=per_minute)
    return {
        "what": f"one transaction, {per_minute} requests in the last minute",
        "ms": round((time.perf_counter() - began_s) / TAKES * 1e3, 2),
        "CPU ms": round((time.process_time() - cpu_s) / TAKES * 1e3, 2),
        "polls a transaction": None,
    }


async def hammering(*databases: Database) -> Row:
    """Let 100 jobs in two processes ask each second, with a budget that is enough."""
    books = [Counted(database) for database in databases]
    polls = 0
    end_s = time.perf_counter() + HAMMERING_S

    async def ask(budget: RequestBudget, chance: random.Random) -> None:
        nonlocal polls
        while time.perf_counter() < end_s:
            await asyncio.sleep(chance.uniform(0.5, 1.5))
            await budget.acquire("poll")
            polls += 1

    cpu_s = time.process_time()
    budgets = [
        RequestBudget(per_minute=20_000, book=book, process=f"bot-{number}")
        for number, book in enumerate(books)
    ]
    await asyncio.gather(
        *(ask(budgets[number % 2], random.Random(number)) for number in range(100))
    )
    looks = sum(book.looks for book in books)
    return {
        "what": "100 jobs of 2 processes ask about once a second",
        "ms": None,
        "CPU ms": round((time.process_time() - cpu_s) / looks * 1e3, 2),
        "polls a transaction": round(polls / looks, 1),
    }


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table to standard error."""
    print(f"\n{title}\n{kit.table(rows)}", file=sys.stderr)


if __name__ == "__main__":
    main()
