"""Allowances, credits, usage and blocks of members, as moderators see and change them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import BadInputError, NotFoundError
from bot.i18n import gettext
from bot.job import Job
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import (
    AllowanceCleared,
    AllowanceSet,
    Blocked,
    Granted,
    Moderator,
    Unblocked,
)
from bot.jobs.checks import check_range, checked_reason
from bot.jobs.moderating_ports import Accounts, PolicyStore
from bot.policy import (
    MOST_CREDITS,
    AllowanceOverride,
    Block,
    MemberFacts,
    Target,
    effective_allowance,
    zone_of,
)
from bot.quota import Allowance, Balance, Budget
from bot.words import option_name

_LONGEST_GRANT_DAYS = 3650
_LONGEST_BLOCK = timedelta(days=3650)
_RECENT_JOBS = 5


@dataclass(frozen=True, kw_only=True)
class MemberUsage:
    """A member as moderators see them, in one guild.

    Attributes:
        override: Their own allowance, if they have one.
        jobs: Their newest here.
    """

    user_id: int
    balance: Balance
    override: AllowanceOverride | None
    block: Block | None
    jobs: Sequence[Job]


class MemberDesk:
    """Shows and changes what single members and roles may; each call is about one guild."""

    def __init__(
        self,
        *,
        policies: PolicyStore,
        accounts: Accounts,
        bulletin: Bulletin,
        host: Allowance,
        host_zone: ZoneInfo,
        now: Callable[[], datetime],
    ) -> None:
        self._policies = policies
        self._accounts = accounts
        self._bulletin = bulletin
        self._host = host
        self._host_zone = host_zone
        self._now = now

    async def allowances(self, guild_id: int) -> list[AllowanceOverride]:
        """Return the allowances of roles and members, roles first."""
        found = await self._policies.overrides(guild_id)
        return sorted(found, key=lambda override: (override.target != "role", override.target_id))

    async def set_allowance(
        self,
        by: Moderator,
        target: Target,
        target_id: int,
        *,
        daily_credits: int | None,
        monthly_credits: int | None,
    ) -> AllowanceOverride:
        """Give a role or member an own allowance; None keeps what would hold otherwise.

        Raises:
            BadInputError: neither is given, or out of range.
        """
        if daily_credits is None and monthly_credits is None:
            raise BadInputError(
                gettext("Give `{daily}` or `{monthly}` credits, or both.").format(
                    daily=option_name("daily"), monthly=option_name("monthly")
                )
            )
        for name, value in (("daily", daily_credits), ("monthly", monthly_credits)):
            if value is not None:
                check_range(name, value, least=0, most=MOST_CREDITS)
        override = AllowanceOverride(
            target=target,
            target_id=target_id,
            daily_credits=daily_credits,
            monthly_credits=monthly_credits,
        )
        await self._policies.set_override(
            by.guild_id, override, actor_id=by.user_id, now=self._now()
        )
        await self._bulletin.tell(by, AllowanceSet(override=override))
        return override

    async def clear_allowance(self, by: Moderator, target: Target, target_id: int) -> None:
        """Let the general allowance hold again.

        Raises:
            NotFoundError: there was no own allowance.
        """
        found = await self._policies.clear_override(
            by.guild_id, target, target_id, actor_id=by.user_id, now=self._now()
        )
        if not found:
            words = gettext(
                "This member has no allowance of its own here. `/video-admin allowance list` "
                "shows who has."
            )
            if target == "role":
                words = gettext(
                    "This role has no allowance of its own here. `/video-admin allowance list` "
                    "shows who has."
                )
            raise NotFoundError(words)
        await self._bulletin.tell(by, AllowanceCleared(target=target, target_id=target_id))

    async def grant(
        self, by: Moderator, user_id: int, amount_credits: int, *, days: int, reason: str
    ) -> Granted:
        """Give a member credits on top of their allowance, for some days.

        Raises:
            BadInputError: a number is out of range, or there is no reason.
        """
        check_range("credits", amount_credits, least=1, most=MOST_CREDITS)
        check_range("days", days, least=1, most=_LONGEST_GRANT_DAYS)
        now = self._now()
        granted = Granted(
            user_id=user_id,
            credits=amount_credits,
            expires_at=now + timedelta(days=days),
            reason=checked_reason(reason),
        )
        await self._accounts.grant(
            by.guild_id,
            user_id,
            amount_credits,
            expires_at=granted.expires_at,
            reason=granted.reason,
            actor_id=by.user_id,
            now=now,
        )
        await self._bulletin.tell(by, granted)
        return granted

    async def usage(self, guild_id: int, member: MemberFacts) -> MemberUsage:
        """Return what a member has used and made in this guild."""
        policy = await self._policies.policy(guild_id)
        overrides = await self._policies.overrides(guild_id)
        now = self._now()
        own = (o for o in overrides if (o.target, o.target_id) == ("user", member.user_id))
        return MemberUsage(
            user_id=member.user_id,
            balance=await self._accounts.balance(
                guild_id=guild_id,
                user_id=member.user_id,
                allowance=effective_allowance(policy, overrides, member, self._host),
                zone=zone_of(policy, self._host_zone),
                now=now,
                # The host's own limit is no server's business.
                budget=Budget(guild_monthly_credits=policy.monthly_budget_credits),
            ),
            override=next(own, None),
            block=await self._policies.block_of(guild_id, member.user_id, now=now),
            jobs=await self._accounts.of_member(
                member.user_id, guild_id=guild_id, limit=_RECENT_JOBS
            ),
        )

    # -- blocks

    async def block(
        self, by: Moderator, user_id: int, *, duration: timedelta | None, reason: str
    ) -> Block:
        """Refuse a member's new videos; what is under way goes on.

        Args:
            by: Who does it, and where.
            user_id: The member.
            duration: How long; None until somebody lifts it.
            reason: The member is told.

        Raises:
            BadInputError: the duration is too long, or there is no reason.
        """
        if duration is not None and not timedelta(0) < duration <= _LONGEST_BLOCK:
            raise BadInputError(
                gettext("A block lasts 10 years at most; leave `{duration}` out for ever.").format(
                    duration=option_name("duration")
                )
            )
        now = self._now()
        block = Block(
            user_id=user_id,
            until=None if duration is None else now + duration,
            reason=checked_reason(reason),
            actor_id=by.user_id,
            created_at=now,
        )
        await self._policies.block(by.guild_id, block, now=now)
        await self._bulletin.tell(by, Blocked(block=block))
        return block

    async def unblock(self, by: Moderator, user_id: int) -> None:
        """Lift a member's block.

        Raises:
            NotFoundError: they are not blocked.
        """
        now = self._now()
        if not await self._policies.unblock(by.guild_id, user_id, actor_id=by.user_id, now=now):
            raise NotFoundError(gettext("This member is not blocked here."))
        await self._bulletin.tell(by, Unblocked(user_id=user_id))
