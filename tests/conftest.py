"""What all tests share."""

from collections.abc import Iterable

import pytest
from hypothesis import is_hypothesis_test, settings

# The same examples at every run, and no time limits: the cores are shared.
settings.register_profile("everywhere", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("everywhere")

# Tracing branches takes as long again as the test itself.
_UNTRACED = (
    "end_to_end",  # the bot runs in a process of its own
    "browser",  # so does what the page does
)


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Trace each test once: further cases and examples run, but their branches do not count."""
    seen: set[object] = set()
    for item in items:
        test = getattr(item, "function", item)
        repeats = test in seen or is_hypothesis_test(test)
        if repeats or any(item.get_closest_marker(name) for name in _UNTRACED):
            item.add_marker(pytest.mark.no_cover)
        seen.add(test)
