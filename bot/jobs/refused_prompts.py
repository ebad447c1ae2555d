"""Prompts that the filter refused: recorded, and told in the log channel, but not too often."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.audit import AuditAction, AuditEvent
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import Member, PromptRefused
from bot.jobs.errands import Errands
from bot.jobs.moderating_ports import AuditLog
from bot.moderation import Found
from bot.policy import GuildPolicy, PlaceFacts

# After a notice about a member, their next refusals are only counted for so long.
_QUIET = timedelta(minutes=5)
# Members who are remembered for that.
_MOST_REMEMBERED = 1000


@dataclass(kw_only=True)
class _Told:
    at: datetime
    untold: int = 0


class RefusedPrompts:
    """Takes note of refusals; the member's answer neither waits for it nor fails with it."""

    def __init__(
        self,
        *,
        audit: AuditLog,
        bulletin: Bulletin,
        errands: Errands,
        now: Callable[[], datetime],
    ) -> None:
        self._audit = audit
        self._bulletin = bulletin
        self._errands = errands
        self._now = now
        self._told: OrderedDict[Member, _Told] = OrderedDict()

    def note(self, member: Member, place: PlaceFacts, policy: GuildPolicy, found: Found) -> None:
        """Record a refusal, and tell moderators who want to see videos in the log channel."""
        self._errands.start(self._record(member, place, found))
        if policy.log_videos_since is None:
            return
        told, now = self._told.get(member), self._now()
        if told is not None and now - told.at < _QUIET:
            told.untold += 1
            return
        self._remember(member, _Told(at=now))
        change = PromptRefused(
            channel_id=place.channel_id,
            found=found,
            untold=told.untold if told else 0,
            untold_since=told.at if told else now,
        )
        self._bulletin.post(member, change, policy)

    async def _record(self, member: Member, place: PlaceFacts, found: Found) -> None:
        rule = found.match.rule
        detail = {
            "rule": rule.id if rule is not None else None,
            "list": found.match.list_name,
            "field": found.field,
            "channel_id": place.channel_id,
        }
        await self._audit.record(
            AuditEvent(
                guild_id=member.guild_id,
                actor_id=None,
                action=AuditAction.PROMPT_REFUSE,
                target_id=member.user_id,
                detail=detail,
                created_at=self._now(),
            )
        )

    def _remember(self, member: Member, told: _Told) -> None:
        self._told[member] = told
        self._told.move_to_end(member)
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
