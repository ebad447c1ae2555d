"""Checks an installation: one line for each part, and what to do when something is wrong."""

import asyncio
import shutil
from collections.abc import Awaitable

import aiohttp
import discord

from bot.client import redirect
from bot.errors import BotError, TransientError, UnauthorizedError
from bot.finding import Finding
from bot.jobs.account_desk import LOW_BALANCE_USD
from bot.media import ffmpeg_program
from bot.pricing import load_prices
from bot.segmind import make_session
from bot.settings import Settings
from bot.storage import Database, JobStore, refuse_away
from bot.tools import provider_of

_BYTES_IN_MB = 1e6


async def examine(settings: Settings) -> list[Finding]:
    """Check every part; no finding raises."""
    # Alone and first: the database may be a file in it.
    folder = await asyncio.to_thread(_data_folder, settings)
    checks: dict[str, Awaitable[Finding]] = {
        "prices": asyncio.to_thread(_prices, settings),
        "database": _database(settings),
        "ffmpeg": asyncio.to_thread(_ffmpeg),
        "Segmind": _provider(settings),
        "Discord": _discord(settings),
    }
    results = await asyncio.gather(*checks.values(), return_exceptions=True)
    return [
        folder,
        *(
            found if isinstance(found, Finding) else _trouble(part, found)
            for part, found in zip(checks, results, strict=True)
        ),
    ]


def _trouble(part: str, error: BaseException) -> Finding:
    if isinstance(error, TransientError | aiohttp.ClientError | TimeoutError):
        why = error.detail if isinstance(error, TransientError) else error
        return Finding(
            part=part,
            well=False,
            words=f"does not answer ({why}).",
            remedy="Check this machine's network, then try again.",
        )
    # Our own errors say what they are; others' texts are often only a host's name.
    words = str(error) if isinstance(error, BotError) else f"{type(error).__name__}: {error}"
    return Finding(part=part, well=False, words=words)


def _data_folder(settings: Settings) -> Finding:
    try:
        settings.make_data_dir()
    except BotError as error:
        return _trouble("data folder", error)
    free_bytes = shutil.disk_usage(settings.data_dir).free
    words = f"{settings.data_dir}, {free_bytes / _BYTES_IN_MB:,.0f} MB free"
    if free_bytes < settings.video_max_bytes:
        needed = f"{settings.video_max_bytes / _BYTES_IN_MB:,.0f} MB"
        return Finding(
            part="data folder",
            well=False,
            words=f"{words}.",
            remedy=f"Make room: one video may take {needed} (VIDEO_MAX_BYTES).",
        )
    return Finding(part="data folder", well=True, words=words)


def _prices(settings: Settings) -> Finding:
    table = load_prices(settings.prices_file, credits_per_cent=settings.credits_per_cent)
    return Finding(part="prices", well=True, words=f"videos from {table.cheapest_credits} credits")


def _ffmpeg() -> Finding:
    program = ffmpeg_program()
    if program is None:
        return Finding(
            part="ffmpeg",
            well=False,
            words="there is none that encodes H.264 (libx264).",
            remedy="Install one: until then videos too large for a channel come as links.",
        )
    return Finding(part="ffmpeg", well=True, words=f"{program} makes large videos fit")


async def _database(settings: Settings) -> Finding:
    database = Database.open(settings.database_address)
    try:
        await database.check()
        await refuse_away(database)
        problems = await JobStore(database).check_ledger()
    finally:
        await database.close()
    if problems:
        return Finding(part="database", well=False, words=f"the ledger: {'; '.join(problems)}")
    return Finding(part="database", well=True, words=f"{database.url}, the ledger adds up")


async def _provider(settings: Settings) -> Finding:
    async with make_session() as session:
        try:
            balance_usd = await provider_of(session, settings).balance_usd()
        except UnauthorizedError:
            return Finding(
                part="Segmind",
                well=False,
                words="the API key is refused.",
                remedy="Make a new one in Segmind's console and set SEGMIND_API_KEY.",
            )
    low = balance_usd < LOW_BALANCE_USD
    return Finding(
        part="Segmind",
        well=not low,
        words=f"balance {balance_usd:.2f} USD.",
        remedy="Buy credits in Segmind's console." if low else "",
    )


async def _discord(settings: Settings) -> Finding:
    redirect(settings.discord_api_base, settings.discord_gateway_url)
    # Without the intent for guilds discord.py warns; it never connects to the gateway here.
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except discord.LoginFailure:
            return Finding(
                part="Discord",
                well=False,
                words="the bot's token is refused.",
                remedy="Reset it in the developer portal (Bot page) and set DISCORD_TOKEN.",
            )
        return _installs(settings, client)


def _installs(settings: Settings, client: discord.Client) -> Finding:
    known = client.application
    if settings.user_installs and known is not None and known.user_integration_config is None:
        return Finding(
            part="Discord",
            well=False,
            words=f"logged in as {client.user}, which nobody can install for themselves.",
            remedy="Switch on User Install in the developer portal (Installation page), or set "
            "USER_INSTALLS=false.",
        )
    return Finding(part="Discord", well=True, words=f"logged in as {client.user}")
