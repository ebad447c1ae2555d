"""How a card's progress bar moves: pure, so that it is known when the next edit is worth it.

A bar has few steps for a short job and more for a long one. The clocks beside it are Discord's
own, and tick for free.
"""

from bot.i18n import gettext, number_text

# Each divides the bar so that what it shows are round figures.
_STEPS_PERCENT = (10, 20, 25, 40, 50)
_WHOLE_PERCENT = 100
# A step takes at least so long: then a job of two minutes, even if it is sent slowly, late and
# slow to post, costs no more than ten calls in all.
_STEP_S = 60.0
# Half of all jobs take longer than usual, most of them only a little: not worth a word.
_LATE_SHARE = 1.2
# Places in the queue up to here are exact; a hundred jobs further back do not all move by one.
_EXACT_PLACES = 10
_ROUND_BELOW = 100


def step_percent(expected_s: float) -> int:
    """Return how far the bar of a job that usually takes so long moves at once."""
    for step in _STEPS_PERCENT[:-1]:
        if expected_s * step / _WHOLE_PERCENT >= _STEP_S:
            return step
    return _STEPS_PERCENT[-1]


def percent_done(elapsed_s: float, expected_s: float) -> int | None:
    """Return the share to show, below 100; None: it takes longer than usual."""
    if elapsed_s >= expected_s * _LATE_SHARE:
        return None
    return max((percent for percent, at_s in _steps(expected_s) if at_s <= elapsed_s), default=0)


def next_change_s(elapsed_s: float, expected_s: float | None) -> float | None:
    """Return the elapsed time at which the picture changes next by itself; None: never."""
    if not expected_s:
        return None
    changes_s = [*(at_s for _, at_s in _steps(expected_s)), expected_s * _LATE_SHARE]
    return next((at_s for at_s in changes_s if at_s > elapsed_s), None)


def _steps(expected_s: float) -> list[tuple[int, float]]:
    step = step_percent(expected_s)
    percents = range(step, _WHOLE_PERCENT, step)
    return [(percent, expected_s * percent / _WHOLE_PERCENT) for percent in percents]


def place_words(place: int) -> str:
    """Return a place in the queue as a sentence: exact near the front, rounded up further back."""
    if place <= 1:
        return gettext("Next in line.")
    if place <= _EXACT_PLACES:
        return gettext("Number {place} in line.").format(place=number_text(place))
    to = 10 if place <= _ROUND_BELOW else 100
    place = -(-place // to) * to
    return gettext("About number {place} in line.").format(place=number_text(place))
