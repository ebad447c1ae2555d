"""Cards in the log channel and take-downs, on a real database; Discord is a board that refuses."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadInputError, NotFoundError, RefusedError
from bot.job import FailureReason, Job, JobState
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import Actor, Change, CreditsReturned, Moderator, VideoRemoved
from bot.jobs.errands import Errands
from bot.jobs.log_cards import DecidedError, LogCards
from bot.jobs.member_desk import MemberDesk
from bot.jobs.moderating_ports import BadCardError
from bot.jobs.ports import CannotPostError, PostLaterError
from bot.jobs.video_desk import Deletion, VideoDesk
from bot.jobs.video_log import VideoLog
from bot.policy import GuildPolicy
from bot.storage import Database, JobStore, PolicyStore
from tests.job_steps_kit import Clock, RecordingCards
from tests.storage_kit import (
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    PATHS,
    ZONE,
    accepted,
    events_of,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures",)

LOG, OTHER_GUILD = 400, GUILD + 1
NORA, OLGA = (Moderator(guild_id=GUILD, user_id=user) for user in (MODERATOR, MODERATOR + 1))


@dataclass
class Discord:
    """Discord's side: keeps the cards and notices, and refuses what it is told to.

    Attributes:
        cards: What each card shows, by its message id.
        trouble: Raised by the next posts and deletions, one each; None lets one through.
        edits: What the next edits answer: False for "later"; after these, True.
    """

    cards: dict[int, Job] = field(default_factory=dict)
    channels: list[int] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    told: list[Change] = field(default_factory=list)
    trouble: deque[Exception | None] = field(default_factory=deque)
    edits: deque[bool] = field(default_factory=deque)

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        error = self.trouble.popleft() if self.trouble else None
        if error is not None:
            raise error

    async def post(self, channel_id: int, job: Job) -> int:
        """Take a card."""
        self.tried.append(job.id)
        await self._answer()
        self.channels.append(channel_id)
        self.cards[len(self.cards) + 1] = job
        return len(self.cards)

    async def show(self, job: Job) -> bool:
        """Take an edit."""
        assert job.log_message_id is not None
        done = self.edits.popleft() if self.edits else True
        if done:
            self.cards[job.log_message_id] = job
        return done

    async def delete_result(self, job: Job) -> None:
        """Delete a message."""
        assert job.result_message_id is not None
        await self._answer()
        self.deleted.append(job.result_message_id)

    @property
    def shown(self) -> list[int]:
        """The jobs of the cards, oldest card first."""
        return [job.id for job in self.cards.values()]


@dataclass
class Notices:
    """The log channels' notices."""

    told: list[Change] = field(default_factory=list)

    def post(self, channel_id: int, by: Actor, change: Change) -> None:
        """Keep it."""
        assert (channel_id, by.guild_id) == (LOG, GUILD)
        self.told.append(change)


@dataclass(kw_only=True)
class Room:
    """The log and the desk with all around them."""

    store: JobStore
    policies: PolicyStore
    discord: Discord = field(default_factory=Discord)
    notices: Notices = field(default_factory=Notices)
    cards: RecordingCards = field(default_factory=RecordingCards)
    clock: Clock = field(default_factory=Clock)
    errands: Errands = field(default_factory=Errands)

    def __post_init__(self) -> None:
        """Open log and desk."""
        now = self.clock.now
        self.log_cards = LogCards(store=self.store, board=self.discord, now=now)
        bulletin = Bulletin(policies=self.policies, log_channel=self.notices)
        self.log = VideoLog(
            store=self.store,
            policies=self.policies,
            cards=self.log_cards,
            errands=self.errands,
            now=now,
            sleep=self.clock.sleep,
        )
        self.desk = VideoDesk(
            store=self.store,
            members=MemberDesk(
                policies=self.policies,
                accounts=self.store,
                bulletin=bulletin,
                host=GENEROUS,
                host_zone=ZONE,
                now=now,
            ),
            remover=self.discord,
            cards=self.cards,
            log_cards=self.log_cards,
            bulletin=bulletin,
            now=now,
        )

    async def watched(self, *, on: bool = True, guild: int = GUILD, **changes: Any) -> None:
        """Switch the cards of videos on or off."""
        since = NOW if on else None
        policy = GuildPolicy(**{"log_channel_id": LOG, "log_videos_since": since} | changes)
        await self.policies.set_policy(guild, policy, actor_id=1, now=NOW)

    async def ended(self, job: Job) -> Job:
        """Let a job be told of, to the end; return it as it is then."""
        self.log.ended(job)
        await self.errands.close()
        return await self.job(job)

    async def job(self, job: Job) -> Job:
        """Return a job as it is now."""
        found = await self.store.get(job.id)
        assert found is not None
        return found

    async def delivered(self, number: int = 0, **changes: Any) -> Job:
        """Return a job whose video was posted."""
        job = await walked_to(self.store, JobState.FINISHED, number, **changes)
        return await self.store.transition(
            job.id,
            JobState.DELIVERED,
            now=self.clock.now(),
            result_channel_id=job.channel_id,
            result_message_id=7000 + number,
        )

    async def actions(self) -> list[tuple[str, int | None, object]]:
        """Return the audit events about jobs, oldest first: what, by whom, why."""
        events = (await events_of(self.policies, GUILD))[::-1]
        return [
            (e.action, e.actor_id, e.detail["reason"]) for e in events if e.action.startswith("job")
        ]


@pytest.fixture
async def room(store: JobStore, file: Path) -> AsyncIterator[Room]:
    """Everything, with cards of videos switched on; the ledger must add up at the end."""
    database = Database.open(f"sqlite:///{file}")
    room = Room(store=store, policies=PolicyStore(database))
    await room.watched()
    yield room
    await room.errands.close()
    assert await store.check_ledger() == []
    await database.close()


# -- which jobs get a card -----------------------------------------------------------------


async def test_a_made_video_gets_one_card(room: Room) -> None:
    """At once; the look of the minute after finds it done."""
    job = await room.delivered()
    noted = await room.ended(job)
    await room.log.look()

    assert room.discord.shown == [job.id]
    assert (noted.log_channel_id, noted.log_message_id) == (LOG, 1)


@pytest.mark.parametrize(
    ("state", "fields", "wanted"),
    [
        (JobState.UNDELIVERED, {}, True),
        (JobState.DROPPED, {}, True),
        (JobState.FAILED, {"failure": FailureReason.BLOCKED}, True),
        (JobState.FAILED, {"failure": FailureReason.TOO_SLOW}, False),
        (JobState.CANCELLED, {}, False),
    ],
)
async def test_what_moderators_want_to_know_of(
    room: Room, state: JobState, fields: dict[str, Any], *, wanted: bool
) -> None:
    """Videos that were made, and content that the service refused; nothing else."""
    path = PATHS[state]
    job = await accepted(room.store)
    for step in path[:-1]:
        await room.store.transition(job.id, step, now=NOW)
    if state is JobState.DROPPED:
        await room.store.drop(job.id, now=NOW)
    job = await room.store.transition(job.id, path[-1], now=NOW, **fields)
    await room.log.look()
    await room.ended(job)

    assert room.discord.shown == ([job.id] if wanted else [])


async def test_switched_off_nothing_is_posted(room: Room) -> None:
    """Nor without a log channel, nor of direct messages, nor of another guild."""
    await room.watched(on=False)
    await room.watched(guild=OTHER_GUILD, log_channel_id=None)
    jobs = [
        await room.delivered(0),
        await room.delivered(1, guild_id=OTHER_GUILD),
        await room.delivered(2, guild_id=None),
    ]
    for job in jobs:
        room.log.ended(job)
    await room.log.look()
    await room.errands.close()

    assert room.discord.tried == []


async def test_older_videos_are_not_posted(room: Room) -> None:
    """Those that ended before it was switched on, and those that ended long ago."""
    await room.watched(log_videos_since=NOW + timedelta(seconds=1))
    before = await room.delivered(0)
    await room.watched()
    forgotten = await room.delivered(1)
    await room.watched(log_videos_since=NOW + timedelta(seconds=1))
    await room.log.look()
    early = list(room.discord.tried)
    await room.watched()
    room.clock.at += timedelta(days=1, seconds=1)
    await room.log.look()

    assert early == []
    assert room.discord.tried == []
    assert (await room.job(before)).log_message_id is (await room.job(forgotten)).log_message_id


# -- never lost, never twice ---------------------------------------------------------------


async def test_a_card_missed_is_posted_later(room: Room) -> None:
    """Discord was in trouble; the job is unhurt, and the next look posts the card, once."""
    room.discord.trouble.append(PostLaterError("503"))
    job = await room.delivered()
    missed = await room.ended(job)
    await asyncio.gather(room.log.look(), room.log.look())

    assert missed.log_message_id is None
    assert missed.state is JobState.DELIVERED
    assert room.discord.shown == [job.id]


async def test_a_channel_that_refuses_is_left_alone_for_a_while(room: Room) -> None:
    """Discord bans who keeps on asking; after ten minutes it is asked again."""
    room.discord.trouble.append(CannotPostError("Missing Permissions"))
    jobs = [await room.delivered(number) for number in range(3)]
    await room.log.look()
    spared = list(room.discord.tried)
    room.clock.at += timedelta(minutes=11)
    await room.log.look()

    assert spared == [jobs[0].id]
    assert room.discord.shown == [job.id for job in jobs]


async def test_a_card_that_discord_does_not_take_stops_no_other(room: Room) -> None:
    """The channel is not to blame."""
    room.discord.trouble.append(BadCardError("Invalid Form Body"))
    bad, good = await room.delivered(0), await room.delivered(1)
    await room.log.look()
    await room.log.look()

    assert room.discord.tried == [bad.id, good.id]
    assert room.discord.shown == [good.id]


async def test_one_guild_s_trouble_is_no_other_s(
    room: Room, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A policy that cannot be read is logged; the other guild has its card."""
    await room.watched(guild=OTHER_GUILD)
    await room.delivered(0)
    job = await room.delivered(1, guild_id=OTHER_GUILD)
    with closing(sqlite3.connect(file)) as connection:
        query = """UPDATE guild_policy SET body = '{"log_videos_since": "x"}' WHERE guild_id = ?"""
        connection.execute(query, (GUILD,))
        connection.commit()
    await room.log.look()

    assert room.discord.shown == [job.id]
    assert f"guild {GUILD}: cards of its videos could not be posted" in caplog.text


async def test_an_approved_job_s_card_shows_its_end(room: Room) -> None:
    """Also where cards of videos are off; and when Discord lets one wait."""
    await room.watched(on=False)
    job = await room.delivered()
    await room.store.note(job.id, log_channel_id=LOG, log_message_id=5)
    room.discord.edits.extend([False, False])
    await room.ended(job)

    assert room.discord.cards[5].state is JobState.DELIVERED
    assert room.clock.slept_s == [5.0, 30.0]


async def test_what_happens_while_the_card_is_on_its_way_is_on_it(room: Room) -> None:
    """A video removed in that moment does not look as if it were there."""
    job = await room.delivered()
    posting = asyncio.create_task(room.log_cards.post(job, LOG))
    await asyncio.sleep(0)
    await room.store.take_down(
        job.id, guild_id=GUILD, actor_id=MODERATOR, reason="No", refund=False, now=NOW
    )
    await posting

    assert room.discord.cards[1].removed_by == MODERATOR


# -- taking videos down ------------------------------------------------------------------------


async def test_delete_and_refund(room: Room) -> None:
    """The message goes, the credits come back, both cards say so, and the log is told once."""
    job = await room.ended(await room.delivered())
    removal = await room.desk.take_down(NORA, job.id, refund=True, reason="  Not   here ")

    assert (removal.removed_now, removal.credits_back) == (True, job.price_credits)
    assert removal.message is Deletion.GONE
    assert room.discord.deleted == [7000]
    now = await room.job(job)
    assert (now.removed_by, now.removal_reason) == (MODERATOR, "Not here")
    assert now.result_message_id is None
    assert now.refunded_at is not None
    assert room.cards.shown[-1][0] == now
    assert room.discord.cards[1] == now
    assert room.notices.told == [VideoRemoved(job=now, credits_back=job.price_credits)]
    assert await room.actions() == [
        ("job.take_down", MODERATOR, "Not here"),
        ("job.refund", MODERATOR, "Not here"),
    ]


@pytest.mark.parametrize(("days", "lapsed"), [(0, False), (62, True)])
async def test_a_refund_of_a_past_month_is_known_as_such(
    room: Room, days: int, *, lapsed: bool
) -> None:
    """The credits go back to a month that nobody can spend any more: the answer says so."""
    job = await room.delivered()
    room.clock.at += timedelta(days=days)
    removal = await room.desk.take_down(NORA, job.id, refund=True, reason="Not here")

    assert (removal.credits_back, removal.lapsed) == (job.price_credits, lapsed)


async def test_a_refund_may_come_later(room: Room) -> None:
    """By another moderator; who removed it stays noted, the refund has its own reason."""
    job = await room.delivered()
    await room.desk.take_down(NORA, job.id, refund=False, reason="Not here")
    later = await room.desk.take_down(OLGA, job.id, refund=True, reason="A mistake")
    again = await room.desk.take_down(NORA, job.id, refund=True, reason="Once more")

    assert (later.removed_now, later.credits_back) == (False, job.price_credits)
    assert (again.removed_now, again.credits_back) == (False, 0)
    assert (await room.job(job)).removed_by == MODERATOR
    assert [type(change) for change in room.notices.told] == [VideoRemoved, CreditsReturned]
    assert room.discord.deleted == [7000]
    assert (await room.actions())[-1] == ("job.refund", OLGA.user_id, "A mistake")


@pytest.mark.parametrize(
    ("error", "message"),
    [(PostLaterError("503"), Deletion.LATER), (CannotPostError("403"), Deletion.FORBIDDEN)],
)
async def test_a_message_that_stays_can_be_deleted_again(
    room: Room, error: Exception, message: Deletion
) -> None:
    """What is written down holds; the message is still known and goes at the next press."""
    job = await room.delivered()
    room.discord.trouble.append(error)
    removal = await room.desk.take_down(NORA, job.id, refund=True, reason="Not here")
    still_there = (await room.job(job)).result_message_id
    again = await room.desk.delete_again(OLGA, job.id)

    assert removal.message is message
    assert (removal.credits_back, still_there) == (job.price_credits, 7000)
    assert again.message is Deletion.GONE
    assert room.discord.deleted == [7000]
    assert (await room.job(job)).removed_by == MODERATOR
    assert len(room.notices.told) == 1


async def test_pressing_delete_once_more_also_deletes_what_stayed(room: Room) -> None:
    """The form is still open to it, and opens no more when all is done."""
    job = await room.delivered()
    room.discord.trouble.append(PostLaterError("503"))
    await room.desk.take_down(NORA, job.id, refund=False, reason="Not here")
    offered = await room.desk.job_for(GUILD, job.id, "delete")
    await room.desk.take_down(OLGA, job.id, refund=False, reason="Me too")

    assert offered.id == job.id
    with pytest.raises(DecidedError, match=f"<@{MODERATOR}> was faster"):
        await room.desk.job_for(GUILD, job.id, "delete")
    assert await room.desk.job_for(GUILD, job.id, "refund")
    await room.desk.take_down(OLGA, job.id, refund=True, reason="Sorry")
    with pytest.raises(DecidedError, match="the credits were given back"):
        await room.desk.job_for(GUILD, job.id, "refund")


async def test_of_many_at_the_same_moment_one_removes(room: Room) -> None:
    """Credits go back once, the log hears of it once, everybody learns who it was."""
    job = await room.delivered()
    by = [Moderator(guild_id=GUILD, user_id=MODERATOR + number) for number in range(6)]
    removals = await asyncio.gather(
        *(room.desk.take_down(one, job.id, refund=True, reason="No") for one in by)
    )

    assert sum(removal.removed_now for removal in removals) == 1
    assert sum(removal.credits_back for removal in removals) == job.price_credits
    assert len({removal.job.removed_by for removal in removals}) == 1
    assert len(room.notices.told) == 1
    assert len(await room.actions()) == 2


async def test_what_cannot_be_done_changes_nothing(room: Room) -> None:
    """Another guild's job, one without a video, no reason, a video that is not removed."""
    job, running = await room.delivered(), await walked_to(room.store, JobState.RUNNING, 1)
    stranger = Moderator(guild_id=OTHER_GUILD, user_id=9)
    desk, before = room.desk, await room.job(job)
    with pytest.raises(NotFoundError):
        await desk.take_down(stranger, job.id, refund=True, reason="Mine")
    with pytest.raises(NotFoundError):
        await desk.block(stranger, job.id, duration=None, reason="Mine")
    with pytest.raises(NotFoundError):
        await desk.delete_again(stranger, job.id)
    with pytest.raises(NotFoundError):
        await desk.job_for(OTHER_GUILD, job.id, "delete")
    with pytest.raises(RefusedError, match="nothing to remove"):
        await desk.job_for(GUILD, running.id, "delete")
    with pytest.raises(RefusedError, match="was made"):
        await desk.take_down(NORA, running.id, refund=True, reason="No")
    with pytest.raises(BadInputError, match="Give a reason"):
        await desk.take_down(NORA, job.id, refund=True, reason=" ")
    with pytest.raises(RefusedError, match="was not removed"):
        await desk.delete_again(NORA, job.id)

    assert await room.job(job) == before
    assert await room.policies.block_of(OTHER_GUILD, MEMBER, now=NOW) is None
    assert (room.discord.deleted, room.notices.told, await room.actions()) == ([], [], [])


async def test_who_made_it_is_blocked(room: Room) -> None:
    """For the time given, with the reason; the job is only how they are found."""
    job = await room.delivered()
    block = await room.desk.block(NORA, job.id, duration=timedelta(hours=2), reason="Enough")

    assert block == await room.policies.block_of(GUILD, MEMBER, now=room.clock.now())
    assert block.until == room.clock.now() + timedelta(hours=2)
    assert len(room.notices.told) == 1


async def test_nothing_is_begun_after_the_end(room: Room) -> None:
    """A job that ends while the bot stops gets its card at the next start."""
    await room.errands.close()
    job = await room.delivered()
    room.log.ended(job)
    await asyncio.sleep(0)
    stopped = list(room.discord.tried)
    await room.log.look()

    assert stopped == []
    assert room.discord.shown == [job.id]
