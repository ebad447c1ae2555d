"""Puts finished videos in front of the member: reply, link, direct message; and looks first.

It also takes them away again.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any

import discord

from bot.discord_ui.absent_poster import AbsentPoster
from bot.discord_ui.calls import DEFAULT_LIMIT_BYTES, channel_of, direct_channel, translated
from bot.discord_ui.finder import ResultFinder
from bot.discord_ui.results import file_name, link_content, result_content
from bot.discord_ui.verdicts import CANNOT_REPLY_CODES
from bot.i18n import gettext, speaking
from bot.job import Job
from bot.jobs.ports import (
    CannotPostError,
    Link,
    Posted,
    TooLargeToPostError,
    VideoFile,
    Where,
)

log = logging.getLogger(__name__)


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

    def __init__(self, client: discord.Client, absent: AbsentPoster) -> None:
        """Make one; `absent` posts where the bot is not."""
        self._client = client
        self._absent = absent
        self._finder = ResultFinder(client)

    async def find_result(self, job: Job) -> Posted | None:
        """Return our message that carries this job's result; see `ResultFinder.find`."""
        if job.bot_absent and (posted := await self._absent.find(job)) is not None:
            return posted
        return await self._finder.find(job)

    async def post_video(
        self,
        job: Job,
        video: VideoFile,
        where: Where,
        *,
        smaller: bool = False,
        original: Link | None = None,
    ) -> Posted:
        """Post the file: where the job was asked for, as a reply to its card.

        Args:
            job: The job.
            video: The file.
            where: The place.
            smaller: Whether the file is a smaller copy of the video.
            original: Where the video itself can be had then; None: nowhere any more.

        Raises:
            TooLargeToPostError: over the known limit, or Discord says so.
            CannotPostError: channel gone, no permission, no direct messages.
            PostLaterError: Discord is in trouble.
        """
        limit_bytes = self._limit_bytes(job, where)
        if video.size_bytes > limit_bytes:
            raise TooLargeToPostError(f"{video.size_bytes} bytes", fits_bytes=limit_bytes)
        with speaking(job.locale):
            content = result_content(job, smaller=smaller, original=original)
        return await self._post_at(job, where, content, video)

    async def post_link(self, job: Job, link: Link, where: Where) -> Posted:
        """Post a link and how long it works; errors as `post_video`."""
        with speaking(job.locale):
            content = link_content(job, link)
        return await self._post_at(job, where, content, None)

    async def _post_at(
        self, job: Job, where: Where, content: str, video: VideoFile | None
    ) -> Posted:
        reference = None
        if job.bot_absent and where == Where.of(job):
            return await self._absent.post(job, content, video)
        asked_elsewhere = job.guild_id is not None or job.bot_absent
        if where.channel_id is None:
            channel: discord.abc.Messageable | None = await direct_channel(self._client, job)
            if channel is None:
                raise CannotPostError("the member takes no direct messages")
            if asked_elsewhere:
                with speaking(job.locale):
                    why = gettext("It could not be posted in {channel}.")
                content = f"{why.format(channel=f'<#{job.channel_id}>')}\n{content}"
        else:
            channel = channel_of(self._client, job, where.channel_id)
            if where == Where.of(job):
                reference = _card_of(job)
        post = _Post(content=content, video=video, file_name=file_name(job), reference=reference)
        posted = await self._post(job, channel, post)
        return replace(posted, direct=where.channel_id is None and asked_elsewhere)

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
            await translated(message.delete())
        except CannotPostError as error:
            if not isinstance(error.__cause__, discord.NotFound):
                raise
            log.info("job %s: its message is gone already: %s", job.id, error)

    def _limit_bytes(self, job: Job, where: Where) -> int:
        if where.channel_id is None:
            return DEFAULT_LIMIT_BYTES
        guild = self._client.get_guild(job.guild_id) if job.guild_id else None
        if guild is None:
            return job.upload_limit_bytes
        return min(job.upload_limit_bytes, guild.filesize_limit)

    async def _post(self, job: Job, channel: discord.abc.Messageable, post: _Post) -> Posted:
        size_bytes = post.video.size_bytes if post.video is not None else 0
        try:
            return await translated(self._send(job, channel, post), size_bytes)
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
            return await translated(self._send(job, channel, plain), size_bytes)

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
        return Posted(channel_id=message.channel.id, message_id=message.id)


def _card_of(job: Job) -> discord.MessageReference | None:
    if job.card_message_id is None:
        return None
    return discord.MessageReference(
        message_id=job.card_message_id,
        channel_id=job.channel_id,
        guild_id=job.guild_id,
        fail_if_not_exists=False,
    )
