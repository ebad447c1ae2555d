"""What a member is told after a press on a job that is on its way, or just was. Pure views."""

from discord import ui

from bot.discord_ui.boxes import GREY, texts_view
from bot.discord_ui.buttons import JobButton
from bot.discord_ui.failures import given_back
from bot.discord_ui.looks import LOOKS
from bot.discord_ui.result_links import has_video, result_link
from bot.discord_ui.words import quote
from bot.i18n import gettext
from bot.job import DROPPABLE, Job, JobState
from bot.words import credits_text

_PROMPT_LIMIT = 200


def cancel_page(job: Job) -> ui.LayoutView:
    """Return what came of Cancel; the job as it stands after it."""
    if job.state in DROPPABLE and job.dropped_at is None:
        text = gettext(
            "Too late to cancel: it has been handed to the video service, which cannot be "
            "stopped. Once the video is made, it costs {credits}. If you do not want it any more, "
            "drop the result: then it is not posted."
        ).format(credits=credits_text(job.price_credits))
        return texts_view(GREY, [text], ui.ActionRow(JobButton("drop", job.id)))
    return _how_it_stands(
        job, ended=gettext("Too late to cancel: this one has already ended. `/jobs` says how.")
    )


def drop_page(job: Job) -> ui.LayoutView:
    """Return what came of Drop the result; the job as it stands after it."""
    if job.state is JobState.FINISHED and job.dropped_at is None:
        text = gettext(
            "Too late to drop: the video is being posted at this moment. **Delete** on it takes "
            "it away again."
        )
        return texts_view(GREY, [text])
    return _how_it_stands(
        job, ended=gettext("Too late to drop: this one has already ended. `/jobs` says how.")
    )


def _how_it_stands(job: Job, *, ended: str) -> ui.LayoutView:
    if job.state is JobState.CANCELLED:
        text = gettext("Cancelled. {back}").format(back=given_back(job))
    elif job.dropping or job.state is JobState.DROPPED:
        text = gettext(
            "Dropped: the video will not be posted. It costs {credits}, unless the video service "
            "fails: then they come back."
        ).format(credits=credits_text(job.price_credits))
    elif has_video(job):
        text = gettext(
            "Too late: [the video is there already]({link}). **Delete** on it takes it away."
        ).format(link=result_link(job))
    else:
        text = ended
    return texts_view(GREY, [text])


def telling_page(*, tells: bool) -> ui.LayoutView:
    """Return what came of Tell me by DM, or of No more DMs."""
    if tells:
        text = gettext(
            "🔔 You get a direct message as soon as this video is there, or has come to nothing; "
            "and so for every video of yours from now on. Direct messages from this server must "
            "be allowed in your privacy settings."
        )
    else:
        text = gettext("🔕 No more direct messages about your videos.")
    return texts_view(GREY, [text])


def told_page(job: Job) -> ui.LayoutView:
    """Return the direct message about a job that has ended: what came of it, and where to look."""
    look = LOOKS[job.state]
    link = result_link(job)
    if job.state is JobState.DELIVERED:
        text = gettext("Your video is done: [jump to it]({link})").format(link=link)
    elif job.state is JobState.DROPPED:
        text = gettext("The video that you dropped is over: [its card]({link})").format(link=link)
    elif job.state is JobState.DENIED:
        text = gettext("Your video was not approved: [its card says why]({link})").format(link=link)
    elif job.state is JobState.UNDELIVERED:
        text = gettext(
            "Your video is made, but could not be posted: [its card says what to do]({link})"
        ).format(link=link)
    else:
        text = gettext("Your video has failed: [its card says why]({link})").format(link=link)
    return texts_view(
        look.colour,
        [f"{look.symbol} {text}", quote(job.prompt, _PROMPT_LIMIT)],
        ui.ActionRow(JobButton("hush", job.id)),
    )
