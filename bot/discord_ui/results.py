"""The messages that carry a finished video: a pure text of at most 2,000 characters."""

import re
from collections.abc import Iterator, Sequence

import discord

from bot.discord_ui.limits import CONTENT_CHARS
from bot.discord_ui.settings_words import facts_text, model_title
from bot.discord_ui.words import quote, units
from bot.job import Job
from bot.jobs.ports import Link
from bot.words import ago, at

_PROMPT_LIMIT = 400
_LEAST_PROMPT = 20
# For a line that a direct message has before the rest.
_NOTE_ROOM = 80
_MARK = re.compile(r"job `([0-9]{1,19})`", re.ASCII)


def file_name(job: Job) -> str:
    """Return the attachment's name: model and seed, by which the video can be made again."""
    return f"{job.model}-{job.seed}.mp4"


def result_content(job: Job, *, smaller: bool = False, original: Link | None = None) -> str:
    """Return the text beside the attached video, or beside a smaller copy of it.

    Args:
        job: The job.
        smaller: Whether it is a smaller copy.
        original: Where the video itself can be had then; None: nowhere any more.
    """
    words = f"<@{job.user_id}> your video is ready."
    if smaller and original is None:
        words += "\nThis is a smaller copy that fits here; the original is gone."
    elif original is not None:
        words += (
            f"\nThis is a smaller copy that fits here: [the original](<{original.url}>) can be "
            f"saved until {at(original.expires_at)} ({ago(original.expires_at)})."
        )
    return _content(job, words)


def link_content(job: Job, link: Link) -> str:
    """Return the text with a link to a video that is too large to attach."""
    words = (
        f"<@{job.user_id}> your video is ready, but too large to attach here: "
        f"[watch or save it](<{link.url}>) until {at(link.expires_at)} "
        f"({ago(link.expires_at)}); then the link stops working."
    )
    return _content(job, words)


def mark(job: Job) -> str:
    """Return the words by which our own message is recognised after a crash."""
    return f"job `{job.id}`"


def marked_job(message: discord.Message) -> int | None:
    """Return the number of the job that one of our messages is about, by its last mark.

    A member's words cannot have a mark: they are escaped. Whether the message really belongs
    to that job is for the caller to check.
    """
    marks = [_MARK.findall(text) for text in (message.content, *_texts(message.components))]
    numbers = [number for found in marks for number in found]
    return int(numbers[-1]) if numbers else None


def _texts(components: Sequence[discord.Component]) -> Iterator[str]:
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        elif isinstance(component, discord.Container | discord.SectionComponent):
            yield from _texts(component.children)


def _content(job: Job, words: str) -> str:
    """Put prompt and facts below the words; the prompt takes what room the rest leaves."""
    facts = f"-# {model_title(job.model)} · {facts_text(job)} · {mark(job)}"
    room = CONTENT_CHARS - _NOTE_ROOM - units(words) - units(facts) - 2
    if room < _LEAST_PROMPT:
        return f"{words}\n{facts}"
    return f"{words}\n{quote(job.prompt, min(_PROMPT_LIMIT, room))}\n{facts}"
