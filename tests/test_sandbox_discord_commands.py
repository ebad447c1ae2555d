"""Registering commands: what Discord takes, what it refuses and how it says so."""

from typing import Any

import pytest

from sandbox.discord_api.commands import CommandRegistry, Scope, checked_command
from sandbox.discord_api.errors import ApiError
from sandbox.discord_api.localising import localised
from sandbox.discord_api.wire import Snowflakes
from sandbox.discord_api.world import Context, Install
from tests.discord_bare_bot import COMMANDS, BareBot, Json, bare_bot
from tests.discord_kit import HandClock

pytest_plugins = ("tests.discord_fixtures",)

OPTION: Json = {"type": 3, "name": "prompt", "description": "What"}


def command(**changes: Any) -> Json:
    """A good chat input command with some changes."""
    return {"name": "make", "description": "Makes it", **changes}


def option(**changes: Any) -> Json:
    """A command with one changed option."""
    return command(options=[{**OPTION, **changes}])


def test_a_client_gets_names_in_its_language() -> None:
    """At every depth, and only where the bot gave one."""
    choice = {"name": "Half", "value": 1, "name_localizations": {"de": "Halb"}}
    part = {**OPTION, "name_localizations": {"de": "satz"}, "choices": [choice]}
    made = command(
        name_localizations={"de": "machen"},
        description_localizations={"fr": "Fait"},
        options=[part],
    )
    german = localised(made, "de")

    assert (german["name"], german["name_localized"]) == ("make", "machen")
    assert "description_localized" not in german
    assert german["options"][0]["name_localized"] == "satz"
    assert german["options"][0]["choices"][0]["name_localized"] == "Halb"
    assert localised(made, "fr")["description_localized"] == "Fait"
    assert "name_localized" not in made


def test_only_the_longest_language_counts_for_a_command_s_size() -> None:
    """Not all of them together."""
    long = dict.fromkeys(("de", "fr", "ja", "es-ES"), "x" * 100)
    options = [
        {**OPTION, "name": f"o{n}", "choices": [{"name": f"c{m}", "value": "v"} for m in range(25)]}
        for n in range(25)
    ]
    for option_ in options:
        option_["description_localizations"] = long
    fits = command(options=options)
    checked_command(fits)
    for option_ in options:
        for choice in option_["choices"]:
            choice["name_localizations"] = {"de": "x" * 20}

    assert any("TOO_LARGE" in fault for fault in faults(fits))


def faults(data: Any) -> set[str]:
    """The dotted paths and codes of what is wrong with a command."""
    with pytest.raises(ApiError) as refused:
        checked_command(data)
    found: set[str] = set()

    def collect(tree: Json, path: str) -> None:
        for key, branch in tree.items():
            if key == "_errors":
                found.update(f"{path}:{fault['code']}" for fault in branch)
            else:
                collect(branch, f"{path}.{key}" if path else key)

    collect(refused.value.errors or {}, "")
    return found


@pytest.mark.parametrize(
    "data",
    [
        command(),
        command(name="überraschung"),
        command(name="two-words_2"),
        command(name="アニメ"),
        command(contexts=[0], integration_types=[0, 1], nsfw=True),
        command(default_member_permissions="32"),
        command(name_localizations={"de": "machen"}, description_localizations={"fr": "Fait"}),
        command(options=[{**OPTION, "name": f"o{n}"} for n in range(25)]),
        option(choices=[{"name": "A" * 100, "value": "a" * 100}]),
        option(min_length=0, max_length=6000),
        option(type=4, min_value=-(2**53), max_value=2**53, autocomplete=True),
        option(type=10, choices=[{"name": "Half", "value": 0.5}]),
        option(type=7, channel_types=[0, 11]),
        command(options=[{"type": 1, "name": "sub", "description": "S", "options": [OPTION]}]),
        {"name": "Animate this", "type": 3},
        {"name": "Greet", "type": 2, "contexts": [0, 1, 2]},
    ],
)
def test_good_commands_are_taken(data: Json) -> None:
    """What Discord takes passes and comes back with its defaults."""
    checked = checked_command(data)

    assert checked["name"] == data["name"]
    assert checked["type"] == data.get("type", 1)
    assert len(checked.get("options", ())) == len(data.get("options", ()))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([], ":MODEL_TYPE_CONVERT"),
        ({}, "name:BASE_TYPE_REQUIRED"),
        (command(name="Make"), "name:APPLICATION_COMMAND_INVALID_NAME"),
        (command(name="make it"), "name:APPLICATION_COMMAND_INVALID_NAME"),
        (command(name="x" * 33), "name:BASE_TYPE_BAD_LENGTH"),
        (command(name=""), "name:BASE_TYPE_REQUIRED"),
        (command(name=7), "name:STRING_TYPE_CONVERT"),
        (command(description=""), "description:BASE_TYPE_REQUIRED"),
        (command(description="x" * 101), "description:BASE_TYPE_BAD_LENGTH"),
        (command(type=9), "type:BASE_TYPE_CHOICES"),
        (command(contexts=[3]), "contexts:BASE_TYPE_CHOICES"),
        (command(contexts=[0, 0]), "contexts:SET_TYPE_CONTAINS_DUPLICATES"),
        (command(integration_types=[2]), "integration_types:BASE_TYPE_CHOICES"),
        (command(name_localizations={"xx": "x"}), "name_localizations.xx:BASE_TYPE_CHOICES"),
        (command(default_member_permissions="x"), "default_member_permissions:NUMBER_TYPE_COERCE"),
        (
            command(options=[{**OPTION, "name": f"o{n}"} for n in range(26)]),
            "options:BASE_TYPE_BAD_LENGTH",
        ),
        (
            command(options=[OPTION, {**OPTION, "name": "more", "required": True}]),
            "options:APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            command(options=[OPTION, OPTION]),
            "options:APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
        ),
        (option(type=12), "options.0.type:BASE_TYPE_CHOICES"),
        (option(name="Big"), "options.0.name:APPLICATION_COMMAND_INVALID_NAME"),
        (option(description="x" * 101), "options.0.description:BASE_TYPE_BAD_LENGTH"),
        (
            option(choices=[{"name": str(n), "value": str(n)} for n in range(26)]),
            "options.0.choices:BASE_TYPE_BAD_LENGTH",
        ),
        (
            option(choices=[{"name": "x" * 101, "value": "x"}]),
            "options.0.choices.0.name:BASE_TYPE_BAD_LENGTH",
        ),
        (
            option(choices=[{"name": "x", "value": "x" * 101}]),
            "options.0.choices.0.value:BASE_TYPE_MAX_LENGTH",
        ),
        (
            option(type=4, choices=[{"name": "x", "value": "high"}]),
            "options.0.choices.0.value:NUMBER_TYPE_COERCE",
        ),
        (
            option(choices=[{"name": "x", "value": "a"}, {"name": "x", "value": "b"}]),
            "options.0.choices:APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
        ),
        (
            option(type=5, choices=[{"name": "x", "value": "a"}]),
            "options.0.choices:APPLICATION_COMMAND_OPTION_CHOICES_INVALID",
        ),
        (
            option(autocomplete=True, choices=[{"name": "x", "value": "a"}]),
            "options.0.autocomplete:APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
        ),
        (
            option(type=11, autocomplete=True),
            "options.0.autocomplete:APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID",
        ),
        (option(max_length=6001), "options.0.max_length:NUMBER_TYPE_MAX"),
        (
            option(type=4, min_value=3, max_value=2),
            "options.0:APPLICATION_COMMAND_OPTION_RANGE_INVALID",
        ),
        (option(type=4, min_value=0.5), "options.0.min_value:NUMBER_TYPE_COERCE"),
        (
            {"name": "Look", "type": 3, "description": "x"},
            "description:APPLICATION_COMMAND_DESCRIPTION_INVALID",
        ),
        (
            command(options=[{**OPTION, "name": f"o{n}"} for n in range(25)], description="x")
            | {
                "options": [
                    {
                        **OPTION,
                        "name": f"o{n}",
                        "choices": [{"name": f"{c:0100}", "value": "x" * 100} for c in range(25)],
                    }
                    for n in range(2)
                ]
            },
            ":APPLICATION_COMMAND_TOO_LARGE",
        ),
    ],
)
def test_bad_commands_are_refused_with_the_place(data: Any, fault: str) -> None:
    """Each rule that a command breaks is named with the field's path."""
    assert fault in faults(data)


def test_all_faults_come_at_once() -> None:
    """One answer names every fault of the body."""
    found = faults(command(name="No", description="", options=[{**OPTION, "type": 99}]))

    assert len(found) == 3


def registry() -> CommandRegistry:
    """An empty registry."""
    return CommandRegistry("1", Snowflakes(HandClock()))


def test_same_command_keeps_id_and_version() -> None:
    """Registering again what is registered changes nothing; a change gives a new version."""
    commands = registry()
    first = commands.put_all(Scope(), [checked_command(command())])
    again = commands.put_all(Scope(), [checked_command(command())])
    changed = commands.put_all(Scope(), [checked_command(command(description="Other"))])

    assert again == first
    assert changed[0]["id"] == first[0]["id"]
    assert changed[0]["version"] != first[0]["version"]


def test_bulk_registration_removes_what_is_missing() -> None:
    """A bulk registration is the whole list."""
    commands = registry()
    commands.put_all(Scope(), [checked_command(command()), checked_command(command(name="b"))])
    commands.put_all(Scope(), [checked_command(command(name="b"))])

    assert [c["name"] for c in commands.all(Scope())] == ["b"]


def test_too_many_commands_leave_the_old_ones() -> None:
    """At most 15 message commands; a refused bulk changes nothing."""
    commands = registry()
    commands.put_all(Scope(), [checked_command(command())])
    many = [checked_command({"name": f"Look {n}", "type": 3}) for n in range(16)]
    with pytest.raises(ApiError) as refused:
        commands.put_all(Scope(), many)

    assert refused.value.code == 30032
    assert [c["name"] for c in commands.all(Scope())] == ["make"]


def test_contexts_decide_where_a_command_is_offered() -> None:
    """A guild-only command is not offered in direct messages, a guild's own only there."""
    commands = registry()
    commands.put(Scope(), checked_command(command(contexts=[0])))
    commands.put(Scope(), checked_command(command(name="anywhere")))
    commands.put(Scope(guild_id="7"), checked_command(command(name="here")))

    def offered(context: Context, guild_id: str | None = None) -> set[str]:
        return {c["name"] for c in commands.usable(context, {Install.GUILD}, guild_id)}

    assert offered(Context.GUILD, "7") == {"make", "anywhere", "here"}
    assert offered(Context.GUILD, "8") == {"make", "anywhere"}
    assert offered(Context.BOT_DM) == {"anywhere"}


def test_installs_decide_to_whom_a_command_is_offered() -> None:
    """A user's install brings only what is for users; a guild's own commands it never brings."""
    commands = registry()
    commands.put(Scope(), checked_command(command()))
    commands.put(Scope(), checked_command(command(name="mine", integration_types=[0, 1])))
    commands.put(Scope(guild_id="7"), checked_command(command(name="here")))
    by_user = {c["name"] for c in commands.usable(Context.GUILD, {Install.USER}, "7")}
    by_nobody = list(commands.usable(Context.GUILD, set(), "7"))

    assert by_user == {"mine"}
    assert by_nobody == []


async def test_commands_over_http(stand_in: Any) -> None:
    """Create, read, change, list and delete, globally and in a guild."""
    async with bare_bot(stand_in) as bot:
        for base in bases(bot):
            created = await bot.call("POST", base, command())
            repeated = await bot.call("POST", base, command(description="Anew"))
            one = f"{base}/{created.body['id']}"
            patched = await bot.call("PATCH", one, {"name": "remake"})
            read = await bot.call("GET", one)
            listed = await bot.call("GET", base)
            deleted = await bot.call("DELETE", one)
            gone = await bot.call("GET", one)

            assert (created.status, repeated.status) == (201, 200)
            assert repeated.body["id"] == created.body["id"]
            assert patched.body["description"] == "Anew"
            assert read.body["name"] == "remake"
            assert [c["id"] for c in listed.body] == [created.body["id"]]
            assert deleted.status == 204
            assert (gone.status, gone.code) == (404, 10063)


def bases(bot: BareBot) -> list[str]:
    """The routes of global commands and of a guild's."""
    application = f"/applications/{bot.stand_in.application_id}"
    return [f"{application}/commands", f"{application}/guilds/{bot.stand_in.guild_id}/commands"]


async def test_bulk_faults_name_the_command(stand_in: Any) -> None:
    """In a bulk registration the path starts with the command's place."""
    async with bare_bot(stand_in) as bot:
        bad = await bot.register([command(), command(name="Bad")])
        twice = await bot.register([command(), command()])
        no_list = await bot.call("PUT", bases(bot)[0], command())

    assert bad.faults() == {"1.name:APPLICATION_COMMAND_INVALID_NAME"}
    assert twice.faults() == {"1:APPLICATION_COMMANDS_DUPLICATE_NAME"}
    assert no_list.code == 50035


async def test_members_cannot_register_commands(stand_in: Any) -> None:
    """The routes of commands need the bot's token, and its own application."""
    async with bare_bot(stand_in) as bot:
        member = await bot.call("PUT", bases(bot)[0], [], token=stand_in.members[0].token)
        anyone = await bot.call("PUT", bases(bot)[0], [], token="")
        other = await bot.call("PUT", "/applications/1/commands", COMMANDS)

    assert (member.status, anyone.status) == (401, 401)
    assert (other.status, other.code) == (403, 50001)
