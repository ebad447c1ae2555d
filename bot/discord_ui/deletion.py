"""What a member is asked before their video is deleted, and told afterwards; pure views."""

from typing import Any

from discord import ui

from bot.discord_ui.boxes import GREY, YELLOW, texts_view
from bot.discord_ui.buttons import JobButton
from bot.discord_ui.result_links import result_link
from bot.i18n import gettext
from bot.job import Job, JobState
from bot.jobs.video_desk import Deletion, Removal


def erasing_text() -> str:
    """Return the question."""
    return gettext(
        "### Delete this video?\nIts message goes for everybody and cannot be brought back. The "
        "credits do not come back: the video was made."
    )


def question_view(job: Job) -> ui.LayoutView:
    """Return the question, with a button for each answer."""
    text = erasing_text()
    row: ui.ActionRow[Any] = ui.ActionRow(JobButton("erase", job.id), JobButton("keep", job.id))
    return texts_view(YELLOW, [text], row)


def kept_view() -> ui.LayoutView:
    """Return what is said when it is not to be deleted after all."""
    return texts_view(GREY, [gettext("Kept. Nothing was deleted.")])


def deleted_view(removal: Removal) -> ui.LayoutView:
    """Return what came of it."""
    return texts_view(GREY, [_words(removal)])


def _words(removal: Removal) -> str:
    job, link = removal.job, result_link(removal.job)
    if job.state is JobState.UNDELIVERED:
        return gettext("Deleted: this video is not sent any more.")
    match removal.message:
        case Deletion.GONE:
            return gettext("🗑️ Your video is deleted.")
        case Deletion.LATER:
            return gettext(
                "⚠️ Discord could not delete [the message]({link}) just now: it is still there. "
                "Press **Delete** again in a minute."
            ).format(link=link)
        case Deletion.FORBIDDEN:
            return gettext(
                "⚠️ Discord does not let the bot delete [the message]({link}): it is still there. "
                "Ask a moderator to delete it (a thread must not be archived)."
            ).format(link=link)
