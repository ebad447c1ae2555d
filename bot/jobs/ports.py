"""What the application needs from storage, edges and face, as Protocols it defines itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.job import Job, JobState, NewJob
from bot.latency import Sample
from bot.quota import Allowance, Balance, Budget

# -- storage ---------------------------------------------------------------------


class JobStore(Protocol):
    """The job rows and the ledger; every method is one transaction."""

    async def accept(
        self,
        new: NewJob,
        allowance: Allowance,
        zone: ZoneInfo,
        *,
        now: datetime,
        budget: Budget,
        state: JobState = JobState.QUEUED,
        approval_reasons: Sequence[str] = (),
    ) -> Job:
        """Reserve the price and write the row, or raise RefusedError; idempotent by id."""
        ...

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None."""
        ...

    async def transition(self, job_id: int, to: JobState, *, now: datetime, **fields: Any) -> Job:
        """Move the job on, guarded by its allowed source states; StaleStateError otherwise."""
        ...

    async def begin_delivery(self, job_id: int, *, now: datetime) -> Job:
        """Note that posting begins; StaleStateError when the video was dropped."""
        ...

    async def note(self, job_id: int, **fields: Any) -> Job:
        """Write facts that change no state."""
        ...

    async def unfinished(self) -> list[Job]:
        """Return all jobs that are not terminal, oldest first."""
        ...

    async def unfinished_ids(self) -> list[int]:
        """Return the ids of `unfinished`, in no order: far cheaper where jobs are many."""
        ...

    async def queued(self) -> list[Job]:
        """Return all jobs in the queue, oldest first."""
        ...

    async def of_member(
        self, user_id: int, *, guild_id: int | None = None, limit: int = 25
    ) -> list[Job]:
        """Return a member's jobs, newest first."""
        ...

    async def place_in_queue(self, job_id: int) -> int:
        """Return 1 for the next job to be sent, 2 for the one after it, ..."""
        ...

    async def balance(
        self,
        *,
        guild_id: int | None,
        user_id: int,
        allowance: Allowance,
        zone: ZoneInfo,
        now: datetime,
        budget: Budget,
    ) -> Balance:
        """Return what a member has used, reserved and left."""
        ...

    async def known_request_ids(self, request_ids: Iterable[str]) -> set[str]:
        """Return those of the provider's ids that already belong to a job."""
        ...

    async def record_latency(self, model: str, size_key: str, *samples: Sample) -> None:
        """Keep how long the provider took for jobs of a kind, for the poll schedule."""
        ...

    async def latencies(self, model: str, size_key: str, *, limit: int = 100) -> Sequence[Sample]:
        """Return how long the newest jobs took, newest first."""
        ...


# -- the durable engine (bot.jobs.engine) ---------------------------------------------


class Engine(Protocol):
    """The durable engine, as the intake sees it."""

    async def enqueue(self, job: Job) -> None:
        """Let the job run, once, whatever dies; idempotent by the job's id."""
        ...


class EngineRecords(Engine, Protocol):
    """The durable engine, as the watch of the queue sees it."""

    async def unknown(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Return those of the jobs that were never enqueued, or whose records are gone."""
        ...


# -- approval (bot.jobs.approval) ---------------------------------------------------


class Approvals(Protocol):
    """Asks a guild's moderators."""

    async def ask(self, job: Job) -> None:
        """Show a waiting job to the moderators; never raises, it is shown later if it must be."""
        ...


# -- the provider (bot.segmind) -----------------------------------------------------


class Accepted(Protocol):
    """A submit that the provider took."""

    @property
    def request_id(self) -> str: ...
    @property
    def status_url(self) -> str: ...
    @property
    def response_url(self) -> str: ...


class Progress(Protocol):
    """One answer to a poll: QUEUED, PROCESSING, COMPLETED or FAILED."""

    @property
    def status(self) -> str: ...
    @property
    def error(self) -> str | None: ...


class Result(Protocol):
    """The finished request."""

    @property
    def output_url(self) -> str: ...
    @property
    def cost_usd(self) -> float | None: ...
    @property
    def queue_s(self) -> float | None: ...
    @property
    def total_s(self) -> float | None: ...


class HistoryRow(Protocol):
    """One row of the account's request history: PENDING, COMPLETED or FAILED."""

    @property
    def request_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def request_body(self) -> Mapping[str, Any]: ...
    @property
    def created_at(self) -> datetime | None: ...
    @property
    def output_url(self) -> str | None: ...
    @property
    def cost_usd(self) -> float | None: ...
    @property
    def error(self) -> str | None: ...


class HistoryPage(Protocol):
    """A page of the request history."""

    @property
    def rows(self) -> Sequence[HistoryRow]: ...


class Provider(Protocol):
    """Segmind's calls; errors are `bot.errors.ProviderError`s."""

    async def submit(self, slug: str, body: dict[str, Any]) -> Accepted: ...
    async def poll(self, status_url: str) -> Progress: ...
    async def fetch(self, response_url: str) -> Result: ...
    async def history(
        self, *, model: str, since: date, page: int = 1, per_page: int = 100
    ) -> HistoryPage: ...
    async def history_row(self, request_id: str) -> HistoryRow | None: ...
    async def balance_usd(self) -> float: ...
    async def upload(self, data: bytes, media_type: str) -> str: ...
    def request_urls(
        self, request_id: str, status_url: str | None = None, response_url: str | None = None
    ) -> tuple[str, str]:
        """Return where to ask about a request: as given where we may, else the API's own."""
        ...


# -- media (bot.media) ----------------------------------------------------------------


class PreparedImage(Protocol):
    """A checked picture; `data` is None when the address given can be used as it is."""

    @property
    def media_type(self) -> str: ...
    @property
    def data(self) -> bytes | None: ...


class VideoFile(Protocol):
    """A complete video on disk."""

    @property
    def path(self) -> Path: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def pictures_per_s(self) -> float: ...
    @property
    def has_sound(self) -> bool: ...


class Media(Protocol):
    """Checks and transfers; results raise MediaError."""

    async def check_image(self, url: str) -> PreparedImage:
        """Fetch and check an attached picture; MemberError says what is wrong with it."""
        ...

    async def check_audio(self, url: str) -> None:
        """Fetch and check an attached sound; MemberError says what is wrong with it."""
        ...

    async def fetch_video(self, url: str, path: Path) -> VideoFile:
        """Write a result to `path`, complete and checked to be a video."""
        ...

    async def open_video(self, path: Path) -> VideoFile:
        """Return a video that is on disk; OSError when there is no such file."""
        ...

    async def shrink(self, video: VideoFile, path: Path, *, limit_bytes: int) -> VideoFile:
        """Write a copy to `path` that has at most `limit_bytes`; MediaError when it cannot be."""
        ...


# -- the face (bot.discord_ui.card_keeper, .poster) --------------------------------------


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a status card shows beyond the job itself.

    Attributes:
        place: Place in the queue, 1 = next; None when it is not waiting.
        processing: Whether the provider says that it works on it; None before it was asked.
        expected_s: How long the provider usually takes for this model and size.
        elapsed_s: Seconds since the provider accepted it.
        hint: A remark in the member's language, such as why it waits; None for none.
        tells: Whether its member is told of its end by direct message; None: not known here.
    """

    place: int | None = None
    processing: bool | None = None
    expected_s: float | None = None
    elapsed_s: float = 0.0
    hint: str | None = None
    tells: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Where:
    """A place for a video: a channel or thread; with None the member's direct messages."""

    channel_id: int | None

    @classmethod
    def of(cls, job: Job) -> "Where":
        """Return the place where a job was asked for."""
        return cls(channel_id=job.channel_id)


DIRECT = Where(channel_id=None)


@dataclass(frozen=True, kw_only=True)
class Link:
    """The video at the provider, as long as it is there."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Posted:
    """The message that carries a result, and the channel (or direct messages) it is in.

    Attributes:
        direct: Whether the member alone sees it, though the job was asked for elsewhere.
    """

    channel_id: int
    message_id: int
    direct: bool = False


class CannotPostError(Exception):
    """Discord does not let us post there: channel gone, no permission, DMs closed."""


class TooLargeToPostError(Exception):
    """Discord refused the file's size (413 / 40005), or it is over the known limit.

    Attributes:
        fits_bytes: What should be taken; None when no lower limit is known.
    """

    def __init__(self, message: str, *, fits_bytes: int | None) -> None:
        super().__init__(message)
        self.fits_bytes = fits_bytes


class PostLaterError(Exception):
    """Discord is in trouble (5xx, cut connection): posting may work later, look first."""


class Cards(Protocol):
    """The status card of a job."""

    def show(self, job: Job, standing: Standing) -> None:
        """Let the card show this soon; a newer picture replaces an older one. Never raises."""
        ...

    def open(self, job: Job, standing: Standing) -> None:
        """Show this as the first picture, unless there was a later one already. Never raises."""
        ...

    async def finish(self, job: Job) -> None:
        """Show the end on the card and edit it no more. Never raises for Discord's refusals."""
        ...


class Poster(Protocol):
    """Puts the video in front of the member: all but the search raise the errors above."""

    async def find_result(self, job: Job) -> Posted | None:
        """Return the message that already carries this job's result, if there is one.

        It looks where the job was asked for, where `result_channel_id` says that it was tried,
        and in direct messages; PostLaterError when Discord cannot say.
        """
        ...

    async def post_video(
        self,
        job: Job,
        video: VideoFile,
        where: Where,
        *,
        smaller: bool = False,
        original: Link | None = None,
    ) -> Posted:
        """Post the file; `smaller` for a smaller copy, `original` where the original can be had."""
        ...

    async def post_link(self, job: Job, link: Link, where: Where) -> Posted:
        """Post a link instead."""
        ...
