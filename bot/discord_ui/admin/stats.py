"""The page of `/video-admin stats`. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import discord
from discord import ui

from bot.discord_ui.admin.items import button, row
from bot.discord_ui.admin.parts import text
from bot.discord_ui.admin.words import mention
from bot.discord_ui.boxes import BLURPLE, YELLOW, Box, view_of
from bot.discord_ui.looks import LOOKS
from bot.discord_ui.settings_words import model_title
from bot.discord_ui.words import about
from bot.i18n import N_, gettext, ngettext, number_text
from bot.job import JobState
from bot.jobs.report_desk import Book, Report
from bot.statistics import Statistics, Totals
from bot.words import credits_text, days_text, videos_text

_LINES = 12
_BUTTONS: tuple[tuple[str, Book], ...] = (
    (N_("Ledger as CSV"), "ledger"),
    (N_("Audit log as CSV"), "audit"),
)


def stats_page(report: Report, *, pictures: int) -> ui.LayoutView:
    """Return the page; its pictures, if there are any, are attached by their `picture_name`."""
    box: Box = ui.Container(accent_colour=BLURPLE if pictures else YELLOW)
    found = report.statistics
    text(box, _heading(report))
    for number in range(pictures):
        picture = discord.MediaGalleryItem(
            f"attachment://{picture_name(number)}",
            description=_alt(report, number, pictures),
        )
        box.add_item(ui.MediaGallery(picture))
    if not pictures:
        text(box, gettext("⚠️ The chart could not be drawn just now; these are its numbers."))
    text(box, "\n".join(_whole(found)))
    if found.by_model:
        models = [(model_title(slug), totals) for slug, totals in found.by_model]
        members = [(mention("user", who), totals) for who, totals in found.top_members]
        text(box, _ranking(gettext("By model"), models))
        text(box, _ranking(gettext("Top members"), members))
    books = (button(gettext(label), "csv", book, report.days) for label, book in _BUTTONS)
    box.add_item(row(*books))
    text(box, gettext("-# The files are of as many days, for a spreadsheet. Only you see this."))
    return view_of(box)


def picture_name(number: int) -> str:
    """Return the file name of a picture."""
    return f"statistics-{number + 1}.png"


def _heading(report: Report) -> str:
    found = report.statistics
    heading = gettext("Videos of today")
    if report.days != 1:
        words = ngettext("Videos of the last {n} day", "Videos of the last {n} days", report.days)
        heading = words.format(n=number_text(report.days))
    first, last = found.first_day, found.last_day
    dates = f"{first}" if first == last else _range(f"{first}", f"{last}")
    small = gettext("-# {dates}; days begin in {zone}").format(dates=dates, zone=report.zone)
    return f"### 📊 {heading}\n{small}"


def _range(first: str, last: str) -> str:
    return gettext("{first} to {last}").format(first=first, last=last)


def _whole(found: Statistics) -> Iterator[str]:
    if not found.states:
        yield gettext("Nobody asked for a video in these days.")
        return
    videos, cost = videos_text(found.total.jobs), _cost(found.total)
    if found.members:
        words = ngettext(
            "**{videos}** of {n} member · {cost}",
            "**{videos}** of {n} members · {cost}",
            found.members,
        )
        yield words.format(videos=videos, n=number_text(found.members), cost=cost)
    else:
        yield f"**{videos}** · {cost}"
    if found.forgotten:
        words = gettext(
            "-# Of {videos} no name is kept any more: too old, or deleted by the member."
        )
        yield words.format(videos=videos_text(found.forgotten))
    if found.total.jobs:
        yield f"-# {_where_usd_come_from(found.total)}"
    if found.success is not None:
        words = gettext("{share} of those sent were delivered")
        yield words.format(share=_percent(found.success))
    states = (state for state in JobState if found.states.get(state))
    yield " · ".join(
        f"{LOOKS[state].symbol} {gettext(_STATES[state])} {number_text(found.states[state])}"
        for state in states
    )
    if found.waiting_median_s is not None and found.waiting_p90_s is not None:
        yield gettext("From queue to video: half took {half} at most, nine in ten {most}").format(
            half=about(found.waiting_median_s), most=about(found.waiting_p90_s)
        )
    day, most = max(found.by_day, key=lambda one: one[1].jobs)
    if most.jobs and len(found.by_day) > 1:
        words = gettext("The busiest day was {day}: {totals}")
        yield words.format(day=day, totals=_totals(most))


def _ranking(title: str, parts: Sequence[tuple[str, Totals]]) -> str:
    lines = [f"{name}: {_totals(totals)}" for name, totals in parts[:_LINES]]
    if len(parts) > _LINES:
        words = gettext("and {n} more")
        lines.append(words.format(n=number_text(len(parts) - _LINES)))
    return "\n".join((f"**{title}**", *lines))


_STATES: Mapping[JobState, str] = {
    JobState.AWAITING_APPROVAL: N_("awaiting approval"),
    JobState.QUEUED: N_("queued"),
    JobState.SUBMITTING: N_("submitting"),
    JobState.UNCERTAIN: N_("uncertain"),
    JobState.RUNNING: N_("running"),
    JobState.FINISHED: N_("finished"),
    JobState.DELIVERED: N_("delivered"),
    JobState.UNDELIVERED: N_("undelivered"),
    JobState.FAILED: N_("failed"),
    JobState.CANCELLED: N_("cancelled"),
    JobState.DENIED: N_("denied"),
    JobState.DROPPED: N_("dropped"),
}


def _totals(totals: Totals) -> str:
    return f"{videos_text(totals.jobs)} · {_cost(totals)}"


def _cost(totals: Totals) -> str:
    nearly = "≈ " if totals.usd_estimated else ""
    return f"{credits_text(totals.credits)} · {nearly}{_usd(totals.usd)} USD"


def _usd(usd: Decimal) -> str:
    return number_text(usd, decimals=2)


def _where_usd_come_from(totals: Totals) -> str:
    if not totals.usd_estimated:
        return gettext("USD: what the video service really charged.")
    if totals.usd_estimated == totals.usd:
        return gettext("≈ USD: estimated; the video service has not told what it really charged.")
    return gettext(
        "≈ USD: {usd} of them are estimated; the video service has not told what it really "
        "charged for those videos."
    ).format(usd=_usd(totals.usd_estimated))


def _percent(share: float) -> str:
    """Return "94.5 %"; what is not all never looks like it."""
    return f"{number_text(math.floor(1000 * share) / 10)} %"


def _alt(report: Report, number: int, pictures: int) -> str:
    """Return the picture in words, for who cannot see it."""
    found = report.statistics
    return gettext(
        "Bar charts: videos, credits and USD of each of {days}, credits by model and of the top "
        "members; {videos}, {credits}, {usd} USD in all. (picture {number} of {pictures})"
    ).format(
        days=days_text(report.days),
        videos=videos_text(found.total.jobs),
        credits=credits_text(found.total.credits),
        usd=_usd(found.total.usd),
        number=number + 1,
        pictures=pictures,
    )
