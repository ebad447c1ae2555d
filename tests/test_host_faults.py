"""When the host is told of a fault, that it goes on, and that it is over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.host_news import (
    Book,
    BookFile,
    Fault,
    Kind,
    MigrationFile,
    MigrationNote,
    Patience,
    Phase,
    Symptom,
    due,
    observe,
    told,
)
from bot.job import JobState
from bot.vital_signs import StuckJob
from tests.watching_kit import NOW

STEP_S = 2.0
PATIENCE = Patience()
HOLD_S = PATIENCE.hold_s[Kind.DATABASE]


def stuck(job_id: int) -> StuckJob:
    """Return a job that is stuck."""
    return StuckJob(id=job_id, guild_id=7, model="wan", state=JobState.RUNNING, since=NOW)


@dataclass
class Host:
    """Somebody who is told, looked at every two seconds.

    Attributes:
        reachable: Whether Discord is.
        heard: What was said, with when.
        logged: How often the log had a begin and an end.
    """

    kind: Kind = Kind.DATABASE
    step_s: float = STEP_S
    now: datetime = NOW
    book: Book = field(default_factory=Book)
    reachable: bool = True
    heard: list[tuple[Phase, datetime]] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    logged: list[bool] = field(default_factory=list)

    def sees(self, *, bad: bool | None, seconds: float, jobs: Iterable[int] = ()) -> "Host":
        """Let it be bad, well or unknown (None) for so long."""
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            symptom = Symptom(since=self.now, jobs=tuple(map(stuck, jobs))) if bad else None
            self.look({} if bad is None else {self.kind: symptom})
            self.now += timedelta(seconds=self.step_s)
        return self

    def look(self, symptoms: dict[Kind, Symptom | None]) -> None:
        """Look once."""
        self.book, changes = observe(self.book, symptoms, now=self.now, patience=PATIENCE)
        self.logged += [change.fault.over for change in changes]
        for news in due(self.book, now=self.now, patience=PATIENCE):
            if self.reachable:
                self.heard.append((news.phase, self.now))
                self.missed.append(news.missed)
                self.book = told(self.book, news, now=self.now)

    @property
    def phases(self) -> list[Phase]:
        """What was said."""
        return [phase for phase, _ in self.heard]


def test_a_fault_is_told_once_and_its_end_once() -> None:
    """Within seconds each, and so does the log."""
    host = Host().sees(bad=False, seconds=60).sees(bad=True, seconds=3600)
    host.sees(bad=False, seconds=60)
    begun, ended = (at for _, at in host.heard)

    assert host.phases == [Phase.BEGIN, Phase.END]
    assert begun - NOW <= timedelta(seconds=60 + HOLD_S + STEP_S)
    assert ended - NOW <= timedelta(seconds=60 + 3600 + PATIENCE.settle_s + STEP_S)
    assert host.logged == [False, True]
    assert host.book.faults == {}


def test_what_is_over_in_a_moment_is_not_told() -> None:
    """Neither in the log, however often."""
    host = Host()
    for _ in range(50):
        host.sees(bad=True, seconds=HOLD_S - STEP_S).sees(bad=False, seconds=60)

    assert host.heard == []
    assert host.logged == []


def test_what_flaps_is_told_as_one() -> None:
    """A moment's recovery ends nothing."""
    host = Host().sees(bad=True, seconds=30)
    for _ in range(20):
        host.sees(bad=False, seconds=PATIENCE.settle_s - STEP_S).sees(bad=True, seconds=4)

    assert host.phases == [Phase.BEGIN]


def test_what_comes_again_and_again_is_told_every_ten_minutes() -> None:
    """With how many were left out; each that was told ends."""
    host = Host()
    for _ in range(20):
        host.sees(bad=True, seconds=30).sees(bad=False, seconds=90)

    assert host.phases == [Phase.BEGIN, Phase.END] * 4
    assert [number for number in host.missed if number] == [4, 4, 4]


def test_a_long_fault_is_told_once_a_day() -> None:
    """Not more often: nobody reads what comes all the time."""
    host = Host(step_s=60).sees(bad=True, seconds=3 * 86400 + 120)

    assert host.phases == [Phase.BEGIN] + [Phase.STILL] * 3


def test_what_could_not_be_said_is_said_when_it_can_be() -> None:
    """One message for a fault that is over meanwhile; the begin of one that is not."""
    host = Host(reachable=False).sees(bad=True, seconds=300).sees(bad=False, seconds=300)
    host.reachable = True
    host.sees(bad=False, seconds=10)
    past = host.phases
    host.now += timedelta(hours=1)
    host.reachable = False
    host.sees(bad=True, seconds=300)
    host.reachable = True
    host.sees(bad=True, seconds=10)

    assert past == [Phase.PAST]
    assert host.phases == [Phase.PAST, Phase.BEGIN]
    assert host.book.faults[Kind.DATABASE].since == host.now - timedelta(seconds=310)


def test_what_nobody_knows_changes_nothing() -> None:
    """Neither an end nor another begin."""
    host = Host().sees(bad=True, seconds=30).sees(bad=None, seconds=3600)

    assert host.phases == [Phase.BEGIN]
    assert host.sees(bad=False, seconds=30).phases == [Phase.BEGIN, Phase.END]


def test_a_fault_that_outlived_its_process_is_told_when_it_is_over() -> None:
    """The next one finds it in the book, and all well."""
    lost = Fault(since=NOW, noticed_at=NOW)
    host = Host(book=Book(faults={Kind.DATABASE: lost}), now=NOW + timedelta(minutes=5))
    host.sees(bad=None, seconds=6).sees(bad=False, seconds=30)

    assert host.phases == [Phase.PAST]


def test_a_moment_without_a_database_between_two_processes_is_not_told() -> None:
    """A server that was started again, say."""
    lost = Fault(since=NOW, noticed_at=NOW)
    host = Host(book=Book(faults={Kind.DATABASE: lost}), now=NOW + timedelta(seconds=8))
    host.sees(bad=False, seconds=30)

    assert host.heard == []
    assert host.book.faults == {}


def test_another_stuck_job_is_news_but_not_at_once() -> None:
    """One that is not stuck any more is none."""
    host = Host(kind=Kind.STUCK).sees(bad=True, seconds=310, jobs=[1, 2])
    host.sees(bad=True, seconds=60, jobs=[1, 2, 3])
    soon = host.phases
    host.sees(bad=True, seconds=600, jobs=[1, 2, 3])
    later = host.phases
    host.sees(bad=True, seconds=1200, jobs=[3])

    assert soon == [Phase.BEGIN]
    assert later == host.phases == [Phase.BEGIN, Phase.MORE]


def test_a_job_counts_as_stuck_only_after_minutes_that_can_be_looked_at() -> None:
    """While the provider is away no job goes on: that is no news of its own."""
    host = Host(kind=Kind.STUCK).sees(bad=True, seconds=200, jobs=[1])
    host.sees(bad=None, seconds=600).sees(bad=True, seconds=200, jobs=[1])

    assert host.heard == []
    assert host.sees(bad=True, seconds=110, jobs=[1]).phases == [Phase.BEGIN]


PIECES = st.lists(
    st.tuples(st.sampled_from([True, False, None]), st.booleans(), st.integers(1, 40)), max_size=12
)


@given(PIECES)
def test_whatever_happens_the_host_can_follow_it(pieces: Sequence[tuple[Any, bool, int]]) -> None:
    """Each end has its begin, begins are a minute apart, and all that was told is ended."""
    host = Host(step_s=6.0)
    for bad, reachable, steps in pieces:
        host.reachable = reachable
        host.sees(bad=bad, seconds=steps * host.step_s)
    host.reachable = True
    host.sees(bad=False, seconds=30)
    open_now = False
    for phase in host.phases:
        assert open_now == (phase in (Phase.END, Phase.STILL))
        open_now = phase in (Phase.BEGIN, Phase.STILL)
    begins = [at for phase, at in host.heard if phase in (Phase.BEGIN, Phase.PAST)]

    assert not open_now
    assert host.book.faults == {}
    assert all((b - a).total_seconds() >= PATIENCE.insist_s for a, b in pairwise(begins))
    assert host.logged == [False, True] * (len(host.logged) // 2)


def test_what_comes_back_and_stays_is_told_after_a_minute() -> None:
    """Or the host would believe for ten minutes that all is well again."""
    host = Host().sees(bad=True, seconds=30).sees(bad=False, seconds=30)
    host.sees(bad=True, seconds=50)
    soon = host.phases
    host.sees(bad=True, seconds=20)

    assert soon == [Phase.BEGIN, Phase.END]
    assert host.phases == [Phase.BEGIN, Phase.END, Phase.BEGIN]


@given(PIECES)
def test_no_short_fault_is_told(pieces: Sequence[tuple[Any, bool, int]]) -> None:
    """Cut to less than the hold, none of them is."""
    host = Host()
    for bad, _, steps in pieces:
        host.sees(bad=bad, seconds=min(steps * STEP_S, HOLD_S - STEP_S) if bad else 60)
        host.sees(bad=False, seconds=2 * PATIENCE.settle_s)

    assert host.heard == []


def test_a_faster_world_has_shorter_waits() -> None:
    """As the sandbox has them."""
    fast = PATIENCE.faster(10)

    assert fast.hold_s[Kind.DATABASE] == HOLD_S / 10
    assert (fast.settle_s, fast.quiet_s) == (PATIENCE.settle_s / 10, 60)


# -- between two starts ------------------------------------------------------------------------


def test_the_book_is_kept(tmp_path: Path) -> None:
    """All of it, each process in a file of its own."""
    host = Host(kind=Kind.STUCK).sees(bad=True, seconds=400, jobs=[1, 2])
    BookFile(tmp_path, "bot-1").keep(host.book)

    assert BookFile(tmp_path, "bot-1").read() == host.book
    assert BookFile(tmp_path, "bot-2").read() is None
    assert [path.name for path in tmp_path.iterdir()] == ["host-news-bot-1.json"]


@pytest.mark.parametrize("damage", [b"", b"{", b'{"faults": {"fire": {}}}', b"\xff", b"[]"])
def test_a_damaged_book_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    """It keeps no bot from starting."""
    (tmp_path / "host-news-bot-1.json").write_bytes(damage)

    assert BookFile(tmp_path, "bot-1").read() is None


def test_two_migrations_before_the_host_hears_of_them_are_one(tmp_path: Path) -> None:
    """From the first one's version to the last one's."""
    file = MigrationFile(tmp_path)
    for before, after in (("0007", "0009"), ("0009", "0012")):
        file.add(MigrationNote(before=before, after=after, program="1.0", at=NOW))
    kept = file.read()
    file.forget()

    assert kept == MigrationNote(before="0007", after="0012", program="1.0", at=NOW)
    assert file.read() is None
