"""A bot that hangs when it is closed: `python -m tests.hanging_bot STOP_TIMEOUT_S`."""

import asyncio
import sys

import discord
from pydantic import SecretStr

from bot.logs import set_up_logs
from bot.running import until_stopped


def say(word: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class HangingBot(discord.Client):
    """It runs, and never ends by itself."""

    async def start(self, token: str, *, reconnect: bool = True) -> None:  # noqa: ARG002 - inherited
        """Say that it runs."""
        say("running")
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Hang."""
        say("closing")
        await asyncio.Event().wait()


async def main() -> None:
    """Run until stopped."""
    bot = HangingBot(intents=discord.Intents.none())
    await until_stopped(
        bot, SecretStr("none"), stop_timeout_s=float(sys.argv[1]), lost=asyncio.Event()
    )


if __name__ == "__main__":
    set_up_logs("human", "INFO")
    asyncio.run(main())
