"""Files on Discord under addresses that work now; the `PostedFiles` of `bot.jobs.parent_files`."""

from collections.abc import Iterator, Sequence
from typing import Any

import discord
from discord.http import Route

from bot.discord_ui.calls import translated
from bot.job import Job
from bot.jobs.ports import CannotPostError

_VIDEO_ENDING = ".mp4"


class FreshFiles:
    """Asks Discord, as the bot."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def video_url(self, job: Job) -> str | None:
        """Return where the posted video is; None when the post has only a link to it.

        Raises:
            CannotPostError: the message is gone, or cannot be read.
            PostLaterError: Discord is in trouble.
        """
        if job.result_channel_id is None or job.result_message_id is None:
            raise CannotPostError("the video was never posted, or was deleted")
        channel = self._client.get_partial_messageable(job.result_channel_id)
        message = await translated(channel.fetch_message(job.result_message_id))
        return video_in(message)

    async def refreshed(self, url: str) -> str | None:
        """Return a fresh address for an old one; None when Discord has none.

        Raises:
            PostLaterError: Discord is in trouble.
        """
        # https://docs.discord.com/developers/reference#signed-attachment-cdn-urls; the call
        # takes up to 50 addresses, and is not part of discord.py.
        asked = self._client.http.request(
            Route("POST", "/attachments/refresh-urls"), json={"attachment_urls": [url]}
        )
        try:
            answer: Any = await translated(asked)
        except CannotPostError:
            return None
        found = answer.get("refreshed_urls") if isinstance(answer, dict) else None
        return next((str(pair["refreshed"]) for pair in found or () if pair.get("refreshed")), None)


def video_in(message: discord.Message) -> str | None:
    """Return the address of the video that a message carries; None when it carries none."""
    return next(_videos(message), None)


def _videos(message: discord.Message) -> Iterator[str]:
    for file in message.attachments:
        if file.filename.endswith(_VIDEO_ENDING):
            yield file.url
    yield from _shown(message.components)


def _shown(components: Sequence[Any]) -> Iterator[str]:
    """Give what galleries show: a layout need not list its files as attachments."""
    for component in components:
        if isinstance(component, discord.MediaGalleryComponent):
            yield from (item.media.url for item in component.items)
        elif isinstance(component, discord.Container):
            yield from _shown(component.children)
