"""What the vital signs say is wrong: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.host_news.records import Kind, Symptom
from bot.job import JobState
from bot.vital_signs import JobsInState, Part, VitalSigns

_NEAR = 0.8
# A balance is not enough again a cent above the limit.
_ENOUGH = 1.1
# What a job's time limit has not ended a quarter later, nothing will.
_OVERDUE = 1.25
# From the first call to the provider until the member has the video.
_SENT = (JobState.SUBMITTING, JobState.UNCERTAIN, JobState.RUNNING, JobState.FINISHED)


@dataclass(frozen=True, kw_only=True)
class GuardRails:
    """From where on something is wrong; the host's settings.

    Attributes:
        low_balance_usd: Less than this is little.
        job_time_limit_s: What takes longer at the provider is given up.
        provider_patience_s: What waits longer for a service that is out of order is given up.
        monthly_usd_cap: What all videos of a month may cost; None for no limit.
        cheapest_usd: What the cheapest video costs: with less left the month is over.
    """

    low_balance_usd: float
    job_time_limit_s: float
    provider_patience_s: float
    monthly_usd_cap: float | None = None
    cheapest_usd: float = 0.0


def stuck_before(rails: GuardRails, *, now: datetime) -> Mapping[JobState, datetime]:
    """Return since when a job must have been in a state to be stuck in it."""
    sent = now - timedelta(seconds=rails.job_time_limit_s * _OVERDUE)
    # A queue may be long; nothing waits for longer than the bot waits for the provider.
    queued = now - timedelta(seconds=rails.provider_patience_s * _OVERDUE)
    return {JobState.QUEUED: queued, **dict.fromkeys(_SENT, sent)}


def overdue(jobs: Sequence[JobsInState], before: Mapping[JobState, datetime]) -> bool:
    """Tell whether a job may be stuck: one is older than `before` says for its state."""
    return any(
        one.state in before and one.oldest_at is not None and one.oldest_at < before[one.state]
        for one in jobs
    )


def diagnose(signs: VitalSigns, rails: GuardRails) -> Mapping[Kind, Symptom | None]:
    """Return what is wrong, None for what is well; what nobody knows now is left out."""
    parts = {part.name: part for part in signs.parts}
    found: dict[Kind, Symptom | None] = {}
    if signs.shards_open < signs.shards or signs.on_discord:
        found[Kind.GATEWAY] = _of_part(parts["gateway"], signs.now, telling=signs.shards > 1)
    if parts["database"].known:
        found[Kind.DATABASE] = _of_part(parts["database"], signs.now)
    # On one server both are away: that is told once.
    if parts["engine"].known and parts["database"].well:
        found[Kind.ENGINE] = _of_part(parts["engine"], signs.now)
    found[Kind.PROVIDER] = None if signs.outage_since is None else Symptom(since=signs.outage_since)
    if signs.outage_since is None:
        found[Kind.KEY] = Symptom(since=signs.now) if signs.key_refused else None
    found |= _of_balance(signs, rails)
    found |= _of_month(signs, rails)
    # Jobs that wait for the provider are no news beside that it is away.
    if signs.stuck is not None and signs.outage_since is None and not signs.key_refused:
        found[Kind.STUCK] = _of_jobs(signs) if signs.stuck else None
    return found


def _of_part(part: Part, now: datetime, *, telling: bool = True) -> Symptom | None:
    """Return what is wrong with a part; `telling`: its words say more than that it is so."""
    if part.well:
        return None
    return Symptom(since=now, detail=part.words if telling else "")


def _of_balance(signs: VitalSigns, rails: GuardRails) -> Mapping[Kind, Symptom | None]:
    balance_usd = signs.balance_usd
    if balance_usd is None:
        return {}
    if balance_usd < rails.low_balance_usd:
        return {Kind.BALANCE: Symptom(since=signs.now, detail=f"{balance_usd:.2f}")}
    return {Kind.BALANCE: None} if balance_usd >= rails.low_balance_usd * _ENOUGH else {}


def _of_month(signs: VitalSigns, rails: GuardRails) -> Mapping[Kind, Symptom | None]:
    spent_usd, cap_usd = signs.month_usd, rails.monthly_usd_cap
    if spent_usd is None or cap_usd is None:
        return {}
    symptom = Symptom(since=signs.now, detail=f"{spent_usd:.2f} of {cap_usd:.2f}")
    used_up = cap_usd - spent_usd < rails.cheapest_usd
    near = spent_usd >= cap_usd * _NEAR
    return {
        Kind.CAP: symptom if used_up else None,
        # What is used up is no longer nearly so: neither news nor an end of its own.
        **({} if used_up else {Kind.CAP_NEAR: symptom if near else None}),
    }


def _of_jobs(signs: VitalSigns) -> Symptom:
    jobs = signs.stuck or ()
    return Symptom(since=min(job.since for job in jobs), jobs=tuple(jobs))
