"""The gate: the guild's rules on a real database, and the terms that follow from them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.catalogue import find_model
from bot.errors import RefusedError
from bot.jobs.gate import Gate
from bot.policy import (
    AllowanceOverride,
    ApprovalRules,
    Block,
    GuildPolicy,
    MemberFacts,
    PlaceFacts,
)
from bot.pricing import load_prices
from bot.quota import Allowance
from bot.request import GenerationRequest, build_request
from bot.storage import Database
from bot.storage.policies import PolicyStore

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
GUILD, OTHER_GUILD, MODERATOR = 10, 20, 99
HOST = Allowance(
    daily_credits=200, monthly_credits=2000, jobs_in_flight_member=3, jobs_in_flight_guild=20
)
MIA = MemberFacts(user_id=1, role_ids=frozenset({7}), joined_at=NOW)
HERE = PlaceFacts(guild_id=GUILD, channel_id=100)
THERE = PlaceFacts(guild_id=OTHER_GUILD, channel_id=200)
DIRECT = PlaceFacts(guild_id=None, channel_id=300)


pytest_plugins = ("tests.storage_fixtures",)


@pytest.fixture
async def policies(file: Path) -> AsyncIterator[PolicyStore]:
    """An empty store of policies."""
    database = Database.open(f"sqlite:///{file}")
    yield PolicyStore(database)
    await database.close()


@pytest.fixture
def gate(policies: PolicyStore) -> Gate:
    """A gate with a host's cap."""
    return Gate(
        policies=policies,
        host=HOST,
        host_zone=ZoneInfo("UTC"),
        host_monthly_usd=Decimal(50),
        usd_per_credit=Decimal("0.01"),
        now=lambda: NOW,
    )


def request(prompt: str = "a fox") -> GenerationRequest:
    """A request of 8 credits."""
    model = find_model("wan-2.2-t2v-fast")
    assert model is not None
    return build_request(model, {"prompt": prompt}, prices=load_prices(), draw_seed=lambda a, _: a)


async def test_without_a_policy_the_host_s_limits_hold(gate: Gate) -> None:
    """A guild that has decided nothing."""
    terms = await gate.admit(MIA, HERE, request(), "")

    assert terms.allowance == HOST
    assert terms.budget.host_monthly_usd == 50
    assert terms.approval_reasons == ()


async def test_a_policy_sets_the_terms(gate: Gate, policies: PolicyStore) -> None:
    """Allowance of a role, budget and time zone of the guild, and of no other."""
    policy = GuildPolicy(daily_credits=10, monthly_budget_credits=500, time_zone="Asia/Tokyo")
    await policies.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)
    role = AllowanceOverride(target="role", target_id=7, daily_credits=40, monthly_credits=None)
    await policies.set_override(GUILD, role, actor_id=MODERATOR, now=NOW)

    here = await gate.terms(MIA, GUILD)
    there = await gate.terms(MIA, OTHER_GUILD)

    assert here.allowance.daily_credits == 40
    assert here.budget.guild_monthly_credits == 500
    assert here.zone == ZoneInfo("Asia/Tokyo")
    assert there.allowance == HOST


async def test_a_block_refuses_here_only(gate: Gate, policies: PolicyStore) -> None:
    """The words say why; the other guild and direct messages are untouched."""
    block = Block(user_id=1, until=None, reason="spam", actor_id=MODERATOR, created_at=NOW)
    await policies.block(GUILD, block, now=NOW)

    with pytest.raises(RefusedError, match="spam"):
        await gate.admit(MIA, HERE, request(), "")
    assert await gate.admit(MIA, THERE, request(), "")
    assert await gate.admit(MIA, DIRECT, request(), "")


@pytest.mark.parametrize(("prompt", "negative"), [("a w e a s e l", ""), ("a fox", "WEASEL")])
async def test_the_filter_reads_both_prompts(
    gate: Gate, policies: PolicyStore, prompt: str, negative: str
) -> None:
    """A rule added a moment ago holds at once, and one removed no longer."""
    assert await gate.admit(MIA, HERE, request(prompt), negative)
    rule = await policies.add_rule(GUILD, "word", "weasel", actor_id=MODERATOR, now=NOW)

    with pytest.raises(RefusedError):
        await gate.admit(MIA, HERE, request(prompt), negative)
    await policies.remove_rule(GUILD, rule.id, actor_id=MODERATOR, now=NOW)
    assert await gate.admit(MIA, HERE, request(prompt), negative)


async def test_approval_needs_somebody_to_ask(gate: Gate, policies: PolicyStore) -> None:
    """Without a log channel nobody could say yes."""
    everybody = ApprovalRules(everybody=True)
    policy = GuildPolicy(approval=everybody)
    await policies.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)

    with pytest.raises(RefusedError, match="log channel"):
        await gate.admit(MIA, HERE, request(), "")

    policy = GuildPolicy(approval=everybody, log_channel_id=400)
    await policies.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)
    assert (await gate.admit(MIA, HERE, request(), "")).approval_reasons
