"""Every state of a job's card and of its result: one list, for the page `/states` and for tests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.catalogue import MODELS, Model
from bot.discord_ui.failures import FAILURE_WORDS
from bot.discord_ui.results import AS_IT_IS, Delivery
from bot.job import FailureReason, Job, JobState
from bot.jobs.ports import Link, Standing
from bot.pricing import PriceTable
from bot.request import build_request

ASKED = datetime(2026, 8, 3, 12, tzinfo=UTC)
JOB_ID, PARENT_ID = 1400000000000000007, 1400000000000000003
GUILD_ID, CHANNEL_ID, MEMBER_ID = 1100000000000000001, 1300000000000000001, 1200000000000000001
_MODERATOR_ID = 1200000000000000002
_PICTURE = "https://cdn.discordapp.com/attachments/1/2/fox.png"
_PROMPT = "A fox jumps over a creek in the morning mist; the camera follows it, warm light"
_LONG_PROMPT = " ".join([_PROMPT] * 24)[:2000]
_LINK = "https://images.segmind.com/outputs/wan-2.6-i2v/3f2b.mp4"
_RAN_S, _USUAL_S = 124.0, 129.0
_BEGUN = {JobState.RUNNING, JobState.FINISHED, JobState.DELIVERED, JobState.UNDELIVERED}
_MADE = _BEGUN - {JobState.RUNNING}
# Why a made video can stay behind.
_LEFT_BEHIND = (None, FailureReason.DISCORD_DOWN, FailureReason.INTERNAL)


@dataclass(frozen=True, kw_only=True)
class State:
    """One picture of a job: of its card, or with a delivery of its result.

    Attributes:
        group: Under which heading it stands.
        name: Unlike that of all others.
        plain: Whether as it looks where Discord refuses Components V2.
    """

    group: str
    name: str
    job: Job
    standing: Standing = field(default_factory=Standing)
    delivery: Delivery | None = None
    plain: bool = False


def all_states(prices: PriceTable, *, now: datetime = ASKED) -> list[State]:
    """Return the list; `now` is when its jobs are looked at."""
    draw = _Draw(prices, now)
    return [*_on_the_way(draw), *_ended(draw), *_failed(draw), *_results(draw)]


class _Draw:
    """Makes jobs that a member of the sandbox may have."""

    def __init__(self, prices: PriceTable, now: datetime) -> None:
        self._prices = prices
        self.now = now

    def __call__(self, state: JobState, of: Model = MODELS[1], /, **changes: Any) -> Job:
        options = {"prompt": _PROMPT, "seed": 4711, **changes.pop("options", {})}
        if of.option("image"):
            options["image"] = _PICTURE
        request = build_request(of, options, prices=self._prices, draw_seed=lambda low, _high: low)
        running = self.now - timedelta(seconds=_RAN_S) if state in _BEGUN else None
        waits = state in {JobState.AWAITING_APPROVAL, JobState.DENIED}
        asked = self.now - timedelta(seconds=_RAN_S + 6)
        values: dict[str, Any] = {
            "id": JOB_ID,
            "guild_id": GUILD_ID,
            "channel_id": CHANNEL_ID,
            "user_id": MEMBER_ID,
            "model": of.slug,
            "parameters": request.parameters,
            "price_credits": request.price_credits,
            "interaction_token": "",
            "token_expires_at": asked + timedelta(minutes=15),
            "upload_limit_bytes": 10 * 2**20,
            "state": state,
            "created_at": asked,
            "queued_at": None if waits else asked,
            "running_at": running,
            "finished_at": self.now if state in _MADE else None,
        }
        if state is JobState.DELIVERED:
            values |= {"result_channel_id": CHANNEL_ID, "result_message_id": JOB_ID + 2}
        return Job(**values | changes)

    def link(self) -> Link:
        """Return where the video is for another hour."""
        return Link(url=_LINK, expires_at=self.now + timedelta(hours=1))


def _on_the_way(draw: _Draw) -> Iterator[State]:
    queued, running = draw(JobState.QUEUED), draw(JobState.RUNNING)
    approval = draw(JobState.AWAITING_APPROVAL)
    late = draw(JobState.RUNNING, running_at=draw.now - timedelta(seconds=400))
    restored = draw(JobState.UNCERTAIN, restored_at=draw.now)
    hint = "The video service is out of order; the bot asks again every minute."
    copying = "It is too large to be attached as it is: a smaller copy is being made."
    known: dict[str, Any] = {"expected_s": _USUAL_S, "elapsed_s": _RAN_S}
    cards = (
        ("waiting for a moderator", approval, Standing()),
        ("in the queue, place not known", queued, Standing()),
        ("in the queue, next", queued, Standing(place=1)),
        ("in the queue, third", queued, Standing(place=3)),
        ("in the queue, far back", queued, Standing(place=1234)),
        ("in the queue, service out of order", queued, Standing(place=3, hint=hint)),
        ("being sent", draw(JobState.SUBMITTING), Standing()),
        ("connection broke while it was sent", draw(JobState.UNCERTAIN), Standing()),
        ("looked for after a restored backup", restored, Standing()),
        ("with the service", running, Standing()),
        ("with the service, told by DM", running, Standing(tells=True)),
        ("dropped, not to be posted", draw(JobState.RUNNING, dropped_at=draw.now), Standing()),
        ("waiting for a machine", running, Standing(processing=False, expected_s=_USUAL_S)),
        ("being made", running, Standing(processing=True, **known)),
        ("being made, late", late, Standing(processing=True, expected_s=100, elapsed_s=400)),
        ("being uploaded", draw(JobState.FINISHED), Standing()),
        ("being uploaded, copied first", draw(JobState.FINISHED), Standing(hint=copying)),
    )
    for name, job, standing in cards:
        yield State(group="On the way", name=name, job=job, standing=standing)


def _ended(draw: _Draw) -> Iterator[State]:
    removal: dict[str, Any] = {
        "removed_at": draw.now,
        "removed_by": _MODERATOR_ID,
        "removal_reason": "Not here.",
    }
    denied: dict[str, Any] = {
        "decided_by": _MODERATOR_ID,
        "decision_reason": "Too long for a busy evening.",
    }
    jobs = {
        "done": draw(JobState.DELIVERED),
        "done, sent by direct message": draw(JobState.DELIVERED, result_direct=True),
        "done, longest prompt": draw(JobState.DELIVERED, options={"prompt": _LONG_PROMPT}),
        "cancelled": draw(JobState.CANCELLED),
        "cancelled before a moderator looked": draw(JobState.CANCELLED, queued_at=None),
        "dropped": draw(JobState.DROPPED, dropped_at=draw.now),
        "not approved": draw(JobState.DENIED, **denied),
        "removed by a moderator": draw(JobState.DELIVERED, **removal),
        "removed, credits given back": draw(JobState.DELIVERED, **removal, refunded_at=draw.now),
        "not delivered, direct messages": draw(JobState.UNDELIVERED, guild_id=None),
    }
    for name, job in jobs.items():
        yield State(group="Ended", name=name, job=job)
    for reason in _LEFT_BEHIND:
        job = draw(JobState.UNDELIVERED, failure=reason)
        yield State(group="Ended", name=f"not delivered: {reason or 'not let in'}", job=job)


def _failed(draw: _Draw) -> Iterator[State]:
    for reason in FAILURE_WORDS:
        job = draw(JobState.FAILED, failure=reason)
        yield State(group="Failed", name=f"failed: {reason}", job=job)
    lost: dict[str, Any] = {"failure": FailureReason.NOT_FOUND, "restored_at": draw.now}
    yield State(group="Failed", name="failed: lost by a backup", job=draw(JobState.FAILED, **lost))


def _results(draw: _Draw) -> Iterator[State]:
    job, link = draw(JobState.FINISHED), draw.link()
    parent = draw(JobState.DELIVERED, id=PARENT_ID)
    child = draw(JobState.FINISHED, parent_id=PARENT_ID)
    words = draw(JobState.FINISHED, MODELS[4], options={"fast": False, "frames": 100})
    long = draw(JobState.FINISHED, options={"prompt": _LONG_PROMPT})
    gone = draw(JobState.FINISHED, model="wan-1.0-retired")
    smaller = Delivery(smaller=True, original=link)
    results = (
        ("video", job, AS_IT_IS, False),
        ("video from words", words, AS_IT_IS, False),
        ("video, longest prompt", long, AS_IT_IS, False),
        ("video made from another", child, Delivery(parent=parent), False),
        ("video made from one that is gone", child, AS_IT_IS, False),
        ("video of a model that was taken away", gone, AS_IT_IS, False),
        ("smaller copy, original for an hour", job, smaller, False),
        ("smaller copy, original gone", job, Delivery(smaller=True), False),
        ("too large, link", job, Delivery(link=link), False),
        ("direct message", job, Delivery(direct=True), False),
        ("plain, where Discord refuses the container", job, AS_IT_IS, True),
        ("plain, too large, link", child, Delivery(link=link, parent=parent), True),
    )
    for name, made, delivery, plain in results:
        yield State(group="Result", name=name, job=made, delivery=delivery, plain=plain)
