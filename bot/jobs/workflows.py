"""What the durable engine calls its records of jobs. A workflow's id is its job's."""

from bot.job import Job
from bot.pseudonyms import Pseudonyms

APPLICATION = "wan-video-bot"
# Constant, so that jobs in flight survive an upgrade; step order changes go through DBOS.patch.
APPLICATION_VERSION = "1"
QUEUE = "jobs"
WORKFLOW = "job"
# The states in which a workflow runs no more.
ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


def partition(job: Job, pseudonyms: Pseudonyms) -> str:
    """Return which part of the queue a job is in: its member's in its guild."""
    # What the engine keeps of a job names nobody.
    return f"{job.guild_id or 0}:{pseudonyms.of(job.user_id)}"
