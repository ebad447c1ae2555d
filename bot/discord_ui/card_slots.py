"""A status card in mind: what it shows, what it should show next, and how it can be reached."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from bot.discord_ui.card_pace import Change, Pace, Rank
from bot.discord_ui.card_progress import next_change_s
from bot.discord_ui.cards import card_key
from bot.job import Job, JobState, Wishes
from bot.jobs.ports import Standing

# After the moment at which a bar moves: a timer may be a little early.
_SURELY_S = 0.01

Picture: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a card should show.

    Attributes:
        at_s: When it was given, on the loop's clock.
        since_s: When the job came into its state.
    """

    job: Job
    standing: Standing
    at_s: float
    since_s: float

    def standing_at(self, now_s: float) -> Standing:
        """Return the standing as it is by now: the bar moves by itself."""
        elapsed_s = self.standing.elapsed_s + now_s - self.at_s
        return replace(self.standing, elapsed_s=elapsed_s)

    def moves_at_s(self, now_s: float) -> float | None:
        """Return when the picture changes by itself, on the loop's clock; None: never."""
        if self.job.state is not JobState.RUNNING:
            return None
        standing = self.standing_at(now_s)
        next_s = next_change_s(standing.elapsed_s, standing.expected_s)
        return None if next_s is None else now_s + next_s - standing.elapsed_s + _SURELY_S


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a card shows, short of the picture itself."""

    state: JobState
    processing: bool | None
    key: tuple[str, str]


@dataclass(kw_only=True)
class CardSlot:
    """One card."""

    wanted: Wanted | None = None
    shown: Shown | None = None
    picture: Picture | None = None
    edited_at_s: float = float("-inf")
    failures: int = 0
    wishes: Wishes | None = None
    # Whether that is what was read last; not when it could not be read.
    wishes_known: bool = False
    # How often its member has changed their wishes; of these, what was asked for and is shown.
    presses: int = 0
    presses_asked: int = 0
    presses_shown: int = 0
    token: str = field(default="", repr=False)
    token_dead: bool = False
    card_id: int | None = None
    card_kept: bool = False
    dead: bool = False
    ending: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, nor will be by itself."""
        return self.task is None and self.timer is None and not self.ending

    def want(self, job: Job, standing: Standing, *, now_s: float) -> None:
        """Want another picture: the newest one wins."""
        before = self.wanted
        same = before is not None and before.job.state is job.state
        since_s = before.since_s if before is not None and same else now_s
        self.wanted = Wanted(job=job, standing=standing, at_s=now_s, since_s=since_s)

    def note_shown(self, job: Job, standing: Standing) -> None:
        """Remember what the card shows."""
        key = card_key(job, standing)
        self.shown = Shown(state=job.state, processing=standing.processing, key=key)
        self.presses_shown = self.presses_asked

    def doubt(self) -> None:
        """Forget the picture: an edit that failed may have arrived."""
        self.picture = None
        if self.shown is not None:
            self.shown = replace(self.shown, key=("", ""))

    def end(self) -> None:
        """Let nothing be shown any more but the end."""
        self.ending = True
        self.stop_timer()

    def stop_timer(self) -> None:
        """Forget when the next edit was to be."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def standing(self, now_s: float) -> Standing:
        """Return where the job stands, as far as is known here."""
        return self.wanted.standing_at(now_s) if self.wanted is not None else Standing()

    def due_at_s(self, pace: Pace, *, now_s: float) -> float | None:
        """Return when the card is to be edited next, if nothing else happens; None: never."""
        if self.wanted is None or self.dead or self.ending:
            return None
        key = card_key(self.wanted.job, self.wanted.standing_at(now_s))
        is_right = self._wishes_shown and self.shown is not None and self.shown.key == key
        at_s = self.wanted.moves_at_s(now_s) if is_right else now_s
        if at_s is None:
            return None
        earliest_s = pace.earliest_s(
            self._change(self.wanted),
            edited_at_s=self.edited_at_s,
            failures=self.failures,
            now_s=at_s,
        )
        return max(at_s, earliest_s)

    def rank(self) -> Rank:
        """Return how important the next edit is."""
        if self.ending:
            return Rank.END
        if self.wanted is not None and self._change(self.wanted).state is not None:
            return Rank.STATE
        return Rank.PROGRESS

    @property
    def _wishes_shown(self) -> bool:
        return self.presses_shown == self.presses

    def _change(self, wanted: Wanted) -> Change:
        shown, state = self.shown, wanted.job.state
        same = self._wishes_shown and shown is not None and shown.state is state
        return Change(
            state=None if same else state,
            stage=shown is not None and shown.processing is not wanted.standing.processing,
            since_s=wanted.since_s,
        )
