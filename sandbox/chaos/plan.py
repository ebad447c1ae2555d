"""What will happen in a run, drawn from a seed before it starts. Pure: a seed is a plan.

Events are tied to commands, not to a clock: a slow machine replays the same run.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from bot.catalogue import MODELS
from sandbox.chaos.faults import DISCORD_FAULTS, PROVIDER_FAULTS, Json

Picture = Literal["upright", "turned"]
Second = Literal["again", "model"]
DatabaseKind = Literal["sqlite", "postgresql"]

MEMBERS = 40
GUILDS = 9
CHANNELS = 3
# The first so many guilds have their members say yes to every price.
ASKING_GUILDS = 3
# Of all commands, how many are given in a direct message, or taken back at once.
_DIRECT_SHARE, _CANCEL_SHARE = 0.08, 0.06
# And how many results are dropped, or lead to a second click.
_DROP_SHARE, _SECOND_SHARE = 0.06, 0.2
# A picture that has to be converted, and so goes by the provider's upload.
_TURNED_SHARE = 0.3
# Faults for each command, on the average.
_PROVIDER_RATE, _DISCORD_RATE = 0.25, 0.15
# For each kill -9.
_TERMINATIONS, _FREEZES, _CUTS = 0.1, 0.1, 0.3
# A kill that hits the bot while it is still coming up.
_EARLY_SHARE = 0.2
_MOST_DELAY_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One command of one member.

    Attributes:
        guild: Number of the guild; None for a direct message.
        picture: What is attached; None for a model that needs only words.
        cancel: Press Cancel as soon as the card shows it.
        drop: Press Cancel and Drop once it was sent.
        second: What is pressed on the result: Again, or another model is chosen.
        second_member: Who presses that; in direct messages it is the member.
    """

    number: int
    member: int
    guild: int | None
    channel: int
    model: str
    prompt: str
    picture: Picture | None
    cancel: bool
    drop: bool = False
    second: Second | None = None
    second_member: int = 0


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happens to somebody.

    Attributes:
        after: Number of the command after which it happens.
        delay_s: How long after it.
        what: Its details, see `sandbox.chaos.events`.
    """

    after: int
    delay_s: float
    kind: str
    what: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole run."""

    seed: int
    database: DatabaseKind
    bots: int
    kills: int
    asks: Sequence[Ask]
    events: Sequence[Event]

    def as_json(self) -> Json:
        """Return it all, for people and for comparing."""
        return asdict(self)


def make_plan(*, seed: int, jobs: int, kills: int, bots: int, database: DatabaseKind) -> Plan:
    """Draw a run from a seed: the same arguments give the same plan, on every machine."""
    rng = random.Random(seed)
    # What is pressed later is drawn apart: the rest of a seed's plan is as it was without.
    pressing = random.Random(f"{seed} pressing")
    asks = [_pressing(pressing, _ask(rng, seed, number)) for number in range(jobs)]
    times = _Times(rng, jobs)
    events = [
        *_kills(rng, times, kills, bots),
        *_others(rng, times, kills, bots, database),
        *_drawn(rng, times, "provider", round(jobs * _PROVIDER_RATE), PROVIDER_FAULTS),
        *_drawn(rng, times, "discord", round(jobs * _DISCORD_RATE), DISCORD_FAULTS),
        *_drawn(rng, times, "trouble", max(1, jobs // 40), _TROUBLES),
    ]
    events.sort(key=lambda event: (event.after, event.delay_s, event.kind))
    return Plan(seed=seed, database=database, bots=bots, kills=kills, asks=asks, events=events)


# What happens in Discord that is no failed call; `kind` is the event's.
_TROUBLES: Sequence[tuple[int, Json]] = (
    (3, {"kind": "gateway", "action": "reconnect"}),
    (3, {"kind": "gateway", "action": "drop"}),
    (3, {"kind": "gateway", "action": "forget"}),
    (4, {"kind": "delete_card"}),
    (2, {"kind": "token_life", "seconds": 6.0, "for_s": 8.0}),
    (2, {"kind": "upload_limit", "bytes": 5_000, "for_s": 5.0}),
    (2, {"kind": "closed_dms", "for_s": 5.0}),
    (3, {"kind": "muted", "channel": 0, "for_s": 4.0}),
)


class _Times:
    """Draws when things happen."""

    def __init__(self, rng: random.Random, jobs: int) -> None:
        self._rng = rng
        self._jobs = jobs

    def some(self) -> dict[str, Any]:
        return {"after": self._rng.randrange(self._jobs), "delay_s": self._delay_s()}

    def spread(self, number: int, count: int) -> dict[str, Any]:
        """Return the moment of one of `count` events that keep some distance."""
        share = (number + self._rng.random()) / count
        return {"after": min(int(share * self._jobs), self._jobs - 1), "delay_s": self._delay_s()}

    def _delay_s(self) -> float:
        return round(self._rng.uniform(0, _MOST_DELAY_S), 3)


def _ask(rng: random.Random, seed: int, number: int) -> Ask:
    model = MODELS[number % len(MODELS)]
    words = model.kind == "t2v"
    turned = rng.random() < _TURNED_SHARE
    direct = rng.random() < _DIRECT_SHARE
    guild = rng.randrange(GUILDS)
    return Ask(
        number=number,
        member=rng.randrange(MEMBERS),
        guild=None if direct else guild,
        channel=rng.randrange(CHANNELS),
        model=model.slug,
        prompt=f"kite {seed} {number}",
        picture=None if words else ("turned" if turned else "upright"),
        cancel=rng.random() < _CANCEL_SHARE,
    )


def _pressing(rng: random.Random, ask: Ask) -> Ask:
    """Add what its member, or another, presses once it was sent or is done."""
    drop = rng.random() < _DROP_SHARE and not ask.cancel
    wants_second, by = rng.random() < _SECOND_SHARE, rng.randrange(MEMBERS)
    if drop or ask.cancel or not wants_second:
        return replace(ask, drop=drop)
    # Words alone are taken by one model only.
    second: Second = "again" if ask.picture is None or rng.random() < 0.5 else "model"  # noqa: PLR2004 - half of them
    return replace(ask, second=second, second_member=ask.member if ask.guild is None else by)


def _kills(rng: random.Random, times: _Times, kills: int, bots: int) -> list[Event]:
    return [
        Event(
            **times.spread(number, kills),
            kind="kill",
            what={
                "bot": rng.randrange(bots),
                "pause_s": round(rng.uniform(0, 0.5), 3),
                "early": rng.random() < _EARLY_SHARE,
            },
        )
        for number in range(kills)
    ]


def _others(
    rng: random.Random, times: _Times, kills: int, bots: int, database: DatabaseKind
) -> list[Event]:
    """Return what else happens to processes and their database."""
    events = _repeated(
        times, round(kills * _TERMINATIONS), "terminate", lambda: {"bot": rng.randrange(bots)}
    )
    if bots > 1:
        events += _repeated(
            times,
            round(kills * _FREEZES),
            "freeze",
            lambda: {"bot": rng.randrange(bots), "for_s": round(rng.uniform(1, 6), 3)},
        )
    if database == "postgresql":
        events += _repeated(times, round(kills * _CUTS), "cut_database", dict)
    return events


def _repeated(times: _Times, count: int, kind: str, what: Callable[[], Json]) -> list[Event]:
    return [Event(**times.spread(number, count), kind=kind, what=what()) for number in range(count)]


def _drawn(
    rng: random.Random,
    times: _Times,
    kind: str,
    count: int,
    choices: Sequence[tuple[int, Json]],
) -> list[Event]:
    weights = [weight for weight, _ in choices]
    drawn = rng.choices([what for _, what in choices], weights, k=count)
    return [
        Event(
            **times.some(),
            kind=str(what.get("kind")) if kind == "trouble" else kind,
            what={k: v for k, v in what.items() if kind != "trouble" or k != "kind"},
        )
        for what in drawn
    ]
