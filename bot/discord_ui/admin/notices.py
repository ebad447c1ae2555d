"""What moderators changed or should know, as a short message for the log channel. Pure.

The log is the server's, and in English; what a single moderator reads speaks their language.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain

from bot.discord_ui.admin.words import (
    allowance_words,
    changed_models,
    changed_values,
    mention,
    value_words,
)
from bot.discord_ui.limits import CONTENT_CHARS
from bot.discord_ui.words import excerpt, units
from bot.i18n import N_, gettext
from bot.job import Job
from bot.jobs.changes import (
    Actor,
    AllowanceCleared,
    AllowanceSet,
    Blocked,
    Change,
    CreditsReturned,
    Granted,
    JobApproved,
    JobDenied,
    Moderator,
    PolicyChanged,
    PromptRefused,
    RuleRemoved,
    RulesAdded,
    Unblocked,
    VideoRemoved,
)
from bot.jobs.policy_edits import FIELD_NAMES
from bot.policy import Block
from bot.wordfilter import FilterRule, Match
from bot.words import ago, at, credits_text

_REASON_CHARS = 400
_PATTERN_CHARS = 300
_MATCH_CHARS = 80


def notice_text(by: Actor, change: Change) -> str:
    """Return the message: who did what, at most 2,000 characters."""
    lines = iter(_lines(change))
    symbol = "🛡️" if isinstance(by, Moderator) else "🧹"
    first = f"{symbol} {mention('user', by.user_id)} {next(lines)}"
    text, room = first, CONTENT_CHARS - units(first) - len("\n…")
    for line in lines:
        room -= units(line) + 1
        if room < 0:
            return f"{text}\n…"
        text = f"{text}\n{line}"
    return text


def _lines(change: Change) -> Iterable[str]:  # noqa: C901, PLR0911 - one case for each kind
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
            # One by one: a pasted list may have thousands, of which a message holds a few.
            return chain([f"added {_counted(len(rules), 'filter rule')}"], map(_rule, rules))
        case RuleRemoved(rule=rule):
            return ["removed a filter rule", _rule(rule)]
        case JobApproved() | JobDenied() | VideoRemoved() | CreditsReturned():
            return _about_job(change)
        case PromptRefused():
            return _refused_prompt(change)


def _about_job(change: JobApproved | JobDenied | VideoRemoved | CreditsReturned) -> list[str]:
    match change:
        case JobApproved(job=job):
            return [f"approved {_whose(job)} for {credits_text(job.price_credits)}"]
        case JobDenied(job=job):
            return [f"did not approve {_whose(job)}", _why(job.decision_reason or "")]
        case VideoRemoved(job=job, credits_back=back):
            credits_too = f" and gave {credits_text(back)} back" if back else ""
            return [f"removed the video of {_whose(job)}{credits_too}", *_removal(job)]
        case CreditsReturned(job=job, credits_back=back, reason=reason):
            given = f"gave {credits_text(back)} back for the removed video of {_whose(job)}"
            return [given, _why(reason)]


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"


def _removal(job: Job) -> list[str]:
    lines = [_why(job.removal_reason or "")]
    if job.result_message_id is not None:
        lines.append("⚠️ Discord has not deleted the message yet; the card has a button for it.")
    return lines


def _refused_prompt(change: PromptRefused) -> list[str]:
    where = mention("channel", change.channel_id)
    lines = [
        f"was refused in {where}: the filter does not allow their {change.found.field}",
        match_words(change.found.match),
    ]
    if change.untold:
        more = _counted(change.untold, "more time")
        lines.append(f"-# and {more} since {at(change.untold_since)}, which were not told here")
    return lines


def _whose(job: Job) -> str:
    return f"job `{job.id}` of {mention('user', job.user_id)}"


def _rule(rule: FilterRule) -> str:
    return f"`{rule.id}` {rule_words(rule.kind, rule.pattern)}"


KIND_NAMES: Mapping[str, str] = {
    "word": N_("word"),
    "phrase": N_("phrase"),
    "regex": N_("regex"),
}


def rule_words(kind: str, pattern: str, most: int = _PATTERN_CHARS) -> str:
    """Return a filter rule; hidden until clicked, for it is rarely nice to read."""
    return f"{gettext(KIND_NAMES.get(kind, kind))} ||{excerpt(pattern, most)}||"


def match_words(match: Match) -> str:
    """Return which rule found what; both hidden until clicked."""
    words = gettext("the built-in list **{name}**, at ||{where}||")
    if match.rule is not None:
        words = gettext("rule `{number}`, {rule}, at ||{where}||")
    return words.format(
        name=match.list_name,
        number=match.rule.id if match.rule else "",
        rule=rule_words(match.rule.kind, match.rule.pattern) if match.rule else "",
        where=excerpt(match.excerpt, _MATCH_CHARS),
    )


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


def blocked_words(block: Block) -> str:
    """Return the answer to a moderator who has blocked a member."""
    return gettext(
        "🚫 {member} is blocked {until}. Videos under way go on; `/video-admin unblock` lifts it."
    ).format(member=mention("user", block.user_id), until=until_words(block.until))


def until_words(until: datetime | None) -> str:
    """Return how long a block lasts."""
    if until is None:
        return gettext("until somebody lifts it")
    return gettext("until {time} ({clock})").format(time=at(until), clock=ago(until))
