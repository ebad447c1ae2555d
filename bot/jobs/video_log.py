"""A card in the log channel for every video, where moderators want one: soon, and never lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby

from bot.job import FailureReason, Job, JobState
from bot.jobs.errands import Errands
from bot.jobs.log_cards import LogCards
from bot.jobs.moderating_ports import PolicyStore, VideoLogStore
from bot.policy import GuildPolicy

log = logging.getLogger(__name__)

# A card that is missing for longer is of no use any more.
_LOOK_BACK = timedelta(days=1)
# Waits between tries of an edit while Discord is in trouble, in seconds.
_RETRY_AFTER_S = (5.0, 30.0, 120.0)


class VideoLog:
    """Tells the log channels what became of jobs; no job waits for it, or is hurt by it."""

    def __init__(
        self,
        *,
        store: VideoLogStore,
        policies: PolicyStore,
        cards: LogCards,
        errands: Errands,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._policies = policies
        self._cards = cards
        self._errands = errands
        self._now = now
        self._sleep = sleep

    def ended(self, job: Job) -> None:
        """Post the card of a job that has ended, or let the one there is show it, soon."""
        if job.guild_id is not None:
            self._errands.start(self._tell(job))

    async def look(self) -> None:
        """Post the cards that are missing. For every minute, and so for every start."""
        jobs = await self._store.without_card(ended_since=self._now() - _LOOK_BACK)
        jobs.sort(key=_guild_of)  # a stable sort: of each guild the first to end stays first
        await asyncio.gather(
            *(
                self._catch_up(guild_id, list(of_guild))
                for guild_id, of_guild in groupby(jobs, key=_guild_of)
            )
        )

    async def _catch_up(self, guild_id: int, jobs: Iterable[Job]) -> None:
        """Post what a guild's channel lacks; no other guild waits for it, or fails with it."""
        try:
            policy = await self._policies.policy(guild_id)
        except Exception:
            log.exception("guild %s: cards of its videos could not be posted", guild_id)
            return
        for job in jobs:
            try:
                await self._post(job, policy)
            except Exception:
                log.exception("job %s: its card for moderators could not be posted", job.id)

    async def _tell(self, ended: Job) -> None:
        policy = await self._policies.policy(_guild_of(ended))
        if ended.log_message_id is None and policy.log_channel_id is None:
            return
        for wait_s in (*_RETRY_AFTER_S, None):
            job = await self._store.get(ended.id)  # as it stands now, which may be removed
            if job is None:
                return
            if job.log_message_id is None:
                await self._post(job, policy)
                return  # `look` sees to it when it could not be posted
            if await self._cards.show(job) or wait_s is None:
                return
            await self._sleep(wait_s)

    async def _post(self, job: Job, policy: GuildPolicy) -> None:
        if policy.log_channel_id is not None and _is_wanted(job, policy.log_videos_since):
            await self._cards.post(job, policy.log_channel_id)


def _is_wanted(job: Job, since: datetime | None) -> bool:
    """Tell whether a job belongs in the log.

    Made videos do, posted or not, and what the video service refused for its content. Other
    failures and cancelled jobs showed nobody anything, and cost nothing.
    """
    if since is None or job.ended_at is None or job.ended_at < since:
        return False
    made = job.state in {JobState.DELIVERED, JobState.UNDELIVERED, JobState.DROPPED}
    return made or job.failure is FailureReason.BLOCKED


def _guild_of(job: Job) -> int:
    return job.guild_id or 0
