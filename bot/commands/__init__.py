"""Commands of `python -m bot` for whoever looks after an installation, one module for each."""

import argparse
from typing import TypeAlias

from bot.commands import (
    backup,
    doctor,
    export,
    invite,
    jobs,
    ledger,
    migrate,
    move,
    prune,
    restore,
)

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def add_to(commands: Commands) -> None:
    """Add them to the command line; each sets `command`, which returns the exit code."""
    doctor.add_to(commands.add_parser("doctor", help="check every part, and say how to mend it"))
    invite.add_to(commands.add_parser("invite", help="print the link that invites the bot"))
    migrate.add_to(commands.add_parser("migrate", help="bring the tables up to date, or back"))
    backup.add_to(commands.add_parser("backup", help="copy the database while the bot runs"))
    restore.add_to(commands.add_parser("restore", help="go back to a backup"))
    move.add_to(commands.add_parser("move", help="move to another database, such as PostgreSQL"))
    jobs.add_to(commands.add_parser("jobs", help="list jobs; show, retry, cancel or release one"))
    ledger.add_to(commands.add_parser("ledger", help="check the books of credits, and mend them"))
    prune.add_to(commands.add_parser("prune", help="forget now what is past its time"))
    export.add_to(commands.add_parser("export", help="write a member's or a server's data down"))
