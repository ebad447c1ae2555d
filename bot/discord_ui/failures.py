"""Why a job failed, in a member's words, and what to do about it: one table."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.job import FailureReason


@dataclass(frozen=True, kw_only=True)
class FailureWords:
    """What a member reads when a job failed."""

    why: str
    what_to_do: str


_HOST = "Only the people who run this bot can mend this; a moderator can tell them."

FAILURE_WORDS: Mapping[FailureReason, FailureWords] = {
    FailureReason.BLOCKED: FailureWords(
        why="The video service refused this content.",
        what_to_do="Change the prompt or the picture and try again.",
    ),
    FailureReason.INVALID: FailureWords(
        why="The video service did not accept these settings or this picture.",
        what_to_do="Try another picture, or leave optional settings out.",
    ),
    FailureReason.HOST_KEY: FailureWords(
        why="The video service does not accept this bot's key.", what_to_do=_HOST
    ),
    FailureReason.HOST_CREDITS: FailureWords(
        why="This bot's account at the video service has no money left for it.",
        what_to_do=_HOST,
    ),
    FailureReason.HOST_MODEL: FailureWords(
        why="The video service does not offer this model to this bot.",
        what_to_do="Choose another model. " + _HOST,
    ),
    FailureReason.INFERENCE: FailureWords(
        why="The model stopped while it made this video.",
        what_to_do="Try again; if it stops again, change the prompt or the picture.",
    ),
    FailureReason.RATE_LIMITED: FailureWords(
        why="The video service was too busy for too long.",
        what_to_do="Try again in a few minutes.",
    ),
    FailureReason.PROVIDER_DOWN: FailureWords(
        why="The video service could not be reached.",
        what_to_do="Try again in a few minutes.",
    ),
    FailureReason.NOT_FOUND: FailureWords(
        why="The connection broke while this was sent, and the video service never got it.",
        what_to_do="Try again.",
    ),
    FailureReason.EXPIRED: FailureWords(
        why="The video service no longer has this video.",
        what_to_do="Try again with the same seed to get the same video.",
    ),
    FailureReason.TOO_SLOW: FailureWords(
        why="The video service did not finish in time.",
        what_to_do="Try again later, or choose a shorter or smaller video.",
    ),
    FailureReason.BAD_RESULT: FailureWords(
        why="The finished file could not be fetched as a complete video.",
        what_to_do="Try again with the same seed to get the same video.",
    ),
    FailureReason.DISCORD_DOWN: FailureWords(
        why="The video is made, but Discord did not take it for some minutes.",
        what_to_do=(
            "The bot tries again by itself for an hour, and you can choose **Send again** later: "
            "it is kept for up to a week and costs nothing."
        ),
    ),
    FailureReason.INTERNAL: FailureWords(
        why="Something went wrong in the bot itself.",
        what_to_do="Try again; if it happens again, tell a moderator this job's number.",
    ),
}
