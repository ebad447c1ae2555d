import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.audit import AuditEvent
from bot.errors import ConfigurationError
from bot.policy import AllowanceOverride, ApprovalRules, Block, GuildPolicy, Rulebook
from bot.storage import Database, PolicyStore
from bot.wordfilter import RuleKind
from tests.storage_kit import GUILD, MEMBER, MODERATOR, NOW, events_of

pytest_plugins = ("tests.storage_fixtures",)

OTHER = GUILD + 1
ROLE = 1500000000000000001
FULL = GuildPolicy(
    time_zone="Europe/Berlin",
    daily_credits=0,
    monthly_credits=900,
    jobs_in_flight_member=2,
    monthly_budget_credits=5000,
    max_price_credits=100,
    allowed_channel_ids=(GUILD + 5, GUILD + 6),
    models_by_role={ROLE: ("wan-2.6-i2v", "wan-2.2-t2v-fast")},
    models_by_channel={GUILD + 5: ()},
    age_restricted_only=True,
    filter_lists=("gore",),
    approval=ApprovalRules(newer_than_days=7, without_role_id=ROLE, expires_h=1),
    log_channel_id=GUILD + 7,
    paused_reason="spring cleaning 🧹",
)


@pytest.fixture
async def policies(file: Path) -> AsyncIterator[PolicyStore]:
    """A policy store on an own file."""
    database = Database.open(f"sqlite:///{file}")
    yield PolicyStore(database)
    await database.close()


async def set_policy(policies: PolicyStore, policy: GuildPolicy, guild_id: int = GUILD) -> None:
    """Set a guild's policy."""
    await policies.set_policy(guild_id, policy, actor_id=MODERATOR, now=NOW)


async def log(policies: PolicyStore, guild_id: int = GUILD) -> list[tuple[str, int | None, Any]]:
    """Return a guild's events as action, target and detail, newest first."""
    events = await events_of(policies, guild_id)
    return [(event.action, event.target_id, dict(event.detail)) for event in events]


def override(target_id: int = MEMBER, **changes: Any) -> AllowanceOverride:
    """Return an allowance of a member."""
    values: dict[str, Any] = {"target": "user", "daily_credits": 500, "monthly_credits": None}
    return AllowanceOverride(target_id=target_id, **values | changes)


def block_of(user_id: int = MEMBER, **changes: Any) -> Block:
    """Return a block for a day."""
    values: dict[str, Any] = {
        "until": NOW + timedelta(days=1),
        "reason": "spam",
        "actor_id": MODERATOR,
        "created_at": NOW,
    }
    return Block(user_id=user_id, **values | changes)


# -- the policy ------------------------------------------------------------------------


async def test_a_guild_without_a_policy_has_the_defaults(policies: PolicyStore) -> None:
    """Nothing set means the host's settings hold."""
    assert await policies.policy(GUILD) == GuildPolicy()


async def test_a_policy_is_read_back_whole(policies: PolicyStore) -> None:
    """Every value, ids as mapping keys included, survives the database."""
    await set_policy(policies, FULL)

    assert await policies.policy(GUILD) == FULL


async def test_a_policy_of_one_guild_is_not_anothers(policies: PolicyStore) -> None:
    """Setting, and setting again, touches one guild only."""
    await set_policy(policies, FULL)
    await set_policy(policies, GuildPolicy(daily_credits=1), OTHER)
    await set_policy(policies, GuildPolicy(daily_credits=2), OTHER)

    assert await policies.policy(GUILD) == FULL
    assert await policies.policy(OTHER) == GuildPolicy(daily_credits=2)
    assert [action for action, *_ in await log(policies)] == ["policy.set"]


async def test_the_audit_event_says_what_changed(policies: PolicyStore) -> None:
    """Only the values that differ are named, from what to what."""
    await set_policy(policies, GuildPolicy(daily_credits=50))
    changed = GuildPolicy(
        daily_credits=80, approval=ApprovalRules(everybody=True), paused_reason="later"
    )
    await set_policy(policies, changed)
    (event, _) = (await events_of(policies, GUILD))[:2]

    assert (event.actor_id, event.created_at, event.action) == (MODERATOR, NOW, "policy.set")
    assert event.detail == {
        "daily_credits": "50 → 80",
        "approval.everybody": "false → true",
        "paused_reason": "not set → later",
    }


async def test_setting_the_same_policy_is_no_event(policies: PolicyStore) -> None:
    """What changes nothing is not in the log."""
    await set_policy(policies, FULL)
    await set_policy(policies, FULL)

    assert len(await log(policies)) == 1


async def test_an_invalid_policy_is_not_written(policies: PolicyStore) -> None:
    """A copy made without validation is caught before it reaches the database."""
    broken = FULL.model_copy(update={"daily_credits": -5})
    with pytest.raises(ValueError, match="daily_credits"):
        await set_policy(policies, broken)

    assert await policies.policy(GUILD) == GuildPolicy()
    assert await log(policies) == []


@pytest.mark.parametrize(
    "body",
    ['{"daily_credits": -1}', '{"rule_of_tomorrow": true}', '{"time_zone": "Mars/Base"}', "[]"],
)
async def test_a_policy_that_cannot_be_read_lets_nothing_through(
    file: Path, policies: PolicyStore, body: str
) -> None:
    """Damaged or newer rules are an error that names the guild, never "no rules"."""
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO guild_policy VALUES (?, ?, ?)", (GUILD, body, "2026-01-01"))
    connection.commit()
    connection.close()
    with pytest.raises(ConfigurationError, match=f"policy of guild {GUILD} cannot be read"):
        await policies.policy(GUILD)
    with pytest.raises(ConfigurationError, match="newer version"):
        await set_policy(policies, FULL)

    assert await policies.policy(OTHER) == GuildPolicy()


# -- allowances ---------------------------------------------------------------------------


async def test_allowances_of_roles_and_members_are_kept_apart(policies: PolicyStore) -> None:
    """A role and a member of the same number are two; each is replaced on its own."""
    role = override(target="role", daily_credits=None, monthly_credits=0)
    for value in (override(daily_credits=1), role, override()):
        await policies.set_override(GUILD, value, actor_id=MODERATOR, now=NOW)

    assert await policies.overrides(GUILD) == [role, override()]
    assert await policies.overrides(OTHER) == []
    assert (await log(policies))[0] == (
        "allowance.set",
        MEMBER,
        {"target": "user", "daily_credits": 500, "monthly_credits": None},
    )


async def test_an_allowance_is_cleared_once(policies: PolicyStore) -> None:
    """The first clearing says yes and is logged, the next says there was none."""
    await policies.set_override(GUILD, override(), actor_id=MODERATOR, now=NOW)
    clearings = [
        await policies.clear_override(GUILD, "user", MEMBER, actor_id=MODERATOR, now=NOW)
        for _ in range(2)
    ]

    assert clearings == [True, False]
    assert await policies.overrides(GUILD) == []
    assert [action for action, *_ in await log(policies)] == ["allowance.clear", "allowance.set"]


@pytest.mark.parametrize("wrong", [{"daily_credits": -1}, {"monthly_credits": -1}, {"target": "x"}])
async def test_impossible_allowances_are_mistakes(
    policies: PolicyStore, wrong: dict[str, Any]
) -> None:
    """A negative number or an unknown kind is refused before anything is written."""
    with pytest.raises(ValueError, match="no allowance can be set like this"):
        await policies.set_override(GUILD, override(**wrong), actor_id=MODERATOR, now=NOW)

    assert await log(policies) == []


# -- blocks ----------------------------------------------------------------------------------


async def test_a_block_holds_until_its_end(policies: PolicyStore) -> None:
    """It is read back whole, and at its end it no longer counts."""
    block = block_of()
    await policies.block(GUILD, block, now=NOW)
    end = block.until or NOW

    assert await policies.block_of(GUILD, MEMBER, now=end - timedelta(microseconds=1)) == block
    assert await policies.block_of(GUILD, MEMBER, now=end) is None
    assert await policies.block_of(GUILD, MEMBER + 1, now=NOW) is None
    assert await policies.block_of(OTHER, MEMBER, now=NOW) is None


async def test_a_newer_block_replaces_the_older(policies: PolicyStore) -> None:
    """A member has one block in a guild; without an end it holds for good."""
    await policies.block(GUILD, block_of(), now=NOW)
    forever = block_of(until=None, reason="spam again", actor_id=MODERATOR + 1)
    await policies.block(GUILD, forever, now=NOW)

    assert await policies.block_of(GUILD, MEMBER, now=NOW + timedelta(days=9999)) == forever
    assert (await log(policies))[0] == ("block", MEMBER, {"until": None, "reason": "spam again"})
    assert (await events_of(policies, GUILD))[0].actor_id == MODERATOR + 1


async def test_a_block_is_lifted_once(policies: PolicyStore) -> None:
    """Lifting says whether there was a block; another guild's block stays."""
    await policies.block(GUILD, block_of(), now=NOW)
    await policies.block(OTHER, block_of(), now=NOW)
    lifted = [await policies.unblock(GUILD, MEMBER, actor_id=MODERATOR, now=NOW) for _ in range(2)]

    assert lifted == [True, False]
    assert await policies.block_of(GUILD, MEMBER, now=NOW) is None
    assert await policies.block_of(OTHER, MEMBER, now=NOW) == block_of()
    assert [action for action, *_ in await log(policies)] == ["unblock", "block"]


async def test_an_expired_block_is_none_to_lift(policies: PolicyStore) -> None:
    """Who is no longer blocked cannot be unblocked."""
    await policies.block(GUILD, block_of(), now=NOW)

    assert not await policies.unblock(
        GUILD, MEMBER, actor_id=MODERATOR, now=NOW + timedelta(days=2)
    )


# -- the prompt filter ---------------------------------------------------------------------


async def test_rules_are_added_and_listed_in_order(policies: PolicyStore) -> None:
    """Each guild has its own, oldest first; the log has the pattern."""
    first = await policies.add_rule(GUILD, "word", "żaba", actor_id=MODERATOR, now=NOW)
    await policies.add_rule(OTHER, "word", "toad", actor_id=MODERATOR, now=NOW)
    second = await policies.add_rule(GUILD, "regex", r"fro+g\b", actor_id=MODERATOR, now=NOW)

    assert await policies.rules(GUILD) == [first, second]
    assert (second.kind, second.pattern) == ("regex", r"fro+g\b")
    assert (await log(policies))[0] == (
        "filter.add",
        second.id,
        {"kind": "regex", "pattern": r"fro+g\b"},
    )


async def test_the_same_rule_twice_is_one(policies: PolicyStore) -> None:
    """Adding what is there returns it, also when many add it at once, and is logged once."""
    added = await asyncio.gather(
        *(policies.add_rule(GUILD, "word", "toad", actor_id=MODERATOR, now=NOW) for _ in range(10))
    )

    assert len(set(added)) == 1
    assert len(await log(policies)) == 1


async def test_a_list_is_added_in_one_go(policies: PolicyStore) -> None:
    """In its order; what is there already, or twice in it, is one rule; the log has each once."""
    toad = await policies.add_rule(GUILD, "word", "toad", actor_id=MODERATOR, now=NOW)
    patterns: list[tuple[RuleKind, str]] = [
        ("word", "frog"),
        ("word", "toad"),
        ("regex", "toad"),
        ("word", "frog"),
        ("phrase", "a newt"),
    ]
    added = await policies.add_rules(GUILD, patterns, actor_id=MODERATOR, now=NOW)

    assert [(rule.kind, rule.pattern) for rule in added] == patterns
    assert await policies.rules(GUILD) == [toad, added[0], added[2], added[4]]
    assert added[1] == toad
    assert [event[1] for event in await log(policies)] == [
        *(added[4].id, added[2].id, added[0].id, toad.id),
    ]


async def test_a_list_is_one_transaction(file: Path, policies: PolicyStore) -> None:
    """When one of its events cannot be written, nothing of it is there."""
    connection = sqlite3.connect(file)
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON audit_event WHEN NEW.detail LIKE '%newt%'"
        " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    connection.commit()
    connection.close()
    patterns: list[tuple[RuleKind, str]] = [("word", "frog"), ("word", "newt")]
    with pytest.raises(IntegrityError, match="disk full"):
        await policies.add_rules(GUILD, patterns, actor_id=MODERATOR, now=NOW)

    assert await policies.rules(GUILD) == []


async def test_a_rule_is_removed_in_its_guild_only(policies: PolicyStore) -> None:
    """Another guild's moderator cannot remove it, and a second press finds nothing."""
    rule = await policies.add_rule(GUILD, "phrase", "a toad", actor_id=MODERATOR, now=NOW)
    removals = [
        await policies.remove_rule(guild_id, rule.id, actor_id=MODERATOR, now=NOW)
        for guild_id in (OTHER, GUILD, GUILD)
    ]

    assert removals == [False, True, False]
    assert await policies.rules(GUILD) == []
    assert (await log(policies))[0] == (
        "filter.remove",
        rule.id,
        {"kind": "phrase", "pattern": "a toad"},
    )
    assert await log(policies, OTHER) == []


async def test_a_removed_rules_number_is_not_given_again(policies: PolicyStore) -> None:
    """An old button can never remove a rule that was added after it."""
    old = await policies.add_rule(GUILD, "word", "toad", actor_id=MODERATOR, now=NOW)
    await policies.remove_rule(GUILD, old.id, actor_id=MODERATOR, now=NOW)
    new = await policies.add_rule(GUILD, "word", "frog", actor_id=MODERATOR, now=NOW)

    assert new.id > old.id


# -- the audit log ----------------------------------------------------------------------------


async def test_events_are_kept_as_they_were_recorded(policies: PolicyStore) -> None:
    """All of them, in their order; another guild's are not among them."""
    recorded = [
        await policies.record(
            AuditEvent(
                guild_id=OTHER if number == 3 else GUILD,
                actor_id=None,
                action="setup",
                target_id=None,
                detail={"number": number, "text": "ü", "none": None},
                created_at=NOW + timedelta(minutes=number),
            )
        )
        for number in range(7)
    ]
    mine = [event for event in recorded if event.guild_id == GUILD][::-1]

    assert await events_of(policies, GUILD) == mine
    assert mine[0].detail == {"number": 6, "text": "ü", "none": None}


async def test_a_change_and_its_event_stand_or_fall_together(
    file: Path, policies: PolicyStore
) -> None:
    """When the event cannot be written, the change is undone."""
    connection = sqlite3.connect(file)
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON audit_event"
        " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    connection.commit()
    connection.close()
    changes = (
        lambda: set_policy(policies, FULL),
        lambda: policies.set_override(GUILD, override(), actor_id=MODERATOR, now=NOW),
        lambda: policies.block(GUILD, block_of(), now=NOW),
        lambda: policies.add_rule(GUILD, "word", "toad", actor_id=MODERATOR, now=NOW),
    )
    for change in changes:
        with pytest.raises(IntegrityError, match="disk full"):
            await change()

    assert await policies.policy(GUILD) == GuildPolicy()
    assert await policies.overrides(GUILD) == []
    assert await policies.block_of(GUILD, MEMBER, now=NOW) is None
    assert await policies.rules(GUILD) == []


# -- all of it at once -------------------------------------------------------------------


async def test_a_rulebook_is_what_single_questions_answer(policies: PolicyStore) -> None:
    """Policy, allowances, the member's block and the filter, of this guild only."""
    await set_policy(policies, FULL)
    await policies.set_override(GUILD, override(), actor_id=MODERATOR, now=NOW)
    await policies.block(GUILD, block_of(), now=NOW)
    await policies.add_rule(GUILD, "word", "bad", actor_id=MODERATOR, now=NOW)

    book = await policies.rulebook(GUILD, MEMBER, now=NOW)

    assert book.policy == FULL
    assert book.overrides == (override(),)
    assert book.block == block_of()
    assert [rule.pattern for rule in book.rules] == ["bad"]
    assert book.rules == tuple(await policies.rules(GUILD))


async def test_a_rulebook_of_nothing_set_is_empty(policies: PolicyStore) -> None:
    """The defaults; nothing of another guild, and no block of another member or time."""
    await set_policy(policies, FULL)
    await policies.set_override(GUILD, override(), actor_id=MODERATOR, now=NOW)
    await policies.block(GUILD, block_of(), now=NOW)
    end = block_of().until or NOW

    other = await policies.rulebook(OTHER, MEMBER, now=NOW)
    blocks = [
        (await policies.rulebook(GUILD, user_id, now=at)).block
        for user_id, at in ((MEMBER, end), (MEMBER + 1, NOW))
    ]

    assert other == Rulebook(policy=GuildPolicy(), overrides=(), block=None, rules=())
    assert blocks == [None, None]
