"""Every button on a result, before and after a restart: by whoever, twice, deleted, blocked, gone.

The bot is real, on the Discord stand-in; one bot serves all tests of a kind.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio
import yarl

from bot.errors import NotFoundError
from bot.job import Job, JobState
from bot.jobs.viewing import Viewer
from bot.policy import Block, GuildPolicy
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.seed import GENERAL_ID, GUILD_ID, MIA_ID
from tests.discord_kit import until
from tests.face_running import all_text, buttons, now
from tests.results_room import LAST, Result, Room, colour_of, in_steps, opened_room
from tests.storage_kit import events_of

pytest_plugins = ("tests.storage_fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="module")

MAKING = ("again", "change", "continue")
FLASH, WAN_25 = "wan-2.2-i2v-flash", "wan-2.5-i2v"


@pytest.fixture(scope="module", params=[False, True], ids=["running", "restarted"])
def restarted(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the bot was restarted after the videos were posted."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    yield bool(request.param)
    discord.http.Route.BASE = base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(str(gateway))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    restarted: bool, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Room]:
    """The room of all tests of one kind."""
    folder = tmp_path_factory.mktemp("room")
    file = folder / "bot.sqlite3"
    await asyncio.to_thread(file.write_bytes, await asyncio.to_thread(migrated_file.read_bytes))
    async with opened_room(folder, file, restarted=restarted) as room:
        yield room


@pytest_asyncio.fixture(loop_scope="module")
async def room(shared: Room) -> AsyncIterator[Room]:
    """The room as a test finds it: nothing on its way, no rules."""
    yield shared
    await shared.forget_jobs()
    await shared.face.policies.set_policy(int(GUILD_ID), GuildPolicy(), actor_id=1, now=now())


async def asked(result: Result, action: str, member: MemberDriver) -> None:
    """Press a button that makes another video, and send its form as it comes."""
    outcome = await member.press(result.message, result.button(action))
    if outcome.modal is not None:
        await member.submit_modal(outcome.modal, {})


def viewer(room: Room, member: MemberDriver) -> Viewer:
    """Return somebody who presses in the channel of the results."""
    return Viewer(
        user_id=int(member.user["id"]),
        guild_id=int(GUILD_ID),
        channel_id=int(room.face.stand_in.channel_id),
    )


def sent(job: Job, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what was sent, but for some parameters."""
    return {name: value for name, value in job.parameters.items() if name not in without}


# -- what each button makes --------------------------------------------------------------


async def test_again_makes_the_same_with_another_seed(room: Room) -> None:
    """At once, on a card of its own, with the same price; the first video is its parent."""
    result = await room.result()
    await asked(result, "again", room.mia)
    child = await room.child(result)

    assert sent(child, without=("seed",)) == sent(result.job, without=("seed",))
    assert child.seed != result.job.seed
    assert (child.user_id, child.parent_id) == (result.job.user_id, result.job.id)
    assert child.price_credits == result.job.price_credits
    assert child.state is JobState.QUEUED
    assert "In the queue" in await room.face.card_text(child)


async def test_a_form_sent_as_it_is_makes_the_very_same(room: Room) -> None:
    """It was filled with the request, seed and all."""
    result = await room.result()
    await asked(result, "change", room.mia)

    assert sent(await room.child(result)) == sent(result.job)


async def test_a_changed_form_keeps_the_seed(room: Room) -> None:
    """Prompt, length and resolution as chosen."""
    result = await room.result()
    form = (await room.mia.press(result.message, result.button("change"))).modal
    assert form is not None
    values = {"prompt": "A bear sleeps", "duration": ["10"], "resolution": ["1080p"]}
    await room.mia.submit_modal(form, values)
    child = await room.child(result)

    assert child.seed == result.job.seed
    assert child.prompt == "A bear sleeps"
    assert child.parameters["duration"] == 10
    assert child.parameters["resolution"] == "1080p"
    assert child.price_credits > result.job.price_credits


async def test_another_model_takes_what_it_can(room: Room) -> None:
    """The same prompt, picture and seed by the model that was chosen."""
    result = await room.result()
    await room.mia.select(result.message, f"job:model:{result.job.id}", [WAN_25])
    child = await room.child(result)

    assert child.model == WAN_25
    assert (child.prompt, child.seed) == (result.job.prompt, result.job.seed)
    assert child.parameters["image"] == result.job.parameters["image"]


async def test_going_on_begins_with_the_last_picture(room: Room) -> None:
    """It is taken from the video as it was posted, and uploaded for the model."""
    result = await room.result()
    form = (await room.mia.press(result.message, result.button("continue"))).modal
    assert form is not None
    await room.mia.submit_modal(form, {"prompt": "It runs away", "model": [FLASH]})
    child = await room.child(result)
    picture = await room.mia.download(str(child.parameters["image"]))

    assert (child.prompt, child.model) == ("It runs away", FLASH)
    assert child.seed != result.job.seed
    assert colour_of(picture) == in_steps(LAST)


async def test_details_show_what_was_sent_and_the_family(room: Room) -> None:
    """To anybody who sees the video; addresses are not shown with their signatures."""
    result = await room.result()
    await asked(result, "again", room.theo)
    child = await room.child(result)
    await room.theo.press(result.message, result.button("show"))
    page = await room.told(room.theo, "Sent to the model")
    text = all_text(page)

    assert f"<@{MIA_ID}>" in text
    assert "`enable_prompt_expansion`: true" in text
    assert f"seed `{result.job.seed}`" in text
    assert "fox.png" in text
    assert "hm=" not in text
    assert f"job `{child.id}`" in text
    assert buttons(page) == {}


# -- who presses -------------------------------------------------------------------------


@pytest.mark.parametrize("action", MAKING)
async def test_somebody_else_s_press_is_their_own_order(room: Room, action: str) -> None:
    """On their quota, with their name on the card; the first video stays as it is."""
    result = await room.result()
    await asked(result, action, room.theo)
    child = await room.child(result)

    assert str(child.user_id) == room.theo.user["id"]
    assert child.parent_id == result.job.id
    assert f"<@{child.user_id}>" in await room.face.card_text(child)


async def test_its_own_member_deletes_a_video_after_a_question(room: Room) -> None:
    """Message gone, written down as theirs; the credits stay spent."""
    result = await room.result()
    await room.mia.press(result.message, result.button("delete"))
    question = await room.told(room.mia, "Delete this video?")
    await room.mia.press(question, result.button("erase"))
    await until(lambda: room.gone(result))
    job = await room.face.job(result.job.id)
    books = [entry.kind.value for entry in await room.face.store.ledger_of(job.id)]
    [event, *_] = await events_of(room.face.store, int(GUILD_ID))

    assert job.deleted_by_member
    assert books == ["reserve", "settle"]
    assert (event.action, event.actor_id, event.target_id) == (
        "job.take_down",
        job.user_id,
        job.id,
    )


async def test_who_thinks_better_of_it_keeps_the_video(room: Room) -> None:
    """The question has a no."""
    result = await room.result()
    await room.mia.press(result.message, result.button("delete"))
    question = await room.told(room.mia, "Delete this video?")
    await room.mia.press(question, result.button("keep"))

    assert not await room.gone(result)
    assert (await room.face.job(result.job.id)).removed_at is None


async def test_a_moderator_deletes_with_a_reason(room: Room) -> None:
    """Somebody with Manage Messages there; it is written down as a removal."""
    result = await room.result()
    form = (await room.nora.press(result.message, result.button("delete"))).modal
    assert form is not None
    await room.nora.submit_modal(form, {"reason": "Too loud"})
    await room.told(room.nora, "This video is removed")
    job = await room.face.job(result.job.id)

    assert await room.gone(result)
    assert (str(job.removed_by), job.removal_reason) == (room.nora.user["id"], "Too loud")


async def test_nobody_else_deletes(room: Room) -> None:
    """Neither by the button, nor by the buttons of the question."""
    result = await room.result()
    await room.theo.press(result.message, result.button("delete"))
    await room.told(room.theo, "Only whoever made this video can delete it")

    assert not await room.gone(result)


async def test_the_answer_to_somebody_else_s_question_counts_for_nothing(room: Room) -> None:
    """As a forged press would be: whoever answers is asked again."""
    result = await room.result()
    message = await room.planted(result, "erase")
    await room.theo.press(message, result.button("erase"))
    await room.told(room.theo, "not one of your videos")

    assert not await room.gone(result)


async def test_a_moderator_of_another_channel_deletes_nothing_there(room: Room) -> None:
    """Manage Messages counts where the video is."""
    result = await room.made(channel_id=GENERAL_ID)
    message = await room.planted(result, "delete")
    await room.nora.press(message, result.button("delete"))
    await room.told(room.nora, "cannot be seen from here")

    assert not await room.gone(result)


# -- twice -------------------------------------------------------------------------------


async def test_what_failed_is_made_again(room: Room) -> None:
    """By the buttons of its card: at once, or changed; the seed is new, or kept."""
    failed = await room.made(state=JobState.RUNNING)
    await room.face.store.transition(failed.job.id, JobState.FAILED, now=now())
    await room.mia.press(failed.message, failed.button("again"))
    again = await room.child(failed)
    form = (await room.mia.press(failed.message, failed.button("change"))).modal
    assert form is not None
    await room.mia.submit_modal(form, {"prompt": "A calmer fox"})
    changed = await room.child(failed, number=2)

    assert (again.prompt, again.parent_id) == (failed.job.prompt, failed.job.id)
    assert again.seed != failed.job.seed
    assert (changed.prompt, changed.seed) == ("A calmer fox", failed.job.seed)


async def test_two_quick_presses_make_one_video(room: Room) -> None:
    """Of one member on one result; the second is told so and costs nothing."""
    result = await room.result()
    for _ in range(2):
        await room.mia.press(result.message, result.button("again"), wait=False)
    await room.told(room.mia, "Your first press is on its way")
    await room.child(result)

    assert len(await room.children(result)) == 1


async def test_two_members_at_once_make_two_videos(room: Room) -> None:
    """One each."""
    result = await room.result()
    for member in (room.mia, room.theo):
        await member.press(result.message, result.button("again"), wait=False)
    await room.child(result, number=2)

    assert {str(child.user_id) for child in await room.children(result)} == {
        room.mia.user["id"],
        room.theo.user["id"],
    }


async def test_a_refused_press_may_be_repeated_at_once(room: Room) -> None:
    """Only what is on its way stands in the way of a second press."""
    result = await room.result()
    await room.face.policies.set_policy(
        int(GUILD_ID), GuildPolicy(max_price_credits=1), actor_id=1, now=now()
    )
    await asked(result, "again", room.mia)
    await room.told(room.mia, "1 credit")
    await room.face.policies.set_policy(int(GUILD_ID), GuildPolicy(), actor_id=1, now=now())
    await asked(result, "again", room.mia)
    child = await room.child(result)

    assert child.parent_id == result.job.id


# -- what is gone ------------------------------------------------------------------------


@pytest.mark.parametrize("action", MAKING)
async def test_nothing_is_made_from_what_a_moderator_removed(room: Room, action: str) -> None:
    """Whoever has the buttons still on their screen."""
    result = await room.result()
    await room.face.store.take_down(
        result.job.id, guild_id=int(GUILD_ID), actor_id=1, reason="No", refund=False, now=now()
    )
    await asked(result, action, room.theo)
    await room.told(room.theo, "A moderator removed this video")

    assert await room.children(result) == []


async def test_a_video_deleted_on_discord_cannot_go_on(room: Room) -> None:
    """Its message went after the form was opened; nothing was charged."""
    result = await room.result()
    form = (await room.mia.press(result.message, result.button("continue"))).modal
    assert form is not None
    where = {"channel_id": result.message["channel_id"], "message_id": result.message["id"]}
    await room.face.control("delete-message", **where)
    await room.mia.submit_modal(form, {})
    await room.told(room.mia, "no longer on Discord")

    assert await room.children(result) == []


async def test_a_video_deleted_by_its_member_is_theirs_alone_to_make_again(room: Room) -> None:
    """Others who still see the buttons are told."""
    result = await room.result()
    await room.face.videos.delete_own(result.job.user_id, result.job.id)
    desk = room.face.bot.services.again
    with pytest.raises(NotFoundError, match="made this video has deleted it"):
        await desk.usable(result.job.id, viewer(room, room.theo))
    job = await desk.usable(result.job.id, viewer(room, room.mia))

    assert job.id == result.job.id


# -- who may not -------------------------------------------------------------------------


@pytest.mark.parametrize("action", MAKING)
async def test_a_blocked_member_makes_nothing(room: Room, action: str) -> None:
    """The block is told, as for any command; no file is looked at before."""
    result = await room.result()
    block = Block(user_id=int(MIA_ID), until=None, reason="Spam", actor_id=1, created_at=now())
    await room.face.policies.block(int(GUILD_ID), block, now=now())
    await asked(result, action, room.mia)
    await room.told(room.mia, "Spam")
    await room.face.policies.unblock(int(GUILD_ID), int(MIA_ID), actor_id=1, now=now())

    assert await room.children(result) == []


@pytest.mark.parametrize("action", MAKING)
async def test_a_member_who_may_not_use_commands_makes_nothing(room: Room, action: str) -> None:
    """A button is no way around the permission."""
    result = await room.result()
    deny = {"channel_id": result.message["channel_id"], "id": MIA_ID}
    await room.face.control("overwrite", **deny, deny=str(int(Permission.USE_APPLICATION_COMMANDS)))
    await asked(result, action, room.mia)
    await room.told(room.mia, "You may not use commands in this channel")
    await room.face.control("overwrite", **deny, deny="0")

    assert await room.children(result) == []


async def test_a_command_kept_from_a_member_keeps_its_buttons_from_them(room: Room) -> None:
    """As moderators set it in Integrations: for Theo alone; Mia goes on."""
    result = await room.result()
    rule = {"id": room.theo.user["id"], "type": 2, "permission": False}
    await room.face.control(
        "command-permissions", guild_id=GUILD_ID, command="animate", permissions=[rule]
    )
    await asked(result, "again", room.theo)
    await room.told(room.theo, "do not let you use `/animate` here")
    await asked(result, "again", room.mia)
    child = await room.child(result)
    await room.face.control(
        "command-permissions", guild_id=GUILD_ID, command="animate", permissions=[]
    )

    assert str(child.user_id) == MIA_ID


async def dear(room: Room, result: Result, action: str) -> dict[str, Any]:
    """Press, where every price is asked about; return the question to Theo."""
    rules = GuildPolicy(confirm_above_credits=1)
    await room.face.policies.set_policy(int(GUILD_ID), rules, actor_id=1, now=now())
    await asked(result, action, room.theo)
    return await room.told(room.theo, "This video costs")


def yes(question: dict[str, Any]) -> str:
    """Return the id of the button that says yes."""
    return next(id_ for id_, label in buttons(question).items() if label == "Make it")


@pytest.mark.parametrize("action", MAKING)
async def test_a_price_is_asked_about_whatever_is_pressed(room: Room, action: str) -> None:
    """Nothing is made before the yes; what is made then has its parent."""
    result = await room.result()
    question = await dear(room, result, action)
    before = await room.children(result)
    await room.theo.press(question, yes(question))
    child = await room.child(result)

    assert before == []
    assert (str(child.user_id), child.parent_id) == (room.theo.user["id"], result.job.id)


@pytest.mark.parametrize("action", MAKING)
async def test_a_yes_after_the_video_was_taken_down_makes_nothing(room: Room, action: str) -> None:
    """A question may be a day old; its picture at Discord outlives the video."""
    result = await room.result()
    question = await dear(room, result, action)
    await room.face.store.take_down(
        result.job.id,
        guild_id=int(GUILD_ID),
        actor_id=int(room.nora.user["id"]),
        reason="Not here",
        refund=False,
        now=now(),
    )
    await room.theo.press(question, yes(question))
    await room.told(room.theo, "A moderator removed this video")

    assert await room.children(result) == []


async def test_rules_that_discord_does_not_tell_keep_nobody_away(room: Room) -> None:
    """They are moderators' convenience; the bot's own rules are asked all the same."""
    result = await room.result()
    asks = {"method": "GET", "path": "/applications/*/guilds/*/commands/permissions"}
    await room.face.control("faults", **asks, status=403, body={"code": 50001})
    await asked(result, "again", room.theo)

    assert (await room.child(result)).parent_id == result.job.id


@pytest.mark.parametrize("action", MAKING)
async def test_a_model_that_the_server_took_away_makes_nothing(room: Room, action: str) -> None:
    """The channel's models are asked as for any command."""
    result = await room.result()
    policy = GuildPolicy(models_by_channel={int(result.message["channel_id"]): (FLASH,)})
    await room.face.policies.set_policy(int(GUILD_ID), policy, actor_id=1, now=now())
    await asked(result, action, room.mia)
    await room.told(room.mia, FLASH)

    assert await room.children(result) == []


async def test_a_model_that_is_no_longer_offered_is_replaced_by_another(room: Room) -> None:
    """Again says so; with another model the prompt, picture and seed go on."""
    result = await room.result(slug="wan-1.0-i2v")
    await asked(result, "again", room.mia)
    await room.told(room.mia, "no longer offered")
    await room.mia.select(result.message, f"job:model:{result.job.id}", [FLASH])
    child = await room.child(result)
    await room.told(room.mia, "only its prompt, picture and seed")

    assert (child.model, child.seed) == (FLASH, result.job.seed)


async def test_from_another_channel_nobody_uses_a_video(room: Room) -> None:
    """A press whose message is elsewhere than the video, as a forged one would be."""
    stray = await room.made(channel_id=GENERAL_ID)

    with pytest.raises(NotFoundError, match="cannot be seen from here"):
        await room.face.bot.services.again.seen(stray.job.id, viewer(room, room.theo))


# -- direct messages -----------------------------------------------------------------------


async def test_in_direct_messages_all_of_it_works_for_their_member(room: Room) -> None:
    """Again, details and delete."""
    result = await room.made(direct=True)
    await asked(result, "again", room.mia)
    child = await room.child(result)
    await room.mia.press(result.message, result.button("show"))
    await room.told(room.mia, "Sent to the model")
    await room.mia.press(result.message, result.button("delete"))
    question = await room.told(room.mia, "Delete this video?")
    await room.mia.press(question, result.button("erase"))
    await until(lambda: room.gone(result))

    assert (child.guild_id, child.parent_id) == (None, result.job.id)
    assert (await room.face.job(result.job.id)).deleted_by_member
