"""May this member make this video here? Decided purely, before anything is reserved.

The rules are asked in this order, and the first no is the answer:

1. pause, 2. block, 3. channel, 4. age restriction: nothing that the member changes in the
command would help, so these come first; 5. the channel's models, 6. the roles' models, 7. the
dearest single video; 8. the filter, prompt before negative prompt: last, because it reads a
text for its answer, and so tells those who may not make videos nothing about its words.

What passes may still have to wait for a moderator: then every reason is told at once.
Allowances and budgets are not asked here but where credits are reserved (`bot.quota`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from bot.i18n import DEFAULT_LOCALE, N_, gettext, ngettext, number_text, speaking
from bot.policy import ApprovalRules, Block, GuildPolicy, MemberFacts, PlaceFacts
from bot.wordfilter import CompiledFilter, Match
from bot.words import ago, credits_text, days_text, one_of

# What a text quotes at most, so that it stays within a Discord message (2,000 characters).
_MAX_REASON = 300
_MAX_NAMED = 10

Field = Literal["prompt", "negative prompt"]


class ModerationRule(StrEnum):
    """The rule that refused, in the order in which they are asked."""

    PAUSED = "paused"
    BLOCKED = "blocked"
    CHANNEL = "channel"
    AGE_RESTRICTED = "age_restricted"
    CHANNEL_MODELS = "channel_models"
    ROLE_MODELS = "role_models"
    MAX_PRICE = "max_price"
    FILTER = "filter"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """Nothing is against it."""


@dataclass(frozen=True, kw_only=True)
class NeedsApproval:
    """A moderator has to say yes first.

    Attributes:
        reasons: Why, for the moderator; at least one sentence.
    """

    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the filter found, and in which of the member's texts."""

    match: Match
    field: Field


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A rule says no.

    Attributes:
        text: For the member, and only for them: which rule, the numbers, when it ends, who can
            help. It mentions channels and roles, so it is to be sent without pinging anybody.
        found: What the filter found, for the moderators' log.
    """

    rule: ModerationRule
    text: str
    found: Found | None = None


Verdict = Accepted | NeedsApproval | Refused


def judge(
    *,
    policy: GuildPolicy,
    member: MemberFacts,
    place: PlaceFacts,
    model: str,
    price_credits: int,
    prompt: str,
    negative_prompt: str,
    rules: CompiledFilter,
    block: Block | None,
    now: datetime,
) -> Verdict:
    """Return whether a video may be made, has to wait, or is refused.

    Args:
        policy: The guild's rules; the defaults in direct messages.
        member: Who asks.
        place: Where they ask; a thread has its parent's permissions.
        model: The model's slug.
        price_credits: The estimated price.
        prompt: As the member wrote it.
        negative_prompt: Empty when there is none.
        rules: The guild's compiled filter.
        block: The member's block, or None; one that has ended does not count.
        now: UTC.
    """
    refused = (
        _paused(policy)
        or _blocked(block, now)
        or _wrong_channel(policy, place)
        or _not_age_restricted(policy, place)
        or _not_in_this_channel(policy, place, model)
        or _not_with_these_roles(policy, member, model)
        or _too_dear(policy, price_credits)
        or _filtered(rules, prompt, "prompt")
        or _filtered(rules, negative_prompt, "negative prompt")
    )
    if refused:
        return refused
    with speaking(DEFAULT_LOCALE):  # they are kept, and read in the server's log
        reasons = tuple(_reasons_to_wait(policy.approval, member, price_credits, now))
    return NeedsApproval(reasons=reasons) if reasons else Accepted()


def judge_sending(
    *,
    policy: GuildPolicy,
    block: Block | None,
    place: PlaceFacts | None,
    model: str,
    now: datetime,
) -> Refused | None:
    """Return why a made video may not be sent again; None when it may be. Pure.

    A pause does not count: what was made before goes on. Prompt and roles have been asked.

    Args:
        policy: The guild's rules.
        block: The member's block, or None; one that has ended does not count.
        place: Where it is to go in the guild; None for where it was asked for, or directly.
        model: The model's slug.
        now: UTC.
    """
    refused = _blocked(block, now)
    if refused is not None or place is None:
        return refused
    return (
        _wrong_channel(policy, place)
        or _not_age_restricted(policy, place)
        or _not_in_this_channel(policy, place, model)
    )


# -- refusals ------------------------------------------------------------------


def _paused(policy: GuildPolicy) -> Refused | None:
    if policy.paused_reason is None:
        return None
    text = gettext(
        "Making videos is paused on this server.{reason}"
        "Videos already in the making go on. Moderators can resume it."
    ).format(reason=_quoted(policy.paused_reason))
    return Refused(rule=ModerationRule.PAUSED, text=text)


def _blocked(block: Block | None, now: datetime) -> Refused | None:
    if block is None or (block.until is not None and block.until <= now):
        return None
    if block.until is None:
        words = gettext(
            "You are blocked from making videos on this server.{reason}"
            "The block has no end; moderators can lift it before."
        )
    else:
        words = gettext(
            "You are blocked from making videos on this server.{reason}"
            "The block ends {when}; moderators can lift it before."
        )
    when = ago(block.until) if block.until else ""
    text = words.format(reason=_quoted(block.reason), when=when)
    return Refused(rule=ModerationRule.BLOCKED, text=text)


def _wrong_channel(policy: GuildPolicy, place: PlaceFacts) -> Refused | None:
    allowed = policy.allowed_channel_ids
    if not allowed or place.channel_id in allowed or place.parent_id in allowed:
        return None
    channels = _named([f"<#{channel_id}>" for channel_id in allowed])
    text = gettext(
        "Videos may not be made in this channel, only in {channels} and threads there. "
        "Moderators can allow other channels."
    ).format(channels=channels)
    return Refused(rule=ModerationRule.CHANNEL, text=text)


def _not_age_restricted(policy: GuildPolicy, place: PlaceFacts) -> Refused | None:
    if place.age_restricted or not policy.age_restricted_only:
        return None
    text = gettext(
        "On this server, videos may only be made in channels that are marked as age-restricted, "
        "and this one is not. Try again in such a channel; moderators can mark this one."
    )
    return Refused(rule=ModerationRule.AGE_RESTRICTED, text=text)


def _not_in_this_channel(policy: GuildPolicy, place: PlaceFacts, model: str) -> Refused | None:
    """Refuse what the thread's own list, else its parent's, does not have."""
    for channel_id in (place.channel_id, place.parent_id):
        if channel_id is None or channel_id not in policy.models_by_channel:
            continue
        models = policy.models_by_channel[channel_id]
        if model in models:
            return None
        words = gettext(
            "The model `{model}` may not be used in this channel. Choose {models} here, or use "
            "another channel; moderators can allow it here."
        )
        if not models:
            words = gettext(
                "No model may be used in this channel. Use another channel; moderators can allow "
                "models here."
            )
        text = words.format(model=model, models=_slugs(models))
        return Refused(rule=ModerationRule.CHANNEL_MODELS, text=text)
    return None


def _not_with_these_roles(policy: GuildPolicy, member: MemberFacts, model: str) -> Refused | None:
    by_role = policy.models_by_role
    own = sorted(role_id for role_id in by_role if role_id in member.role_ids)
    allowed = {slug for role_id in own for slug in by_role[role_id]}
    listed = {slug for slugs in by_role.values() for slug in slugs}
    if model in allowed or (not own and model not in listed):
        return None
    if own:
        models = _slugs(sorted(allowed)) if allowed else gettext("no model")
        why = ngettext("Your role allows {models}.", "Your roles allow {models}.", len(own))
        why = why.format(models=models)
    else:
        why = gettext("It is kept for certain roles.")
    holders = [f"<@&{role_id}>" for role_id, slugs in by_role.items() if model in slugs]
    sentences = [gettext("You may not use the model `{model}` here.").format(model=model), why]
    if holders:
        sentences.append(gettext("It is open to {roles}.").format(roles=_named(holders)))
    sentences.append(gettext("Moderators can give you access."))
    text = " ".join(sentences)
    return Refused(rule=ModerationRule.ROLE_MODELS, text=text)


def _too_dear(policy: GuildPolicy, price_credits: int) -> Refused | None:
    limit = policy.max_price_credits
    if limit is None or price_credits <= limit:
        return None
    text = gettext(
        "This video costs {price}; the most that one video may cost on this server is {limit}. "
        "Choose a shorter or smaller video; moderators can raise the limit."
    ).format(price=credits_text(price_credits), limit=credits_text(limit))
    return Refused(rule=ModerationRule.MAX_PRICE, text=text)


_FILTERED: Mapping[Field, str] = {
    "prompt": N_(
        "Your prompt has something that this server does not allow ({rule}): “{excerpt}”. "
        "Nothing was charged. Change it and try again; when it is harmless, tell a moderator, who "
        "can change the filter."
    ),
    "negative prompt": N_(
        "Your negative prompt has something that this server does not allow ({rule}): “{excerpt}”. "
        "Nothing was charged. Change it and try again; when it is harmless, tell a moderator, who "
        "can change the filter."
    ),
}


def _filtered(rules: CompiledFilter, text: str, name: Field) -> Refused | None:
    match = rules.find(text)
    if match is None:
        return None
    rule = gettext("the word list “{name}”").format(name=match.list_name)
    if match.rule is not None:
        rule = gettext("filter rule {number}").format(number=match.rule.id)
    words = gettext(_FILTERED[name]).format(rule=rule, excerpt=match.excerpt)
    found = Found(match=match, field=name)
    return Refused(rule=ModerationRule.FILTER, text=words, found=found)


# -- approval ------------------------------------------------------------------


def _reasons_to_wait(
    approval: ApprovalRules, member: MemberFacts, price_credits: int, now: datetime
) -> Iterator[str]:
    """Yield each reason, in the moderator's words."""
    if approval.everybody:
        yield "Every video needs approval."
    if approval.newer_than_days is not None:
        yield from _newness(approval.newer_than_days, member.joined_at, now)
    role_id = approval.without_role_id
    if role_id is not None and role_id not in member.role_ids:
        yield f"The member does not have the role <@&{role_id}>."
    if approval.above_credits is not None and price_credits > approval.above_credits:
        yield (
            f"It costs {credits_text(price_credits)}, more than the "
            f"{credits_text(approval.above_credits)} that need no approval."
        )


def _newness(days: int, joined_at: datetime | None, now: datetime) -> Iterator[str]:
    span = days_text(days)
    if joined_at is None:  # Discord did not say: better one approval too many
        yield f"It is not known whether the member joined more than {span} ago."
    elif now - joined_at < timedelta(days=days):
        yield f"The member joined {ago(joined_at)}, less than {span} ago."


# -- words ---------------------------------------------------------------------


def _quoted(reason: str) -> str:
    """Return a moderator's reason on a line of its own, between two sentences."""
    line = " ".join(reason.split())
    if not line:
        return " "
    short = line if len(line) <= _MAX_REASON else line[: _MAX_REASON - 1].rstrip() + "…"
    return f"\n> {short}\n"


def _slugs(models: Collection[str]) -> str:
    return _named([f"`{model}`" for model in models])


def _named(names: Collection[str]) -> str:
    """Return "a, b or c", and how many more when there are many."""
    shown = list(names)[:_MAX_NAMED]
    if len(names) > len(shown):
        others = len(names) - len(shown)
        words = ngettext("{names} or {n} other", "{names} or {n} others", others)
        return words.format(names=", ".join(shown), n=number_text(others))
    return one_of(shown)
