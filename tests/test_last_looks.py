"""Ends that a killed process may have covered are shown again by whoever starts or leads next."""

from datetime import timedelta

from bot.job import Job, JobState
from bot.jobs.last_looks import LastLooks
from bot.storage import JobStore
from tests.job_steps_kit import Clock
from tests.storage_kit import NOW, accepted

pytest_plugins = ("tests.storage_fixtures",)


class Cards:
    """Keeps whose ends were shown again."""

    def __init__(self) -> None:
        self.again: list[int] = []

    async def finish_again(self, job: Job) -> None:
        """Keep it."""
        self.again.append(job.id)


async def test_who_starts_or_begins_to_lead_shows_the_latest_ends_once(store: JobStore) -> None:
    """Not what ended long ago, not what goes on; not before stale edits have arrived."""
    old, lately, _going_on = [await accepted(store, number) for number in range(3)]
    await store.transition(old.id, JobState.CANCELLED, now=NOW - timedelta(minutes=4))
    await store.transition(lately.id, JobState.CANCELLED, now=NOW - timedelta(minutes=1))
    clock, cards, leading = Clock(), Cards(), False
    looks = LastLooks(store=store, cards=cards, leads=lambda: leading, now=clock.now)

    async def shown_after(seconds: float) -> list[int]:
        clock.at += timedelta(seconds=seconds)
        await looks.look()
        return list(cards.again)

    assert await shown_after(14) == []
    assert await shown_after(1) == [lately.id]
    assert await shown_after(20) == [lately.id]
    leading = True
    assert await shown_after(2) == [lately.id]
    assert await shown_after(15) == [lately.id] * 2
    assert await shown_after(15) == [lately.id] * 2
