"""Runs the parts of the sandbox until a signal or the bot's end, and leaves nothing behind."""

import asyncio
import errno
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox import words
from sandbox.bot_control import BotControl
from sandbox.bot_process import BOT_COMMAND, PROJECT, BotProcess
from sandbox.discord_api import DiscordStandIn
from sandbox.environment import bot_environment
from sandbox.segmind_api import SegmindStandIn
from sandbox.states_page import PATH as STATES_PATH
from sandbox.states_page import StatesPage

Part = Literal["all", "discord", "segmind"]
HOST = "127.0.0.1"
DEFAULT_PORT = 8765
MOST_BOTS = 16


class CannotStartError(Exception):
    """The sandbox cannot run; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line said.

    Attributes:
        port: Of the page (or of the one part that runs); None takes the usual or a free one.
        data_dir: Where everything is kept; None takes a folder that is removed at the end.
        bot_settings: Settings of the bot that win over the sandbox's.
        bots: How many processes share the shards.
        database_url: Where the bots' tables are; None for a SQLite file.
        light_videos: Let the provider answer with one tiny video for all.
        watch_ports: Of each bot's pages for watching; empty for none.
    """

    part: Part = "all"
    port: int | None = None
    as_json: bool = False
    speed: float = 8.0
    seed: int = 0
    data_dir: Path | None = None
    with_bot: bool = True
    bot_settings: dict[str, str] = field(default_factory=dict)
    bots: int = 1
    database_url: str | None = field(default=None, repr=False)  # may hold a password
    light_videos: bool = False
    watch_ports: Sequence[int] = ()


async def run(options: Options) -> int:
    """Run until SIGTERM, Ctrl-C or the bot's own end; return the exit code.

    Raises:
        CannotStartError: A port is taken, or the bot does not come up.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        parts = Parts(stack, options, await _folder(stack, options.data_dir))
        if options.part == "segmind":
            facts = {"segmind": await parts.start_segmind(options.port or 0)}
        elif options.part == "discord":
            facts = await parts.start_discord()
        else:
            return await _run_all(parts, stop)
        _announce(options, facts, words.of_part(facts))
        await stop.wait()
        return 0


async def _run_all(parts: "Parts", stop: asyncio.Event) -> int:
    options = parts.options
    discord = await parts.start_discord(speed=max(1.0, options.speed))
    facts = {**discord, "segmind": await parts.start_segmind(0)}
    if not options.with_bot:
        _announce(options, facts, words.welcome(facts, options.speed))
        await stop.wait()
        return 0
    bots = await parts.start_bots()
    if await _comes_up(parts, stop, bots):
        facts = {
            **facts,
            "bot_pid": bots[0].pid,
            "bot_log": str(parts.bot_log()),
            "bots": [
                {"pid": bot.pid, "log": str(parts.bot_log(number))}
                for number, bot in enumerate(bots, start=1)
            ],
        }
        _announce(options, facts, words.welcome(facts, options.speed))
        await _first_of(stop, bots)
    if stop.is_set():
        return 0
    failed = next((bot for bot in bots if bot.died.done()), bots[0])
    last_lines = await asyncio.to_thread(failed.last_lines)
    if failed.died.done():
        code = failed.died.result()
        sys.stderr.write(f"The bot has ended with code {code}. Its last words:\n{last_lines}")
        return code or 1
    raise CannotStartError(f"The bot does not come up. Its last words:\n{last_lines}")


async def _comes_up(parts: "Parts", stop: asyncio.Event, bots: Sequence[BotProcess]) -> bool:
    ready = asyncio.create_task(parts.control.wait_all_ready())
    await _first_of(stop, bots, ready)
    if ready.done():
        return ready.result()
    ready.cancel()
    return False


async def _first_of(
    stop: asyncio.Event, bots: Sequence[BotProcess], *others: asyncio.Future[bool]
) -> None:
    """Wait for a signal, a bot's own end, or something else."""
    stopped = asyncio.create_task(stop.wait())
    waiting: list[asyncio.Future[Any]] = [stopped, *(bot.died for bot in bots), *others]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()


class Parts:
    """Starts each part and leaves its stopping to the exit stack."""

    def __init__(self, stack: AsyncExitStack, options: Options, folder: Path) -> None:
        self.options = options
        self.control = BotControl()
        # The bot of this project; whoever compares puts another in its place.
        self.bot_command: Sequence[str] = BOT_COMMAND
        self.program_folder = PROJECT
        self.bots: Sequence[BotProcess] = ()
        self._stack = stack
        self._folder = folder
        self._segmind: SegmindStandIn | None = None
        self._discord: DiscordStandIn | None = None

    @property
    def segmind(self) -> SegmindStandIn:
        """The provider; RuntimeError before it was started."""
        if self._segmind is None:
            raise RuntimeError("the stand-ins come first")
        return self._segmind

    @property
    def discord(self) -> DiscordStandIn:
        """Discord; RuntimeError before it was started."""
        if self._discord is None:
            raise RuntimeError("the stand-ins come first")
        return self._discord

    @property
    def database_url(self) -> str:
        """Where the bots' tables are."""
        return self.options.database_url or f"sqlite:///{self.bot_folder() / 'bot.sqlite3'}"

    def bot_log(self, number: int = 1) -> Path:
        """What one of the bots writes."""
        return self._folder / ("bot.log" if number == 1 else f"bot-{number}.log")

    def bot_folder(self, number: int = 1) -> Path:
        """Where one of the bots keeps its files: only a SQLite file has to be shared."""
        own = number > 1 and self.options.database_url is not None
        return self._folder / (f"bot-{number}" if own else "bot")

    async def start_segmind(self, port: int) -> dict[str, Any]:
        """Start the provider; return what a client must know."""
        segmind = SegmindStandIn(
            folder=self._folder / "segmind",
            host=HOST,
            port=port,
            speed=self.options.speed,
            seed=self.options.seed,
            light_videos=self.options.light_videos,
            extra_routes=self.control.routes if self.options.part == "all" else (),
        )
        await _start(segmind, port)
        self._stack.push_async_callback(segmind.stop)
        self._segmind = segmind
        return {
            "api": segmind.api_url,
            "control": segmind.control_url,
            "api_key": segmind.api_key,
        }

    async def start_discord(self, *, speed: float = 1.0) -> dict[str, Any]:
        """Start Discord and the page; without a wish for a port the usual one, or a free one.

        Args:
            speed: Times as fast as its rate limits usually are.
        """
        port = DEFAULT_PORT if self.options.port is None else self.options.port
        states = StatesPage(self._folder / "states")
        self._stack.push_async_callback(states.close)
        discord = self._discord_at(port, speed, states)
        try:
            await _start(discord, port)
        except CannotStartError:
            if self.options.port is not None:
                raise
            sys.stderr.write(f"Port {port} is taken; the page gets a free one.\n")
            discord = self._discord_at(0, speed, states)
            await _start(discord, 0)
        self._stack.push_async_callback(discord.stop)
        self._discord = discord
        return {"page": discord.page_url, "discord": discord.describe()}

    @staticmethod
    def _discord_at(port: int, speed: float, states: StatesPage) -> DiscordStandIn:
        return DiscordStandIn(
            host=HOST,
            port=port,
            speed=speed,
            everywhere=True,
            extra_routes=states.routes,
            extra_pages={"Every state of a video": STATES_PATH},
        )

    async def start_bots(self) -> Sequence[BotProcess]:
        """Start the bots, pointed at both stand-ins; of several, each has one shard."""
        bots = [await self._bot(number) for number in range(1, self.options.bots + 1)]
        self.bots = bots
        for bot in bots:
            self._stack.push_async_callback(bot.stop)
        self.control.attach(bots, self.discord)
        for bot in bots:
            await bot.start()
        return bots

    async def _bot(self, number: int) -> BotProcess:
        data_dir = self.bot_folder(number)
        await asyncio.to_thread(data_dir.mkdir, parents=True, exist_ok=True)
        return BotProcess(
            environment=bot_environment(
                os.environ,
                discord_token=self.discord.describe()["bot_token"],
                discord_api=self.discord.api_url,
                discord_gateway=self.discord.gateway_url,
                segmind_key=self.segmind.api_key,
                segmind_api=self.segmind.api_url,
                speed=self.options.speed,
                data_dir=data_dir,
                extra={**self._place_of(number), **self.options.bot_settings},
            ),
            log_file=self.bot_log(number),
            command=self.bot_command,
            program_folder=self.program_folder,
        )

    def _place_of(self, number: int) -> dict[str, str]:
        """Return the settings in which one of several bots differs from the others."""
        place = {}
        if self.options.watch_ports:
            place["WATCH_PORT"] = str(self.options.watch_ports[number - 1])
        if self.options.database_url is not None:
            place["DATABASE_URL"] = self.options.database_url
        if self.options.bots > 1 and self.options.database_url is not None:
            place |= {
                "PROCESS_INDEX": str(number - 1),
                "PROCESS_COUNT": str(self.options.bots),
            }
        elif self.options.bots > 1:
            place |= {
                "EXECUTOR_ID": f"bot-{number}",
                "SHARD_IDS": str(number - 1),
                "SHARD_COUNT": str(self.options.bots),
            }
        return place


async def _start(server: SegmindStandIn | DiscordStandIn, port: int) -> None:
    try:
        await server.start()
    except OSError as error:
        await server.stop()
        if error.errno != errno.EADDRINUSE:
            raise
        raise CannotStartError(f"Port {port} is taken; choose another with --port.") from error


async def _folder(stack: AsyncExitStack, data_dir: Path | None) -> Path:
    if data_dir is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wan-sandbox-")))
    await asyncio.to_thread(data_dir.mkdir, parents=True, exist_ok=True)
    return await asyncio.to_thread(data_dir.resolve)


def _announce(options: Options, facts: dict[str, Any], text: str) -> None:
    sys.stdout.write(json.dumps(facts) + "\n" if options.as_json else text)
    sys.stdout.flush()
