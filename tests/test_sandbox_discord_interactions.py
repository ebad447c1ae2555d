"""Deadlines and rules of answering interactions, on the wire."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.discord_api.driver import RefusedError
from tests.discord_bare_bot import Json, Stage
from tests.discord_kit import HandClock, until

pytest_plugins = ("tests.discord_fixtures",)

EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
ORIGINAL = "/messages/@original"
BUTTONS: list[Json] = [
    {
        "type": 1,
        "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}],
    }
]


async def test_answer_after_three_seconds_is_unknown(timed_stage: Stage, clock: HandClock) -> None:
    """After 3 s the answer gets 10062 and the member hears of the failure."""
    interaction = await timed_stage.asked()
    clock.forward(3.1)
    failures = await timed_stage.heard("INTERACTION_FAILURE")
    answer = await timed_stage.bot.reply(interaction, 4, {"content": "late"})

    assert (answer.status, answer.code) == (404, 10062)
    assert failures[0]["id"] == interaction["id"]


async def test_answer_just_in_time_counts(timed_stage: Stage, clock: HandClock) -> None:
    """An answer just before the deadline is taken."""
    interaction = await timed_stage.asked()
    clock.forward(2.8)
    answer = await timed_stage.bot.reply(interaction, 5)

    assert answer.status == 200


async def test_second_answer_is_refused(stage: Stage) -> None:
    """An interaction is answered once: then 40060."""
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 5)
    answer = await stage.bot.reply(interaction, 4, {"content": "again"})

    assert (answer.status, answer.code) == (400, 40060)


async def test_refused_answer_may_be_repaired(stage: Stage) -> None:
    """An answer refused for its form does not count as the answer."""
    interaction = await stage.asked()
    refused = await stage.bot.reply(interaction, 4, {"content": "x" * 2001})
    answer = await stage.bot.reply(interaction, 4, {"content": "short"})

    assert refused.faults() == {"data.content:BASE_TYPE_MAX_LENGTH"}
    assert answer.status == 200


async def test_wrong_token_or_id_is_unknown(stage: Stage) -> None:
    """A callback needs the interaction's own token."""
    interaction = await stage.asked()
    forged = await stage.bot.reply({**interaction, "token": "forged"}, 5)
    strange = await stage.bot.reply({**interaction, "id": "123"}, 5)

    assert [(a.status, a.code) for a in (forged, strange)] == [(404, 10062)] * 2


async def test_token_dies_after_fifteen_minutes(timed_stage: Stage, clock: HandClock) -> None:
    """The token works for 15 minutes, then everything with it is 401 and 50027."""
    interaction = await timed_stage.asked()
    await timed_stage.bot.reply(interaction, 5)
    clock.forward(14 * 60)
    alive = await timed_stage.bot.hook(interaction, "PATCH", ORIGINAL, {"content": "still"})
    clock.forward(61)
    dead = [
        await timed_stage.bot.hook(interaction, "PATCH", ORIGINAL, {"content": "gone"}),
        await timed_stage.bot.hook(interaction, "POST", "", {"content": "gone"}),
        await timed_stage.bot.hook(interaction, "GET", ORIGINAL),
        await timed_stage.bot.hook(interaction, "DELETE", ORIGINAL),
    ]

    assert alive.status == 200
    assert [(a.status, a.code) for a in dead] == [(401, 50027)] * 4


async def test_control_can_shorten_the_token_life(timed_stage: Stage, clock: HandClock) -> None:
    """Tests need not wait 15 minutes for a dead token."""
    await timed_stage.control("token-life", {"seconds": 5})
    interaction = await timed_stage.asked()
    await timed_stage.bot.reply(interaction, 5)
    clock.forward(6)
    answer = await timed_stage.bot.hook(interaction, "GET", ORIGINAL)

    assert answer.code == 50027


async def test_webhook_before_an_answer_is_unknown(stage: Stage) -> None:
    """Follow-ups work only after the interaction was answered: 10015 before."""
    interaction = await stage.asked()
    answer = await stage.bot.hook(interaction, "POST", "", {"content": "hasty"})

    assert (answer.status, answer.code) == (404, 10015)


async def test_callback_response_describes_the_message(stage: Stage) -> None:
    """with_response gives the message that the answer made, and whether it is loading."""
    interaction = await stage.asked()
    answer = await stage.bot.reply(interaction, 5, {"flags": EPHEMERAL})
    about = answer.body["interaction"]
    message = await stage.bot.hook(interaction, "GET", ORIGINAL)

    assert about["response_message_loading"] is True
    assert about["response_message_ephemeral"] is True
    assert message.body["id"] == about["response_message_id"]
    assert message.body["flags"] == EPHEMERAL | LOADING
    assert "resource" not in answer.body


async def test_callback_without_with_response_has_no_body(stage: Stage) -> None:
    """Without with_response the callback answers 204."""
    interaction = await stage.asked()
    path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
    answer = await stage.bot.call("POST", path, {"type": 5}, token="")

    assert (answer.status, answer.body) == (204, "")


async def test_first_follow_up_fills_the_deferred_answer(stage: Stage) -> None:
    """The first follow-up is the deferred message, with its ephemerality; the next is new."""
    interaction = await stage.asked()
    deferred = await stage.bot.reply(interaction, 5, {"flags": EPHEMERAL})
    first = await stage.bot.hook(interaction, "POST", "", {"content": "first", "flags": 0})
    second = await stage.bot.hook(interaction, "POST", "", {"content": "second"})

    assert first.body["id"] == deferred.body["interaction"]["response_message_id"]
    assert first.body["flags"] == EPHEMERAL
    assert second.body["id"] != first.body["id"]
    assert second.body["flags"] == 0
    assert second.body["message_reference"]["message_id"] == first.body["id"]


async def test_public_deferral_cannot_become_ephemeral(stage: Stage) -> None:
    """An ephemeral first follow-up to a public deferral comes out public."""
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 5)
    first = await stage.bot.hook(interaction, "POST", "", {"content": "x", "flags": EPHEMERAL})

    assert first.body["flags"] == 0


async def test_follow_up_after_deleting_the_original_is_new(stage: Stage) -> None:
    """Once the thinking message is deleted, a follow-up is its own message and may be private."""
    interaction = await stage.asked()
    deferred = await stage.bot.reply(interaction, 5)
    deleted = await stage.bot.hook(interaction, "DELETE", ORIGINAL)
    follow = await stage.bot.hook(interaction, "POST", "", {"content": "x", "flags": EPHEMERAL})
    original = await stage.bot.hook(interaction, "GET", ORIGINAL)

    assert deleted.status == 204
    assert follow.body["id"] != deferred.body["interaction"]["response_message_id"]
    assert follow.body["flags"] == EPHEMERAL
    assert (original.status, original.code) == (404, 10008)


async def test_follow_ups_are_edited_and_deleted_by_id(stage: Stage) -> None:
    """A follow-up is read, edited and deleted through its interaction's token."""
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 4, {"content": "card"})
    follow = await stage.bot.hook(interaction, "POST", "", {"content": "one"})
    tail = f"/messages/{follow.body['id']}"
    edited = await stage.bot.hook(interaction, "PATCH", tail, {"content": "two"})
    read = await stage.bot.hook(interaction, "GET", tail)
    deleted = await stage.bot.hook(interaction, "DELETE", tail)
    gone = await stage.bot.hook(interaction, "GET", tail)

    assert edited.body["edited_timestamp"] is not None
    assert read.body["content"] == "two"
    assert deleted.status == 204
    assert gone.code == 10008


async def test_token_reaches_only_its_own_messages(stage: Stage) -> None:
    """One interaction's token cannot touch another's messages."""
    one, two = await stage.asked(), await stage.asked()
    card = await stage.bot.reply(one, 4, {"content": "mine"})
    await stage.bot.reply(two, 4, {"content": "other"})
    tail = f"/messages/{card.body['resource']['message']['id']}"
    answer = await stage.bot.hook(two, "PATCH", tail, {"content": "stolen"})

    assert answer.code == 10008


async def test_ephemeral_message_stays_private(stage: Stage) -> None:
    """An ephemeral message is in no history and out of reach of the channel's routes."""
    interaction = await stage.asked()
    answer = await stage.bot.reply(interaction, 4, {"content": "psst", "flags": EPHEMERAL})
    message_id = answer.body["resource"]["message"]["id"]
    seen = await stage.mia.wait_for_message(lambda m: m["content"] == "psst")
    path = f"/channels/{stage.stand_in.channel_id}/messages"
    history = await stage.bot.call("GET", path)
    patched = await stage.bot.call("PATCH", f"{path}/{message_id}", {"content": "loud"})

    assert seen["id"] == message_id
    assert history.body == []
    assert patched.code == 10008


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 10, 99, "4", None])
async def test_command_refuses_answers_of_other_kinds(stage: Stage, kind: Any) -> None:
    """A command takes messages, deferrals and modals, nothing else."""
    interaction = await stage.asked()
    answer = await stage.bot.reply(interaction, kind, {"content": "x"})

    assert answer.faults() == {"type:BASE_TYPE_CHOICES"}


async def test_autocomplete_takes_only_suggestions(stage: Stage) -> None:
    """Autocomplete is answered with at most 25 choices, not with messages."""
    path = "/interactions"
    command = (await stage.mia.commands())[0]
    data = {
        **{key: command[key] for key in ("id", "name", "version")},
        "options": [{"type": 3, "name": "style", "value": "a", "focused": True}],
    }
    ask = {
        "type": 4,
        "application_id": stage.stand_in.application_id,
        "channel_id": stage.stand_in.channel_id,
        "nonce": "77",
        "data": data,
    }
    await stage.mia.request("POST", path, json=ask)
    interaction = await stage.bot.interaction()
    message = await stage.bot.reply(interaction, 4, {"content": "x"})
    many = [{"name": str(n), "value": str(n)} for n in range(26)]
    too_many = await stage.bot.reply(interaction, 8, {"choices": many})
    nameless = await stage.bot.reply(interaction, 8, {"choices": [{"name": "", "value": "x"}]})
    taken = await stage.bot.reply(interaction, 8, {"choices": many[:25]})
    response = (await stage.heard("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"))[0]

    assert message.faults() == {"type:BASE_TYPE_CHOICES"}
    assert too_many.faults() == {"data.choices:BASE_TYPE_BAD_LENGTH"}
    assert nameless.faults() == {"data.choices.0.name:BASE_TYPE_REQUIRED"}
    assert taken.status == 200
    assert response == {"choices": many[:25], "nonce": "77"}


async def test_deferred_update_keeps_the_card(stage: Stage) -> None:
    """A component's deferred update leaves the message; @original is that message."""
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 4, {"content": "card", "components": BUTTONS})
    card = await stage.mia.wait_for_message(lambda m: bool(m["components"]))
    await stage.mia.press(card, "go", wait=False)
    press = await stage.bot.interaction()
    deferred = await stage.bot.reply(press, 6)
    edited = await stage.bot.hook(press, "PATCH", ORIGINAL, {"content": "new"})
    follow = await stage.bot.hook(press, "POST", "", {"content": "x", "flags": EPHEMERAL})

    assert press["message"]["id"] == card["id"]
    assert press["data"] == {"custom_id": "go", "component_type": 2, "id": 2}
    assert deferred.body["interaction"]["response_message_id"] == card["id"]
    assert edited.body["id"] == card["id"]
    assert follow.body["flags"] == EPHEMERAL


async def test_component_answer_replies_to_its_card(stage: Stage) -> None:
    """A new message that answers a button is a reply to the button's message."""
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 4, {"content": "card", "components": BUTTONS})
    card = await stage.mia.wait_for_message(lambda m: bool(m["components"]))
    await stage.mia.press(card, "go", wait=False)
    answer = await stage.bot.reply(await stage.bot.interaction(), 4, {"content": "pressed"})
    message = answer.body["resource"]["message"]

    assert message["type"] == 19
    assert message["message_reference"]["message_id"] == card["id"]
    assert message["interaction_metadata"]["interacted_message_id"] == card["id"]


async def test_disabled_button_cannot_be_pressed(stage: Stage) -> None:
    """Discord's client does not send it, and the server refuses it."""
    button = {**BUTTONS[0]["components"][0], "disabled": True}
    row = [{"type": 1, "components": [button]}]
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 4, {"content": "card", "components": row})
    card = await stage.mia.wait_for_message(lambda m: bool(m["components"]))
    with pytest.raises(RefusedError) as refused:
        await stage.mia.press(card, "go")

    assert refused.value.code == 50035


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "data.options.prompt:BASE_TYPE_REQUIRED"),
        ({"prompt": ""}, "data.options.0.value:BASE_TYPE_REQUIRED"),
        ({"prompt": "x" * 10}, "data.options.0.value:BASE_TYPE_BAD_LENGTH"),
        ({"prompt": 5}, "data.options.0.value:STRING_TYPE_CONVERT"),
        ({"prompt": "x", "steps": 6}, "data.options.1.value:NUMBER_TYPE_MAX"),
        ({"prompt": "x", "steps": 0}, "data.options.1.value:NUMBER_TYPE_MIN"),
        ({"prompt": "x", "steps": "3"}, "data.options.1.value:NUMBER_TYPE_COERCE"),
        ({"prompt": "x", "steps": 2.5}, "data.options.1.value:NUMBER_TYPE_COERCE"),
        ({"prompt": "x", "motion": 1.5}, "data.options.1.value:NUMBER_TYPE_MAX"),
        ({"prompt": "x", "size": "m"}, "data.options.1.value:BASE_TYPE_CHOICES"),
        ({"prompt": "x", "audio": "yes"}, "data.options.1.value:BOOLEAN_TYPE_CONVERT"),
        ({"prompt": "x", "image": "url"}, "data.options.1.value:NUMBER_TYPE_COERCE"),
        ({"prompt": "x", "image": 3}, "data:INTERACTION_REFERENCE_UNKNOWN"),
        ({"prompt": "x", "who": "99"}, "data:INTERACTION_REFERENCE_UNKNOWN"),
        ({"prompt": "x", "fps": 3}, "data.options.1:APPLICATION_COMMAND_OPTION_UNKNOWN"),
    ],
)
async def test_options_that_do_not_fit_never_reach_the_bot(
    stage: Stage, options: Json, fault: str
) -> None:
    """Discord checks options against the registered command and says which one is wrong."""
    with pytest.raises(RefusedError) as refused:
        await stage.mia.run_command("make", options)
    state = await stage.control("state")
    path, code = fault.split(":")
    node = refused.value.body["errors"]
    for part in path.split("."):
        node = node[part]

    assert refused.value.status == 400
    assert node["_errors"][0]["code"] == code
    assert state["interactions"] == []


async def test_stale_and_unknown_commands_are_refused(stage: Stage) -> None:
    """A command must exist in the version that the member's client knows."""
    command = (await stage.mia.commands())[0]
    base = {
        "type": 2,
        "application_id": stage.stand_in.application_id,
        "channel_id": stage.stand_in.channel_id,
    }
    stale = {"id": command["id"], "version": "1", "options": []}
    with pytest.raises(RefusedError) as outdated:
        await stage.mia.request("POST", "/interactions", json={**base, "data": stale})
    with pytest.raises(RefusedError) as unknown:
        await stage.mia.request("POST", "/interactions", json={**base, "data": {"id": "1"}})

    assert "outdated" in str(outdated.value)
    assert "INTERACTION_APPLICATION_COMMAND_INVALID" in str(unknown.value)


async def test_attachment_above_the_limit_is_refused(stage: Stage, picture: Path) -> None:
    """The guild's upload limit holds for members too: 413 and 40005."""
    await stage.control("upload-limit", {"bytes": 20})
    with pytest.raises(RefusedError) as refused:
        await stage.mia.run_command("make", {"prompt": "x", "image": picture})

    assert (refused.value.status, refused.value.code) == (413, 40005)


async def test_interaction_in_a_direct_message_has_a_user(stage: Stage) -> None:
    """In the bot's direct messages there is a user and no member, guild or guild permissions."""
    opened = await stage.bot.call(
        "POST", "/users/@me/channels", {"recipient_id": stage.mia.user["id"]}
    )
    interaction = await stage.asked(channel_id=opened.body["id"])
    answer = await stage.bot.reply(interaction, 4, {"content": "hi"})
    await stage.mia.wait_for_message(lambda m: m["content"] == "hi")

    assert interaction["user"]["id"] == stage.mia.user["id"]
    assert interaction["context"] == 1
    assert interaction["channel"]["type"] == 1
    assert not {"member", "guild_id", "guild"} & interaction.keys()
    assert answer.status == 200


async def test_app_permissions_follow_the_channel(stage: Stage) -> None:
    """The interaction tells the bot what it may do in that very channel."""
    attach_files = 1 << 15
    channel_id = stage.stand_in.channel_id
    before = await stage.asked()
    await stage.control("bot-permissions", {"channel_id": channel_id, "deny": attach_files})
    after = await stage.asked()

    assert int(before["app_permissions"]) & attach_files
    assert not int(after["app_permissions"]) & attach_files


async def test_user_command_resolves_the_user(stage: Stage) -> None:
    """A user command names its target and brings user and member."""
    theo = next(m for m in stage.stand_in.members if m.name == "Theo")
    await stage.mia.use_menu("Greet", {"id": theo.id}, wait=False)
    interaction = await stage.bot.interaction()

    assert interaction["data"]["target_id"] == theo.id
    assert interaction["data"]["resolved"]["users"][theo.id]["global_name"] == "Theo"
    assert theo.id in interaction["data"]["resolved"]["members"]


async def test_modal_with_every_input(stage: Stage, picture: Path) -> None:
    """Labels with text, select, upload, radio and check boxes come back filled and resolved."""
    option = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    inputs: list[Json] = [
        {"type": 4, "custom_id": "text", "style": 2, "required": False},
        {"type": 3, "custom_id": "select", "options": option, "max_values": 2},
        {"type": 19, "custom_id": "file"},
        {"type": 21, "custom_id": "radio", "options": option},
        {"type": 23, "custom_id": "check"},
    ]
    labels = [{"type": 18, "label": part["custom_id"], "component": part} for part in inputs]
    modal = {"custom_id": "m", "title": "All", "components": labels}
    await stage.mia.run_command("make", {"prompt": "x"}, wait=False)
    answer = await stage.bot.reply(await stage.bot.interaction(), 9, modal)
    opened = (await stage.heard("INTERACTION_MODAL_CREATE"))[0]
    filled: Json = {
        "text": "hello",
        "select": ["a", "b"],
        "file": picture,
        "radio": "b",
        "check": True,
    }
    await stage.mia.submit_modal(opened, filled, wait=False)
    submitted = await stage.bot.interaction()
    parts = [label["component"] for label in submitted["data"]["components"]]
    by_id = {part["custom_id"]: part for part in parts}
    attachments = submitted["data"]["resolved"]["attachments"]

    assert answer.status == 200
    assert submitted["type"] == 5
    assert by_id["text"]["value"] == "hello"
    assert by_id["select"]["values"] == ["a", "b"]
    assert by_id["radio"]["value"] == "b"
    assert by_id["check"]["value"] is True
    assert list(attachments) == by_id["file"]["values"]
    assert attachments[by_id["file"]["values"][0]]["filename"] == "my_cat.png"


async def test_modal_cannot_answer_a_modal(stage: Stage) -> None:
    """A modal's submission is not answered with another modal."""
    text = {"type": 4, "custom_id": "t", "style": 1, "label": "T", "required": False}
    modal = {"custom_id": "m", "title": "M", "components": [{"type": 1, "components": [text]}]}
    await stage.bot.reply(await stage.asked(), 9, modal)
    opened = (await stage.heard("INTERACTION_MODAL_CREATE"))[0]
    await stage.mia.submit_modal(opened, {}, wait=False)
    answer = await stage.bot.reply(await stage.bot.interaction(), 9, modal)

    assert answer.faults() == {"type:BASE_TYPE_CHOICES"}


async def test_bot_without_a_connection_fails_the_interaction(
    timed_stage: Stage, clock: HandClock
) -> None:
    """When no bot listens, the member hears of the failure after 3 s all the same."""
    assert timed_stage.bot.gateway is not None
    await timed_stage.bot.gateway.socket.close()
    await timed_stage.mia.run_command("make", {"prompt": "x"}, wait=False)
    clock.forward(3.1)
    failures = await timed_stage.heard("INTERACTION_FAILURE")

    assert len(failures) == 1


async def test_ephemeral_message_is_told_as_a_direct_one(stage: Stage) -> None:
    """A bot with the direct message intent hears its ephemeral messages, without a guild."""
    listener = await stage.bot.connect()
    token = stage.stand_in.bot_token
    await listener.send(2, {"token": token, "intents": 1 << 12, "properties": {}})
    await listener.event("READY")
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 4, {"content": "psst", "flags": EPHEMERAL})
    message = await listener.event("MESSAGE_CREATE")
    await listener.socket.close()

    assert message["content"] == "psst"
    assert "guild_id" not in message


async def test_layout_flag_stays_after_an_edit(stage: Stage) -> None:
    """A Components V2 message cannot go back to content."""
    text = [{"type": 10, "content": "hello"}]
    interaction = await stage.asked()
    layout = {"flags": COMPONENTS_V2, "components": text}
    await stage.bot.reply(interaction, 4, layout)
    back = await stage.bot.hook(
        interaction, "PATCH", ORIGINAL, {"content": "plain", "flags": 0, "components": []}
    )
    kept = await stage.bot.hook(
        interaction, "PATCH", ORIGINAL, {"components": [{"type": 10, "content": "more"}]}
    )

    code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    assert f"content:{code}" in back.faults()
    assert kept.body["flags"] & COMPONENTS_V2
    await until(lambda: bool(stage.mia.seen))
