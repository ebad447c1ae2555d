"""`python -m sandbox` as a process of its own: the whole bot between its two stand-ins."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from sandbox.bot_process import PROJECT
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.interactions import TOKEN_LIFE_S
from sandbox.discord_api.world import DEFAULT_UPLOAD_LIMIT_BYTES
from sandbox.environment import bot_environment

Json = dict[str, Any]

START_S = 90.0
STOP_S = 40.0
# For tests that do not look into the videos: making those is most of what many jobs cost.
LIGHT = ("--light-videos",)
# How long anything that should happen may take on a busy machine.
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05
# For what takes many seconds: each look costs the sandbox all its messages, or a whole database.
SELDOM_S = 0.3


class SandboxProcess:
    """One sandbox; an async context manager that checks its exit code at the end.

    Args:
        folder: Kept here: the bot's data and log, the provider's videos. Survives the end, so
            a second process on the same folder goes on where the first one stopped.
        speed: How many times faster than the real provider.
        bot_env: Settings of the bot that win over the sandbox's own.
        options: More words for its command line.
    """

    def __init__(
        self,
        folder: Path,
        *,
        speed: float = 200.0,
        bot_env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.speed = speed
        self.bot_env = dict(bot_env or {})
        self.options = tuple(options)
        self.facts: Json = {}
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.abandon()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            code = await self.stop()
        finally:
            await self.abandon()
        if error is None:
            assert code == 0, f"the sandbox ended with {code}:\n{self.errors()}"

    async def start(self) -> None:
        """Starts it and waits until the bot can take commands."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = [part for item in self.bot_env.items() for part in ("--bot-env", "=".join(item))]
        with self._errors.open("wb") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "sandbox", "--json", "--port", "0"),
                *("--speed", f"{self.speed:g}", "--data-dir", str(self.folder), *settings),
                *self.options,
                cwd=PROJECT,
                env={**os.environ, "TMPDIR": str(self.folder)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            line = await self._process.stdout.readline()
        assert line, f"the sandbox does not come up:\n{self.errors()}"
        self.facts = json.loads(line)
        self._http = aiohttp.ClientSession()

    async def stop(self) -> int:
        """Ends it as a service manager does; returns its exit code."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_S):
            return await self._process.wait()

    async def abandon(self) -> None:
        """Lets go of everything, whatever state it is in."""
        if self._http is not None:
            await self._http.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    # -- what there is -----------------------------------------------------------

    @property
    def guild_id(self) -> str:
        """The server."""
        return str(self.facts["discord"]["guild_id"])

    @property
    def channel_id(self) -> str:
        """The channel #video."""
        return str(self.facts["discord"]["channel_id"])

    @property
    def bot_id(self) -> str:
        """The bot's user."""
        return str(self.facts["discord"]["application_id"])  # the same number, as on Discord

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in a log or by a member."""
        return self.facts["discord"]["bot_token"], self.facts["segmind"]["api_key"]

    def bot_environment(self, **settings: str) -> dict[str, str]:
        """The environment of one more bot on the same stand-ins and the same data."""
        return bot_environment(
            os.environ,
            discord_token=self.facts["discord"]["bot_token"],
            discord_api=self.facts["discord"]["api"],
            discord_gateway=self.facts["discord"]["gateway"],
            segmind_key=self.facts["segmind"]["api_key"],
            segmind_api=self.facts["segmind"]["api"],
            speed=self.speed,
            data_dir=self.folder / "bot",
            extra={**self.bot_env, **settings},
        )

    def bot_log(self) -> str:
        """Everything the bot has written so far."""
        return Path(self.facts["bot_log"]).read_text(encoding="utf-8", errors="replace")

    def errors(self) -> str:
        """What the sandbox itself complained about."""
        return self._errors.read_text(encoding="utf-8", errors="replace")

    @property
    def _errors(self) -> Path:
        return self.folder / "sandbox-errors.txt"

    def member(self, name: str = "Mia") -> MemberDriver:
        """A connection of somebody of any guild, to be entered with `async with`."""
        discord = self.facts["discord"]
        everyone = [member for guild in discord["guilds"] for member in guild["members"]]
        token = next(m["token"] for m in everyone if m["name"] == name)
        return MemberDriver(discord["api"], discord["gateway"], token, timeout_s=PATIENCE_S)

    # -- control -----------------------------------------------------------------

    async def segmind(self, path: str, wish: object | None = None) -> Any:
        """A control call to the provider: GET, or POST when there is a wish; must succeed."""
        return await self._call(f"{self.facts['segmind']['control']}/{path}", wish)

    async def discord(self, path: str, wish: Json | None = None) -> Any:
        """A control call to the Discord stand-in: GET, or POST when there is a wish."""
        return await self._call(f"{self.facts['page']}sandbox/control/{path}", wish)

    async def bot(self, action: Literal["start", "stop", "kill", "restart"]) -> Json:
        """Starts or ends the bot's process; returns its state then."""
        state: Json = await self.segmind(f"bot/{action}", {})
        return state

    async def fault(self, *faults: Json) -> None:
        """Scripts faults of the provider."""
        await self.segmind("faults", list(faults))

    async def reset(self) -> None:
        """Brings both stand-ins' switches back to where they were at the start."""
        await self._call(f"{self.facts['segmind']['control']}/faults", None, method="DELETE")
        await self._call(f"{self.facts['page']}sandbox/control/faults", None, method="DELETE")
        settings = {"credits_usd": 1000, "api_key_valid": True, "requests_per_minute": None}
        await self.segmind("settings", settings)
        await self.discord("upload-limit", {"bytes": DEFAULT_UPLOAD_LIMIT_BYTES})
        await self.discord("token-life", {"seconds": TOKEN_LIFE_S})
        await self.discord("command-checks", {"enabled": True})

    async def _call(self, url: str, wish: object | None, *, method: str | None = None) -> Any:
        assert self._http is not None
        verb = method or ("GET" if wish is None else "POST")
        async with self._http.request(verb, url, json=wish) as response:
            text = await response.text()
            assert response.status < 300, f"{verb} {url}: {response.status} {text}"
            return json.loads(text) if text else None

    # -- what the provider saw ------------------------------------------------------

    async def provider_state(self) -> Json:
        """Everything that happened at the provider."""
        state: Json = await self.segmind("state")
        return state

    async def request_of(self, prompt: str) -> Json:
        """The one request the provider accepted for a prompt; use unique ones."""
        found = await self.requests_of(prompt)
        assert len(found) == 1, f"{len(found)} requests for {prompt!r}"
        return found[0]

    async def requests_of(self, prompt: str) -> list[Json]:
        """The requests the provider accepted for a prompt."""
        state = await self.provider_state()
        return [r for r in state["requests"] if r["body"].get("prompt") == prompt]

    # -- what Discord saw -----------------------------------------------------------

    async def messages_of(self, interaction_id: str) -> list[Json]:
        """The messages an interaction made, deleted ones included, with their history."""
        state = await self.discord("state")
        return [
            message
            for messages in state["messages"].values()
            for message in messages
            if message.get("interaction_metadata", {}).get("id") == interaction_id
        ]

    async def all_messages(self) -> dict[str, Json]:
        """Every message there is or was, by id, with its history."""
        state = await self.discord("state")
        return {m["id"]: m for messages in state["messages"].values() for m in messages}


async def until(
    reached: Callable[[], Awaitable[bool]],
    what: str,
    timeout_s: float = PATIENCE_S,
    look_every_s: float = LOOK_EVERY_S,
) -> None:
    """Waits until something is so."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                if await reached():
                    return
                await asyncio.sleep(look_every_s)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s:g} s: {what}") from None
