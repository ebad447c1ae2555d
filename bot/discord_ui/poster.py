"""Puts finished videos in front of the member: reply, link, direct message; and looks first.

It also takes them away again.
"""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import discord

from bot.discord_ui.results import file_name, link_content, mark, result_content
from bot.discord_ui.verdicts import CANNOT_REPLY_CODES, DISCORD_ERRORS, Verdict, verdict
from bot.job import Job
from bot.jobs.ports import (
    CannotPostError,
    Posted,
    PostLaterError,
    TooLargeToPostError,
    VideoFile,
)

log = logging.getLogger(__name__)

_HISTORY_LENGTH = 100
# Discord's clock and ours.
_CLOCK_SKEW = timedelta(minutes=2)
T = TypeVar("T")
# What may be attached in a direct message.
_DIRECT_LIMIT_BYTES = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES


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

        Looks at the 100 messages after the first try to post, in the channel and then in the
        member's direct messages; at all of them for a job of a restored backup, because its
        first try may be long ago. A channel that cannot be read is taken as empty: Discord's
        nonce still keeps a repeated post from appearing twice there.

        Raises:
            PostLaterError: Discord is in trouble.
        """
        after = _first_possible(job)
        found = await self._search(job, after, self._channel(job))
        if found is None and job.guild_id is not None and job.delivering_at is not None:
            found = await self._search(job, after, await self._direct_channel(job))
        return found

    async def post_video(self, job: Job, video: VideoFile) -> Posted:
        """Reply to the card with the file.

        Raises:
            TooLargeToPostError: over the known limit, or Discord says so.
            CannotPostError: channel gone, no permission.
            PostLaterError: Discord is in trouble.
        """
        if video.size_bytes > self._limit_bytes(job):
            raise TooLargeToPostError(f"{video.size_bytes} bytes")
        return await self._post(job, self._channel(job), self._reply(job, video=video))

    async def post_link(self, job: Job, url: str, *, expires_at: datetime) -> Posted:
        """Reply to the card with a link and how long it works; errors as `post_video`."""
        content = link_content(job, url, expires_at)
        return await self._post(job, self._channel(job), self._reply(job, content=content))

    async def send_direct(
        self, job: Job, video: VideoFile, url: str, expires_at: datetime
    ) -> Posted:
        """Send the video, or when it is too large the link, to the member alone.

        Raises:
            CannotPostError: the member takes no direct messages.
            PostLaterError: Discord is in trouble.
        """
        channel = await self._direct_channel(job)
        if channel is None:
            raise CannotPostError("the member takes no direct messages")
        note = f"It could not be posted in <#{job.channel_id}>.\n" if job.guild_id else ""
        link = _Post(content=note + link_content(job, url, expires_at))
        if video.size_bytes > _DIRECT_LIMIT_BYTES:
            return await self._post(job, channel, link)
        file = _Post(content=note + result_content(job), video=video, file_name=file_name(job))
        try:
            return await self._post(job, channel, file)
        except TooLargeToPostError:
            return await self._post(job, channel, link)

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

    def _channel(self, job: Job) -> discord.abc.Messageable:
        return self._client.get_partial_messageable(job.channel_id, guild_id=job.guild_id)

    async def _direct_channel(self, job: Job) -> discord.DMChannel | None:
        """Open the direct messages with the member; None when they cannot be opened."""
        try:
            return await _translated(self._client.create_dm(discord.Object(job.user_id)))
        except CannotPostError as error:
            log.info("job %s: no direct messages: %s", job.id, error)
            return None

    def _limit_bytes(self, job: Job) -> int:
        guild = self._client.get_guild(job.guild_id) if job.guild_id else None
        if guild is None:
            return job.upload_limit_bytes
        return min(job.upload_limit_bytes, guild.filesize_limit)

    def _reply(self, job: Job, *, video: VideoFile | None = None, content: str = "") -> _Post:
        reference = None
        if job.card_message_id is not None:
            reference = discord.MessageReference(
                message_id=job.card_message_id,
                channel_id=job.channel_id,
                guild_id=job.guild_id,
                fail_if_not_exists=False,
            )
        return _Post(
            content=content or result_content(job),
            video=video,
            file_name=file_name(job),
            reference=reference,
        )

    async def _post(self, job: Job, channel: discord.abc.Messageable, post: _Post) -> Posted:
        try:
            return await _translated(self._send(job, channel, post))
        except CannotPostError as error:
            refusal = error.__cause__
            may_not_reply = (
                post.reference is not None
                and isinstance(refusal, discord.HTTPException)
                and refusal.code in CANNOT_REPLY_CODES
            )
            if not may_not_reply:
                raise
            plain = _Post(content=post.content, video=post.video, file_name=post.file_name)
            return await _translated(self._send(job, channel, plain))

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
        self, job: Job, after: discord.Object, channel: discord.abc.Messageable | None
    ) -> Posted | None:
        if channel is None:
            return None
        try:
            return await _translated(self._found(job, after, channel))
        except CannotPostError as error:
            log.info("job %s: a channel cannot be searched: %s", job.id, error)
            return None

    async def _found(
        self, job: Job, after: discord.Object, channel: discord.abc.Messageable
    ) -> Posted | None:
        limit = _HISTORY_LENGTH if job.restored_at is None else None
        history = channel.history(limit=limit, after=after, oldest_first=True)
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


def _place(message: discord.Message) -> Posted:
    return Posted(channel_id=message.channel.id, message_id=message.id)


async def _translated(call: Awaitable[T]) -> T:
    """Await a call to Discord; raise its errors as those of `bot.jobs.ports`."""
    try:
        return await call
    except DISCORD_ERRORS as error:
        match verdict(error):
            case Verdict.TOO_LARGE:
                raise TooLargeToPostError(str(error)) from error
            case Verdict.REFUSED:
                raise CannotPostError(str(error)) from error
            case Verdict.LATER:
                raise PostLaterError(str(error)) from error
