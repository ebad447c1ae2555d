"""Logs: one line an event, in the chosen form, from the chosen level on."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
from dbos._logger import init_logger

from bot.log_context import about
from bot.logs import JsonFormatter, set_up_logs
from bot.redaction import redactor


@pytest.fixture
def _silent_root() -> Iterator[None]:
    """Give the test the root logger for itself; pytest's handlers come back afterwards."""
    root, ours = logging.getLogger(), [logging.getLogger(name) for name in ("bot", "cogs")]
    engine = logging.getLogger("dbos")
    kept = root.handlers, root.level, [logger.level for logger in ours]
    kept_engine = engine.handlers, engine.propagate
    root.handlers = []
    yield
    root.handlers = kept[0]
    engine.handlers, engine.propagate = kept_engine
    root.setLevel(kept[1])
    for logger, level in zip(ours, kept[2], strict=True):
        logger.setLevel(level)


def test_json_is_one_object_a_line_even_with_an_exception() -> None:
    """Time in UTC, level, logger, message, extra fields; the traceback inside, on the same line."""
    record = logging.getLogger("bot.jobs").makeRecord(
        "bot.jobs",
        logging.ERROR,
        __file__,
        1,
        "job %s: größer",
        (7,),
        (ValueError, ValueError("two\nlines"), None),
        extra={"job_id": 7},
    )

    line = JsonFormatter().format(record)

    assert "\n" not in line
    told = json.loads(line)
    assert told["time"].endswith("+00:00")
    assert (told["level"], told["logger"]) == ("error", "bot.jobs")
    assert (told["message"], told["job_id"]) == ("job 7: größer", "7")
    assert told["exception"].endswith("ValueError: two\nlines")


@pytest.mark.usefixtures("_silent_root")
def test_json_logs_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours from the chosen level on, libraries' from WARNING on."""
    set_up_logs("json", "INFO")
    logging.getLogger("bot.engine").info("one")
    logging.getLogger("bot.engine").debug("two")
    logging.getLogger("discord.client").info("three")
    logging.getLogger("discord.client").warning("four")

    told = capsys.readouterr()
    assert told.out == ""
    assert [json.loads(line)["message"] for line in told.err.splitlines()] == ["one", "four"]


@pytest.mark.usefixtures("_silent_root")
def test_the_engine_s_logs_have_the_chosen_form(capsys: pytest.CaptureFixture[str]) -> None:
    """Also when it has made itself a handler already, and each line once."""
    init_logger()
    set_up_logs("json", "INFO")
    init_logger()
    logging.getLogger("dbos").warning("no database")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "no database"


@pytest.mark.usefixtures("_silent_root")
def test_human_logs_name_level_and_logger(capsys: pytest.CaptureFixture[str]) -> None:
    """What a person reads in a terminal."""
    set_up_logs("human", "DEBUG")
    logging.getLogger("cogs.jobs").debug("a word")

    assert capsys.readouterr().err.endswith(" DEBUG   cogs.jobs: a word\n")


@pytest.mark.usefixtures("_silent_root")
def test_every_line_says_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    """Also a library's, and the engine's, in the middle of a job; others name the process alone."""
    set_up_logs("json", "INFO", executor="bot-2")
    with about(1234567890123456789, 42):
        logging.getLogger("discord.http").warning("slow")
        logging.getLogger("dbos").warning("late")
    with about(5, None):
        logging.getLogger("bot.jobs").info("asked directly")
    logging.getLogger("bot.client").info("ready")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    subjects = [{k: line.get(k) for k in ("job", "guild", "executor")} for line in lines]
    inside = {"job": "1234567890123456789", "guild": "42", "executor": "bot-2"}
    assert subjects == [
        inside,
        inside,
        {"job": "5", "guild": None, "executor": "bot-2"},
        {"job": None, "guild": None, "executor": "bot-2"},
    ]


@pytest.mark.usefixtures("_silent_root")
def test_people_read_the_ids_at_the_end_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Before the traceback, if there is one."""
    set_up_logs("human", "INFO", executor="bot-1")
    with about(7, 42):
        logging.getLogger("bot.jobs").error("step stopped", exc_info=ValueError("no"))

    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.endswith(" ERROR   bot.jobs: step stopped [job=7 guild=42]")
    assert last == "ValueError: no"


@pytest.mark.usefixtures("_silent_root")
@pytest.mark.parametrize("form", ["json", "human"])
def test_a_secret_reaches_no_line(
    form: Literal["json", "human"], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in the message, nor in a field, nor in an exception or its cause."""
    secret = 'MTIz"NDU2.Nzg5\\MDEy'
    set_up_logs(form, "INFO", redact=redactor([secret, "postgres-password"]))
    log = logging.getLogger("bot.test")
    error = ValueError(f"Authorization: Bot {secret}")
    error.__cause__ = KeyError(secret)
    log.error("refused: %s", secret, extra={"header": f"Bot {secret}"}, exc_info=error)
    log.info("postgresql://bot:%s@host", "postgres-password")

    told = capsys.readouterr().err
    assert "***" in told
    assert "NDU2" not in told
    assert "postgres-password" not in told
