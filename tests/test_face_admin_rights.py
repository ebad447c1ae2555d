"""Who is no moderator here gets nowhere: by command, page, form or autocomplete; all is logged."""

import logging
from typing import Any

import pytest

from bot.jobs.changes import Moderator
from bot.policy import AllowanceOverride, GuildPolicy
from sandbox.discord_api.client_connection import Outcome
from sandbox.discord_api.driver import MemberDriver, RefusedError
from sandbox.discord_api.seed import (
    ANIMATOR_ROLE_ID,
    GUILD_ID,
    LOG_ID,
    MIA_ID,
    MODERATOR_ROLE_ID,
    NORA_ID,
    SECOND_GUILD_ID,
    SECOND_LOG_ID,
    THEO_ID,
)
from tests.discord_kit import member_driver, until
from tests.face_running import EPHEMERAL, Face, all_text, now, told_by
from tests.storage_kit import events_of

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILD, SECOND = int(GUILD_ID), int(SECOND_GUILD_ID)
REFUSED = "needs the permission **Manage Server** here"

COMMANDS: dict[str, dict[str, Any]] = {
    "policy": {},
    "approval": {},
    "pause": {"reason": "Mine now"},
    "resume": {},
    "allowance set": {"who": MIA_ID, "daily": 10_000},
    "allowance clear": {"who": THEO_ID},
    "allowance list": {},
    "grant": {"member": MIA_ID, "credits": 1000, "days": 7, "reason": "Me"},
    "usage": {"member": THEO_ID},
    "block": {"member": NORA_ID, "reason": "Ha"},
    "unblock": {"member": MIA_ID},
    "filter add": {"kind": "word", "pattern": "nora"},
    "filter paste": {},
    "filter remove": {"rule": "1"},
    "filter list": {},
    "filter test": {"text": "zorgle"},
    "log channel": {"channel": LOG_ID},
    "setup": {},
    "stats": {"days": 7},
}


async def told(driver: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only the member sees."""
    return await driver.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def everything(face: Face, guild: int = GUILD) -> tuple[Any, ...]:
    """Return all that moderators can have set in a guild."""
    store = face.policies
    return (
        await store.policy(guild),
        await store.overrides(guild),
        await store.rules(guild),
        await store.block_of(guild, int(MIA_ID), now=now()),
        await events_of(store, guild),
        await face.store.of_member(int(MIA_ID), guild_id=guild),
    )


async def furnished(face: Face) -> tuple[Any, ...]:
    """Set something of each kind; return everything."""
    store, mia = face.policies, int(MIA_ID)
    policy = GuildPolicy(log_channel_id=int(LOG_ID), daily_credits=77)
    await store.set_policy(GUILD, policy, actor_id=1, now=now())
    override = AllowanceOverride(
        target="user", target_id=int(THEO_ID), daily_credits=5, monthly_credits=None
    )
    await store.set_override(GUILD, override, actor_id=1, now=now())
    await store.add_rule(GUILD, "word", "zorgle", actor_id=1, now=now())
    await face.bot.services.moderation.members.block(
        moderator_of(GUILD), mia, duration=None, reason="Secret reason"
    )
    return await everything(face)


async def test_every_command_is_tried(face: Face) -> None:
    """The table above leaves none out."""
    group = face.bot.tree.get_command("video-admin")
    names = {command.qualified_name for command in group.walk_commands()}  # type: ignore[union-attr]  # it is a group, or the test fails
    leaves = {name.removeprefix("video-admin ") for name in names} - {"allowance", "filter", "log"}

    assert leaves == set(COMMANDS)


async def refused(driver: MemberDriver) -> dict[str, Outcome]:
    """Try every command, one after the other, and be refused each time."""
    outcomes = {}
    for command, options in COMMANDS.items():
        outcomes[command] = outcome = await driver.run_command(f"video-admin {command}", options)
        await told_by(driver, outcome, REFUSED)
    return outcomes


async def test_a_member_without_the_right_is_refused(
    face: Face, mia: MemberDriver, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the command, even where a server has opened them to everybody."""
    before = await furnished(face)
    await face.control("command-checks", enabled=False)
    with caplog.at_level(logging.WARNING, logger="bot.discord_ui.permissions"):
        outcomes = await refused(mia)

    assert all(outcome.modal is None for outcome in outcomes.values())
    assert await everything(face) == before
    lines = [r.getMessage() for r in caplog.records if "moderation refused" in r.getMessage()]
    assert len(lines) == len(COMMANDS)
    for line, (command, outcome) in zip(lines, outcomes.items(), strict=True):
        for part in (outcome.id, GUILD_ID, MIA_ID, f"video-admin {command}"):
            assert part in line


async def test_discord_hides_the_commands_from_members(face: Face, mia: MemberDriver) -> None:
    """By the permission they ask for, and in direct messages altogether."""
    with pytest.raises(LookupError):
        await mia.run_command("video-admin policy")
    commands = (await face.state())["commands"]
    group = next(command for command in commands if command["name"] == "video-admin")

    assert group["default_member_permissions"] == str(1 << 5)
    assert group["contexts"] == [0]


async def test_the_right_in_another_guild_is_no_right_here(face: Face) -> None:
    """Remy moderates the Second Studio, and is a plain member of the Wan Workshop."""
    before = await furnished(face)
    await face.control("command-checks", enabled=False)
    async with member_driver(face.stand_in, "Remy") as remy:
        remy.use_guild("Wan Workshop")
        await refused(remy)

    assert await everything(face) == before


async def test_autocomplete_tells_members_nothing(face: Face, mia: MemberDriver) -> None:
    """The list of rules is not for them."""
    await furnished(face)
    await face.control("command-checks", enabled=False)

    assert await mia.autocomplete("video-admin filter remove", "rule") == []


# -- rights that were taken away ---------------------------------------------------------


async def opened(driver: MemberDriver, *pages: str) -> dict[str, Any]:
    """Open the policy page and turn to one of its pages."""
    await driver.run_command("video-admin policy")
    page = await told(driver, "Videos on this server")
    for name in pages:
        await driver.press(page, f"admin:page:{name}")
        page = await told(driver, WORDS[name])
    return page


WORDS = {"channels": "Where videos may be made", "log": "Changes by moderators"}


async def demote(face: Face) -> None:
    """Take Nora's role away, while her pages are still open."""
    await face.control(
        "member-roles", guild_id=GUILD_ID, user_id=NORA_ID, remove=[MODERATOR_ROLE_ID]
    )


@pytest.mark.parametrize(
    "custom_id", ["admin:form:limits", "admin:page:filter", "admin:clear:log_channel_id"]
)
async def test_a_stale_button_is_refused(
    face: Face, nora: MemberDriver, custom_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is no moderator any more still sees the page, and can do nothing with it."""
    before = await furnished(face)
    page = await opened(nora, *(["log"] if "clear" in custom_id else []))
    await demote(face)
    with caplog.at_level(logging.WARNING, logger="bot.discord_ui.permissions"):
        outcome = await nora.press(page, custom_id)
        await told(nora, REFUSED)

    assert outcome.modal is None
    assert await everything(face) == before
    assert custom_id in caplog.text


async def test_a_stale_select_is_refused(face: Face, nora: MemberDriver) -> None:
    """As a button."""
    before = await furnished(face)
    page = await opened(nora, "channels")
    await demote(face)
    await nora.select(page, "admin:pick:add_channels", [LOG_ID])
    await told(nora, REFUSED)

    assert await everything(face) == before


async def test_a_form_sent_too_late_is_refused(face: Face, nora: MemberDriver) -> None:
    """It was opened with the right and sent without it."""
    before = await furnished(face)
    limits = (await nora.press(await opened(nora), "admin:form:limits")).modal
    paste = (await nora.run_command("video-admin filter paste")).modal
    assert limits is not None
    assert paste is not None
    await demote(face)
    await nora.submit_modal(limits, {"daily_credits": "9999"})
    await told(nora, REFUSED)
    await nora.submit_modal(paste, {"list": "blarg"})

    async def refused_twice() -> bool:
        return sum(REFUSED in all_text(message) for message in nora.seen.values()) == 2

    await until(refused_twice)
    assert await everything(face) == before


# -- guild by guild ----------------------------------------------------------------------


def moderator_of(guild_id: int) -> Moderator:
    """Return somebody who acts there."""
    return Moderator(guild_id=guild_id, user_id=1)


async def test_what_one_guild_sets_never_shows_in_another(face: Face) -> None:
    """Remy looks at all there is in his own guild."""
    await furnished(face)
    async with member_driver(face.stand_in, "Remy") as remy:
        remy.use_guild("Second Studio")
        for command in ("policy", "allowance list", "filter list", "usage", "filter test"):
            await remy.run_command(f"video-admin {command}", COMMANDS[command])
        await told(remy, "200 credits *(host)* a day")
        await told(remy, "Nobody has one")
        await told(remy, "0 own filter rules")
        await told(remy, "200 credits left")
        await told(remy, "lets this pass")
        shown = "\n".join(all_text(message) for message in remy.seen.values())

    assert "77" not in shown.replace(THEO_ID, "")
    assert LOG_ID not in shown
    assert "Secret reason" not in shown


async def test_what_one_guild_changes_never_changes_another(face: Face) -> None:
    """Remy changes all he can in his own guild, and is told only there."""
    before = await furnished(face)
    async with member_driver(face.stand_in, "Remy") as remy:
        remy.use_guild("Second Studio")
        own = {**COMMANDS, "log channel": {"channel": SECOND_LOG_ID}}
        for command, words in (
            ("log channel", "Log channel: <#"),
            ("pause", "New videos are paused"),
            ("allowance set", "may now spend"),
            ("allowance clear", "no allowance of its own here"),
            ("grant", "credits more"),
            ("unblock", "not blocked here"),
            ("block", "is blocked"),
            ("filter remove", "no such rule"),
            ("filter add", "holds now"),
        ):
            await remy.run_command(f"video-admin {command}", own[command])
            await told(remy, words)

        async def told_there() -> bool:
            return len(await face.posted(SECOND_LOG_ID)) == 6

        await until(told_there)
    assert await everything(face) == before
    assert len(await face.posted(LOG_ID)) == 1  # what furnishing told
    assert (await face.policies.policy(SECOND)).paused_reason == "Mine now"


async def test_a_channel_of_another_guild_cannot_be_chosen(face: Face) -> None:
    """Discord knows no such channel here."""
    async with member_driver(face.stand_in, "Remy") as remy:
        remy.use_guild("Second Studio")
        with pytest.raises(RefusedError):
            await remy.run_command("video-admin log channel", {"channel": LOG_ID})

    assert (await face.policies.policy(SECOND)).log_channel_id is None
    assert ANIMATOR_ROLE_ID not in str(await everything(face, SECOND))
