"""`python -m sandbox.chaos`: the chaos harness. Figures as JSON on stdout, progress on stderr.

parts:
  run      many members, faults everywhere, killed bots; then four books are compared (the default)
  commits  a kill before and after every single commit of one job
  upgrade  an older version's jobs, in every state, end under the present one
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sandbox.chaos import commits, stage, upgrade
from sandbox.chaos.harness import carry_out
from sandbox.chaos.plan import Plan, make_plan
from sandbox.chaos.report import report, went_well
from sandbox.chaos.stage import Setting
from sandbox.discord_api.wire import Json
from sandbox.runner import CannotStartError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a part; return 0 when every promise was kept, 1 when not, 2 when it cannot run."""
    options = _parser().parse_intermixed_args(arguments)
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.server").addFilter(_is_no_cut)
    part: Callable[[argparse.Namespace], int] = _PARTS[options.part]
    try:
        return part(options)
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="?", choices=sorted(_PARTS), default="run")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--folder", type=Path, help="keep everything here (default: removed)")
    run = parser.add_argument_group("run")
    run.add_argument("--jobs", type=int, default=2000, help="(default: 2000)")
    run.add_argument("--kills", type=int, default=100, help="of kill -9 (default: 100)")
    run.add_argument("--seed", type=int, default=7, help="decides everything (default: 7)")
    run.add_argument("--bots", type=int, default=1, help="bot processes (default: 1)")
    run.add_argument(
        "--speed", type=float, default=30.0, help="times as fast as the provider (default: 30)"
    )
    run.add_argument(
        "--bot-env", action="append", default=[], metavar="NAME=VALUE", help="a bot's setting"
    )
    run.add_argument("--plan", action="store_true", help="print the plan and do nothing")
    older = parser.add_argument_group("upgrade")
    older.add_argument("--from", dest="revision", default="HEAD~1", help="the older revision")
    return parser


def _run(options: argparse.Namespace) -> int:
    plan = make_plan(
        seed=options.seed,
        jobs=options.jobs,
        kills=options.kills,
        bots=options.bots,
        database=options.database,
    )
    if options.plan:
        _print(plan.as_json())
        return 0
    with _folder(options) as folder, stage.database(plan.database) as url:
        setting = Setting(
            folder=folder,
            database_url=url,
            bots=plan.bots,
            speed=options.speed,
            seed=plan.seed,
            bot_settings=dict(item.split("=", 1) for item in options.bot_env),
        )
        return asyncio.run(_carried_out(plan, setting))


async def _carried_out(plan: Plan, setting: Setting) -> int:
    async with stage.opened(setting) as opened:
        outcome = await carry_out(plan, opened, setting.folder)
    _print(report(plan, outcome))
    return 0 if went_well(outcome) else 1


def _commits(options: argparse.Namespace) -> int:
    """Every job kind and moment has a sandbox of its own; they run at the same time."""
    started_s = time.monotonic()
    cases = [(kind, when) for kind in commits.KINDS for when in commits.WHENS]

    async def all_of_them(folder: Path, urls: Sequence[str | None]) -> list[commits.Point]:
        runs = (
            commits.all_points(folder / f"{kind}-{when}", kind, when, url)
            for (kind, when), url in zip(cases, urls, strict=True)
        )
        return [point for points in await asyncio.gather(*runs) for point in points]

    names = [f"{kind}_{when}" for kind, when in cases]
    with _folder(options) as folder, stage.databases(options.database, names) as urls:
        points = asyncio.run(all_of_them(folder, urls))
    body = commits.report(options.database, points, time.monotonic() - started_s)
    _print(body)
    return 1 if body["violations"] else 0


def _upgrade(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(options))
        program = folder / "older"
        upgrade.unpack(options.revision, program)
        urls = stack.enter_context(stage.databases(options.database, list(upgrade.HOWS)))
        found = [
            asyncio.run(upgrade.upgrade(folder / how, program, how, url))
            for how, url in zip(upgrade.HOWS, urls, strict=True)
        ]
    _print(
        {
            "from": options.revision,
            "database": options.database,
            "upgrades": [one.as_json() for one in found],
        }
    )
    return 0 if all(one.went_well for one in found) else 1


_PARTS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "commits": _commits,
    "upgrade": _upgrade,
}


@contextmanager
def _folder(options: argparse.Namespace) -> Iterator[Path]:
    with ExitStack() as stack:
        kept: Path | None = options.folder
        folder = kept or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()


def _is_no_cut(record: logging.LogRecord) -> bool:
    """Leave out what a stand-in says of the connections that it cuts on purpose."""
    return record.exc_info is None or not isinstance(record.exc_info[1], ConnectionResetError)


def _print(body: Json) -> None:
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False, default=str) + "\n")


if __name__ == "__main__":
    sys.exit(main())
