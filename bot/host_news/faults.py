"""When a fault begins, lasts and ends, and when the host is told: pure.

A fault that is over in a moment is nobody's matter, and one that comes and goes is told once in a
while, unless it stays. What could not be said in time is said later, in one message: that it was,
from when to when.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.host_news.records import Book, Change, Fault, Kind, News, Patience, Phase, Symptom


def observe(
    book: Book, symptoms: Mapping[Kind, Symptom | None], *, now: datetime, patience: Patience
) -> tuple[Book, Sequence[Change]]:
    """Return the book after one more look, and what has changed for the log.

    Args:
        book: Before.
        symptoms: What was seen; None of a kind that is well. What is left out nobody knows.
        now: The time, aware.
        patience: How long to wait.
    """
    faults, missed, changes = dict(book.faults), dict(book.missed), list[Change]()
    for kind in Kind:
        before = faults.pop(kind, None)
        if kind in symptoms:
            after = _followed(before, symptoms[kind], now, patience.hold_s.get(kind, 0.0), patience)
        else:
            after = _unseen(kind, before)
        if after is None:
            continue
        if before is None or (before.lasts, before.over) != (after.lasts, after.over):
            changes += _changes(kind, before, after)
        if after.over and (not after.lasts or _untold_and_noisy(book, kind, after, now, patience)):
            if after.lasts:
                missed[kind] = missed.get(kind, 0) + 1
            continue
        faults[kind] = after
    return replace(book, faults=faults, missed=missed), changes


def _unseen(kind: Kind, fault: Fault | None) -> Fault | None:
    """Return what is left of a fault that cannot be looked for now."""
    # While the provider is away jobs stand still and are not stuck: that is counted anew.
    return None if kind is Kind.STUCK and fault is not None and not fault.lasts else fault


def _followed(
    fault: Fault | None, symptom: Symptom | None, now: datetime, hold_s: float, patience: Patience
) -> Fault | None:
    if symptom is None:
        if fault is None or fault.over:
            return fault
        well_at = fault.well_at or now
        return replace(
            fault,
            well_at=well_at,
            # It may have outlived the process that noticed it.
            lasts=fault.lasts or _passed(fault.noticed_at, well_at, hold_s),
            over=_passed(well_at, now, patience.settle_s),
        )
    if fault is None:
        fault = Fault(since=min(symptom.since, now), noticed_at=now)
    return replace(
        fault,
        detail=symptom.detail,
        jobs=symptom.jobs,
        lasts=fault.lasts or _passed(fault.noticed_at, now, hold_s),
        well_at=None,
        over=False,
    )


def _changes(kind: Kind, before: Fault | None, after: Fault) -> Iterator[Change]:
    was_there = before is not None and before.lasts and not before.over
    if after.lasts and not after.over and not was_there:
        yield Change(kind=kind, fault=after)
    if after.lasts and after.over:
        yield Change(kind=kind, fault=after)


def _untold_and_noisy(
    book: Book, kind: Kind, fault: Fault, now: datetime, patience: Patience
) -> bool:
    return fault.told_at is None and not _may_begin(book, kind, fault, now, patience)


def _may_begin(book: Book, kind: Kind, fault: Fault, now: datetime, patience: Patience) -> bool:
    before = book.begun_at.get(kind)
    if before is None or _passed(before, now, patience.quiet_s):
        return True
    # The last that the host heard is that all is well again.
    return not fault.over and _passed(fault.noticed_at, now, patience.insist_s)


def due(book: Book, *, now: datetime, patience: Patience) -> Sequence[News]:
    """Return what is to be said now; the same again until it is `told`."""
    found = []
    for kind, fault in book.faults.items():
        phase = _phase(book, kind, fault, now, patience)
        if phase is not None:
            missed = book.missed.get(kind, 0) if phase in (Phase.BEGIN, Phase.PAST) else 0
            found.append(News(kind=kind, phase=phase, fault=fault, missed=missed))
    return found


def _phase(book: Book, kind: Kind, fault: Fault, now: datetime, patience: Patience) -> Phase | None:
    if not fault.lasts or (fault.well_at is not None and not fault.over):
        return None
    if fault.told_at is None:
        if not _may_begin(book, kind, fault, now, patience):
            return None
        return Phase.PAST if fault.over else Phase.BEGIN
    if fault.over:
        return Phase.END
    others = {job.id for job in fault.jobs} - fault.told_jobs
    if others and _passed(fault.told_at, now, patience.quiet_s):
        return Phase.MORE
    return Phase.STILL if _passed(fault.told_at, now, patience.repeat_s) else None


def told(book: Book, news: News, *, now: datetime) -> Book:
    """Return the book after this was said."""
    kind, faults = news.kind, dict(book.faults)
    if news.phase in (Phase.END, Phase.PAST):
        del faults[kind]
    else:
        jobs = frozenset(job.id for job in news.fault.jobs)
        faults[kind] = replace(faults[kind], told_at=now, told_jobs=jobs)
    if news.phase not in (Phase.BEGIN, Phase.PAST):
        return replace(book, faults=faults)
    missed = {other: number for other, number in book.missed.items() if other is not kind}
    return Book(faults=faults, begun_at={**book.begun_at, kind: now}, missed=missed)


def _passed(since: datetime, now: datetime, seconds: float) -> bool:
    return now - since >= timedelta(seconds=seconds)
