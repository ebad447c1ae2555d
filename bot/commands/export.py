"""`python -m bot export`: what is kept about a member or a server, as a file."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from bot.commands.terminal import discord_id, opened, progress, write_new
from bot.jobs.export_file import ExportFile, write_rows
from bot.pseudonyms import Pseudonyms
from bot.settings import Settings, load_settings
from bot.storage import ExportingStore
from bot.tools import now

_ROWS_A_LINE = 500


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Write what is kept about a member (the same file as /privacy export) or about a server "
        "into a new JSON file, without tokens. The bot may be running."
    )
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--member", type=discord_id, metavar="ID", help="a member, everywhere")
    whose.add_argument("--guild", type=discord_id, metavar="ID", help="a server and its members")
    parser.add_argument("file", type=Path, help="where to; must not exist")
    parser.add_argument("--json", action="store_true", help="say how it went as JSON")
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    rows = asyncio.run(_written(load_settings(), options))
    size_bytes = options.file.stat().st_size
    if options.json:
        facts = {"file": str(options.file), "rows": rows, "bytes": size_bytes}
        print(json.dumps(facts, indent=2))
        return 0
    print(f"{options.file}: {rows} rows, {size_bytes} bytes.")
    if not rows:
        print("Nothing is kept about that id. Is it the right one?")
    else:
        print("It holds members' words: give it to nobody else, and remove it when it is read.")
    return 0


async def _written(settings: Settings, options: argparse.Namespace) -> int:
    pseudonyms = Pseudonyms.keyed_by(settings.discord_token.get_secret_value())
    async with opened(settings) as database:
        store = ExportingStore(database, pseudonyms)
        rows = (
            store.export_guild(options.guild)
            if options.member is None
            else store.export(options.member)
        )

        async def write(path: Path) -> int:
            file = await asyncio.to_thread(
                ExportFile, path, made_at=now(), user_id=options.member, guild_id=options.guild
            )
            return await write_rows(file, _counted(rows))

        try:
            return await write_new(options.file, write)
        finally:
            progress("")


async def _counted(
    rows: AsyncIterator[tuple[str, Mapping[str, Any]]],
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Pass rows on, and show how many they are so far."""
    count = 0
    async for row in rows:
        count += 1
        if count % _ROWS_A_LINE == 0:
            progress(f"{count} rows")
        yield row
