import asyncio

import pytest

from tests.virtual_time import DeadlockError, run_virtually


def test_the_virtual_clock_notices_a_deadlock() -> None:
    """What many tests rest on: waiting for what never comes fails instead of hanging."""

    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlockError):
        run_virtually(main())
