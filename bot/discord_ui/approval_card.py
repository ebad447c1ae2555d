"""The card that asks moderators about a job, and the form for their reason. Pure views."""

import re
from collections.abc import Mapping
from typing import Any, Self

import discord
from discord import ui

from bot.discord_ui.admin_items import FormField, form
from bot.discord_ui.cards import LOOKS
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import ago, excerpt, moderator_words, quote, units
from bot.errors import BadInputError
from bot.job import Job, JobState
from bot.jobs.checks import REASON_CHARS

DENY_FORM = "deny"
# Of the 4,000 units that all texts of a message may have together.
_PROMPT_LIMIT = 1800
_NEGATIVE_LIMIT = 600
_REASON_LIMIT = 2 * REASON_CHARS
_REASONS_LIMIT = 200
_MOST_REASONS = 4
_URL_CHARS = 2048
_GREATEST_ID = 2**63 - 1

_LABELS: Mapping[str, tuple[str, discord.ButtonStyle]] = {
    "approve": ("Approve", discord.ButtonStyle.success),
    "deny": ("Deny", discord.ButtonStyle.danger),
    "read": ("Read all of it", discord.ButtonStyle.secondary),
}


class ApprovalButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"approval:(?P<action>approve|deny|read):(?P<id>[0-9]{1,19})",
):
    """A button about a job that waits; its meaning lives in its id, so it survives restarts.

    The view knows no services: a press becomes the client's own event `approval_button`
    (interaction, action, job id), for which a cog listens.
    """

    def __init__(self, action: str, job_id: int) -> None:
        label, style = _LABELS[action]
        custom_id = f"approval:{action}:{job_id}"
        super().__init__(ui.Button(label=label, style=style, custom_id=custom_id))
        self.action = action
        self.job_id = job_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[Any],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button that was pressed, from its id alone."""
        return cls(match["action"], job_number(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Pass the press on to whoever listens."""
        interaction.client.dispatch("approval_button", interaction, self.action, self.job_id)


def approval_card(job: Job) -> ui.LayoutView:
    """Return the card: who, prompt, picture, why it waits, the price; or what was decided."""
    waits = job.state is JobState.AWAITING_APPROVAL
    look = LOOKS[JobState.AWAITING_APPROVAL if waits else _outcome(job)]
    box: ui.Container[ui.LayoutView] = ui.Container(accent_colour=look.colour)
    title = "Waits for your approval" if waits else _TITLES[_outcome(job)]
    box.add_item(ui.TextDisplay(f"### {look.symbol} {title} · {model_title(job.model)}"))
    box.add_item(ui.TextDisplay(quote(job.prompt, _PROMPT_LIMIT)))
    if _negative(job):
        box.add_item(ui.TextDisplay(f"**Not wanted:** {excerpt(_negative(job), _NEGATIVE_LIMIT)}"))
    picture = _picture_url(job)
    if picture is not None:
        item = discord.MediaGalleryItem(picture, description="The picture to be animated")
        box.add_item(ui.MediaGallery(item))
    box.add_item(ui.TextDisplay(_why(job) if waits else _decision(job)))
    asked = f"<@{job.user_id}> in <#{job.channel_id}> {ago(job.created_at)}"
    box.add_item(ui.TextDisplay(f"-# {asked} · {facts_text(job)} · job `{job.id}`"))
    buttons = [ApprovalButton(action, job.id) for action in ("approve", "deny") if waits]
    if exact_words(job) is not None:
        buttons.append(ApprovalButton("read", job.id))
    if buttons:
        box.add_item(ui.ActionRow(*buttons))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    return view


def exact_words(job: Job) -> str | None:
    """Return prompt and negative prompt in full when the card had to cut one, else None."""
    cut = (
        units(quote(job.prompt, 1_000_000)) > _PROMPT_LIMIT
        or units(excerpt(_negative(job), 1_000_000)) > _NEGATIVE_LIMIT
    )
    if not cut:
        return None
    return f"Prompt:\n{job.prompt}\n\nNegative prompt:\n{_negative(job) or '(none)'}\n"


def denial_form(job: Job) -> ui.Modal:
    """Return the form that asks why; its id says which job it is about."""
    reason = FormField(
        name="reason",
        label="Why?",
        hint="The member is told",
        most_chars=REASON_CHARS,
        required=True,
    )
    return form(str(job.id), "Do not approve", [reason], verb=DENY_FORM)


def job_number(text: str) -> int:
    """Return a job's number from a button's or form's id.

    Raises:
        BadInputError: it is none.
    """
    if not (text.isascii() and text.isdigit()) or int(text) > _GREATEST_ID:
        raise BadInputError("This button is not one of the bot's. Nothing was changed.")
    return int(text)


_TITLES: Mapping[JobState, str] = {
    JobState.QUEUED: "Approved",
    JobState.DENIED: "Not approved",
    JobState.CANCELLED: "Cancelled",
}


def _outcome(job: Job) -> JobState:
    """Return what became of the question, whatever has become of the job since."""
    if job.state is JobState.DENIED:
        return JobState.DENIED
    if job.state is JobState.CANCELLED and job.decided_by is None:
        return JobState.CANCELLED
    return JobState.QUEUED


def _why(job: Job) -> str:
    reasons = job.approval_reasons[:_MOST_REASONS] or ("This server's rules ask for it.",)
    lines = [f"- {excerpt(reason, _REASONS_LIMIT)}" for reason in reasons]
    return "**Why it waits**\n" + "\n".join(lines)


def _decision(job: Job) -> str:
    when = f" {ago(job.decided_at)}" if job.decided_at else ""
    match _outcome(job):
        case JobState.CANCELLED:
            return f"<@{job.user_id}> took it back. There is nothing to decide any more."
        case JobState.DENIED if job.decided_by is None:
            return f"Denied by the bot{when}: {excerpt(job.decision_reason or '', _REASON_LIMIT)}"
        case JobState.DENIED:
            why = quote(job.decision_reason or "", _REASON_LIMIT)
            return f"Denied by {moderator_words(job.decided_by)}{when}\n{why}"
        case _:
            return f"Approved by {moderator_words(job.decided_by)}{when}"


def _negative(job: Job) -> str:
    return str(job.parameters.get("negative_prompt") or "")


def _picture_url(job: Job) -> str | None:
    url = str(job.parameters.get("image") or "")
    fits = url.startswith(("https://", "http://")) and len(url) <= _URL_CHARS
    return url if fits else None
