"""Selects of roles, channels and users as the bot gets them, and the names of sub-commands."""

from typing import Any

import discord
import pytest

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver, RefusedError
from sandbox.discord_api.seed import (
    ANIMATOR_ROLE_ID,
    BOT_ID,
    EDITOR_ROLE_ID,
    GENERAL_ID,
    MIA_ID,
    THEO_ID,
    THREAD_ID,
    VIDEO_ID,
)
from tests.discord_bare_bot import Json, Stage, bare_bot
from tests.discord_kit import Running, member_driver, running_bot
from tests.discord_tiny_bot import TinyBot

pytest_plugins = ("tests.discord_fixtures",)

V2 = 1 << 15
USERS, ROLES, MENTIONABLES, CHANNELS = 5, 6, 7, 8


class RulesView(discord.ui.LayoutView):
    """Components V2 with selects in rows."""

    title: discord.ui.TextDisplay["RulesView"] = discord.ui.TextDisplay("## Rules")
    roles: discord.ui.ActionRow["RulesView"] = discord.ui.ActionRow()
    places: discord.ui.ActionRow["RulesView"] = discord.ui.ActionRow()

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.chosen: list[Any] = []

    @roles.select(cls=discord.ui.RoleSelect, custom_id="roles", max_values=3)
    async def choose_roles(
        self, interaction: discord.Interaction[Any], select: discord.ui.RoleSelect["RulesView"]
    ) -> None:
        """Remembers the roles."""
        self.chosen += select.values
        await interaction.response.defer()

    @places.select(cls=discord.ui.ChannelSelect, custom_id="places", max_values=3)
    async def choose_places(
        self, interaction: discord.Interaction[Any], select: discord.ui.ChannelSelect["RulesView"]
    ) -> None:
        """Remembers the channels."""
        self.chosen += select.values
        await interaction.response.defer()


class RulesModal(discord.ui.Modal, title="Rules"):
    """A modal with a role select and a user select."""

    roles: discord.ui.Label["RulesModal"] = discord.ui.Label(
        text="Roles", component=discord.ui.RoleSelect(custom_id="roles", max_values=2)
    )
    people: discord.ui.Label["RulesModal"] = discord.ui.Label(
        text="People", component=discord.ui.UserSelect(custom_id="people", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """Says what was chosen."""
        assert isinstance(self.roles.component, discord.ui.RoleSelect)
        assert isinstance(self.people.component, discord.ui.UserSelect)
        names = [item.name for item in self.roles.component.values]
        people = [item.display_name for item in self.people.component.values]
        await interaction.response.send_message(f"{names} {people}")


class RulesBot(TinyBot):
    """The tiny bot with a command for each."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.view: RulesView | None = None

        @self.tree.command(description="A layout with selects")
        async def rules(interaction: discord.Interaction[Any]) -> None:
            self.view = RulesView()
            await interaction.response.send_message(view=self.view)

        @self.tree.command(description="A modal with selects")
        async def form(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.send_modal(RulesModal())


async def test_selects_of_a_layout_give_whole_objects(stand_in: DiscordStandIn) -> None:
    """discord.py gets roles with their colours and channels with the member's permissions."""
    async with running_bot(stand_in, RulesBot) as bot, member_driver(stand_in, "Mia") as mia:
        await mia.run_command("rules")
        card = await mia.wait_for_message(lambda m: bool(m["flags"] & V2))
        roles = await mia.select(card, "roles", [ANIMATOR_ROLE_ID])
        places = await mia.select(card, "places", [GENERAL_ID, THREAD_ID])
        assert isinstance(bot, RulesBot)
        assert bot.view is not None
        role, channel, thread = bot.view.chosen

    assert roles.ok
    assert places.ok
    assert (role.name, role.color.value) == ("Animator", 0x57F287)
    assert (channel.name, channel.permissions.send_messages) == ("general", True)
    assert (thread.name, thread.parent_id) == ("storyboards", int(VIDEO_ID))


async def test_selects_of_a_modal_give_whole_objects(stand_in: DiscordStandIn) -> None:
    """Also in a modal, and an optional one may stay empty."""
    async with running_bot(stand_in, RulesBot), member_driver(stand_in, "Mia") as mia:
        said = []
        for values in (
            {"roles": [ANIMATOR_ROLE_ID], "people": [THEO_ID]},
            {"roles": [ANIMATOR_ROLE_ID], "people": []},
        ):
            opened = await mia.run_command("form")
            assert opened.modal is not None
            outcome = await mia.submit_modal(opened.modal, values)
            said.append(await answer_to(mia, outcome.id))

    assert said == ["['Animator'] ['Theo']", "['Animator'] []"]


async def answer_to(member: MemberDriver, interaction_id: str) -> str:
    """What an interaction was answered with."""
    message = await member.wait_for_message(
        lambda m: m.get("interaction_metadata", {}).get("id") == interaction_id
    )
    return str(message["content"])


async def offer(stage: Stage, kind: int, **extra: Any) -> Json:
    """A message with a select, as Mia sees it."""
    select = {"type": kind, "custom_id": "pick", "max_values": 3, **extra}
    await stage.bot.say("pick", components=[{"type": 1, "components": [select]}])
    return await stage.mia.wait_for_message(lambda m: m["content"] == "pick")


async def test_people_come_with_their_membership(stage: Stage) -> None:
    """A user select and a mentionable select resolve users, members and roles apart."""
    card = await offer(stage, MENTIONABLES)
    await stage.mia.select(card, "pick", [THEO_ID, ANIMATOR_ROLE_ID], wait=False)
    asked = await stage.bot.interaction()
    resolved = asked["data"]["resolved"]

    assert asked["data"]["values"] == [THEO_ID, ANIMATOR_ROLE_ID]
    assert resolved["users"][THEO_ID]["global_name"] == "Theo"
    assert resolved["members"][THEO_ID]["roles"] == [ANIMATOR_ROLE_ID]
    assert int(resolved["members"][THEO_ID]["permissions"])
    assert resolved["roles"][ANIMATOR_ROLE_ID]["color"] == 0x57F287


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ROLES, [EDITOR_ROLE_ID]),  # of the other guild
        (ROLES, [THEO_ID]),
        (USERS, [ANIMATOR_ROLE_ID]),
        (CHANNELS, ["1"]),
        (ROLES, [ANIMATOR_ROLE_ID, ANIMATOR_ROLE_ID]),
        (ROLES, []),
        (ROLES, [str(n) for n in range(4)]),
    ],
)
async def test_what_cannot_be_chosen_is_refused(stage: Stage, kind: int, values: list[str]) -> None:
    """Another guild's role, the wrong kind of thing, one twice, too few, too many."""
    card = await offer(stage, kind)
    with pytest.raises(RefusedError) as refused:
        await stage.mia.select(card, "pick", values)

    assert refused.value.code == 50035


@pytest.mark.parametrize(
    ("kind", "defaults", "fault"),
    [
        (ROLES, [{"id": ANIMATOR_ROLE_ID, "type": "role"}], None),
        (MENTIONABLES, [{"id": MIA_ID, "type": "user"}], None),
        (ROLES, [{"id": MIA_ID, "type": "user"}], "0.type:BASE_TYPE_CHOICES"),
        (CHANNELS, [{"type": "channel"}], "0.id:BASE_TYPE_REQUIRED"),
        (USERS, [{"id": str(n), "type": "user"} for n in range(4)], "BASE_TYPE_BAD_LENGTH"),
        (3, [{"id": MIA_ID, "type": "user"}], "BASE_TYPE_CHOICES"),
    ],
)
async def test_default_values_fit_their_select(
    stage: Stage, kind: int, defaults: list[Json], fault: str | None
) -> None:
    """Of the right type, with an id, and no more than may be chosen."""
    select: Json = {"type": kind, "custom_id": "x", "max_values": 3, "default_values": defaults}
    if kind == 3:
        select["options"] = [{"label": str(n), "value": str(n)} for n in range(3)]
    answer = await stage.bot.say("x", components=[{"type": 1, "components": [select]}])

    if fault is None:
        shown = answer.body["components"][0]["components"][0]
        assert shown["default_values"] == defaults
    else:
        assert any(found.endswith(fault) for found in answer.faults())


# -- names --------------------------------------------------------------------------


async def test_a_subcommand_is_named_in_full(running: Running) -> None:
    """The message it made, its metadata and the control state all say "policy show"."""
    async with running.member() as mia:
        await mia.run_command("policy show", {"who": THEO_ID, "where": VIDEO_ID})
        answer = await mia.wait_for_message(lambda m: "Theo" in m["content"])
    state = await running.state()

    assert answer["interaction"]["name"] == "policy show"
    assert answer["interaction_metadata"]["name"] == "policy show"
    assert answer["interaction_metadata"]["command_type"] == 1
    assert state["interactions"][-1]["command"] == "policy show"


async def test_a_subcommand_in_a_group_is_named_in_full(stage: Stage) -> None:
    """Command, group and sub-command; the bot itself gets them nested."""
    leaf = {"type": 1, "name": "set", "description": "x"}
    group = {"type": 2, "name": "allowance", "description": "x", "options": [leaf]}
    await stage.bot.register([{"name": "admin", "description": "x", "options": [group]}])
    await stage.mia.run_command("admin allowance set", wait=False)
    asked = await stage.bot.interaction()
    answer = await stage.bot.reply(asked, 4, {"content": "done"})

    assert asked["data"]["name"] == "admin"
    assert answer.body["resource"]["message"]["interaction"]["name"] == "admin allowance set"


async def test_a_direct_channel_names_the_other_side(stand_in: DiscordStandIn) -> None:
    """For a person it lists the bot, for the bot the person, wherever it is told of."""
    async with bare_bot(stand_in) as bot, member_driver(stand_in, "Mia") as mia:
        opened = await bot.call("POST", "/users/@me/channels", {"recipient_id": MIA_ID})
        told = await mia.wait_for_event("CHANNEL_CREATE")
        listed = await mia.request("GET", "/users/@me/channels")
        async with member_driver(stand_in, "Mia") as again:
            ready = await again.wait_for_event("READY")

    assert [user["id"] for user in opened.body["recipients"]] == [MIA_ID]
    for channel in (told, listed[0], ready["private_channels"][0]):
        assert [user["id"] for user in channel["recipients"]] == [BOT_ID]
