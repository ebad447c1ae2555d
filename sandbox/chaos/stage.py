"""A running sandbox for a run: both stand-ins in this process, the bots in their own."""

import asyncio
import itertools
import random
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bot.storage import Database
from sandbox import postgres
from sandbox.bot_process import BOT_COMMAND, PROJECT
from sandbox.chaos.crowd import Crowd
from sandbox.chaos.keeper import Keeper
from sandbox.chaos.plan import DatabaseKind
from sandbox.runner import HOST, CannotStartError, Options, Parts

# What a run is not about: nobody ever runs out of anything.
_PLENTY = {
    "DAILY_CREDITS": "100000000",
    "MONTHLY_CREDITS": "100000000",
    "JOBS_IN_FLIGHT_PER_MEMBER": "10000",
    "JOBS_IN_FLIGHT_PER_GUILD": "100000",
    "MEMBER_COMMANDS_PER_MINUTE": "1000000",
    "SEGMIND_CONCURRENCY": "24",
}
_CREDITS_USD = 1e6
# Discord's limits are those of one bot; the run is many times as fast as a community.
_DISCORD_SPEED = 5.0
_OWN = "chaos-books"
# Below those that Linux gives to connections.
_PORTS = (20_000, 32_000)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a stage is set up.

    Attributes:
        speed: Times as fast as the real provider.
        folder: Everything is kept here.
        bot_settings: Win over the stage's own.
        command: What is run as a bot.
        program_folder: Where it is run.
    """

    folder: Path
    database_url: str | None
    bots: int = 1
    speed: float = 30.0
    seed: int = 0
    bot_settings: dict[str, str] | None = None
    command: Sequence[str] = BOT_COMMAND
    program_folder: Path = PROJECT


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that a run touches."""

    parts: Parts
    crowd: Crowd
    keepers: Sequence[Keeper]
    database: Database
    database_url: str | None

    @property
    def provider(self) -> Any:
        """The provider's insides."""
        return self.parts.segmind.context

    @property
    def discord(self) -> Any:
        """Discord's insides."""
        return self.parts.discord.hub


@asynccontextmanager
async def opened(setting: Setting) -> AsyncIterator[Stage]:
    """Start everything, wait until the bots can take commands, and take it down at the end.

    Raises:
        CannotStartError: a bot does not come up.
    """
    options = Options(
        port=0,
        speed=setting.speed,
        seed=setting.seed,
        bots=setting.bots,
        database_url=setting.database_url,
        light_videos=True,
        watch_ports=await asyncio.to_thread(_free_ports, setting.bots),
        bot_settings={**_PLENTY, **(setting.bot_settings or {})},
    )
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(setting.folder.mkdir, parents=True, exist_ok=True)
        parts = Parts(stack, options, setting.folder)
        parts.bot_command, parts.program_folder = setting.command, setting.program_folder
        await parts.start_discord(speed=_DISCORD_SPEED)
        crowd = Crowd(parts.discord)
        await parts.start_segmind(0)
        parts.segmind.account.credits_usd = _CREDITS_USD
        bots = await parts.start_bots()
        database = Database.open(_ours(setting.database_url) or parts.database_url)
        stack.push_async_callback(database.close)
        if not await parts.control.wait_all_ready():
            last_lines = await asyncio.to_thread(bots[0].last_lines)
            raise CannotStartError(f"A bot does not come up. Its last words:\n{last_lines}")
        keepers = [Keeper(bot, number, parts.control) for number, bot in enumerate(bots, start=1)]
        for keeper in keepers:
            keeper.watch()
            stack.push_async_callback(keeper.close)
        yield Stage(
            parts=parts,
            crowd=crowd,
            keepers=keepers,
            database=database,
            database_url=setting.database_url,
        )


@contextmanager
def database(kind: DatabaseKind) -> Iterator[str | None]:
    """Give the address of a fresh database; None for the bot's own SQLite file.

    Raises:
        CannotStartError: there is no PostgreSQL here.
    """
    with databases(kind, ["chaos"]) as (url,):
        yield url


@contextmanager
def databases(kind: DatabaseKind, names: Sequence[str]) -> Iterator[Sequence[str | None]]:
    """Give one address for each name; errors as `database`."""
    if kind == "sqlite":
        yield [None for _ in names]
        return
    reason = postgres.missing()
    if reason is not None:
        raise CannotStartError(reason)
    with postgres.running() as socket_folder:
        yield [new_database(socket_folder, name) for name in names]


def new_database(socket_folder: str, name: str) -> str:
    """Make a database on a server of `sandbox.postgres`; return its address."""
    with psycopg.connect(
        f"host={socket_folder} user=bot dbname=postgres", autocommit=True
    ) as connection:
        connection.execute(
            psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
        )
    # The server asks for none. It is made up, and must be seen nowhere.
    password = secrets.token_hex(16)
    return f"postgresql://bot:{password}@/{name}?host={socket_folder}"


def _free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on, and that no connection gets while a bot is down."""
    start = random.SystemRandom().randrange(*_PORTS)
    found: list[int] = []
    for port in itertools.chain(range(start, _PORTS[1]), range(_PORTS[0], start)):
        with socket.socket() as tried, suppress(OSError):
            tried.bind((HOST, port))
            found.append(port)
        if len(found) == number:
            return found
    raise CannotStartError("There are no free ports.")


def _ours(database_url: str | None) -> str | None:
    """Return the address under which the harness itself reads: it is never cut."""
    return database_url and f"{database_url}&application_name={_OWN}"


def cut_connections(address: str) -> int:
    """End every connection to a database but our own; return how many there were."""
    with psycopg.connect(address, autocommit=True) as connection:
        found = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND application_name <> %s",
            [_OWN],
        ).fetchone()
    return int(found[0]) if found else 0
