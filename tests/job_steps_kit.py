"""A job's three steps on a real database and a real client, with both far ends scripted."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.delivery import Deliverer
from bot.job import Job
from bot.jobs.breaker import Breaker
from bot.jobs.budget import RequestBudget
from bot.jobs.follow import Follower
from bot.jobs.handing import HandOver
from bot.jobs.kept_videos import KeptVideos
from bot.jobs.learning import Latencies
from bot.jobs.ports import (
    DIRECT,
    CannotPostError,
    Link,
    Posted,
    Standing,
    TooLargeToPostError,
    VideoFile,
    Where,
)
from bot.jobs.send_again import SendAgain
from bot.jobs.stop_time import DEFAULT_STOP_S, StopTime
from bot.jobs.submit import Submitter
from bot.jobs.thumbnails import Thumbnails
from bot.jobs.watched_provider import WatchedProvider
from bot.media import Downloader, MediaDesk, MediaInspector, VideoShrinker, ffmpeg_program
from bot.quota import EntryKind
from bot.segmind import SegmindClient, make_session
from bot.storage import JobStore, PolicyStore, UndeliveredStore
from tests.segmind_far_end import FarEnd
from tests.storage_kit import NOW, accepted

T2V = "wan-2.2-t2v-fast"
BODY = {
    "prompt": "a fox `jumps` 🦊",
    "aspect_ratio": "16:9",
    "frames_per_second": 16,
    "go_fast": True,
    "high_noise_lora_scale": 1,
    "num_frames": 81,
    "resolution": "480p",
    "sample_shift": 12.5,
    "seed": 7,
}
TIME_LIMIT_S = 3600.0
DIRECT_CHANNEL = 8000


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept_s: list[float] = []
        self.on_sleep: Callable[[], Awaitable[None]] | None = None

    def now(self) -> datetime:
        """Return the time, UTC."""
        return self.at

    def monotonic_s(self) -> float:
        """Return seconds since the beginning."""
        return self.passed_s

    @property
    def passed_s(self) -> float:
        """Seconds since the beginning."""
        return (self.at - NOW).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.slept_s.append(seconds)
        self.at += timedelta(seconds=seconds)
        if self.on_sleep is not None:
            await self.on_sleep()
        await asyncio.sleep(0)


@dataclass
class RecordingCards:
    """Keeps what the cards were asked to show."""

    shown: list[tuple[Job, Standing]] = field(default_factory=list)

    def show(self, job: Job, standing: Standing) -> None:
        """Keep it."""
        self.shown.append((job, standing))

    def open(self, job: Job, standing: Standing) -> None:
        """Keep it, unless the job was shown before."""
        if all(shown.id != job.id for shown, _ in self.shown):
            self.show(job, standing)

    def redraw(self, job: Job) -> None:
        """Keep it, too."""
        self.shown.append((job, Standing()))

    async def finish(self, job: Job) -> None:
        """Keep it, too."""
        self.shown.append((job, Standing()))

    @property
    def states(self) -> list[str]:
        """The states shown, without repetitions."""
        names = [job.state.value for job, _ in self.shown]
        return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]

    @property
    def hints(self) -> set[str]:
        """All remarks shown."""
        return {standing.hint for _, standing in self.shown if standing.hint}


@dataclass(frozen=True, kw_only=True)
class Post:
    """A message with a result.

    Attributes:
        how: `video`, `link` or `direct`.
        channel_id: Where; None for direct messages, or the job's own channel.
        data: The file's bytes, read when it was posted.
        smaller: Whether the member was told that the file is a smaller copy.
        url: The link, or beside a smaller copy the original's.
    """

    id: int
    how: str
    job_id: int
    channel_id: int | None = None
    data: bytes | None = None
    smaller: bool = False
    url: str | None = None
    expires_at: datetime | None = None


@dataclass
class Channel:
    """Discord's side of delivery: keeps messages, and refuses what it is told to refuse.

    Attributes:
        trouble: Raised by the next calls that post, one each; None lets one through.
        answer_lost: The next error comes after the message was made.
        on_video: Called with the job when a file is about to be posted.
        closed: No permission to post in any channel.
        closed_channels: Nor in these.
        links_closed: Nor to post links in channels, though files are looked at.
        dms_closed: The member takes no direct messages.
        max_bytes: What Discord really takes in channels.
        direct_max_bytes: And in direct messages.
        known_bytes: What the bot believes that it takes; None for the truth.
        lower_bytes: What it believes after a refusal.
    """

    posts: list[Post] = field(default_factory=list)
    trouble: deque[Exception | None] = field(default_factory=deque)
    search_trouble: deque[Exception] = field(default_factory=deque)
    answer_lost: bool = False
    on_video: Callable[[Job], Awaitable[None]] | None = None
    closed: bool = False
    closed_channels: set[int] = field(default_factory=set)
    links_closed: bool = False
    dms_closed: bool = False
    max_bytes: int = 10 * 2**20
    direct_max_bytes: int = 10 * 2**20
    known_bytes: int | None = None
    lower_bytes: int | None = None
    searches: int = 0
    calls: list[str] = field(default_factory=list)

    async def find_result(self, job: Job) -> Posted | None:
        """Look for the message."""
        self.searches += 1
        if self.search_trouble:
            raise self.search_trouble.popleft()
        return next((place(post, job) for post in self.posts if post.job_id == job.id), None)

    async def post_video(
        self,
        job: Job,
        video: VideoFile,
        where: Where,
        *,
        smaller: bool = False,
        original: Link | None = None,
    ) -> Posted:
        """Take a file."""
        how = "direct" if where == DIRECT else "video"
        self.calls.append(how)
        if self.on_video is not None:
            await self.on_video(job)
        if self._is_closed(where):
            raise CannotPostError("Missing Permissions")
        max_bytes = self.direct_max_bytes if where == DIRECT else self.max_bytes
        if video.size_bytes > max_bytes:
            known = self.known_bytes or max_bytes
            fits_bytes = known if video.size_bytes > known else self.lower_bytes
            raise TooLargeToPostError("Request entity too large", fits_bytes=fits_bytes)
        data = await asyncio.to_thread(video.path.read_bytes)
        url = original.url if original else None
        return self._keep(how, job, where, data=data, smaller=smaller, url=url)

    async def post_link(self, job: Job, link: Link, where: Where) -> Posted:
        """Take a link."""
        self.calls.append("link")
        if self._is_closed(where) or (self.links_closed and where != DIRECT):
            raise CannotPostError("Missing Permissions")
        return self._keep("link", job, where, url=link.url, expires_at=link.expires_at)

    def _is_closed(self, where: Where) -> bool:
        closed = self.dms_closed if where == DIRECT else self.closed
        return closed or where.channel_id in self.closed_channels

    def _keep(self, how: str, job: Job, where: Where, **facts: Any) -> Posted:
        error = self.trouble.popleft() if self.trouble else None
        if error is not None and not self.answer_lost:
            raise error
        post = Post(
            id=9000 + len(self.posts),
            how=how,
            job_id=job.id,
            channel_id=where.channel_id,
            **facts,
        )
        self.posts.append(post)
        if error is not None:
            raise error
        return place(post, job)


def place(post: Post, job: Job) -> Posted:
    """Return where a job's post is."""
    if post.how == "direct":
        return Posted(channel_id=DIRECT_CHANNEL, message_id=post.id, direct=True)
    return Posted(channel_id=post.channel_id or job.channel_id, message_id=post.id)


@dataclass
class Ffmpeg:
    """The machine's ffmpeg; another program may stand in its place."""

    path: str | None = field(default_factory=ffmpeg_program)

    def find(self) -> str | None:
        """Return it; None when there is none."""
        return self.path


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything around a job's steps."""

    store: JobStore
    far_end: FarEnd
    clock: Clock
    cards: RecordingCards
    channel: Channel
    ffmpeg: Ffmpeg
    budget: RequestBudget
    latencies: Latencies
    breaker: Breaker
    submit: Submitter
    follow: Follower
    deliver: Deliverer
    send_again: SendAgain
    kept: KeptVideos
    rules: PolicyStore
    stop_time: StopTime
    folder: Path

    async def job(self, number: int = 0, **changes: Any) -> Job:
        """Accept a job: queued, with its price reserved."""
        values = {"model": T2V, "parameters": BODY, **changes}
        return await accepted(self.store, number, **values)

    async def stored(self, job: Job) -> Job:
        """Return the job as the database has it now."""
        stored = await self.store.get(job.id)
        assert stored is not None
        return stored

    async def books(self, job: Job) -> list[str]:
        """Return the kinds of the job's ledger entries, all over its whole price."""
        entries = await self.store.ledger_of(job.id)
        assert {entry.credits for entry in entries} == {job.price_credits}
        return [EntryKind(entry.kind).value for entry in entries]


def _half() -> float:
    """Chance, always in the middle."""
    return 0.5


RESERVED_ONLY = ["reserve"]
RELEASED = ["reserve", "release"]
SETTLED = ["reserve", "settle"]


@asynccontextmanager
async def running_world(
    store: JobStore,
    folder: Path,
    *,
    timeout_s: float = 30.0,
    listening: bool = True,
    sending_s: float = 30.0,
) -> AsyncIterator[World]:
    """Run both far ends; at the end every credit must be accounted for.

    Args:
        store: On a migrated file.
        folder: For downloads; must be empty again at the end.
        timeout_s: The client's patience, in real seconds.
        listening: Whether the provider can be reached from the start.
        sending_s: How long sending a video again may take, in real seconds.
    """
    clock, cards, channel, ffmpeg = Clock(), RecordingCards(), Channel(), Ffmpeg()
    far_end = FarEnd(clock.now)
    budget = RequestBudget(per_minute=600, clock=clock.monotonic_s, sleep=clock.sleep)
    breaker = Breaker(now=clock.now, clock=clock.monotonic_s, sleep=clock.sleep, draw=_half)
    if listening:
        await far_end.listen()
    async with make_session() as session:
        client = WatchedProvider(
            SegmindClient(
                session,
                api_key=SecretStr("SG_0123456789abcdef"),
                api_base=far_end.url,
                history_base=far_end.url,
                upload_base=far_end.url,
                timeout_s=timeout_s,
            ),
            breaker,
        )
        downloader = Downloader(session, allowed_hosts=("127.0.0.1",), allow_http=True)
        media = MediaDesk(
            downloader,
            MediaInspector(),
            video_max_bytes=10**8,
            shrinker=VideoShrinker(program=ffmpeg.find),
        )
        hand_over = HandOver(store=store, media=media, poster=channel, cards=cards, now=clock.now)
        kept = KeptVideos(folder.with_name("kept"), jobs=store, max_bytes=10**8, now=clock.now)
        thumbnails = Thumbnails(maker=media, store=store, now=clock.now)
        rules = PolicyStore(store._database)
        stop_time = StopTime(DEFAULT_STOP_S, clock=clock.monotonic_s)
        latencies = Latencies(store, now=clock.now, clock=clock.monotonic_s)
        yield World(
            store=store,
            far_end=far_end,
            clock=clock,
            cards=cards,
            channel=channel,
            ffmpeg=ffmpeg,
            budget=budget,
            latencies=latencies,
            breaker=breaker,
            submit=Submitter(
                store=store,
                provider=client,
                cards=cards,
                budget=budget,
                breaker=breaker,
                now=clock.now,
                sleep=clock.sleep,
                draw=_half,
            ),
            follow=Follower(
                store=store,
                provider=client,
                cards=cards,
                budget=budget,
                breaker=breaker,
                latencies=latencies,
                now=clock.now,
                time_limit_s=TIME_LIMIT_S,
                sleep=clock.sleep,
                draw=_half,
            ),
            deliver=Deliverer(
                store=store,
                media=media,
                hand_over=hand_over,
                kept=kept,
                thumbnails=thumbnails,
                now=clock.now,
                folder=folder,
                sleep=clock.sleep,
            ),
            send_again=SendAgain(
                store=UndeliveredStore(store._database),
                rules=rules,
                stop_time=stop_time,
                media=media,
                hand_over=hand_over,
                kept=kept,
                thumbnails=thumbnails,
                cards=cards,
                on_end=lambda _job: None,
                now=clock.now,
                folder=folder,
                sleep=clock.sleep,
                longest_s=sending_s,
            ),
            kept=kept,
            rules=rules,
            stop_time=stop_time,
            folder=folder,
        )
    await far_end.close()
    assert await store.check_ledger() == []
    assert list(folder.iterdir()) == []  # noqa: ASYNC240 - a local folder, in a test
