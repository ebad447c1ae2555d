"""The status card of a job: a pure view of the job and where it stands."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from discord import ui

from bot.catalogue import find_model
from bot.discord_ui.absence import absent_note
from bot.discord_ui.boxes import Box, view_of
from bot.discord_ui.buttons import JobButton
from bot.discord_ui.card_progress import percent_done, place_words
from bot.discord_ui.failures import (
    denied_text,
    failed_text,
    given_back,
    removal_text,
    undelivered_text,
)
from bot.discord_ui.looks import heading, look_of
from bot.discord_ui.marks import mark
from bot.discord_ui.result_links import has_video, result_link, was_sent_directly
from bot.discord_ui.settings_words import facts_lines
from bot.discord_ui.words import about, bar_until_done, quote
from bot.i18n import N_, gettext, number_text
from bot.job import FailureReason, Job, JobState, Wishes
from bot.jobs.ports import Standing
from bot.words import ago, credits_text

_PROMPT_LIMIT = 240
# Whatever is asked for fails until the bot's own people have mended it.
_NO_USE = frozenset({FailureReason.HOST_KEY, FailureReason.HOST_CREDITS})
_WHOLE_PERCENT = 100


def status_card(job: Job, standing: Standing | None = None) -> ui.LayoutView:
    """Return the card: heading, prompt, what happens now, the facts, and what can be done."""
    look = look_of(job)
    box: Box = ui.Container(accent_colour=look.colour)
    box.add_item(ui.TextDisplay(heading(look)))
    box.add_item(ui.TextDisplay(quote(job.prompt, _PROMPT_LIMIT)))
    box.add_item(ui.TextDisplay(state_text(job, standing or Standing())))
    if job.bot_absent and not job.terminal:
        box.add_item(ui.TextDisplay(absent_note(job)))
    model, facts, seed = facts_lines(job)
    whose = f"-# <@{job.user_id}> · {model}"
    box.add_item(ui.TextDisplay(f"{whose}\n-# {facts}\n-# {seed} · {mark(job)}"))
    add_buttons(box, job, tells=None if standing is None else standing.tells)
    return view_of(box)


def as_wished(job: Job, standing: Standing, wishes: Wishes | None) -> tuple[Job, Standing]:
    """Return a job on its way, and where it stands, as its member wants it now."""
    if wishes is None or job.terminal:
        return job, standing
    return replace(job, dropped_at=wishes.dropped_at), replace(standing, tells=wishes.tells)


def card_key(job: Job, standing: Standing) -> tuple[str, str]:
    """Return what tells two pictures of one job apart; quicker than drawing them."""
    return look_of(job).title, state_text(job, standing)


def add_buttons(box: Box, job: Job, *, tells: bool | None = None) -> None:
    """Add what can be done about a job: cancel it, be told of its end, have it sent or made again.

    Args:
        box: Where.
        job: The job.
        tells: Whether they are told; None: not known, and so not offered.
    """
    actions = ["send"] if can_be_sent(job) else []
    if job.state is JobState.FAILED and find_model(job.model) and job.failure not in _NO_USE:
        actions += ["again", "change"]
    if not job.terminal:
        actions += [] if job.dropping else ["cancel"]
        if tells is not None and job.guild_id is not None:
            actions.append("hush" if tells else "notify")
    if actions:
        box.add_item(ui.ActionRow(*(JobButton(action, job.id) for action in actions)))


def can_be_sent(job: Job) -> bool:
    """Tell whether its member can have the video sent again."""
    return job.state is JobState.UNDELIVERED and job.removed_at is None


def state_text(job: Job, standing: Standing) -> str:
    """Return what happens now, or what came of it."""
    match job.state:
        case _ if job.deleted_by_member:
            text = gettext("Deleted by the member who made it.")
        case _ if job.removed_at is not None:
            removed = gettext("A moderator removed this video.")
            text = f"**{removed}**\n{removal_text(job)}"
        case JobState.QUEUED:
            text = _queued(standing)
        case JobState.RUNNING if not job.dropping:
            text = _running(job, standing)
        case JobState.DELIVERED:
            text = _delivered(job)
        case JobState.FAILED:
            text = failed_text(job)
        case JobState.UNDELIVERED:
            text = undelivered_text(job)
        case JobState.UNCERTAIN if job.restored_at is not None and not job.dropping:
            text = gettext(
                "The bot went back to a backup of its data. Checking whether the video service "
                "took this one before; you will not pay twice."
            )
        case JobState.DENIED:
            text = denied_text(job)
        case _:
            text = _dropping(job) if job.dropping else _plain(job)
    return text if standing.hint is None else f"{text}\n{standing.hint}"


_PLAIN: Mapping[JobState, str] = {
    JobState.AWAITING_APPROVAL: N_("A moderator looks at it first. Nothing has been charged."),
    JobState.SUBMITTING: N_("Being handed to the video service."),
    JobState.UNCERTAIN: N_(
        "The connection broke while this was sent. Checking whether the video service took it; "
        "you will not pay twice."
    ),
    JobState.FINISHED: N_("The video is made and on its way into this channel."),
    JobState.CANCELLED: N_("Cancelled before it was sent. {back}"),
    JobState.DROPPED: N_(
        "**Dropped before it was posted.** The video was made, and cost {credits}."
    ),
}


def _plain(job: Job) -> str:
    credits_words = credits_text(job.price_credits)
    return gettext(_PLAIN[job.state]).format(back=given_back(job), credits=credits_words)


def _dropping(job: Job) -> str:
    return gettext(
        "**Dropped: it will not be posted.** The video service cannot be stopped, so it still "
        "costs {credits}; should the service fail, they come back."
    ).format(credits=credits_text(job.price_credits))


def _queued(standing: Standing) -> str:
    if standing.place is None:
        waits = gettext("Waiting for its turn.")
    else:
        waits = place_words(standing.place)
        if standing.hint is None:  # which says itself what it waits for
            waits += " " + gettext("Waiting for a free place at the video service.")
    return f"{waits}\n" + gettext("It can still be cancelled at no cost.")


_STAGES: Mapping[bool | None, str] = {
    None: N_("With the video service"),
    False: N_("Accepted, waiting for a machine"),
    True: N_("Being made"),
}


def _running(job: Job, standing: Standing) -> str:
    stage = gettext(_STAGES[standing.processing])
    if job.running_at is None:
        return stage
    stage = f"{stage} · " + gettext("sent {ago}").format(ago=ago(job.running_at))
    if not standing.expected_s:
        return stage
    percent = percent_done(standing.elapsed_s, standing.expected_s)
    if percent is None:
        late = gettext("Usually done after {span}; this one takes longer.")
        return f"{bar_until_done(1)}\n{stage}\n{late.format(span=about(standing.expected_s))}"
    drawn = bar_until_done(percent / _WHOLE_PERCENT)
    share = gettext("about {percent} %").format(percent=number_text(percent))
    moment = ago(job.running_at + timedelta(seconds=standing.expected_s))
    ready = gettext("Usually ready {ago}").format(ago=moment)
    return f"{drawn} {share}\n{stage}\n{ready}"


def _delivered(job: Job) -> str:
    # The card is for everybody in the channel; a link into direct messages is dead for others.
    if was_sent_directly(job):
        return gettext("Sent to you by direct message.")
    if not has_video(job):
        return gettext("The video is in this channel.")
    return gettext("[Jump to the video]({link})").format(link=result_link(job))
