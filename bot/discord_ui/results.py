"""The message that carries a finished video: pure views, and plain ones for where those fail."""

from dataclasses import dataclass

import discord
from discord import ui

from bot.discord_ui.boxes import Box, view_of
from bot.discord_ui.limits import ALT_TEXT_CHARS, CONTENT_CHARS
from bot.discord_ui.looks import LOOKS, heading
from bot.discord_ui.marks import mark
from bot.discord_ui.result_actions import result_controls
from bot.discord_ui.result_links import has_video, result_link, was_sent_directly
from bot.discord_ui.settings_words import facts_lines, model_title
from bot.discord_ui.words import cut, one_line, quote, units
from bot.i18n import gettext
from bot.job import Job, JobState
from bot.jobs.ports import Link
from bot.pricing import PriceTable
from bot.words import ago, at

_PROMPT_LIMIT = 240
_LEAST_PROMPT = 20


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How a video comes to its member.

    Attributes:
        link: Where it can be had, when it is too large to be attached.
        smaller: Whether a smaller copy is attached.
        original: Where the video itself can be had then; None: nowhere any more.
        direct: Whether it goes to the member alone, because the channel did not take it.
        parent: The job that this one was made from.
    """

    link: Link | None = None
    smaller: bool = False
    original: Link | None = None
    direct: bool = False
    parent: Job | None = None


AS_IT_IS = Delivery()


def file_name(job: Job) -> str:
    """Return the attachment's name: model and seed, by which the video can be made again."""
    return f"{job.model}-{job.seed}.mp4"


def alt_text(job: Job) -> str:
    """Return what the video shows, for who cannot see it: at most 1,024 characters, plain."""
    words = gettext("Video made with {model}: {prompt}")
    return cut(
        words.format(model=model_title(job.model), prompt=one_line(job.prompt)), ALT_TEXT_CHARS
    )


def result_view(job: Job, prices: PriceTable, delivery: Delivery = AS_IT_IS) -> ui.LayoutView:
    """Return the message: for whom, the video, what makes it again, and what to do with it."""
    look = LOOKS[JobState.DELIVERED]
    box: Box = ui.Container(accent_colour=look.colour)
    box.add_item(ui.TextDisplay(heading(look)))
    box.add_item(ui.TextDisplay(_words(job, delivery)))
    if delivery.link is None:
        box.add_item(
            ui.MediaGallery(
                discord.MediaGalleryItem(
                    f"attachment://{file_name(job)}", description=alt_text(job)
                )
            )
        )
    box.add_item(ui.TextDisplay(quote(job.prompt, _PROMPT_LIMIT)))
    box.add_item(ui.TextDisplay("\n".join((*_lineage(job, delivery), _facts(job)))))
    for row in result_controls(job, prices, attached=delivery.link is None):
        box.add_item(ui.ActionRow(*row))
    return view_of(box)


def plain_content(job: Job, delivery: Delivery = AS_IT_IS) -> str:
    """Return the same as text of at most 2,000 characters, beside the attached video.

    The prompt takes what room the rest leaves.
    """
    words = _words(job, delivery)
    facts = "\n".join((*_lineage(job, delivery), _facts(job)))
    room = CONTENT_CHARS - units(words) - units(facts) - 2
    if room < _LEAST_PROMPT:
        return f"{words}\n{facts}"
    return f"{words}\n{quote(job.prompt, min(_PROMPT_LIMIT, room))}\n{facts}"


def plain_view(job: Job, prices: PriceTable, delivery: Delivery = AS_IT_IS) -> ui.View:
    """Return the controls that go with `plain_content`."""
    view = ui.View(timeout=None)
    rows = result_controls(job, prices, attached=delivery.link is None)
    for number, row in enumerate(rows):
        for item in row:
            item.row = number
            view.add_item(item)
    return view


def _words(job: Job, delivery: Delivery) -> str:
    """Return for whom the video is, how it comes, and until when."""
    member, link, original = f"<@{job.user_id}>", delivery.link, delivery.original
    lines = []
    if delivery.direct:
        lines.append(
            gettext("It could not be posted in {channel}.").format(channel=f"<#{job.channel_id}>")
        )
    if link is not None:
        words = gettext(
            "{member} your video is ready, but too large to attach here: "
            "[watch or save it](<{url}>) until {date} ({clock}); then the link stops working."
        )
        end = link.expires_at
        lines.append(words.format(member=member, url=link.url, date=at(end), clock=ago(end)))
        return "\n".join(lines)
    lines.append(gettext("{member} your video is ready.").format(member=member))
    if original is not None:
        words = gettext(
            "This is a smaller copy that fits here: [the original](<{url}>) can be saved until "
            "{date} ({clock})."
        )
        end = original.expires_at
        lines.append(words.format(url=original.url, date=at(end), clock=ago(end)))
    elif delivery.smaller:
        lines.append(gettext("This is a smaller copy that fits here; the original is gone."))
    return "\n".join(lines)


def _facts(job: Job) -> str:
    model, facts, seed = facts_lines(job)
    return f"-# {model}\n-# {facts}\n-# {seed} · {mark(job)}"


def _lineage(job: Job, delivery: Delivery) -> tuple[str, ...]:
    """Return the line about what it was made from; without a mark, which is for this job."""
    if job.parent_id is None:
        return ()
    parent = delivery.parent
    if parent is None or not _can_be_seen(parent, job):
        return ("-# ↪ " + gettext("Made from an earlier video"),)
    words = gettext("Made from [this video]({link})").format(link=result_link(parent))
    return (f"-# ↪ {words}",)


def _can_be_seen(parent: Job, job: Job) -> bool:
    """Tell whether those who see a job's video can follow a link to its parent's."""
    same_place = parent.guild_id == job.guild_id and (
        job.guild_id is not None or parent.user_id == job.user_id
    )
    return same_place and has_video(parent) and not was_sent_directly(parent)
