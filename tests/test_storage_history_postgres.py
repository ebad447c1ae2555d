"""Searches and thumbnails on PostgreSQL: the same, and safe where it has many writers at once."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from bot.history import OfChannel, OfMember, Search
from bot.job import JobState
from bot.storage import Database, HistoryStore, JobStore, thumbnails
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, MODERATOR, NOW, walked_to

pytest_plugins = ("tests.postgres_fixtures",)

HERE = OfChannel(guild_id=GUILD, channel_id=1300000000000000001)
PICTURE = b"RIFF\0\0\0\0WEBP"


async def test_searches_are_the_same_here(url: str) -> None:
    """Words in whatever case, signs as they are, pages in both directions, pictures."""
    database = Database.open(url)
    store, history = JobStore(database), HistoryStore(database)
    for number in range(12):
        parameters = {"prompt": f"100% Élan \\ {'Fox' if number % 2 else 'owl'}", "seed": 1}
        job = await walked_to(store, JobState.DELIVERED, number, parameters=parameters)
        await store.keep_thumbnail(job.id, PICTURE, now=NOW)
    mine = OfMember(user_id=MEMBER, guild_id=GUILD)
    page = await history.page(mine, Search(words="fOX 100% \\ élan"))
    older = await history.page(HERE, Search(at=FIRST_ID + 7))
    newer = await history.page(HERE, Search(at=FIRST_ID + 3, newer=True))
    await database.close()

    assert [job.id - FIRST_ID for job in page.jobs] == [11, 9, 7, 5, 3]
    assert (page.hits, page.first, page.has_older) == (6, 1, True)
    assert set(page.thumbnails.values()) == {PICTURE}
    assert [job.id - FIRST_ID for job in older.jobs] == [6, 5, 4, 3, 2]
    assert [job.id - FIRST_ID for job in newer.jobs] == [8, 7, 6, 5, 4]
    assert (newer.hits, newer.first) == (12, 4)


async def test_no_thumbnail_outlives_its_video(url: str) -> None:
    """A moderator who removes a video while its thumbnail is being kept waits, and removes both."""
    one, two = Database.open(url), Database.open(url)
    job = await walked_to(JobStore(one), JobState.DELIVERED)
    kept = asyncio.Event()

    async def keep_slowly(session: AsyncSession) -> None:
        await thumbnails.keep(session, job.id, PICTURE, now=NOW)
        await session.flush()
        kept.set()
        await asyncio.sleep(0.3)

    keeping = asyncio.create_task(one.write(keep_slowly))
    await kept.wait()
    await JobStore(two).take_down(
        job.id, guild_id=GUILD, actor_id=MODERATOR, reason="no", refund=False, now=NOW
    )
    await keeping
    page = await HistoryStore(one).page(HERE, Search(everything=True))
    await one.close()
    await two.close()

    assert page.hits == 1
    assert page.thumbnails == {}
