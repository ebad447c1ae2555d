"""The answers to /jobs: a member's own jobs, and one of them in full. Pure views."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from discord import ui
from discord.app_commands import Choice

from bot.catalogue import JsonScalar
from bot.discord_ui.boxes import Box, view_of
from bot.discord_ui.buttons import JobButton
from bot.discord_ui.cards import add_buttons, can_be_sent, state_text
from bot.discord_ui.limits import CHOICE_NAME_CHARS, CHOICES
from bot.discord_ui.looks import LOOKS, look_of
from bot.discord_ui.result_links import has_video, result_link, was_sent_directly
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import cut, excerpt, one_line, quote, units
from bot.i18n import N_, gettext, number_text
from bot.job import RELEASING, Job, JobState
from bot.jobs.ports import Standing
from bot.words import ago, at, clock, credits_text, option_name

# Three components each (section, text, button): with heading and container under 40.
LIST_LENGTH = 8
_LIST_PROMPT = 80
_PAGE_PROMPT = 1200
_VALUE_LIMIT = 300
_FAMILY_LIMIT = 5
# A clock without a date is understood as the next such time after the date before it.
_SAME_DAY = timedelta(hours=12)

# What happened when; each is followed by a clock.
_STEPS = (
    (N_("asked {when}"), "created_at"),
    (N_("sent {when}"), "submitting_at"),
    (N_("accepted {when}"), "running_at"),
    (N_("made {when}"), "finished_at"),
    (N_("ended {when}"), "ended_at"),
)


def jobs_page(jobs: Sequence[Job]) -> ui.LayoutView:
    """Return a member's newest jobs, each with a button for its details, or to send it again."""
    box: Box = ui.Container(accent_colour=LOOKS[JobState.RUNNING].colour)
    if not jobs:
        box.add_item(
            ui.TextDisplay(
                gettext("### No videos yet\n`/animate` and `/t2v` make one; `/help` says how.")
            )
        )
    else:
        box.add_item(ui.TextDisplay(gettext("### Your videos, newest first")))
    for job in jobs[:LIST_LENGTH]:
        button = JobButton("send", job.id) if can_be_sent(job) else JobButton("show", job.id)
        box.add_item(ui.Section(_line(job), accessory=button))
    if len(jobs) > LIST_LENGTH:
        box.add_item(
            ui.TextDisplay(
                gettext("-# Older ones: type `/jobs {option}:` and choose.").format(
                    option=option_name("job")
                )
            )
        )
    return view_of(box)


def _line(job: Job) -> str:
    look = look_of(job)
    link = ""
    if has_video(job):
        link = " · " + gettext("[open]({link})").format(link=result_link(job))
    title = f"{look.symbol} **{gettext(look.title)}**"
    return (
        f"{title} · {model_title(job.model)} · {ago(job.created_at)}{link}\n"
        f"{excerpt(job.prompt, _LIST_PROMPT)}\n-# {_mark(job)}"
    )


def _mark(job: Job) -> str:
    return gettext("job `{id}`").format(id=job.id)


def job_choices(jobs: Sequence[Job], typed: str) -> list[Choice[str]]:
    """Return the jobs whose name or number contains what was typed, for an autocomplete list."""
    choices = [Choice(name=job_choice(job), value=str(job.id)) for job in jobs[:CHOICES]]
    wanted = typed.strip().casefold()
    return [one for one in choices if wanted in one.name.casefold() or wanted in one.value]


def job_choice(job: Job) -> str:
    """Return a job's name in an autocomplete list: at most 100 characters, plain text."""
    title = gettext(look_of(job).title)
    name = f"{title} · {model_title(job.model)} · {one_line(job.prompt)}"
    return cut(name, CHOICE_NAME_CHARS)


def job_page(
    job: Job, *, parent: Job | None = None, children: Sequence[Job] = (), own: bool = True
) -> ui.LayoutView:
    """Return everything about one job, and what can be done about it.

    Args:
        job: The job.
        parent: What it was made from, if the reader may know it.
        children: What was made from it, as far as the reader may know.
        own: Whether the reader asked for it: others have no buttons to cancel or send it, and
            no links into its member's direct messages.
    """
    look = look_of(job)
    box: Box = ui.Container(accent_colour=look.colour)
    for text in (
        f"### {look.symbol} {gettext(look.title)} · {model_title(job.model)}",
        quote(job.prompt, _PAGE_PROMPT),
        _state(job, own=own),
        _times(job),
        gettext("**Sent to the model**") + "\n" + _parameters(job),
        _family(job, parent, children, own=own),
        _facts(job, own=own),
    ):
        if text:
            box.add_item(ui.TextDisplay(text))
    if own:
        add_buttons(box, job)
    return view_of(box)


def _facts(job: Job, *, own: bool) -> str:
    facts = f"{facts_text(job)}{_refund(job)} · {_mark(job)}"
    return f"-# {facts}" if own else f"-# <@{job.user_id}> · {facts}"


def _state(job: Job, *, own: bool) -> str:
    """The card's words; a link to direct messages works for the member alone."""
    link = ""
    if own and has_video(job) and was_sent_directly(job):
        link = " " + gettext("[Jump to the video]({link})").format(link=result_link(job))
    return state_text(job, Standing()) + link


def _family(job: Job, parent: Job | None, children: Sequence[Job], *, own: bool) -> str:
    lines = []
    if parent is not None:
        lines.append(gettext("Made from {video}").format(video=_relative(parent, own=own)))
    elif job.parent_id is not None:
        lines.append(gettext("Made from a video of another place"))
    if children:
        links = ", ".join(_relative(child, own=own) for child in children[:_FAMILY_LIMIT])
        more = len(children) - _FAMILY_LIMIT
        lines.append(gettext("Made from this one: {videos}").format(videos=links))
        if more > 0:
            text = gettext("and {n} more")
            lines[-1] += " " + text.format(n=number_text(more))
    return "\n".join(lines)


def _relative(job: Job, *, own: bool) -> str:
    """Return a job of the family, as a link where the reader can follow it."""
    private = job.guild_id is None or was_sent_directly(job)
    if not has_video(job) or (private and not own):
        return _mark(job)
    words = gettext("the video of {when}").format(when=ago(job.created_at))
    return f"{words} ([{gettext('jump')}]({result_link(job)}))"


def exact_parameters(job: Job) -> str | None:
    """Return all parameters as JSON when the page had to cut some, else None."""
    cut = units(quote(job.prompt, 1_000_000)) > _PAGE_PROMPT or any(
        units(_value(value, 1_000_000)) > _VALUE_LIMIT for _, value in _shown(job)
    )
    if not cut:
        return None
    exact = {name: _unsigned(value) for name, value in job.parameters.items()}
    return json.dumps(exact, ensure_ascii=False, indent=2)


def _shown(job: Job) -> list[tuple[str, JsonScalar]]:
    return [(name, value) for name, value in job.parameters.items() if name != "prompt"]


def _parameters(job: Job) -> str:
    return "\n".join(f"`{name}`: {_value(value, _VALUE_LIMIT)}" for name, value in _shown(job))


def _value(value: JsonScalar, limit: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return excerpt(str(_unsigned(value)), limit) or gettext("(empty)")


def _unsigned(value: JsonScalar) -> JsonScalar:
    """Return an address without what opens it: whoever has it whole can fetch a private file."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return value
    parts = urlsplit(value)
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + ("?…" if parts.query else "")


def _times(job: Job) -> str:
    """Return what happened when: the date once, as long as it is clear which is meant."""
    steps: list[tuple[str, datetime | None]] = [(text, getattr(job, key)) for text, key in _STEPS]
    parts, dated = [], None
    for text, when in steps:
        if when is None:
            continue
        if dated is None or when - dated >= _SAME_DAY:
            dated, shown = when, at(when)
        else:
            shown = clock(when)
        parts.append(gettext(text).format(when=shown))
    return " · ".join(parts)


def _refund(job: Job) -> str:
    if job.state not in RELEASING or job.queued_at is None:
        return ""
    back = gettext("{credits} given back").format(credits=credits_text(job.price_credits))
    return f" · {back}"
