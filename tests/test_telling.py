"""Tell me by DM: who is told, of what, when, and that it is once."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.job import NEWS, Job, JobState, Wishes
from bot.jobs.errands import Errands
from bot.jobs.ports import CannotPostError, PostLaterError
from bot.jobs.telling import Teller
from bot.storage import JobStore, PreferenceStore
from bot.storage.restoring import mark_uncertain
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, MODERATOR, NOW, statements, walked_to

pytest_plugins = ("tests.storage_fixtures",)

MINUTE = timedelta(minutes=1)


@dataclass
class Post:
    """Direct messages; the next fails as `trouble` says."""

    told: list[int] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    async def tell(self, job: Job) -> None:
        """Take the message, or refuse it."""
        if self.trouble:
            raise self.trouble.pop()
        self.told.append(job.id)


@pytest.fixture
def preferences(store: JobStore) -> PreferenceStore:
    """The preferences beside `store`."""
    return PreferenceStore(store._database)


@pytest.fixture
def post() -> Post:
    """Direct messages that are open."""
    return Post()


@pytest.fixture
def teller(preferences: PreferenceStore, post: Post) -> Teller:
    """What tells."""
    return Teller(store=preferences, messenger=post, errands=Errands(), now=lambda: NOW + MINUTE)


@pytest.fixture
async def wished(preferences: PreferenceStore) -> None:
    """A member who wants to be told."""
    await preferences.set_telling(MEMBER, True, now=NOW)


async def told_of(teller: Teller, job: Job) -> None:
    """Let a job end for the teller, and wait until that is dealt with."""
    teller.ended(job)
    await teller._errands.close()


@pytest.mark.parametrize("state", sorted(NEWS - {JobState.DENIED}))
async def test_who_wants_it_is_told_of_every_end(
    store: JobStore, preferences: PreferenceStore, teller: Teller, post: Post, state: JobState
) -> None:
    """Also of those without a video."""
    await preferences.set_telling(MEMBER, True, now=NOW)
    job = await walked_to(store, state)
    await told_of(teller, job)

    assert post.told == [job.id]
    assert getattr(await store.get(job.id), "told_at", None) == NOW + MINUTE


async def test_an_end_that_nobody_wants_told_waits_for_no_writer(
    store: JobStore, teller: Teller
) -> None:
    """Few ask for it, and hundreds may end at one moment: a look is enough."""
    job = await walked_to(store, JobState.DELIVERED)
    with statements("BEGIN IMMEDIATE") as writes:
        await told_of(teller, job)

    assert writes == []


async def test_it_is_once_a_job_whoever_looks(
    store: JobStore, preferences: PreferenceStore, teller: Teller, post: Post
) -> None:
    """The workflow's end, repeated, and looks of several processes at once."""
    await preferences.set_telling(MEMBER, True, now=NOW)
    job = await walked_to(store, JobState.FAILED)
    teller.ended(job)
    await asyncio.gather(*(teller.look() for _ in range(4)))
    await told_of(teller, job)

    assert post.told == [job.id]


async def test_what_a_kill_left_out_is_made_up_for(
    store: JobStore, preferences: PreferenceStore, teller: Teller, post: Post
) -> None:
    """By the next look, within an hour; an older end is no news."""
    await preferences.set_telling(MEMBER, True, now=NOW - timedelta(days=1))
    job = await walked_to(store, JobState.DELIVERED)
    await walked_to(store, JobState.QUEUED, 1)
    hour_ago = NOW - timedelta(minutes=59, seconds=1)
    await store.transition(FIRST_ID + 1, JobState.FAILED, now=hour_ago)
    await teller.look()

    assert post.told == [job.id]


async def test_a_kill_after_it_was_begun_sends_nothing_twice(
    store: JobStore, preferences: PreferenceStore, teller: Teller, post: Post
) -> None:
    """It is written down first: at most once is better than twice."""
    await preferences.set_telling(MEMBER, True, now=NOW)
    job = await walked_to(store, JobState.DELIVERED)
    await preferences.begin_telling(job.id, now=NOW)
    await teller.look()

    assert post.told == []


@pytest.mark.parametrize(
    "error", [CannotPostError("closed"), PostLaterError("HTTP 503"), RuntimeError("a bug")]
)
async def test_closed_direct_messages_hurt_nobody(
    store: JobStore,
    preferences: PreferenceStore,
    teller: Teller,
    post: Post,
    error: Exception,
) -> None:
    """The next member is told; the wish stays as it is, and this end is not tried again."""
    await preferences.set_telling(MEMBER, True, now=NOW)
    jobs = [await walked_to(store, JobState.FAILED, number) for number in range(2)]
    post.trouble.append(error)
    await teller.look()
    await teller.look()
    wishes = await preferences.wishes(jobs[0].id)

    assert len(post.told) == 1
    assert wishes is not None
    assert wishes.tells


@pytest.mark.usefixtures("wished")
@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (JobState.CANCELLED, {}),
        (JobState.RUNNING, {}),
        (JobState.DELIVERED, {"guild_id": None}),
        (JobState.DELIVERED, {"user_id": MODERATOR}),
    ],
)
async def test_who_knows_already_or_did_not_ask_is_not_told(
    store: JobStore, teller: Teller, post: Post, state: JobState, changes: dict[str, Any]
) -> None:
    """Cancelled by themselves, not ended, in direct messages anyway, another member."""
    await told_of(teller, await walked_to(store, state, **changes))
    await teller.look()

    assert post.told == []


async def test_what_came_by_direct_message_is_not_told_again(
    store: JobStore, preferences: PreferenceStore, teller: Teller, post: Post
) -> None:
    """The video itself is there."""
    await preferences.set_telling(MEMBER, True, now=NOW)
    job = await walked_to(store, JobState.FINISHED)
    await store.transition(job.id, JobState.DELIVERED, now=NOW, result_direct=True)
    await teller.look()

    assert post.told == []


@pytest.mark.usefixtures("wished")
async def test_after_a_restore_nobody_is_told_twice(
    store: JobStore, teller: Teller, post: Post
) -> None:
    """Whether they were told since the backup is in no database."""
    job = await walked_to(store, JobState.RUNNING)
    await store._database.write(lambda session: mark_uncertain(session, now=NOW))
    await told_of(teller, await store.transition(job.id, JobState.FAILED, now=NOW))

    assert post.told == []


async def test_an_end_before_the_wish_is_not_told(
    store: JobStore, preferences: PreferenceStore, teller: Teller, post: Post
) -> None:
    """Nobody is told now of what ended before they asked to be."""
    await walked_to(store, JobState.FAILED)
    await preferences.set_telling(MEMBER, True, now=NOW + MINUTE)
    await teller.look()

    assert post.told == []


async def test_the_wish_is_the_member_s_for_all_their_jobs(
    store: JobStore, preferences: PreferenceStore
) -> None:
    """Set once, it holds until it is taken back; nobody else's is touched."""
    mine, theirs = [
        await walked_to(store, JobState.RUNNING, number, user_id=user_id)
        for number, user_id in enumerate((MEMBER, MODERATOR))
    ]
    seen = []
    for tells in (True, True, False):
        await preferences.set_telling(MEMBER, tells, now=NOW)
        seen.append(await preferences.wishes(mine.id))

    assert seen == [Wishes(dropped_at=None, tells=tells) for tells in (True, True, False)]
    assert await preferences.wishes(theirs.id) == Wishes(dropped_at=None, tells=False)
    assert await preferences.wishes(12) is None


async def test_said_again_it_does_not_begin_anew(
    store: JobStore, preferences: PreferenceStore, teller: Teller, post: Post
) -> None:
    """A second press after the end takes nothing back."""
    await preferences.set_telling(MEMBER, True, now=NOW)
    job = await walked_to(store, JobState.FAILED)
    await preferences.set_telling(MEMBER, True, now=NOW + MINUTE)
    await told_of(teller, job)

    assert post.told == [job.id]
    assert job.guild_id == GUILD
