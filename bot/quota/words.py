"""A refusal in words: which rule, the numbers, when it resets, who can help."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.quota.rules import Refusal, Rule
from bot.words import ago, count, credits_text


@dataclass(frozen=True, kw_only=True)
class _Help:
    """What can be done.

    Attributes:
        later: Said to a member whose video fits after the reset.
        never: Said to a member whose video costs more than the whole limit.
        moderator: Said to a moderator who tried to approve it.
    """

    later: str
    never: str
    moderator: str


_CHEAPER = "A shorter or smaller video costs less;"
_CHOOSE = "Choose a shorter or smaller video"
_TRY_AGAIN = "Try again when one is done; moderators can raise the limit."
_IN_FLIGHT = _Help(
    later=_TRY_AGAIN,
    never=_TRY_AGAIN,
    moderator="The video keeps waiting: approve it when one is done, or raise the limit first.",
)
_ALLOWANCE = _Help(
    later=f"{_CHEAPER} moderators can raise the allowance or grant credits.",
    never=f"{_CHOOSE}, or ask a moderator for a larger allowance.",
    moderator="The video keeps waiting: grant credits or raise the allowance first.",
)
_LET_IT_IN = (
    "Let the bot post where you ask, or allow it to send you direct messages, so that the next "
    "ones arrive; those that wait come with **Send again** in `/jobs`. Moderators can raise the "
    "allowance or grant credits."
)
_HELP: Mapping[Rule, _Help] = {
    Rule.MEMBER_IN_FLIGHT: _IN_FLIGHT,
    Rule.GUILD_IN_FLIGHT: _IN_FLIGHT,
    Rule.MONTH: _ALLOWANCE,
    Rule.DAY: _ALLOWANCE,
    Rule.UNDELIVERED: _Help(
        later=_LET_IT_IN,
        never=_LET_IT_IN,
        moderator="The video keeps waiting: raise the allowance or grant credits first.",
    ),
    Rule.GUILD_BUDGET: _Help(
        later=f"{_CHEAPER} moderators can raise the budget.",
        never=f"{_CHOOSE}, or ask a moderator for a larger budget.",
        moderator="The video keeps waiting: raise the budget first.",
    ),
    Rule.HOST_BUDGET: _Help(
        later=f"{_CHEAPER} only the host can raise the limit, not moderators.",
        never=f"{_CHOOSE}; only the host can raise the limit, not moderators.",
        moderator="The video keeps waiting; only the host can raise the limit.",
    ),
}


def refusal_text(refusal: Refusal, *, to_moderator: bool = False) -> str:
    """Return the words for the member, or for the moderator who tried to approve their video."""
    facts = _facts(refusal, "the member's" if to_moderator else "your")
    if to_moderator:
        return f"{facts} {_HELP[refusal.rule].moderator}"
    return f"{facts} {_HELP[refusal.rule].never if _never(refusal) else _HELP[refusal.rule].later}"


_WHOM = {"your": "you", "the member's": "the member"}


def _never(refusal: Refusal) -> bool:
    """Tell whether the video would not even fit into the whole limit."""
    if refusal.resets_at is None:
        return False
    return refusal.price_credits > refusal.limit + refusal.granted_credits


def _facts(refusal: Refusal, whose: str) -> str:
    if refusal.rule in (Rule.MEMBER_IN_FLIGHT, Rule.GUILD_IN_FLIGHT):
        return _in_flight(refusal, whose)
    if refusal.resets_at is None:
        raise ValueError(f"a refusal by {refusal.rule} has a reset")
    if refusal.rule is Rule.UNDELIVERED:
        return _undelivered(refusal, whose, refusal.resets_at)
    words = _words(refusal, whose)
    price, resets = credits_text(refusal.price_credits), ago(refusal.resets_at)
    if _never(refusal):
        return (
            f"This video costs {price}, more than {words.limit}, so it will not fit after the "
            f"reset {resets} either."
        )
    return f"This video costs {price}, but only {words.left}. {words.name} resets {resets}."


def _undelivered(refusal: Refusal, whose: str, resets_at: datetime) -> str:
    granted = f" and the {refusal.granted_credits:,} granted ones" * bool(refusal.granted_credits)
    return (
        f"Videos for {credits_text(refusal.used)} were made for {_WHOM[whose]} and could not be "
        f"delivered. Those credits came back, but it is as much as {whose} whole allowance of "
        f"{credits_text(refusal.limit)}{granted}: new videos can be made {ago(resets_at)}."
    )


@dataclass(frozen=True, kw_only=True)
class _Words:
    """A rule about credits: what it is called, its whole limit, and what is left of it."""

    name: str
    limit: str
    left: str


def _words(refusal: Refusal, whose: str) -> _Words:
    limit, number = credits_text(refusal.limit), f"{refusal.limit:,}"
    left, used = f"{refusal.left:,}", f"({refusal.used:,} used or reserved"
    if refusal.rule is Rule.GUILD_BUDGET:
        return _Words(
            name="The budget",
            limit=f"this server's whole monthly budget of {limit}",
            left=f"{left} of this server's {number} monthly credits are left {used} by everybody)",
        )
    if refusal.rule is Rule.HOST_BUDGET:
        allows = "that this bot's host allows all servers together"
        return _Words(
            name="The limit",
            limit=f"the {limit} a month {allows}",
            left=f"{left} of the {number} credits a month are left {allows}",
        )
    window = "daily" if refusal.rule is Rule.DAY else "monthly"
    granted = f"{refusal.granted_credits:,} granted ones"
    and_, plus = (
        (f" and the {granted}", f", plus {granted}") if refusal.granted_credits else ("", "")
    )
    return _Words(
        name=f"The {window} allowance",
        limit=f"the whole {window} allowance of {limit}{and_}",
        left=f"{left} of {whose} {number} {window} credits are left {used}){plus}",
    )


def _in_flight(refusal: Refusal, whose: str) -> str:
    if refusal.rule is Rule.MEMBER_IN_FLIGHT:
        who = "You have" if whose == "your" else "The member has"
        limit = f"{refusal.limit:,} a member at once"
    else:
        who, limit = "This server has", f"{refusal.limit:,} at once"
    return f"{who} {count(refusal.used, 'video')} in the making; the limit is {limit}."
