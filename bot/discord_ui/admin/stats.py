"""The page of `/video-admin stats`. Pure."""

import math
from collections.abc import Iterator, Sequence

import discord
from discord import ui

from bot.discord_ui.admin.items import button, row
from bot.discord_ui.admin.parts import text
from bot.discord_ui.admin.words import mention
from bot.discord_ui.boxes import BLURPLE, YELLOW, Box, view_of
from bot.discord_ui.cards import LOOKS
from bot.discord_ui.settings_words import model_title
from bot.discord_ui.words import about
from bot.job import JobState
from bot.jobs.report_desk import Book, Report
from bot.statistics import Statistics, Totals
from bot.words import count, credits_text

_LINES = 12
_BUTTONS: tuple[tuple[str, Book], ...] = (
    ("Ledger as CSV", "ledger"),
    ("Audit log as CSV", "audit"),
)


def stats_page(report: Report, *, pictures: int) -> ui.LayoutView:
    """Return the page; its pictures, if there are any, are attached by their `picture_name`."""
    box: Box = ui.Container(accent_colour=BLURPLE if pictures else YELLOW)
    found = report.statistics
    text(box, _heading(report))
    for number in range(pictures):
        picture = discord.MediaGalleryItem(
            f"attachment://{picture_name(number)}",
            description=f"{_alt(report)} (picture {number + 1} of {pictures})",
        )
        box.add_item(ui.MediaGallery(picture))
    if not pictures:
        text(box, "⚠️ The chart could not be drawn just now; these are its numbers.")
    text(box, "\n".join(_whole(found)))
    if found.by_model:
        models = [(model_title(slug), totals) for slug, totals in found.by_model]
        members = [(mention("user", who), totals) for who, totals in found.top_members]
        text(box, _ranking("By model", models))
        text(box, _ranking("Top members", members))
    box.add_item(row(*(button(label, "csv", book, report.days) for label, book in _BUTTONS)))
    text(box, "-# The files are of as many days, for a spreadsheet. Only you see this.")
    return view_of(box)


def picture_name(number: int) -> str:
    """Return the file name of a picture."""
    return f"statistics-{number + 1}.png"


def _heading(report: Report) -> str:
    found = report.statistics
    when = "today" if report.days == 1 else f"the last {report.days} days"
    first, last = found.first_day, found.last_day
    dates = f"{first}" if first == last else f"{first} to {last}"
    return f"### 📊 Videos of {when}\n-# {dates}; days begin in {report.zone}"


def _whole(found: Statistics) -> Iterator[str]:
    if not found.states:
        yield "Nobody asked for a video in these days."
        return
    makers = f" of {count(found.members, 'member')}" if found.members else ""
    yield f"**{count(found.total.jobs, 'video')}**{makers} · {_cost(found.total)}"
    if found.forgotten:
        those = count(found.forgotten, "video")
        yield f"-# Of {those} no name is kept any more: too old, or deleted by the member."
    if found.total.jobs:
        yield f"-# {_where_usd_come_from(found.total)}"
    if found.success is not None:
        yield f"{_percent(found.success)} of those sent were delivered"
    states = (state for state in JobState if found.states.get(state))
    yield " · ".join(
        f"{LOOKS[state].symbol} {_state(state)} {found.states[state]:,}" for state in states
    )
    if found.waiting_median_s is not None and found.waiting_p90_s is not None:
        yield (
            f"From queue to video: half took {about(found.waiting_median_s)} at most, "
            f"nine in ten {about(found.waiting_p90_s)}"
        )
    day, most = max(found.by_day, key=lambda one: one[1].jobs)
    if most.jobs and len(found.by_day) > 1:
        yield f"The busiest day was {day}: {_totals(most)}"


def _ranking(title: str, parts: Sequence[tuple[str, Totals]]) -> str:
    lines = [f"{name}: {_totals(totals)}" for name, totals in parts[:_LINES]]
    if len(parts) > _LINES:
        lines.append(f"and {len(parts) - _LINES} more")
    return "\n".join((f"**{title}**", *lines))


def _state(state: JobState) -> str:
    return state.value.replace("_", " ")


def _totals(totals: Totals) -> str:
    return f"{count(totals.jobs, 'video')} · {_cost(totals)}"


def _cost(totals: Totals) -> str:
    nearly = "≈ " if totals.usd_estimated else ""
    return f"{credits_text(totals.credits)} · {nearly}{totals.usd:,.2f} USD"


def _where_usd_come_from(totals: Totals) -> str:
    if not totals.usd_estimated:
        return "USD: what the video service really charged."
    if totals.usd_estimated == totals.usd:
        return "≈ USD: estimated; the video service has not told what it really charged."
    return (
        f"≈ USD: {totals.usd_estimated:,.2f} of them are estimated; the video service has not told "
        "what it really charged for those videos."
    )


def _percent(share: float) -> str:
    """Return "94.5 %"; what is not all never looks like it."""
    return f"{math.floor(1000 * share) / 10:g} %"


def _alt(report: Report) -> str:
    """Return the picture in words, for who cannot see it."""
    found = report.statistics
    return (
        f"Bar charts: videos, credits and USD of each of {count(report.days, 'day')}, credits by "
        f"model and of the top members; {count(found.total.jobs, 'video')}, "
        f"{credits_text(found.total.credits)}, {found.total.usd:,.2f} USD in all."
    )
