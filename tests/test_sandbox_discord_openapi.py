"""The stand-in's answers against Discord's own description of its API."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.discord_bare_bot import COMMANDS, Json, Stage
from tests.discord_tiny_bot import dot

pytest_plugins = ("tests.discord_fixtures",)

DESCRIPTION = Path(
    os.environ.get("DISCORD_OPENAPI")
    or Path(__file__).parent.parent.parent / "shared" / "discord-openapi.json"
)
pytestmark = pytest.mark.skipif(
    not DESCRIPTION.is_file(),
    reason="Discord's API description is not at hand (its path goes in DISCORD_OPENAPI)",
)
EPHEMERAL, V2 = 1 << 6, 1 << 15


@pytest.fixture(scope="session")
def registry() -> Registry[Any]:
    """The description, where `$ref`s are looked up."""
    content = json.loads(DESCRIPTION.read_text())
    resource: Resource[Any] = DRAFT202012.create_resource(content)
    registry: Registry[Any] = Registry()
    filled: Registry[Any] = registry.with_resource("discord", resource)
    return filled


def check(registry: Registry[Any], schema: str, body: Any) -> None:
    """Fails with every way in which a body breaks a schema."""
    reference = {"$ref": f"discord#/components/schemas/{schema}"}
    validator = OAS31Validator(reference, registry=registry)
    faults = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in validator.iter_errors(body)
    ]

    assert faults == []


LAYOUT: Json = {
    "flags": V2,
    "components": [
        {
            "type": 17,
            "accent_color": 0x123456,
            "components": [
                {"type": 10, "content": "## Title"},
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "beside"}],
                    "accessory": {"type": 11, "media": {"url": "attachment://dot.png"}},
                },
                {"type": 12, "items": [{"media": {"url": "attachment://dot.png"}}]},
                {"type": 14},
                {"type": 13, "file": {"url": "attachment://note.txt"}},
                {
                    "type": 1,
                    "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}],
                },
            ],
        },
        {
            "type": 1,
            "components": [
                {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a"}]}
            ],
        },
        {"type": 1, "components": [{"type": 5, "custom_id": "u"}]},
    ],
}


async def test_world_objects(stage: Stage, registry: Registry[Any]) -> None:
    """Users, members, guild, roles, channels, threads, application and gateway."""
    stand_in = stage.stand_in
    guild = f"/guilds/{stand_in.guild_id}"
    mia = stage.mia.user["id"]
    thread_id = stage.mia.guild["threads"][0]["id"]
    opened = await stage.bot.call("POST", "/users/@me/channels", {"recipient_id": mia})
    for path, schema in {
        "/users/@me": "UserPIIResponse",
        f"/users/{mia}": "UserResponse",
        f"{guild}/members/{mia}": "GuildMemberResponse",
        guild: "GuildWithCountsResponse",
        f"/channels/{stand_in.channel_id}": "GuildChannelResponse",
        f"/channels/{thread_id}": "ThreadResponse",
        f"/channels/{opened.body['id']}": "PrivateChannelResponse",
        "/applications/@me": "PrivateApplicationResponse",
        "/gateway/bot": "GatewayBotResponse",
    }.items():
        answer = await stage.bot.call("GET", path)

        assert answer.status == 200, path
        check(registry, schema, answer.body)
    for path, schema in {
        f"{guild}/channels": "GuildChannelResponse",
        f"{guild}/roles": "GuildRoleResponse",
        f"{guild}/members?limit=9": "GuildMemberResponse",
        "/users/@me/guilds": "MyGuildResponse",
    }.items():
        for item in (await stage.bot.call("GET", path)).body:
            check(registry, schema, item)


async def test_commands(stage: Stage, registry: Registry[Any]) -> None:
    """Registered commands, and that ours are such as Discord describes."""
    answer = await stage.bot.register(COMMANDS)

    for command in answer.body:
        check(registry, "ApplicationCommandResponse", command)
    for command in COMMANDS:
        check(registry, "ApplicationCommandUpdateRequest", command)


async def test_messages(stage: Stage, registry: Registry[Any]) -> None:
    """Plain messages, replies, embeds, files and layouts."""
    posted = await stage.mia.send_message(f"hello <@{stage.stand_in.application_id}>")
    path = f"/channels/{stage.stand_in.channel_id}/messages"
    files = {"dot.png": dot().getvalue(), "note.txt": b"text"}
    embed = {"title": "T", "image": {"url": "attachment://dot.png"}}
    bodies: list[tuple[Json, dict[str, bytes] | None]] = [
        ({"content": "reply", "message_reference": {"message_id": posted["id"]}}, None),
        ({"embeds": [embed]}, files),
        (LAYOUT, files),
    ]
    for body, uploads in bodies:
        answer = await stage.bot.call("POST", path, body, files=uploads)

        assert answer.status == 200, answer.body
        check(registry, "MessageResponse", answer.body)
    for message in (await stage.bot.call("GET", path)).body:
        check(registry, "MessageResponse", message)


async def test_threads(stage: Stage, registry: Registry[Any]) -> None:
    """Threads, the message that begins one, and the lines about them."""
    message = await stage.mia.send_message("hello")
    path = f"/channels/{stage.stand_in.channel_id}"
    about = await stage.bot.call("POST", f"{path}/messages/{message['id']}/threads", {"name": "a"})
    free = await stage.bot.call("POST", f"{path}/threads", {"name": "b", "type": 11})

    for answer in (about, free):
        assert answer.status == 201
        check(registry, "ThreadResponse", answer.body)
    for place in (stage.stand_in.channel_id, about.body["id"]):
        for shown in (await stage.bot.call("GET", f"/channels/{place}/messages")).body:
            check(registry, "MessageResponse", shown)


async def test_command_permissions(stage: Stage, registry: Registry[Any]) -> None:
    """What moderators set in Integrations."""
    guild_id = stage.stand_in.guild_id
    rules = [{"id": guild_id, "type": 1, "permission": True}]
    await stage.control("command-permissions", {"guild_id": guild_id, "permissions": rules})
    base = f"/applications/{stage.stand_in.application_id}/guilds/{guild_id}/commands"
    answer = await stage.bot.call("GET", f"{base}/permissions")

    for item in answer.body:
        check(registry, "CommandPermissionsResponse", item)


async def test_interaction_answers(stage: Stage, registry: Registry[Any]) -> None:
    """Callback responses, follow-ups, and answers to components."""
    interaction = await stage.asked()
    deferred = await stage.bot.reply(interaction, 5)
    filled = await stage.bot.hook(
        interaction,
        "PATCH",
        "/messages/@original",
        LAYOUT,
        files={"dot.png": dot().getvalue(), "note.txt": b"text"},
    )
    follow = await stage.bot.hook(interaction, "POST", "", {"content": "x", "flags": EPHEMERAL})
    card = await stage.mia.wait_for_message(lambda m: bool(m["components"]))
    await stage.mia.press(card, "go", wait=False)
    updated = await stage.bot.reply(await stage.bot.interaction(), 6)
    await stage.mia.press(card, "go", wait=False)
    answered = await stage.bot.reply(await stage.bot.interaction(), 4, {"content": "pressed"})

    for response in (deferred, updated, answered):
        check(registry, "InteractionCallbackResponse", response.body)
    for message in (filled, follow):
        check(registry, "MessageResponse", message.body)


async def test_errors(timed_stage: Stage, registry: Registry[Any]) -> None:
    """Plain errors, and being rate limited."""
    missing = await timed_stage.bot.call("GET", "/channels/1")
    posts = [await timed_stage.bot.say(str(number)) for number in range(6)]

    assert posts[-1].status == 429
    check(registry, "ErrorResponse", missing.body)
    check(registry, "RatelimitedResponse", posts[-1].body)
