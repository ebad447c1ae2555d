"""What all tests share."""

import gc
import logging
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pytest_cov.engine import CovController
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# The same examples at every run, and no time limits: the cores are shared.
settings.register_profile("everywhere", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("everywhere")

# The work is done in other processes: tracing this one slows and finds nothing.
UNTRACED = ("end_to_end", "browser")
# These run again and again what others run too; tracing at least doubles what they cost. How the
# list was made: benchmarks/README.md.
UNTRACED_TESTS = frozenset(Path(__file__).with_name("untraced.txt").read_text("utf-8").split())

# Files that share something dear to start, the one sandbox of the end-to-end tests: they go to the
# same test process, one after the other.
TOGETHER = {
    "sandbox": (
        "tests/end_to_end/test_animate_this.py",
        "tests/end_to_end/test_bad_",
        "tests/end_to_end/test_card_and_video.py",
        "tests/end_to_end/test_discord_trouble.py",
        "tests/end_to_end/test_every_parameter.py",
        "tests/end_to_end/test_host.py",
        "tests/end_to_end/test_members_view.py",
        "tests/end_to_end/test_privacy.py",
    ),
}


class FilesTogether(LoadFileScheduling):  # type: ignore[misc] # it has no types
    """Gives out tests file by file, and files that share something together."""

    def _split_scope(self, nodeid: str) -> str:
        for shared, files in TOGETHER.items():
            if nodeid.startswith(files):
                return shared
        return str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesTogether | None:
    """Keep files together where files are to be kept together at all."""
    return FilesTogether(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """Take back the logs of a command: they go to the test's standard error, which is closed."""
    root, engine = logging.getLogger(), logging.getLogger("dbos")
    kept = engine.handlers[:], engine.propagate
    yield
    engine.handlers, engine.propagate = kept
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler:  # not pytest's, which are of other classes
            root.removeHandler(handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import all tests; what that makes stays, and is never looked through for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Measure no coverage in some tests; the figure can only become lower by it."""
    for item in items:
        name = item.nodeid.split("[")[0]
        if name in UNTRACED_TESTS or any(item.get_closest_marker(mark) for mark in UNTRACED):
            item.add_marker("untraced")


def _coverage(config: pytest.Config) -> CovController | None:
    return getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """End the first of the two coverages that pytest-cov begins in a process of xdist.

    Nobody asks for its figures, but it goes on tracing wherever the second one is paused.
    """
    coverage = _coverage(session.config)
    if coverage is not None and hasattr(session.config, "workerinput"):
        coverage.pause()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Pause coverage for the whole of an untraced test; `no_cover` leaves out only its own body.

    What is started before it, a bot or a database, often costs more than the test.
    """
    coverage = _coverage(item.config)
    if coverage is None or item.get_closest_marker("untraced") is None:
        return (yield)
    coverage.pause()
    try:
        return (yield)
    finally:
        coverage.resume()
