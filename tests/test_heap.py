"""The garbage collector spares what has started, and is seldom thorough while a bot runs."""

import gc
from contextlib import AsyncExitStack

from bot.composition import _freeze_heap


async def test_the_collector_seldom_looks_at_everything_and_is_as_before_in_the_end() -> None:
    """A look at what belongs to a thousand jobs makes every thread stand still for long."""
    before, frozen_before = gc.get_threshold(), gc.get_freeze_count()
    async with AsyncExitStack() as stack:
        _freeze_heap(stack)
        running, frozen = gc.get_threshold(), gc.get_freeze_count()

    assert frozen > frozen_before
    assert running == (*before[:2], 100)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
