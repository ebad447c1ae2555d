"""How each state of a job looks, wherever a job is shown: colour, symbol, title; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.discord_ui.boxes import BLURPLE, GREY, YELLOW
from bot.i18n import N_, gettext
from bot.job import Job, JobState

_GREEN, _RED = 0x23A55A, 0xF23F43


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a state looks; symbol and title (English) say the same as the colour."""

    symbol: str
    title: str
    colour: int


LOOKS: Mapping[JobState, Look] = {
    JobState.AWAITING_APPROVAL: Look(
        symbol="✋", title=N_("Waiting for a moderator"), colour=YELLOW
    ),
    JobState.QUEUED: Look(symbol="🕒", title=N_("In the queue"), colour=GREY),
    JobState.SUBMITTING: Look(symbol="📤", title=N_("Sending"), colour=BLURPLE),
    JobState.UNCERTAIN: Look(symbol="🔎", title=N_("Checking"), colour=YELLOW),
    JobState.RUNNING: Look(symbol="🎬", title=N_("In the making"), colour=BLURPLE),
    JobState.FINISHED: Look(symbol="📥", title=N_("Finished, uploading"), colour=BLURPLE),
    JobState.DELIVERED: Look(symbol="✅", title=N_("Done"), colour=_GREEN),
    JobState.UNDELIVERED: Look(symbol="📭", title=N_("Could not be delivered"), colour=_RED),
    JobState.FAILED: Look(symbol="❌", title=N_("Failed"), colour=_RED),
    JobState.CANCELLED: Look(symbol="🚫", title=N_("Cancelled"), colour=GREY),
    JobState.DENIED: Look(symbol="🚫", title=N_("Not approved"), colour=GREY),
    JobState.DROPPED: Look(symbol="🗑️", title=N_("Dropped"), colour=GREY),
}

_REMOVED = Look(symbol="🗑️", title=N_("Removed by a moderator"), colour=GREY)
_DELETED = Look(symbol="🗑️", title=N_("Deleted"), colour=GREY)
_DROPPING = Look(symbol="🗑️", title=N_("Will not be posted"), colour=GREY)


def look_of(job: Job) -> Look:
    """Return how a job looks: its state, unless its video is removed, or dropped beforehand."""
    if job.deleted_by_member:
        return _DELETED
    if job.removed_at is not None:
        return _REMOVED
    return _DROPPING if job.dropping else LOOKS[job.state]


def heading(look: Look) -> str:
    """Return the first line of a card or result: how it stands; it fits on a phone."""
    return f"### {look.symbol} {gettext(look.title)}"
