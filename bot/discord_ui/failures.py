"""What became of a job that brought no video, in a member's words, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.discord_ui.words import quote
from bot.i18n import N_, gettext, ngettext, number_text
from bot.job import FailureReason, Job

_REASON_LIMIT = 600


@dataclass(frozen=True, kw_only=True)
class FailureWords:
    """What a member reads when a job failed; in English, to be looked up where it is shown."""

    why: str
    what_to_do: str


_HOST = N_("Only the people who run this bot can mend this; a moderator can tell them.")

FAILURE_WORDS: Mapping[FailureReason, FailureWords] = {
    FailureReason.BLOCKED: FailureWords(
        why=N_("The video service refused this content."),
        what_to_do=N_("Change the prompt or the picture and try again."),
    ),
    FailureReason.INVALID: FailureWords(
        why=N_("The video service did not accept these settings or this picture."),
        what_to_do=N_("Try another picture, or leave optional settings out."),
    ),
    FailureReason.HOST_KEY: FailureWords(
        why=N_("The video service does not accept this bot's key."), what_to_do=_HOST
    ),
    FailureReason.HOST_CREDITS: FailureWords(
        why=N_("This bot's account at the video service has no money left for it."),
        what_to_do=_HOST,
    ),
    FailureReason.HOST_MODEL: FailureWords(
        why=N_("The video service does not offer this model to this bot."),
        what_to_do=N_(
            "Choose another model. Only the people who run this bot can mend this; a moderator can "
            "tell them."
        ),
    ),
    FailureReason.INFERENCE: FailureWords(
        why=N_("The model stopped while it made this video."),
        what_to_do=N_("Try again; if it stops again, change the prompt or the picture."),
    ),
    FailureReason.RATE_LIMITED: FailureWords(
        why=N_("The video service was too busy for too long."),
        what_to_do=N_("Try again in a few minutes."),
    ),
    FailureReason.PROVIDER_DOWN: FailureWords(
        why=N_("The video service could not be reached."),
        what_to_do=N_("Try again in a few minutes."),
    ),
    FailureReason.NOT_FOUND: FailureWords(
        why=N_("The connection broke while this was sent, and the video service never got it."),
        what_to_do=N_("Try again."),
    ),
    FailureReason.EXPIRED: FailureWords(
        why=N_("The video service no longer has this video."),
        what_to_do=N_("Try again with the same seed to get the same video."),
    ),
    FailureReason.TOO_SLOW: FailureWords(
        why=N_("The video service did not finish in time."),
        what_to_do=N_("Try again later, or choose a shorter or smaller video."),
    ),
    FailureReason.BAD_RESULT: FailureWords(
        why=N_("The finished file could not be fetched as a complete video."),
        what_to_do=N_("Try again with the same seed to get the same video."),
    ),
    FailureReason.DISCORD_DOWN: FailureWords(
        why=N_("The video is made, but Discord did not take it for some minutes."),
        what_to_do=N_(
            "The bot tries again by itself for an hour, and you can choose **Send again** later: "
            "it is kept for up to a week and costs nothing."
        ),
    ),
    FailureReason.INTERNAL: FailureWords(
        why=N_("Something went wrong in the bot itself."),
        what_to_do=N_("Try again; if it happens again, tell a moderator this job's number."),
    ),
}


def failed_text(job: Job) -> str:
    """Return why a job failed, what to do, and what came of its credits."""
    if job.failure is None:
        return given_back(job)
    if job.failure is FailureReason.NOT_FOUND and job.restored_at is not None:
        return gettext(
            "**The bot went back to a backup of its data, and the video service does not know "
            "this one.**\nTry again. {back}"
        ).format(back=given_back(job))
    words = FAILURE_WORDS[job.failure]
    return f"**{gettext(words.why)}**\n{gettext(words.what_to_do)} {given_back(job)}"


def undelivered_text(job: Job) -> str:
    """Return why the video stayed behind, and what its member can do to get it."""
    if job.failure is FailureReason.INTERNAL:
        words = gettext(
            "**Something went wrong in the bot itself: the video is made, but was not posted.**\n"
            "{back} Choose **Send again** soon, which costs nothing: the video service keeps it "
            "for an hour. If that fails, too, tell a moderator this job's number."
        )
    elif job.failure is not None:
        return failed_text(job)
    elif job.guild_id is None:
        words = gettext(
            "The video is made, but Discord did not let it through to you. {back} Unblock this "
            "bot, or be on a server with it that you allow direct messages from, then choose "
            "**Send again** here or in `/jobs`: the video is kept for up to a week, and costs "
            "nothing."
        )
    else:
        words = gettext(
            "The video is made, but it could be posted neither here nor in a direct message. "
            "{back} Ask a moderator to let the bot send messages and files here, or allow direct "
            "messages, then choose **Send again** here or in `/jobs`: the video is kept for up to "
            "a week, and costs nothing."
        )
    return words.format(back=given_back(job))


def denied_text(job: Job) -> str:
    """Return the moderator's words, and what came of the credits."""
    return f"{quote(job.decision_reason or '', _REASON_LIMIT)}\n{given_back(job)}"


def removal_text(job: Job) -> str:
    """Return why a moderator removed a video, and what came of its credits."""
    number = job.price_credits
    if job.refunded_at is not None:
        back = ngettext(
            "Its {n} credit was given back.", "Its {n} credits were given back.", number
        )
    else:
        back = ngettext(
            "Its {n} credit was not given back.", "Its {n} credits were not given back.", number
        )
    why = quote(job.removal_reason or gettext("No reason given."), _REASON_LIMIT)
    return f"{why}\n{back.format(n=number_text(number))}"


def given_back(job: Job) -> str:
    """Return what came of the credits of a job that ended without a video."""
    if job.queued_at is None:
        return gettext("Nothing had been charged.")  # a moderator never let it in
    number = job.price_credits
    words = ngettext("Your {n} credit came back.", "Your {n} credits came back.", number)
    return words.format(n=number_text(number))
