"""Puts finished videos in front of the member: reply, link, direct message; and looks first.

It also takes them away again.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any, Protocol

import discord
from discord import ui

from bot.discord_ui.absent_poster import AbsentPoster
from bot.discord_ui.calls import (
    DEFAULT_LIMIT_BYTES,
    channel_of,
    direct_channel,
    mentioning,
    translated,
)
from bot.discord_ui.finder import ResultFinder
from bot.discord_ui.results import (
    Delivery,
    alt_text,
    file_name,
    plain_content,
    plain_view,
    result_view,
)
from bot.discord_ui.verdicts import CANNOT_REPLY_CODES, INVALID_CODES
from bot.i18n import speaking
from bot.job import Job
from bot.jobs.ports import (
    CannotPostError,
    Link,
    Posted,
    TooLargeToPostError,
    VideoFile,
    Where,
)
from bot.pricing import PriceTable

log = logging.getLogger(__name__)


class Jobs(Protocol):
    """Where jobs are kept."""

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Post:
    """One way of posting a video.

    Attributes:
        plain: Whether as text with buttons below, where Discord does not take the usual view.
    """

    delivery: Delivery
    video: VideoFile | None
    reference: discord.MessageReference | None
    plain: bool = False


class ChannelPoster:
    """The `Poster` of `bot.jobs.ports` and the `Remover` of `bot.jobs.moderating_ports`.

    It needs no message or member cache.
    """

    def __init__(
        self, client: discord.Client, absent: AbsentPoster, *, prices: PriceTable, jobs: Jobs
    ) -> None:
        """Make one.

        Args:
            client: Logged in.
            absent: Posts where the bot is not.
            prices: For the models that a result offers.
            jobs: Knows what a video was made from.
        """
        self._client = client
        self._absent = absent
        self._prices = prices
        self._jobs = jobs
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
        delivery = Delivery(smaller=smaller, original=original)
        return await self._post_at(job, where, delivery, video)

    async def post_link(self, job: Job, link: Link, where: Where) -> Posted:
        """Post a link and how long it works; errors as `post_video`."""
        return await self._post_at(job, where, Delivery(link=link), None)

    async def _post_at(
        self, job: Job, where: Where, delivery: Delivery, video: VideoFile | None
    ) -> Posted:
        asked_elsewhere = job.guild_id is not None or job.bot_absent
        reference, direct = None, where.channel_id is None and asked_elsewhere
        parent = await self._jobs.get(job.parent_id) if job.parent_id is not None else None
        delivery = replace(delivery, direct=direct, parent=parent)
        if job.bot_absent and where == Where.of(job):
            return await self._absent_post(job, delivery, video)
        if where.channel_id is None:
            channel: discord.abc.Messageable | None = await direct_channel(self._client, job)
            if channel is None:
                raise CannotPostError("the member takes no direct messages")
        else:
            channel = channel_of(self._client, job, where.channel_id)
            if where == Where.of(job):
                reference = _card_of(job)
        post = _Post(delivery=delivery, video=video, reference=reference)
        return replace(await self._post(job, channel, post), direct=direct)

    async def _absent_post(self, job: Job, delivery: Delivery, video: VideoFile | None) -> Posted:
        with speaking(job.locale):
            view = result_view(job, self._prices, delivery)
        view.stop()
        return await self._absent.post(job, view, video)

    async def delete_result(self, job: Job) -> None:
        """Delete the message with the video, in the channel or in direct messages.

        A message or channel that is gone already is fine.

        Raises:
            CannotPostError: Discord refuses.
            PostLaterError: Discord is in trouble.
        """
        if job.result_channel_id is None or job.result_message_id is None:
            return
        if job.bot_absent and not job.result_direct:
            raise CannotPostError("the bot is not there: only a press on the message deletes it")
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
        """Post it; what Discord did not take because of its form, once more in an easier one."""
        size_bytes = post.video.size_bytes if post.video is not None else 0
        while True:
            try:
                return await translated(self._send(job, channel, post), size_bytes)
            except CannotPostError as error:
                easier = _easier(post, error.__cause__)
                if easier is None:
                    raise
                log.warning("job %s: posted in an easier form: %s", job.id, error)
                post = easier

    async def _send(self, job: Job, channel: discord.abc.Messageable, post: _Post) -> Posted:
        with speaking(job.locale):
            options = self._form(job, post)
        if post.reference is not None:
            options["reference"] = post.reference
        message = await channel.send(
            nonce=str(job.id),
            allowed_mentions=mentioning(job),
            **options,
        )
        return Posted(channel_id=message.channel.id, message_id=message.id)

    def _form(self, job: Job, post: _Post) -> dict[str, Any]:
        """Return the visible part of a message, as discord.py's `send` takes it."""
        form: dict[str, Any] = {}
        if post.plain:
            form |= {"content": plain_content(job, post.delivery), "suppress_embeds": True}
            view: ui.View | ui.LayoutView = plain_view(job, self._prices, post.delivery)
        else:
            view = result_view(job, self._prices, post.delivery)
        view.stop()  # its buttons live in their ids: discord.py need not keep it in memory
        form["view"] = view
        if post.video is not None:
            # Read from disk as it is sent; discord.py closes it.
            path = post.video.path
            form["file"] = discord.File(path, filename=file_name(job), description=alt_text(job))
        return form


def _easier(post: _Post, refusal: BaseException | None) -> _Post | None:
    """Return the form to try after a refusal of this one, which was not posted; None: none."""
    if not isinstance(refusal, discord.HTTPException):
        return None
    if refusal.code in CANNOT_REPLY_CODES and post.reference is not None:
        return replace(post, reference=None)
    if refusal.code in INVALID_CODES and not post.plain:
        return replace(post, plain=True)
    return None


def _card_of(job: Job) -> discord.MessageReference | None:
    if job.card_message_id is None:
        return None
    return discord.MessageReference(
        message_id=job.card_message_id,
        channel_id=job.channel_id,
        guild_id=job.guild_id,
        fail_if_not_exists=False,
    )
