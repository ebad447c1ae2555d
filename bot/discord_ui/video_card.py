"""The moderators' card of a video, its forms, and what they are told. Pure views."""

from collections.abc import Mapping

from discord import ui

from bot.discord_ui.admin.items import FormField, Press, filled_form, form
from bot.discord_ui.approval_card import approval_card, reason_field
from bot.discord_ui.boxes import Box
from bot.discord_ui.cards import can_be_sent, look_of, result_link, was_sent_directly
from bot.discord_ui.failures import FAILURE_WORDS
from bot.discord_ui.log_parts import (
    LogButton,
    Room,
    add_negative,
    finished_view,
    picture_url,
    prompt_text,
)
from bot.discord_ui.services import Interaction
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import moderator_words, quote
from bot.i18n import N_
from bot.job import WITH_VIDEO, Job, JobState
from bot.jobs.checks import REASON_CHARS
from bot.jobs.video_desk import Deletion, Removal
from bot.words import ago, credits_text

# One card of many: what is longer is a press away.
ROOM = Room(prompt_units=600, negative_units=200)
_REASON_LIMIT = 2 * REASON_CHARS
_DURATION_CHARS = 40
_FORMS = ("delete", "refund", "block")


def moderators_card(job: Job) -> ui.LayoutView:
    """Return the card about a job in the log channel, whatever has become of the job."""
    in_question = job.queued_at is None or (job.decided_by is not None and not job.terminal)
    return approval_card(job) if in_question else video_card(job)


def video_card(job: Job) -> ui.LayoutView:
    """Return the card: who, prompt, picture, what became of it, the facts, what can be done."""
    look = look_of(job)
    box: Box = ui.Container(accent_colour=look.colour)
    _add_words(box, f"### {look.symbol} {look.title} · {model_title(job.model)}", job)
    add_negative(box, job, ROOM)
    approved = (
        f"Approved by {moderator_words(job.decided_by)}\n" if job.decided_by is not None else ""
    )
    box.add_item(ui.TextDisplay(approved + _fate(job)))
    asked = f"<@{job.user_id}> in <#{job.channel_id}> {ago(job.created_at)}"
    facts = f"{facts_text(job)} · {_cost(job)} · job `{job.id}`"
    box.add_item(ui.TextDisplay(f"-# {asked} · {facts}"))
    return finished_view(box, job, ROOM, _buttons(job))


def _add_words(box: Box, title: str, job: Job) -> None:
    """Add title and prompt, with the picture beside them if there is one."""
    picture = picture_url(job)
    if picture is None:
        box.add_item(ui.TextDisplay(title))
        box.add_item(ui.TextDisplay(prompt_text(job, ROOM)))
        return
    thumbnail: ui.Thumbnail[ui.LayoutView] = ui.Thumbnail(
        picture, description="The picture that was animated"
    )
    box.add_item(ui.Section(title, prompt_text(job, ROOM), accessory=thumbnail))


def _buttons(job: Job) -> list[LogButton]:
    block = LogButton("block", job.id)
    if can_be_sent(job):
        return [LogButton("delete", job.id), block]
    if job.state not in WITH_VIDEO:
        return [block]
    if job.removed_at is None:
        return [LogButton("delete", job.id), LogButton("refund", job.id), block]
    left = [LogButton("again", job.id)] if job.result_message_id is not None else []
    if job.refunded_at is None:
        left.append(LogButton("refund", job.id, label="Give credits back"))
    return [*left, block]


_FATES: Mapping[JobState, str] = {
    JobState.UNDELIVERED: (
        "The video is made, but it could be posted neither there nor in a direct message. "
        "The credits came back. For a week its member can have it sent again, for free."
    ),
    JobState.DROPPED: N_(
        "<@{user}> dropped it while it was being made: nobody has seen it. It cost its credits."
    ),
    JobState.CANCELLED: "<@{user}> took it back before it was sent. The credits came back.",
}


def _fate(job: Job) -> str:
    if job.removed_at is not None:
        return _removal(job)
    if job.state is JobState.DELIVERED:
        if was_sent_directly(job):
            return f"Sent to <@{job.user_id}> by direct message."
        return f"[Jump to the video]({result_link(job)})"
    if job.failure is not None:
        return f"{FAILURE_WORDS[job.failure].why} The credits came back."
    return _FATES.get(job.state, "Not finished yet.").format(user=job.user_id)


def _removal(job: Job) -> str:
    when = f" {ago(job.removed_at)}" if job.removed_at else ""
    why = quote(job.removal_reason or "", _REASON_LIMIT)
    back = "The credits were not given back."
    if job.refunded_at is not None:
        back = f"{credits_text(job.price_credits)} were given back {ago(job.refunded_at)}."
    lines = [f"Removed by {moderator_words(job.removed_by)}{when}", why, back]
    if job.result_message_id is not None:
        lines.append(f"⚠️ [The message]({result_link(job)}) has not been deleted yet.")
    return "\n".join(lines)


def _cost(job: Job) -> str:
    """Return what the provider charged, with two to four decimals."""
    if job.cost_usd is None:
        return "real cost not known"
    whole, decimals = f"{job.cost_usd:.4f}".split(".")
    return f"cost {whole}.{decimals.rstrip('0').ljust(2, '0')} USD"


# -- forms -----------------------------------------------------------------------------


def video_form(action: str, job: Job) -> ui.Modal:
    """Return the form of a button; its id says which job it is about."""
    if action == "block":
        duration = FormField(
            name="duration",
            label="How long?",
            hint="such as 45 min, 3 d 12 h or 2 weeks; empty: until you unblock",
            most_chars=_DURATION_CHARS,
        )
        return form(str(job.id), "Block this member", [reason_field(), duration], verb=action)
    if job.removed_at is not None:
        field = reason_field("The log shows it")
        return form(str(job.id), "Give the credits back", [field], verb=action)
    title = "Delete and give the credits back" if action == "refund" else "Delete this video"
    return form(str(job.id), title, [reason_field()], verb=action)


def filled_video_form(interaction: Interaction) -> Press | None:
    """Return what was filled in, when the interaction is one of these forms; else None."""
    presses = (filled_form(interaction, verb) for verb in _FORMS)
    return next((press for press in presses if press is not None), None)


# -- what the moderator is told --------------------------------------------------------------


def removal_words(removal: Removal) -> str:
    """Return what is done, by whom, and what is not."""
    job = removal.job
    words = "🗑️ This video is removed."
    if not removal.removed_now:
        when = f" {ago(job.removed_at)}" if job.removed_at else ""
        words = f"🗑️ {moderator_words(job.removed_by)} has removed this video{when}."
    return f"{words}\n{_credits_words(removal)}\n{_message_words(removal)}"


def _credits_words(removal: Removal) -> str:
    job = removal.job
    if removal.credits_back:
        over = (
            " What came from the allowance of a month that is over cannot be spent any more; "
            "`/video-admin grant` gives new credits."
        )
        back = f"{credits_text(removal.credits_back)} went back to <@{job.user_id}>."
        return back + over if removal.lapsed else back
    if job.refunded_at is not None:
        return f"The credits had been given back {ago(job.refunded_at)}."
    return "No credits went back."


def _message_words(removal: Removal) -> str:
    if removal.job.state is JobState.UNDELIVERED:
        return "It was never posted, and its member cannot have it sent any more."
    link = f"[the message]({result_link(removal.job)})"
    match removal.message:
        case Deletion.GONE:
            return "The message with the video is gone."
        case Deletion.LATER:
            return (
                f"⚠️ Discord could not delete {link} just now: it is still there. Press **Delete "
                "the message** on its card in a minute."
            )
        case Deletion.FORBIDDEN:
            return (
                f"⚠️ Discord does not let the bot delete {link}: it is still there. Let the bot "
                "see that channel (a thread must not be archived) and press **Delete the "
                "message** on its card, or delete it yourself."
            )
