"""The prompt filter of a guild, as moderators see and change it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.errors import BadInputError, NotFoundError, RefusedError
from bot.i18n import gettext
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import Moderator, RuleRemoved, RulesAdded
from bot.jobs.moderating_ports import PolicyStore
from bot.jobs.turns import Turns
from bot.wordfilter import (
    FilterRule,
    Match,
    RuleKind,
    check_pattern,
    check_room,
    compile_rules,
    read_list,
)

# Others get to write, and the event loop to its other work, between two parts of a long list.
_RULES_A_WRITE = 50


class FilterDesk:
    """Shows and changes filter rules; each call is about one guild and no other."""

    def __init__(
        self, *, policies: PolicyStore, bulletin: Bulletin, now: Callable[[], datetime]
    ) -> None:
        self._policies = policies
        self._bulletin = bulletin
        self._now = now
        self._turns = Turns()

    async def rules(self, guild_id: int) -> list[FilterRule]:
        """Return the guild's own filter rules, oldest first."""
        return sorted(await self._policies.rules(guild_id), key=lambda rule: rule.id)

    async def add_rule(self, by: Moderator, kind: RuleKind, pattern: str) -> FilterRule:
        """Add a rule.

        Raises:
            BadInputError: the pattern cannot be used.
            RefusedError: it is there already, or there are too many.
        """
        pattern = pattern.strip()
        problem = check_pattern(kind, pattern)
        if problem is not None:
            raise BadInputError(problem)
        async with self._turns.of(by.guild_id):
            problem = check_room(await self._policies.rules(by.guild_id), kind, pattern)
            if problem is not None:
                raise RefusedError(problem)
            rule = await self._policies.add_rule(
                by.guild_id, kind, pattern, actor_id=by.user_id, now=self._now()
            )
        await self._bulletin.tell(by, RulesAdded(rules=(rule,)))
        return rule

    async def add_list(self, by: Moderator, text: str) -> tuple[list[FilterRule], Sequence[str]]:
        """Add a pasted list, one rule a line.

        Returns:
            The rules that were added, and a sentence for each line that was not.
        """
        async with self._turns.of(by.guild_id):
            known = await self._policies.rules(by.guild_id)
            pasted = await asyncio.to_thread(read_list, text, known)
            now = self._now()
            added: list[FilterRule] = []
            for start in range(0, len(pasted.patterns), _RULES_A_WRITE):
                some = pasted.patterns[start : start + _RULES_A_WRITE]
                added += await self._policies.add_rules(
                    by.guild_id, some, actor_id=by.user_id, now=now
                )
        if added:
            await self._bulletin.tell(by, RulesAdded(rules=tuple(added)))
        return added, pasted.problems

    async def remove_rule(self, by: Moderator, rule_id: int) -> FilterRule:
        """Remove a rule of this guild; return what it was.

        Raises:
            NotFoundError: this guild has no such rule.
        """
        rules = await self._policies.rules(by.guild_id)
        rule = next((rule for rule in rules if rule.id == rule_id), None)
        if rule is None or not await self._policies.remove_rule(
            by.guild_id, rule_id, actor_id=by.user_id, now=self._now()
        ):
            raise NotFoundError(
                gettext("The filter has no such rule. `/video-admin filter list` shows them all.")
            )
        await self._bulletin.tell(by, RuleRemoved(rule=rule))
        return rule

    async def test_filter(self, guild_id: int, text: str) -> Match | None:
        """Return what the guild's filter finds in a text."""
        policy = await self._policies.policy(guild_id)
        rules = await self._policies.rules(guild_id)
        compiled = await asyncio.to_thread(compile_rules, rules, policy.filter_lists)
        return await asyncio.to_thread(compiled.find, text)
