"""Everything moderators can do, in one value: what the face is given."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.jobs.account_desk import AccountDesk
from bot.jobs.bulletin import Bulletin
from bot.jobs.filter_desk import FilterDesk
from bot.jobs.member_desk import MemberDesk
from bot.jobs.moderating_ports import Accounts, PolicyStore, ProviderAccount
from bot.jobs.policy_desk import PolicyDesk
from bot.jobs.report_desk import ReportDesk
from bot.pricing import PriceTable
from bot.quota import Allowance


@dataclass(frozen=True, kw_only=True)
class Moderation:
    """The desks that moderators stand at."""

    policy: PolicyDesk
    members: MemberDesk
    filter: FilterDesk
    account: AccountDesk
    reports: ReportDesk


def open_moderation(
    *,
    policies: PolicyStore,
    accounts: Accounts,
    provider: ProviderAccount,
    bulletin: Bulletin,
    host: Allowance,
    host_zone: ZoneInfo,
    prices: PriceTable,
    reports: ReportDesk,
    now: Callable[[], datetime],
    low_balance_usd: float,
    host_retention_days: int | None = None,
) -> Moderation:
    """Return the desks.

    Args:
        policies: Where policies, overrides, blocks, filter rules and audit events are kept.
        accounts: The members' credits and jobs.
        provider: The host's account at the video service.
        bulletin: Tells a guild's log channel.
        host: What the host allows where a guild has not decided.
        host_zone: The host's time zone, likewise.
        prices: Estimated prices.
        reports: The desk that only reads.
        now: The time, aware.
        low_balance_usd: From when on the host's balance is called low.
        host_retention_days: After how many days the host has jobs forgotten; None: never.
    """
    return Moderation(
        policy=PolicyDesk(
            policies=policies,
            bulletin=bulletin,
            host=host,
            host_zone=host_zone,
            now=now,
            host_retention_days=host_retention_days,
        ),
        members=MemberDesk(
            policies=policies,
            accounts=accounts,
            bulletin=bulletin,
            host=host,
            host_zone=host_zone,
            now=now,
        ),
        filter=FilterDesk(policies=policies, bulletin=bulletin, now=now),
        account=AccountDesk(provider=provider, prices=prices, low_balance_usd=low_balance_usd),
        reports=reports,
    )
