"""The answer to /history: videos with their pictures, and ways to find others. Pure views."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import discord
from discord import ui

from bot.catalogue import MODELS
from bot.discord_ui.boxes import BLURPLE, Box, view_of
from bot.discord_ui.buttons import JobButton
from bot.discord_ui.cards import can_be_sent
from bot.discord_ui.history_items import Leaf, leaf_button, model_select
from bot.discord_ui.looks import look_of
from bot.discord_ui.result_links import has_video, result_link
from bot.discord_ui.settings_words import model_title
from bot.discord_ui.words import cut, excerpt, one_line
from bot.history import SEARCHED, HistoryPage, Search
from bot.i18n import gettext, number_text
from bot.job import Job
from bot.words import ago, credits_text, videos_text

# Discord takes 1,024 characters; whoever hears them read out wants less.
_ALT_CHARS = 200
_PROMPT_LIMIT = 160
_WORDS_LIMIT = 120


def history_page(page: HistoryPage, leaf: Leaf, *, in_server: bool) -> ui.LayoutView:
    """Return a page: a heading with the filter, the videos, and what leads to others.

    Its pictures are attached to the message, see `thumbnail_files`.

    Args:
        page: What was found.
        leaf: What was looked for.
        in_server: Whether it is about one server (else it is about all, and direct messages).
    """
    box: Box = ui.Container(accent_colour=BLURPLE)
    box.add_item(ui.TextDisplay("\n".join(_heading(page, leaf, in_server=in_server))))
    for job in page.jobs:
        box.add_item(_item(job, leaf, pictured=job.id in page.thumbnails))
        box.add_item(ui.ActionRow(*_buttons(job)))
    titles = [(model.slug, model.title) for model in MODELS]
    box.add_item(ui.ActionRow(model_select(leaf, titles)))
    box.add_item(ui.ActionRow(*_leafing(page, leaf)))
    return view_of(box)


def thumbnail_files(page: HistoryPage) -> list[discord.File]:
    """Return the pictures that a page shows, with their alternative texts."""
    return [
        discord.File(
            io.BytesIO(page.thumbnails[job.id]), _picture_name(job), description=_alt_text(job)
        )
        for job in page.jobs
        if job.id in page.thumbnails
    ]


def _picture_name(job: Job) -> str:
    return f"{job.id}.webp"


def _alt_text(job: Job) -> str:
    prompt = cut(one_line(job.prompt), _ALT_CHARS)
    return gettext("A picture from the video: {prompt}").format(prompt=prompt)


# -- the heading -------------------------------------------------------------------------


def _heading(page: HistoryPage, leaf: Leaf, *, in_server: bool) -> Iterator[str]:
    if leaf.channel:
        yield "### " + gettext("All members' videos in this channel")
    elif in_server:
        yield "### " + gettext("Your videos on this server")
    else:
        yield "### " + gettext("Your videos everywhere")
    yield from _filter_texts(leaf.search)
    yield _found_text(page, leaf.search)
    if page.cut:
        yield "-# " + gettext("Only the newest {n} were looked at.").format(n=number_text(SEARCHED))


def _filter_texts(search: Search) -> Iterator[str]:
    if search.model is not None:
        yield gettext("Only of the model **{model}**").format(model=model_title(search.model))
    if search.words:
        words = excerpt(search.words, _WORDS_LIMIT)
        yield gettext("Only with the words “{words}”").format(words=words)
    if search.everything:
        yield gettext("With those that are on their way, failed, cancelled or removed")


def _found_text(page: HistoryPage, search: Search) -> str:
    hits = number_text(page.hits)
    if page.has_newer or page.has_older:
        return gettext("{first} to {last} of {n} videos, newest first").format(
            first=number_text(page.first), last=number_text(page.last), n=hits
        )
    if page.jobs:
        return gettext("{videos}, newest first").format(videos=videos_text(page.hits))
    if search.model is None and not search.words:
        return gettext("No videos yet. `/animate` and `/t2v` make one.")
    return gettext("Nothing was found. Choose **All models**, or other words with **Find…**.")


# -- one video ---------------------------------------------------------------------------


def _item(job: Job, leaf: Leaf, *, pictured: bool) -> ui.Item[Any]:
    text = _text(job, leaf)
    if not pictured:
        return ui.TextDisplay(text)
    picture: ui.Thumbnail[ui.LayoutView] = ui.Thumbnail(
        f"attachment://{_picture_name(job)}", description=_alt_text(job)
    )
    return ui.Section(text, accessory=picture)


def _text(job: Job, leaf: Leaf) -> str:
    """Return the prompt, by which videos are known, the way to the video, and the facts."""
    facts = [model_title(job.model), ago(job.created_at), credits_text(job.price_credits)]
    if leaf.channel:
        facts.append(f"<@{job.user_id}>")
    return f"{excerpt(job.prompt, _PROMPT_LIMIT)}\n{_whereabouts(job)}\n-# {' · '.join(facts)}"


def _whereabouts(job: Job) -> str:
    """Return the way to the video, or why there is none."""
    if has_video(job):
        return gettext("[Jump to the video]({link})").format(link=result_link(job))
    look = look_of(job)
    return f"{look.symbol} {gettext(look.title)}"


def _buttons(job: Job) -> Iterator[JobButton]:
    if can_be_sent(job):
        yield JobButton("send", job.id)
    elif job.terminal:
        yield JobButton("again", job.id)
    yield JobButton("show", job.id)


# -- other pages -------------------------------------------------------------------------


def _leafing(page: HistoryPage, leaf: Leaf) -> Iterator[ui.Item[Any]]:
    search = replace(leaf.search, at=None, newer=False)
    newest, oldest = (page.jobs[0].id, page.jobs[-1].id) if page.jobs else (None, None)
    newer = replace(leaf, search=replace(search, at=newest, newer=True))
    older = replace(leaf, search=replace(search, at=oldest))
    other = replace(leaf, search=replace(search, everything=not search.everything))
    yield leaf_button(gettext("Newer"), "newer", newer, disabled=not page.has_newer)
    yield leaf_button(gettext("Older"), "older", older, disabled=not page.has_older)
    yield leaf_button(gettext("Find…"), "form", replace(leaf, search=search))
    label = gettext("Only with a video") if search.everything else gettext("Show all")
    yield leaf_button(label, "kind", other)
