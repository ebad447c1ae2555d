"""The command line: run the bot, list its models, migrate, check the installation."""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from bot import __version__
from bot.allocator import keep_little, leave_as_it_is
from bot.catalogue import MODELS, as_json, as_markdown
from bot.commands import add_to
from bot.composition import run
from bot.errors import (
    BotError,
    ConfigurationError,
    DatabaseAwayError,
    LockLostError,
    StorageTroubleError,
)
from bot.heartbeat import trouble
from bot.logs import set_up_logs
from bot.pricing import load_prices
from bot.redaction import redactor
from bot.reporting import open_reporting
from bot.running import EXIT_CONFIGURATION, EXIT_TRY_AGAIN
from bot.settings import load_settings
from bot.storage import newest_revision


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    0: well. 1: it failed. 75: the database does not answer or cannot be written, or the bot lost
    its lock on it: start it again. 78: wrong settings.
    """
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except StorageTroubleError as error:
        print(f"Nothing can be saved: {error}. Make room, or end what locks it.", file=sys.stderr)
        return EXIT_TRY_AGAIN
    except (DatabaseAwayError, LockLostError) as error:
        print(error, file=sys.stderr)
        return EXIT_TRY_AGAIN
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return EXIT_CONFIGURATION
    except BotError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("--version", action=_ShowVersion, help="code, schema and engine")
    parser.set_defaults(command=_run)
    commands = parser.add_subparsers(title="commands", metavar="")
    models = commands.add_parser("models", help="list the models, their parameters and options")
    form = models.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, with every parameter")
    form.add_argument("--markdown", action="store_true", help="as the README's tables")
    models.set_defaults(command=_models)
    health = commands.add_parser("healthcheck", help="exit with 0 if the running bot is alive")
    health.set_defaults(command=_healthcheck)
    add_to(commands)
    return parser


class _ShowVersion(argparse.Action):
    """Says which versions these are; looked up only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print them and end the program."""
        print(
            f"wan-video-bot {__version__} (schema: {newest_revision()}, "
            f"engine: DBOS {version('dbos')})"
        )
        parser.exit()


def _run(_options: argparse.Namespace) -> int:
    settings = load_settings()
    redact = redactor(settings.secrets)
    with open_reporting(settings, release=__version__, redact=redact) as reporting:
        set_up_logs(
            settings.log_format,
            settings.log_level,
            executor=settings.executor_id,
            redact=redact,
            more=reporting.handlers,
        )
        keep_little()
        try:
            asyncio.run(run(settings, reporting.tracer))
        except BotError:
            raise
        except Exception:  # a fault of the program: where logs and reports go, not as bare text
            logging.getLogger("bot").critical("the bot has ended by a fault", exc_info=True)
            return 1
    return 0


def _models(options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(as_json(), indent=2, ensure_ascii=False))
        return 0
    if options.markdown:
        print(as_markdown())
        return 0
    cheapest = load_prices().cheapest
    for model in MODELS:
        taken = " ".join(option.name for option in model.options)
        print(
            f"{model.slug}  {model.title}\n  {model.summary}; about {model.typical_s:.0f} s, "
            f"from {cheapest[model.slug]} credits\n  options: {taken}"
        )
    return 0


def _healthcheck(_options: argparse.Namespace) -> int:
    why = trouble(load_settings(), now_s=time.time())
    if why is not None:
        print(why, file=sys.stderr)
    return int(why is not None)


if __name__ == "__main__":
    code = main()
    leave_as_it_is()
    sys.exit(code)
