"""A PostgreSQL server of one's own for tests, where its programs are installed."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UNPRIVILEGED = "postgres"


def missing() -> str | None:
    """Return why there can be no server here, or None."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        return "PostgreSQL's initdb and pg_ctl are not in PATH"
    if getpass.getuser() == "root" and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser"
    return None


@contextmanager
def running() -> Iterator[str]:
    """Start a server on a Unix socket only; give the folder of the socket."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if getpass.getuser() == "root":
        shutil.chown(folder, _UNPRIVILEGED)
    data, log = folder / "data", folder / "log"
    try:
        _run("initdb", "-D", str(data), "-U", "bot", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        _run("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
        try:
            yield str(folder)
        finally:
            _run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str) -> None:
    as_user = ("runuser", "-u", _UNPRIVILEGED, "--") if getpass.getuser() == "root" else ()
    subprocess.run(
        (*as_user, *command),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
        env={**os.environ, "LC_ALL": "C"},
    )
