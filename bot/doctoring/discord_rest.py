"""Discord's HTTP API as the doctor and `invite` need it: one try each, and what a refusal means.

discord.py's own client would try again for longer than anybody wants to wait for a diagnosis.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import discord

from bot.client import api_address
from bot.doctoring.web import CALL_LIMIT_S
from bot.errors import BotError, ConfigurationError, TransientError
from bot.settings import Settings

T = TypeVar("T")

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY, _OUTAGE = 401, 403, 404, 429, 500
# Unknown channel, server, member, user; no access.
_HIDDEN_CODES = frozenset({10003, 10004, 10007, 10013, 50001})
# In the form that Discord wants, or its edge may refuse us.
_USER_AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py {discord.__version__})"


class TokenRefusedError(ConfigurationError):
    """Discord does not know the token."""

    def __init__(self) -> None:
        super().__init__(
            "DISCORD_TOKEN is refused by Discord. Reset it in the developer portal (Bot page)."
        )


class HiddenError(BotError):
    """What was asked for does not exist, or the bot may not see it."""

    def __init__(self) -> None:
        super().__init__("Discord has no such place for the bot.")


class NotDiscordError(BotError):
    """What answers does not speak Discord's API."""

    def __init__(self) -> None:
        super().__init__("what answers there is not Discord's API.")


def as_discord(read: Callable[[], T]) -> T:
    """Return what is read from Discord's JSON; NotDiscordError when it has another shape."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotDiscordError from None


@dataclass(frozen=True, kw_only=True)
class Application:
    """The bot's application, as its owner has set it.

    Attributes:
        anybody_invites: The switch *Public Bot*.
        takes_users: Whether people may install it for themselves.
    """

    id: int
    name: str
    flags: discord.ApplicationFlags
    anybody_invites: bool
    takes_users: bool

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Application":
        """Read Discord's JSON; for what it raises see `as_discord`."""
        flags = discord.ApplicationFlags()
        flags.value = int(facts.get("flags", 0))
        return cls(
            id=int(facts["id"]),
            name=str(facts["name"]),
            flags=flags,
            anybody_invites=bool(facts.get("bot_public", False)),
            takes_users="1" in (facts.get("integration_types_config") or {}),
        )


class DiscordRest:
    """Reads; changes nothing."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings) -> None:
        self._session = session
        self._token = settings.discord_token
        self.base = api_address(settings.discord_api_base)

    async def application(self) -> Application:
        """Return the application whose token this is."""
        facts = await self.get("/applications/@me")
        return as_discord(lambda: Application.of(facts))

    async def get(self, path: str, **query: str) -> Any:
        """Return the JSON of one answer.

        Raises:
            TokenRefusedError: the token.
            TransientError: Discord has an outage, or it is asked too often.
            HiddenError: there is no such channel or user, or not for the bot.
            BotError: something else answers there, or refuses.
        """
        try:
            async with self._session.get(
                self.base + path,
                params=query,
                headers={
                    "Authorization": f"Bot {self._token.get_secret_value()}",
                    "User-Agent": _USER_AGENT,
                },
                timeout=aiohttp.ClientTimeout(total=CALL_LIMIT_S),
                allow_redirects=False,  # the token goes to no other host
            ) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            trouble = TransientError(f"{type(error).__name__}: {error}".rstrip(": "))
        else:
            return _content(status, body)
        # Outside the handler: aiohttp's errors can hold the request's headers, and the token.
        raise trouble


def _content(status: int, body: bytes) -> Any:
    if status == _UNAUTHORIZED:
        raise TokenRefusedError
    if status == _TOO_MANY or status >= _OUTAGE:
        raise TransientError(f"HTTP {status}", status)
    if status in {_FORBIDDEN, _NOT_FOUND} and _code(body) in _HIDDEN_CODES:
        raise HiddenError
    if status == _FORBIDDEN:
        raise BotError("Discord refuses this machine or this bot (HTTP 403).")
    try:
        content = json.loads(body)
    except ValueError:
        raise NotDiscordError from None
    if status >= _UNAUTHORIZED:
        raise NotDiscordError
    return content


def _code(body: bytes) -> int | None:
    """Return Discord's own number of an error, of which it has many for each status."""
    try:
        content = json.loads(body)
    except ValueError:  # a page of some proxy
        return None
    code = content.get("code") if isinstance(content, dict) else None
    return code if isinstance(code, int) else None
