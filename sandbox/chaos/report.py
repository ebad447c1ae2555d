"""The figures of a run as JSON. Pure."""

import re
from collections import Counter

from bot.job import TERMINAL, JobState
from sandbox.chaos.harness import Outcome
from sandbox.chaos.plan import Plan
from sandbox.discord_api.wire import Json

_SHOWN = "secret shown"
_NUMBER = re.compile(r"\d{5,}")


def report(plan: Plan, outcome: Outcome) -> Json:
    """Return the figures, and who broke which promise."""
    books, comparison = outcome.books, outcome.comparison
    answers = Counter(attempt.answer for attempt in outcome.attempts)
    refusals = Counter(
        _NUMBER.sub("…", a.words.splitlines()[0]) for a in outcome.attempts if a.words
    )
    states = Counter(job.state.value for job in books.jobs)
    delivered = {job.job_id for job in books.jobs if job.state is JobState.DELIVERED}
    videos = Counter(video.job_id for video in books.videos)
    known = {job.job_id for job in books.jobs}
    cards = Counter(card.job_id for card in books.cards)
    codes = Counter(violation.code for violation in comparison.violations)
    return {
        "plan": {
            "seed": plan.seed,
            "jobs": len(plan.asks),
            "kills": plan.kills,
            "bots": plan.bots,
            "database": plan.database,
            "events": len(plan.events),
        },
        "seconds": round(outcome.seconds, 1),
        "quiet": outcome.quiet,
        "commands": {"sent": len(outcome.attempts), **answers},
        "refusals": dict(refusals.most_common()),
        "jobs": {"accepted": len(books.jobs), **states},
        "failures": Counter(str(job.failure) for job in books.jobs if job.failure),
        "lost": sum(job.state not in TERMINAL for job in books.jobs),
        "provider": {
            "accepted": len(books.provider),
            "most_posts_per_job": comparison.most_posts,
            "charged": sum(entry.charged_usd is not None for entry in books.provider),
            "charged_without_video": Counter(comparison.charged_without_video.values()),
        },
        "videos": {
            "delivered_jobs": len(delivered),
            "messages": len(books.videos),
            "most_per_job": max(videos.values(), default=0),
            "least_per_delivered_job": min((videos[job] for job in delivered), default=0),
        },
        "cards": {
            "most_per_job": max(cards.values(), default=0),
            "not_final": codes["card not final"],
            "deleted_by_somebody": sum(
                card.deleted and card.job_id in known for card in books.cards
            ),
            "left_thinking_without_a_job": comparison.left_thinking,
        },
        "ledger_problems": codes["ledger"],
        "happened": outcome.counts,
        "ended_by_itself": outcome.own_ends,
        "searched_for_secrets": dict(outcome.search.looked_at),
        "violations": {**codes, **_shown(outcome)},
        "offenders": [
            *({"code": v.code, "job": v.job_id, "text": v.text} for v in comparison.violations),
            *(
                {"code": _SHOWN, "job": "", "text": f"{leak.what} is in {leak.place}"}
                for leak in outcome.search.leaks
            ),
        ],
        "histories": outcome.histories,
    }


def went_well(outcome: Outcome) -> bool:
    """Tell whether every promise was kept."""
    return outcome.quiet and not outcome.comparison.violations and not outcome.search.leaks


def _shown(outcome: Outcome) -> dict[str, int]:
    return {_SHOWN: len(outcome.search.leaks)} if outcome.search.leaks else {}
