"""What is counted, what the pages say, and that the dashboard and the alerts ask for it."""

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    BadInputError,
    BotError,
    ConfigurationError,
    GatewayError,
    RateLimitedError,
    RefusedError,
    StorageTroubleError,
    UnauthorizedError,
)
from bot.job import JobState
from bot.loop_lag import BOUNDS_S
from bot.watching import LagTotals, Pages, Probe, watch_server
from bot.watching.labels import (
    CALL_VALUES,
    MODEL_VALUES,
    RULE_VALUES,
    model_label,
    rule_label,
    status_label,
)
from tests.face_kit import job
from tests.watching_kit import NOW, names, new_tally, pages_of, parts, samples, signs

DOCS = Path(__file__).parents[1] / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana.json").read_text("utf-8"))
ALERTS: dict[str, Any] = yaml.safe_load((DOCS / "alerts.yaml").read_text("utf-8"))
RULES: list[dict[str, Any]] = ALERTS["groups"][0]["rules"]
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
METRIC = re.compile(r"\b(?:wanbot|process)_[a-z_]+")
SELECTOR = re.compile(r'(wanbot_[a-z_]+)\{(\w+)(=~|=)"([^"]+)"\}')


def asked_for() -> set[str]:
    """Every metric that the dashboard or an alert names."""
    return set(METRIC.findall("\n".join([*QUERIES, *(rule["expr"] for rule in RULES)])))


def moved() -> dict[str, float]:
    """Everything that a bot shows to which all has happened once."""
    tally = new_tally()
    tally.command("t2v")
    tally.press("button")
    tally.failed(RefusedError("Not now.", rule="day"))
    tally.failed(StorageTroubleError("locked"))
    tally.called("poll", RateLimitedError("slow down", 429))
    tally.ended(ended_job())
    tally.gateway_lost()
    return samples(pages_of(signs(), tally).metrics().decode())


def ended_job(state: JobState = JobState.DELIVERED, **changes: Any) -> Any:
    """A job that waited 3 s, ran 40 s and was posted in 2 s."""
    at = [NOW + timedelta(seconds=seconds) for seconds in (0, 3, 5, 45, 47)]
    times = ("queued_at", "submitting_at", "running_at", "finished_at", "ended_at")
    return job(state, **dict(zip(times, at, strict=True)) | {"cost_usd": 0.07} | changes)


# -- the dashboard and the alerts ------------------------------------------------------------


def test_every_metric_they_ask_for_is_there() -> None:
    """With the suffixes that Prometheus gives it."""
    assert len(asked_for()) > 20
    assert asked_for() <= names(moved())


def test_every_metric_they_ask_for_moves() -> None:
    """What happens shows: each has a series above zero, which it had not at the start."""
    found = moved()
    still = {name for name in asked_for() if not any(_of(name, found))}

    assert still == set()


def _of(name: str, found: dict[str, float]) -> list[float]:
    return [value for series, value in found.items() if series.partition("{")[0] == name]


def test_every_label_they_ask_for_has_that_value() -> None:
    """A typing error in a selector would be an alert that never comes."""
    text = "\n".join([*QUERIES, *(rule["expr"] for rule in RULES)])
    states = {state.value for state in JobState}
    shown = moved()
    selectors = SELECTOR.findall(text)
    unknown = [
        (name, value)
        for name, label, _, values in selectors
        for value in values.split("|")
        if value not in states
        and not any(
            series.startswith(name) and f"{label}={value}" in re.split("[{,}]", series)
            for series in shown
        )
    ]

    assert len(selectors) > 5
    assert unknown == []


def test_every_alert_says_what_to_do() -> None:
    """A name of its own, how bad it is, and a sentence."""
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_no_two_panels_of_the_dashboard_overlap() -> None:
    """Each has a place of its own on the grid of 24 columns."""
    taken = [
        (panel["gridPos"]["x"] + dx, panel["gridPos"]["y"] + dy)
        for panel in DASHBOARD["panels"]
        for dx in range(panel["gridPos"]["w"])
        for dy in range(panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


# -- labels ----------------------------------------------------------------------------------


@given(st.text())
def test_labels_have_few_values(text: str) -> None:
    """Whatever the database or a rule says, no new series comes of it."""
    assert model_label(text) in MODEL_VALUES
    assert rule_label(RefusedError("No.", rule=text)) in RULE_VALUES


@given(st.integers())
def test_a_status_is_told_by_its_kind(status: int) -> None:
    """All numbers come to seven values."""
    assert status_label(status) in {"1xx", "2xx", "3xx", "4xx", "5xx", "429", "other"}


def test_rules_keep_their_names() -> None:
    """The one that refused; a wrong option counts as that."""
    assert rule_label(RefusedError("Paused.", rule="paused")) == "paused"
    assert rule_label(RefusedError("You are too fast.")) == "other"
    assert rule_label(BadInputError("No such size.")) == "bad_input"


# -- what is counted -------------------------------------------------------------------------


def test_a_delivered_video_counts_with_its_times_and_cost() -> None:
    """By its model: 3 s in the queue, 40 s at the provider, its credits and real cost."""
    done = ended_job()
    tally = new_tally()
    tally.ended(done)
    found = samples(pages_of(signs(), tally).metrics().decode())
    model = f"model={done.model}"

    assert found[f"wanbot_jobs_ended_total{{{model},state=delivered}}"] == 1
    assert found[f"wanbot_job_waiting_seconds_sum{{{model}}}"] == 3
    assert found[f"wanbot_job_running_seconds_sum{{{model}}}"] == 40
    assert found[f"wanbot_job_posting_seconds_sum{{{model}}}"] == 2
    assert found[f"wanbot_credits_total{{{model},outcome=settled}}"] == done.price_credits
    assert found[f"wanbot_usd_total{{known=real,{model}}}"] == 0.07


def test_a_failed_job_costs_nothing() -> None:
    """Its credits are back, and no cost is made up for it."""
    tally = new_tally()
    tally.ended(ended_job(JobState.FAILED, finished_at=None, cost_usd=None))
    found = samples(pages_of(signs(), tally).metrics().decode())

    assert sum(_of("wanbot_usd_total", found)) == 0
    assert [s for s in found if "outcome=released" in s]
    assert not [s for s in found if "outcome=settled" in s]


def test_a_video_that_is_sent_again_is_not_paid_again() -> None:
    """Made and paid once; delivered later."""
    tally = new_tally()
    tally.ended(ended_job(JobState.UNDELIVERED))
    tally.sent_again(ended_job())
    found = samples(pages_of(signs(), tally).metrics().decode())

    assert sum(_of("wanbot_usd_total", found)) == 0.07
    assert sum(_of("wanbot_job_running_seconds_count", found)) == 1
    assert sum(_of("wanbot_jobs_ended_total", found)) == 2


def test_calls_count_by_how_they_ended() -> None:
    """A 429, a refusal and trouble are told apart; all begin at zero."""
    tally = new_tally()
    for error in (None, RateLimitedError("", 429), UnauthorizedError("", 401), GatewayError("")):
        tally.called("poll", error)
    found = samples(pages_of(signs(), tally).metrics().decode())

    for outcome in ("ok", "rate_limited", "refused", "trouble"):
        assert found[f"wanbot_provider_calls_total{{call=poll,outcome={outcome}}}"] == 1
    assert len(_of("wanbot_provider_calls_total", found)) == 4 * len(CALL_VALUES)


def test_the_loop_s_lag_adds_up() -> None:
    """From look to look, and never told as less than it was."""
    late = [0] * (len(BOUNDS_S) + 1)
    late[0], late[-1] = 5, 1
    totals = LagTotals(lambda: (late, 99.0))
    totals.buckets()
    found = dict(totals.buckets())

    assert found["0.001"] == 10
    assert found["10.0"] == 10
    assert found["+Inf"] == 12


def test_what_is_not_known_is_left_out() -> None:
    """A database that is away has no jobs to count: no zeros that look like an empty queue."""
    nothing = signs(jobs=None, database_s=None, engine_s=None, balance_usd=None, gateway_s=None)
    found = names(samples(pages_of(nothing).metrics().decode()))

    assert not found & {"wanbot_jobs", "wanbot_jobs_oldest_seconds", "wanbot_balance_usd"}
    assert not found & {"wanbot_database_seconds", "wanbot_gateway_seconds"}


# -- looking ---------------------------------------------------------------------------------


async def test_a_probe_tells_that_nothing_answers_and_then_that_it_does() -> None:
    """What hangs is asked once, however often somebody looks."""
    asked, answer = 0, asyncio.Event()

    async def question() -> int:
        nonlocal asked
        asked += 1
        await answer.wait()
        return asked

    probe = Probe("database", question, timeout_s=0.01)
    await probe.look()
    await probe.look()
    hanging = (probe.answer, probe.took_s, probe.words[:9], asked)
    answer.set()
    await probe.look()

    assert hanging == (None, None, "no answer", 1)
    assert (probe.answer, probe.words) == (1, "")
    assert probe.took_s is not None


@pytest.mark.parametrize("error", [BotError("secret words"), ValueError("secret words")])
async def test_a_probe_tells_trouble_without_its_words(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A driver's text may hold an address or a password: it is for the log."""

    async def question() -> None:
        raise error

    probe = Probe("database", question)
    await probe.look()
    await probe.look()

    assert probe.words == type(error).__name__
    assert len(caplog.records) == 1  # not at every look


# -- the server ------------------------------------------------------------------------------


async def got(pages: Pages, path: str, port: int) -> tuple[int, str]:
    """Return what the server answers."""
    async with (
        watch_server(pages, host="127.0.0.1", port=port),
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_a_bot_that_works_is_live_and_ready(unused_tcp_port: int) -> None:
    """Each part says so."""
    assert await got(pages_of(signs()), "/healthz", unused_tcp_port) == (200, '{"live": true}')

    status, text = await got(pages_of(signs()), "/readyz", unused_tcp_port)

    assert status == 200
    assert json.loads(text)["parts"]["engine"] == {"well": True, "words": "works"}


@pytest.mark.parametrize("name", ["gateway", "database", "engine", "provider"])
async def test_a_part_that_is_down_makes_the_bot_unready(name: str, unused_tcp_port: int) -> None:
    """503, which one it is, and its metric at 0; the process lives."""
    pages = pages_of(signs(parts=parts(**{name: "out of order"})))
    status, text = await got(pages, "/readyz", unused_tcp_port)
    _, metrics = await got(pages, "/metrics", unused_tcp_port)
    live, _ = await got(pages, "/healthz", unused_tcp_port)
    told = json.loads(text)

    assert (status, live, told["ready"]) == (503, 200, False)
    assert [part for part, found in told["parts"].items() if not found["well"]] == [name]
    assert samples(metrics)[f"wanbot_part_up{{part={name}}}"] == 0


async def test_a_port_that_is_taken_is_told(unused_tcp_port: int) -> None:
    """With the setting's name, as every wrong setting."""
    async with watch_server(pages_of(signs()), host="127.0.0.1", port=unused_tcp_port):
        with pytest.raises(ConfigurationError, match=f"WATCH_PORT: .* port {unused_tcp_port}"):
            await got(pages_of(signs()), "/healthz", unused_tcp_port)
