"""Puts finished videos in front of the member: reply, link, direct message; and looks first.

It also takes them away again.
"""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import discord

from bot.discord_ui.results import file_name, link_content, mark, result_content
from bot.discord_ui.verdicts import CANNOT_REPLY_CODES, DISCORD_ERRORS, Verdict, verdict
from bot.job import Job
from bot.jobs.ports import (
    CannotPostError,
    Link,
    Posted,
    PostLaterError,
    TooLargeToPostError,
    VideoFile,
    Where,
)

log = logging.getLogger(__name__)

_HISTORY_LENGTH = 100
# Discord's clock and ours.
_CLOCK_SKEW = timedelta(minutes=2)
T = TypeVar("T")
# What may be attached in a direct message, and everywhere else at least.
_DEFAULT_LIMIT_BYTES = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES


@dataclass(frozen=True, kw_only=True)
class _Post:
    content: str
    video: VideoFile | None = None
    file_name: str = ""
    reference: discord.MessageReference | None = None


class ChannelPoster:
    """The `Poster` of `bot.jobs.ports` and the `Remover` of `bot.jobs.moderating_ports`.

    It needs no message or member cache.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def find_result(self, job: Job) -> Posted | None:
        """Return our message that carries this job's result, if there is one.

        Looks at the 100 messages after the last try to post: in the channel, in the one where
        it was sent again, and then in the member's direct messages. A channel that cannot be
        read is taken as empty: Discord's nonce still keeps a repeated post from appearing twice
        there.

        Raises:
            PostLaterError: Discord is in trouble.
        """
        after = _first_possible(job)
        tried = (job.channel_id, job.result_channel_id or job.channel_id)
        for channel_id in dict.fromkeys(tried):
            found = await self._search(job, after, self._channel(job, channel_id))
            if found is not None:
                return found
        if job.guild_id is None or job.delivering_at is None:
            return None
        return await self._search(job, after, await self._direct_channel(job), direct=True)

    async def post_video(
        self, job: Job, video: VideoFile, where: Where, *, original: Link | None = None
    ) -> Posted:
        """Post the file: where the job was asked for, as a reply to its card.

        Args:
            job: The job.
            video: The file.
            where: The place.
            original: Where the original can be had, when the file is a smaller copy of it.

        Raises:
            TooLargeToPostError: over the known limit, or Discord says so.
            CannotPostError: channel gone, no permission, no direct messages.
            PostLaterError: Discord is in trouble.
        """
        limit_bytes = self._limit_bytes(job, where)
        if video.size_bytes > limit_bytes:
            raise TooLargeToPostError(f"{video.size_bytes} bytes", fits_bytes=limit_bytes)
        content = result_content(job, original=original)
        return await self._post_at(job, where, content, video)

    async def post_link(self, job: Job, link: Link, where: Where) -> Posted:
        """Post a link and how long it works; errors as `post_video`."""
        return await self._post_at(job, where, link_content(job, link), None)

    async def _post_at(
        self, job: Job, where: Where, content: str, video: VideoFile | None
    ) -> Posted:
        reference = None
        if where.channel_id is None:
            channel: discord.abc.Messageable | None = await self._direct_channel(job)
            if channel is None:
                raise CannotPostError("the member takes no direct messages")
            if job.guild_id is not None:
                content = f"It could not be posted in <#{job.channel_id}>.\n{content}"
        else:
            channel = self._channel(job, where.channel_id)
            if where == Where.of(job):
                reference = _card_of(job)
        post = _Post(content=content, video=video, file_name=file_name(job), reference=reference)
        posted = await self._post(job, channel, post)
        return replace(posted, direct=where.channel_id is None and job.guild_id is not None)

    async def delete_result(self, job: Job) -> None:
        """Delete the message with the video, in the channel or in direct messages.

        A message or channel that is gone already is fine.

        Raises:
            CannotPostError: Discord refuses.
            PostLaterError: Discord is in trouble.
        """
        if job.result_channel_id is None or job.result_message_id is None:
            return
        channel = self._client.get_partial_messageable(job.result_channel_id)
        message = channel.get_partial_message(job.result_message_id)
        try:
            await _translated(message.delete())
        except CannotPostError as error:
            if not isinstance(error.__cause__, discord.NotFound):
                raise
            log.info("job %s: its message is gone already: %s", job.id, error)

    def _channel(self, job: Job, channel_id: int) -> discord.abc.Messageable:
        return self._client.get_partial_messageable(channel_id, guild_id=job.guild_id)

    async def _direct_channel(self, job: Job) -> discord.DMChannel | None:
        """Open the direct messages with the member; None when they cannot be opened."""
        try:
            return await _translated(self._client.create_dm(discord.Object(job.user_id)))
        except CannotPostError as error:
            log.info("job %s: no direct messages: %s", job.id, error)
            return None

    def _limit_bytes(self, job: Job, where: Where) -> int:
        if where.channel_id is None:
            return _DEFAULT_LIMIT_BYTES
        guild = self._client.get_guild(job.guild_id) if job.guild_id else None
        if guild is None:
            return job.upload_limit_bytes
        return min(job.upload_limit_bytes, guild.filesize_limit)

    async def _post(self, job: Job, channel: discord.abc.Messageable, post: _Post) -> Posted:
        size_bytes = post.video.size_bytes if post.video is not None else 0
        try:
            return await _translated(self._send(job, channel, post), size_bytes)
        except CannotPostError as error:
            refusal = error.__cause__
            may_not_reply = (
                post.reference is not None
                and isinstance(refusal, discord.HTTPException)
                and refusal.code in CANNOT_REPLY_CODES
            )
            if not may_not_reply:
                raise
            plain = replace(post, reference=None)
            return await _translated(self._send(job, channel, plain), size_bytes)

    async def _send(self, job: Job, channel: discord.abc.Messageable, post: _Post) -> Posted:
        options: dict[str, Any] = {}
        if post.reference is not None:
            options["reference"] = post.reference
        if post.video is not None:
            # Read from disk as it is sent; discord.py closes it.
            options["file"] = discord.File(post.video.path, filename=post.file_name)
        message = await channel.send(
            post.content,
            nonce=str(job.id),
            suppress_embeds=True,
            allowed_mentions=discord.AllowedMentions(
                everyone=False,
                roles=False,
                users=[discord.Object(job.user_id)],
                replied_user=False,
            ),
            **options,
        )
        return _place(message)

    async def _search(
        self,
        job: Job,
        after: discord.Object,
        channel: discord.abc.Messageable | None,
        *,
        direct: bool = False,
    ) -> Posted | None:
        if channel is None:
            return None
        try:
            found = await _translated(self._found(job, after, channel))
            return found and replace(found, direct=direct)
        except CannotPostError as error:
            log.info("job %s: a channel cannot be searched: %s", job.id, error)
            return None

    async def _found(
        self, job: Job, after: discord.Object, channel: discord.abc.Messageable
    ) -> Posted | None:
        history = channel.history(limit=_HISTORY_LENGTH, after=after, oldest_first=True)
        async for message in history:
            if self._is_result(job, message):
                return _place(message)
        return None

    def _is_result(self, job: Job, message: discord.Message) -> bool:
        me = self._client.user
        if me is None or message.author.id != me.id or message.id == job.card_message_id:
            return False
        return str(message.nonce) == str(job.id) or mark(job) in message.content


def _first_possible(job: Job) -> discord.Object:
    """Return the id before which the result cannot be: just before the first try to post."""
    first = job.card_message_id or job.id
    if job.delivering_at is not None:
        first = max(first, discord.utils.time_snowflake(job.delivering_at - _CLOCK_SKEW))
    return discord.Object(first)


def _card_of(job: Job) -> discord.MessageReference | None:
    if job.card_message_id is None:
        return None
    return discord.MessageReference(
        message_id=job.card_message_id,
        channel_id=job.channel_id,
        guild_id=job.guild_id,
        fail_if_not_exists=False,
    )


def _place(message: discord.Message) -> Posted:
    return Posted(channel_id=message.channel.id, message_id=message.id)


async def _translated(call: Awaitable[T], size_bytes: int = 0) -> T:
    """Await a call to Discord; raise its errors as those of `bot.jobs.ports`."""
    try:
        return await call
    except DISCORD_ERRORS as error:
        match verdict(error):
            case Verdict.TOO_LARGE:
                # What was known of the limit was wrong: no channel takes less than this.
                lower = _DEFAULT_LIMIT_BYTES if size_bytes > _DEFAULT_LIMIT_BYTES else None
                raise TooLargeToPostError(str(error), fits_bytes=lower) from error
            case Verdict.REFUSED:
                raise CannotPostError(str(error)) from error
            case Verdict.LATER:
                raise PostLaterError(str(error)) from error
