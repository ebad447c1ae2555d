"""Checks this machine's clock against those of the services."""

import asyncio
from collections.abc import Awaitable, Sequence

from bot.doctoring.diagnosis import Diagnosis, NotCheckedError, well, wrong
from bot.doctoring.web import Seen

MOST_WRONG_S = 5.0


async def check_clock(answers: Sequence[Awaitable[Seen | None]]) -> Diagnosis:
    """Compare with the clock of each service that answers.

    Args:
        answers: What their answers told; may raise, which is other parts' matter.

    Raises:
        NotCheckedError: no service told the time.
    """
    seen = await asyncio.gather(*answers, return_exceptions=True)
    offsets = [one.ahead_s for one in seen if isinstance(one, Seen) and one.ahead_s is not None]
    if not offsets:
        raise NotCheckedError("no service told the time")
    return of_offsets(offsets)


def of_offsets(offsets_s: Sequence[float]) -> Diagnosis:
    """Judge the clock. Pure.

    Args:
        offsets_s: How far it is ahead of each service. One service alone may be wrong itself.
    """
    least_s = min(offsets_s, key=abs)
    figures = {"ahead_s": round(least_s, 1)}
    if abs(least_s) <= MOST_WRONG_S:
        return well("clock", f"right to within {MOST_WRONG_S:g} s", **figures)
    how = "ahead" if least_s > 0 else "behind"
    return wrong(
        "clock",
        f"{abs(least_s):,.0f} s {how}: answers would come too late for Discord, and credits come "
        "back at the wrong time.",
        "Let the system set it: timedatectl set-ntp true (in a container: on its host).",
        **figures,
    )
