"""`python -m sandbox.chaos`: the chaos harness. Figures as JSON on stdout, progress on stderr."""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from sandbox.chaos import stage
from sandbox.chaos.harness import carry_out
from sandbox.chaos.plan import Plan, make_plan
from sandbox.chaos.report import report, went_well
from sandbox.chaos.stage import Setting
from sandbox.discord_api.wire import Json
from sandbox.runner import CannotStartError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return 0 when every promise was kept, 1 when not, 2 when it cannot run."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.server").addFilter(_is_no_cut)
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
    try:
        return _run(plan, options)
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="(default: 2000)")
    parser.add_argument("--kills", type=int, default=100, help="of kill -9 (default: 100)")
    parser.add_argument("--seed", type=int, default=7, help="decides everything (default: 7)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--bots", type=int, default=1, help="bot processes (default: 1)")
    parser.add_argument(
        "--speed", type=float, default=30.0, help="times as fast as the provider (default: 30)"
    )
    parser.add_argument("--folder", type=Path, help="keep everything here (default: removed)")
    parser.add_argument(
        "--bot-env", action="append", default=[], metavar="NAME=VALUE", help="a bot's setting"
    )
    parser.add_argument("--plan", action="store_true", help="print the plan and do nothing")
    return parser


def _run(plan: Plan, options: argparse.Namespace) -> int:
    kept = nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory()
    with kept as name, stage.database(plan.database) as url:
        folder = Path(name).resolve()
        folder.mkdir(parents=True, exist_ok=True)
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


def _is_no_cut(record: logging.LogRecord) -> bool:
    """Leave out what a stand-in says of the connections that it cuts on purpose."""
    return record.exc_info is None or not isinstance(record.exc_info[1], ConnectionResetError)


def _print(body: Json) -> None:
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False, default=str) + "\n")


if __name__ == "__main__":
    sys.exit(main())
