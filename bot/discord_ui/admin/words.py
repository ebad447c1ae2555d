"""A guild's policy in words, for its page and for the log channel. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from bot.discord_ui.settings_words import model_title
from bot.discord_ui.words import excerpt
from bot.jobs.policy_edits import Place, value_of
from bot.policy import AllowanceOverride, ApprovalRules, GuildPolicy
from bot.words import count, credits_text

_MENTIONS = 8
_REASON_CHARS = 200
MENTION: Mapping[str, str] = {"channel": "#", "role": "@&", "user": "@"}


def mention(kind: str, target_id: int) -> str:
    """Return what Discord shows as the name of a channel, role or user."""
    return f"<{MENTION[kind]}{target_id}>"


def mentions(kind: str, ids: Collection[int], *, most: int = _MENTIONS) -> str:
    """Return "#a, #b and 490 more"."""
    shown = [mention(kind, one) for one in list(ids)[:most]]
    rest = len(ids) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest:,} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)


def titles(slugs: Iterable[str]) -> str:
    """Return the models' titles."""
    return ", ".join(model_title(slug) for slug in slugs)


def allowance_words(override: AllowanceOverride) -> str:
    """Return "500 credits a day · 5,000 credits a month", or what is set of both."""
    parts = []
    if override.daily_credits is not None:
        parts.append(f"{credits_text(override.daily_credits)} a day")
    if override.monthly_credits is not None:
        parts.append(f"{credits_text(override.monthly_credits)} a month")
    return " · ".join(parts)


def approval_words(rules: ApprovalRules) -> str:
    """Return whose videos wait for a moderator."""
    if rules.everybody:
        return "every video"
    parts = []
    if rules.newer_than_days is not None:
        parts.append(
            f"videos of members who joined less than {count(rules.newer_than_days, 'day')} ago"
        )
    if rules.without_role_id is not None:
        parts.append(f"videos of members without {mention('role', rules.without_role_id)}")
    if rules.above_credits is not None:
        parts.append(f"videos of more than {credits_text(rules.above_credits)}")
    return ", ".join(parts) or "nothing"


def models_words(policy: GuildPolicy, place: Place, most: int = 4) -> str:
    """Return which roles or channels have lists of models; empty when none have."""
    lists: Mapping[int, tuple[str, ...]] = getattr(policy, f"models_by_{place}")
    return mentions(place, lists, most=most) if lists else ""


# -- one value, for "before → after" -------------------------------------------------


def _optional(unit: str, without: str) -> Callable[[Any], str]:
    return lambda value: without if value is None else count(value, unit)


def _switch(value: object) -> str:
    return "on" if value else "off"


_VALUE_WORDS: Mapping[str, Callable[[Any], str]] = {
    "time_zone": lambda value: value or "the host's",
    "daily_credits": _optional("credit", "the host's"),
    "monthly_credits": _optional("credit", "the host's"),
    "jobs_in_flight_member": _optional("video", "the host's"),
    "jobs_in_flight_guild": _optional("video", "the host's"),
    "monthly_budget_credits": _optional("credit", "no limit"),
    "max_price_credits": _optional("credit", "no limit"),
    "confirm_above_credits": _optional("credit", "never"),
    "allowed_channel_ids": lambda value: mentions("channel", value) if value else "everywhere",
    "age_restricted_only": _switch,
    "filter_lists": lambda value: ", ".join(value) or "none",
    "log_channel_id": lambda value: "none" if value is None else mention("channel", value),
    "retention_days": _optional("day", "as long as the host keeps them"),
    "log_videos_since": _switch,
    "paused_reason": lambda value: "no" if value is None else f"“{excerpt(value, _REASON_CHARS)}”",
    "everybody": _switch,
    "newer_than_days": _optional("day", "off"),
    "without_role_id": lambda value: "off" if value is None else mention("role", value),
    "above_credits": _optional("credit", "off"),
    "expires_h": lambda value: count(value, "hour"),
}


def value_words(policy: GuildPolicy, name: str) -> str:
    """Return one value of the policy (or of its approval rules) in words."""
    return _VALUE_WORDS[name](value_of(policy, name))


def changed_values(before: GuildPolicy, after: GuildPolicy) -> list[str]:
    """Return the names of the values that differ, but for the lists of models."""
    return [name for name in _VALUE_WORDS if value_of(before, name) != value_of(after, name)]


def changed_models(before: GuildPolicy, after: GuildPolicy) -> dict[tuple[Place, int], str]:
    """Return the roles and channels whose list of models changed, with what it is now."""
    places: tuple[Place, ...] = ("role", "channel")
    found: dict[tuple[Place, int], str] = {}
    for place in places:
        old: Mapping[int, tuple[str, ...]] = value_of(before, f"models_by_{place}")
        new: Mapping[int, tuple[str, ...]] = value_of(after, f"models_by_{place}")
        for place_id in sorted(old.keys() | new.keys()):
            if old.get(place_id) != new.get(place_id):
                found[place, place_id] = titles(new.get(place_id, ())) or "no list any more"
    return found
