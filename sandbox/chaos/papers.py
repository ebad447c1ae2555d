"""Collects, at the end of a run, all that there is to search and is in no file of the run yet.

The tables as text, what the bot's own commands say and write, what members were shown, what the
provider was sent, and the database server's log.
"""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import TERMINAL
from bot.storage.tables import DIRECT_MESSAGES, JobRow
from sandbox.chaos.leaks import INTERACTION_MARK, Leak, Search, Secret, search
from sandbox.chaos.stage import Stage
from sandbox.chaos.witness import Witness

_SEEN, _TABLES, _MADE = "seen", "tables", "made"
# Where an interaction's token may be: a job's row, so the files that this row is in.
_TOKENS_IN = ("bot/bot.sqlite3*", f"{_TABLES}/*.job.jsonl", f"{_MADE}/backup.sqlite3")


def witness_of(stage: Stage, folder: Path) -> Witness:
    """Return who looks on during a run."""
    return Witness(folder / _SEEN, stage.parts.options.watch_ports)


def secrets_of(stage: Stage) -> list[Secret]:
    """Return what must be seen nowhere, or in few places."""
    found = [
        Secret(name="the Discord token", value=stage.discord.world.bot.token),
        Secret(name="the Segmind key", value=stage.parts.segmind.api_key),
        Secret(name="an interaction's token", value=INTERACTION_MARK, allowed=_TOKENS_IN),
    ]
    password = make_url(stage.database_url).password if stage.database_url else None
    if password:
        found.append(Secret(name="the database's password", value=password))
    return found


async def searched(stage: Stage, folder: Path, witness: Witness) -> Search:
    """Collect everything below a run's folder, and search it."""
    commands = await _run_commands(stage, folder / _MADE)
    rows = await asyncio.to_thread(_write_tables, stage, folder)
    messages = await asyncio.to_thread(_write_words, stage, folder / _MADE)
    found = await asyncio.to_thread(search, folder, secrets_of(stage))
    late = [
        Leak(what="an interaction's token", place=f"job {job_id}, which has ended")
        for job_id in await _with_useless_token(stage)
    ]
    looked_at = {
        **found.looked_at,
        **witness.seen,
        "commands": commands,
        "rows": rows,
        "messages": messages,
    }
    return Search(looked_at=looked_at, leaks=[*found.leaks, *late])


async def _run_commands(stage: Stage, folder: Path) -> int:
    """Run the commands that hosts run beside a bot; keep what they say and write.

    Returns:
        How many did what they are for: a backup is none on PostgreSQL, for example.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    guild_id, user_id = await _somebody(stage)
    commands = {
        "version": ["--version"],
        "doctor": ["doctor"],
        "jobs": ["jobs", "list", "--json"],
        "ledger": ["ledger", "check", "--json"],
        "guild": ["export", "--guild", str(guild_id), str(folder / "guild.json")],
        "member": ["export", "--member", str(user_id), str(folder / "member.json")],
        "backup": ["backup", str(folder / "backup.sqlite3")],
    }

    async def run(name: str, arguments: Sequence[str]) -> int:
        code, said = await stage.parts.bots[0].command(*arguments)
        lines = f"{' '.join(arguments)}: {code}\n{said}"
        await asyncio.to_thread((folder / f"{name}.txt").write_text, lines, "utf-8")
        return code

    codes = await asyncio.gather(*(run(*command) for command in commands.items()))
    return codes.count(0)


async def _somebody(stage: Stage) -> tuple[int, int]:
    """Return a server and a member with a job; zeros when there are none."""
    query = select(col(JobRow.guild_id), col(JobRow.user_id)).where(
        col(JobRow.guild_id) != DIRECT_MESSAGES
    )

    async def work(session: AsyncSession) -> tuple[int, int]:
        row = (await session.execute(query.limit(1))).one_or_none()
        return (row[0], row[1]) if row is not None else (0, 0)

    return await stage.database.read(work)


async def _with_useless_token(stage: Stage) -> list[int]:
    query = select(col(JobRow.id)).where(
        col(JobRow.state).in_(TERMINAL), col(JobRow.interaction_token).is_not(None)
    )

    async def work(session: AsyncSession) -> list[int]:
        return list(await session.scalars(query))

    return await stage.database.read(work)


def _write_tables(stage: Stage, folder: Path) -> int:
    """Write every row as text: in the files a long value is in pieces."""
    (folder / _TABLES).mkdir(exist_ok=True)
    count = 0
    for table, rows in _tables(stage, folder):
        with (folder / _TABLES / f"{table}.jsonl").open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, default=_as_text) + "\n")
                count += 1
    return count


def _tables(stage: Stage, folder: Path) -> Iterator[tuple[str, Iterator[Any]]]:
    if stage.database_url is None:
        for path in sorted((folder / "bot").glob("*.sqlite3")):
            yield from _tables_of_file(path)
        return
    with psycopg.connect(stage.database_url) as connection:
        names = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in names:
            query = sql.SQL("SELECT * FROM {}.{}").format(
                sql.Identifier(schema), sql.Identifier(table)
            )
            yield f"{schema}.{table}", iter(connection.execute(query))


def _tables_of_file(path: Path) -> Iterator[tuple[str, Iterator[Any]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in names:
            yield f"{path.stem}.{table}", connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - as the database says itself


def _write_words(stage: Stage, folder: Path) -> int:
    """Write what every message showed, what the provider was sent, and the server's log."""
    count = 0
    with (folder / "messages.jsonl").open("w", encoding="utf-8") as file:
        store = stage.discord.messaging.store
        for channel_id in store.channels():
            for message in store.all(channel_id):
                for shown in message.revisions:
                    body = shown.body
                    words = [body.content, body.embeds, body.components]
                    file.write(json.dumps(words, ensure_ascii=False) + "\n")
                    count += 1
    with (folder / "requests.jsonl").open("w", encoding="utf-8") as file:
        for record in stage.provider.store.records.values():
            file.write(json.dumps(record.body, ensure_ascii=False) + "\n")
    if stage.database_url is not None:
        server = make_url(stage.database_url).query["host"]
        shutil.copyfile(Path(str(server)) / "log", folder / "postgresql.log")
    return count


def _as_text(value: object) -> str:
    """Return what JSON lacks: bytes as the characters that they are, all else as it is printed."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
