"""A refusal in words: which rule, the numbers, when it resets, who can help.

Each text is a whole sentence, so that it can be one in every language.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.i18n import N_, gettext, ngettext, number_text
from bot.quota.rules import Refusal, Rule
from bot.words import ago, credits_text


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


_TRY_AGAIN = N_("Try again when one is done; moderators can raise the limit.")
_IN_FLIGHT_HELP = _Help(
    later=_TRY_AGAIN,
    never=_TRY_AGAIN,
    moderator=N_("The video keeps waiting: approve it when one is done, or raise the limit first."),
)
_ALLOWANCE_HELP = _Help(
    later=N_(
        "A shorter or smaller video costs less; moderators can raise the allowance or grant "
        "credits."
    ),
    never=N_("Choose a shorter or smaller video, or ask a moderator for a larger allowance."),
    moderator=N_("The video keeps waiting: grant credits or raise the allowance first."),
)
_LET_IT_IN = N_(
    "Let the bot post where you ask, or allow it to send you direct messages, so that the next "
    "ones arrive; those that wait come with **Send again** in `/jobs`. Moderators can raise the "
    "allowance or grant credits."
)
_HELP: Mapping[Rule, _Help] = {
    Rule.MEMBER_IN_FLIGHT: _IN_FLIGHT_HELP,
    Rule.GUILD_IN_FLIGHT: _IN_FLIGHT_HELP,
    Rule.MONTH: _ALLOWANCE_HELP,
    Rule.DAY: _ALLOWANCE_HELP,
    Rule.UNDELIVERED: _Help(
        later=_LET_IT_IN,
        never=_LET_IT_IN,
        moderator=N_("The video keeps waiting: raise the allowance or grant credits first."),
    ),
    Rule.GUILD_BUDGET: _Help(
        later=N_("A shorter or smaller video costs less; moderators can raise the budget."),
        never=N_("Choose a shorter or smaller video, or ask a moderator for a larger budget."),
        moderator=N_("The video keeps waiting: raise the budget first."),
    ),
    Rule.HOST_BUDGET: _Help(
        later=N_(
            "A shorter or smaller video costs less; only the host can raise the limit, not "
            "moderators."
        ),
        never=N_(
            "Choose a shorter or smaller video; only the host can raise the limit, not moderators."
        ),
        moderator=N_("The video keeps waiting; only the host can raise the limit."),
    ),
}


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What a rule about credits says: to a member, and to a moderator about one.

    Attributes:
        member: What is left of the limit, and when it resets.
        moderator: The same about another's.
        never: That the video costs more than the whole limit.
    """

    member: str
    moderator: str
    never: str


_NO_MATTER = ""  # it is not asked whether a video would fit then
_GUILD_LEFT = N_(
    "This video costs {price}, but only {left} of this server's {limit} monthly credits are left "
    "({used} used or reserved by everybody). The budget resets {resets}."
)
_HOST_LEFT = N_(
    "This video costs {price}, but only {left} of the {limit} credits a month are left that this "
    "bot's host allows all servers together. The limit resets {resets}."
)
_FACTS: Mapping[Rule, _Facts] = {
    Rule.DAY: _Facts(
        member=N_(
            "This video costs {price}, but only {left} of your {limit} daily credits are left "
            "({used} used or reserved). The daily allowance resets {resets}."
        ),
        moderator=N_(
            "This video costs {price}, but only {left} of the member's {limit} daily credits are "
            "left ({used} used or reserved). The daily allowance resets {resets}."
        ),
        never=N_(
            "This video costs {price}, more than the whole daily allowance of {limit_credits}, so "
            "it will not fit after the reset {resets} either."
        ),
    ),
    Rule.MONTH: _Facts(
        member=N_(
            "This video costs {price}, but only {left} of your {limit} monthly credits are left "
            "({used} used or reserved). The monthly allowance resets {resets}."
        ),
        moderator=N_(
            "This video costs {price}, but only {left} of the member's {limit} monthly credits "
            "are left ({used} used or reserved). The monthly allowance resets {resets}."
        ),
        never=N_(
            "This video costs {price}, more than the whole monthly allowance of {limit_credits}, "
            "so it will not fit after the reset {resets} either."
        ),
    ),
    Rule.UNDELIVERED: _Facts(
        member=N_(
            "Videos for {used_credits} were made for you and could not be delivered. Those credits "
            "came back, but it is as much as your whole allowance of {limit_credits}: new videos "
            "can be made {resets}."
        ),
        moderator=N_(
            "Videos for {used_credits} were made for the member and could not be delivered. Those "
            "credits came back, but it is as much as the member's whole allowance of "
            "{limit_credits}: new videos can be made {resets}."
        ),
        never=_NO_MATTER,
    ),
    Rule.GUILD_BUDGET: _Facts(
        member=_GUILD_LEFT,
        moderator=_GUILD_LEFT,
        never=N_(
            "This video costs {price}, more than this server's whole monthly budget of "
            "{limit_credits}, so it will not fit after the reset {resets} either."
        ),
    ),
    Rule.HOST_BUDGET: _Facts(
        member=_HOST_LEFT,
        moderator=_HOST_LEFT,
        never=N_(
            "This video costs {price}, more than the {limit_credits} a month that this bot's host "
            "allows all servers together, so it will not fit after the reset {resets} either."
        ),
    ),
}
# The same for members who have grants as well, which help with these rules.
_GRANTED_FACTS: Mapping[Rule, _Facts] = {
    Rule.DAY: _Facts(
        member=N_(
            "This video costs {price}, but only {left} of your {limit} daily credits are left "
            "({used} used or reserved), plus {granted} granted ones. The daily allowance resets "
            "{resets}."
        ),
        moderator=N_(
            "This video costs {price}, but only {left} of the member's {limit} daily credits are "
            "left ({used} used or reserved), plus {granted} granted ones. The daily allowance "
            "resets {resets}."
        ),
        never=N_(
            "This video costs {price}, more than the whole daily allowance of {limit_credits} and "
            "the {granted} granted ones, so it will not fit after the reset {resets} either."
        ),
    ),
    Rule.MONTH: _Facts(
        member=N_(
            "This video costs {price}, but only {left} of your {limit} monthly credits are left "
            "({used} used or reserved), plus {granted} granted ones. The monthly allowance resets "
            "{resets}."
        ),
        moderator=N_(
            "This video costs {price}, but only {left} of the member's {limit} monthly credits "
            "are left ({used} used or reserved), plus {granted} granted ones. The monthly "
            "allowance resets {resets}."
        ),
        never=N_(
            "This video costs {price}, more than the whole monthly allowance of {limit_credits} "
            "and the {granted} granted ones, so it will not fit after the reset {resets} either."
        ),
    ),
    Rule.UNDELIVERED: _Facts(
        member=N_(
            "Videos for {used_credits} were made for you and could not be delivered. Those credits "
            "came back, but it is as much as your whole allowance of {limit_credits} and the "
            "{granted} granted ones: new videos can be made {resets}."
        ),
        moderator=N_(
            "Videos for {used_credits} were made for the member and could not be delivered. Those "
            "credits came back, but it is as much as the member's whole allowance of "
            "{limit_credits} and the {granted} granted ones: new videos can be made {resets}."
        ),
        never=_NO_MATTER,
    ),
}


def refusal_text(refusal: Refusal, *, to_moderator: bool = False) -> str:
    """Return the words for the member, or for the moderator who tried to approve their video."""
    help_ = _HELP[refusal.rule]
    if refusal.rule in (Rule.MEMBER_IN_FLIGHT, Rule.GUILD_IN_FLIGHT):
        facts = _in_flight(refusal, to_moderator=to_moderator)
    else:
        facts = _facts(refusal, to_moderator=to_moderator)
    advice = help_.never if _never(refusal) else help_.later
    return f"{facts} {gettext(help_.moderator if to_moderator else advice)}"


def _never(refusal: Refusal) -> bool:
    """Tell whether the video would not even fit into the whole limit."""
    if refusal.resets_at is None:
        return False
    return refusal.price_credits > refusal.limit + refusal.granted_credits


def _facts(refusal: Refusal, *, to_moderator: bool) -> str:
    if refusal.resets_at is None:
        raise ValueError(f"a refusal by {refusal.rule} has a reset")
    granted = refusal.granted_credits
    facts = (
        _GRANTED_FACTS.get(refusal.rule, _FACTS[refusal.rule]) if granted else _FACTS[refusal.rule]
    )
    words = facts.moderator if to_moderator else facts.member
    if _never(refusal) and refusal.rule is not Rule.UNDELIVERED:
        words = facts.never
    return gettext(words).format(
        price=credits_text(refusal.price_credits),
        left=number_text(refusal.left),
        limit=number_text(refusal.limit),
        limit_credits=credits_text(refusal.limit),
        used=number_text(refusal.used),
        used_credits=credits_text(refusal.used),
        granted=number_text(granted),
        resets=ago(refusal.resets_at),
    )


def _in_flight(refusal: Refusal, *, to_moderator: bool) -> str:
    if refusal.rule is Rule.GUILD_IN_FLIGHT:
        words = ngettext(
            "This server has {n} video in the making; the limit is {limit} at once.",
            "This server has {n} videos in the making; the limit is {limit} at once.",
            refusal.used,
        )
    elif to_moderator:
        words = ngettext(
            "The member has {n} video in the making; the limit is {limit} a member at once.",
            "The member has {n} videos in the making; the limit is {limit} a member at once.",
            refusal.used,
        )
    else:
        words = ngettext(
            "You have {n} video in the making; the limit is {limit} a member at once.",
            "You have {n} videos in the making; the limit is {limit} a member at once.",
            refusal.used,
        )
    return words.format(n=number_text(refusal.used), limit=number_text(refusal.limit))
