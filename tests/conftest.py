"""What all tests share."""

from collections.abc import Iterable

import pytest
from hypothesis import settings

# The same examples at every run, and no time limits: the cores are shared.
settings.register_profile("everywhere", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("everywhere")

# Other processes do the work, or the same lines run again and again. Tracing them nearly
# doubles their time and finds next to nothing that the other tests do not run.
UNTRACED = ("end_to_end", "browser", "hypothesis")


@pytest.hookimpl(trylast=True)  # Hypothesis marks its own tests in this hook
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Measure no coverage in some tests; the figure can only become lower by it."""
    for item in items:
        if any(item.get_closest_marker(name) for name in UNTRACED):
            item.add_marker("no_cover")
