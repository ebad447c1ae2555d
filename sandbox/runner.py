"""Runs the parts of the sandbox until a signal or the bot's end, and leaves nothing behind."""

import asyncio
import errno
import json
import os
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox import words
from sandbox.bot_control import BotControl
from sandbox.bot_process import BotProcess
from sandbox.discord_api import DiscordStandIn
from sandbox.environment import bot_environment
from sandbox.segmind_api import SegmindStandIn

Part = Literal["all", "discord", "segmind"]
HOST = "127.0.0.1"
DEFAULT_PORT = 8765


class CannotStartError(Exception):
    """The sandbox cannot run; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line said.

    Attributes:
        port: Of the page (or of the one part that runs); None takes the usual or a free one.
        data_dir: Where everything is kept; None takes a folder that is removed at the end.
        bot_settings: Settings of the bot that win over the sandbox's.
    """

    part: Part = "all"
    port: int | None = None
    as_json: bool = False
    speed: float = 8.0
    seed: int = 0
    data_dir: Path | None = None
    with_bot: bool = True
    bot_settings: dict[str, str] = field(default_factory=dict)


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
    bot = await parts.start_bot()
    if await _comes_up(parts, stop, bot):
        facts = {**facts, "bot_pid": bot.pid, "bot_log": str(parts.bot_log)}
        _announce(options, facts, words.welcome(facts, options.speed))
        await _first_of(stop, bot)
    if stop.is_set():
        return 0
    last_lines = await asyncio.to_thread(bot.last_lines)
    if bot.died.done():
        code = bot.died.result()
        sys.stderr.write(f"The bot has ended with code {code}. Its last words:\n{last_lines}")
        return code or 1
    raise CannotStartError(f"The bot does not come up. Its last words:\n{last_lines}")


async def _comes_up(parts: "Parts", stop: asyncio.Event, bot: BotProcess) -> bool:
    ready = asyncio.create_task(parts.control.wait_ready())
    await _first_of(stop, bot, ready)
    if ready.done():
        return ready.result()
    ready.cancel()
    return False


async def _first_of(stop: asyncio.Event, bot: BotProcess, *others: asyncio.Future[bool]) -> None:
    """Wait for a signal, the bot's own end, or something else."""
    stopped = asyncio.create_task(stop.wait())
    waiting: list[asyncio.Future[Any]] = [stopped, bot.died, *others]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()


class Parts:
    """Starts each part and leaves its stopping to the exit stack."""

    def __init__(self, stack: AsyncExitStack, options: Options, folder: Path) -> None:
        self.options = options
        self.control = BotControl()
        self.bot_log = folder / "bot.log"
        self._stack = stack
        self._folder = folder
        self._segmind: SegmindStandIn | None = None
        self._discord: DiscordStandIn | None = None

    async def start_segmind(self, port: int) -> dict[str, Any]:
        """Start the provider; return what a client must know."""
        segmind = SegmindStandIn(
            folder=self._folder / "segmind",
            host=HOST,
            port=port,
            speed=self.options.speed,
            seed=self.options.seed,
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
        try:
            discord = DiscordStandIn(host=HOST, port=port, speed=speed)
            await _start(discord, port)
        except CannotStartError:
            if self.options.port is not None:
                raise
            sys.stderr.write(f"Port {port} is taken; the page gets a free one.\n")
            discord = DiscordStandIn(host=HOST, port=0, speed=speed)
            await _start(discord, 0)
        self._stack.push_async_callback(discord.stop)
        self._discord = discord
        return {"page": discord.page_url, "discord": discord.describe()}

    async def start_bot(self) -> BotProcess:
        """Start the bot, pointed at both stand-ins."""
        if self._discord is None or self._segmind is None:
            raise RuntimeError("the stand-ins come first")
        data_dir = self._folder / "bot"
        await asyncio.to_thread(data_dir.mkdir, parents=True, exist_ok=True)
        bot = BotProcess(
            environment=bot_environment(
                os.environ,
                discord_token=self._discord.describe()["bot_token"],
                discord_api=self._discord.api_url,
                discord_gateway=self._discord.gateway_url,
                segmind_key=self._segmind.api_key,
                segmind_api=self._segmind.api_url,
                speed=self.options.speed,
                data_dir=data_dir,
                extra=self.options.bot_settings,
            ),
            log_file=self.bot_log,
        )
        self._stack.push_async_callback(bot.stop)
        self.control.attach(bot, self._discord)
        await bot.start()
        return bot


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
