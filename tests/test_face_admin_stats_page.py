"""The page of the statistics: pure, within Discord's limits, and saying which dollars are real."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.discord_ui.admin.books import book_of
from bot.discord_ui.admin.items import Press
from bot.discord_ui.admin.stats import stats_page
from bot.errors import BadInputError
from bot.job import JobState
from bot.jobs.report_desk import TOP_MEMBERS, Report
from bot.statistics import Statistics, Tally, Totals
from tests.face_kit import MOST_COMPONENTS, MOST_TEXT, components, texts
from tests.test_statistics import BERLIN, TODAY, fact

HUGE = Totals(jobs=10**15, credits=10**15, usd=Decimal(10**15), usd_estimated=Decimal(10**14))


def counted(*facts: object, days: int = 30) -> Statistics:
    """Count the last days."""
    tally = Tally(first_day=TODAY - timedelta(days=days - 1), last_day=TODAY, zone=BERLIN)
    tally.add(facts)  # type: ignore[arg-type]  # they are facts
    return tally.statistics()


def page(found: Statistics, *, days: int = 30, pictures: int = 2) -> str:
    """Return all the page's words."""
    report = Report(guild_id=1, days=days, zone="Europe/Berlin", statistics=found)
    return "\n".join(texts(stats_page(report, pictures=pictures)))


def test_the_page_says_what_was_made() -> None:
    """Whole, by state, by model, by member, and how long they waited."""
    failed = fact(state=JobState.FAILED, credits=0, usd=Decimal(0), user_id=2)
    words = page(counted(fact(), fact(queued_at=datetime(2026, 8, 1, 9, tzinfo=UTC)), failed))

    assert "Videos of the last 30 days" in words
    assert "2026-07-05 to 2026-08-03; days begin in Europe/Berlin" in words
    assert "**3 videos** of 2 members · 60 credits · 0.50 USD" in words
    assert "66.6 % of those sent were delivered" in words
    assert "✅ delivered 2" in words
    assert "Wan 2.6 Image To Video: 3 videos" in words
    assert "<@1>: 2 videos · 60 credits · 0.50 USD" in words
    assert "The busiest day was 2026-08-03: 2 videos" in words


def test_forgotten_videos_are_no_members() -> None:
    """Never "3 videos of 0 members"; nor are others' videos the one member's who is left."""
    gone = fact(user_id=0)
    nobody, with_one = page(counted(gone)), page(counted(gone, gone, fact(user_id=1)))

    assert "**1 video** · 30 credits" in nobody
    assert "Of 1 video no name is kept" in nobody
    assert "**3 videos** of 1 member · 90 credits" in with_one
    assert "Of 2 videos no name is kept" in with_one


@pytest.mark.parametrize(
    ("estimated", "cost", "words"),
    [
        ((False, False), "· 0.50 USD", "what the video service really charged."),
        ((True, True), "· ≈ 0.50 USD", "≈ USD: estimated;"),
        ((True, False), "· ≈ 0.50 USD", "≈ USD: 0.25 of them are estimated;"),
    ],
)
def test_estimated_dollars_look_it(estimated: tuple[bool, bool], cost: str, words: str) -> None:
    """Real ones where they are known; the page says which is which."""
    shown = page(counted(*(fact(estimated=one) for one in estimated)))

    assert cost in shown
    assert words in shown


def test_nobody_made_anything() -> None:
    """One sentence, no empty lists, and the buttons all the same."""
    words = page(counted(days=1), days=1)

    assert "Videos of today" in words
    assert "Nobody asked for a video in these days." in words
    assert "By model" not in words


def test_all_but_one_in_ten_thousand_is_not_all() -> None:
    """No rounding hides a failure."""
    many = dict.fromkeys([JobState.DELIVERED], 9999) | {JobState.FAILED: 1}
    words = page(replace(counted(fact()), states=many))

    assert "99.9 % of those sent were delivered" in words


def test_the_largest_page_fits() -> None:
    """Twenty models, huge numbers, every state; and without the picture as well."""
    huge = replace(
        counted(fact()),
        total=HUGE,
        by_model=tuple((f"a-model-that-was-once-there-{n}", HUGE) for n in range(20)),
        top_members=tuple((2**63 - n, HUGE) for n in range(TOP_MEMBERS)),
        states=dict.fromkeys(JobState, 10**12),
    )
    for pictures in (2, 0):
        report = Report(
            guild_id=1, days=366, zone="America/Argentina/ComodRivadavia", statistics=huge
        )
        view = stats_page(report, pictures=pictures)

        assert len("".join(texts(view))) < MOST_TEXT
        assert len(list(components(view))) < MOST_COMPONENTS


@pytest.mark.parametrize("args", [(), ("ledger",), ("ledger", "many"), ("ledger", "²"), ("x", "7")])
def test_buttons_of_another_version_are_told_apart(args: tuple[str, ...]) -> None:
    """What was made up gets a sentence, not a stack trace."""
    with pytest.raises(BadInputError, match="Run `/video-admin stats` again"):
        book_of(Press(verb="csv", args=args))


def test_a_button_says_which_book_of_how_many_days() -> None:
    """All of it is in its id."""
    assert book_of(Press(verb="csv", args=("audit", "30"))) == ("audit", 30)
