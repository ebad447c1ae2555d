"""Where the message with a job's video is, and for whom a link to it works; pure."""

from bot.job import Job, JobState


def has_video(job: Job) -> bool:
    """Tell whether there is a message with the video that a link can lead to.

    Of a place where the bot is not it does not know the server.
    """
    linked = was_sent_directly(job) or not job.bot_absent
    return job.state is JobState.DELIVERED and job.removed_at is None and linked


def was_sent_directly(job: Job) -> bool:
    """Tell whether a video that was asked for elsewhere went by direct message, to its member."""
    return job.result_direct and (job.guild_id is not None or job.bot_absent)


def result_link(job: Job) -> str:
    """Return the address of the message with the video (of the card, as long as there is none).

    After `was_sent_directly` it works for the member alone.
    """
    server = "@me" if job.guild_id is None or was_sent_directly(job) else job.guild_id
    channel_id = job.result_channel_id or job.channel_id
    message_id = job.result_message_id or job.card_message_id or job.id
    return f"https://discord.com/channels/{server}/{channel_id}/{message_id}"
