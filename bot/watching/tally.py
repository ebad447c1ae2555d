"""Counts what happens, as it happens: commands, refusals, ends of jobs, calls to the provider."""

from datetime import datetime
from decimal import Decimal
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from bot.errors import MemberError, ProviderError, StorageTroubleError
from bot.job import SETTLING, TERMINAL, Job
from bot.watching.labels import (
    CALL_VALUES,
    MODEL_VALUES,
    OUTCOME_VALUES,
    PRESS_VALUES,
    RULE_VALUES,
    model_label,
    outcome_label,
    rule_label,
)

# A video takes from half a minute to ten; a queue may be an hour long.
_SECONDS = (1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600, 7200)
_FAILURES = ("storage", "other")


class Tally:
    """Everything that is counted since the start of this process.

    Attributes:
        registry: Where Prometheus's library finds it.
    """

    def __init__(self, *, usd_per_credit: Decimal) -> None:
        """Begin at zero.

        Args:
            usd_per_credit: What one credit of estimated price is in USD.
        """
        self._usd_per_credit = usd_per_credit
        # When a series was made is another series for each: nobody asks for that.
        disable_created_metrics()
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"wanbot_{name}", words, labels, registry=registry)

        def seconds(name: str, words: str) -> Histogram:
            return Histogram(
                f"wanbot_{name}_seconds", words, ("model",), registry=registry, buckets=_SECONDS
            )

        self._commands = counter("commands", "Commands that members gave.", "command")
        self._presses = counter("presses", "Buttons, selects and forms of members.", "kind")
        self._refusals = counter("refusals", "What members were refused.", "rule")
        self._failures = counter("failures", "Commands and presses that failed.", "kind")
        self._ends = counter("jobs_ended", "Jobs that ended here.", "model", "state")
        self._credits = counter("credits", "Credits of jobs that ended.", "model", "outcome")
        self._usd = counter("usd", "Cost of videos made, in USD.", "model", "known")
        self._lost = counter("gateway_lost", "Connections to Discord that broke off.")
        self._calls = counter("provider_calls", "Calls to the provider.", "call", "outcome")
        self._waiting = seconds("job_waiting", "From the queue to the provider.")
        self._running = seconds("job_running", "At the provider.")
        self._posting = seconds("job_posting", "From the finished video to the end.")
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Make the series that there can be: Prometheus sees no rise in one's first value."""
        for rule in RULE_VALUES:
            self._refusals.labels(rule)
        for kind in _FAILURES:
            self._failures.labels(kind)
        for kind in PRESS_VALUES:
            self._presses.labels(kind)
        for call, outcome in product(CALL_VALUES, OUTCOME_VALUES):
            self._calls.labels(call, outcome)
        for model, state in product(MODEL_VALUES, TERMINAL):
            self._ends.labels(model, state.value)

    def command(self, name: str) -> None:
        """Count a command, by its name in the bot's own tree."""
        self._commands.labels(name).inc()

    def press(self, kind: str) -> None:
        """Count a press: "button" (or a select) or "form"."""
        self._presses.labels(kind).inc()

    def failed(self, error: BaseException) -> None:
        """Count what a member was told in place of an answer."""
        if isinstance(error, MemberError):
            self._refusals.labels(rule_label(error)).inc()
        else:
            storage = isinstance(error, StorageTroubleError)
            self._failures.labels(_FAILURES[0] if storage else _FAILURES[1]).inc()

    def gateway_lost(self) -> None:
        """Count a broken connection to Discord: most are over before anybody looks."""
        self._lost.inc()

    def called(self, call: str, error: ProviderError | None) -> None:
        """Count a call to the provider: which, and how it ended."""
        self._calls.labels(call, outcome_label(error)).inc()

    def ended(self, job: Job) -> None:
        """Count a job's end: its times, its credits, its cost."""
        self._end(job)
        model = model_label(job.model)
        for histogram, since, until in (
            (self._waiting, job.queued_at, job.submitting_at),
            (self._running, job.running_at, job.finished_at),
            (self._posting, job.finished_at, job.ended_at),
        ):
            _observe(histogram, model, since, until)
        if job.cost_usd is not None:
            self._usd.labels(model, "real").inc(job.cost_usd)
        elif job.finished_at is not None:
            estimate = float(job.price_credits * self._usd_per_credit)
            self._usd.labels(model, "estimated").inc(estimate)

    def sent_again(self, job: Job) -> None:
        """Count that a video which had stayed behind is delivered: made and paid it was before."""
        self._end(job)

    def _end(self, job: Job) -> None:
        model = model_label(job.model)
        self._ends.labels(model, job.state.value).inc()
        if job.queued_at is not None:
            outcome = "settled" if job.state in SETTLING else "released"
            self._credits.labels(model, outcome).inc(job.price_credits)


def _observe(
    histogram: Histogram, model: str, since: datetime | None, until: datetime | None
) -> None:
    if since is not None and until is not None:
        histogram.labels(model).observe(max((until - since).total_seconds(), 0.0))
