"""What each fault of Discord does to a finished video: what its member sees, and the books.

The third step of a job on the real client and the Discord stand-in, with a real download.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import RETRY_AFTER_S, Deliverer
from bot.job import FailureReason, Job, JobState
from bot.jobs.handing import HandOver
from bot.jobs.thumbnails import Thumbnails
from bot.media import Downloader, MediaDesk, MediaInspector
from sandbox.discord_api.component_kinds import files_of, result_of
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import GUILD_ID, SECOND_GUILD_ID, THREAD_ID
from tests.discord_kit import until
from tests.face_running import SETTINGS, Face, all_text, now
from tests.segmind_far_end import FarEnd, tiny_mp4

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

POST = {"method": "POST", "path": "/channels/*/messages"}
EDIT = {"method": "PATCH", "path": "*/messages/*"}
SETTLED, RELEASED = ["reserve", "settle"], ["reserve", "release"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A member whose video is made and about to be delivered."""

    face: Face
    far_end: FarEnd
    mia: MemberDriver
    photo: Path

    async def finished(self, channel_id: str | None = None) -> Job:
        """Return a job whose video waits at the provider."""
        options: dict[str, str | Path] = {"image": self.photo, **SETTINGS}
        outcome = await self.mia.run_command("animate", options, channel_id)
        job = await self.face.carded(int(outcome.id))
        states = (JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED)
        url = f"{self.far_end.url}/files/v.mp4"
        return await self.face.moved(job, *states, output_url=url)

    async def deliver(self, job: Job) -> Job:
        """Run the third step and show its end, as the workflow does."""
        face = self.face
        downloader = Downloader(face.http, allowed_hosts=("127.0.0.1",), allow_http=True)
        media = MediaDesk(downloader, MediaInspector(), video_max_bytes=10**7)
        hand_over = HandOver(
            store=face.store, media=media, poster=face.poster, cards=face.cards, now=now
        )
        deliverer = Deliverer(
            store=face.store,
            media=media,
            hand_over=hand_over,
            kept=face.kept,
            thumbnails=Thumbnails(maker=media, store=face.store, now=now),
            now=now,
            folder=face.data_dir,
            sleep=face.sleep,
        )
        ended = await deliverer(job)
        await face.cards.finish(ended)
        return ended

    async def videos(self, job: Job) -> list[tuple[str, dict[str, Any]]]:
        """Return where the job's video is, with the message; by channel id."""
        messages = (await self.face.state())["messages"]
        return [
            (channel_id, message)
            for channel_id, posted in messages.items()
            for message in posted
            if message["deleted_at"] is None
            and files_of(message)
            and result_of(message["components"]) == str(job.id)
        ]

    async def books(self, job: Job) -> list[str]:
        """Return the kinds of the job's ledger entries; all adds up."""
        assert await self.face.store.check_ledger() == []
        return [entry.kind.value for entry in await self.face.store.ledger_of(job.id)]

    async def ends_here(self, job: Job) -> None:
        """Check: one playable video where it was asked for, the card leads to it, settled."""
        ((channel_id, message),) = await self.videos(job)
        file = await self.mia.download(files_of(message)[0]["url"])

        assert channel_id == str(job.channel_id)
        assert file == tiny_mp4()
        assert message["id"] in await self.face.card_text(job)
        assert (await self.face.job(job.id)).state is JobState.DELIVERED
        assert await self.books(job) == SETTLED

    async def ends_direct(self, job: Job) -> None:
        """Check: one video in the member's direct messages, which say why, settled."""
        ((channel_id, message),) = await self.videos(job)

        assert channel_id != str(job.channel_id)
        assert f"It could not be posted in <#{job.channel_id}>." in all_text(message)
        stored = await self.face.job(job.id)
        assert (stored.state, stored.result_direct) == (JobState.DELIVERED, True)
        assert await self.books(job) == SETTLED

    async def ends_behind(self, job: Job, failure: FailureReason | None) -> None:
        """Check: no video anywhere, kept to be sent again, the credits back."""
        stored = await self.face.job(job.id)

        assert await self.videos(job) == []
        assert (stored.state, stored.failure) == (JobState.UNDELIVERED, failure)
        assert self.face.kept.path(job.id).read_bytes() == tiny_mp4()
        assert await self.books(job) == RELEASED


@pytest.fixture
async def scene(face: Face, mia: MemberDriver, photo: Path) -> AsyncIterator[Scene]:
    """A scene."""
    far_end = FarEnd(now)
    await far_end.listen()
    yield Scene(face=face, far_end=far_end, mia=mia, photo=photo)
    await far_end.close()


def limited(retry_after_s: float, *, everywhere: bool = False) -> dict[str, Any]:
    """Return a 429 as Discord gives it, for one route or for the whole bot."""
    headers = {"Via": "1.1 discord", "X-RateLimit-Scope": "global" if everywhere else "user"}
    if everywhere:
        headers["X-RateLimit-Global"] = "true"
    body = {"message": "limited", "retry_after": retry_after_s, "global": everywhere}
    return {"status": 429, "headers": headers, "body": body}


# -- trouble that passes -------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": {"message": "no", "code": 0}},
        {"status": 503, "body": "<html>no JSON</html>"},
        {"drop": True},
        {"drop": True, "late": True},
        limited(0.2),
        limited(0.2, everywhere=True),
        limited(1800.0),
    ],
    ids=["500", "503 page", "cut", "answer lost", "429 route", "429 global", "429 for long"],
)
async def test_trouble_with_the_post_that_passes(scene: Scene, fault: dict[str, Any]) -> None:
    """Waited out: one video, in its channel, and the card leads to it."""
    job = await scene.finished()
    await scene.face.control("faults", **POST, **fault)

    await scene.deliver(job)

    await scene.ends_here(job)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "body": "<html>no JSON</html>"},
        {"drop": True},
        limited(0.2),
        limited(0.2, everywhere=True),
    ],
    ids=["502", "cut", "429 route", "429 global"],
)
async def test_trouble_with_the_card_that_passes(scene: Scene, fault: dict[str, Any]) -> None:
    """The edit is made up for: the card shows the end."""
    job = await scene.finished()
    await scene.face.control("faults", **EDIT, **fault)

    await scene.deliver(job)

    await scene.ends_here(job)


async def test_trouble_that_does_not_pass(scene: Scene) -> None:
    """Minutes later: credits back, the card says what it was, and the bot sends it by itself."""
    job = await scene.finished()
    tries = len(RETRY_AFTER_S) + 1
    await scene.face.control("faults", **POST, drop=True, times=tries)

    await scene.deliver(job)

    await scene.ends_behind(job, FailureReason.DISCORD_DOWN)
    assert "Discord did not take it for some minutes" in await scene.face.card_text(job)
    await scene.face.bot.services.send_again.look()
    ((channel_id, _),) = await scene.videos(job)
    await scene.face.card_shows(job, "Jump to the video")
    assert channel_id == str(job.channel_id)
    assert await scene.books(job) == RELEASED  # it was free


async def test_an_outage_of_the_server(scene: Scene) -> None:
    """Discord says that the guild cannot be reached: the bot still posts, by its number."""
    job = await scene.finished()
    await scene.face.control("outage", guild_id=GUILD_ID, unavailable=True)

    await scene.deliver(job)

    await scene.ends_here(job)


# -- what has changed while the video was made -----------------------------------------------


async def test_a_card_that_was_deleted(scene: Scene) -> None:
    """The video comes all the same, as a message of its own."""
    job = await scene.finished()
    where = {"channel_id": str(job.channel_id), "message_id": str(job.card_message_id)}
    await scene.face.control("delete-message", **where)

    await scene.deliver(job)

    ((channel_id, message),) = await scene.videos(job)
    assert channel_id == str(job.channel_id)
    assert "message_reference" not in message
    assert await scene.books(job) == SETTLED


async def test_a_channel_that_was_deleted(scene: Scene) -> None:
    """The member gets it directly; the card went with the channel."""
    job = await scene.finished()
    await scene.face.control("delete-channel", channel_id=str(job.channel_id))

    await scene.deliver(job)

    await scene.ends_direct(job)


async def test_a_thread_that_was_archived(scene: Scene) -> None:
    """Posting wakes it, and then its card can be edited, too."""
    job = await scene.finished(THREAD_ID)
    await scene.face.control("token-life", seconds=0)
    await scene.face.control("thread", channel_id=THREAD_ID, archived=True)

    await scene.deliver(job)

    await scene.ends_here(job)
    assert job.channel_id == int(THREAD_ID)


async def test_a_thread_that_was_locked(scene: Scene) -> None:
    """Only moderators write there: directly, and the card says so."""
    job = await scene.finished(THREAD_ID)
    await scene.face.control("thread", channel_id=THREAD_ID, archived=True, locked=True)

    await scene.deliver(job)

    await scene.ends_direct(job)
    assert "Sent to you by direct message." in await scene.face.card_text(job)


async def test_a_thread_that_was_deleted(scene: Scene) -> None:
    """As with a channel."""
    job = await scene.finished(THREAD_ID)
    await scene.face.control("delete-channel", channel_id=THREAD_ID)

    await scene.deliver(job)

    await scene.ends_direct(job)


async def kicked(scene: Scene, *guild_ids: str) -> None:
    """Remove the bot from servers; jobs of theirs that are on their way go on."""
    departures = scene.face.bot.services.privacy.departures
    user = scene.face.bot.user
    assert user is not None
    for guild_id in guild_ids:
        wish = {"guild_id": guild_id, "user_id": str(user.id), "present": False}
        await scene.face.control("member", **wish)

    async def forgotten() -> bool:
        return departures._again >= set(map(int, guild_ids))

    await until(forgotten)  # else a job that ends just then is forgotten as well


async def test_a_server_that_removed_the_bot(scene: Scene) -> None:
    """Another server is shared with the member: the video comes directly."""
    job = await scene.finished()
    await kicked(scene, GUILD_ID)

    await scene.deliver(job)

    await scene.ends_direct(job)


async def test_a_server_that_removed_the_bot_and_no_other_shared(scene: Scene) -> None:
    """Discord delivers nothing between strangers: credits back, kept, no error for anybody."""
    job = await scene.finished()
    await kicked(scene, GUILD_ID, SECOND_GUILD_ID)

    await scene.deliver(job)

    await scene.ends_behind(job, None)


async def test_a_member_who_left_the_server(scene: Scene) -> None:
    """The video is posted where it was asked for: it is paid, and others may have waited."""
    job = await scene.finished()
    wish = {"guild_id": GUILD_ID, "user_id": str(job.user_id), "present": False}
    await scene.face.control("member", **wish)

    await scene.deliver(job)

    ((channel_id, message),) = await scene.videos(job)
    assert channel_id == str(job.channel_id)
    assert message["id"] in await scene.face.card_text(job)
    assert await scene.books(job) == SETTLED


async def test_a_channel_closed_and_direct_messages_closed(scene: Scene) -> None:
    """Nothing works: the card says what would, and has the button for it."""
    job = await scene.finished()
    await scene.face.control("dms", user_id=scene.mia.user["id"], open=False)
    deny = {"channel_id": str(job.channel_id), "deny": 1 << 11}  # SEND_MESSAGES
    await scene.face.control("bot-permissions", **deny)

    await scene.deliver(job)

    await scene.ends_behind(job, None)
    text = all_text(await scene.face.card(job))
    assert "neither here nor in a direct message" in text
    assert "Send again" in text


async def test_a_limit_lower_than_the_interaction_said(scene: Scene) -> None:
    """413 for a file that no copy could make small enough: a link, until its end."""
    job = await scene.finished()
    await scene.face.control("upload-limit", bytes=100, hint_bytes=50 * 2**20)

    await scene.deliver(job)

    assert await scene.videos(job) == []
    posted = await scene.face.posted(str(job.channel_id))
    (link,) = [m for m in posted if "too large to attach here" in all_text(m)]
    assert str(job.output_url) in all_text(link)
    assert link["id"] in await scene.face.card_text(job)
    assert await scene.books(job) == SETTLED


# -- the connection, and the token ---------------------------------------------------------------


@pytest.mark.parametrize("action", ["drop", "forget"])
async def test_a_gateway_that_is_gone_delivers_all_the_same(scene: Scene, action: str) -> None:
    """Posting needs no gateway: resumed or identified anew, nothing waits for it."""
    job = await scene.finished()
    await scene.face.control("gateway", action=action)

    await scene.deliver(job)

    await scene.ends_here(job)


async def test_a_token_that_is_dead(scene: Scene) -> None:
    """After 15 minutes the bot edits the same card with its own token."""
    job = await scene.finished()
    card = await scene.face.card(job)
    await scene.face.control("token-life", seconds=0)

    await scene.deliver(job)

    await scene.ends_here(job)
    assert (await scene.face.card(job))["id"] == card["id"]
