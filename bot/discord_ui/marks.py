"""How our own messages are recognised: by the job that they are about. Pure."""

import re
from collections.abc import Iterator, Sequence

import discord

from bot.job import Job

_MARK = re.compile(r"job `([0-9]{1,19})`", re.ASCII)
# What the message with a video has, and no other that stays in a channel.
_OF_RESULT = "job:delete:{id}"


def mark(job: Job) -> str:
    """Return the words that say which job a message is about."""
    return f"job `{job.id}`"


def marked_job(message: discord.Message) -> int | None:
    """Return the number of the job that one of our messages is about, by its last mark.

    A member's words cannot have a mark: they are escaped. Whether the message really belongs
    to that job is for the caller to check.
    """
    marks = [_MARK.findall(text) for text in (message.content, *_texts(message.components))]
    numbers = [number for found in marks for number in found]
    return int(numbers[-1]) if numbers else None


def carries_result(message: discord.Message, job: Job) -> bool:
    """Tell whether one of our messages carries a job's video.

    Moderators' cards have the mark, too, so it counts only beside the button that deletes the
    video; a message of an earlier version has no buttons, and its mark is in its content.
    """
    if mark(job) in message.content:
        return True
    wanted = _OF_RESULT.format(id=job.id)
    return any(
        isinstance(part, discord.Button) and part.custom_id == wanted
        for part in _all(message.components)
    )


def _texts(components: Sequence[discord.Component]) -> Iterator[str]:
    for part in _all(components):
        if isinstance(part, discord.TextDisplay):
            yield part.content


def _all(components: Sequence[discord.Component]) -> Iterator[discord.Component]:
    for component in components:
        yield component
        if isinstance(component, discord.Container | discord.SectionComponent | discord.ActionRow):
            yield from _all(component.children)
