"""What moderators changed, as a short message for the log channel. Pure."""

from datetime import datetime

from bot.discord_ui.admin_words import (
    allowance_words,
    changed_models,
    changed_values,
    mention,
    value_words,
)
from bot.discord_ui.limits import CONTENT_CHARS
from bot.discord_ui.words import ago, at, count, credits_text, excerpt, units
from bot.job import Job
from bot.jobs.changes import (
    AllowanceCleared,
    AllowanceSet,
    Blocked,
    Change,
    Granted,
    JobApproved,
    JobDenied,
    Moderator,
    PolicyChanged,
    RuleRemoved,
    RulesAdded,
    Unblocked,
)
from bot.jobs.policy_edits import FIELD_NAMES
from bot.wordfilter import FilterRule

_REASON_CHARS = 400
_PATTERN_CHARS = 300


def notice_text(by: Moderator, change: Change) -> str:
    """Return the message: who did what, at most 2,000 characters."""
    lines = _lines(change)
    first = f"🛡️ {mention('user', by.user_id)} {lines[0]}"
    text, room = first, CONTENT_CHARS - units(first) - len("\n…")
    for line in lines[1:]:
        room -= units(line) + 1
        if room < 0:
            return f"{text}\n…"
        text = f"{text}\n{line}"
    return text


def _lines(change: Change) -> list[str]:  # noqa: C901, PLR0911 - one case for each kind of change
    match change:
        case PolicyChanged():
            return _policy(change)
        case AllowanceSet(override=override):
            whom = mention(override.target, override.target_id)
            return [f"set the allowance of {whom}: {allowance_words(override)}"]
        case AllowanceCleared(target=target, target_id=target_id):
            return [f"removed the allowance of {mention(target, target_id)}"]
        case Granted():
            whom = mention("user", change.user_id)
            until = f"until {at(change.expires_at)}"
            return [f"gave {whom} {credits_text(change.credits)} {until}", _why(change.reason)]
        case Blocked(block=block):
            whom = mention("user", block.user_id)
            return [f"blocked {whom} {until_words(block.until)}", _why(block.reason)]
        case Unblocked(user_id=user_id):
            return [f"unblocked {mention('user', user_id)}"]
        case RulesAdded(rules=rules):
            return [f"added {count(len(rules), 'filter rule')}", *map(_rule, rules)]
        case RuleRemoved(rule=rule):
            return ["removed a filter rule", _rule(rule)]
        case JobApproved(job=job):
            return [f"approved {_whose(job)} for {credits_text(job.price_credits)}"]
        case JobDenied(job=job):
            return [f"did not approve {_whose(job)}", _why(job.decision_reason or "")]


def _whose(job: Job) -> str:
    return f"job `{job.id}` of {mention('user', job.user_id)}"


def _rule(rule: FilterRule) -> str:
    return f"`{rule.id}` {rule_words(rule.kind, rule.pattern)}"


def rule_words(kind: str, pattern: str, most: int = _PATTERN_CHARS) -> str:
    """Return a filter rule; hidden until clicked, for it is rarely nice to read."""
    return f"{kind} ||{excerpt(pattern, most)}||"


def _why(reason: str) -> str:
    return f"> {excerpt(reason, _REASON_CHARS)}"


def _policy(change: PolicyChanged) -> list[str]:
    before, after = change.before, change.after
    if before.paused_reason is None and after.paused_reason is not None:
        return ["paused new videos", _why(after.paused_reason)]
    if before.paused_reason is not None and after.paused_reason is None:
        return ["resumed new videos"]
    lines = [
        f"**{FIELD_NAMES[name]}**: {value_words(before, name)} → {value_words(after, name)}"
        for name in changed_values(before, after)
    ]
    lines += [
        f"**Models** in {mention(place, place_id)}: {words}"
        for (place, place_id), words in changed_models(before, after).items()
    ]
    return [f"changed {lines[0]}"] if len(lines) == 1 else ["changed", *lines]


def until_words(until: datetime | None) -> str:
    """Return how long a block lasts."""
    return "until somebody lifts it" if until is None else f"until {at(until)} ({ago(until)})"
