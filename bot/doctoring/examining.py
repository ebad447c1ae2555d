"""Examines an installation: which checks there are, and what each part is called."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bot.doctoring import decoding, host_settings, machine, stored
from bot.doctoring.apart import apart
from bot.doctoring.checking import LIMIT_S, NETWORK, Check, carried_out
from bot.doctoring.clock import check_clock
from bot.doctoring.diagnosis import Diagnosis, NotCheckedError
from bot.doctoring.discord_account import DiscordAccount
from bot.doctoring.provider import SegmindAccount
from bot.doctoring.registration import check_commands
from bot.doctoring.telling import PART as TELLING
from bot.doctoring.telling import check_telling
from bot.doctoring.web import Witness
from bot.errors import ConfigurationError
from bot.segmind import make_session
from bot.settings import Settings

# Stable names, in the order in which they are told.
PARTS = (
    host_settings.PART,
    "folders",
    "disk",
    "prices",
    "database",
    "ledger",
    "ffmpeg",
    "decoder",
    "languages",
    "watch_port",
    "reporting",
    "clock",
    "discord",
    "gateway",
    "starts",
    "intents",
    "installs",
    "permissions",
    "commands",
    TELLING,
    "segmind",
    "balance",
    "segmind_history",
    "segmind_upload",
)
_FOLDERS = "Set DATA_DIR and KEPT_DIR to folders on a disk that answers, of the bot's own user."
_DATABASE = "See what locks the database, or keeps its disk or server from answering."
_FILES = "See whether the machine is overloaded, or a disk does not answer."
_NEW_FILES = "Install the bot again."
_DISCORD = "Leave DISCORD_API_BASE and DISCORD_GATEWAY_URL empty, and check this machine's network."


async def examine(
    settings: Settings,
    *,
    env_file: Path | None = None,
    parts: Collection[str] = PARTS,
    now: Callable[[], float] = time.time,
    limit_s: float = LIMIT_S,
) -> list[Diagnosis]:
    """Check every part, all at the same time; no fault of one hides another. Never raises.

    Args:
        settings: The host's.
        env_file: The file they come from, if any.
        parts: Which to check, of `PARTS`; what they build upon is asked too, but not told.
        now: Seconds since the epoch, by this machine's clock.
        limit_s: How long each check may take.
    """
    # Alone and first: the database may be a file in it.
    folders = Check(
        part="folders", look=_blocking(machine.check_folders, settings), remedy=_FOLDERS
    )
    first = await carried_out([folders], limit_s=limit_s)
    async with make_session() as session:
        witness = Witness(now=now)
        witness.watch(session)
        checks = [
            *_of_machine(settings, env_file),
            *_of_files(),
            *_of_network(session, settings, witness, now),
        ]
        rest = await carried_out([one for one in checks if one.part in parts], limit_s=limit_s)
    found = {one.part: one for one in (*first, *rest)}
    return [found[part] for part in PARTS if part in parts]


async def examine_without_settings(
    error: ConfigurationError, *, parts: Collection[str] = PARTS, limit_s: float = LIMIT_S
) -> list[Diagnosis]:
    """Tell what is wrong with the settings, and check what needs none. Never raises.

    Args:
        error: Why they cannot be loaded.
        parts: Which to check, of `PARTS`; the settings are told anyway.
        limit_s: How long each check may take.
    """
    able = {check.part: check for check in _of_files()}
    unable = (
        able.get(part, Check(part=part, look=_not_without_settings, remedy=""))
        for part in PARTS
        if part in parts and part != host_settings.PART
    )
    rest = await carried_out([*unable], limit_s=limit_s)
    return [*host_settings.settings_trouble(error), *rest]


async def _not_without_settings() -> Diagnosis:
    raise NotCheckedError("the settings cannot be loaded")


def _of_files() -> list[Check]:
    """Return the checks of what the bot is made of."""
    return [
        Check(part="ffmpeg", look=_blocking(machine.check_ffmpeg), remedy=_FILES),
        Check(part="decoder", look=decoding.check_decoder, remedy=_FILES),
        Check(part="languages", look=_blocking(machine.check_languages), remedy=_NEW_FILES),
    ]


def _of_machine(settings: Settings, env_file: Path | None) -> list[Check]:
    """Return the checks of what the settings name on this machine, and of the database."""
    own = _blocking(host_settings.check_settings, settings, env_file)
    return [
        Check(part=host_settings.PART, look=own, remedy=_FILES),
        Check(part="disk", look=_blocking(machine.check_disk, settings), remedy=_FOLDERS),
        Check(
            part="prices",
            look=_blocking(machine.check_prices, settings),
            remedy="Correct PRICES_FILE, or leave it empty for the bot's own prices.",
        ),
        Check(
            part="database",
            look=lambda: stored.check_database(settings),
            remedy=_DATABASE,
        ),
        Check(part="ledger", look=lambda: stored.check_ledger(settings), remedy=_DATABASE),
        Check(part="reporting", look=_blocking(machine.check_reporting, settings), remedy=_FILES),
        Check(part="watch_port", look=_blocking(machine.check_watch_port, settings), remedy=_FILES),
    ]


def _of_network(
    session: aiohttp.ClientSession,
    settings: Settings,
    witness: Witness,
    now: Callable[[], float],
) -> list[Check]:
    """Return the checks of Discord, of Segmind, and of the clock, which both of them tell."""
    discord = DiscordAccount(session, settings, witness)
    segmind = SegmindAccount(session, settings, witness)
    of_discord: Mapping[str, Callable[[], Awaitable[Diagnosis]]] = {
        "discord": discord.check_token,
        "gateway": discord.check_gateway,
        "starts": discord.check_starts,
        "intents": discord.check_intents,
        "installs": discord.check_installs,
        "permissions": discord.check_permissions,
        "commands": lambda: check_commands(discord, settings),
        TELLING: lambda: check_telling(discord, settings),
    }
    of_others: Mapping[str, Callable[[], Awaitable[Diagnosis]]] = {
        "clock": lambda: check_clock((discord.seen(), segmind.seen())),
        "segmind": segmind.check_key,
        "balance": segmind.check_balance,
        "segmind_history": lambda: segmind.check_history(now=datetime.fromtimestamp(now(), UTC)),
        "segmind_upload": segmind.check_uploads,
    }
    return [
        *(Check(part=part, look=look, remedy=_DISCORD) for part, look in of_discord.items()),
        *(Check(part=part, look=look, remedy=NETWORK) for part, look in of_others.items()),
    ]


def _blocking(
    look: Callable[..., Diagnosis], *arguments: object
) -> Callable[[], Awaitable[Diagnosis]]:
    return lambda: asyncio.wrap_future(apart(lambda: look(*arguments)))
