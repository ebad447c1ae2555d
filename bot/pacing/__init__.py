"""How many requests may go to the provider, and when: for all processes of an account together.

Every process that asks for turns looks at one page: what went in the last minute, until when a
429 holds all back, and who waits. `decide` turns the page.
"""

from bot.pacing.page import (
    LEAST_PER_MINUTE,
    LONGEST_PAUSE_S,
    MOST_URGENT,
    OVERDUE,
    WINDOW_S,
    Demand,
    Page,
    Taken,
    Turn,
    Wish,
    polls_share,
    used_up_evenly,
)
from bot.pacing.rules import decide

__all__ = [
    "LEAST_PER_MINUTE",
    "LONGEST_PAUSE_S",
    "MOST_URGENT",
    "OVERDUE",
    "WINDOW_S",
    "Demand",
    "Page",
    "Taken",
    "Turn",
    "Wish",
    "decide",
    "polls_share",
    "used_up_evenly",
]
