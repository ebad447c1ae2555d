"""Who may make which video where: each rule, their order, their words."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.moderation import Accepted, ModerationRule, NeedsApproval, Refused, Verdict, judge
from bot.policy import ApprovalRules, Block, GuildPolicy, MemberFacts, PlaceFacts
from bot.wordfilter import CompiledFilter, FilterRule, compile_rules

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
GUILD, CHANNEL, PARENT, OTHER = 1, 10, 11, 12
ARTIST, PATRON, UNLISTED = 100, 101, 102
CHEAP, DEAR = "wan-cheap", "wan-dear"
MEMBER = MemberFacts(user_id=5, role_ids=frozenset({UNLISTED}), joined_at=NOW - timedelta(days=400))
PLACE = PlaceFacts(guild_id=GUILD, channel_id=CHANNEL)
THREAD = PlaceFacts(guild_id=GUILD, channel_id=OTHER, parent_id=CHANNEL)
NOTHING = compile_rules((), ())
FILTER = compile_rules((FilterRule(id=7, kind="word", pattern="naked"),), ("gore",))


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question to `judge`, harmless unless said otherwise."""

    policy: GuildPolicy = field(default_factory=GuildPolicy)
    member: MemberFacts = MEMBER
    place: PlaceFacts = PLACE
    model: str = CHEAP
    price_credits: int = 50
    prompt: str = "a dog on the beach"
    negative_prompt: str = ""
    rules: CompiledFilter = NOTHING
    block: Block | None = None
    now: datetime = NOW

    def verdict(self) -> Verdict:
        """Ask."""
        return judge(
            policy=self.policy,
            member=self.member,
            place=self.place,
            model=self.model,
            price_credits=self.price_credits,
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            rules=self.rules,
            block=self.block,
            now=self.now,
        )


def refused(ask: Ask, rule: ModerationRule) -> str:
    """Return the words of a refusal by this rule."""
    verdict = ask.verdict()
    assert isinstance(verdict, Refused)
    assert verdict.rule is rule
    return verdict.text


def waiting(ask: Ask) -> tuple[str, ...]:
    """Return the reasons why it has to wait."""
    verdict = ask.verdict()
    assert isinstance(verdict, NeedsApproval)
    return verdict.reasons


def accepted(ask: Ask) -> bool:
    """Whether nothing is against it."""
    return isinstance(ask.verdict(), Accepted)


def block(until: datetime | None = None, reason: str = "spam") -> Block:
    """Return a block of the member."""
    return Block(user_id=5, until=until, reason=reason, actor_id=9, created_at=NOW)


# -- each rule -------------------------------------------------------------------


def test_without_rules_everything_is_accepted() -> None:
    """The default policy refuses nothing and lets nothing wait, also in direct messages."""
    assert accepted(Ask())
    assert accepted(
        Ask(place=PlaceFacts(guild_id=None, channel_id=3), member=MemberFacts(user_id=5))
    )


def test_a_pause_is_told_with_its_reason() -> None:
    """While a server is paused nothing new is taken, and the moderators' reason is quoted."""
    text = refused(Ask(policy=GuildPolicy(paused_reason="event\nnight")), ModerationRule.PAUSED)

    assert "\n> event night\n" in text
    assert "Moderators can resume" in text


def test_an_empty_reason_leaves_no_hole() -> None:
    """A pause without a reason is still a pause, in whole sentences."""
    text = refused(Ask(policy=GuildPolicy(paused_reason="")), ModerationRule.PAUSED)

    assert ">" not in text
    assert "server. Videos" in text


def test_a_long_reason_is_cut() -> None:
    """The refusal fits in a message, however much a moderator wrote."""
    text = refused(Ask(block=block(reason="x" * 5000)), ModerationRule.BLOCKED)

    assert len(text) < 600
    assert "x…" in text


def test_a_block_says_why_and_when_it_ends() -> None:
    """A blocked member learns the reason, the end as a clock, and who can help."""
    until = NOW + timedelta(days=2)
    text = refused(Ask(block=block(until)), ModerationRule.BLOCKED)

    assert "> spam" in text
    assert f"<t:{int(until.timestamp())}:R>" in text
    assert "moderators can lift" in text


def test_a_block_without_end_says_so() -> None:
    """Without an end there is no clock."""
    text = refused(Ask(block=block()), ModerationRule.BLOCKED)

    assert "has no end" in text
    assert "<t:" not in text


def test_a_block_ends_at_its_time() -> None:
    """A block holds until the second before its end, and no longer."""
    until = NOW + timedelta(seconds=1)

    assert not accepted(Ask(block=block(until)))
    assert accepted(Ask(block=block(until), now=until))


def test_only_allowed_channels_and_their_threads() -> None:
    """A thread is allowed with its parent; another channel is told which are."""
    policy = GuildPolicy(allowed_channel_ids=(CHANNEL, PARENT))

    assert accepted(Ask(policy=policy))
    assert accepted(Ask(policy=policy, place=THREAD))
    elsewhere = PlaceFacts(guild_id=GUILD, channel_id=OTHER, parent_id=99)
    text = refused(Ask(policy=policy, place=elsewhere), ModerationRule.CHANNEL)
    assert f"<#{CHANNEL}> or <#{PARENT}>" in text
    assert "oderators" in text


def test_many_channels_are_not_all_listed() -> None:
    """The refusal names some channels and counts the rest."""
    policy = GuildPolicy(allowed_channel_ids=tuple(range(100, 150)))
    text = refused(Ask(policy=policy), ModerationRule.CHANNEL)

    assert text.count("<#") == 10
    assert "40 others" in text


def test_age_restricted_channels_only() -> None:
    """With the switch on, only channels with Discord's mark are good."""
    policy = GuildPolicy(age_restricted_only=True)

    assert accepted(Ask(policy=policy, place=replace(PLACE, age_restricted=True)))
    assert "age-restricted" in refused(Ask(policy=policy), ModerationRule.AGE_RESTRICTED)


def test_a_channel_has_its_models() -> None:
    """A listed channel takes its models only, a thread inherits them, others take all."""
    policy = GuildPolicy(models_by_channel={CHANNEL: (CHEAP,)})

    assert accepted(Ask(policy=policy))
    assert accepted(Ask(policy=policy, model=DEAR, place=replace(PLACE, channel_id=OTHER)))
    for place in (PLACE, THREAD):
        text = refused(Ask(policy=policy, model=DEAR, place=place), ModerationRule.CHANNEL_MODELS)
        assert f"`{DEAR}` may not" in text
        assert f"Choose `{CHEAP}` here" in text


def test_a_threads_own_models_go_before_its_parents() -> None:
    """A list for the thread itself replaces the parent's; an empty one allows nothing."""
    policy = GuildPolicy(models_by_channel={CHANNEL: (CHEAP,), OTHER: (DEAR,)})
    closed = GuildPolicy(models_by_channel={OTHER: ()})

    assert accepted(Ask(policy=policy, model=DEAR, place=THREAD))
    assert not accepted(Ask(policy=policy, model=CHEAP, place=THREAD))
    assert "No model may be used in this channel" in refused(
        Ask(policy=closed, place=THREAD), ModerationRule.CHANNEL_MODELS
    )


def test_a_role_has_its_models() -> None:
    """Members with a listed role may use what any of theirs allows, the others what no list has."""
    policy = GuildPolicy(models_by_role={ARTIST: (CHEAP,), PATRON: (DEAR,)})

    def asks(model: str, *roles: int) -> Ask:
        return Ask(policy=policy, model=model, member=replace(MEMBER, role_ids=frozenset(roles)))

    assert accepted(asks(CHEAP, ARTIST))
    assert accepted(asks(DEAR, ARTIST, PATRON))
    assert accepted(asks("wan-free"))
    text = refused(asks(DEAR, ARTIST), ModerationRule.ROLE_MODELS)
    assert f"Your role allows `{CHEAP}`." in text
    assert f"open to <@&{PATRON}>." in text
    text = refused(asks(DEAR, UNLISTED), ModerationRule.ROLE_MODELS)
    assert "kept for certain roles" in text
    text = refused(asks("wan-free", ARTIST, PATRON), ModerationRule.ROLE_MODELS)
    assert f"Your roles allow `{CHEAP}` or `{DEAR}`." in text
    assert "open to" not in text


def test_a_role_with_an_empty_list_has_no_models() -> None:
    """An empty list is a list."""
    policy = GuildPolicy(models_by_role={UNLISTED: ()})

    assert "allows no model" in refused(Ask(policy=policy), ModerationRule.ROLE_MODELS)


@given(
    own=st.frozensets(st.sampled_from([ARTIST, PATRON, UNLISTED])),
    lists=st.dictionaries(
        st.sampled_from([ARTIST, PATRON]),
        st.lists(st.sampled_from([CHEAP, DEAR, "wan-free"]), max_size=3).map(tuple),
    ),
    model=st.sampled_from([CHEAP, DEAR, "wan-free"]),
)
def test_models_by_role_for_any_roles(
    own: frozenset[int], lists: dict[int, tuple[str, ...]], model: str
) -> None:
    """The rule holds for every combination of roles, lists and models."""
    mine = [slugs for role_id, slugs in lists.items() if role_id in own]
    allowed = any(model in slugs for slugs in mine)
    if not mine:
        allowed = all(model not in slugs for slugs in lists.values())
    ask = Ask(
        policy=GuildPolicy(models_by_role=lists),
        member=replace(MEMBER, role_ids=own),
        model=model,
    )

    assert accepted(ask) == allowed


def test_the_dearest_video() -> None:
    """The highest price is still fine; one credit more is refused with both numbers."""
    policy = GuildPolicy(max_price_credits=1250)

    assert accepted(Ask(policy=policy, price_credits=1250))
    text = refused(Ask(policy=policy, price_credits=1251), ModerationRule.MAX_PRICE)
    assert "costs 1,251 credits" in text
    assert "is 1,250 credits" in text
    assert "moderators can raise" in text


@pytest.mark.parametrize("field_name", ["prompt", "negative_prompt"])
def test_the_filter_reads_prompt_and_negative_prompt(field_name: str) -> None:
    """Both texts are searched; the refusal names the text and the rule and quotes no word."""
    asks: dict[str, Callable[[str], Ask]] = {
        "prompt": lambda text: Ask(rules=FILTER, prompt=text),
        "negative_prompt": lambda text: Ask(rules=FILTER, negative_prompt=text),
    }
    text = refused(asks[field_name]("a N4K3D man"), ModerationRule.FILTER)

    assert f"Your {field_name.replace('_', ' ')} has" in text
    assert "filter rule 7" in text
    assert "“N••••”" in text
    assert "N4K3D" not in text
    assert "“gore”" in refused(asks[field_name]("gory"), ModerationRule.FILTER)
    assert accepted(asks[field_name]("a snake doctor"))


def test_a_filter_refusal_carries_its_match() -> None:
    """Moderators' logs learn which rule matched."""
    verdict = Ask(rules=FILTER, prompt="naked").verdict()

    assert isinstance(verdict, Refused)
    assert verdict.found is not None
    assert verdict.found.match.rule is not None
    assert verdict.found.match.rule.id == 7


# -- their order -----------------------------------------------------------------


def test_the_first_rule_answers() -> None:
    """When all rules say no they answer in the documented order, each once the last is mended."""
    ask = Ask(
        policy=GuildPolicy(
            paused_reason="night",
            allowed_channel_ids=(PARENT,),
            age_restricted_only=True,
            models_by_channel={CHANNEL: (DEAR,)},
            models_by_role={UNLISTED: (DEAR,)},
            max_price_credits=10,
            approval=ApprovalRules(everybody=True),
        ),
        prompt="naked",
        rules=FILTER,
        block=block(),
    )
    mends: tuple[dict[str, object] | None, ...] = (
        {"paused_reason": None},
        None,
        {"allowed_channel_ids": ()},
        {"age_restricted_only": False},
        {"models_by_channel": {}},
        {"models_by_role": {}},
        {"max_price_credits": None},
    )
    seen = []
    for mend in mends:
        verdict = ask.verdict()
        assert isinstance(verdict, Refused)
        seen.append(verdict.rule)
        if mend is None:
            ask = replace(ask, block=None)
        else:
            ask = replace(ask, policy=ask.policy.model_copy(update=mend))
    verdict = ask.verdict()
    assert isinstance(verdict, Refused)
    seen.append(verdict.rule)

    assert seen == list(ModerationRule)
    assert waiting(replace(ask, prompt="a dog")) == ("Every video needs approval.",)


# -- approval --------------------------------------------------------------------


def with_approval(rules: ApprovalRules, *, price_credits: int = 50, **member: object) -> Ask:
    """Ask under these approval rules, as a member who differs so from the usual one."""
    facts = {"user_id": 5, "role_ids": MEMBER.role_ids, "joined_at": MEMBER.joined_at} | member
    return Ask(
        policy=GuildPolicy(approval=rules),
        member=MemberFacts(**facts),  # type: ignore[arg-type]  # the fields' own names
        price_credits=price_credits,
    )


def test_new_members_wait() -> None:
    """Joined less than N days ago waits; exactly N days ago does not."""
    rules = ApprovalRules(newer_than_days=7)
    joined = NOW - timedelta(days=7)

    assert accepted(with_approval(rules, joined_at=joined))
    later = joined + timedelta(seconds=1)
    (reason,) = waiting(with_approval(rules, joined_at=later))
    assert f"<t:{int(later.timestamp())}:R>" in reason
    assert "7 days" in reason


def test_an_unknown_joining_date_waits() -> None:
    """What Discord does not tell is not taken for long ago."""
    (reason,) = waiting(with_approval(ApprovalRules(newer_than_days=1), joined_at=None))

    assert "not known" in reason
    assert "1 day ago" in reason


def test_members_without_the_role_wait() -> None:
    """The role spares its members the approval."""
    rules = ApprovalRules(without_role_id=ARTIST)

    assert accepted(with_approval(rules, role_ids=frozenset({ARTIST})))
    assert waiting(with_approval(rules)) == (f"The member does not have the role <@&{ARTIST}>.",)


def test_dear_videos_wait() -> None:
    """Above the price waits; at the price does not."""
    rules = ApprovalRules(above_credits=100)

    assert accepted(with_approval(rules, price_credits=100))
    (reason,) = waiting(with_approval(rules, price_credits=101))
    assert "101 credits" in reason
    assert "100 credits" in reason


def test_all_reasons_are_told_at_once() -> None:
    """A moderator sees every rule that made the video wait, not the first only."""
    rules = ApprovalRules(
        everybody=True, newer_than_days=500, without_role_id=ARTIST, above_credits=1
    )

    assert len(waiting(with_approval(rules))) == 4


@given(
    everybody=st.booleans(),
    newer_than_days=st.none() | st.integers(1, 800),
    without_role_id=st.none() | st.sampled_from([ARTIST, UNLISTED]),
    above_credits=st.none() | st.integers(0, 100),
)
def test_nothing_waits_without_an_active_rule(
    everybody: bool,
    newer_than_days: int | None,
    without_role_id: int | None,
    above_credits: int | None,
) -> None:
    """`ApprovalRules.active` is true whenever some video has to wait."""
    rules = ApprovalRules(
        everybody=everybody,
        newer_than_days=newer_than_days,
        without_role_id=without_role_id,
        above_credits=above_credits,
    )

    assert rules.active or accepted(with_approval(rules))
    assert not everybody or not accepted(with_approval(rules))
