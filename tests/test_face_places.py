"""Videos are asked for, made and posted in every kind of place, also where the bot is not."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.catalogue import MODELS
from bot.discord_ui.absence import check_reachable, is_absent, ruling_guild_id
from bot.discord_ui.absent_poster import AbsentPoster
from bot.discord_ui.permissions import is_moderator, moderator
from bot.discord_ui.poster import ChannelPoster
from bot.discord_ui.services import Interaction
from bot.errors import RefusedError
from bot.job import Job, JobState
from bot.jobs.handing import HandOver, Parcel, link_of, places
from bot.jobs.ports import CannotPostError, Posted, PostLaterError, Where
from bot.media import Downloader, MediaDesk, MediaInspector, VideoFile
from bot.policy import GuildPolicy
from bot.pricing import load_prices
from sandbox.discord_api.component_kinds import files_of, result_of
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.driver import RefusedError as DiscordRefusedError
from sandbox.discord_api.seed import GUILD_ID, NIGHT_ID, VIDEO_ID
from sandbox.discord_api.seed_places import (
    FAR_GUILD_ID,
    FORUM_ID,
    GROUP_ID,
    PLAZA_ID,
    POST_ID,
    STAGE_ID,
    VOICE_ID,
)
from tests.discord_kit import member_driver, until
from tests.face_running import EPHEMERAL, Face, all_text, buttons, now
from tests.results_room import red_to_blue
from tests.segmind_far_end import tiny_mp4

pytest_plugins = (
    "tests.storage_fixtures",
    "tests.discord_fixtures",
    "tests.face_fixtures",
    "tests.places_fixtures",
)
pytestmark = pytest.mark.asyncio(loop_scope="module")

ABSENT = [PLAZA_ID, GROUP_ID]
WEBHOOK_MESSAGE = "/webhooks/*/*/messages/*"
SIGHT = {"prompt": "Rain on a roof"}


@pytest.fixture
def face(everywhere: Face) -> Face:
    """Return the running client."""
    return everywhere


@pytest.fixture
def mia(mia_everywhere: MemberDriver) -> MemberDriver:
    """Return a member who installed the bot for herself."""
    return mia_everywhere


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _clean(everywhere: Face) -> AsyncIterator[None]:
    """End what a test has left, so that the next one has free places; no faults stay."""
    yield
    for job in await everywhere.store.unfinished():
        if job.state is JobState.QUEUED:
            await everywhere.store.transition(job.id, JobState.CANCELLED, now=now())
        else:
            await everywhere.store.transition(job.id, JobState.FAILED, now=now())
    await everywhere.http.delete(f"{everywhere.stand_in.page_url}sandbox/control/faults")
    await everywhere.control("token-life", seconds=900)


async def ordered(face: Face, member: MemberDriver, channel_id: str) -> Job:
    """Order a video from words in a channel, and return it with its card."""
    outcome = await member.run_command("t2v", SIGHT, channel_id)
    return await face.carded(int(outcome.id))


async def finished(face: Face, member: MemberDriver, channel_id: str) -> Job:
    """Order a video and bring it to where it is posted."""
    return await face.finished(await ordered(face, member, channel_id))


async def told(member: MemberDriver, words: str) -> str:
    """Return what the member alone was told."""
    message = await member.wait_for_message(
        lambda m: words in all_text(m) and bool(m["flags"] & EPHEMERAL)
    )
    return all_text(message)


def hand_over(face: Face, poster: ChannelPoster | None = None) -> HandOver:
    """Return what hands videos over."""
    downloader = Downloader(face.http, allowed_hosts=("127.0.0.1",), allow_http=True)
    media = MediaDesk(downloader, MediaInspector(), video_max_bytes=10_000_000)
    return HandOver(
        store=face.store, media=media, poster=poster or face.poster, cards=face.cards, now=now
    )


async def handed_over(face: Face, job: Job, video: VideoFile) -> Job:
    """Hand a video over, and show the end on its card."""
    parcel = Parcel(video=video, folder=face.data_dir, link=link_of(job, now=now()))
    delivered = await hand_over(face)(job, parcel, places(job))
    await face.cards.finish(delivered)
    return delivered


async def videos(face: Face, job: Job) -> list[dict[str, Any]]:
    """Return all messages, wherever they are, that carry the job's video."""
    state = await face.state()
    found = [message for messages in state["messages"].values() for message in messages]
    return [m for m in found if files_of(m) and result_of(m["components"]) == str(job.id)]


async def asked(face: Face, ask: Callable[[], Awaitable[object]]) -> Interaction:
    """Return the interaction by which the bot hears what a member does."""
    heard: asyncio.Future[Interaction] = asyncio.get_running_loop().create_future()

    async def on_interaction(interaction: Interaction) -> None:
        if not heard.done():
            heard.set_result(interaction)

    face.bot.add_listener(on_interaction)
    try:
        await ask()
        return await heard
    finally:
        face.bot.remove_listener(on_interaction)


async def with_policy(face: Face, policy: GuildPolicy) -> None:
    """Give the server of the bot other rules."""
    await face.policies.set_policy(int(GUILD_ID), policy, actor_id=1, now=now())


# -- what Discord is told ------------------------------------------------------------


async def test_commands_go_where_their_members_take_them(face: Face) -> None:
    """All but the moderators', which belong to a server that installed the bot."""
    commands = (await face.state())["commands"]
    whole = [c["name"] for c in commands if c["contexts"] == [0, 1, 2]]
    of_servers = {c["name"] for c in commands if c["contexts"] == [0]}

    assert of_servers == {"video-admin", "Moderate video"}
    assert len(whole) + len(of_servers) == len(commands)
    assert all(
        c["integration_types"] == ([0] if c["name"] in of_servers else [0, 1]) for c in commands
    )


async def test_only_who_installed_it_has_the_commands_elsewhere(
    face: Face, mia: MemberDriver
) -> None:
    """Where the bot is not; moderators' ones nobody has there."""
    async with member_driver(face.stand_in, "Sven") as sven:
        offered = {c["name"] for c in await mia.commands(PLAZA_ID)}
        to_sven = await sven.commands(PLAZA_ID)

    assert {"animate", "t2v", "quota", "jobs", "help", "privacy"} <= offered
    assert "video-admin" not in offered
    assert to_sven == []


# -- every kind of channel of a server -------------------------------------------------


@pytest.mark.parametrize("channel_id", [POST_ID, VOICE_ID, STAGE_ID, NIGHT_ID])
async def test_card_and_video_come_to_where_they_were_asked_for(
    face: Face, mia: MemberDriver, video: VideoFile, channel_id: str
) -> None:
    """A forum's post, the chats of voice and stage channels, an age-restricted channel."""
    job = await finished(face, mia, channel_id)
    delivered = await handed_over(face, job, video)
    (posted,) = await videos(face, job)

    assert (job.guild_id, job.channel_id) == (int(GUILD_ID), int(channel_id))
    assert not job.bot_absent
    assert posted["channel_id"] == channel_id
    assert posted["message_reference"]["message_id"] == str(job.card_message_id)
    assert (delivered.result_channel_id, delivered.result_direct) == (int(channel_id), False)
    assert "Done" in await face.card_text(job)


async def test_a_forum_s_posts_are_allowed_with_the_forum(face: Face, mia: MemberDriver) -> None:
    """As threads are with their channel; a voice channel's chat is a channel of its own."""
    await with_policy(face, GuildPolicy(allowed_channel_ids=(int(FORUM_ID),)))
    try:
        job = await ordered(face, mia, POST_ID)
        await mia.run_command("t2v", SIGHT, VOICE_ID)

        assert job.state is JobState.QUEUED
        assert await told(mia, f"<#{FORUM_ID}>")
    finally:
        await with_policy(face, GuildPolicy())


async def test_a_thread_is_as_age_restricted_as_its_channel(face: Face, mia: MemberDriver) -> None:
    """Discord marks the channel alone."""
    await with_policy(face, GuildPolicy(age_restricted_only=True))
    try:
        thread = await mia.start_thread("late", NIGHT_ID)
        job = await ordered(face, mia, thread["id"])
        await mia.run_command("t2v", SIGHT, POST_ID)

        assert job.channel_id == int(thread["id"])
        assert await told(mia, "age-restricted")
    finally:
        await with_policy(face, GuildPolicy())


async def test_a_locked_thread_is_refused_before_anything_is_spent(
    face: Face, mia: MemberDriver
) -> None:
    """Nobody but those who manage threads writes there."""
    thread = await mia.start_thread("closed", VIDEO_ID)
    await face.control("thread", channel_id=thread["id"], locked=True)
    await until(lambda: face.bot.get_channel(int(thread["id"])).locked)  # type: ignore[union-attr] # it is a thread
    await mia.run_command("t2v", SIGHT, thread["id"])

    assert await told(mia, "This thread is locked")
    assert await face.store.unfinished() == []


async def test_a_thread_that_was_archived_meanwhile_opens_again(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """By the video itself."""
    thread = await mia.start_thread("asleep", VIDEO_ID)
    job = await finished(face, mia, thread["id"])
    await face.control("thread", channel_id=thread["id"], archived=True)
    await handed_over(face, job, video)
    channel = face.stand_in.world.channel(thread["id"])

    assert [m["channel_id"] for m in await videos(face, job)] == [thread["id"]]
    assert channel is not None
    assert not channel.archived


async def test_a_thread_that_was_locked_meanwhile_keeps_nobody_from_the_video(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """It comes directly."""
    thread = await mia.start_thread("closing", VIDEO_ID)
    job = await finished(face, mia, thread["id"])
    await face.control("thread", channel_id=thread["id"], locked=True)
    delivered = await handed_over(face, job, video)

    assert delivered.result_direct
    assert len(await videos(face, job)) == 1


async def test_in_a_forum_itself_nothing_is_asked(mia: MemberDriver) -> None:
    """Only in its posts."""
    assert await mia.commands(FORUM_ID) == []
    assert await mia.commands(POST_ID)


# -- where the bot is not ---------------------------------------------------------------


@pytest.mark.parametrize("channel_id", ABSENT)
async def test_where_it_is_not_the_member_is_told_and_no_server_s_rules_hold(
    face: Face, mia: MemberDriver, channel_id: str
) -> None:
    """On a server without the bot, and in a group: its first card says what holds."""
    job = await ordered(face, mia, channel_id)
    shown = await face.card_text(job)

    assert (job.guild_id, job.channel_id, job.bot_absent) == (None, int(channel_id), True)
    assert "I am not a member here" in shown
    assert f"<t:{int(job.token_expires_at.timestamp())}:R>" in shown
    assert "your credits for direct messages" in shown


@pytest.mark.parametrize("channel_id", ABSENT)
async def test_where_it_is_not_a_member_finds_all_of_their_videos(
    face: Face, mia: MemberDriver, video: VideoFile, channel_id: str
) -> None:
    """They belong to no server: it is as in direct messages."""
    job = await finished(face, mia, channel_id)
    await handed_over(face, job, video)
    outcome = await mia.run_command("history", channel_id=channel_id)

    async def found() -> bool:
        answers = await face.posted(channel_id)
        return any(
            job.prompt in all_text(m) and m["flags"] & EPHEMERAL and str(job.id) in str(m)
            for m in answers
        )

    await until(found)
    assert outcome.modal is None


@pytest.mark.parametrize("channel_id", ABSENT)
async def test_the_video_comes_as_an_answer_while_the_token_lives(
    face: Face, mia: MemberDriver, video: VideoFile, channel_id: str
) -> None:
    """One message, which notifies the member; the card goes on by the token, too."""
    job = await finished(face, mia, channel_id)
    delivered = await handed_over(face, job, video)
    (posted,) = await videos(face, job)

    assert posted["channel_id"] == channel_id
    created = await mia.wait_for_event("MESSAGE_CREATE", lambda m: bool(m["id"] == posted["id"]))
    assert [user["id"] for user in created["mentions"]] == [mia.user["id"]]
    assert await mia.download(files_of(posted)[0]["url"]) == video.path.read_bytes()
    assert (delivered.result_message_id, delivered.result_direct) == (int(posted["id"]), False)
    assert "The video is in this channel." in await face.card_text(job)
    assert "I am not a member here" not in await face.card_text(job)


@pytest.mark.parametrize("channel_id", ABSENT)
async def test_when_the_token_is_dead_it_comes_directly(
    face: Face, mia: MemberDriver, video: VideoFile, channel_id: str
) -> None:
    """With a word on where it could not go."""
    job = await finished(face, mia, channel_id)
    await face.control("token-life", seconds=0)
    delivered = await handed_over(face, job, video)
    (posted,) = await videos(face, job)
    direct = face.stand_in.world.channel(posted["channel_id"])

    assert direct is not None
    assert set(direct.recipients) == {mia.user["id"], str(face.bot.application_id)}
    assert f"could not be posted in <#{channel_id}>" in all_text(posted)
    assert delivered.result_direct


async def test_a_token_that_has_run_out_is_not_even_tried(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """Neither for the video nor for the card: refusals get a host banned."""
    job = await finished(face, mia, PLAZA_ID)
    old = replace(job, token_expires_at=now())
    before = Counter((await face.state())["calls"])
    parcel = Parcel(video=video, folder=face.data_dir, link=link_of(old, now=now()))
    delivered = await hand_over(face)(old, parcel, places(old))
    await face.cards.finish(replace(delivered, token_expires_at=now()))
    calls = Counter((await face.state())["calls"]) - before
    messages = "/channels/{channel_id}/messages"

    assert delivered.result_direct
    assert sorted(calls.elements()) in (
        [f"GET {messages}", f"POST {messages}"],  # to the member, after a look there
        [f"GET {messages}", f"POST {messages}", "POST /users/@me/channels"],
    )


async def test_closed_direct_messages_leave_it_to_be_sent_again(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """When the token is dead, too, no place is left; later it comes directly, for free."""
    job = await finished(face, mia, PLAZA_ID)
    await face.control("dms", user_id=mia.user["id"], open=False)
    old = replace(job, token_expires_at=now())
    with pytest.raises(CannotPostError):
        await handed_over(face, old, video)
    video.path.write_bytes(tiny_mp4())
    await face.kept.keep(job.id, video.path)
    await face.moved(job, JobState.UNDELIVERED)
    await face.control("dms", user_id=mia.user["id"], open=True)
    sent = await face.bot.services.send_again(await face.job(job.id), None)

    assert sent.state is JobState.DELIVERED
    assert sent.result_direct
    assert len(await videos(face, job)) == 1


async def test_an_edit_whose_answer_was_lost_is_found_after_a_restart(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """The message's id was written down before the file went out."""
    job = await finished(face, mia, PLAZA_ID)
    await face.control("faults", method="PATCH", path=WEBHOOK_MESSAGE, drop=True, late=True)
    with pytest.raises(PostLaterError):
        await face.poster.post_video(job, video, Where.of(job))
    restarted = await face.job(job.id)
    found = await restarted_poster(face).find_result(restarted)
    (posted,) = await videos(face, job)

    assert found == Posted(channel_id=int(PLAZA_ID), message_id=int(posted["id"]))


async def test_a_kill_before_the_edit_leaves_one_message_with_one_video(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """The next process sees that the video is not in it, and puts it there."""
    job = await finished(face, mia, PLAZA_ID)
    await face.control("faults", method="PATCH", path=WEBHOOK_MESSAGE, drop=True)
    with pytest.raises(PostLaterError):
        await face.poster.post_video(job, video, Where.of(job))
    restarted, poster = await face.job(job.id), restarted_poster(face)
    before = await poster.find_result(restarted)
    await poster.post_video(restarted, video, Where.of(restarted))
    ready = [m for m in await face.posted(PLAZA_ID) if "your video is ready" in all_text(m)]

    assert before is None
    assert [m["id"] for m in ready if m in await videos(face, job)] == [
        str(restarted.result_message_id)
    ]


async def test_a_repeated_follow_up_carries_no_second_video(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """discord.py repeats a call after a 5xx, also when it had come true."""
    job = await finished(face, mia, PLAZA_ID)
    await face.control("faults", method="POST", path="/webhooks/*/*", status=502, late=True)
    await face.poster.post_video(job, video, Where.of(job))

    assert len(await videos(face, job)) == 1


async def test_quota_there_is_that_of_direct_messages(face: Face, mia: MemberDriver) -> None:
    """A server's allowance is not used where its rules do not hold."""
    await with_policy(face, GuildPolicy(daily_credits=1))
    try:
        await mia.run_command("quota", channel_id=PLAZA_ID)

        assert await told(mia, "200")
    finally:
        await with_policy(face, GuildPolicy())


async def test_cancel_works_there(face: Face, mia: MemberDriver) -> None:
    """The buttons come back by the install of who sent the command."""
    job = await ordered(face, mia, PLAZA_ID)
    card = await face.card(job)
    (cancel,) = [custom_id for custom_id in buttons(card) if "cancel" in custom_id]
    await mia.press(card, cancel)
    await face.card_shows(job, "Cancelled")

    assert (await face.job(job.id)).state is JobState.CANCELLED


async def test_nobody_moderates_where_the_bot_is_not(face: Face, mia: MemberDriver) -> None:
    """Not even the owner of that server, who presses a member's button."""
    job = await ordered(face, mia, PLAZA_ID)
    card = await face.card(job)
    async with member_driver(face.stand_in, "Sven") as sven:
        heard = await asked(face, lambda: sven.press(card, next(iter(buttons(card)))))

    assert heard.permissions.manage_guild
    assert heard.guild_id == int(FAR_GUILD_ID)
    assert is_absent(heard)
    assert ruling_guild_id(heard) is None
    assert not is_moderator(heard)
    with pytest.raises(RefusedError, match="I am not a member of this server"):
        moderator(heard)


async def test_on_a_server_with_the_bot_its_rules_hold_for_all_installs(
    face: Face, mia: MemberDriver
) -> None:
    """Who installed it for themselves gets around no rule."""
    heard = await asked(face, lambda: mia.run_command("help", channel_id=VIDEO_ID))

    assert heard.is_user_integration()
    assert ruling_guild_id(heard) == int(GUILD_ID)


async def test_what_takes_too_long_is_refused_where_no_other_way_is_open(
    face: Face,
) -> None:
    """Before anything is spent; with direct messages it may come late."""
    slow = replace(MODELS[0], typical_s=900.0)
    async with member_driver(face.stand_in, "Theo") as theo:
        heard = await asked(face, lambda: theo.run_command("help", channel_id=PLAZA_ID))
    await face.control(
        "faults", method="POST", path="/users/@me/channels", status=403, body={"code": 50007}
    )

    await check_reachable(heard, MODELS[0])
    with pytest.raises(RefusedError, match="I cannot write you a direct message"):
        await check_reachable(heard, slow)
    await check_reachable(heard, slow)  # now they can be opened


# -- the stand-in is as strict as Discord -------------------------------------------------


async def test_the_bot_s_own_token_is_refused_where_it_is_not(face: Face) -> None:
    """It neither reads nor writes there."""
    for channel_id in (PLAZA_ID, GROUP_ID):
        channel = face.bot.get_partial_messageable(int(channel_id))
        with pytest.raises(discord.Forbidden):
            await channel.send("Hello")
        with pytest.raises(discord.Forbidden):
            await anext(channel.history(limit=1), None)

    assert face.bot.get_guild(int(FAR_GUILD_ID)) is None


async def test_five_follow_ups_is_all_it_takes_there(face: Face, mia: MemberDriver) -> None:
    """On a server with the bot there is no such limit."""
    heard = await asked(face, lambda: mia.run_command("help", channel_id=PLAZA_ID))
    for number in range(5):
        await heard.followup.send(f"{number}", ephemeral=True)

    with pytest.raises(discord.HTTPException) as refused:
        await heard.followup.send("one too many", ephemeral=True)
    assert refused.value.code == 40094


async def test_nobody_writes_into_a_forum_itself(mia: MemberDriver) -> None:
    """Only into its posts."""
    with pytest.raises(DiscordRefusedError) as refused:
        await mia.send_message("Hello", channel_id=FORUM_ID)

    assert refused.value.code == 50008


def restarted_poster(face: Face) -> ChannelPoster:
    """Return a poster that remembers nothing."""
    absent = AbsentPoster(face.bot, on_placed=face.keep_place)
    return ChannelPoster(face.bot, absent, prices=load_prices(), jobs=face.store)


# -- the second click where the bot is not -------------------------------------------------


async def result_there(
    face: Face, mia: MemberDriver, channel_id: str, video: VideoFile
) -> tuple[Job, dict[str, Any]]:
    """Let Mia have a video where the bot is not, to be gone on from; return its message, too."""
    await asyncio.to_thread(video.path.write_bytes, red_to_blue())
    video = replace(video, size_bytes=len(red_to_blue()))
    job = await handed_over(face, await finished(face, mia, channel_id), video)
    (message,) = await videos(face, job)
    return job, await mia.wait_for_message(lambda m: bool(m["id"] == message["id"]))


@pytest.mark.parametrize("channel_id", ABSENT)
async def test_a_video_goes_on_where_the_bot_cannot_read_it(
    face: Face, mia: MemberDriver, video: VideoFile, channel_id: str
) -> None:
    """Its address comes with the press: of the last picture the next clip is made."""
    job, message = await result_there(face, mia, channel_id, video)
    opened = await mia.press(message, f"job:continue:{job.id}")
    assert opened.modal is not None
    form = await mia.submit_modal(opened.modal, {"prompt": "And on it goes"})
    made = await face.carded(int(form.id))

    assert (made.parent_id, made.channel_id, made.bot_absent) == (job.id, int(channel_id), True)


@pytest.mark.parametrize("channel_id", ABSENT)
async def test_others_there_make_it_again_for_themselves(
    face: Face, mia: MemberDriver, video: VideoFile, channel_id: str
) -> None:
    """On their own credits; Discord is not asked for the rules of a server that is not ours."""
    job, message = await result_there(face, mia, channel_id, video)
    before = Counter((await face.state())["calls"])
    async with member_driver(face.stand_in, "Theo") as theo:
        pressed = await theo.press(message, f"job:again:{job.id}")
        made = await face.carded(int(pressed.id))
        theo_id = int(theo.user["id"])
    calls = Counter((await face.state())["calls"]) - before

    assert (made.parent_id, made.user_id) == (job.id, theo_id)
    assert not [call for call in calls if "permissions" in call]


@pytest.mark.parametrize("channel_id", ABSENT)
async def test_its_member_deletes_it_there(
    face: Face, mia: MemberDriver, video: VideoFile, channel_id: str
) -> None:
    """By the answer to a form: the bot's own token deletes nothing there."""
    job, message = await result_there(face, mia, channel_id, video)
    opened = await mia.press(message, f"job:delete:{job.id}")
    assert opened.modal is not None
    assert "cannot be brought back" in str(opened.modal["components"])
    await mia.submit_modal(opened.modal, {"answer": ["erase"]})

    async def gone() -> bool:
        return (await face.job(job.id)).result_message_id is None

    await until(gone)
    assert await told(mia, "Your video is deleted")
    assert [m["id"] for m in await videos(face, job) if m["deleted_at"] is None] == []
    assert (await face.job(job.id)).deleted_by_member


async def test_a_member_who_thinks_better_of_it_keeps_it(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """The form has both answers, as the buttons have elsewhere."""
    job, message = await result_there(face, mia, PLAZA_ID, video)
    opened = await mia.press(message, f"job:delete:{job.id}")
    assert opened.modal is not None
    await mia.submit_modal(opened.modal, {"answer": ["keep"]})

    assert await told(mia, "Nothing was deleted")
    assert len(await videos(face, job)) == 1
    assert (await face.job(job.id)).removed_at is None


async def test_nobody_else_deletes_it_there(
    face: Face, mia: MemberDriver, video: VideoFile
) -> None:
    """Not even the owner of that server."""
    job, message = await result_there(face, mia, PLAZA_ID, video)
    async with member_driver(face.stand_in, "Sven") as sven:
        pressed = await sven.press(message, f"job:delete:{job.id}")
        await told(sven, "Nothing was deleted")

    assert pressed.modal is None
    assert len(await videos(face, job)) == 1
