from dataclasses import replace
from typing import Any

import pytest

from bot.discord_ui.looks import LOOKS
from bot.job import TERMINAL, FailureReason, JobState
from sandbox.chaos.books import Books, Card, JobEntry, ProviderEntry, Video, compare

DELIVERED, FAILED, CANCELLED = "1", "2", "3"


def words(state: JobState) -> str:
    """Return a card as it looks in a state."""
    return f"### {LOOKS[state].symbol} {LOOKS[state].title} · Some Model\nkite"


GOOD = Books(
    accepted=[DELIVERED, FAILED, CANCELLED],
    refused=["9"],
    jobs=[
        JobEntry(
            job_id=DELIVERED,
            inputs="kite",
            state=JobState.DELIVERED,
            price=8,
            reserved=8,
            settled=8,
            released=0,
            request_id="a",
        ),
        JobEntry(
            job_id=FAILED,
            inputs="swan",
            state=JobState.FAILED,
            price=17,
            reserved=17,
            settled=0,
            released=17,
            request_id="b",
            failure=FailureReason.INFERENCE,
        ),
        JobEntry(
            job_id=CANCELLED,
            inputs="rook",
            state=JobState.CANCELLED,
            price=8,
            reserved=8,
            settled=0,
            released=8,
        ),
    ],
    provider=[
        ProviderEntry(request_id="a", inputs="kite", completed=True, charged_usd=0.1),
        ProviderEntry(request_id="b", inputs="swan", completed=False, charged_usd=None),
    ],
    cards=[
        Card(job_id=DELIVERED, message_id="11", words=words(JobState.DELIVERED)),
        Card(job_id=FAILED, message_id="12", words=words(JobState.FAILED)),
        Card(job_id=CANCELLED, message_id="13", words=words(JobState.CANCELLED)),
    ],
    videos=[Video(job_id=DELIVERED, message_id="21")],
)


THINKING = Card(job_id="7", message_id="15", words="", loading=True)


def with_job(job_id: str, **changes: Any) -> Books:
    """Return the good books with one job that is another."""
    jobs = [replace(job, **changes) if job.job_id == job_id else job for job in GOOD.jobs]
    return replace(GOOD, jobs=jobs)


def with_card(job_id: str, **changes: Any) -> Books:
    """Return the good books with one card that is another."""
    cards = [replace(card, **changes) if card.job_id == job_id else card for card in GOOD.cards]
    return replace(GOOD, cards=cards)


def charged(prompt: str, books: Books = GOOD) -> Books:
    """Return books in which the provider made and charged this, too."""
    entry = ProviderEntry(request_id="x", inputs=prompt, completed=True, charged_usd=0.2)
    return replace(books, provider=[*books.provider, entry])


def test_equal_books_break_no_promise() -> None:
    """A video, a failure and a cancel, each told and paid once."""
    found = compare(GOOD)

    assert found.violations == []
    assert found.charged_without_video == {}


BROKEN = {
    "vanished": replace(GOOD, accepted=[*GOOD.accepted, "4"]),
    "refused but taken": replace(GOOD, refused=[FAILED]),
    "lost": with_job(DELIVERED, state=JobState.RUNNING),
    "posted twice": replace(GOOD, provider=[*GOOD.provider, replace(GOOD.provider[1])]),
    "charged for nothing": charged("rook"),
    "charged for nobody": charged("crow"),
    "not charged": replace(GOOD, provider=GOOD.provider[1:]),
    "no video": replace(GOOD, videos=[]),
    "two videos": replace(GOOD, videos=[*GOOD.videos, replace(GOOD.videos[0], message_id="22")]),
    "unbooked video": replace(GOOD, videos=[*GOOD.videos, Video(job_id=FAILED, message_id="22")]),
    "ledger": with_job(FAILED, released=0),
    "two cards": replace(GOOD, cards=[*GOOD.cards, replace(GOOD.cards[0], message_id="14")]),
    "card not final": with_card(FAILED, words=words(JobState.RUNNING)),
    "card says otherwise": with_card(FAILED, words=words(JobState.DELIVERED)),
    "left thinking": replace(GOOD, cards=[*GOOD.cards, THINKING]),
    "made twice": replace(GOOD, yeses=[["5", FAILED], [DELIVERED, CANCELLED]]),
    "dropped but shown": replace(GOOD, dropped=[FAILED, DELIVERED]),
}


@pytest.mark.parametrize("code", BROKEN)
def test_each_broken_promise_is_found_by_its_name(code: str) -> None:
    """One thing is wrong in the books, and one thing is said."""
    found = compare(BROKEN[code]).violations

    assert [violation.code for violation in found] == [code]


@pytest.mark.parametrize(
    ("books", "code"),
    [
        (replace(GOOD, ledger_problems=["entry 5 belongs to nobody"]), "ledger"),
        (with_job(DELIVERED, settled=16), "ledger"),
        (with_job(DELIVERED, settled=0), "ledger"),
        (with_job(DELIVERED, reserved=0), "ledger"),
        (with_job(CANCELLED, settled=8), "ledger"),
        (with_card(DELIVERED, loading=True), "card not final"),
        (
            replace(GOOD, videos=[*GOOD.videos, Video(job_id="8", message_id="22")]),
            "unbooked video",
        ),
    ],
    ids=["check", "twice", "never", "unreserved", "both", "thinking", "of-nobody"],
)
def test_other_ways_of_being_wrong_are_found_too(books: Books, code: str) -> None:
    """Money and cards can be wrong in more than one way."""
    assert [violation.code for violation in compare(books).violations] == [code]


def test_two_requests_for_a_video_are_two_even_when_one_failed() -> None:
    """What counts is what the provider took, not what it charged."""
    more = replace(GOOD.provider[0], request_id="c", completed=False, charged_usd=None)

    found = compare(replace(GOOD, provider=[*GOOD.provider, more])).violations

    assert [violation.code for violation in found] == ["posted twice"]


def test_two_jobs_alike_have_a_request_each() -> None:
    """Who wants the very same again pays for two; a third request would be one too many."""
    lost = replace(GOOD.jobs[1], inputs="kite", request_id=None, failure=FailureReason.NOT_FOUND)
    books = replace(GOOD, jobs=[GOOD.jobs[0], lost, GOOD.jobs[2]], provider=GOOD.provider[:1])
    more = replace(GOOD.provider[0], request_id="c", charged_usd=None)
    other = replace(more, request_id="d")

    assert compare(books).violations == []
    assert compare(replace(books, provider=[*books.provider, more])).violations == []
    [found] = compare(replace(books, provider=[*books.provider, more, other])).violations
    assert found.code == "posted twice"


@pytest.mark.parametrize("reason", [FailureReason.EXPIRED, FailureReason.BAD_RESULT])
def test_a_result_that_could_not_be_had_is_counted_with_its_reason(reason: FailureReason) -> None:
    """The provider's own loss is no broken promise, but nobody forgets it."""
    books = with_job(FAILED, failure=reason)
    books = replace(books, provider=[books.provider[0], charged("swan").provider[-1]])

    found = compare(books)

    assert found.violations == []
    assert found.charged_without_video == {FAILED: reason.value}


def test_a_card_that_somebody_deleted_says_nothing() -> None:
    """Members may delete what they see."""
    assert compare(with_card(FAILED, words=words(JobState.RUNNING), deleted=True)).violations == []


def test_a_thinking_answer_without_a_job_is_only_counted() -> None:
    """The bot died in between: after 15 minutes Discord says that nobody answered."""
    books = replace(GOOD, cards=[*GOOD.cards, THINKING], interrupted=["7"])

    found = compare(books)

    assert (found.violations, found.left_thinking) == ([], 1)


@pytest.mark.parametrize("state", JobState)
def test_every_look_is_recognised(state: JobState) -> None:
    """A card in any state that is not the job's is found."""
    found = compare(with_card(CANCELLED, words=words(state))).violations

    expected = "card says otherwise" if state in TERMINAL else "card not final"
    assert [v.code for v in found] == ([] if state is JobState.CANCELLED else [expected])
