"""The status card of a job: a pure view of the job and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from discord import ui

from bot.discord_ui.boxes import BLURPLE, GREY, YELLOW, Box, view_of
from bot.discord_ui.buttons import JobButton
from bot.discord_ui.card_progress import percent_done, place_words
from bot.discord_ui.failures import FAILURE_WORDS
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import about, bar_until_done, quote
from bot.i18n import N_, gettext
from bot.job import CANCELLABLE, FailureReason, Job, JobState
from bot.jobs.ports import Standing
from bot.words import ago, credits_text

_PROMPT_LIMIT = 400
_REASON_LIMIT = 600
_WHOLE_PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a state looks; symbol and title say the same as the colour."""

    symbol: str
    title: str
    colour: int


_GREEN, _RED = 0x23A55A, 0xF23F43

LOOKS: Mapping[JobState, Look] = {
    JobState.AWAITING_APPROVAL: Look(symbol="✋", title="Waiting for a moderator", colour=YELLOW),
    JobState.QUEUED: Look(symbol="🕒", title="In the queue", colour=GREY),
    JobState.SUBMITTING: Look(symbol="📤", title="Sending", colour=BLURPLE),
    JobState.UNCERTAIN: Look(symbol="🔎", title="Checking", colour=YELLOW),
    JobState.RUNNING: Look(symbol="🎬", title="In the making", colour=BLURPLE),
    JobState.FINISHED: Look(symbol="📥", title="Finished, uploading", colour=BLURPLE),
    JobState.DELIVERED: Look(symbol="✅", title="Done", colour=_GREEN),
    JobState.UNDELIVERED: Look(symbol="📭", title="Could not be delivered", colour=_RED),
    JobState.FAILED: Look(symbol="❌", title="Failed", colour=_RED),
    JobState.CANCELLED: Look(symbol="🚫", title="Cancelled", colour=GREY),
    JobState.DENIED: Look(symbol="🚫", title="Not approved", colour=GREY),
}


_REMOVED = Look(symbol="🗑️", title="Removed by a moderator", colour=GREY)
_DELETED = Look(symbol="🗑️", title=N_("Deleted"), colour=GREY)


def look_of(job: Job) -> Look:
    """Return how a job looks: its state, unless its video was removed since."""
    if job.deleted_by_member:
        return _DELETED
    return _REMOVED if job.removed_at is not None else LOOKS[job.state]


def status_card(job: Job, standing: Standing | None = None) -> ui.LayoutView:
    """Return the card: heading, prompt, what happens now, the facts, and what can be done."""
    look = look_of(job)
    box: Box = ui.Container(accent_colour=look.colour)
    box.add_item(ui.TextDisplay(f"### {look.symbol} {look.title} · {model_title(job.model)}"))
    box.add_item(ui.TextDisplay(quote(job.prompt, _PROMPT_LIMIT)))
    box.add_item(ui.TextDisplay(state_text(job, standing or Standing())))
    box.add_item(ui.TextDisplay(f"-# <@{job.user_id}> · {facts_text(job)} · job `{job.id}`"))
    add_buttons(box, job)
    return view_of(box)


def card_key(job: Job, standing: Standing) -> tuple[str, str]:
    """Return what tells two pictures of one job apart; quicker than drawing them."""
    return look_of(job).title, state_text(job, standing)


def add_buttons(box: Box, job: Job) -> None:
    """Add what its member can do about a job: cancel it, or have its video sent again."""
    if job.state in CANCELLABLE:
        box.add_item(ui.ActionRow(JobButton("cancel", job.id)))
    elif can_be_sent(job):
        box.add_item(ui.ActionRow(JobButton("send", job.id)))


def can_be_sent(job: Job) -> bool:
    """Tell whether its member can have the video sent again."""
    return job.state is JobState.UNDELIVERED and job.removed_at is None


def state_text(job: Job, standing: Standing) -> str:
    """Return what happens now, or what came of it."""
    match job.state:
        case _ if job.deleted_by_member:
            text = gettext("Deleted by the member who made it.")
        case _ if job.removed_at is not None:
            text = f"**A moderator removed this video.**\n{removal_text(job)}"
        case JobState.QUEUED:
            text = _queued(standing)
        case JobState.RUNNING:
            text = _running(job, standing)
        case JobState.DELIVERED:
            text = _delivered(job)
        case JobState.FAILED:
            text = _failed(job)
        case JobState.UNDELIVERED:
            text = _undelivered(job)
        case JobState.UNCERTAIN if job.restored_at is not None:
            text = _RESTORED
        case JobState.DENIED:
            text = f"{quote(job.decision_reason or '', _REASON_LIMIT)}\n{given_back(job)}"
        case _:
            text = _PLAIN[job.state].format(back=given_back(job))
    return text if standing.hint is None else f"{text}\n{standing.hint}"


_PLAIN: Mapping[JobState, str] = {
    JobState.AWAITING_APPROVAL: "A moderator looks at it first. Nothing has been charged.",
    JobState.SUBMITTING: "Being handed to the video service.",
    JobState.UNCERTAIN: (
        "The connection broke while this was sent. Checking whether the video service took it; "
        "you will not pay twice."
    ),
    JobState.FINISHED: "The video is made and on its way into this channel.",
    JobState.CANCELLED: "Cancelled before it was sent. {back}",
}


_RESTORED = (
    "The bot went back to a backup of its data. Checking whether the video service took this one "
    "before; you will not pay twice."
)
_NOT_SENT_BEFORE = (
    "**The bot went back to a backup of its data, and the video service does not know this one.**\n"
    "Try again."
)


def _queued(standing: Standing) -> str:
    if standing.place is None:
        place = "Waiting for its turn"
    else:
        place = place_words(standing.place)
        if standing.hint is None:  # which says itself what it waits for
            place += ", waiting for a free place at the video service"
    return f"{place}. It can still be cancelled at no cost."


_STAGES: Mapping[bool | None, str] = {
    None: "With the video service",
    False: "Accepted, waiting for a machine",
    True: "Being made",
}


def _running(job: Job, standing: Standing) -> str:
    stage = _STAGES[standing.processing]
    since = f" · sent {ago(job.running_at)}" if job.running_at else ""
    if not standing.expected_s or job.running_at is None:
        return f"{stage}{since}"
    percent = percent_done(standing.elapsed_s, standing.expected_s)
    if percent is None:
        late = f"Usually done after {about(standing.expected_s)}; this one takes longer."
        return f"{bar_until_done(1)}\n{stage}{since}\n{late}"
    ready = ago(job.running_at + timedelta(seconds=standing.expected_s))
    drawn = bar_until_done(percent / _WHOLE_PERCENT)
    return f"{drawn} about {percent} %\n{stage}{since} · usually ready {ready}"


def _delivered(job: Job) -> str:
    # The card is for everybody in the channel; a link into direct messages is dead for others.
    if was_sent_directly(job):
        return "Sent to you by direct message."
    return f"[Jump to the video]({result_link(job)})"


def _failed(job: Job) -> str:
    if job.failure is None:
        return given_back(job)
    if job.failure is FailureReason.NOT_FOUND and job.restored_at is not None:
        return f"{_NOT_SENT_BEFORE} {given_back(job)}"
    words = FAILURE_WORDS[job.failure]
    return f"**{words.why}**\n{words.what_to_do} {given_back(job)}"


_KEPT = "the video is kept for up to a week, and costs nothing."


def _undelivered(job: Job) -> str:
    """Return why the video stayed behind, and what its member can do to get it."""
    back = given_back(job)
    if job.failure is FailureReason.INTERNAL:
        return (
            "**Something went wrong in the bot itself: the video is made, but was not posted.**\n"
            f"{back} Choose **Send again** soon, which costs nothing: the video service keeps it "
            "for an hour. If that fails, too, tell a moderator this job's number."
        )
    if job.failure is not None:
        return _failed(job)
    if job.guild_id is None:
        return (
            f"The video is made, but Discord did not let it through to you. {back} Unblock this "
            "bot, or be on a server with it that you allow direct messages from, then choose "
            f"**Send again** here or in `/jobs`: {_KEPT}"
        )
    return (
        "The video is made, but it could be posted neither here nor in a direct message. "
        f"{back} Ask a moderator to let the bot send messages and files here, or allow direct "
        f"messages, then choose **Send again** here or in `/jobs`: {_KEPT}"
    )


def removal_text(job: Job) -> str:
    """Return why a moderator removed a video, and what came of its credits."""
    credits_words = credits_text(job.price_credits)
    back = "were given back" if job.refunded_at is not None else "were not given back"
    why = quote(job.removal_reason or "No reason given.", _REASON_LIMIT)
    return f"{why}\nIts {credits_words} {back}."


def given_back(job: Job) -> str:
    """Return what came of the credits of a job that ended without a video."""
    if job.queued_at is None:
        return "Nothing had been charged."  # a moderator never let it in
    return f"Your {credits_text(job.price_credits)} came back."


def has_video(job: Job) -> bool:
    """Tell whether there is a message with the video to look at."""
    return job.state is JobState.DELIVERED and job.removed_at is None


def was_sent_directly(job: Job) -> bool:
    """Tell whether the video of a job in a server went by direct message, to its member alone."""
    return job.guild_id is not None and job.result_direct


def result_link(job: Job) -> str:
    """Return the address of the message with the video (of the card, as long as there is none).

    After `was_sent_directly` it works for the member alone.
    """
    server = "@me" if job.guild_id is None or was_sent_directly(job) else job.guild_id
    channel_id = job.result_channel_id or job.channel_id
    message_id = job.result_message_id or job.card_message_id or job.id
    return f"https://discord.com/channels/{server}/{channel_id}/{message_id}"
