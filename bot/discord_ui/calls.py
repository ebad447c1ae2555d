"""Calls to Discord about a job's video, with their errors as those of `bot.jobs.ports`."""

import logging
from collections.abc import Awaitable
from typing import TypeVar

import discord

from bot.discord_ui.verdicts import DISCORD_ERRORS, Verdict, verdict
from bot.job import Job
from bot.jobs.ports import CannotPostError, PostLaterError, TooLargeToPostError

log = logging.getLogger(__name__)

T = TypeVar("T")
# What may be attached in a direct message, and everywhere else at least.
DEFAULT_LIMIT_BYTES = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES


def channel_of(client: discord.Client, job: Job, channel_id: int) -> discord.PartialMessageable:
    """Return a channel of the job's server (or direct messages), known or not."""
    return client.get_partial_messageable(channel_id, guild_id=job.guild_id)


async def direct_channel(client: discord.Client, job: Job) -> discord.DMChannel | None:
    """Open the direct messages with the member; None when they cannot be opened."""
    try:
        return await translated(client.create_dm(discord.Object(job.user_id)))
    except CannotPostError as error:
        log.info("job %s: no direct messages: %s", job.id, error)
        return None


def mentioning(job: Job) -> discord.AllowedMentions:
    """Return whom a message with a video may notify: its member, whatever else it says."""
    return discord.AllowedMentions(
        everyone=False, roles=False, users=[discord.Object(job.user_id)], replied_user=False
    )


async def translated(call: Awaitable[T], size_bytes: int = 0) -> T:
    """Await a call to Discord; raise its errors as those of `bot.jobs.ports`."""
    try:
        return await call
    except DISCORD_ERRORS as error:
        match verdict(error):
            case Verdict.TOO_LARGE:
                # What was known of the limit was wrong: no channel takes less than this.
                lower = DEFAULT_LIMIT_BYTES if size_bytes > DEFAULT_LIMIT_BYTES else None
                raise TooLargeToPostError(str(error), fits_bytes=lower) from error
            case Verdict.REFUSED:
                raise CannotPostError(str(error)) from error
            case Verdict.LATER:
                raise PostLaterError(str(error)) from error
