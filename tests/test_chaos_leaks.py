import asyncio
import base64
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from sandbox.chaos.books import Books, compare
from sandbox.chaos.harness import Outcome
from sandbox.chaos.leaks import Leak, Search, Secret, leaks_in, search
from sandbox.chaos.plan import make_plan
from sandbox.chaos.report import report, went_well
from sandbox.chaos.waiting import until
from sandbox.chaos.witness import Witness

VALUE = "MTIz.made+up/token-0123456789"
TOKEN = Secret(name="the token", value=VALUE)
SEARCH = Search(looked_at={"files": 1}, leaks=[Leak(what="the token", place="bot.log, line 2")])


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        f"Authorization: Bot {VALUE}\n",
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
        f"https://example.com/?token={quote(VALUE, safe='')}",
        repr({"token": VALUE.encode()}),
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    """In a sentence, in hexadecimal, in an address, in a representation."""
    found = leaks_in(f"first line\nsecond {written}".encode(), "bot.log", [TOKEN])

    assert found == [Leak(what="the token", place="bot.log, line 2")]


@given(before=st.binary(max_size=20), after=st.binary(max_size=20))
def test_a_secret_is_found_in_base64_wherever_it_begins(before: bytes, after: bytes) -> None:
    """Whatever stands before and after it, in both alphabets."""
    whole = before + VALUE.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert leaks_in(encode(whole), "here", [TOKEN])


@given(text=st.text(alphabet="MTIzmadeuptokn.+/-0123456789=%", max_size=200))
def test_what_only_looks_like_it_is_not_found(text: str) -> None:
    """A part of a secret is none."""
    other = text.replace(VALUE, "")

    assert leaks_in(other.encode(), "here", [TOKEN]) == []


def test_every_file_is_searched(tmp_path: Path) -> None:
    """Logs, databases, and what SQLite has not put into a database yet; empty files are none."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot.log").write_text(f"fine\nfine\nTraceback: {VALUE}\n", encoding="utf-8")
    (tmp_path / "empty.lock").touch()
    with closing(sqlite3.connect(tmp_path / "bot" / "engine.sqlite3")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE step (output TEXT)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO step VALUES (?)", (VALUE,))
        connection.commit()
        found = search(tmp_path, [TOKEN])

    assert {leak.place.partition(",")[0] for leak in found.leaks} == {
        "bot.log",
        "bot/engine.sqlite3-wal",
    }
    assert found.looked_at["files"] == 5


def test_a_secret_may_be_where_it_is_promised_to_be(tmp_path: Path) -> None:
    """An interaction's token is in the jobs' table, and nowhere else."""
    token = Secret(name="a token", value=VALUE, allowed=("bot/bot.sqlite3*",))
    (tmp_path / "bot").mkdir()
    for name in ("bot.sqlite3", "bot.sqlite3-wal", "engine.sqlite3"):
        (tmp_path / "bot" / name).write_text(VALUE, encoding="utf-8")

    places = [leak.place for leak in search(tmp_path, [token]).leaks]

    assert places == ["bot/engine.sqlite3, line 1"]


async def test_what_others_see_of_a_bot_is_searched(tmp_path: Path) -> None:
    """A secret on a command line, and one on a page for watching."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=f'wanbot_info{{key="{VALUE}"}} 1')

    app = web.Application()
    app.add_routes([web.get("/metrics", page)])
    async with TestServer(app, host="127.0.0.1") as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "input()", VALUE), stdin=asyncio.subprocess.PIPE
        )
        port = server.make_url("/").port or 0
        witness = Witness(tmp_path, [port])
        watching = asyncio.create_task(witness.watch())

        async def seen() -> bool:
            return witness.seen["pages"] >= 3 and witness.seen["command lines"] > 0

        assert await until(seen, every_s=0.01, within_s=10.0)
        watching.cancel()
        await process.communicate(b"\n")
    found = search(tmp_path, [TOKEN])

    assert [leak.place.partition(",")[0] for leak in found.leaks] == [
        f"pages-{port}.txt",
        "processes.txt",
    ]


def test_a_leak_is_a_broken_promise() -> None:
    """The run fails, and says what is where; never the secret."""
    books = Books(accepted=[], refused=[], jobs=[], provider=[], cards=[], videos=[])
    outcome = Outcome(
        books=books,
        comparison=compare(books),
        attempts=[],
        histories={},
        counts={},
        seconds=1.0,
        quiet=True,
        search=SEARCH,
    )
    plan = make_plan(seed=1, jobs=1, kills=0, bots=1, database="sqlite")
    figures = report(plan, outcome)

    assert not went_well(outcome)
    assert figures["violations"] == {"secret shown": 1}
    assert figures["offenders"][0]["text"] == "the token is in bot.log, line 2"
    assert VALUE not in repr(TOKEN)
