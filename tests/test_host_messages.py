"""What the vital signs say is wrong, and what the host reads of it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from bot.discord_ui.host_messages import FAULT_WORDS, fits, migration_text, news_text, span_words
from bot.discord_ui.words import units
from bot.host_news import (
    Fault,
    GuardRails,
    Kind,
    MigrationNote,
    News,
    Phase,
    Symptom,
    diagnose,
    overdue,
    stuck_before,
)
from bot.job import JobState
from bot.jobs.host_desk import nonce_of
from bot.vital_signs import JobsInState, Part, StuckJob
from tests.face_kit import MOST_CONTENT, hostile_text
from tests.watching_kit import NOW, parts, signs

RAILS = GuardRails(
    low_balance_usd=5.0,
    job_time_limit_s=3600,
    provider_patience_s=7200,
    monthly_usd_cap=100.0,
    cheapest_usd=0.1,
)
JOB = StuckJob(
    id=1400000000000000007,
    guild_id=1100000000000000001,
    model="wan-2.6-i2v",
    state=JobState.RUNNING,
    since=NOW - timedelta(hours=2),
)
AN_HOUR_AGO = NOW - timedelta(hours=1)


def wrong(**changes: Any) -> Mapping[Kind, Symptom]:
    """Return what is wrong with a bot of these signs."""
    found = diagnose(signs(**{"shards_open": 2} | changes), RAILS)
    return {kind: symptom for kind, symptom in found.items() if symptom is not None}


def fault(**changes: Any) -> Fault:
    """Return a fault that began an hour ago."""
    values: dict[str, Any] = {"since": AN_HOUR_AGO, "noticed_at": AN_HOUR_AGO, "lasts": True}
    return Fault(**values | changes)


def news(kind: Kind, phase: Phase = Phase.BEGIN, missed: int = 0, **changes: Any) -> News:
    """Return news of a fault that began an hour ago."""
    return News(kind=kind, phase=phase, fault=fault(**changes), missed=missed)


# -- what is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, set()),
        ({"shards_open": 1, "parts": parts(gateway="shard 1")}, {Kind.GATEWAY}),
        ({"parts": parts(database="no answer for 9 s")}, {Kind.DATABASE}),
        ({"parts": parts(engine="no answer for 9 s")}, {Kind.ENGINE}),
        ({"parts": parts(engine="away", database="away")}, {Kind.DATABASE}),
        ({"outage_since": AN_HOUR_AGO}, {Kind.PROVIDER}),
        ({"key_refused": True}, {Kind.KEY}),
        ({"balance_usd": 4.99}, {Kind.BALANCE}),
        ({"balance_usd": 5.0}, set()),
        ({"stuck": [JOB]}, {Kind.STUCK}),
        ({"month_usd": 79.99}, set()),
        ({"month_usd": 80.0}, {Kind.CAP_NEAR}),
        ({"month_usd": 99.95}, {Kind.CAP}),
        ({"month_usd": 130.0}, {Kind.CAP}),
        ({"stuck": [JOB], "outage_since": AN_HOUR_AGO}, {Kind.PROVIDER}),
        ({"stuck": [JOB], "key_refused": True}, {Kind.KEY}),
    ],
)
def test_what_is_wrong(changes: dict[str, Any], kinds: set[Kind]) -> None:
    """One cause is one fault: what follows from it is none of its own."""
    assert set(wrong(**changes)) == kinds


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        # A bot that starts has no connection yet and has asked nothing.
        ({"shards": 0, "shards_open": 0, "parts": parts(gateway="not yet")}, Kind.GATEWAY),
        (
            {"parts": [replace(one, known=one.name != "database") for one in parts()]},
            Kind.DATABASE,
        ),
        ({"parts": [replace(one, known=one.name != "engine") for one in parts()]}, Kind.ENGINE),
        ({"balance_usd": None}, Kind.BALANCE),
        ({"balance_usd": 5.2}, Kind.BALANCE),  # a cent more ends nothing
        ({"stuck": None}, Kind.STUCK),
        ({"month_usd": None}, Kind.CAP),
        ({"outage_since": AN_HOUR_AGO}, Kind.KEY),
    ],
)
def test_what_nobody_knows(changes: dict[str, Any], unknown: Kind) -> None:
    """It is neither well nor wrong."""
    found = diagnose(signs(**{"shards_open": 2} | changes), RAILS)

    assert set(Kind) - set(found) >= {unknown}


def test_an_outage_counts_from_its_first_failure() -> None:
    """Not from when it was sure."""
    assert wrong(outage_since=AN_HOUR_AGO)[Kind.PROVIDER].since == AN_HOUR_AGO


@pytest.mark.parametrize(
    ("state", "hours", "stuck"),
    [
        (JobState.RUNNING, 1.2, False),
        (JobState.RUNNING, 1.3, True),
        (JobState.SUBMITTING, 1.3, True),
        (JobState.UNCERTAIN, 1.3, True),
        (JobState.FINISHED, 1.3, True),
        (JobState.QUEUED, 2.4, False),
        (JobState.QUEUED, 2.6, True),
        (JobState.AWAITING_APPROVAL, 100, False),
    ],
)
def test_from_when_on_a_job_is_stuck(state: JobState, hours: float, stuck: bool) -> None:
    """A quarter more than what should have ended it; a moderator may take their time."""
    since = NOW - timedelta(hours=hours)
    found = JobsInState(model="wan", state=state, jobs=1, oldest_at=since)

    assert overdue([found], stuck_before(RAILS, now=NOW)) is stuck


def test_without_a_limit_nothing_is_used_up() -> None:
    """However much is spent."""
    free = diagnose(signs(month_usd=1e6), replace(RAILS, monthly_usd_cap=None))

    assert not {Kind.CAP, Kind.CAP_NEAR} & set(free)


# -- what the host reads -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_each_fault_says_what_since_when_what_members_see_and_what_to_do(kind: Kind) -> None:
    """In five lines or six, short enough for a phone."""
    lines = news_text(news(kind, jobs=(JOB,) if kind is Kind.STUCK else ())).split("\n")

    assert lines[0] == f"🔴 **{FAULT_WORDS[kind].begin}**"
    assert f"<t:{AN_HOUR_AGO.timestamp():.0f}:R>" in "\n".join(lines)
    assert lines[-2].startswith("**Members:** ")
    assert lines[-1].startswith("**You:** ")
    assert all(line.endswith((".", "id", "ok")) or line.startswith(("🔴", "- ")) for line in lines)
    assert sum(map(len, lines)) < 500


@pytest.mark.parametrize("kind", list(Kind))
def test_an_end_says_how_long_it_was(kind: Kind) -> None:
    """In two lines."""
    text = news_text(news(kind, Phase.END, well_at=NOW, over=True))

    assert text.startswith(f"🟢 **{FAULT_WORDS[kind].end}**\nIt lasted 1 h 0 min, from <t:")
    assert text.count("\n") == 1


def test_a_fault_that_is_over_already_says_what_it_was() -> None:
    """Nobody has heard of it before."""
    text = news_text(news(Kind.DATABASE, Phase.PAST, missed=2, well_at=NOW, over=True))

    assert "It lasted 1 h 0 min" in text
    assert "What it was: the database cannot be used." in text
    assert text.endswith("It had come and gone 2 more times since the last message.")


def test_a_stuck_job_is_named_with_the_command_that_shows_it() -> None:
    """Its server, model, state and since when; no prompt, no member."""
    text = news_text(news(Kind.STUCK, jobs=(JOB,)))

    assert f"- `{JOB.id}`: running since <t:" in text
    assert "wan\\-2.6\\-i2v, server 1100000000000000001" in text
    assert f"`python -m bot jobs show {JOB.id}`" in text


def test_many_stuck_jobs_fit_into_one_message() -> None:
    """Five are named, the others counted."""
    jobs = tuple(replace(JOB, id=JOB.id + number, guild_id=None) for number in range(20))
    text = news_text(news(Kind.STUCK, Phase.MORE, jobs=jobs))

    assert text.startswith("🔴 **More of them: ")
    assert text.count("direct messages") == 5
    assert "- and 15 more: `python -m bot jobs`" in text
    assert units(fits(text)) <= MOST_CONTENT


@given(hostile_text(3000))
def test_what_comes_from_outside_says_nothing_of_its_own(words: str) -> None:
    """No mention, no link, no headline; the message fits."""
    found = replace(JOB, model=words)
    text = news_text(news(Kind.STUCK, detail=words, jobs=(found,)), process=words)
    bare = re.sub(r"\\.", "", re.sub(r"<t:\d+:[a-zA-Z]>", "", text))

    assert units(text) <= MOST_CONTENT
    assert "<@" not in bare
    assert "](" not in bare
    assert text.count("\n") == 5


def test_of_several_processes_one_says_which_it_is() -> None:
    """Each has a gateway of its own."""
    assert news_text(news(Kind.GATEWAY), process="bot-2").startswith(
        "🔴 **The bot has lost its connection to Discord** (bot\\-2)\n"
    )


def test_a_migration_says_from_what_to_what() -> None:
    """And by which version."""
    note = MigrationNote(before="0007", after="0012", program="0.2.0", at=NOW)

    assert migration_text(note).startswith(
        "🔵 **Version 0.2.0 has changed the database's tables**\nFrom schema 0007 to 0012, <t:"
    )


def test_a_migration_says_the_way_back() -> None:
    """To the tables that there were: a backup of before would lose what happened since."""
    note = MigrationNote(before="0007", after="0012", program="0.2.0", at=NOW)

    assert migration_text(note).endswith("The way back: `python -m bot migrate --to 0007`.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3599, "59 min"),
        (7260, "2 h 1 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_span_has_the_units_that_matter(seconds: float, words: str) -> None:
    """Two at most."""
    assert span_words(seconds) == words


def test_the_same_news_have_the_same_nonce_and_others_another() -> None:
    """Whoever says it again: Discord then makes no second message."""
    found = [
        nonce_of(news(Kind.DATABASE)),
        nonce_of(news(Kind.DATABASE, detail="no answer for 9 s", well_at=NOW)),
        nonce_of(news(Kind.DATABASE, Phase.END)),
        nonce_of(news(Kind.ENGINE)),
        nonce_of(news(Kind.DATABASE, since=NOW)),
    ]

    assert found[0] == found[1]
    assert len(set(found)) == 4
    assert all(len(nonce) <= 25 for nonce in found)


def test_a_part_is_known_unless_it_says_otherwise() -> None:
    """The gateway and the provider need not be asked."""
    assert Part(name="gateway", well=True).known
