"""The audit of `make audit`: what it finds, and what it does without a network."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.auditing import LOCKS, Pin, ask, holes_in, main, pins_of, secrets_in

NOWHERE = "http://127.0.0.1:9"
# Put together here, so that the audit does not find them in this file.
KEY = "SG_" + "9f3c" * 4
TOKEN = ".".join(("M" + "Tk4" * 8, "Gx_1-q", "k9Z" * 10))
LOCK = "pillow==9.0.0 \\\n    --hash=sha256:00\naiohttp==3.10.1 ; python_version < '4' \\\n"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (KEY, "a Segmind key"),
        (TOKEN, "a Discord token"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "a private key"),
        ("ghp_" + "a1B2" * 9, "a GitHub token"),
        ("postgresql://bot:" + "q8Z-" * 5 + "@db/x", "a password in an address"),
    ],
)
def test_a_secret_is_found_with_its_line(line: str, kind: str) -> None:
    """Whatever stands around it."""
    assert secrets_in(f"first\nkey = '{line}'\n") == [(2, kind)]


@pytest.mark.parametrize("line", ["SG_0123456789abcdef", "SG_...", "postgresql://bot:secret@db/x"])
def test_what_is_made_up_is_no_secret(line: str) -> None:
    """Examples and tests show what a secret looks like."""
    assert secrets_in(line) == []


def test_the_packages_of_a_lock_are_read() -> None:
    """With their versions, without hashes and conditions."""
    assert pins_of(LOCK) == {Pin("pillow", "9.0.0"), Pin("aiohttp", "3.10.1")}


def test_an_answer_that_does_not_fit_is_none() -> None:
    """Otherwise holes would be told of the wrong packages."""
    with pytest.raises(ValueError, match="0 results for 1 packages"):
        holes_in({"results": []}, [Pin("pillow", "9.0.0")])


@pytest.fixture
async def osv() -> AsyncIterator[str]:
    """Return the address of a server that knows of one hole, in Pillow 9.0.0."""

    async def handler(request: web.Request) -> web.Response:
        queries: list[dict[str, Any]] = (await request.json())["queries"]
        old = {"package": {"name": "pillow", "ecosystem": "PyPI"}, "version": "9.0.0"}
        return web.json_response(
            {"results": [{"vulns": [{"id": "PYSEC-1"}]} if q == old else {} for q in queries]}
        )

    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_known_hole_is_told_with_its_address(osv: str) -> None:
    """Of the package that has it, and of no other."""
    pins = sorted(pins_of(LOCK))

    assert await ask(osv, pins) == ["pillow 9.0.0: https://osv.dev/PYSEC-1"]


async def test_a_server_that_fails_is_no_hole(osv: str) -> None:
    """It is an error, which `main` tells."""
    with pytest.raises(aiohttp.ClientError):
        await ask(f"{osv}elsewhere", [])


@pytest.mark.parametrize(("text", "code"), [("nothing", 0), (KEY, 1)])
def test_without_a_network_only_secrets_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: int
) -> None:
    """It is said why, and what is red is never the network."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # noqa: S607 - git
    for lock in LOCKS:
        (tmp_path / lock).write_text(LOCK, encoding="utf-8")
    (tmp_path / "notes.txt").write_text(text, encoding="utf-8")

    assert main(tmp_path, NOWHERE) == code

    out = capsys.readouterr().out
    assert "Known holes were not looked for" in out
    assert ("notes.txt:1: looks like a Segmind key" in out) == bool(code)
    assert KEY not in out


def test_without_git_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As in an unpacked archive."""
    for lock in LOCKS:
        (tmp_path / lock).write_text(LOCK, encoding="utf-8")

    assert main(tmp_path, NOWHERE) == 0

    assert "Secrets were not looked for" in capsys.readouterr().out
