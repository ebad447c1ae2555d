"""The rules of Integrations, as Discord reads them."""

import pytest
from discord import AppCommandPermissionType as Target

from bot.discord_ui.command_rights import Asker, Rule, may_use

COMMAND, APPLICATION, GUILD, CHANNEL, USER, ROLE = 11, 12, 1000, 21, 31, 41
EVERYWHERE = GUILD - 1
ASKER = Asker(user_id=USER, role_ids={ROLE, GUILD}, guild_id=GUILD, channel_id=CHANNEL)


def rule(target: Target, target_id: int, allowed: bool, about: int = COMMAND) -> Rule:
    """Return a line of Integrations."""
    return Rule(command_id=about, target=target, target_id=target_id, allowed=allowed)


def no(target: Target, target_id: int, about: int = COMMAND) -> Rule:
    """Return a no."""
    return rule(target, target_id, allowed=False, about=about)


def yes(target: Target, target_id: int, about: int = COMMAND) -> Rule:
    """Return a yes."""
    return rule(target, target_id, allowed=True, about=about)


CASES: dict[str, tuple[list[Rule], bool]] = {
    "no rules": ([], True),
    "another command's": ([no(Target.user, USER, 99)], True),
    "another channel": ([no(Target.channel, 22)], True),
    "this channel": ([no(Target.channel, CHANNEL)], False),
    "all channels": ([no(Target.channel, EVERYWHERE)], False),
    "all channels but this": (
        [no(Target.channel, EVERYWHERE), yes(Target.channel, CHANNEL)],
        True,
    ),
    "the application is for elsewhere": ([no(Target.channel, CHANNEL, APPLICATION)], False),
    "the command wins over the application": (
        [no(Target.channel, CHANNEL, APPLICATION), yes(Target.channel, CHANNEL)],
        True,
    ),
    "not this member": ([no(Target.user, USER), yes(Target.role, ROLE)], False),
    "this member in spite of a role": ([yes(Target.user, USER), no(Target.role, ROLE)], True),
    "not everybody": ([no(Target.role, GUILD)], False),
    "everybody without a role": ([no(Target.role, GUILD), yes(Target.role, ROLE)], True),
    "no to the whole application": ([no(Target.role, GUILD, APPLICATION)], False),
    "allowed member in a wrong channel": (
        [yes(Target.user, USER), no(Target.channel, CHANNEL)],
        False,
    ),
}


@pytest.mark.parametrize(("rules", "allowed"), CASES.values(), ids=CASES)
def test_rules_are_read_as_discord_reads_them(rules: list[Rule], allowed: bool) -> None:
    """The nearer rule wins, and both place and person must be allowed."""
    assert may_use(rules, ASKER, command_id=COMMAND, application_id=APPLICATION) is allowed
