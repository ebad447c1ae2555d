"""Posts videos where the bot is not: by the interaction's token, as long as that lives.

**Nothing is posted twice.** A webhook takes no nonce, the bot cannot search the channel, and
discord.py repeats a request after a 5xx. So a video comes in two steps: a follow-up message that
says only that the video is ready (which is what notifies the member) and whose id is written
down, and then an edit of that message, which brings the file. An edit can be repeated as often
as need be, and whether it came true is seen on the message itself. A kill between the first step
and its id, or an answer that is lost, leaves a line without a video; it says where to look. A
kill during the edit is found out by looking, unless the token has died meanwhile: then the video
goes to direct messages (which are searched first), where a second one is better than none that
was paid for.

https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import discord
from discord import ui

from bot.discord_ui.boxes import texts_view
from bot.discord_ui.calls import mentioning, translated
from bot.discord_ui.looks import LOOKS
from bot.discord_ui.marks import carries_result
from bot.discord_ui.results import alt_text, file_name
from bot.i18n import gettext, speaking
from bot.job import Job, JobState
from bot.jobs.ports import CannotPostError, Posted, VideoFile

log = logging.getLogger(__name__)

# Discord counts the token's 15 minutes; our clock may be off, and an upload takes time.
_TOKEN_MARGIN = timedelta(seconds=20)

OnPlaced: TypeAlias = Callable[[int, int], Awaitable[object]]


class AbsentPoster:
    """Posts by the tokens of jobs."""

    def __init__(
        self,
        client: discord.Client,
        *,
        on_placed: OnPlaced,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make one.

        Args:
            client: Logged in by the time of the first post.
            on_placed: Called with the ids of a job and of the message that its video is to be
                in, before the video is; it writes them down.
            now: The time, aware: whether a token still lives.
        """
        self._client = client
        self._on_placed = on_placed
        self._now = now
        # Of jobs under way: what `on_placed` wrote is not in a `Job` that was read before.
        self._placed: dict[int, int] = {}

    async def post(self, job: Job, view: ui.LayoutView, video: VideoFile | None) -> Posted:
        """Post a video in its view, or with None the view alone; once, however often it is tried.

        Raises:
            TooLargeToPostError: Discord says so.
            CannotPostError: the token is dead, or Discord refuses.
            PostLaterError: Discord is in trouble.
        """
        webhook = self._webhook(job)
        if webhook is None:
            raise CannotPostError("the interaction's token is dead, and the bot is not there")
        message_id = self._message_id(job) or await self._place(job, webhook)
        # Read from disk as it is sent; discord.py closes it.
        files = [] if video is None else [_file(job, video)]
        edit = webhook.edit_message(
            message_id,
            view=view,
            attachments=files,
            allowed_mentions=mentioning(job),
        )
        await translated(edit, 0 if video is None else video.size_bytes)
        self._placed.pop(job.id, None)
        return Posted(channel_id=job.channel_id, message_id=message_id)

    async def find(self, job: Job) -> Posted | None:
        """Return the job's message if its video is in it; None also when that cannot be seen.

        Raises:
            PostLaterError: Discord is in trouble.
        """
        webhook, message_id = self._webhook(job), self._message_id(job)
        if webhook is None or message_id is None:
            return None
        try:
            message = await translated(webhook.fetch_message(message_id))
        except CannotPostError as error:
            log.info("job %s: its message cannot be looked at: %s", job.id, error)
            return None
        if not carries_result(message, job):
            return None
        return Posted(channel_id=job.channel_id, message_id=message_id)

    def _webhook(self, job: Job) -> discord.Webhook | None:
        if not job.interaction_token or self._now() >= job.token_expires_at - _TOKEN_MARGIN:
            return None
        return discord.Webhook.partial(
            self._client.application_id or 0, job.interaction_token, client=self._client
        )

    def _message_id(self, job: Job) -> int | None:
        return self._placed.get(job.id) or job.result_message_id

    async def _place(self, job: Job, webhook: discord.Webhook) -> int:
        with speaking(job.locale):
            words = gettext(
                "{member} your video is ready. It appears here in a moment; if not, look into "
                "your direct messages."
            ).format(member=f"<@{job.user_id}>")
        view = texts_view(LOOKS[JobState.FINISHED].colour, [words])
        view.stop()
        sending = webhook.send(view=view, allowed_mentions=mentioning(job), wait=True)
        message = await translated(sending)
        self._placed[job.id] = message.id
        await self._on_placed(job.id, message.id)
        return message.id


def _file(job: Job, video: VideoFile) -> discord.File:
    with speaking(job.locale):
        return discord.File(video.path, filename=file_name(job), description=alt_text(job))
