"""The moderators' card of a video, its forms, and what they are told. Pure views."""

from collections.abc import Mapping

from discord import ui

from bot.discord_ui.admin.items import FormField, Press, filled_form, form
from bot.discord_ui.approval_card import approval_card, reason_field
from bot.discord_ui.boxes import Box
from bot.discord_ui.cards import can_be_sent
from bot.discord_ui.failures import FAILURE_WORDS
from bot.discord_ui.log_parts import (
    LogButton,
    Room,
    add_negative,
    asked_text,
    finished_view,
    number_of,
    picture_url,
    prompt_text,
)
from bot.discord_ui.looks import look_of
from bot.discord_ui.result_links import result_link, was_sent_directly
from bot.discord_ui.services import Interaction
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import moderator_words, quote
from bot.i18n import N_, gettext, ngettext, number_text
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
    _add_words(box, f"### {look.symbol} {gettext(look.title)} · {model_title(job.model)}", job)
    add_negative(box, job, ROOM)
    fate = _fate(job)
    if job.decided_by is not None:
        approved = gettext("Approved by {moderator}")
        fate = f"{approved.format(moderator=moderator_words(job.decided_by))}\n{fate}"
    box.add_item(ui.TextDisplay(fate))
    facts = f"{asked_text(job)} · {facts_text(job)} · {_cost(job)} · {number_of(job)}"
    box.add_item(ui.TextDisplay(f"-# {facts}"))
    return finished_view(box, job, ROOM, _buttons(job))


def _add_words(box: Box, title: str, job: Job) -> None:
    """Add title and prompt, with the picture beside them if there is one."""
    picture = picture_url(job)
    if picture is None:
        box.add_item(ui.TextDisplay(title))
        box.add_item(ui.TextDisplay(prompt_text(job, ROOM)))
        return
    thumbnail: ui.Thumbnail[ui.LayoutView] = ui.Thumbnail(
        picture, description=gettext("The picture that was animated")
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
        left.append(LogButton("refund", job.id, label=gettext("Give credits back")))
    return [*left, block]


_FATES: Mapping[JobState, str] = {
    JobState.UNDELIVERED: N_(
        "The video is made, but it could be posted neither there nor in a direct message. "
        "The credits came back. For a week its member can have it sent again, for free."
    ),
    JobState.DROPPED: N_(
        "{member} dropped it while it was being made: nobody has seen it. It cost its credits."
    ),
    JobState.CANCELLED: N_("{member} took it back before it was sent. The credits came back."),
}
_UNFINISHED = N_("Not finished yet.")


def _fate(job: Job) -> str:
    if job.removed_at is not None:
        return _removal(job)
    if job.state is JobState.DELIVERED:
        if was_sent_directly(job):
            return gettext("Sent to {member} by direct message.").format(member=f"<@{job.user_id}>")
        return gettext("[Jump to the video]({link})").format(link=result_link(job))
    if job.failure is not None:
        return f"{gettext(FAILURE_WORDS[job.failure].why)} {gettext('The credits came back.')}"
    return gettext(_FATES.get(job.state, _UNFINISHED)).format(member=f"<@{job.user_id}>")


def _removal(job: Job) -> str:
    when = ago(job.removed_at) if job.removed_at else ""
    why = quote(job.removal_reason or "", _REASON_LIMIT)
    back = gettext("The credits were not given back.")
    if job.refunded_at is not None:
        back = ngettext(
            "{n} credit was given back {when}.",
            "{n} credits were given back {when}.",
            job.price_credits,
        ).format(n=number_text(job.price_credits), when=ago(job.refunded_at))
    by = gettext("Removed by {moderator} {when}")
    lines = [by.format(moderator=moderator_words(job.removed_by), when=when).rstrip(), why, back]
    if job.result_message_id is not None:
        words = gettext("⚠️ [The message]({link}) has not been deleted yet.")
        lines.append(words.format(link=result_link(job)))
    return "\n".join(lines)


def _cost(job: Job) -> str:
    """Return what the provider charged, with two to four decimals."""
    if job.cost_usd is None:
        return gettext("real cost not known")
    needed = len(f"{job.cost_usd:.4f}".rstrip("0").partition(".")[2])
    return gettext("cost {usd} USD").format(usd=number_text(job.cost_usd, decimals=max(2, needed)))


# -- forms -----------------------------------------------------------------------------


def video_form(action: str, job: Job) -> ui.Modal:
    """Return the form of a button; its id says which job it is about."""
    if action == "block":
        duration = FormField(
            name="duration",
            label=gettext("How long?"),
            hint=gettext("such as 45 min, 3 d 12 h or 2 weeks; empty: until you unblock"),
            most_chars=_DURATION_CHARS,
        )
        return form(
            str(job.id), gettext("Block this member"), [reason_field(), duration], verb=action
        )
    if job.removed_at is not None:
        field = reason_field(N_("The log shows it"))
        return form(str(job.id), gettext("Give the credits back"), [field], verb=action)
    title = gettext("Delete this video")
    if action == "refund":
        title = gettext("Delete and give the credits back")
    return form(str(job.id), title, [reason_field()], verb=action)


def filled_video_form(interaction: Interaction) -> Press | None:
    """Return what was filled in, when the interaction is one of these forms; else None."""
    presses = (filled_form(interaction, verb) for verb in _FORMS)
    return next((press for press in presses if press is not None), None)


# -- what the moderator is told --------------------------------------------------------------


def removal_words(removal: Removal) -> str:
    """Return what is done, by whom, and what is not."""
    job = removal.job
    words = gettext("🗑️ This video is removed.")
    if not removal.removed_now:
        words = gettext("🗑️ {moderator} has removed this video {when}.").format(
            moderator=moderator_words(job.removed_by),
            when=ago(job.removed_at) if job.removed_at else "",
        )
    return f"{words}\n{_credits_words(removal)}\n{_message_words(removal)}"


def _credits_words(removal: Removal) -> str:
    job = removal.job
    if removal.credits_back:
        back = gettext("{credits} went back to {member}.").format(
            credits=credits_text(removal.credits_back), member=f"<@{job.user_id}>"
        )
        over = gettext(
            "What came from the allowance of a month that is over cannot be spent any more; "
            "`/video-admin grant` gives new credits."
        )
        return f"{back} {over}" if removal.lapsed else back
    if job.refunded_at is not None:
        words = gettext("The credits had been given back {when}.")
        return words.format(when=ago(job.refunded_at))
    return gettext("No credits went back.")


def _message_words(removal: Removal) -> str:
    if removal.job.state is JobState.UNDELIVERED:
        return gettext("It was never posted, and its member cannot have it sent any more.")
    link = result_link(removal.job)
    match removal.message:
        case Deletion.GONE:
            return gettext("The message with the video is gone.")
        case Deletion.LATER:
            return gettext(
                "⚠️ Discord could not delete [the message]({link}) just now: it is still there. "
                "Press **Delete the message** on its card in a minute."
            ).format(link=link)
        case Deletion.FORBIDDEN:
            return gettext(
                "⚠️ Discord does not let the bot delete [the message]({link}): it is still there. "
                "Let the bot see that channel (a thread must not be archived) and press **Delete "
                "the message** on its card, or delete it yourself."
            ).format(link=link)
