"""A refusal in words: which rule, the numbers, when it resets, who can help."""

from dataclasses import dataclass
from datetime import datetime

from bot.quota.rules import Refusal, Rule


@dataclass(frozen=True, kw_only=True)
class _Voice:
    """How the member is called, by who reads it."""

    have: str
    whose: str
    to_whom: str


_MEMBER = _Voice(have="You have", whose="your", to_whom="you")
_MODERATOR = _Voice(have="The member has", whose="the member's", to_whom="them")


def refusal_text(refusal: Refusal, *, to_moderator: bool = False) -> str:
    """Return the words for the member, or for the moderator who tried to approve their video."""
    voice = _MODERATOR if to_moderator else _MEMBER
    if refusal.rule in (Rule.MEMBER_IN_FLIGHT, Rule.GUILD_IN_FLIGHT):
        return _in_flight_text(refusal, voice)
    if refusal.resets_at is None:
        raise ValueError(f"a refusal by {refusal.rule} has a reset")
    if refusal.rule is Rule.GUILD_BUDGET:
        return _guild_text(refusal, _clock(refusal.resets_at))
    if refusal.rule is Rule.HOST_BUDGET:
        return _host_text(refusal, _clock(refusal.resets_at))
    return _allowance_text(refusal, voice, _clock(refusal.resets_at))


def _allowance_text(refusal: Refusal, voice: _Voice, resets: str) -> str:
    name = "daily" if refusal.rule is Rule.DAY else "monthly"
    price, granted = _credits(refusal.price_credits), refusal.granted_credits
    if refusal.price_credits > refusal.limit + granted:
        also = f" and the {granted:,} granted to {voice.to_whom}" if granted else ""
        return (
            f"This video costs {price}, more than the whole {name} allowance of "
            f"{_credits(refusal.limit)}{also}, so it will not fit after the reset {resets} either. "
            "Choose a shorter or smaller video, or ask a moderator for a larger allowance."
        )
    also = f", plus {granted:,} granted to {voice.to_whom}" if granted else ""
    return (
        f"This video costs {price}, but only {refusal.left:,} of {voice.whose} "
        f"{refusal.limit:,} {name} credits are left ({refusal.used:,} used or reserved){also}. "
        f"The {name} allowance resets {resets}. A shorter or smaller video costs less; "
        "moderators can raise the allowance."
    )


def _guild_text(refusal: Refusal, resets: str) -> str:
    price = _credits(refusal.price_credits)
    if refusal.price_credits > refusal.limit:
        return (
            f"This video costs {price}, more than this server's whole monthly budget of "
            f"{_credits(refusal.limit)}, so it will not fit after the reset {resets} either. "
            "Choose a shorter or smaller video, or ask a moderator for a larger budget."
        )
    return (
        f"This video costs {price}, but only {refusal.left:,} of this server's "
        f"{refusal.limit:,} monthly credits are left ({refusal.used:,} used or reserved by all "
        f"members). The budget resets {resets}. A shorter or smaller video costs less; "
        "moderators can raise the budget."
    )


def _host_text(refusal: Refusal, resets: str) -> str:
    price = _credits(refusal.price_credits)
    if refusal.price_credits > refusal.limit:
        return (
            f"This video costs {price}, more than the {_credits(refusal.limit)} a month that this "
            f"bot's host allows all servers together, so it will not fit after the reset {resets} "
            "either. Choose a shorter or smaller video; only the host can raise the limit, not "
            "moderators."
        )
    return (
        f"This video costs {price}, but only {refusal.left:,} of the {refusal.limit:,} credits "
        f"are left that this bot's host allows all servers together in a month. The limit resets "
        f"{resets}. A shorter or smaller video costs less; only the host can raise the limit, not "
        "moderators."
    )


def _in_flight_text(refusal: Refusal, voice: _Voice) -> str:
    if refusal.rule is Rule.MEMBER_IN_FLIGHT:
        who, limit = voice.have, f"{refusal.limit:,} a member at once"
    else:
        who, limit = "This server has", f"{refusal.limit:,} at once"
    return (
        f"{who} {_videos(refusal.used)} in the making; the limit is {limit}. "
        "Try again when one is done; moderators can raise the limit."
    )


def _clock(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"


def _credits(number: int) -> str:
    return "1 credit" if number == 1 else f"{number:,} credits"


def _videos(number: int) -> str:
    return "1 video" if number == 1 else f"{number:,} videos"
