"""Draws the README's chart from made-up numbers of a plausible community, the same each time.

PYTHONPATH=. .venv/bin/python benchmarks/sample_chart.py docs/chart.png
"""

import io
import math
import random
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from PIL import Image

from bot.catalogue import MODELS
from bot.charts.data import chart_data
from bot.charts.picture import draw
from bot.job import JobState
from bot.statistics import JobFact, Statistics, Tally

LAST_DAY = date(2026, 8, 3)
ZONE = ZoneInfo("Europe/Berlin")
NAMES = (
    *("Mia", "Theo", "Nora", "Juniper Vale", "Rafał", "Amélie", "Øyvind", "Zoë", "tinker_42"),
    *("Kwame", "Leyla", "Priya"),
)
_WEEKEND = 5
_COLOURS = 128
_CREDITS = (8, 40, 17, 50, 6)
_LIKED = (5, 8, 2, 3, 4)
_TAKES_S = (62, 129, 149, 177, 93)
_ENDS = (
    *((JobState.DELIVERED, 94), (JobState.FAILED, 3)),
    *((JobState.CANCELLED, 2), (JobState.UNDELIVERED, 1)),
)


def facts(days: int, jobs_a_day: float, *, seed: int = 7) -> Iterator[JobFact]:
    """Give the jobs of so many days; weekends are busier, and a few members make the most."""
    rng = random.Random(seed)
    for back in range(days):
        day = LAST_DAY - timedelta(days=back)
        rush = 1.5 if day.weekday() >= _WEEKEND else 1.0
        for _ in range(round(jobs_a_day * rush * rng.uniform(0.5, 1.5))):
            yield _fact(rng, day)


def _fact(rng: random.Random, day: date) -> JobFact:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    asked_at = noon + timedelta(minutes=rng.uniform(-500, 500))
    (number,) = rng.choices(range(len(MODELS)), _LIKED)
    (state,) = rng.choices([end for end, _ in _ENDS], [weight for _, weight in _ENDS])
    waited_s = _TAKES_S[number] * math.exp(rng.gauss(0.15, 0.3))
    paid = state is JobState.DELIVERED
    price = _CREDITS[number] * rng.choice((1, 1, 2))
    return JobFact(
        user_id=min(len(NAMES) - 1, int(rng.expovariate(0.3))),
        model=MODELS[number].slug,
        state=state,
        created_at=asked_at,
        queued_at=asked_at,
        ended_at=asked_at + timedelta(seconds=waited_s),
        credits=price if paid else 0,
        usd=Decimal(price) / 100 if paid else Decimal(0),
        estimated=False,
    )


def sample(days: int = 30, jobs_a_day: float = 14) -> Statistics:
    """Return the statistics of a plausible community."""
    tally = Tally(first_day=LAST_DAY - timedelta(days=days - 1), last_day=LAST_DAY, zone=ZONE)
    tally.add(facts(days, jobs_a_day))
    return tally.statistics()


def main() -> None:
    """Draw it."""
    data = chart_data(sample(), zone=ZONE.key, names=dict(enumerate(NAMES)))
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png in draw(data)]
    height = sum(picture.height for picture in pictures)
    page = Image.new("RGB", (pictures[0].width, height))
    top = 0
    for picture in pictures:
        page.paste(picture, (0, top))
        top += picture.height
    page.quantize(_COLOURS).save(sys.argv[1], "PNG", optimize=True)


if __name__ == "__main__":
    main()
