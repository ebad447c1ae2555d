"""A status card in mind: what it should show next, and how it can be reached."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.job import Job, JobState
from bot.jobs.ports import Standing

_PICTURE_TRIES = 3

Picture: TypeAlias = list[dict[str, Any]]


@dataclass(kw_only=True)
class CardSlot:
    """One card."""

    wanted: tuple[Job, Standing] | None = None
    standing: Standing = field(default_factory=Standing)
    tries: int = 0
    shown: Picture | None = None
    shown_state: JobState | None = None
    edited_at_s: float = float("-inf")
    token: str = field(default="", repr=False)
    token_dead: bool = False
    card_id: int | None = None
    card_kept: bool = False
    dead: bool = False
    ending: bool = False
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self.task is not None and self.task.done() and not self.ending

    def take(self) -> tuple[Job, Standing] | None:
        """Return what is wanted, which is then wanted no more."""
        wanted, self.wanted = self.wanted, None
        return wanted

    def put_back(self, picture: tuple[Job, Standing]) -> None:
        """Want a picture again that could not be shown, a few times, unless a newer one came."""
        self.tries += 1
        if self.wanted is None and self.tries < _PICTURE_TRIES:
            self.wanted = picture
