"""Checks the slash commands: what Discord has against what this version would register."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bot.client import SYNCED_FILE, VideoBot
from bot.discord_ui.command_differences import Command, differences
from bot.doctoring.apart import apart
from bot.doctoring.diagnosis import Diagnosis, hint, well, wrong
from bot.doctoring.discord_account import DiscordAccount
from bot.settings import Settings


async def check_commands(account: DiscordAccount, settings: Settings) -> Diagnosis:
    """Compare the commands.

    Raises:
        NotCheckedError: Discord cannot be asked.
    """
    application = await account.application()
    registered = await account.rest.get(
        f"/applications/{application.id}/commands", with_localizations="true"
    )
    # Some hundred milliseconds of work, which would make every other answer seem late.
    wanted = await asyncio.wrap_future(apart(lambda: asyncio.run(wanted_commands(settings))))
    return of_commands(registered, wanted, known_file=settings.data_dir / SYNCED_FILE)


async def wanted_commands(settings: Settings) -> list[Command]:
    """Return what this version would register; connects to nothing."""
    bot = VideoBot(
        start_services=_never, data_dir=settings.data_dir, user_installs=settings.user_installs
    )
    async with bot:
        await bot.load_commands()
        return [*await bot.payload()]


async def _never(_client: VideoBot) -> NoReturn:
    raise RuntimeError("the doctor starts no bot")


def of_commands(
    registered: Sequence[Command], wanted: Sequence[Command], *, known_file: Path
) -> Diagnosis:
    """Judge what is registered.

    Args:
        registered: What Discord has.
        wanted: What this version would register.
        known_file: Where the bot remembers that it has registered commands.
    """
    figures = {"registered": len(registered), "wanted": len(wanted)}
    if not registered and not known_file.exists():
        return hint(
            "commands",
            "none is registered yet.",
            "Start the bot, which registers them.",
            **figures,
        )
    words = differences(registered, wanted).words()
    if words:
        return wrong(
            "commands",
            f"{words}.",
            "Start the bot again (the process with shard 0), which registers them anew.",
            **figures,
        )
    return well("commands", f"{len(registered)} are registered, as this version wants", **figures)
