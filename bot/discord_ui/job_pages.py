"""The answers to /jobs: a member's own jobs, and one of them in full. Pure views."""

import json
from collections.abc import Sequence
from datetime import datetime

from discord import ui

from bot.catalogue import JsonScalar
from bot.discord_ui.boxes import Box, view_of
from bot.discord_ui.buttons import JobButton
from bot.discord_ui.cards import (
    LOOKS,
    add_buttons,
    can_be_sent,
    has_video,
    look_of,
    result_link,
    state_text,
    was_sent_directly,
)
from bot.discord_ui.limits import CHOICE_NAME_CHARS
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import excerpt, one_line, quote, units
from bot.job import RELEASING, Job, JobState
from bot.jobs.ports import Standing
from bot.words import ago, at, credits_text

# Three components each (section, text, button): with heading and container under 40.
LIST_LENGTH = 8
_LIST_PROMPT = 80
_PAGE_PROMPT = 1200
_VALUE_LIMIT = 300


def jobs_page(jobs: Sequence[Job]) -> ui.LayoutView:
    """Return a member's newest jobs, each with a button for its details, or to send it again."""
    box: Box = ui.Container(accent_colour=LOOKS[JobState.RUNNING].colour)
    if not jobs:
        box.add_item(
            ui.TextDisplay("### No videos yet\n`/animate` and `/t2v` make one; `/help` says how.")
        )
    else:
        box.add_item(ui.TextDisplay("### Your videos, newest first"))
    for job in jobs[:LIST_LENGTH]:
        button = JobButton("send", job.id) if can_be_sent(job) else JobButton("show", job.id)
        box.add_item(ui.Section(_line(job), accessory=button))
    if len(jobs) > LIST_LENGTH:
        box.add_item(ui.TextDisplay("-# Older ones: type `/jobs job:` and choose."))
    return view_of(box)


def _line(job: Job) -> str:
    look = look_of(job)
    link = f" · [open]({result_link(job)})" if has_video(job) else ""
    return (
        f"{look.symbol} **{look.title}** · {model_title(job.model)} · {ago(job.created_at)}{link}\n"
        f"{excerpt(job.prompt, _LIST_PROMPT)}\n-# job `{job.id}`"
    )


def job_choice(job: Job) -> str:
    """Return a job's name in an autocomplete list: at most 100 characters, plain text."""
    name = f"{look_of(job).title} · {model_title(job.model)} · {one_line(job.prompt)}"
    return name if units(name) <= CHOICE_NAME_CHARS else name[: CHOICE_NAME_CHARS // 2] + "…"


def job_page(job: Job) -> ui.LayoutView:
    """Return everything about one job, and what can be done about it."""
    look = look_of(job)
    box: Box = ui.Container(accent_colour=look.colour)
    for text in (
        f"### {look.symbol} {look.title} · {model_title(job.model)}",
        quote(job.prompt, _PAGE_PROMPT),
        _state(job),
        _times(job),
        "**Sent to the model**\n" + _parameters(job),
        f"-# {facts_text(job)}{_refund(job)} · job `{job.id}`",
    ):
        box.add_item(ui.TextDisplay(text))
    add_buttons(box, job)
    return view_of(box)


def _state(job: Job) -> str:
    """The card's words; this page is its member's alone, so a link to direct messages works."""
    link = (
        f" [Jump to the video]({result_link(job)})"
        if has_video(job) and was_sent_directly(job)
        else ""
    )
    return state_text(job, Standing()) + link


def exact_parameters(job: Job) -> str | None:
    """Return all parameters as JSON when the page had to cut some, else None."""
    cut = units(quote(job.prompt, 1_000_000)) > _PAGE_PROMPT or any(
        units(_value(value, 1_000_000)) > _VALUE_LIMIT for _, value in _shown(job)
    )
    if not cut:
        return None
    return json.dumps(dict(job.parameters), ensure_ascii=False, indent=2)


def _shown(job: Job) -> list[tuple[str, JsonScalar]]:
    return [(name, value) for name, value in job.parameters.items() if name != "prompt"]


def _parameters(job: Job) -> str:
    return "\n".join(f"`{name}`: {_value(value, _VALUE_LIMIT)}" for name, value in _shown(job))


def _value(value: JsonScalar, limit: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return excerpt(str(value), limit) or "(empty)"


def _times(job: Job) -> str:
    steps: tuple[tuple[str, datetime | None], ...] = (
        ("asked", job.created_at),
        ("sent", job.submitting_at),
        ("accepted", job.running_at),
        ("made", job.finished_at),
        ("ended", job.ended_at),
    )
    return " · ".join(f"{name} {at(moment)}" for name, moment in steps if moment is not None)


def _refund(job: Job) -> str:
    if job.state not in RELEASING or job.queued_at is None:
        return ""
    return f" · {credits_text(job.price_credits)} given back"
