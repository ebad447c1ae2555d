"""The picture of the statistics: what it says, and the process that draws it."""

import asyncio
import io
import os
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from benchmarks.sample_chart import LAST_DAY, NAMES, ZONE, sample
from bot.charts import ChartDrawer
from bot.charts.data import ChartData, Day, Share, chart_data, from_json, to_json
from bot.charts.picture import WIDTH, draw, has_glyph
from bot.charts.words import compact, cut, dollars, drawable, lasting, span
from bot.errors import ChartError
from bot.statistics import Statistics
from tests.discord_kit import until

WRITE = "import base64, json\nprint(json.dumps([base64.b64encode(%s).decode()]))"


def data(found: Statistics, *names: str) -> ChartData:
    """Return what to draw."""
    return chart_data(found, zone=ZONE.key, names=dict(enumerate(names or NAMES)))


def pictures(shown: ChartData) -> list[Image.Image]:
    """Draw and look at them: day by day, and in parts."""
    return [Image.open(io.BytesIO(png)).convert("RGB") for png in draw(shown)]


def changed(before: ChartData, after: ChartData) -> set[int]:
    """Return in which of the panels of days two pictures differ: 0, 1 and 2 from the top."""
    difference = ImageChops.difference(pictures(before)[0], pictures(after)[0])
    # A panel's bars, without the words above them.
    tops = [320 + n * 180 for n in range(3)]
    return {n for n in range(3) if difference.crop((0, tops[n], WIDTH, tops[n] + 100)).getbbox()}


# -- words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (99_999, "99,999"),
        (100_000, "100k"),
        (999_499, "999k"),
        (999_999, "1.0M"),
        (4_540_000, "4.5M"),
        (27 * 10**9, "27.0B"),
        (10**15, "1,000T"),
    ],
)
def test_large_numbers_are_short(number: int, words: str) -> None:
    """Five digits are written out; more become a letter, and no rounding makes "1000k"."""
    assert compact(number) == words


def test_dollars_have_cents_as_long_as_cents_matter() -> None:
    """Below ten thousand."""
    found = [dollars(usd) for usd in (0.0, 0.08, 9999.99, 12_345.6, 5e6)]
    assert found == ["$0.00", "$0.08", "$9,999.99", "$12,346", "$5.0M"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_waits_are_in_two_units_at_most(seconds: float, words: str) -> None:
    """The smaller one only when there is something of it."""
    assert lasting(seconds) == words


def test_spans_name_each_year_once() -> None:
    """One day is one date."""
    assert span(LAST_DAY, LAST_DAY) == "3 Aug 2026"
    assert span(date(2026, 7, 5), LAST_DAY) == "5 Jul to 3 Aug 2026"
    assert span(date(2025, 12, 31), LAST_DAY) == "31 Dec 2025 to 3 Aug 2026"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("🦊 Fox 🦊", "Fox"),
        ("🦊🦊", "member …0001"),
        ("漢字\U00020000", "member …0001"),
        ("...", "member …0001"),
        ("  Mia\n\tVale \x00\u202e", "Mia Vale"),
        ("שלום", "שלום"),
        ("Z" + "\u0335" * 30 + "o", "Z\u0335\u0335o"),
    ],
)
def test_names_are_what_can_be_drawn_of_them(name: str, shown: str) -> None:
    """And the end of the id where that is nothing (the fonts of this machine have no kanji)."""
    latin = drawable(name, "member …0001", lambda character: ord(character) < 0x600)

    assert latin == shown


@given(name=st.text(max_size=40))
def test_no_name_needs_a_character_that_no_font_has(name: str) -> None:
    """Matplotlib would warn, and draw a box."""
    assert all(map(has_glyph, drawable(name, "member", has_glyph)))


def test_long_words_are_cut_to_fit() -> None:
    """With an ellipsis, and never to nothing."""
    assert cut("abcdef", lambda words: len(words) <= 4) == "abc…"
    assert cut("abc", lambda words: len(words) <= 4) == "abc"
    assert cut("abc", lambda _words: False) == "…"


# -- the picture -------------------------------------------------------------------------


def test_the_data_travel_as_they_are() -> None:
    """To the drawing process and out of the JSON again."""
    shown = data(sample(days=3), "漢", "\u202e", "$x$")

    assert from_json(to_json(shown)) == shown


@pytest.mark.parametrize(
    ("days", "jobs_a_day", "names"),
    [
        (30, 0, ()),
        (1, 1, ()),
        (366, 14, ("🦊", "שלום עולם", "مرحبا بالعالم", "$a_b$ \\frac{", "W" * 32, "漢字")),
    ],
    ids=["nobody", "one day", "a year of hostile names"],
)
def test_every_guild_gets_a_picture(days: int, jobs_a_day: int, names: tuple[str, ...]) -> None:
    """As wide as a phone needs it, with something on it, and no warning (pytest would fail)."""
    for found in pictures(data(sample(days, jobs_a_day), *names)):
        assert found.width == WIDTH
        assert found.height < 0.85 * WIDTH  # Discord would show a higher one smaller
        assert len(found.getcolors(found.width * found.height) or ()) > 20


def test_each_panel_shows_its_own_numbers() -> None:
    """Another number of credits on one day changes the panel of credits, and no other."""
    shown = data(sample(days=5))
    first, *others = shown.days
    most = max(day.credits for day in shown.days)
    dearer = replace(shown, days=(replace(first, credits=most // 2 + 1), *others))

    assert changed(shown, dearer) == {1}


def test_huge_numbers_fit() -> None:
    """No word leaves the page: the margins stay empty."""
    huge = tuple(
        Day(day=LAST_DAY - timedelta(days=n), jobs=10**11, credits=10**14, usd=1e13) for n in (1, 0)
    )
    share = Share(name="W" * 99, otherwise="", jobs=10**11, credits=10**14)
    shown = replace(
        data(sample(2, 0)),
        days=huge,
        models=(share,),
        members=(share,),
        under_way=10**9,
        delivered=10**12,
        waiting_median_s=1e7,
        waiting_p90_s=1e8,
        zone="Z" * 99,
    )
    for found in pictures(shown):
        right = found.crop((WIDTH - 30, 0, WIDTH, found.height))

        assert len(right.getcolors() or ()) == 1


# -- the process -------------------------------------------------------------------------


def drawer(folder: Path, script: str, **options: float) -> ChartDrawer:
    """Return a drawer whose process runs a script."""
    return ChartDrawer(
        folder, command=(sys.executable, "-c", f"import os, sys\n{script}"), **options
    )


async def drawn(by: ChartDrawer) -> tuple[bytes, ...]:
    """Draw a small guild."""
    return await by.draw(sample(days=2), zone=ZONE.key, names={0: "Mia"})


async def test_the_process_draws_what_this_one_would(tmp_path: Path) -> None:
    """The same bytes: nothing depends on where it is drawn."""
    found = await drawn(ChartDrawer(tmp_path / "fonts"))

    assert found == draw(chart_data(sample(days=2), zone=ZONE.key, names={0: "Mia"}))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sys.stdin.buffer.read(20); os.kill(os.getpid(), 9)", "ended with -9"),
        ("sys.exit('no fonts here')", "ended with 1: no fonts here"),
        ("print('hello')", "wrote no pictures"),
        ("print('{}')", "wrote no pictures: no list"),
    ],
    ids=["killed", "fails", "no JSON", "no list"],
)
async def test_a_process_that_dies_is_an_error(tmp_path: Path, script: str, words: str) -> None:
    """With what it said for the log."""
    with pytest.raises(ChartError, match=words):
        await drawn(drawer(tmp_path, script))


async def test_a_process_that_hangs_is_killed(tmp_path: Path) -> None:
    """It is gone when the error is there."""
    note = tmp_path / "pid"
    script = f"import time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    with pytest.raises(ChartError, match="longer than 1 s"):
        await drawn(drawer(tmp_path, script, time_limit_s=1.0))

    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_whoever_gives_up_leaves_no_process(tmp_path: Path) -> None:
    """At shutdown the task is cancelled; nothing goes on drawing for nobody."""
    note = tmp_path / "pid"
    script = f"import time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    task = asyncio.create_task(drawn(drawer(tmp_path, script)))

    async def started() -> bool:
        return note.exists() and bool(note.read_text())

    await until(started)
    task.cancel()
    await asyncio.wait({task})

    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_a_process_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    """Not a failure of the command."""
    with pytest.raises(ChartError, match="cannot be started"):
        await drawn(ChartDrawer(tmp_path, command=(str(tmp_path / "missing"),)))


async def test_one_is_drawn_at_a_time(tmp_path: Path) -> None:
    """The others wait in line: two of these at once would find each other's folder."""
    turn = repr(str(tmp_path / "turn"))
    script = f"import time\nos.mkdir({turn})\ntime.sleep(0.1)\nos.rmdir({turn})\n"
    by = drawer(tmp_path, script + WRITE % "b'x'")

    assert len(await asyncio.gather(*(drawn(by) for _ in range(3)))) == 3


async def test_no_secret_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process only draws: it gets neither token nor key."""
    monkeypatch.setenv("DISCORD_TOKEN", "a-token")
    monkeypatch.setenv("SEGMIND_API_KEY", "a-key")
    (seen,) = await drawn(drawer(tmp_path, WRITE % "repr(dict(os.environ)).encode()"))

    assert b"MPLCONFIGDIR" in seen
    assert b"a-token" not in seen
    assert b"a-key" not in seen
