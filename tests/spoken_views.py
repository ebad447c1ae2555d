"""What members and moderators are shown, by name: made when asked for, in the language spoken."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from bot.catalogue import MODELS
from bot.discord_ui.admin.forms import TITLES, form_of
from bot.discord_ui.admin.lists import (
    allowances_page,
    filter_words,
    paste_form,
    pasted_words,
    rules_page,
    usage_page,
)
from bot.discord_ui.admin.notices import blocked_words
from bot.discord_ui.admin.pages import policy_page
from bot.discord_ui.admin.presses import PageRef
from bot.discord_ui.admin.setup import setup_page
from bot.discord_ui.admin.stats import stats_page
from bot.discord_ui.approval_card import denial_form
from bot.discord_ui.cards import status_card
from bot.discord_ui.pages import help_page, model_page, models_page, quota_page
from bot.discord_ui.privacy_pages import delete_page, deleted_page
from bot.discord_ui.video_card import moderators_card, removal_words, video_form
from bot.errors import MemberError
from bot.finding import Finding
from bot.i18n import gettext
from bot.job import FailureReason, Job, JobState
from bot.jobs import sending_words
from bot.jobs.member_desk import MemberUsage
from bot.jobs.policy_desk import Overview
from bot.jobs.ports import Standing
from bot.jobs.privacy_desk import Deleted, under_way_words
from bot.jobs.report_desk import Report
from bot.jobs.video_desk import Deletion, Removal
from bot.media import MediaLimits
from bot.media.audio import inspect_audio
from bot.media.image import inspect_image
from bot.policy import AllowanceOverride, ApprovalRules, Block, GuildPolicy
from bot.privacy import Forgotten, Holdings, KeptBlock
from bot.quota import Allowance, Balance, Budget, Usage, Window, refusal_text
from bot.quota.rules import Refusal, Rule
from bot.request import build_request
from bot.statistics import Statistics, Totals
from bot.wordfilter import BUILT_IN_LISTS, FilterRule, Match, check_pattern
from tests.face_kit import NOW, PRICES, job

MIA = 1200000000000000001
DAY = timedelta(days=1)
PROMPT = "1234 5678"
_WINDOW = Window(start=NOW, end=NOW + DAY)
_ALLOWANCE = Allowance(
    daily_credits=2000, monthly_credits=20_000, jobs_in_flight_member=3, jobs_in_flight_guild=2000
)
_BALANCE = Balance(
    allowance=_ALLOWANCE,
    usage=Usage(day_credits=1500, month_credits=1500, reserved_credits=20, in_flight_member=2),
    day=_WINDOW,
    month=_WINDOW,
    budget=Budget(guild_monthly_credits=100),
)
_POLICY = GuildPolicy(
    daily_credits=50,
    max_price_credits=80,
    allowed_channel_ids=tuple(range(1, 30)),
    models_by_role={3: (MODELS[1].slug,), 4: ()},
    models_by_channel={5: (MODELS[1].slug,)},
    age_restricted_only=True,
    approval=ApprovalRules(newer_than_days=7, above_credits=100, without_role_id=9),
    log_channel_id=4,
    log_videos_since=NOW,
    filter_lists=tuple(BUILT_IN_LISTS),
    retention_days=30,
)
_POLICIES = {
    "as it comes": GuildPolicy(),
    "set": _POLICY,
    "paused": GuildPolicy(paused_reason="1234"),
}
_BLOCK = Block(user_id=MIA, until=NOW + DAY, reason="1234", actor_id=9, created_at=NOW)
_RULES = [FilterRule(id=n, kind="word", pattern="1234") for n in range(45)]
_LIMITS = MediaLimits()

Shown = Callable[[], Any]


def _job(state: JobState, **changes: Any) -> Job:
    return job(state, options={"prompt": PROMPT}, **changes)


def _overview(policy: GuildPolicy) -> Overview:
    return Overview(
        policy=policy,
        host=_ALLOWANCE,
        host_zone="UTC",
        overrides=2,
        rules=45,
        host_retention_days=90,
    )


def _usage() -> MemberUsage:
    override = AllowanceOverride(target="user", target_id=MIA, daily_credits=5, monthly_credits=50)
    jobs = [_job(JobState.QUEUED)]
    return MemberUsage(user_id=MIA, balance=_BALANCE, override=override, block=_BLOCK, jobs=jobs)


def _refused(rule: Rule, price: int, granted: int) -> Refusal:
    return Refusal(
        rule=rule,
        limit=1000,
        used=990,
        price_credits=price,
        resets_at=None if rule in (Rule.MEMBER_IN_FLIGHT, Rule.GUILD_IN_FLIGHT) else NOW,
        granted_credits=granted,
    )


def _said(call: Callable[[], object]) -> str:
    """Return what a refusal says."""
    try:
        call()
    except MemberError as error:
        return str(error)
    raise AssertionError("it was not refused")


def _request(**options: Any) -> Shown:
    model = next(one for one in MODELS if all(one.option(name) for name in options))
    given = {"prompt": PROMPT, **options}
    if model.option("image"):
        given.setdefault("image", "https://cdn.example.org/fox.png")
    build = partial(build_request, model, given, prices=PRICES, draw_seed=lambda low, _: low)
    return partial(_said, build)


def _removal(**changes: Any) -> Removal:
    gone = _job(JobState.DELIVERED, removed_by=9, removed_at=NOW, removal_reason="1234", **changes)
    return Removal(
        job=gone, removed_now=False, credits_back=5, message=Deletion.FORBIDDEN, lapsed=True
    )


def _report() -> Report:
    totals = Totals(jobs=2000, credits=3000, usd=Decimal("12.5"), usd_estimated=Decimal(1))
    statistics = Statistics(
        first_day=NOW.date() - DAY,
        last_day=NOW.date(),
        total=totals,
        states=dict.fromkeys(JobState, 2),
        by_day=((NOW.date() - DAY, totals), (NOW.date(), Totals())),
        by_model=((MODELS[0].slug, totals),),
        top_members=tuple((one, totals) for one in range(1, 20)),
        members=20,
        forgotten=2,
        waiting_median_s=30.0,
        waiting_p90_s=300.0,
    )
    return Report(guild_id=1, days=2, zone="UTC", statistics=statistics)


def views() -> Mapping[str, Shown]:
    """Return what makes each page, card, form and sentence; the names tell them apart."""
    return {**_members(), **_refusals(), **_moderators()}


def _members() -> dict[str, Shown]:
    found: dict[str, Shown] = {
        "help": help_page,
        "models": partial(models_page, PRICES),
        "quota": partial(quota_page, _BALANCE),
        "privacy: nothing": partial(delete_page, Holdings(), MIA, now=NOW),
        "privacy: all": partial(
            delete_page,
            Holdings(
                jobs=2,
                drafts=2,
                habits=2,
                preferences=1,
                events=2,
                entries=2,
                granted_credits=2,
                counted_credits=2,
                blocks=(KeptBlock(guild_id=1, until=NOW), KeptBlock(guild_id=2, until=None)),
                allowances=2,
            ),
            MIA,
            now=NOW,
        ),
        "privacy: under way": lambda: under_way_words(3, 2),
        "privacy: done": partial(
            deleted_page, Deleted(forgotten=Forgotten(jobs=2, entries=1), wiped=False)
        ),
    }
    for state in JobState:
        found[f"card {state}"] = partial(status_card, _job(state), Standing(place=2))
    for reason in FailureReason:
        failed = _job(JobState.FAILED, failure=reason)
        found[f"card failed, {reason}"] = partial(status_card, failed, Standing())
    for model in MODELS:
        found[f"model {model.slug}"] = partial(model_page, model, PRICES)
    return found


def _refusals() -> dict[str, Shown]:
    found: dict[str, Shown] = {
        "no such choice": _request(resolution="9"),
        "no number": _request(steps="9"),
        "out of range": _request(steps=900),
        "no bool": _request(watermark="9"),
        "no text": _request(negative_prompt=9),
        "too long": _request(negative_prompt="9" * 3000),
        "nothing said": _request(prompt=" "),
        "no address": _request(high_noise_lora="9"),
        "needs": _request(multi_shot=True, enhance_prompt=False),
        "empty picture": lambda: _said(partial(inspect_image, b"", limits=_LIMITS)),
        "no picture": lambda: _said(partial(inspect_image, b"%PDF", limits=_LIMITS)),
        "no sound": lambda: _said(partial(inspect_audio, b"%PDF", limits=_LIMITS)),
    }
    for rule in Rule:
        for price, granted in ((20, 0), (20, 5), (5000, 5)):
            refusal = _refused(rule, price, granted)
            for moderator in (False, True):
                found[f"quota {rule} {price} {granted} {moderator}"] = partial(
                    refusal_text, refusal, to_moderator=moderator
                )
    for name, words in vars(sending_words).items():
        if name.isupper() and isinstance(words, str):
            found[f"sending {name}"] = partial(gettext, words)
    return found


def _moderators() -> dict[str, Shown]:
    found: dict[str, Shown] = {
        "allowances": lambda: allowances_page(
            [
                AllowanceOverride(target="role", target_id=n, daily_credits=n, monthly_credits=n)
                for n in range(1, 50)
            ]
        ),
        "rules": partial(rules_page, _RULES),
        "no rules": partial(rules_page, ()),
        "paste": paste_form,
        "pasted": partial(pasted_words, 2, ()),
        "filter finds": lambda: filter_words(Match(rule=None, list_name="1234", excerpt="1••")),
        "filter passes": partial(filter_words, None),
        "bad rule": partial(check_pattern, "word", "1"),
        "bad expression": partial(check_pattern, "regex", "("),
        "usage": lambda: usage_page(_usage()),
        "blocked": partial(blocked_words, _BLOCK),
        "setup": partial(
            setup_page,
            [Finding(part="1", well=True, words="2"), Finding(part="1", well=False, words="2")],
            "https://discord.com/oauth2/authorize?client_id=1",
        ),
        "stats": lambda: stats_page(_report(), pictures=2),
        "stats without pictures": lambda: stats_page(_report(), pictures=0),
        "removal": lambda: removal_words(_removal()),
        "denial": lambda: denial_form(_job(JobState.AWAITING_APPROVAL)),
    }
    for action in ("delete", "refund", "block"):
        found[f"form {action}"] = partial(video_form, action, _job(JobState.DELIVERED))
    for state in JobState:
        found[f"moderators' card {state}"] = partial(moderators_card, _job(state))
    for kind, policy in _POLICIES.items():
        for page in ("home", "channels", "models", "list", "approval", "filter", "log"):
            ref = PageRef(name=page, place_id=3)
            found[f"policy {page}, {kind}"] = partial(policy_page, ref, _overview(policy), {})
        for form in TITLES:
            found[f"form {form}, {kind}"] = partial(form_of, form, _overview(policy))
    return found
