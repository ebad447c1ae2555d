"""Ends that the process which led before may have covered are shown again by the next one."""

from datetime import timedelta

from bot.job import JobState
from bot.jobs.last_looks import LastLooks
from bot.storage import JobStore
from tests.job_steps_kit import RecordingCards
from tests.storage_kit import NOW, accepted

pytest_plugins = ("tests.storage_fixtures",)


async def test_whoever_begins_to_lead_shows_the_latest_ends_once(store: JobStore) -> None:
    """Not what ended long ago, not what goes on; again only after the lead was lost."""
    old, lately, going_on = [await accepted(store, number) for number in range(3)]
    await store.transition(old.id, JobState.CANCELLED, now=NOW - timedelta(minutes=4))
    await store.transition(lately.id, JobState.CANCELLED, now=NOW - timedelta(minutes=1))
    cards, leading = RecordingCards(), False
    looks = LastLooks(store=store, cards=cards, leads=lambda: leading, now=lambda: NOW)
    await looks.look()
    before = [job.id for job, _ in cards.shown]
    leading = True
    for _ in range(2):
        await looks.look()
    once = [job.id for job, _ in cards.shown]
    leading = False
    await looks.look()
    leading = True
    await looks.look()

    assert before == []
    assert once == [lately.id]
    assert [job.id for job, _ in cards.shown] == [lately.id, lately.id]
    assert going_on.id not in once
