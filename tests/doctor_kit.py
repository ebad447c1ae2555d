"""What the doctor says of an installation."""

import time
from collections.abc import Callable
from typing import Any

from bot.doctoring import Diagnosis, State, examine
from bot.settings import Settings
from bot.storage import Database

# A port on which nobody listens.
NOBODY = "http://127.0.0.1:9"


async def migrated(address: str) -> None:
    """Give a database this version's tables."""
    database = Database.open(address)
    await database.migrate()
    await database.close()


async def found(
    settings: Settings,
    *parts: str,
    now: Callable[[], float] = time.time,
    limit_s: float = 30.0,
    **changes: Any,
) -> dict[str, Diagnosis]:
    """Return what is found of some parts, by part, with some settings changed."""
    changed = settings.model_copy(update=changes)
    diagnoses = await examine(changed, parts=parts, now=now, limit_s=limit_s)
    return {one.part: one for one in diagnoses}


async def fault(settings: Settings, part: str, **options: Any) -> Diagnosis:
    """Return what is found of one part, which is wrong and can be mended."""
    return told((await found(settings, part, **options))[part], State.WRONG)


async def suggestion(settings: Settings, part: str, **options: Any) -> Diagnosis:
    """Return what is found of one part, which works and could be better."""
    return told((await found(settings, part, **options))[part], State.HINT)


def told(one: Diagnosis, state: State) -> Diagnosis:
    """Return a diagnosis that is as expected, on one line, with something to do."""
    assert one.state is state, one
    assert one.words, one
    assert one.remedy, one
    assert "\n" not in one.line()
    return one
