"""How many requests may go to the provider now: pure rules; who applies them keeps the page."""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from bot.pacing.page import (
    LONGEST_PAUSE_S,
    OVERDUE,
    WINDOW_S,
    Demand,
    Page,
    Taken,
    Turn,
    Wish,
    polls_own,
    polls_share,
)

# A burst of polls is so much of what is free.
_BURST = 10
# Where more than 120 polls a minute may go, what comes due within half a second goes together.
_TOGETHER_PER_MINUTE = 120
# A poll that goes late by at most this, or half a gap, does not put off the next one.
_MAY_BE_LATE_S = 0.25
# Whoever gives way to another process looks again after this.
_GIVE_WAY_S = 0.1
# No wait is shorter: a clock may not show it. None is longer: others may have news.
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.001, 5.0
# A wish is good for so long after its process wanted to look again.
_WISH_LASTS_S = 0.5
_at_s = attrgetter("at_s")
# A sum of floats is allowed to be so much off.
_EPSILON = 1e-6


def decide(page: Page, demand: Demand, *, now_s: float, per_minute: int) -> tuple[Page, Turn]:
    """Give a process its turns. Pure.

    At most `per_minute` requests are given in any `WINDOW_S`. Submits go first, whichever
    process they wait in; polls go at an even pace but for small bursts, the most urgent first.
    After a pause all go at an even pace. One request in ten goes to polls that are `OVERDUE`,
    however many submits wait: videos are kept for an hour.

    Args:
        page: As the last one left it.
        demand: What the process wants.
        now_s: The time on the page's clock.
        per_minute: What the account may send.

    Returns:
        The page as it is then, and the turns.
    """
    page = _as_of(page, demand, now_s, per_minute)
    room = _room(page, now_s, per_minute)
    kept = _kept_for_polls(page, demand, room, per_minute)
    submits = min(demand.submits, room - kept)
    all_submits = submits == demand.submits
    if all_submits and not any(wish.submits for wish in page.wishes.values()):
        available, urgencies = room - submits, demand.urgencies
    else:
        available, urgencies = kept, _overdue(demand.urgencies)
    available = min(available, _room_for_polls(page, now_s, per_minute))
    polls = _before_others(urgencies, page.wishes, available)
    if submits or polls:
        page = _with_taken(page, now_s, per_minute, submits=submits, polls=polls)
    rest = replace(
        demand, submits=demand.submits - submits, urgencies=demand.urgencies[polls:], pause_s=0
    )
    wait_s = _wait_s(page, rest, now_s, per_minute, gave_way=kept > polls)
    turn = Turn(
        submits=submits,
        polls=polls,
        wait_s=wait_s,
        paused_s=max(0.0, page.paused_until_s - now_s),
    )
    return (_with_wish(page, rest, now_s + wait_s) if wait_s else page), turn


def _as_of(page: Page, demand: Demand, now_s: float, per_minute: int) -> Page:
    """Return the page without what is over and without the process's last wish.

    What lies further ahead than it can is from before the clock was set back.
    """
    share = polls_share(per_minute)
    most_ahead_s = _burst(share, share) * WINDOW_S / share
    paused_until_s = min(page.paused_until_s, now_s + LONGEST_PAUSE_S)
    if demand.pause_s > 0:
        paused_until_s = max(paused_until_s, now_s + demand.pause_s)
    return Page(
        taken=_within_window(page.taken, now_s),
        paused_until_s=paused_until_s,
        next_poll_s=min(page.next_poll_s, now_s + most_ahead_s),
        wishes={
            process: wish
            for process, wish in page.wishes.items()
            if process != demand.process and wish.until_s > now_s
        },
    )


def _within_window(taken: tuple[Taken, ...], now_s: float) -> tuple[Taken, ...]:
    if taken and max(taken[0].at_s, taken[-1].at_s) > now_s:
        # The clock was set back since.
        taken = tuple(sorted((t for t in taken if t.at_s < now_s + WINDOW_S), key=_at_s))
    return taken[bisect_right(taken, now_s - WINDOW_S, key=_at_s) :]


def _with_taken(page: Page, now_s: float, per_minute: int, *, submits: int, polls: int) -> Page:
    gap_s = WINDOW_S / polls_share(per_minute)
    next_poll_s = page.next_poll_s
    if polls:
        next_poll_s = max(next_poll_s, now_s - _may_be_late_s(gap_s)) + polls * gap_s
    taken = (*page.taken, Taken(at_s=now_s, submits=submits, polls=polls))
    return replace(page, taken=taken, next_poll_s=next_poll_s)


def _with_wish(page: Page, rest: Demand, look_at_s: float) -> Page:
    wish = Wish(
        submits=rest.submits,
        urgency=rest.urgencies[0] if rest.urgencies else None,
        until_s=look_at_s + _WISH_LASTS_S,
    )
    return replace(page, wishes={**page.wishes, rest.process: wish})


# -- the whole account --------------------------------------------------------------------


def _room(page: Page, now_s: float, per_minute: int) -> int:
    """Return how many requests may go now, of any kind."""
    if page.paused_until_s > now_s:
        return 0
    room = per_minute - page.requests
    if _was_paused(page, now_s):
        passed = (now_s - page.paused_until_s) / (WINDOW_S / per_minute)
        room = min(room, 1 + math.floor(passed + _EPSILON) - _since_pause(page))
    return max(room, 0)


def _room_at_s(page: Page, now_s: float, per_minute: int) -> float:
    """Return when a request may go."""
    at_s = max(now_s, page.paused_until_s)
    missing = page.requests + 1 - per_minute
    at_s = max(at_s, _left_by_s(page, missing, lambda taken: taken.all))
    if _was_paused(page, now_s):
        at_s = max(at_s, page.paused_until_s + _since_pause(page) * WINDOW_S / per_minute)
    return at_s


def _was_paused(page: Page, now_s: float) -> bool:
    """Whether what was held back goes at an even pace: within a minute after the pause's end."""
    return page.paused_until_s > now_s - WINDOW_S


def _since_pause(page: Page) -> int:
    return sum(taken.all for taken in page.taken if taken.at_s >= page.paused_until_s)


def _left_by_s(page: Page, number: int, count: Callable[[Taken], int]) -> float:
    """Return when so many of the page's requests are older than the window."""
    at_s = -math.inf
    for taken in page.taken:
        if number <= 0:
            break
        number -= count(taken)
        at_s = taken.at_s + WINDOW_S
    return at_s


# -- polls ----------------------------------------------------------------------------------


def _kept_for_polls(page: Page, demand: Demand, room: int, per_minute: int) -> int:
    """Return how much of the room no submit gets: it is for polls that have waited too long."""
    wishes = [wish.urgency for wish in page.wishes.values() if wish.urgency is not None]
    if not _overdue([*demand.urgencies[:1], *wishes]):
        return 0
    return min(max(polls_own(per_minute) - page.polls, 0), room)


def _overdue(urgencies: Sequence[float]) -> Sequence[float]:
    return [urgency for urgency in urgencies if urgency >= OVERDUE]


def _room_for_polls(page: Page, now_s: float, per_minute: int) -> int:
    share = polls_share(per_minute)
    free = share - page.polls
    if free <= 0:
        return 0
    gap_s = WINDOW_S / share
    late_s = min(now_s - page.next_poll_s, _may_be_late_s(gap_s))
    return max(0, min(free, _burst(free, share) + math.floor(late_s / gap_s + _EPSILON)))


def _room_for_poll_at_s(page: Page, per_minute: int) -> float:
    """Return when a poll may go, as far as the polls alone are concerned."""
    share = polls_share(per_minute)
    free = share - page.polls
    paced_s = page.next_poll_s - (_burst(max(free, 1), share) - 1) * WINDOW_S / share
    return max(paced_s, _left_by_s(page, 1 - free, lambda taken: taken.polls))


def _burst(free: int, share: int) -> int:
    """Return how many polls may go together: fewer, the more of the minute is used.

    So a burst is paid back bit by bit, and no silence follows it.
    """
    least = 2 if free * 2 > share else 1
    return max(free // _BURST, share // _TOGETHER_PER_MINUTE, least)


def _may_be_late_s(gap_s: float) -> float:
    return min(gap_s / 2, _MAY_BE_LATE_S)


def _before_others(urgencies: Sequence[float], wishes: Mapping[str, Wish], available: int) -> int:
    """Return how many polls go, if others have more urgent ones that also want to."""
    others = [wish.urgency for wish in wishes.values() if wish.urgency is not None]
    if not others:
        return min(len(urgencies), available)
    polls = 0
    for urgency in urgencies[:available]:
        if polls + sum(other > urgency for other in others) >= available:
            break
        polls += 1
    return polls


def _wait_s(page: Page, rest: Demand, now_s: float, per_minute: int, *, gave_way: bool) -> float:
    """Return when to look again for what is left; 0 when nothing is.

    Args:
        page: With what went now.
        rest: What is left.
        now_s: The time on the page's clock.
        per_minute: What the account may send.
        gave_way: Whether submits left room to other processes' polls.
    """
    if not rest.submits and not rest.urgencies:
        return 0.0
    at_s = _room_at_s(page, now_s, per_minute)
    if not rest.submits:
        at_s = max(at_s, _room_for_poll_at_s(page, per_minute))
    if at_s <= now_s and (gave_way or not rest.submits):  # there is room: it gave way
        at_s = now_s + _GIVE_WAY_S
    return min(max(at_s - now_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)
