"""Looks for secrets in the files, and for known holes in what is locked: `make audit` runs this.

The holes are asked of OSV, which has PyPI's advisories, in one request: the same source as
pip-audit's, without its thirty packages. Without a network it says so and is content: no hole is
found by a broken line. Ends with 1 when there is something to do.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-reporting.lock", "requirements-dev.lock")
OSV = "https://api.osv.dev/v1/querybatch"
_TIMEOUT_S = 20.0
# A hole that does not concern us: its name, and why. Each with the day to look again.
ACCEPTED: Mapping[str, str] = {}

_SECRETS: Mapping[str, re.Pattern[str]] = {
    "a Discord token": re.compile(r"\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}"),
    "a Discord webhook": re.compile(r"discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{30,}"),
    "a Segmind key": re.compile(r"\bSG_[0-9a-f]{16,}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_\w{36}|github_pat_\w{60,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[\w-]{20,}"),
    "a password in an address": re.compile(r"\bpostgres(?:ql)?(?:\+\w+)?://\w+:[^@\s{}$<]{16,}@"),
}
# What tests make up counts upwards, for everyone to see.
_MADE_UP = re.compile(r"0123456789|abcdefgh", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Pin:
    """A package in a lock file."""

    name: str
    version: str


def secrets_in(text: str) -> list[tuple[int, str]]:
    """Return the lines (from 1) with something that looks like a secret, and what it looks like."""
    return [
        (number, kind)
        for number, line in enumerate(text.splitlines(), start=1)
        for kind, look in _SECRETS.items()
        for found in look.finditer(line)
        if not _MADE_UP.search(found.group())
    ]


def pins_of(lock: str) -> set[Pin]:
    """Return the packages of a lock file."""
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE)
    return {Pin(name, version) for name, version in found}


def holes_in(answer: Mapping[str, Any], pins: Sequence[Pin]) -> list[str]:
    """Return a line for each advisory in OSV's answer that is not accepted.

    Source: google.github.io/osv.dev/post-v1-querybatch: the results are in the queries' order.
    """
    results = answer["results"]
    if len(results) != len(pins):
        raise ValueError(f"{len(results)} results for {len(pins)} packages")
    return [
        f"{pin.name} {pin.version}: https://osv.dev/{hole['id']}"
        for pin, result in zip(pins, results, strict=True)
        for hole in result.get("vulns", [])
        if hole["id"] not in ACCEPTED
    ]


async def ask(address: str, pins: Sequence[Pin]) -> list[str]:
    """Return the known holes; aiohttp.ClientError, TimeoutError or ValueError without an answer."""
    queries = [
        {"package": {"name": pin.name, "ecosystem": "PyPI"}, "version": pin.version} for pin in pins
    ]
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
        session.post(address, json={"queries": queries}) as response,
    ):
        response.raise_for_status()
        return holes_in(await response.json(), pins)


def files_of(root: Path) -> list[Path]:
    """Return what git keeps or would keep; nothing where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git
        cwd=root,
        capture_output=True,
        check=True,
    )
    return [root / name for name in listing.stdout.decode().split("\0") if name]


def secrets_of(paths: Iterable[Path], root: Path) -> list[str]:
    """Return a line for each secret in files: where, and what it looks like, never itself."""
    return [
        f"{path.relative_to(root)}:{number}: looks like {kind}"
        for path in paths
        if path.is_file()
        for number, kind in secrets_in(path.read_text(encoding="utf-8", errors="replace"))
    ]


def main(root: Path = ROOT, address: str = OSV) -> int:
    """Print what there is to do; return 1 when there is something."""
    try:
        found = secrets_of(files_of(root), root)
    except (OSError, subprocess.CalledProcessError) as error:
        found = []
        print(f"Secrets were not looked for: git does not list the files ({error}).")
    pins = sorted(set().union(*(pins_of((root / lock).read_text("utf-8")) for lock in LOCKS)))
    try:
        found += asyncio.run(ask(address, pins))
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        print(f"Known holes were not looked for: no answer from {address} ({error}).")
    print(*found, sep="\n", end="\n" if found else "")
    print(f"Audit: {len(pins)} packages; {len(found)} findings.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
