"""The moderators' pages stay within Discord's limits for the largest policies there can be."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue import MODELS
from bot.discord_ui.admin.forms import TITLES, edit_of_form, form_of
from bot.discord_ui.admin.items import Press
from bot.discord_ui.admin.lists import allowances_page, pasted_words, rules_page, usage_page
from bot.discord_ui.admin.notices import notice_text
from bot.discord_ui.admin.pages import policy_page
from bot.discord_ui.admin.presses import PageRef, edit_of, page_of
from bot.discord_ui.admin.setup import setup_page
from bot.discord_ui.words import units
from bot.errors import BadInputError, RefusedError
from bot.finding import Finding
from bot.jobs.changes import (
    AllowanceCleared,
    AllowanceSet,
    Blocked,
    Change,
    Granted,
    Moderator,
    PolicyChanged,
    RulesAdded,
    Unblocked,
)
from bot.jobs.member_desk import MemberUsage
from bot.jobs.policy_desk import Overview
from bot.jobs.policy_edits import revised
from bot.policy import AllowanceOverride, ApprovalRules, Block, GuildPolicy
from bot.quota import Allowance, Balance, Usage, Window
from bot.wordfilter import BUILT_IN_LISTS, FilterRule
from sandbox.discord_api.components import check_message, check_modal
from sandbox.discord_api.errors import FormErrors
from sandbox.discord_api.form import Form
from tests.face_kit import MOST_CONTENT, NOW, components, hostile_text, job, texts

HOST = Allowance(
    daily_credits=10_000_000,
    monthly_credits=10_000_000,
    jobs_in_flight_member=1000,
    jobs_in_flight_guild=10_000,
)
ID = st.integers(min_value=10**17, max_value=2**63 - 1)
CREDITS = st.none() | st.integers(0, 10_000_000)
SLUGS = st.lists(st.sampled_from([model.slug for model in MODELS]), min_size=1, unique=True).map(
    tuple
)
PAGES = ("home", "channels", "models", "list", "approval", "filter", "log", "unknown")


def ids(most: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Return up to so many ids: few, or very many."""
    many = ID.map(lambda first: tuple(first // 2 + number for number in range(most)))
    return st.one_of(st.lists(ID, max_size=30, unique=True).map(tuple), many)


def lists_of_models(most: int) -> st.SearchStrategy[dict[int, tuple[str, ...]]]:
    """Return models by role or channel."""
    return st.tuples(ids(most), SLUGS).map(lambda drawn: dict.fromkeys(*drawn))


POLICIES = st.builds(
    GuildPolicy,
    time_zone=st.sampled_from([None, "America/Argentina/ComodRivadavia", "UTC"]),
    daily_credits=CREDITS,
    monthly_credits=CREDITS,
    jobs_in_flight_member=st.none() | st.integers(1, 1000),
    jobs_in_flight_guild=st.none() | st.integers(1, 10_000),
    monthly_budget_credits=CREDITS,
    max_price_credits=CREDITS,
    confirm_above_credits=CREDITS,
    allowed_channel_ids=ids(500),
    models_by_role=lists_of_models(500),
    models_by_channel=lists_of_models(500),
    age_restricted_only=st.booleans(),
    filter_lists=st.sets(st.sampled_from(sorted(BUILT_IN_LISTS))).map(tuple),
    approval=st.builds(
        ApprovalRules,
        everybody=st.booleans(),
        newer_than_days=st.none() | st.integers(1, 3650),
        without_role_id=st.none() | ID,
        above_credits=CREDITS,
        expires_h=st.integers(1, 720),
    ),
    log_channel_id=st.none() | ID,
    log_videos_since=st.sampled_from([None, NOW]),
    paused_reason=st.none() | hostile_text(300),
)
OVERVIEWS = st.builds(
    Overview,
    policy=POLICIES,
    host=st.just(HOST),
    host_zone=st.just("America/Argentina/ComodRivadavia"),
    overrides=st.integers(0, 1000),
    rules=st.integers(0, 1000),
)


def accepted(view: Any) -> None:
    """Let the stand-in, which knows Discord's rules, look at a page."""
    errors = FormErrors()
    body = {"components": view.to_components()}
    check_message(Form(body, errors=errors), layout=True)
    errors.raise_if_any()


@given(OVERVIEWS, st.sampled_from(PAGES), st.integers(0, 60), st.data())
def test_every_page_of_every_policy_is_accepted(
    overview: Overview, name: str, number: int, data: st.DataObject
) -> None:
    """Whatever is set, and however far somebody turned."""
    channels = overview.policy.allowed_channel_ids
    names = {one: data.draw(hostile_text(100)) for one in channels[:3]}
    ref = PageRef(
        name=name, number=number, place="channel", place_id=channels[0] if channels else 1
    )

    accepted(policy_page(ref, overview, names))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_the_largest_policy_is_accepted(name: str) -> None:
    """500 roles and 500 channels, each with all models, and every page of them."""
    slugs = tuple(model.slug for model in MODELS)
    many = tuple(range(2**63 - 500, 2**63))
    policy = GuildPolicy(
        allowed_channel_ids=many,
        models_by_role=dict.fromkeys(many, slugs),
        models_by_channel=dict.fromkeys(many, slugs),
        filter_lists=tuple(BUILT_IN_LISTS),
        paused_reason="@" * 300,
    )
    overview = Overview(policy=policy, host=HOST, host_zone="UTC", overrides=500, rules=1000)
    names = dict.fromkeys(many, "🦊" * 100)
    for number in range(101):
        accepted(policy_page(PageRef(name=name, number=number), overview, names))


@given(OVERVIEWS, st.sampled_from(sorted(TITLES)))
def test_every_form_of_every_policy_is_accepted(overview: Overview, name: str) -> None:
    """Its id, which carries what it shows, included."""
    errors = FormErrors()
    modal = form_of(name, overview).to_dict()
    check_modal(Form(modal, errors=errors))
    errors.raise_if_any()

    assert len(modal["custom_id"]) <= 100
    assert len(modal["title"]) <= 45


@given(OVERVIEWS, st.sampled_from(["limits", "server", "approval"]))
def test_a_form_sent_as_it_was_changes_nothing(overview: Overview, name: str) -> None:
    """What it shows is what is set."""
    modal = form_of(name, overview).to_dict()
    _, verb, *args = modal["custom_id"].split(":")
    lines = [part["component"] for part in modal["components"]]
    fields = {line["custom_id"]: line.get("value") or "" for line in lines}
    edit = edit_of_form(Press(verb=verb, args=tuple(args), fields=fields), ZONES)

    assert revised(overview.policy, edit(overview.policy)) == overview.policy


ZONES = ("America/Argentina/ComodRivadavia", "UTC")


@pytest.mark.parametrize("name", PAGES)
@given(OVERVIEWS)
@settings(max_examples=25)
def test_everything_that_can_be_pressed_is_understood(name: str, overview: Overview) -> None:
    """Each button and select of a page leads to a change or a page, not to an error of ours."""
    view = policy_page(PageRef(name=name, place_id=5), overview, {})
    for part in components(view):
        if part.get("custom_id") and not part.get("disabled"):
            check_press(part, overview)


def check_press(part: Mapping[str, Any], overview: Overview) -> None:
    """Press, and look at the page that follows."""
    _, verb, *args = part["custom_id"].split(":")
    if verb == "form":
        assert form_of(args[0], overview).custom_id.startswith(f"admin:save:{args[0]}:")
        return
    offered = [option["value"] for option in part.get("options", [])] or ["123"]
    press = Press(verb=verb, args=tuple(args), values=tuple(offered[:1]))
    edit = edit_of(press, ZONES, NOW)
    policy = overview.policy
    if edit is not None:
        # The one press that a rule may refuse.
        last = args[:1] == ["remove_channels"] and len(policy.allowed_channel_ids) == 1
        with pytest.raises(RefusedError) if last else nullcontext():
            policy = revised(policy, edit(policy))
    accepted(policy_page(page_of(press), replace(overview, policy=policy), {}))


@pytest.mark.parametrize(
    "press",
    [
        Press(verb="dance"),
        Press(verb="flip", args=("max_price_credits", "on")),
        Press(verb="flip"),
        Press(verb="list"),
        Press(verb="clear", args=("everything",)),
        Press(verb="clear", args=("models", "guild", "1")),
        Press(verb="clear", args=("models", "role", "one")),
        Press(verb="pick", args=("add_channels",)),
        Press(verb="pick", args=("log_channel_id",), values=("x",)),
        Press(verb="save", args=("everything", "")),
    ],
)
def test_a_press_of_another_version_gets_an_answer(press: Press) -> None:
    """Pages stay open over updates of the bot."""
    with pytest.raises(BadInputError, match="another version of the bot"):
        edit_of(press, (), NOW)


def test_the_list_of_a_deleted_role_can_be_removed() -> None:
    """Its models are closed to everybody else, and Discord's select no longer offers it."""
    policy = GuildPolicy(models_by_role={7: ("wan-2.6-i2v",)}, models_by_channel={8: ()})
    overview = Overview(policy=policy, host=HOST, host_zone="UTC", overrides=0, rules=0)
    view = policy_page(PageRef(name="models"), overview, {8: "clips"})
    select = next(p for p in components(view) if p.get("custom_id") == "admin:pick:listed")
    offered = {option["label"]: option["value"] for option in select["options"]}
    press = Press(verb="pick", args=("listed",), values=(offered["deleted role 7"],))

    assert list(offered) == ["deleted role 7", "#clips"]
    assert select["max_values"] == 1
    assert edit_of(press, (), NOW) is None
    assert page_of(press) == PageRef(name="list", place="role", place_id=7)
    gone = Press(verb="clear", args=("models", "role", "7"))
    edit = edit_of(gone, (), NOW)
    assert edit is not None
    assert revised(policy, edit(policy)).models_by_role == {}


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    """A list offered before the model was taken out of the catalogue."""
    press = Press(verb="pick", args=("models", "role", "7"), values=("wan-9`",))

    with pytest.raises(BadInputError, match=r"There is no model `wan-9'`. There are `Wan"):
        edit_of(press, (), NOW)


def test_the_first_page_names_every_value() -> None:
    """What the host set is marked."""
    overview = Overview(
        policy=GuildPolicy(
            daily_credits=50,
            max_price_credits=80,
            allowed_channel_ids=(1, 2),
            models_by_role={3: ("wan-2.6-i2v",)},
            age_restricted_only=True,
            approval=ApprovalRules(newer_than_days=7, above_credits=100),
            log_channel_id=4,
            filter_lists=("gore",),
        ),
        host=HOST,
        host_zone="UTC",
        overrides=1,
        rules=2,
    )
    shown = "\n".join(texts(policy_page(PageRef(), overview, {})))

    for words in (
        "50 credits a day · 10,000,000 credits *(host)* a month",
        "1,000 videos *(host)* at once, of 80 credits at most",
        "any number of credits a month",
        "days begin in UTC *(host)*",
        "in <#1> and <#2>\nonly where Discord's age restriction is on",
        "own lists for <@&3>",
        "videos of members who joined less than 7 days ago, videos of more than 100 credits",
        "gore · 2 own rules",
        "<#4>",
        "1 role or member has an allowance of its own",
    ):
        assert words in shown


# -- lists, members, notices --------------------------------------------------------------


@given(
    st.lists(
        st.builds(
            AllowanceOverride,
            target=st.sampled_from(["role", "user"]),
            target_id=ID,
            daily_credits=st.integers(0, 10_000_000),
            monthly_credits=CREDITS,
        ),
        max_size=600,
    ),
    st.integers(0, 60),
)
@settings(max_examples=30)
def test_allowances_are_accepted(overrides: list[AllowanceOverride], number: int) -> None:
    """Of five hundred roles, and members besides."""
    accepted(allowances_page(overrides, number))


@given(hostile_text(300), st.integers(0, 1000), st.integers(0, 60))
def test_rules_are_accepted(pattern: str, count: int, number: int) -> None:
    """However nasty to print."""
    rules = [FilterRule(id=one, kind="regex", pattern=pattern) for one in range(count)]

    accepted(rules_page(rules, number))


@given(hostile_text(2000), hostile_text(300))
def test_usage_is_accepted(prompt: str, reason: str) -> None:
    """With the longest prompts and reasons."""
    window = Window(start=NOW, end=NOW + timedelta(days=1))
    usage = MemberUsage(
        user_id=2**63 - 1,
        balance=Balance(allowance=HOST, usage=Usage(), day=window, month=window),
        override=AllowanceOverride(
            target="user", target_id=2**63 - 1, daily_credits=1, monthly_credits=1
        ),
        block=Block(user_id=1, until=NOW, reason=reason, actor_id=2**63 - 1, created_at=NOW),
        jobs=[job(options={"prompt": prompt}) for _ in range(5)],
    )

    accepted(usage_page(usage))


@given(st.lists(st.tuples(st.booleans(), hostile_text(60)), min_size=1, max_size=12))
def test_the_setup_page_is_accepted(found: list[tuple[bool, str]]) -> None:
    """With faults of every kind at once."""
    findings = [
        Finding(part="Part", well=well, words=words, remedy="Mend it.") for well, words in found
    ]

    accepted(setup_page(findings, "https://discord.com/oauth2/authorize?client_id=1"))


@given(POLICIES, POLICIES)
def test_a_change_of_everything_fits_into_one_message(
    before: GuildPolicy, after: GuildPolicy
) -> None:
    """It says as much as fits."""
    if before == after:
        return
    text = notice_text(
        Moderator(guild_id=1, user_id=2**63 - 1), PolicyChanged(before=before, after=after)
    )

    assert units(text) <= MOST_CONTENT
    assert text.startswith(f"🛡️ <@{2**63 - 1}> ")
    assert "@everyone" not in text


@given(hostile_text(300))
def test_other_changes_fit_into_one_message(words: str) -> None:
    """And what moderators wrote neither formats nor mentions."""
    by = Moderator(guild_id=1, user_id=2)
    rule = FilterRule(id=2**31, kind="phrase", pattern=words)
    block = Block(user_id=3, until=None, reason=words, actor_id=2, created_at=NOW)
    for change in (
        RulesAdded(rules=(rule,) * 800),
        Blocked(block=block),
        Granted(user_id=3, credits=5, expires_at=NOW, reason=words),
    ):
        text = notice_text(by, change)

        assert units(text) <= MOST_CONTENT
        assert "@everyone" not in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            AllowanceSet(
                override=AllowanceOverride(
                    target="role", target_id=7, daily_credits=None, monthly_credits=1
                )
            ),
            "set the allowance of <@&7>: 1 credit a month",
        ),
        (AllowanceCleared(target="user", target_id=7), "removed the allowance of <@7>"),
        (Unblocked(user_id=7), "unblocked <@7>"),
        (
            PolicyChanged(before=GuildPolicy(paused_reason="x"), after=GuildPolicy()),
            "resumed new videos",
        ),
        (
            PolicyChanged(
                before=GuildPolicy(models_by_role={7: ("wan-2.5-i2v",)}), after=GuildPolicy()
            ),
            "changed **Models** in <@&7>: no list any more",
        ),
        (
            PolicyChanged(before=GuildPolicy(), after=GuildPolicy(allowed_channel_ids=(7, 8))),
            "changed **Channels**: everywhere → <#7> and <#8>",
        ),
    ],
)
def test_a_change_is_told_in_words(change: Change, words: str) -> None:
    """Who did what to whom, from what to what."""
    assert notice_text(Moderator(guild_id=1, user_id=2), change) == f"🛡️ <@2> {words}"


@given(st.lists(hostile_text(300), max_size=15))
def test_what_came_of_a_pasted_list_fits_into_one_message(problems: list[str]) -> None:
    """The first few problems are named."""
    assert units(pasted_words(3, problems)) <= MOST_CONTENT
