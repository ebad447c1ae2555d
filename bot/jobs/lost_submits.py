"""Submits whose answer was lost: the provider's history says whether they arrived. Never sends."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from bot.errors import (
    NotJsonError,
    PermanentError,
    ProviderError,
    RateLimitedError,
    RequestTakenError,
)
from bot.job import FailureReason, Job, JobState
from bot.jobs.breaker import Breaker, no_answer_words
from bot.jobs.budget import RequestBudget
from bot.jobs.ports import Cards, HistoryRow, JobStore, Provider, Standing
from bot.jobs.submit_notes import SubmitNotes

log = logging.getLogger(__name__)

# The history may lag behind the submit; the last look is after about two minutes.
LOOK_AFTER_S = (0.0, 3.0, 10.0, 30.0, 75.0)
# The provider's clock and ours.
_CLOCK_SKEW = timedelta(minutes=2)
# No submit is under way for longer: what the history has from later is another job's.
_SUBMIT_LASTS = timedelta(minutes=5)
_MAX_HISTORY_PAGES = 20
# For a job of a restored backup: everything since it was asked for may lie before it. And for a
# host who wants to be sure.
_MAX_RESTORED_PAGES = 500
_PAGE_ROWS = 100
# The provider shows no older requests in lists.
_HISTORY_REACHES = timedelta(days=31)
# A history that does not answer is asked again.
_LOOK_AGAIN_S = 60.0


def sent_between(job: Job) -> tuple[datetime, datetime] | None:
    """Return between when and when the job may have been sent; None when it never was."""
    if job.submitting_at is None:
        return None
    earliest, latest = job.submitting_at, job.submitting_at + _SUBMIT_LASTS
    if job.restored_at is not None:
        # By the bot whose memory the backup replaced, at any time after the command.
        earliest, latest = job.created_at, max(latest, job.restored_at + _CLOCK_SKEW)
    return earliest - _CLOCK_SKEW, latest


def is_ours(row: HistoryRow, job: Job) -> bool:
    """Tell whether a history row can be this job's submit: the same inputs, the same time."""
    window = sent_between(job)
    if window is None:
        return False
    if row.created_at is not None and not window[0] <= row.created_at <= window[1]:
        return False
    return all(row.request_body.get(name) == value for name, value in job.parameters.items())


class HistorySearch:
    """Looks for a job's request among the account's."""

    def __init__(
        self,
        *,
        store: JobStore,
        provider: Provider,
        budget: RequestBudget,
        now: Callable[[], datetime],
    ) -> None:
        """Make one.

        Args:
            store: Knows which requests are other jobs'.
            provider: Has the history.
            budget: The requests per minute.
            now: The time, aware.
        """
        self._store = store
        self._provider = provider
        self._budget = budget
        self._now = now

    async def find(self, job: Job, *, thorough: bool = False) -> HistoryRow | None:
        """Return the row that is the job's and no other job's; None when there is none.

        Args:
            job: The job.
            thorough: Whether to read as far as for a restored job, where nobody is waiting.

        Raises:
            ProviderError: the history cannot be read.
        """
        earliest, _ = sent_between(job) or (job.created_at - _CLOCK_SKEW, None)
        since = max(earliest, self._now() - _HISTORY_REACHES).astimezone(UTC).date()
        far = thorough or job.restored_at is not None
        pages = _MAX_RESTORED_PAGES if far else _MAX_HISTORY_PAGES
        for page in range(1, pages + 1):
            await self._budget.acquire("submit")
            answer = await self._provider.history(
                model=job.model, since=since, page=page, per_page=_PAGE_ROWS
            )
            ours = [row for row in answer.rows if is_ours(row, job)]
            taken = await self._store.known_request_ids(row.request_id for row in ours)
            for row in ours:
                if row.request_id not in taken:
                    return row
            if len(answer.rows) < _PAGE_ROWS:
                return None
        return None


class Reconciler:
    """Finds out what became of a submit that was begun, and is not known to have ended."""

    def __init__(
        self,
        *,
        search: HistorySearch,
        notes: SubmitNotes,
        breaker: Breaker,
        provider: Provider,
        cards: Cards,
        budget: RequestBudget,
        now: Callable[[], datetime],
        patience: timedelta,
        sleep: Callable[[float], Awaitable[None]],
        speed: float,
    ) -> None:
        """Make one.

        Args:
            search: Looks into the history.
            notes: Writes down what came of it.
            breaker: Knows whether the provider is out of order.
            provider: Knows where to ask about a request that was found.
            cards: The members' status cards.
            budget: The requests per minute.
            now: The time, aware.
            patience: How long a history that does not answer is asked.
            sleep: Waits so many seconds.
            speed: How many times faster than Segmind the provider is.
        """
        self._search = search
        self._notes = notes
        self._breaker = breaker
        self._provider = provider
        self._cards = cards
        self._budget = budget
        self._now = now
        self._patience = patience
        self._sleep = sleep
        self._speed = speed

    async def __call__(self, job: Job) -> Job:
        """Find out from the request history whether the submit arrived. Never sends."""
        if job.state is JobState.SUBMITTING:
            job = await self._notes.moved(job, JobState.UNCERTAIN)
        waits_s, give_up_at, answered = list(LOOK_AFTER_S), self._now() + self._patience, False
        while waits_s:
            since = self._breaker.down_since
            self._cards.show(job, Standing(hint=None if since is None else no_answer_words(since)))
            await self._sleep(waits_s.pop(0) / self._speed)
            try:
                row = await self._search.find(job)
                answered = True
                if row is not None:
                    urls = self._provider.request_urls(row.request_id)
                    return await self._notes.running(job, row.request_id, urls)
            except RequestTakenError as error:
                log.warning("job %s: %s", job.id, error)  # somebody was faster; look on
            except ProviderError as error:
                log.warning("history look-up for job %s: %s", job.id, error)
                # A page in place of JSON is no refusal: nobody has looked.
                answered = isinstance(error, PermanentError) and not isinstance(error, NotJsonError)
                if isinstance(error, RateLimitedError):
                    self._budget.rate_limited(error.reset_at, now=self._now())
            if not waits_s and not answered and self._now() < give_up_at:
                # Money may be at stake: the last look must be one that was answered.
                waits_s.append(_LOOK_AGAIN_S)
        reason = FailureReason.NOT_FOUND if answered else FailureReason.PROVIDER_DOWN
        return await self._notes.failed(job, reason)
