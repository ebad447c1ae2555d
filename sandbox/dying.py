"""`python -m sandbox.dying --orders FILE`: the bot, which kills itself at a commit it is told of.

SIGUSR1 lets it read its orders, `{"at": 3, "when": "before"}`: from then on it counts what it
commits, in all its databases, and before or after the third commit it sends itself SIGKILL.
`{"at": 0, ...}` only counts. Each commit that changes something is one line of `FILE.log`: what
it changed. Transactions that change nothing are not counted: timers make them at any time.
"""

import argparse
import json
import os
import re
import runpy
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

_CHANGE = re.compile(r'\b(INSERT INTO|UPDATE|DELETE FROM)\s+("?[\w.]+"?)', re.IGNORECASE)


class Count:
    """Counts the commits of this process, and ends it at the one it was told of."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders
        self._log = orders.with_name(f"{orders.name}.log")
        self._lock = threading.Lock()  # the durable engine commits in threads of its own
        self._changes: dict[int, list[str]] = {}
        self._armed = False
        self._at = 0
        self._when = "after"
        self._done = 0
        self._numbers: dict[int, int] = {}  # of commits under way, by connection

    def arm(self, _number: int, _frame: FrameType | None) -> None:
        """Read the orders and count from now on. A signal's handler."""
        given = json.loads(self._orders.read_text())
        self._at, self._when, self._done = given["at"], given["when"], 0
        self._armed = True

    def changed(self, connection: Connection, statement: str, rows: int) -> None:
        """Remember what a transaction has changed."""
        found = _CHANGE.search(statement)
        if found is None or statement.lstrip()[:6].upper() == "SELECT":
            return
        # Drivers do not know the number before what a statement returns is fetched.
        if rows == 0 and "RETURNING" not in statement.upper():
            return
        what = f"{found[1].upper()} {found[2]}"
        with self._lock:
            self._changes.setdefault(_key(connection.connection), []).append(what)

    def before(self, connection: Any) -> None:
        """A transaction is about to be committed."""
        changes = self._changes.get(_key(connection))
        if self._armed and changes:
            with self._lock:
                self._done += 1
                self._numbers[_key(connection)] = self._done
                self._write(changes)
            self._die_if("before", self._numbers[_key(connection)])

    def after(self, connection: Any) -> None:
        """A transaction was committed."""
        self._changes.pop(_key(connection), None)
        number = self._numbers.pop(_key(connection), None)
        if number is not None:
            self._die_if("after", number)

    def undone(self, connection: Any) -> None:
        """A transaction was rolled back."""
        self._changes.pop(_key(connection), None)

    def _write(self, changes: Sequence[str]) -> None:
        # Appended by the system in one piece: it is there although the process dies next.
        with self._log.open("ab", buffering=0) as log:
            log.write(f"{'; '.join(dict.fromkeys(changes))}\n".encode())

    def _die_if(self, when: str, number: int) -> None:
        if when == self._when and number == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def _key(connection: Any) -> int:
    """Tell connections apart, whether the pool's wrapper is around them or not."""
    return id(getattr(connection, "dbapi_connection", connection))


def install(count: Count) -> None:
    """Let SQLAlchemy tell of every change and commit of this process."""
    commit: Any = DefaultDialect.do_commit
    rollback: Any = DefaultDialect.do_rollback

    def do_commit(dialect: DefaultDialect, dbapi_connection: Any) -> None:
        count.before(dbapi_connection)
        commit(dialect, dbapi_connection)
        count.after(dbapi_connection)

    def do_rollback(dialect: DefaultDialect, dbapi_connection: Any) -> None:
        count.undone(dbapi_connection)
        rollback(dialect, dbapi_connection)

    # Every dialect that we use inherits these two.
    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]
    DefaultDialect.do_rollback = do_rollback  # type: ignore[method-assign]

    @event.listens_for(Engine, "after_cursor_execute")
    def on_execute(
        connection: Connection,
        cursor: Any,
        statement: str,
        _parameters: Any,
        _context: Any,
        _many: bool,
    ) -> None:
        count.changed(connection, statement, cursor.rowcount)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bot until its commit has come; exits as the bot does."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.dying", description=__doc__)
    parser.add_argument("--orders", type=Path, required=True)
    count = Count(parser.parse_args(arguments).orders)
    install(count)
    signal.signal(signal.SIGUSR1, count.arm)
    sys.argv = ["bot"]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
