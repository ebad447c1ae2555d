"""`python -m sandbox`: try the bot on a page on this machine, without accounts or tokens."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.allocator import leave_as_it_is
from sandbox.runner import DEFAULT_PORT, MOST_BOTS, CannotStartError, Options, run

_PARTS = """\
parts:
  all      both stand-ins and the bot itself (the default)
  discord  the Discord stand-in with its page, for a bot of yours
  segmind  the Segmind stand-in, for a client of yours
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox; return the exit code."""
    options = parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return asyncio.run(run(options))
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; exits with code 2 and a usage text when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Try the bot on a page on this machine: no accounts, no tokens, no money.",
        epilog=_PARTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="?", choices=("all", "discord", "segmind"), default="all")
    parser.add_argument(
        "--port",
        type=_port,
        help=f"of the page, or of the one part; 0 takes a free one (default: {DEFAULT_PORT}, "
        "or a free one when that is taken)",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON when ready")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=8.0,
        help="times as fast as the real provider, and as Discord's rate limits (default: 8)",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides latencies (default: 0)")
    parser.add_argument(
        "--data-dir",
        type=Path,
        help="keep everything here (default: a folder that is removed at the end)",
    )
    parser.add_argument("--no-bot", action="store_true", help="you start the bot yourself")
    parser.add_argument(
        "--bot-env",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a setting of the bot; may be given several times",
    )
    parser.add_argument(
        "--bots", type=_count, default=1, help="processes that share the shards (default: 1)"
    )
    parser.add_argument(
        "--database-url", help="the bots' database (default: a SQLite file in the folder)"
    )
    parser.add_argument(
        "--light-videos", action="store_true", help="one tiny video for all: for many jobs"
    )
    # Intermixed: the part may stand before or after the options.
    given = parser.parse_intermixed_args(arguments)
    return Options(
        part=given.part,
        port=given.port,
        as_json=given.json,
        speed=given.speed,
        seed=given.seed,
        data_dir=given.data_dir,
        with_bot=not given.no_bot,
        bot_settings=dict(given.bot_env),
        bots=given.bots,
        database_url=given.database_url,
        light_videos=given.light_videos,
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:  # noqa: PLR2004 - TCP's own limit
        raise argparse.ArgumentTypeError("a port is between 0 and 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MOST_BOTS:
        raise argparse.ArgumentTypeError(f"between 1 and {MOST_BOTS} bots")
    return count


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError("the speed must be above 0")
    return speed


def _setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise argparse.ArgumentTypeError("must be NAME=VALUE")
    return name, value


if __name__ == "__main__":
    code = main()
    leave_as_it_is()
    sys.exit(code)
