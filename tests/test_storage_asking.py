"""Drafts, last options and presets: for one member, across processes; drafts for about a day."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.asking import MOST_PRESETS, Draft, KeptFile, NewPreset
from bot.errors import RefusedError
from bot.storage import AskingStore, Database
from bot.storage.asking import KEPT_FOR
from tests.storage_kit import FIRST_ID, MEMBER, NOW

pytest_plugins = ("tests.storage_fixtures",)

ID = FIRST_ID
URL = "https://cdn.example.org/fox.png?signature=1"
DRAFT = Draft(
    id=ID,
    user_id=MEMBER,
    kind="i2v",
    model="wan-2.6-i2v",
    options={"prompt": "ä🦊\n", "multi_shot": True, "motion": 1.5, "duration": 10},
    images=(KeptFile(name="fox.png", url=URL),),
    parent_id=FIRST_ID + 5,
)
PRESET = NewPreset(user_id=MEMBER, name="Slow Zoom", model="wan-2.6-i2v", options={"duration": 10})
A_MOMENT = timedelta(seconds=1)


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[AskingStore]:
    """Open the store."""
    database = Database.open(f"sqlite:///{file}")
    yield AskingStore(database)
    await database.close()


@pytest.fixture
async def asking(file: Path) -> AsyncIterator[AskingStore]:
    """The store under test."""
    async with opened(file) as store:
        yield store


@pytest.fixture
async def other(file: Path) -> AsyncIterator[AskingStore]:
    """Another process's."""
    async with opened(file) as store:
        yield store


# -- drafts ------------------------------------------------------------------------


async def test_a_draft_is_found_whole_by_another_process(
    asking: AskingStore, other: AskingStore
) -> None:
    """Its form may come back to a process that did not show it."""
    await asking.keep_draft(DRAFT, now=NOW)

    assert await other.draft(ID, MEMBER, now=NOW) == DRAFT


async def test_a_draft_is_its_members_alone(asking: AskingStore) -> None:
    """An id that somebody else sends finds nothing, and replaces nothing."""
    await asking.keep_draft(DRAFT, now=NOW)
    await asking.keep_draft(DRAFT.model_copy(update={"user_id": MEMBER + 1}), now=NOW)
    taken = await asking.take_draft(ID, MEMBER + 1, by=1, now=NOW)

    assert await asking.draft(ID, MEMBER + 1, now=NOW) is None
    assert (taken.draft, taken.why_not) == (None, "gone")
    assert await asking.draft(ID, MEMBER, now=NOW) == DRAFT


async def test_of_many_at_once_one_takes_it(asking: AskingStore, other: AskingStore) -> None:
    """The others are told who has; the same interaction, heard twice, has it twice."""
    await asking.keep_draft(DRAFT, now=NOW)
    answers = await asyncio.gather(
        *(
            store.take_draft(ID, MEMBER, by=by, now=NOW)
            for by in (11, 12, 13)
            for store in (asking, other)
        )
    )
    takers = {answer.by for answer in answers if answer.draft is None}
    winners = [answer.draft for answer in answers if answer.draft is not None]

    assert winners == [DRAFT, DRAFT]
    assert len(takers) == 1


async def test_a_draft_given_back_can_be_taken_as_it_is_now(asking: AskingStore) -> None:
    """By whoever took it alone."""
    await asking.keep_draft(DRAFT, now=NOW)
    await asking.take_draft(ID, MEMBER, by=11, now=NOW)
    changed = DRAFT.model_copy(update={"options": {"prompt": "other"}})
    await asking.give_back(changed, by=12)
    still = await asking.take_draft(ID, MEMBER, by=12, now=NOW)
    await asking.give_back(changed, by=11)
    free = await asking.take_draft(ID, MEMBER, by=12, now=NOW)

    assert still.draft is None
    assert free.draft == changed


async def test_a_taken_draft_is_neither_shown_nor_replaced(asking: AskingStore) -> None:
    """What became a job does not become another."""
    await asking.keep_draft(DRAFT, now=NOW)
    await asking.take_draft(ID, MEMBER, by=11, now=NOW)
    await asking.keep_draft(DRAFT, now=NOW)

    assert await asking.draft(ID, MEMBER, now=NOW) is None
    assert (await asking.take_draft(ID, MEMBER, by=12, now=NOW)).by == 11


async def test_only_who_took_it_drops_it(asking: AskingStore) -> None:
    """Afterwards it is gone for everybody."""
    await asking.keep_draft(DRAFT, now=NOW)
    await asking.drop_draft(ID, by=11)
    await asking.take_draft(ID, MEMBER, by=11, now=NOW)
    await asking.drop_draft(ID, by=12)
    before = await asking.take_draft(ID, MEMBER, by=11, now=NOW)
    await asking.drop_draft(ID, by=11)
    after = await asking.take_draft(ID, MEMBER, by=11, now=NOW)

    assert before.draft == DRAFT
    assert after.why_not == "gone"


async def test_what_is_too_old_is_not_found_and_goes(asking: AskingStore, file: Path) -> None:
    """Its picture's address is dead; the next draft's transaction deletes it."""
    await asking.keep_draft(DRAFT, now=NOW)
    last = await asking.draft(ID, MEMBER, now=NOW + KEPT_FOR - A_MOMENT)
    taken = await asking.take_draft(ID, MEMBER, by=1, now=NOW + KEPT_FOR)
    await asking.keep_draft(DRAFT.model_copy(update={"id": ID + 1}), now=NOW + KEPT_FOR)
    with contextlib.closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT id FROM draft").fetchall()

    assert last == DRAFT
    assert taken.why_not == "gone"
    assert rows == [(ID + 1,)]


# -- last options ------------------------------------------------------------------


async def test_the_last_options_of_each_command_are_kept(asking: AskingStore) -> None:
    """The newest only, for their member only."""
    await asking.remember(MEMBER, "animate", {"model": "a"})
    await asking.remember(MEMBER, "t2v", {"model": "b"})
    await asking.remember(MEMBER, "animate", {"model": "c", "duration": 5})

    assert await asking.last_options(MEMBER, "animate") == {"model": "c", "duration": 5}
    assert await asking.last_options(MEMBER, "t2v") == {"model": "b"}
    assert await asking.last_options(MEMBER + 1, "animate") == {}


# -- presets -----------------------------------------------------------------------


async def test_a_preset_is_found_whatever_the_case(asking: AskingStore) -> None:
    """And spaces; nobody else's is found."""
    saved = await asking.save_preset(PRESET, now=NOW)

    assert await asking.preset(MEMBER, " slow  ZOOM ") == saved
    assert await asking.preset(MEMBER + 1, "Slow Zoom") is None


async def test_saving_under_a_known_name_saves_over(asking: AskingStore) -> None:
    """Also where there are as many as there may be."""
    for number in range(MOST_PRESETS):
        name = PRESET.name + "·" * number
        await asking.save_preset(
            NewPreset(user_id=MEMBER, name=name, model="m", options={}), now=NOW
        )
    newer = NewPreset(user_id=MEMBER, name="SLOW zoom", model="n", options={"steps": 3})
    await asking.save_preset(newer, now=NOW)
    with pytest.raises(RefusedError, match="25 presets"):
        await asking.save_preset(
            NewPreset(user_id=MEMBER, name="one more", model="m", options={}), now=NOW
        )
    found = await asking.presets(MEMBER)

    assert len(found) == MOST_PRESETS
    assert [(p.model, p.options) for p in found if p.name == "SLOW zoom"] == [("n", {"steps": 3})]


async def test_a_preset_is_deleted_by_its_member_alone(asking: AskingStore) -> None:
    """Once."""
    saved = await asking.save_preset(PRESET, now=NOW)
    answers = [
        await asking.delete_preset(MEMBER + 1, saved.id),
        await asking.delete_preset(MEMBER, saved.id),
        await asking.delete_preset(MEMBER, saved.id),
    ]

    assert answers == [False, True, False]
    assert await asking.presets(MEMBER) == []
