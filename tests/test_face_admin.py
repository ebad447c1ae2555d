"""Moderators run the bot in Discord: commands, pages, selects and forms on the stand-in."""

import asyncio
import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.changes import Moderator
from bot.jobs.policy_edits import setting
from bot.policy import ApprovalRules, GuildPolicy
from sandbox.discord_api.driver import MemberDriver, Outcome
from sandbox.discord_api.seed import (
    ANIMATOR_ROLE_ID,
    BOT_ID,
    GENERAL_ID,
    GUILD_ID,
    LOG_ID,
    MIA_ID,
    NIGHT_ID,
    THEO_ID,
    VIDEO_ID,
)
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, Face, all_text, buttons, now, start, stop, told_by
from tests.storage_kit import events_of

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILD, LOG, MIA, THEO = int(GUILD_ID), int(LOG_ID), int(MIA_ID), int(THEO_ID)
ANIMATOR = int(ANIMATOR_ROLE_ID)
MINUTE = timedelta(minutes=1)


async def told(driver: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only the moderator sees."""
    return await driver.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def opened(driver: MemberDriver) -> dict[str, Any]:
    """Open a policy page of its own."""
    before = set(driver.seen)
    await driver.run_command("video-admin policy")
    return await driver.wait_for_message(
        lambda m: m["id"] not in before and "Videos on this server" in all_text(m)
    )


async def turned(driver: MemberDriver, page: dict[str, Any], to: str, words: str) -> dict[str, Any]:
    """Press the button that leads to a page."""
    await driver.press(page, f"admin:page:{to}")
    return await showing(driver, page, words)


async def showing(driver: MemberDriver, page: dict[str, Any], words: str) -> dict[str, Any]:
    """Wait until this very page shows something."""
    return await driver.wait_for_message(lambda m: m["id"] == page["id"] and words in all_text(m))


async def form(driver: MemberDriver, page: dict[str, Any], name: str) -> dict[str, Any]:
    """Open a form."""
    outcome = await driver.press(page, f"admin:form:{name}")
    assert outcome.modal is not None
    return outcome.modal


async def saved(driver: MemberDriver, modal: dict[str, Any], **values: str) -> Outcome:
    """Change some lines of a form and send it."""
    return await driver.submit_modal(modal, shown(modal) | values)


def moderators(count: int) -> list[Moderator]:
    """Return people who act."""
    return [Moderator(guild_id=GUILD, user_id=number) for number in range(1, count + 1)]


def shown(modal: dict[str, Any]) -> dict[str, str]:
    """Return what a form shows at first."""
    lines = (part["component"] for part in modal["components"])
    return {line["custom_id"]: line.get("value") or "" for line in lines}


async def policy(face: Face) -> GuildPolicy:
    """Return what is stored."""
    return await face.policies.policy(GUILD)


async def given(face: Face, **values: Any) -> None:
    """Set the policy as another moderator would have."""
    now_set = (await policy(face)).model_copy(update=values)
    await face.policies.set_policy(GUILD, now_set, actor_id=1, now=now())


async def logged(face: Face, words: str) -> dict[str, Any]:
    """Wait for a message in the log channel."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = [m for m in await face.posted(LOG_ID) if words in m["content"]]
        return bool(found)

    await until(there)
    return found[0]


# -- the policy page -----------------------------------------------------------------


async def test_the_page_shows_what_holds_and_what_the_host_set(
    face: Face, nora: MemberDriver
) -> None:
    """Only to the moderator."""
    await given(face, daily_credits=50, time_zone="Europe/Berlin")
    page = await opened(nora)

    text = all_text(page)
    assert "50 credits a day · 2,000 credits *(host)* a month" in text
    assert "days begin in Europe/Berlin" in text
    assert page["flags"] & EPHEMERAL


async def test_a_form_changes_what_was_changed_in_it(face: Face, nora: MemberDriver) -> None:
    """The page shows it at once; empty lines fall back to the host."""
    await given(face, monthly_credits=900)
    modal = await form(nora, await opened(nora), "limits")
    await saved(nora, modal, daily_credits="1,500", monthly_credits="", max_price_credits="80")
    await told(nora, "1,500 credits a day · 2,000 credits *(host)* a month")

    assert shown(modal)["monthly_credits"] == "900"
    assert await policy(face) == GuildPolicy(daily_credits=1500, max_price_credits=80)
    (event, _) = await events_of(face.policies, GUILD)
    assert (event.action, event.actor_id) == ("policy.set", int(nora.user["id"]))


async def test_two_forms_at_once_keep_both_changes(face: Face, nora: MemberDriver) -> None:
    """A form saves only what was changed in it."""
    modal = await form(nora, await opened(nora), "limits")
    await given(face, monthly_credits=900)
    await saved(nora, modal, daily_credits="50")
    await told(nora, "50 credits a day · 900 credits a month")

    assert await policy(face) == GuildPolicy(daily_credits=50, monthly_credits=900)


async def test_who_is_overtaken_on_the_same_value_is_told(face: Face, nora: MemberDriver) -> None:
    """Nothing is saved, and the page shows what holds now."""
    modal = await form(nora, await opened(nora), "limits")
    await given(face, daily_credits=900)
    await saved(nora, modal, daily_credits="50", monthly_credits="60")
    await told(nora, "Somebody else has changed **Credits a day**")
    await told(nora, "900 credits a day")

    assert await policy(face) == GuildPolicy(daily_credits=900)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("limits", {"daily_credits": "-5"}, "**Credits a day** must be a whole number of 0 or mo"),
        ("limits", {"daily_credits": "many"}, "such as 200, not “many”"),
        ("limits", {"daily_credits": "99999999"}, "**Credits a day** may be 10,000,000 at most"),
        ("limits", {"jobs_in_flight_member": "0"}, "each member** must be 1 or more"),
        ("server", {"time_zone": "Berlin"}, "Did you mean `Europe/Berlin`?"),
        ("server", {"time_zone": "Mars/Base 1"}, "Write it like `Europe/Berlin` or `UTC`."),
        ("approval", {"newer_than_days": "7"}, "approval needs one: choose a log channel first"),
        ("pause", {"paused_reason": "   "}, "Give a reason"),
    ],
)
async def test_bad_input_gets_one_clear_answer(
    face: Face, nora: MemberDriver, name: str, values: dict[str, str], words: str
) -> None:
    """Only to the moderator, and nothing changes."""
    page = await opened(nora)
    if name == "approval":
        page = await turned(nora, page, "approval", "approves nothing")
    outcome = await saved(nora, await form(nora, page, name), **values)

    assert await told(nora, words)
    assert outcome.ok
    assert await policy(face) == GuildPolicy()


async def test_channels_are_added_and_removed(face: Face, nora: MemberDriver) -> None:
    """By selects; what somebody else added meanwhile stays."""
    page = await turned(nora, await opened(nora), "channels", "**Everywhere.**")
    await nora.select(page, "admin:pick:add_channels", [VIDEO_ID, NIGHT_ID])
    page = await told(nora, "2 channels")
    await given(face, allowed_channel_ids=(int(VIDEO_ID), int(NIGHT_ID), int(GENERAL_ID)))
    await nora.select(page, "admin:pick:remove_channels:0", [NIGHT_ID])
    await told(nora, f"2 channels: <#{VIDEO_ID}> and <#{GENERAL_ID}>")

    assert (await policy(face)).allowed_channel_ids == (int(VIDEO_ID), int(GENERAL_ID))


async def test_the_last_channel_is_not_removed_by_accident(face: Face, nora: MemberDriver) -> None:
    """No channel would mean every channel."""
    await given(face, allowed_channel_ids=(int(VIDEO_ID),))
    page = await turned(nora, await opened(nora), "channels", "1 channel")
    await nora.select(page, "admin:pick:remove_channels:0", [VIDEO_ID])
    await told(nora, "That would remove the last channel")
    await nora.press(page, "admin:clear:channels")
    await told(nora, "**Everywhere.**")

    assert await policy(face) == GuildPolicy()


async def test_models_are_listed_for_a_role(face: Face, nora: MemberDriver) -> None:
    """Choose the role, choose the models; "No list" lifts it."""
    page = await turned(nora, await opened(nora), "models", "for everybody, everywhere")
    await nora.select(page, "admin:pick:role", [ANIMATOR_ROLE_ID])
    page = await told(nora, f"Models of <@&{ANIMATOR_ROLE_ID}>")
    slugs = ["wan-2.6-i2v", "wan-2.2-t2v-fast"]
    await nora.select(page, f"admin:pick:models:role:{ANIMATOR_ROLE_ID}", slugs)
    page = await told(nora, "Now: Wan 2.6 Image To Video, Wan 2.2 Text to Video Fast")
    listed = (await policy(face)).models_by_role
    await nora.press(page, f"admin:clear:models:role:{ANIMATOR_ROLE_ID}")
    await told(nora, "for everybody, everywhere")

    assert listed == {ANIMATOR: tuple(slugs)}
    assert await policy(face) == GuildPolicy()


async def test_models_are_listed_for_a_channel(face: Face, nora: MemberDriver) -> None:
    """As for a role."""
    page = await turned(nora, await opened(nora), "models", "for everybody, everywhere")
    await nora.select(page, "admin:pick:channel", [VIDEO_ID])
    page = await told(nora, f"Models of <#{VIDEO_ID}>")
    await nora.select(page, f"admin:pick:models:channel:{VIDEO_ID}", ["wan-2.6-i2v"])
    await told(nora, "Now: Wan 2.6 Image To Video")

    assert (await policy(face)).models_by_channel == {int(VIDEO_ID): ("wan-2.6-i2v",)}


async def test_switches_say_what_they_switch_to(face: Face, nora: MemberDriver) -> None:
    """The same switch on an older page, pressed later, does not switch back."""
    pages = [
        await turned(nora, await opened(nora), "channels", "**Everywhere.**") for _ in range(2)
    ]
    for page in pages:
        await nora.press(page, "admin:flip:age_restricted_only:on")
    for page in pages:
        await showing(nora, page, "channels**: on")

    assert (await policy(face)).age_restricted_only
    assert len(await events_of(face.policies, GUILD)) == 1


async def test_a_built_in_list_is_one_click(face: Face, nora: MemberDriver) -> None:
    """On and off."""
    page = await turned(nora, await opened(nora), "filter", "costs nothing")
    await nora.press(page, "admin:list:gore:on")
    await nora.wait_for_message(lambda m: "admin:list:gore:off" in buttons(m))
    on = (await policy(face)).filter_lists
    await nora.press(page, "admin:list:gore:off")
    await nora.wait_for_message(lambda m: "admin:list:gore:on" in buttons(m))

    assert on == ("gore",)
    assert await policy(face) == GuildPolicy()


async def test_approval_is_set_piece_by_piece(face: Face, nora: MemberDriver) -> None:
    """By price, age of membership and role; one button ends it all."""
    await given(face, log_channel_id=LOG)
    page = await turned(nora, await opened(nora), "approval", "approves nothing")
    await saved(nora, await form(nora, page, "approval"), above_credits="100", expires_h="48")
    page = await told(nora, "after 48 hours without an answer")
    await nora.select(page, "admin:pick:without_role_id", [ANIMATOR_ROLE_ID])
    page = await told(nora, f"videos of members without <@&{ANIMATOR_ROLE_ID}>")
    rules = (await policy(face)).approval
    await nora.press(page, "admin:clear:approval")
    await told(nora, "approves nothing")

    assert rules == ApprovalRules(above_credits=100, expires_h=48, without_role_id=ANIMATOR)
    assert not (await policy(face)).approval.active


async def test_everybody_s_role_is_no_role_to_lack(face: Face, nora: MemberDriver) -> None:
    """It would look like approval for everybody, and nobody's video would wait."""
    await given(face, log_channel_id=LOG)
    page = await turned(nora, await opened(nora), "approval", "approves nothing")
    await nora.select(page, "admin:pick:without_role_id", [GUILD_ID])

    assert await told(nora, "nobody would wait")
    assert not (await policy(face)).approval.active


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"approval": ApprovalRules(everybody=True)}, "switch approval off before you remove it"),
        ({"log_videos_since": now()}, "switch that off before you remove it"),
    ],
)
async def test_the_log_channel_cannot_go_while_it_is_needed(
    face: Face, nora: MemberDriver, needs: dict[str, Any], words: str
) -> None:
    """Requests, and cards of videos, would be posted nowhere."""
    await given(face, log_channel_id=LOG, **needs)
    await nora.run_command("video-admin log channel")

    assert await told(nora, words)
    assert (await policy(face)).log_channel_id == LOG


async def test_pages_work_after_a_restart(face: Face, nora: MemberDriver) -> None:
    """Buttons, and a form that was open while the bot restarted."""
    page = await opened(nora)
    modal = await form(nora, page, "limits")
    await face.bot.close()
    again = face.again()
    task = await start(again)
    await saved(nora, modal, daily_credits="70")
    await told(nora, "70 credits a day")
    await nora.press(page, "admin:page:filter")
    await told(nora, "costs nothing")
    await stop(again, task)

    assert (await policy(face)).daily_credits == 70


async def test_simultaneous_changes_are_all_kept(face: Face) -> None:
    """Each reads the policy and writes it back; none overwrites another."""
    desk = face.bot.services.moderation.policy
    by = moderators(3)
    fields = ("daily_credits", "monthly_credits", "max_price_credits")
    await asyncio.gather(
        *(desk.change(who, setting(**{field: 7})) for who, field in zip(by, fields, strict=True))
    )

    changed = await policy(face)
    assert [getattr(changed, field) for field in fields] == [7, 7, 7]


# -- pause, members ------------------------------------------------------------------


async def test_pause_and_resume(face: Face, nora: MemberDriver) -> None:
    """With the reason that members are told."""
    await nora.run_command("video-admin pause", {"reason": "Back on  Monday"})
    await told(nora, "Members are told: Back on Monday")
    paused = (await policy(face)).paused_reason
    await nora.run_command("video-admin resume")
    await told(nora, "New videos are taken again")
    await nora.run_command("video-admin resume")

    assert await told(nora, "not paused")
    assert paused == "Back on Monday"
    assert (await policy(face)).paused_reason is None


async def test_the_page_pauses_and_resumes_as_well(face: Face, nora: MemberDriver) -> None:
    """By a form and a button."""
    await saved(nora, await form(nora, await opened(nora), "pause"), paused_reason="Too much")
    page = await told(nora, "**Paused** · Too much")
    await nora.press(page, "admin:resume")
    await told(nora, "**Taking new videos**")

    assert (await policy(face)).paused_reason is None


async def test_a_role_and_a_member_get_allowances(face: Face, nora: MemberDriver) -> None:
    """Listed, and cleared again."""
    animator: dict[str, Any] = {"who": ANIMATOR_ROLE_ID, "daily": 500}
    await nora.run_command("video-admin allowance set", animator)
    await told(nora, f"<@&{ANIMATOR_ROLE_ID}> may now spend 500 credits a day.")
    await nora.run_command(
        "video-admin allowance set", {"who": MIA_ID, "daily": 0, "monthly": 5000}
    )
    await told(nora, f"<@{MIA_ID}> may now spend 0 credits a day · 5,000 credits a month.")
    await nora.run_command("video-admin allowance list")
    page = await told(nora, "Allowances of their own")
    await nora.run_command("video-admin allowance clear", {"who": ANIMATOR_ROLE_ID})
    await told(nora, "no allowance of their own any more")
    await nora.run_command("video-admin allowance clear", {"who": ANIMATOR_ROLE_ID})
    await told(nora, "This role has no allowance of its own here")

    text = all_text(page)
    assert text.index(f"<@&{ANIMATOR_ROLE_ID}>: 500") < text.index(f"<@{MIA_ID}>: 0")
    (left,) = await face.policies.overrides(GUILD)
    assert (left.target, left.target_id, left.daily_credits) == ("user", MIA, 0)


BAD_INPUT: list[tuple[str, dict[str, Any], str]] = [
    ("allowance set", {"who": MIA_ID}, "Give `daily` or `monthly` credits"),
    ("allowance set", {"who": MIA_ID, "daily": -1}, "`daily` must be a whole number from 0"),
    ("allowance set", {"who": GUILD_ID, "daily": 1}, "Everybody's allowance is the server's"),
    (
        "grant",
        {"member": MIA_ID, "credits": -3, "days": 7, "reason": "x"},
        "`credits` must be a whole number from 1 to 10,000,000",
    ),
    (
        "grant",
        {"member": MIA_ID, "credits": 3, "days": 0, "reason": "x"},
        "`days` must be a whole number from 1 to 3,650",
    ),
    ("grant", {"member": MIA_ID, "credits": 3, "days": 7, "reason": " "}, "Give a reason"),
    ("grant", {"member": BOT_ID, "credits": 3, "days": 7, "reason": "x"}, "is a bot"),
    ("block", {"member": BOT_ID, "reason": "x"}, "bots make no videos"),
    ("allowance set", {"who": BOT_ID, "daily": 1}, "Choose a member"),
    (
        "block",
        {"member": MIA_ID, "reason": "x", "duration": "soon"},
        "“soon” is no length of time",
    ),
    (
        "block",
        {"member": MIA_ID, "reason": "x", "duration": "20 years"},
        "A block lasts 10 years at most",
    ),
    ("unblock", {"member": MIA_ID}, "not blocked here"),
    ("filter add", {"kind": "regex", "pattern": "(a"}, "never closed"),
    ("filter remove", {"rule": "the first"}, "chosen from the list"),
    ("filter remove", {"rule": "99"}, "no such rule"),
    ("filter remove", {"rule": "9" * 4301}, "chosen from the list"),
    ("pause", {"reason": "x" * 301}, "301 characters long; 300 are the most"),
]


async def test_a_command_s_bad_input_gets_one_clear_answer(face: Face, nora: MemberDriver) -> None:
    """Only to the moderator; nothing is recorded."""
    for command, options, words in BAD_INPUT:
        outcome = await nora.run_command(f"video-admin {command}", options)
        assert await told_by(nora, outcome, words)
        assert outcome.ok

    assert await events_of(face.policies, GUILD) == []
    assert all(message["flags"] & EPHEMERAL for message in await face.posted())


async def test_a_grant_shows_in_usage(face: Face, nora: MemberDriver) -> None:
    """With its reason in the audit log."""
    grant: dict[str, Any] = {
        "member": MIA_ID,
        "credits": 40,
        "days": 30,
        "reason": "Won the contest",
    }
    await nora.run_command("video-admin grant", grant)
    await told(nora, f"<@{MIA_ID}> has 40 credits more")
    await nora.run_command("video-admin usage", {"member": MIA_ID})
    page = await told(nora, f"<@{MIA_ID}> · 240 credits left")
    (event,) = await events_of(face.policies, GUILD)

    assert "40 credits left of what moderators gave" in all_text(page)
    assert (event.action, event.target_id) == ("grant", MIA)
    assert event.detail["reason"] == "Won the contest"


async def test_usage_heeds_the_server_s_budget(face: Face, nora: MemberDriver) -> None:
    """As the member's own `/quota` does: what is left is the same for both."""
    await given(face, monthly_budget_credits=5)
    await nora.run_command("video-admin usage", {"member": MIA_ID})

    assert await told(nora, f"<@{MIA_ID}> · 5 credits left")


async def test_usage_counts_the_roles_of_the_member(face: Face, nora: MemberDriver) -> None:
    """Theo is an Animator."""
    await nora.run_command("video-admin allowance set", {"who": ANIMATOR_ROLE_ID, "daily": 900})
    await told(nora, "may now spend 900")
    await nora.run_command("video-admin usage", {"member": THEO_ID})

    assert await told(nora, f"<@{THEO_ID}> · 900 credits left")
    assert (await face.policies.overrides(GUILD))[0].target_id == ANIMATOR


async def test_a_member_is_blocked_for_a_time_and_unblocked(face: Face, nora: MemberDriver) -> None:
    """With a reason; usage shows it."""
    block = {"member": MIA_ID, "reason": "Spam", "duration": "3 d 12 h"}
    before = now()
    await nora.run_command("video-admin block", block)
    await told(nora, f"<@{MIA_ID}> is blocked until")
    held = await face.policies.block_of(GUILD, MIA, now=now())
    await nora.run_command("video-admin usage", {"member": MIA_ID})
    await told(nora, "🚫 blocked until")
    await nora.run_command("video-admin unblock", {"member": MIA_ID})
    await told(nora, "may make videos again")

    assert held is not None
    assert held.until is not None
    assert (held.reason, held.actor_id) == ("Spam", int(nora.user["id"]))
    assert timedelta(0) <= held.until - before - timedelta(days=3, hours=12) < MINUTE
    assert await face.policies.block_of(GUILD, MIA, now=now()) is None


# -- the filter ------------------------------------------------------------------------


async def test_a_rule_is_added_tested_listed_and_removed(face: Face, nora: MemberDriver) -> None:
    """By its number, which autocomplete offers."""
    await nora.run_command("video-admin filter add", {"kind": "word", "pattern": "zorgle"})
    await told(nora, "holds now: word ||zorgle||")
    await nora.run_command("video-admin filter test", {"text": "A big Z0RGLE jumps"})
    await told(nora, "The filter refuses this")
    await nora.run_command("video-admin filter test", {"text": "A fox jumps"})
    await told(nora, "lets this pass")
    await nora.run_command("video-admin filter list")
    await told(nora, "1 own filter rule")
    (choice,) = await nora.autocomplete("video-admin filter remove", "rule", "zor")
    await nora.run_command("video-admin filter remove", {"rule": choice["value"]})
    await told(nora, "is gone: word ||zorgle||")

    assert choice["name"].endswith("word · zorgle")
    assert await face.policies.rules(GUILD) == []


async def test_a_rule_is_not_added_twice(face: Face, nora: MemberDriver) -> None:
    """The second is told which it is."""
    for _ in range(2):
        await nora.run_command("video-admin filter add", {"kind": "word", "pattern": "zorgle"})

    assert await told(nora, "already filter rule")
    assert len(await face.policies.rules(GUILD)) == 1


async def test_a_list_is_pasted(face: Face, nora: MemberDriver) -> None:
    """One rule a line; what is wrong is said by line."""
    outcome = await nora.run_command("video-admin filter paste")
    assert outcome.modal is not None
    text = "# ours\nzorgle\nblarg fnord\n/zo+m/\n/(a/\n"
    await nora.submit_modal(outcome.modal, {"list": text})
    answer = all_text(await told(nora, "3 rules added"))

    assert "Line 5" in answer
    kinds = [(rule.kind, rule.pattern) for rule in await face.policies.rules(GUILD)]
    assert kinds == [("word", "zorgle"), ("phrase", "blarg fnord"), ("regex", "zo+m")]


async def test_a_long_list_is_added_whole(face: Face, nora: MemberDriver) -> None:
    """Whatever the parts in which it is written."""
    outcome = await nora.run_command("video-admin filter paste")
    assert outcome.modal is not None
    words = [f"zorgle{number:03}" for number in range(120)]
    await nora.submit_modal(outcome.modal, {"list": "\n".join(words)})
    await told(nora, "120 rules added")

    assert [rule.pattern for rule in await face.policies.rules(GUILD)] == words


async def test_the_lists_are_a_press_away(face: Face, nora: MemberDriver) -> None:
    """From the policy page to the rules, and back."""
    await face.policies.add_rule(GUILD, "word", "zorgle", actor_id=1, now=now())
    page = await turned(nora, await opened(nora), "filter", "costs nothing")
    page = await turned(nora, page, "rules", "1 own filter rule")
    page = await turned(nora, page, "filter", "costs nothing")
    page = await turned(nora, page, "home", "1 own rule")
    await nora.run_command("video-admin allowance list")
    lists = await told(nora, "Nobody has one")
    await nora.press(lists, "admin:page:home")

    assert await showing(nora, lists, "Videos on this server")


async def test_the_list_of_rules_turns_pages(face: Face, nora: MemberDriver) -> None:
    """Twenty a page."""
    for number in range(25):
        await face.policies.add_rule(GUILD, "word", f"zorgle{number:02}", actor_id=1, now=now())
    await nora.run_command("video-admin filter list")
    page = await told(nora, "page 1 of 2")
    await nora.press(page, "admin:page:rules:1:next")
    last = all_text(await told(nora, "page 2 of 2"))

    assert "zorgle24" in last
    assert "zorgle19" not in last


# -- the log channel -------------------------------------------------------------------


async def test_every_change_is_told_in_the_log_channel(face: Face, nora: MemberDriver) -> None:
    """Who did what, mentioning nobody."""
    await nora.run_command("video-admin log channel", {"channel": LOG_ID})
    await told(nora, f"Log channel: <#{LOG_ID}>")
    await nora.run_command("video-admin pause", {"reason": "Back on Monday"})
    await nora.run_command("video-admin block", {"member": MIA_ID, "reason": "@everyone **look**"})
    first = await logged(face, "**Log channel**: none →")
    paused = await logged(face, "paused new videos")
    blocked = await logged(face, f"blocked <@{MIA_ID}> until somebody lifts it")

    assert first["content"].startswith(f"🛡️ <@{nora.user['id']}> changed")
    assert "> Back on Monday" in paused["content"]
    assert "@everyone" not in blocked["content"]
    assert blocked["mentions"] == []
    assert not blocked["mention_everyone"]


async def test_the_old_log_channel_hears_where_the_log_goes(face: Face, nora: MemberDriver) -> None:
    """Nobody can slip away from the log unseen."""
    await given(face, log_channel_id=LOG)
    await nora.run_command("video-admin log channel", {"channel": GENERAL_ID})
    await logged(face, f"<#{LOG_ID}> → <#{GENERAL_ID}>")

    assert (await policy(face)).log_channel_id == int(GENERAL_ID)


async def test_a_log_channel_that_refuses_hurts_no_change(face: Face, nora: MemberDriver) -> None:
    """Deleted, forbidden or down: the change is made and answered."""
    await given(face, log_channel_id=LOG)
    await face.control("delete-channel", channel_id=LOG_ID)
    await nora.run_command("video-admin pause", {"reason": "Back on Monday"})

    assert await told(nora, "New videos are paused")
    assert (await policy(face)).paused_reason == "Back on Monday"


async def test_a_log_channel_the_bot_cannot_use_is_refused(face: Face, nora: MemberDriver) -> None:
    """With what it lacks; by command and on the page."""
    attach = 1 << 15
    await face.control("bot-permissions", channel_id=LOG_ID, deny=attach)
    await asyncio.sleep(0.2)
    page = await turned(nora, await opened(nora), "log", "Log channel: none")
    await nora.select(page, "admin:pick:log_channel_id", [LOG_ID])
    await told(nora, "I lack **Attach Files**")
    await nora.run_command("video-admin log channel", {"channel": LOG_ID})

    assert await told(nora, "I lack **Attach Files**")
    assert await policy(face) == GuildPolicy()


async def test_the_log_s_last_words_are_said_at_shutdown(face: Face) -> None:
    """What was just changed is posted before the connection goes."""
    await given(face, log_channel_id=LOG)
    (by,) = moderators(1)
    for number in range(3):
        await face.bot.services.moderation.policy.change(by, setting(daily_credits=number))
    await face.bot.close()
    told_last = [message["content"] for message in await face.posted(LOG_ID)]

    assert [text.rsplit("→ ")[-1] for text in told_last] == ["0 credits", "1 credit", "2 credits"]


async def test_a_policy_that_cannot_be_read_hurts_no_change(
    face: Face, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The block is made; only its message in the log is missing, which the host's log says."""
    await given(face, log_channel_id=LOG)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute('UPDATE guild_policy SET body = \'{"from": "the future"}\'')
        database.commit()
    (by,) = moderators(1)
    desk = face.bot.services.moderation.members
    await desk.block(by, MIA, duration=None, reason="Spam")

    assert await face.policies.block_of(GUILD, MIA, now=now()) is not None
    assert f"guild {GUILD}: a change could not be told" in caplog.text
