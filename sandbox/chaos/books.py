"""The four books and their comparison: jobs, ledger, provider, Discord. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bot.discord_ui.looks import LOOKS
from bot.job import RELEASING, SETTLING, TERMINAL, FailureReason, JobState

# What the provider made and charged although no video could be had: each is counted.
CHARGED_WITHOUT_VIDEO = frozenset(
    {FailureReason.EXPIRED, FailureReason.BAD_RESULT, FailureReason.TOO_SLOW}
)
Code: TypeAlias = Literal[
    "vanished",  # the member saw it accepted, and there is no such job
    "refused but taken",  # the member was told no, and there is a job
    "lost",  # accepted, and never ended
    "posted twice",  # the provider took it more than once
    "made twice",  # one yes to a price became two jobs
    "dropped but shown",  # the member was told that it is dropped, and the video was posted
    "charged for nothing",  # the provider made and charged it, and the job says otherwise
    "charged for nobody",  # no job knows the request
    "not charged",  # delivered or dropped, and the provider made nothing
    "no video",  # delivered, and nothing is there
    "two videos",  # more than one message with it
    "unbooked video",  # not delivered, and the video is there
    "ledger",  # the entries do not explain the outcome
    "two cards",
    "card not final",
    "card says otherwise",
    "left thinking",  # never accepted, and never told so by a bot that lived on
]


@dataclass(frozen=True, kw_only=True)
class JobEntry:
    """What the database says of one job.

    Attributes:
        inputs: What is sent. Members who ask for the same again may make two jobs alike.
    """

    job_id: str
    inputs: str
    state: JobState
    price: int
    reserved: int
    settled: int
    released: int
    request_id: str | None = None
    failure: FailureReason | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderEntry:
    """What the provider says of one request that it took."""

    request_id: str
    inputs: str
    completed: bool
    charged_usd: float | None


@dataclass(frozen=True, kw_only=True)
class Card:
    """A public answer to a command, as it looks at last."""

    job_id: str
    message_id: str
    words: str
    loading: bool = False
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Video:
    """A message with a job's video, or with the link to it; deleted ones count, too."""

    job_id: str
    message_id: str


@dataclass(frozen=True, kw_only=True)
class Books:
    """Everything that is compared.

    Attributes:
        accepted: Jobs that members saw accepted.
        refused: Commands that members were told are refused, or must be said yes to first.
        yeses: For each price that was asked about, the presses that said yes to it.
        dropped: Jobs of which members were told that the video is dropped.
        interrupted: Commands during which a bot process ended: nobody was left to answer.
        ledger_problems: The bot's own check of its ledger.
    """

    accepted: Sequence[str]
    refused: Sequence[str]
    jobs: Sequence[JobEntry]
    provider: Sequence[ProviderEntry]
    cards: Sequence[Card]
    videos: Sequence[Video]
    yeses: Sequence[Sequence[str]] = ()
    dropped: Sequence[str] = ()
    interrupted: Sequence[str] = ()
    ledger_problems: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A promise that was broken."""

    code: Code
    job_id: str | None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What came of it.

    Attributes:
        charged_without_video: Jobs that the provider made and charged, and whose result could
            not be had, with the reason. Allowed.
        left_thinking: Commands that were never accepted and whose answer shows "thinking".
        most_posts: How many requests the job with the most has.
    """

    violations: Sequence[Violation]
    charged_without_video: Mapping[str, str] = field(default_factory=dict)
    left_thinking: int = 0
    most_posts: int = 0


def compare(books: Books) -> Comparison:
    """Compare the books; a run went well when there is no violation."""
    jobs = {job.job_id: job for job in books.jobs}
    posts, strangers = _assigned(books)
    cards: dict[str, list[Card]] = defaultdict(list)
    for card in books.cards:
        cards[card.job_id].append(card)
    videos = Counter(video.job_id for video in books.videos)
    violations = [
        *_promises(books, jobs),
        *(Violation(code="ledger", job_id=None, text=text) for text in books.ledger_problems),
        *(
            Violation(code="charged for nobody", job_id=None, text=entry.inputs)
            for entry in strangers
        ),
        *_unbooked(books, jobs),
        *_second_clicks(books, jobs),
        *(
            Violation(code="left thinking", job_id=card.job_id)
            for card in _left_thinking(books, jobs)
            if card.job_id not in books.interrupted
        ),
    ]
    for job in jobs.values():
        violations += _of_job(job, posts[job.job_id], videos[job.job_id], cards[job.job_id])
    return Comparison(
        violations=violations,
        charged_without_video={
            job.job_id: str(job.failure or job.state)
            for job in jobs.values()
            if _may_be_charged(job) and _charged(posts[job.job_id])
        },
        left_thinking=len(_left_thinking(books, jobs)),
        most_posts=max((len(entries) for entries in posts.values()), default=0),
    )


def _left_thinking(books: Books, jobs: Mapping[str, JobEntry]) -> list[Card]:
    return [card for card in books.cards if card.loading and card.job_id not in jobs]


def _assigned(books: Books) -> tuple[Mapping[str, list[ProviderEntry]], list[ProviderEntry]]:
    """Return which requests are whose, and those that are nobody's.

    A job knows its request; of one that does not, it is the request with its inputs. One that is
    left over when every job like it has one was sent twice.
    """
    owners = {job.request_id: job.job_id for job in books.jobs if job.request_id is not None}
    posts: dict[str, list[ProviderEntry]] = defaultdict(list)
    unknown: list[ProviderEntry] = []
    for entry in books.provider:
        owner = owners.get(entry.request_id)
        (unknown if owner is None else posts[owner]).append(entry)
    strangers: list[ProviderEntry] = []
    for entry in unknown:
        alike = [job.job_id for job in books.jobs if job.inputs == entry.inputs]
        if alike:
            posts[min(alike, key=lambda job_id: len(posts[job_id]))].append(entry)
        else:
            strangers.append(entry)
    return posts, strangers


def _promises(books: Books, jobs: Mapping[str, JobEntry]) -> Iterator[Violation]:
    for job_id in books.accepted:
        if job_id not in jobs:
            yield Violation(code="vanished", job_id=job_id)
    for job_id in books.refused:
        if job_id in jobs:
            yield Violation(code="refused but taken", job_id=job_id)


def _second_clicks(books: Books, jobs: Mapping[str, JobEntry]) -> Iterator[Violation]:
    """Find what came of a yes, or of a drop, that should not."""
    for presses in books.yeses:
        made = [job_id for job_id in presses if job_id in jobs]
        if len(made) > 1:
            yield Violation(code="made twice", job_id=made[1], text=f"{len(made)} jobs")
    shown = {video.job_id for video in books.videos}
    for job_id in books.dropped:
        if job_id in shown:
            yield Violation(code="dropped but shown", job_id=job_id)


def _unbooked(books: Books, jobs: Mapping[str, JobEntry]) -> Iterator[Violation]:
    """Find videos that nobody's job explains."""
    for video in books.videos:
        if video.job_id not in jobs:
            yield Violation(code="unbooked video", job_id=video.job_id)


def _of_job(
    job: JobEntry, posts: Sequence[ProviderEntry], videos: int, cards: Sequence[Card]
) -> Iterator[Violation]:
    if job.state not in TERMINAL:
        yield Violation(code="lost", job_id=job.job_id, text=job.state)
        return
    yield from _money(job, posts)
    if job.state is JobState.DELIVERED and videos != 1:
        code: Code = "no video" if videos == 0 else "two videos"
        yield Violation(code=code, job_id=job.job_id, text=f"{videos} messages")
    if job.state is not JobState.DELIVERED and videos:
        yield Violation(code="unbooked video", job_id=job.job_id, text=job.state)
    yield from _looks(job, cards)


def _money(job: JobEntry, posts: Sequence[ProviderEntry]) -> Iterator[Violation]:
    if len(posts) > 1:
        yield Violation(code="posted twice", job_id=job.job_id, text=f"{len(posts)} requests")
    charged = _charged(posts)
    if job.state in SETTLING and not charged:
        yield Violation(code="not charged", job_id=job.job_id)
    if charged and job.state not in SETTLING and not _may_be_charged(job):
        what = job.failure or job.state
        yield Violation(code="charged for nothing", job_id=job.job_id, text=what)
    settled, released = (0, job.price) if job.state in RELEASING else (job.price, 0)
    if (job.reserved, job.settled, job.released) != (job.price, settled, released):
        text = (
            f"{job.state}: price {job.price}, reserved {job.reserved}, settled {job.settled}, "
            f"released {job.released}"
        )
        yield Violation(code="ledger", job_id=job.job_id, text=text)


def _charged(posts: Sequence[ProviderEntry]) -> bool:
    return any(post.charged_usd is not None for post in posts)


def _may_be_charged(job: JobEntry) -> bool:
    """Tell whether the video was made, but could not be had or shown."""
    return job.state is JobState.UNDELIVERED or job.failure in CHARGED_WITHOUT_VIDEO


def _looks(job: JobEntry, cards: Sequence[Card]) -> Iterator[Violation]:
    if len(cards) > 1:
        yield Violation(code="two cards", job_id=job.job_id, text=f"{len(cards)} messages")
    for card in cards:
        if card.deleted:
            continue
        shown = _shown(card)
        if shown is None or shown not in TERMINAL:
            yield Violation(code="card not final", job_id=job.job_id, text=shown or "thinking")
        elif shown is not job.state:
            text = f"shows {shown}, is {job.state}"
            yield Violation(code="card says otherwise", job_id=job.job_id, text=text)


def _shown(card: Card) -> JobState | None:
    """Return the state whose look a card has."""
    if card.loading:
        return None
    heading = f"{card.words.strip()}\n".splitlines()[0]
    looks = {state: f"{look.symbol} {look.title}" for state, look in LOOKS.items()}
    return next((state for state, words in looks.items() if words in heading), None)
