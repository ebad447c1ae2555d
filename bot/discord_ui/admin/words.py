"""A guild's policy in words, for its page and for the log channel. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from bot.discord_ui.settings_words import model_title
from bot.discord_ui.words import excerpt
from bot.i18n import N_, gettext, ngettext, number_text
from bot.jobs.policy_edits import Place, value_of
from bot.policy import AllowanceOverride, ApprovalRules, GuildPolicy
from bot.words import credits_text, days_text, hours_text, videos_text

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
        words = gettext("{names} and {n} more")
        return words.format(names=", ".join(shown), n=number_text(rest))
    return all_of(shown)


def all_of(names: Sequence[str]) -> str:
    """Return "a, b and c"."""
    if len(names) < 2:  # noqa: PLR2004 - a list begins with two
        return "".join(names)
    return gettext("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def on_off(value: object) -> str:
    """Return how a switch stands."""
    return gettext("on") if value else gettext("off")


def titles(slugs: Iterable[str]) -> str:
    """Return the models' titles."""
    return ", ".join(model_title(slug) for slug in slugs)


def allowance_words(override: AllowanceOverride) -> str:
    """Return "500 credits a day · 5,000 credits a month", or what is set of both."""
    parts = []
    if override.daily_credits is not None:
        words = gettext("{credits} a day")
        parts.append(words.format(credits=credits_text(override.daily_credits)))
    if override.monthly_credits is not None:
        words = gettext("{credits} a month")
        parts.append(words.format(credits=credits_text(override.monthly_credits)))
    return " · ".join(parts)


def approval_words(rules: ApprovalRules) -> str:
    """Return whose videos wait for a moderator."""
    if rules.everybody:
        return gettext("every video")
    parts = []
    if rules.newer_than_days is not None:
        parts.append(
            ngettext(
                "videos of members who joined less than {n} day ago",
                "videos of members who joined less than {n} days ago",
                rules.newer_than_days,
            ).format(n=number_text(rules.newer_than_days))
        )
    if rules.without_role_id is not None:
        words = gettext("videos of members without {role}")
        parts.append(words.format(role=mention("role", rules.without_role_id)))
    if rules.above_credits is not None:
        words = gettext("videos of more than {credits}")
        parts.append(words.format(credits=credits_text(rules.above_credits)))
    return ", ".join(parts) or gettext("nothing")


def models_words(policy: GuildPolicy, place: Place, most: int = 4) -> str:
    """Return which roles or channels have lists of models; empty when none have."""
    lists: Mapping[int, tuple[str, ...]] = getattr(policy, f"models_by_{place}")
    return mentions(place, lists, most=most) if lists else ""


# -- one value, for "before → after" -------------------------------------------------


def _optional(words: Callable[[Any], str], without: str) -> Callable[[Any], str]:
    return lambda value: gettext(without) if value is None else words(value)


_HOSTS, _NO_LIMIT, _NONE, _OFF = N_("the host's"), N_("no limit"), N_("none"), N_("off")


_VALUE_WORDS: Mapping[str, Callable[[Any], str]] = {
    "time_zone": lambda value: value or gettext(_HOSTS),
    "daily_credits": _optional(credits_text, _HOSTS),
    "monthly_credits": _optional(credits_text, _HOSTS),
    "jobs_in_flight_member": _optional(videos_text, _HOSTS),
    "jobs_in_flight_guild": _optional(videos_text, _HOSTS),
    "monthly_budget_credits": _optional(credits_text, _NO_LIMIT),
    "max_price_credits": _optional(credits_text, _NO_LIMIT),
    "confirm_above_credits": _optional(credits_text, N_("never")),
    "allowed_channel_ids": lambda ids: mentions("channel", ids) if ids else gettext("everywhere"),
    "age_restricted_only": on_off,
    "filter_lists": lambda value: ", ".join(value) or gettext(_NONE),
    "log_channel_id": _optional(partial(mention, "channel"), _NONE),
    "retention_days": _optional(days_text, N_("as long as the host keeps them")),
    "log_videos_since": on_off,
    "paused_reason": _optional(lambda value: f"“{excerpt(value, _REASON_CHARS)}”", N_("no")),
    "everybody": on_off,
    "newer_than_days": _optional(days_text, _OFF),
    "without_role_id": _optional(partial(mention, "role"), _OFF),
    "above_credits": _optional(credits_text, _OFF),
    "expires_h": hours_text,
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
                found[place, place_id] = titles(new.get(place_id, ())) or gettext(
                    "no list any more"
                )
    return found
