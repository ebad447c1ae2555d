"""Carries out what a plan says happens.

| kind | what |
|---|---|
| `kill` | kill -9 of `bot`, started again after `pause_s`; `early`: while it comes up |
| `terminate` | SIGTERM of `bot`, started again |
| `freeze` | SIGSTOP of `bot`, SIGCONT after `for_s` |
| `cut_database` | every connection to PostgreSQL is ended |
| `provider` | a fault of `sandbox.segmind_api.faults` is scripted |
| `discord` | a fault of `sandbox.discord_api.faults` is ordered |
| `gateway` | `reconnect`, `drop` or `forget` of every gateway connection |
| `delete_card` | somebody deletes a card of a job under way |
| `token_life` | interaction tokens live `seconds`, for `for_s` |
| `upload_limit` | no file may be larger than `bytes`, for `for_s` |
| `closed_dms` | nobody takes direct messages, for `for_s` |
| `muted` | the bot may neither write nor attach in this channel of any server, for `for_s` |
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from sandbox.chaos.actors import Actors
from sandbox.chaos.plan import Event
from sandbox.chaos.stage import Stage, cut_connections
from sandbox.discord_api.interactions import TOKEN_LIFE_S
from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.seed import BOT_ID
from sandbox.discord_api.world import DEFAULT_UPLOAD_LIMIT_BYTES, Overwrite
from sandbox.segmind_api.faults import Fault

_DROPPED_CODE = 4000


class Happenings:
    """Carries out events; several may last at the same time.

    Attributes:
        counts: How many events of each kind happened.
        cut: How many database connections were ended.
    """

    def __init__(self, stage: Stage, actors: Actors, seed: int) -> None:
        self._stage = stage
        self._actors = actors
        self._rng = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.cut = 0
        self._scripted = 0
        self._ordered = 0

    async def happen(self, event: Event) -> None:
        """Wait for the event's moment and carry it out."""
        await asyncio.sleep(event.delay_s)
        self.counts[event.kind] += 1
        what = event.what
        match event.kind:
            case "kill":
                keeper = self._stage.keepers[what["bot"]]
                await keeper.kill(pause_s=what["pause_s"], early=what["early"])
            case "terminate":
                await self._stage.keepers[what["bot"]].terminate()
            case "freeze":
                await self._stage.keepers[what["bot"]].freeze(what["for_s"])
            case "cut_database":
                self.cut += await asyncio.to_thread(cut_connections, str(self._stage.database_url))
            case "provider":
                self._stage.provider.faults.add(Fault(**what))
                self._scripted += int(what.get("times", 1))
            case "discord":
                self._stage.discord.faults.order(dict(what))
                self._ordered += int(what.get("times", 1))
            case "gateway":
                self._disturb_gateway(what["action"])
            case "delete_card":
                self._delete_card()
            case _:
                await self._for_a_while(event.kind, what)

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self._stage.provider.faults.clear()
        self._stage.discord.faults.clear()
        for kind in _WINDOWS:
            self._set(kind, None)

    @property
    def provider_faults_hit(self) -> int:
        """How many scripted faults of the provider have hit a call; before `calm`."""
        waiting = self._stage.provider.faults.waiting()
        return self._scripted - sum(int(fault["times"]) for fault in waiting)

    @property
    def discord_faults_hit(self) -> int:
        """The same of Discord's."""
        return self._ordered - int(self._stage.discord.faults.left)

    async def _for_a_while(self, kind: str, what: dict[str, Any]) -> None:
        self._set(kind, what)
        try:
            await asyncio.sleep(what["for_s"])
        finally:
            self._set(kind, None)

    def _set(self, kind: str, what: dict[str, Any] | None) -> None:
        _WINDOWS[kind](self._stage, what)

    def _disturb_gateway(self, action: str) -> None:
        gateway = self._stage.discord.gateway
        if action == "reconnect":
            gateway.reconnect()
        else:
            gateway.drop(code=_DROPPED_CODE, forget=action == "forget")

    def _delete_card(self) -> None:
        taken = [a for a in self._actors.attempts[-20:] if a.answer == "accepted"]
        if not taken:
            return
        card = self._actors.card(self._rng.choice(taken).interaction_id)
        if card is not None and not card.loading:
            self._stage.discord.messaging.delete(card)


def _set_token_life(stage: Stage, what: dict[str, Any] | None) -> None:
    stage.discord.interactions.token_life_s = TOKEN_LIFE_S if what is None else what["seconds"]


def _set_upload_limit(stage: Stage, what: dict[str, Any] | None) -> None:
    limit_bytes = DEFAULT_UPLOAD_LIMIT_BYTES if what is None else what["bytes"]
    for guild in stage.crowd.guilds:
        guild.upload_limit_bytes = limit_bytes


def _close_dms(stage: Stage, what: dict[str, Any] | None) -> None:
    for user in stage.crowd.members:
        user.dms_open = what is None


def _mute(stage: Stage, what: dict[str, Any] | None) -> None:
    forbidden = int(Permission.SEND_MESSAGES | Permission.ATTACH_FILES)
    for guild in stage.crowd.guilds:
        for number, channel in enumerate(guild.channels.values()):
            deny = forbidden if what is not None and what["channel"] == number else 0
            overwrite = Overwrite(id=BOT_ID, is_member=True, deny=deny)
            stage.discord.guilds.set_overwrite(guild, channel, overwrite)


_WINDOWS: dict[str, Callable[[Stage, dict[str, Any] | None], None]] = {
    "token_life": _set_token_life,
    "upload_limit": _set_upload_limit,
    "closed_dms": _close_dms,
    "muted": _mute,
}
