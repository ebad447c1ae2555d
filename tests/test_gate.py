"""The gate: the guild's rules on a real database, and the terms that follow from them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.catalogue import find_model
from bot.errors import RefusedError
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import Actor, Change, PromptRefused
from bot.jobs.errands import Errands
from bot.jobs.gate import Gate
from bot.jobs.refused_prompts import RefusedPrompts
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
from bot.wordfilter import FilterRule
from tests.storage_kit import events_of

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
async def errands() -> AsyncIterator[Errands]:
    """What is done in the background."""
    errands = Errands()
    yield errands
    await errands.close()


@dataclass
class Channel:
    """A log channel that keeps what it is told."""

    told: list[tuple[int, Actor, Change]] = field(default_factory=list)

    def post(self, channel_id: int, by: Actor, change: Change) -> None:
        """Keep it."""
        self.told.append((channel_id, by, change))


@pytest.fixture
def channel() -> Channel:
    """The log channels of all guilds."""
    return Channel()


@dataclass
class Clock:
    """A clock that moves only when told to."""

    at: datetime = NOW

    def now(self) -> datetime:
        """Return the time."""
        return self.at


@pytest.fixture
def clock() -> Clock:
    """The gate's time."""
    return Clock()


@pytest.fixture
def gate(policies: PolicyStore, errands: Errands, channel: Channel, clock: Clock) -> Gate:
    """A gate with a host's cap."""
    return opened(policies, errands, channel, clock)


def opened(
    policies: PolicyStore,
    errands: Errands,
    channel: Channel,
    clock: Clock,
    *,
    direct_messages: bool = True,
) -> Gate:
    """Return a gate."""
    return Gate(
        direct_messages=direct_messages,
        policies=policies,
        host=HOST,
        host_zone=ZoneInfo("UTC"),
        host_monthly_usd=Decimal(50),
        usd_per_credit=Decimal("0.01"),
        refused_prompts=RefusedPrompts(
            audit=policies,
            bulletin=Bulletin(policies=policies, log_channel=channel),
            errands=errands,
            now=clock.now,
        ),
        now=clock.now,
    )


def request(prompt: str = "a fox") -> GenerationRequest:
    """A request of 8 credits."""
    model = find_model("wan-2.2-t2v-fast")
    assert model is not None
    return build_request(model, {"prompt": prompt}, prices=load_prices(), draw_seed=lambda a, _: a)


async def test_the_host_can_close_direct_messages(
    policies: PolicyStore, errands: Errands, channel: Channel, clock: Clock
) -> None:
    """There nobody's block, filter or approval holds; what members have is still shown."""
    gate = opened(policies, errands, channel, clock, direct_messages=False)

    with pytest.raises(RefusedError, match="switched off videos in direct messages"):
        await gate.admit(MIA, DIRECT, request(), "")
    assert await gate.admit(MIA, HERE, request(), "")
    assert (await gate.terms(MIA, None)).allowance == HOST


async def test_without_a_policy_the_host_s_limits_hold(gate: Gate) -> None:
    """A guild that has decided nothing."""
    terms = await gate.admit(MIA, HERE, request(), "")

    assert terms.allowance == HOST
    assert terms.budget.host_monthly_usd == 50
    assert terms.approval_reasons == ()


async def test_a_rule_that_cannot_work_is_left_out_and_the_host_hears_of_it(
    gate: Gate, policies: PolicyStore, caplog: pytest.LogCaptureFixture
) -> None:
    """One broken rule lets the others hold; the log names it, once."""
    await policies.add_rule(GUILD, "regex", "[", actor_id=MODERATOR, now=NOW)
    await policies.add_rule(GUILD, "word", "fox", actor_id=MODERATOR, now=NOW)
    await gate.admit(MIA, HERE, request("a dog"), "")
    with pytest.raises(RefusedError, match="filter rule 2"):
        await gate.admit(MIA, HERE, request("a fox"), "")

    assert caplog.text.count("Filter rule 1 does not work") == 1


async def test_a_new_filter_is_compiled_once_however_many_ask(
    gate: Gate, policies: PolicyStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand rules take a while: members who come meanwhile wait for the same work."""
    await policies.add_rule(GUILD, "regex", "[", actor_id=MODERATOR, now=NOW)
    await asyncio.gather(*(gate.admit(MIA, HERE, request("a dog"), "") for _ in range(10)))

    assert caplog.text.count("Filter rule 1 does not work") == 1


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


# -- what moderators hear of the filter ------------------------------------------------


async def watched(policies: PolicyStore, **changes: Any) -> FilterRule:
    """Let moderators see every video, and add a rule."""
    policy = GuildPolicy(log_channel_id=400, log_videos_since=NOW, **changes)
    await policies.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)
    return await policies.add_rule(GUILD, "word", "weasel", actor_id=MODERATOR, now=NOW)


async def refused(gate: Gate, prompt: str = "a fox", negative: str = "a WEASEL") -> None:
    """Ask for what the filter refuses."""
    with pytest.raises(RefusedError, match="does not allow"):
        await gate.admit(MIA, HERE, request(prompt), negative)


async def test_a_refused_prompt_is_recorded_without_its_words(
    gate: Gate, policies: PolicyStore, errands: Errands, file: Path
) -> None:
    """Who, which rule, which field, where; what they wrote is nowhere in the database."""
    rule = await policies.add_rule(GUILD, "word", "weasel", actor_id=MODERATOR, now=NOW)
    await refused(gate, negative="zorgle w3asel")
    await errands.close()
    event = (await events_of(policies, GUILD))[0]

    assert (event.action, event.actor_id, event.target_id) == ("prompt.refuse", None, MIA.user_id)
    assert event.detail == {
        "rule": rule.id,
        "list": None,
        "field": "negative prompt",
        "channel_id": HERE.channel_id,
    }
    files = [path for path in file.parent.iterdir() if path.name.startswith(file.name)]
    assert not any(word in path.read_bytes() for path in files for word in (b"zorgle", b"w3asel"))


async def test_moderators_who_watch_are_told_once_in_a_while(
    gate: Gate, policies: PolicyStore, channel: Channel, clock: Clock
) -> None:
    """A member who tries again and again cannot flood the channel; later it says how often."""
    rule = await watched(policies)
    for _ in range(5):
        await refused(gate)
    clock.at += timedelta(minutes=6)
    await refused(gate)
    clock.at += timedelta(minutes=6)
    await refused(gate)

    changes = [change for _, _, change in channel.told]
    assert {(place, by.user_id) for place, by, _ in channel.told} == {(400, MIA.user_id)}
    assert all(isinstance(change, PromptRefused) for change in changes)
    first = changes[0]
    assert isinstance(first, PromptRefused)
    assert first.found.match.rule == rule
    assert [getattr(change, "untold", None) for change in changes] == [0, 4, 0]


async def test_nobody_is_told_who_does_not_watch(
    gate: Gate, policies: PolicyStore, channel: Channel
) -> None:
    """A log channel alone is for what moderators do."""
    await watched(policies)
    policy = GuildPolicy(log_channel_id=400)
    await policies.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)
    await refused(gate)

    assert channel.told == []


async def test_a_record_that_cannot_be_written_fails_nobody(
    policies: PolicyStore, file: Path, gate: Gate, errands: Errands, caplog: Any
) -> None:
    """The member has their answer; the host reads why."""
    await policies.add_rule(GUILD, "word", "weasel", actor_id=MODERATOR, now=NOW)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE audit_event")
    await refused(gate)
    await errands.close()

    assert "an errand failed" in caplog.text


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
