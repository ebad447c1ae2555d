"""First answers go before other work: in virtual time, so that every order is exact."""

import asyncio
from typing import Any

import pytest

from bot.jobs.precedence import Precedence
from tests.virtual_time import run_virtually

PATIENCE_S = 0.3


class Scene:
    """Notes what happens, and when."""

    def __init__(self, *, at_once: int = 2) -> None:
        self.precedence = Precedence(at_once=at_once, patience_s=PATIENCE_S)
        self.began_s: dict[str, float] = {}
        self.under_way = self.most = 0

    async def answer(self, lasts_s: float) -> None:
        """Give a first answer."""
        with self.precedence.answering():
            await asyncio.sleep(lasts_s)

    async def work(self, name: str, lasts_s: float = 1.0) -> None:
        """Do other work."""
        async with self.precedence.work():
            self.began_s[name] = round(asyncio.get_running_loop().time(), 3)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(lasts_s)
            self.under_way -= 1


def test_work_begins_when_all_answers_are_out() -> None:
    """The last of the answers under way is waited for."""
    scene = Scene()

    async def main() -> None:
        await asyncio.gather(scene.answer(0.1), scene.answer(0.2), scene.work("a"))

    run_virtually(main())

    assert scene.began_s == {"a": 0.2}


def test_work_does_not_wait_for_ever() -> None:
    """Where some answer is always on its way, work goes on after its patience."""
    scene = Scene()

    async def main() -> None:
        await asyncio.gather(scene.answer(60.0), scene.work("a"))

    run_virtually(main())

    assert scene.began_s == {"a": PATIENCE_S}


def test_no_more_work_at_once_than_there_are_places() -> None:
    """All of it is done, in the order in which it came."""
    scene = Scene(at_once=2)

    async def main() -> None:
        await asyncio.gather(*(scene.work(name) for name in "abcde"))

    run_virtually(main())

    assert scene.most == 2
    assert scene.began_s == {"a": 0.0, "b": 0.0, "c": 1.0, "d": 1.0, "e": 2.0}


def test_answers_that_come_later_hold_back_only_what_has_not_begun() -> None:
    """Work under way goes on; what waits for its place waits for the answer too."""
    scene = Scene(at_once=1)

    async def late_answer() -> None:
        await asyncio.sleep(0.95)
        await scene.answer(0.25)

    async def main() -> None:
        await asyncio.gather(scene.work("a"), scene.work("b"), late_answer())

    run_virtually(main())

    assert scene.began_s == {"a": 0.0, "b": 1.2}


@pytest.mark.parametrize("error", [RuntimeError("refused"), asyncio.CancelledError()])
def test_an_answer_that_fails_holds_nothing_back(error: BaseException) -> None:
    """Neither an error nor a cancellation leaves others waiting."""
    scene = Scene()

    async def main() -> None:
        with pytest.raises(type(error)), scene.precedence.answering():
            raise error
        await scene.work("a")

    run_virtually(main())

    assert scene.began_s == {"a": 0.0}


def test_work_that_is_given_up_leaves_its_place() -> None:
    """A cancelled command, waiting or under way, is not in the way of the others."""
    scene = Scene(at_once=1)

    async def main() -> None:
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(scene.work(name, lasts_s=60.0)) for name in ("a", "b")
        ]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await scene.work("c")

    run_virtually(main())

    assert scene.began_s == {"a": 0.0, "c": 1.0}
