"""Two quick presses are one wish: nobody pays twice for a finger that twitched."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from math import inf

from bot.errors import RefusedError
from bot.i18n import gettext

# Longer than anybody's double click, even on a slow line; shorter than a second thought.
WINDOW_S = 5.0


class Repeats:
    """Knows what was pressed a moment ago, in this process: a guild's presses come to one.

    A button cannot be greyed out for one member alone, and whoever really wants two of a kind
    presses again after these seconds.
    """

    def __init__(self, clock: Callable[[], float], *, window_s: float = WINDOW_S) -> None:
        """Make one.

        Args:
            clock: Seconds that only grow.
            window_s: For how long after a press the same press is taken for a slip.
        """
        self._clock = clock
        self._window_s = window_s
        self._pressed: dict[Hashable, tuple[int, float]] = {}

    @contextmanager
    def once(self, press: Hashable, press_id: int) -> Iterator[None]:
        """Be the only press of its kind; what fails may be pressed again at once.

        Args:
            press: Who pressed what.
            press_id: The interaction: Discord may deliver it twice, which is no second press.

        Raises:
            RefusedError: the same was pressed a moment ago.
        """
        began_s = self._clock()
        self._pressed = {key: seen for key, seen in self._pressed.items() if seen[1] > began_s}
        known = self._pressed.get(press)
        if known is not None and known[0] != press_id:
            raise RefusedError(
                gettext(
                    "Your first press is on its way; this second one was not counted, and costs "
                    "nothing. If you want one more, press again in a few seconds."
                )
            )
        self._pressed[press] = (press_id, inf)  # as long as it takes
        try:
            yield
        except BaseException:
            self._pressed.pop(press, None)
            raise
        self._pressed[press] = (press_id, began_s + self._window_s)
