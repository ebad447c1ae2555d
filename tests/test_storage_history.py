"""Finding videos: whose, which, page by page; and thumbnails, which go with what they show."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from bot.history import PAGE_LENGTH, HistoryPage, OfChannel, OfMember, Search, Whose
from bot.job import WITH_VIDEO, Job, JobState
from bot.storage import ExportingStore, ForgettingStore, HistoryStore, JobStore
from tests.privacy_kit import NAMES
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, MODERATOR, NOW, opened, walked_to

pytest_plugins = ("tests.storage_fixtures",)

CHANNEL = 1300000000000000001
MINE = OfMember(user_id=MEMBER, guild_id=GUILD)
HERE = OfChannel(guild_id=GUILD, channel_id=CHANNEL)
ALL = Search(everything=True)
PICTURE = b"RIFF....WEBP"


@pytest.fixture
def history(store: JobStore) -> HistoryStore:
    """On the same file."""
    return HistoryStore(store._database)


async def made(store: JobStore, number: int, prompt: str = "a fox", **changes: object) -> Job:
    """Return a delivered job."""
    parameters = {"prompt": prompt, "seed": 7}
    return await walked_to(store, JobState.DELIVERED, number, parameters=parameters, **changes)


def numbers(page: HistoryPage) -> list[int]:
    """Return which jobs are on a page."""
    return [job.id - FIRST_ID for job in page.jobs]


# -- whose ---------------------------------------------------------------------------------


async def test_a_member_finds_their_own_of_this_server(
    store: JobStore, history: HistoryStore
) -> None:
    """In direct messages, where no server is, those of everywhere."""
    await made(store, 1)
    await made(store, 2, guild_id=GUILD + 1)
    await made(store, 3, guild_id=None)
    await made(store, 4, user_id=MEMBER + 1)

    assert numbers(await history.page(MINE, Search())) == [1]
    everywhere = OfMember(user_id=MEMBER, guild_id=None)
    assert numbers(await history.page(everywhere, Search())) == [3, 2, 1]


async def test_a_channel_has_all_members_videos(store: JobStore, history: HistoryStore) -> None:
    """Not those of other channels, nor of another server that names this one's."""
    await made(store, 1)
    await made(store, 2, user_id=MEMBER + 1)
    await made(store, 3, channel_id=CHANNEL + 1)
    await made(store, 4, guild_id=GUILD + 1)

    assert numbers(await history.page(HERE, Search())) == [2, 1]


# -- which ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [*sorted(WITH_VIDEO), JobState.FAILED, JobState.RUNNING])
async def test_only_what_has_a_video_is_shown_unless_all_is_wanted(
    store: JobStore, history: HistoryStore, state: JobState
) -> None:
    """Undelivered ones have one: they can be sent again."""
    await walked_to(store, state, 1)

    with_video = (await history.page(MINE, Search())).hits == 1
    assert with_video is (state in WITH_VIDEO)
    assert numbers(await history.page(MINE, ALL)) == [1]


async def test_only_of_one_model(store: JobStore, history: HistoryStore) -> None:
    """By its slug."""
    await made(store, 1)
    await made(store, 2, model="wan-2.5-i2v")

    assert numbers(await history.page(MINE, Search(model="wan-2.5-i2v"))) == [2]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("FOX", [3, 1]),
        ("snow fox", [1]),
        ("ox", [3, 1]),
        ("100%", [2]),
        ("%", [2]),
        ("_", []),
        ("\\", []),
        ("/", [3]),
        ("élan", [3]),
        ("ÉLAN", [3]),
        ("狐", [2]),
        ("' OR 1=1 --", []),
    ],
)
async def test_all_words_must_be_in_the_prompt(
    store: JobStore, history: HistoryStore, words: str, found: list[int]
) -> None:
    """In any order and case, as they are: no sign has a meaning of its own."""
    await made(store, 1, "A Fox in the SNOW")
    await made(store, 2, "100% 狐")
    await made(store, 3, "Élan/fox")

    assert numbers(await history.page(MINE, Search(words=words))) == found


# -- pages ---------------------------------------------------------------------------------


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(some=list(range(12)), at=8, newer=True)
@example(some=list(range(12)), at=3, newer=True)
@example(some=list(range(12)), at=3, newer=False)
@given(st.lists(st.integers(0, 60), unique=True, max_size=18), st.integers(-1, 61), st.booleans())
async def test_pages_are_pieces_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_file: Path,
    some: list[int],
    at: int,
    newer: bool,
) -> None:
    """Wherever one leafs from, with gaps where jobs are gone: what is next to it, or the newest."""
    file = tmp_path_factory.mktemp("pages") / "bot.sqlite3"
    shutil.copy(migrated_file, file)
    async with opened(file) as store:
        for number in some:
            await walked_to(store, JobState.FAILED, number)
        search = Search(everything=True, at=FIRST_ID + at, newer=newer)
        page = await HistoryStore(store._database).page(MINE, search)
    whole = sorted(some, reverse=True)
    beside = [n for n in whole if (n > at if newer else n < at)]
    wanted = beside[-PAGE_LENGTH:] if newer else beside[:PAGE_LENGTH]
    if not wanted or (newer and len(wanted) < PAGE_LENGTH):
        wanted = whole[:PAGE_LENGTH]

    assert numbers(page) == wanted
    assert page.hits == len(whole)
    assert page.first == (whole.index(wanted[0]) + 1 if wanted else 0)
    assert page.has_newer == bool(wanted and whole[0] != wanted[0])
    assert page.has_older == bool(wanted and whole[-1] != wanted[-1])


async def test_a_search_has_an_end(store: JobStore) -> None:
    """Only the newest are looked at, and the page says so."""
    for number in range(6):
        await made(store, number, "rare" if number == 0 else "often")
    some, all_ = (HistoryStore(store._database, searched=n) for n in (5, 6))

    cut = await some.page(HERE, Search(words="rare"))
    assert (cut.hits, cut.cut) == (0, True)
    whole = await all_.page(HERE, Search(words="rare"))
    assert (whole.hits, whole.cut) == (1, False)


@pytest.mark.parametrize(
    ("whose", "index"), [(HERE, "ix_job_channel_id_id"), (MINE, "ix_job_user_id_id")]
)
async def test_every_query_of_a_page_goes_by_an_index(
    history: HistoryStore, file: Path, whose: Whose, index: str
) -> None:
    """Of others nothing is read, and nothing is sorted: the newest come first in the index."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    for newer in (False, True):
        await history.page(whose, Search(words="fox", at=FIRST_ID, newer=newer))
    event.remove(Engine, "before_cursor_execute", note)
    plans = []
    with closing(sqlite3.connect(file)) as connection:
        for statement, values in asked:
            if "FROM job" in statement:
                explained = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
                plans.append([row[3] for row in explained])

    assert len(plans) == 8  # what lies beyond, the page, the newest instead, and the counts
    assert all(len(plan) == 1 and index in plan[0] for plan in plans), plans


# -- thumbnails ----------------------------------------------------------------------------


async def thumbnail_in(history: HistoryStore) -> bytes | None:
    """Return the one that is kept, if there is one."""
    found = (await history.page(MINE, ALL)).thumbnails
    return next(iter(found.values()), None)


async def test_a_thumbnail_is_kept_once(store: JobStore, history: HistoryStore) -> None:
    """The first one stays."""
    job = await made(store, 1)

    assert await store.keep_thumbnail(job.id, PICTURE, now=NOW)
    assert not await store.keep_thumbnail(job.id, b"another", now=NOW)
    assert await thumbnail_in(history) == PICTURE


async def test_a_removed_video_has_no_thumbnail(store: JobStore, history: HistoryStore) -> None:
    """It goes when a moderator takes the video down, and none comes afterwards."""
    job = await made(store, 1)
    await store.keep_thumbnail(job.id, PICTURE, now=NOW)
    await store.take_down(
        job.id, guild_id=GUILD, actor_id=MODERATOR, reason="no", refund=False, now=NOW
    )
    gone = await thumbnail_in(history)

    assert gone is None
    assert not await store.keep_thumbnail(job.id, PICTURE, now=NOW)
    assert numbers(await history.page(MINE, Search())) == []


async def test_a_forgotten_job_has_no_thumbnail(
    store: JobStore, history: HistoryStore, file: Path
) -> None:
    """Neither in the table nor, once wiped, in the file; and none comes afterwards."""
    job = await made(store, 1)
    await store.keep_thumbnail(job.id, PICTURE * 500, now=NOW)
    forgetting = ForgettingStore(store._database, NAMES)
    await forgetting.forget_member(MEMBER, now=NOW)
    await forgetting.wipe()

    assert not await store.keep_thumbnail(job.id, PICTURE, now=NOW)
    assert numbers(await history.page(HERE, ALL)) == []
    assert PICTURE not in b"".join(one.read_bytes() for one in file.parent.glob("bot.sqlite3*"))


async def test_an_export_tells_of_thumbnails(store: JobStore) -> None:
    """Of the member's own, by their size."""
    job = await made(store, 1)
    other = await made(store, 2, user_id=MEMBER + 1)
    for one in (job, other):
        await store.keep_thumbnail(one.id, PICTURE, now=NOW)
    rows = [row async for row in ExportingStore(store._database, NAMES).export(MEMBER)]
    told = [row for kind, row in rows if kind == "thumbnails"]

    assert [row["job_id"] for row in told] == [job.id]
    assert "12 bytes" in told[0]["image"]
