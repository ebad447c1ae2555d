"""The card that asks moderators about a job, and the form for their reason. Pure views."""

from collections.abc import Mapping

import discord
from discord import ui

from bot.discord_ui.admin.items import FormField, form
from bot.discord_ui.boxes import Box
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
from bot.discord_ui.looks import LOOKS
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import excerpt, moderator_words, one_line, quote
from bot.i18n import N_, gettext
from bot.job import Job, JobState
from bot.jobs.checks import REASON_CHARS
from bot.words import ago

DENY_FORM = "deny"
# A moderator decides by these words.
ROOM = Room(prompt_units=1800, negative_units=600)
_REASON_LIMIT = 2 * REASON_CHARS
_REASONS_LIMIT = 200
_MOST_REASONS = 4


def approval_card(job: Job) -> ui.LayoutView:
    """Return the card: who, prompt, picture, why it waits, the price; or what was decided."""
    waits = job.state is JobState.AWAITING_APPROVAL
    look = LOOKS[JobState.AWAITING_APPROVAL if waits else _outcome(job)]
    box: Box = ui.Container(accent_colour=look.colour)
    title = gettext("Waits for your approval") if waits else gettext(_TITLES[_outcome(job)])
    box.add_item(ui.TextDisplay(f"### {look.symbol} {title} · {model_title(job.model)}"))
    box.add_item(ui.TextDisplay(prompt_text(job, ROOM)))
    add_negative(box, job, ROOM)
    picture = picture_url(job)
    if picture is not None:
        item = discord.MediaGalleryItem(picture, description=gettext("The picture to be animated"))
        box.add_item(ui.MediaGallery(item))
    box.add_item(ui.TextDisplay(_why(job) if waits else _decision(job)))
    facts = f"{asked_text(job)} · {facts_text(job)} · {number_of(job)}"
    box.add_item(ui.TextDisplay(f"-# {facts}"))
    buttons = [LogButton(action, job.id) for action in ("approve", "deny") if waits]
    return finished_view(box, job, ROOM, buttons)


def denial_form(job: Job) -> ui.Modal:
    """Return the form that asks why; its id says which job it is about."""
    return form(str(job.id), gettext("Do not approve"), [reason_field()], verb=DENY_FORM)


def reason_field(hint: str = N_("The member is told")) -> FormField:
    """Return the field that asks why; `hint` is looked up."""
    return FormField(
        name="reason",
        label=gettext("Why?"),
        hint=gettext(hint),
        most_chars=REASON_CHARS,
        required=True,
    )


_TITLES: Mapping[JobState, str] = {
    JobState.QUEUED: N_("Approved"),
    JobState.DENIED: N_("Not approved"),
    JobState.CANCELLED: N_("Cancelled"),
}


def _outcome(job: Job) -> JobState:
    """Return what became of the question, whatever has become of the job since."""
    if job.state is JobState.DENIED:
        return JobState.DENIED
    if job.state is JobState.CANCELLED and job.decided_by is None:
        return JobState.CANCELLED
    return JobState.QUEUED


def _why(job: Job) -> str:
    reasons = job.approval_reasons[:_MOST_REASONS] or (gettext("This server's rules ask for it."),)
    # The bot's own sentences, with mentions and clocks that Discord is to show as such.
    lines = [f"- {one_line(reason)[:_REASONS_LIMIT]}" for reason in reasons]
    return f"**{gettext('Why it waits')}**\n" + "\n".join(lines)


def _decision(job: Job) -> str:
    when = ago(job.decided_at) if job.decided_at else ""
    who = moderator_words(job.decided_by)
    match _outcome(job):
        case JobState.CANCELLED:
            words = gettext("{member} took it back. There is nothing to decide any more.")
            return words.format(member=f"<@{job.user_id}>")
        case JobState.DENIED if job.decided_by is None:
            words = gettext("Denied by the bot {when}: {reason}").format(
                when=when, reason=excerpt(job.decision_reason or "", _REASON_LIMIT)
            )
        case JobState.DENIED:
            words = gettext("Denied by {moderator} {when}").format(moderator=who, when=when)
            words = f"{words.rstrip()}\n{quote(job.decision_reason or '', _REASON_LIMIT)}"
        case _:
            words = gettext("Approved by {moderator} {when}").format(moderator=who, when=when)
    return words.rstrip()
