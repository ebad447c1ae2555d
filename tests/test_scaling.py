import json
import math
import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import scaling, scaling_figures, scaling_plan, scaling_queue
from benchmarks.scaling_queue import Order, erlang_c, mean_wait_s, places_needed, sent_at_s
from bot.catalogue import MODELS as CATALOGUE

DOCUMENT = (Path(__file__).parent.parent / "docs" / "SCALING.md").read_text()
TIMES_S = st.floats(0, 1000)
ORDERS = st.lists(st.builds(Order, at_s=TIMES_S, takes_s=st.floats(1, 300)), max_size=40)
SERVERS = st.integers(1, 2_000_000)
USES = st.floats(0.01, 5)


def by_time(orders: list[Order]) -> list[Order]:
    """The same, as they come."""
    return sorted(orders, key=lambda order: order.at_s)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of the document, without its head."""
    part = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


# -- the queue -----------------------------------------------------------------------------


@given(ORDERS, st.integers(1, 5), st.floats(0, 20))
def test_every_job_is_sent_once_in_turn_and_never_too_many(
    orders: list[Order], places: int, gap_s: float
) -> None:
    """None begins before it came, before its turn, too soon after another, or beside too many."""
    arriving = by_time(orders)

    sent = sent_at_s(arriving, places=places, gap_s=gap_s)

    assert len(sent) == len(arriving)
    assert all(at_s >= order.at_s for order, at_s in zip(arriving, sent, strict=True))
    assert all(later >= earlier + gap_s for earlier, later in pairwise(sent))
    ends = [at_s + order.takes_s for order, at_s in zip(arriving, sent, strict=True)]
    under_way = [sum(a <= at_s < b for a, b in zip(sent, ends, strict=True)) for at_s in sent]
    assert all(number <= places for number in under_way)


@given(ORDERS, ORDERS, st.integers(1, 5), st.floats(0, 20))
def test_more_orders_never_let_a_job_wait_less(
    orders: list[Order], more: list[Order], places: int, gap_s: float
) -> None:
    """Whoever waits among few waits at least as long among more."""
    few = by_time(orders)
    many = by_time([*orders, *more])

    alone = dict(zip(map(id, few), sent_at_s(few, places=places, gap_s=gap_s), strict=True))
    among = dict(zip(map(id, many), sent_at_s(many, places=places, gap_s=gap_s), strict=True))

    assert all(among[one] >= at_s - 1e-6 for one, at_s in alone.items())


def test_erlang_c_as_in_the_books() -> None:
    """One place: as busy as it is. Ten places with a load of 8: 0.409."""
    assert erlang_c(1, 0.7) == pytest.approx(0.7)
    assert erlang_c(10, 8) == pytest.approx(0.4092, abs=1e-4)
    assert erlang_c(10, 10) == 1
    assert mean_wait_s(10, 0.1, 100) == math.inf


@pytest.mark.parametrize(("places", "load"), [(1, 0.6), (5, 4), (10, 7)])
def test_the_simulation_agrees_with_erlangs_formula(places: int, load: float) -> None:
    """Poisson arrivals and exponential times wait as the formula says, to a tenth."""
    rng, at_s, arriving = random.Random(3), 0.0, []
    for _ in range(200_000):
        at_s += rng.expovariate(load)
        arriving.append(Order(at_s, rng.expovariate(1)))

    found = scaling_queue.waits(arriving, sent_at_s(arriving, places=places))

    assert found.mean_s == pytest.approx(mean_wait_s(places, load, 1), rel=0.1)


@given(st.floats(0.001, 3))
def test_places_needed_are_enough_and_no_more(a_second: float) -> None:
    """With them 95 of 100 wait no longer than 30 s; with one fewer more would."""
    places = places_needed(a_second, 90, within_s=30, for_share=0.95)

    def late(number: int) -> float:
        if number <= a_second * 90:
            return 1.0
        return erlang_c(number, a_second * 90) * math.exp((a_second * 90 - number) / 3)

    assert late(places) <= 0.05 + 1e-9
    assert places == 1 or late(places - 1) > 0.05 - 1e-9


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_who_may_ask_more_notices_sooner(few: float, many: float) -> None:
    """The measured points are met, and between them it only falls."""
    low, high = sorted((few, many))

    assert scaling_queue.unnoticed_s(low) >= scaling_queue.unnoticed_s(high) - 1e-9
    assert all(
        scaling_queue.unnoticed_s(asked) == pytest.approx(delay_s)
        for asked, delay_s in scaling_figures.NOTICED
    )


def test_a_day_has_as_many_orders_as_were_to_come() -> None:
    """In order of time, within the day, and the busiest hour has its part."""
    orders = list(scaling_queue.orders(20_000, seed=1))

    in_hour = sum(19 * 3600 <= order.at_s < 20 * 3600 for order in orders)
    assert len(orders) == pytest.approx(20_000, rel=0.03)
    assert orders == by_time(orders)
    assert in_hour / len(orders) == pytest.approx(scaling_figures.HOURS[19], rel=0.1)
    assert sum(scaling_figures.HOURS) == pytest.approx(1)


# -- the plan ------------------------------------------------------------------------------


@given(SERVERS, SERVERS, USES)
@settings(max_examples=50)
def test_more_servers_never_need_less(one: int, other: int, use: float) -> None:
    """Everything grows with the servers but the starts that are left in a day."""
    few, many = (scaling_plan.need(servers, use) for servers in sorted((one, other)))

    apart = {"whole_starts_a_day", "identifying_s"}  # a large bot has other limits
    grows = scaling_plan.Need.__dataclass_fields__.keys() - apart
    assert all(getattr(many, name) >= getattr(few, name) for name in grows)


@pytest.mark.parametrize("ceiling", scaling_plan.CEILINGS, ids=lambda ceiling: ceiling.says)
def test_a_limit_is_reached_where_it_is_said_to_be(ceiling: scaling_plan.Ceiling) -> None:
    """There it still holds; a hundredth further it does not."""
    servers = scaling_plan.full_at(ceiling, 0.5)

    def used(number: int) -> float:
        return ceiling.used(scaling_plan.need(number, 0.5), scaling_figures.VALUES)

    assert used(servers) <= 1 < used(servers + servers // 100 + 1)


def test_the_models_are_the_catalogues() -> None:
    """Each model of the bot is in the mix, with its time; the parts are a whole."""
    mixed = {model.slug: model.median_s for model in scaling_figures.MODELS}

    assert mixed == {model.slug: pytest.approx(model.typical_s, abs=0.5) for model in CATALOGUE}
    assert sum(model.share for model in scaling_figures.MODELS) == pytest.approx(1)


def test_a_run_of_ones_own_takes_the_place_of_the_kept_figures(tmp_path: Path) -> None:
    """Figures come from results/*.json; where a benchmark has not run, it is named."""
    with pytest.raises(scaling_figures.NotMeasuredError, match="make bench ONLY=notice"):
        scaling_figures.measured_here(tmp_path)
    wanted = [figure for figure in scaling_figures.FIGURES.values() if figure.file]
    for number, figure in enumerate(wanted):
        _write(tmp_path / f"{figure.file}.json", figure.place, number)

    found = scaling_figures.measured_here(tmp_path)

    names = [name for name, figure in scaling_figures.FIGURES.items() if figure.file]
    assert [found[name] for name in names] == list(range(len(names)))
    assert found["video_mb"] == scaling_figures.VALUES["video_mb"]


def _write(file: Path, place: tuple[object, ...], value: int) -> None:
    """Put a figure into a file as a benchmark would, beside what is there."""
    whole: Any = json.loads(file.read_text()) if file.exists() else {}
    here: Any = whole
    for step, following in zip(place, [*place[1:], None], strict=True):
        if isinstance(step, dict):
            rows_here = [row for row in here if step.items() <= row.items()]
            if not rows_here:
                here.append(dict(step))
                rows_here = [here[-1]]
            here = rows_here[0]
        elif following is None:
            here[step] = value
        elif isinstance(step, int):
            here.append({})
            here = here[step]
        else:
            empty: Any = [] if isinstance(following, dict | int) else {}
            here = here.setdefault(step, empty)
    file.write_text(json.dumps(whole))


# -- the document --------------------------------------------------------------------------


def test_the_document_has_the_figures_that_are_counted_with() -> None:
    """Each with its value, whether it was measured, and its source."""
    told = {cells[0].strip("`"): cells[1:] for cells in rows("What is counted with")}

    assert told == {
        name: [f"{figure.value:,g}", figure.unit, figure.kind, figure.source]
        for name, figure in scaling_figures.FIGURES.items()
    }


def test_the_document_says_what_the_program_prints_of_needs_and_limits() -> None:
    """The tables are the program's, cell by cell."""
    needs = scaling.needs_table(scaling_figures.USES)
    limits = scaling.ceilings_table(scaling_figures.USES)

    assert rows("What each size needs") == [list(row.values()) for row in needs]
    assert rows("Where each limit is reached") == [list(row.values()) for row in limits]


def test_every_need_is_told() -> None:
    """The table has a line for each, in words."""
    assert scaling.SAYS.keys() == scaling_plan.Need.__dataclass_fields__.keys()


@pytest.mark.usefixtures("no_cover")
def test_the_document_says_how_the_days_went() -> None:
    """The same seed is the same day again, the one with half a million videos, too."""
    again = scaling.days_table(scaling_figures.USES["middle"], scaling.SEED)

    assert rows("A day, simulated") == [list(row.values()) for row in again]


def test_what_the_document_links_to_is_there() -> None:
    """Its files exist."""
    links = re.findall(r"\]\(([^)#:]+)\)", DOCUMENT)

    assert links
    assert all((Path(__file__).parent.parent / "docs" / link).exists() for link in links)
