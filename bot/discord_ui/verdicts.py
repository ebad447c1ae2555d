"""What an error from Discord means for us: pure, one place."""

from enum import Enum, auto

import aiohttp
import discord

# https://docs.discord.com/developers/topics/opcodes-and-status-codes
_TOO_LARGE_CODE = 40005
_TOO_MANY_OLD_EDITS_CODE = 30046
_TOO_LARGE, _TOO_MANY, _SERVER_ERROR = 413, 429, 500
# A reply in a channel whose history the bot may not read.
CANNOT_REPLY_CODES = frozenset({160002, 50024})
# A message whose form Discord does not take: invalid, or empty as far as it understands it.
INVALID_CODES = frozenset({50035, 50006})

# What a call to Discord can raise, other than bugs.
DISCORD_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


class Verdict(Enum):
    """Whether to try again."""

    LATER = auto()
    TOO_LARGE = auto()
    REFUSED = auto()


def verdict(error: BaseException) -> Verdict:
    """Return what an error from Discord means.

    LATER for 5xx, 429 and broken connections; REFUSED for every other refusal: the same
    request would be refused again, and repeating 401 and 403 gets the host banned.
    """
    if not isinstance(error, discord.HTTPException):
        return Verdict.LATER
    if error.status == _TOO_LARGE or error.code == _TOO_LARGE_CODE:
        return Verdict.TOO_LARGE
    if error.status == _TOO_MANY or error.status >= _SERVER_ERROR:
        return Verdict.LATER
    if error.code == _TOO_MANY_OLD_EDITS_CODE:
        return Verdict.LATER
    return Verdict.REFUSED
