"""Who may see and use whose video: pure, from what Discord says with a press."""

from dataclasses import dataclass

from bot.errors import NotFoundError, RefusedError
from bot.i18n import gettext
from bot.job import Job


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who presses, and where, as Discord says: what they see there they may also use.

    Attributes:
        guild_id: None in direct messages.
    """

    user_id: int
    guild_id: int | None
    channel_id: int


def sees(viewer: Viewer, job: Job) -> bool:
    """Tell whether a job's video or card is where the viewer is, or is their own.

    A job of no server is in somebody's direct messages, or where the bot is not: a group, a server
    that it does not know. Only those who are there press there.
    """
    if job.user_id == viewer.user_id:
        return True
    here = viewer.channel_id in (job.channel_id, job.result_channel_id)
    return here and job.guild_id in (None, viewer.guild_id)


def may_know(viewer: Viewer, job: Job) -> bool:
    """Tell whether a viewer may know that there is this job: not one of another server."""
    in_guild = job.guild_id is not None and job.guild_id == viewer.guild_id
    return job.user_id == viewer.user_id or in_guild


def check_not_removed(job: Job, viewer: Viewer) -> None:
    """Refuse to make anything from a video that was taken down.

    Raises:
        RefusedError: a moderator removed it.
        NotFoundError: its member deleted it; they may still make it again themselves.
    """
    if job.removed_at is None:
        return
    if not job.deleted_by_member:
        raise RefusedError(
            gettext("A moderator removed this video, so it cannot be used for another one.")
        )
    if viewer.user_id != job.user_id:
        raise NotFoundError(gettext("Whoever made this video has deleted it."))
