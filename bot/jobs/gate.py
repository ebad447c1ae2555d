"""The guild's rules, asked once for each command: may it go ahead, and on which terms."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.errors import RefusedError
from bot.i18n import N_, gettext
from bot.jobs.changes import Member
from bot.jobs.moderating_ports import PolicyStore
from bot.jobs.refused_prompts import RefusedPrompts
from bot.moderation import NeedsApproval, Refused, judge
from bot.policy import (
    GuildPolicy,
    MemberFacts,
    PlaceFacts,
    Rulebook,
    effective_allowance,
    zone_of,
)
from bot.quota import Allowance, Budget
from bot.request import GenerationRequest
from bot.wordfilter import CompiledFilter, FilterRule, compile_rules

log = logging.getLogger(__name__)

# Compiled filters of this many guilds are kept.
_KEPT_FILTERS = 256
# Python runs one thread at a time, and each that works makes the event loop wait for its share.
_JUDGED_AT_ONCE = 1
_NOBODY_TO_ASK = N_(
    "A moderator has to approve this video first, but this server has no log channel where they "
    "could be asked. Nothing was charged. Ask a moderator to set one with `/video-admin`."
)
_NO_DIRECT_MESSAGES = N_(
    "The people who run this bot have switched off videos in direct messages, and wherever the bot "
    "is not a member. Nothing was charged. Use the command on a server where the bot is."
)
_FilterKey = tuple[tuple[FilterRule, ...], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On which terms a member may spend here.

    Attributes:
        zone: The guild's time zone.
        approval_reasons: Why a moderator has to say yes first; empty when nobody has to.
        confirm_above_credits: The member has to say yes first to what costs more.
    """

    allowance: Allowance
    zone: ZoneInfo
    budget: Budget
    approval_reasons: Sequence[str] = ()
    confirm_above_credits: int | None = None


class Gate:
    """Knows the host's limits and every guild's policy."""

    def __init__(
        self,
        *,
        policies: PolicyStore,
        host: Allowance,
        host_zone: ZoneInfo,
        host_monthly_usd: Decimal | None,
        usd_per_credit: Decimal,
        refused_prompts: RefusedPrompts,
        now: Callable[[], datetime],
        direct_messages: bool = True,
    ) -> None:
        """Make a gate.

        Args:
            policies: The guilds' policies.
            host: What holds where a guild has not decided.
            host_zone: Likewise, and where the host's month begins.
            host_monthly_usd: What all guilds together may cost the host in a month.
            usd_per_credit: What one credit of estimated price is in USD.
            refused_prompts: Takes note of what the filter refused.
            now: The time, aware.
            direct_messages: Whether videos may be made there, where no guild's rules hold.
        """
        self._policies = policies
        self._host = host
        self._host_zone = host_zone
        self._host_monthly_usd = host_monthly_usd
        self._usd_per_credit = usd_per_credit
        self._refused_prompts = refused_prompts
        self._now = now
        self._direct_messages = direct_messages
        self._judging = asyncio.Semaphore(_JUDGED_AT_ONCE)
        self._filters: OrderedDict[_FilterKey, asyncio.Task[CompiledFilter]] = OrderedDict()

    async def terms(self, member: MemberFacts, guild_id: int | None) -> Terms:
        """Return what a member may spend in a guild (None: in direct messages)."""
        if guild_id is None:
            return self._terms(GuildPolicy(), self._host)
        policy = await self._policies.policy(guild_id)
        overrides = await self._policies.overrides(guild_id)
        return self._terms(policy, effective_allowance(policy, overrides, member, self._host))

    async def admit(
        self,
        member: MemberFacts,
        place: PlaceFacts,
        request: GenerationRequest,
        negative_prompt: str,
    ) -> Terms:
        """Ask every rule of the guild; nothing has been reserved or fetched yet.

        Raises:
            RefusedError: a rule says no; the text says which, and who can help.
        """
        if place.guild_id is None:
            if not self._direct_messages:
                raise RefusedError(gettext(_NO_DIRECT_MESSAGES), rule="direct_messages")
            return await self.terms(member, None)
        now = self._now()
        book = await self._policies.rulebook(place.guild_id, member.user_id, now=now)
        policy = book.policy
        rules = await self._filter(place.guild_id, book)
        async with self._judging:
            # The largest filter takes a tenth of a second on the hardest text.
            verdict = await asyncio.to_thread(
                judge,
                policy=policy,
                member=member,
                place=place,
                model=request.model,
                price_credits=request.price_credits,
                prompt=str(request.parameters["prompt"]),
                negative_prompt=negative_prompt,
                rules=rules,
                block=book.block,
                now=now,
            )
        if isinstance(verdict, Refused):
            log.info(
                "guild %s: member %s refused by rule %s",
                place.guild_id,
                member.user_id,
                verdict.rule.value,
            )
            if verdict.found is not None:
                who = Member(guild_id=place.guild_id, user_id=member.user_id)
                self._refused_prompts.note(who, place, policy, verdict.found)
            raise RefusedError(verdict.text, rule=verdict.rule.value)
        reasons = verdict.reasons if isinstance(verdict, NeedsApproval) else ()
        if reasons and policy.log_channel_id is None:
            raise RefusedError(gettext(_NOBODY_TO_ASK), rule="nobody_to_ask")
        allowance = effective_allowance(policy, book.overrides, member, self._host)
        return self._terms(policy, allowance, reasons)

    def _terms(
        self, policy: GuildPolicy, allowance: Allowance, reasons: Sequence[str] = ()
    ) -> Terms:
        return Terms(
            allowance=allowance,
            zone=zone_of(policy, self._host_zone),
            budget=Budget(
                guild_monthly_credits=policy.monthly_budget_credits,
                host_monthly_usd=self._host_monthly_usd,
                usd_per_credit=self._usd_per_credit,
                host_zone=self._host_zone,
            ),
            approval_reasons=reasons,
            confirm_above_credits=policy.confirm_above_credits,
        )

    async def _filter(self, guild_id: int, book: Rulebook) -> CompiledFilter:
        """Return the guild's filter, compiled in a thread when its rules are new.

        All who ask meanwhile wait for that one time.
        """
        key = (book.rules, book.policy.filter_lists)
        compiling = self._filters.get(key)
        if compiling is None:
            compiling = self._filters[key] = asyncio.create_task(self._compiled(guild_id, key))
            if len(self._filters) > _KEPT_FILTERS:
                self._filters.popitem(last=False)
        self._filters.move_to_end(key)
        try:
            return await asyncio.shield(compiling)
        except BaseException:
            if compiling.done():  # it is not to be found broken for ever
                self._filters.pop(key, None)
            raise

    async def _compiled(self, guild_id: int, key: _FilterKey) -> CompiledFilter:
        async with self._judging:
            compiled = await asyncio.to_thread(compile_rules, *key)
        for problem in compiled.problems:
            log.warning("guild %s: its filter goes without: %s", guild_id, problem)
        return compiled
