"""What all tests share."""

import logging
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import settings

# The same examples at every run, and no time limits: the cores are shared.
settings.register_profile("everywhere", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("everywhere")

# The work is done in other processes: tracing this one slows and finds nothing. Tests that run
# lines again and again which others run too say `no_cover` themselves: that halves their time.
UNTRACED = ("end_to_end", "browser")


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """Take back the logs of a command: they go to the test's standard error, which is closed."""
    root, engine = logging.getLogger(), logging.getLogger("dbos")
    kept = engine.handlers, engine.propagate
    yield
    engine.handlers, engine.propagate = kept
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler:  # not pytest's, which are of other classes
            root.removeHandler(handler)


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Measure no coverage in some tests; the figure can only become lower by it."""
    for item in items:
        if any(item.get_closest_marker(name) for name in UNTRACED):
            item.add_marker("no_cover")
