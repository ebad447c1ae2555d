"""Pictures kept for open forms: for one member, across processes, for about a day."""

import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path

from bot.storage import JobStore
from bot.storage.pictures import KEPT_FOR
from tests.storage_kit import FIRST_ID, MEMBER, NOW, opened

pytest_plugins = ("tests.storage_fixtures",)

MESSAGE = FIRST_ID
URL = "https://cdn.example.org/fox.png?signature=1"
A_MOMENT = timedelta(seconds=1)


async def test_a_kept_picture_is_found_by_another_process(store: JobStore, file: Path) -> None:
    """The form may come back to a process that did not show it."""
    await store.keep_picture(MESSAGE, MEMBER, URL, now=NOW)
    async with opened(file) as other:
        found = await other.kept_picture(MESSAGE, MEMBER, now=NOW)

    assert found == URL


async def test_a_picture_is_kept_for_its_member_and_message_alone(store: JobStore) -> None:
    """Nobody reaches the picture of a message that they cannot see."""
    await store.keep_picture(MESSAGE, MEMBER, URL, now=NOW)

    assert await store.kept_picture(MESSAGE, MEMBER + 1, now=NOW) is None
    assert await store.kept_picture(MESSAGE + 1, MEMBER, now=NOW) is None


async def test_keeping_it_again_renews_address_and_time(store: JobStore) -> None:
    """A second form on the same message has a fresh address of it."""
    await store.keep_picture(MESSAGE, MEMBER, URL, now=NOW)
    later = NOW + KEPT_FOR - A_MOMENT
    await store.keep_picture(MESSAGE, MEMBER, URL + "2", now=later)

    assert await store.kept_picture(MESSAGE, MEMBER, now=later + KEPT_FOR - A_MOMENT) == URL + "2"


async def test_what_is_too_old_is_not_found_and_goes(store: JobStore, file: Path) -> None:
    """Its address is dead; the next picture's transaction deletes it."""
    await store.keep_picture(MESSAGE, MEMBER, URL, now=NOW)
    found = await store.kept_picture(MESSAGE, MEMBER, now=NOW + KEPT_FOR)
    await store.keep_picture(MESSAGE + 1, MEMBER, URL, now=NOW + KEPT_FOR)
    with contextlib.closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT message_id FROM picture").fetchall()

    assert found is None
    assert rows == [(MESSAGE + 1,)]
