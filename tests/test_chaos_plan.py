import json
from collections import Counter

import pytest

from bot.catalogue import MODELS
from sandbox.chaos.__main__ import main
from sandbox.chaos.crowd import Crowd
from sandbox.chaos.faults import DISCORD_FAULTS, PROVIDER_FAULTS
from sandbox.chaos.plan import CHANNELS, GUILDS, MEMBERS, DatabaseKind, Plan, make_plan
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.faults import Faults
from sandbox.discord_api.gateway_protocol import shard_of
from sandbox.segmind_api.faults import Fault


def plan(
    seed: int = 7,
    *,
    jobs: int = 300,
    kills: int = 20,
    bots: int = 1,
    database: DatabaseKind = "sqlite",
) -> Plan:
    """Return a plan of a moderate size."""
    return make_plan(seed=seed, jobs=jobs, kills=kills, bots=bots, database=database)


def kinds(of: Plan) -> Counter[str]:
    """Return how often each kind of event is planned."""
    return Counter(event.kind for event in of.events)


def test_a_seed_is_a_plan() -> None:
    """The same seed gives the same run again, another one another."""
    assert plan(7) == plan(7)
    assert plan(7) != plan(8)


def test_all_models_places_and_ways_are_in_a_plan() -> None:
    """Every model, both pictures, servers and direct messages, kept and taken back."""
    asks = plan().asks

    assert {ask.model for ask in asks} == {model.slug for model in MODELS}
    assert {ask.picture for ask in asks} == {None, "upright", "turned"}
    assert {ask.cancel for ask in asks} == {True, False}
    assert {ask.guild for ask in asks} == {None, *range(GUILDS)}
    assert {ask.channel for ask in asks} == set(range(CHANNELS))
    assert len({ask.member for ask in asks}) == MEMBERS
    assert len({ask.prompt for ask in asks}) == len(asks)


def test_what_is_pressed_later_is_planned_too() -> None:
    """Drops, and second clicks of members and of others; never both, or on what is taken back."""
    asks = plan().asks
    pressed = [ask for ask in asks if ask.second is not None]

    assert {ask.second for ask in asks} == {None, "again", "model"}
    assert {ask.picture for ask in pressed if ask.second == "model"} == {"upright", "turned"}
    assert {ask.drop for ask in asks} == {True, False}
    assert not any(ask.cancel or ask.drop for ask in pressed)
    assert not any(ask.cancel and ask.drop for ask in asks)
    assert {ask.second_member == ask.member for ask in pressed} == {True, False}
    assert all(ask.second_member == ask.member for ask in pressed if ask.guild is None)


def test_as_many_kills_as_asked_for_are_spread_over_the_run() -> None:
    """Each part of the run has its share."""
    kills = [event.after for event in plan(jobs=200, kills=10).events if event.kind == "kill"]

    assert [after // 20 for after in sorted(kills)] == list(range(10))


def test_only_what_can_happen_is_planned() -> None:
    """One process is never frozen, SQLite has no connections to cut."""
    alone, together = kinds(plan()), kinds(plan(bots=3, database="postgresql"))

    assert not {"freeze", "cut_database"} & set(alone)
    assert {"kill", "terminate", "freeze", "cut_database", "provider", "discord"} <= set(together)
    assert {"gateway", "delete_card", "token_life", "upload_limit", "closed_dms", "muted"} <= set(
        kinds(plan(jobs=2000))
    )
    bots = {e.what["bot"] for e in plan(bots=3).events if "bot" in e.what}
    assert bots == {0, 1, 2}


def test_events_belong_to_commands_that_are_given() -> None:
    """No event waits for a command that never comes."""
    assert all(0 <= event.after < 50 for event in plan(jobs=50).events)


def test_every_fault_is_one_that_the_stand_ins_can_play() -> None:
    """A plan never dies of its own script."""
    ordered = Faults()
    for _, wish in DISCORD_FAULTS:
        ordered.order(wish)
    scripted = [Fault(**what) for _, what in PROVIDER_FAULTS]

    assert {fault.on for fault in scripted} == {
        "submit",
        "status",
        "result",
        "history",
        "upload",
        "download",
        "outcome",
    }
    assert ordered.take("POST", "/channels/1/messages") is not None


@pytest.mark.parametrize("shards", [1, 2, 3])
async def test_every_shard_hears_some_of_the_guilds(shards: int) -> None:
    """No bot process is idle."""
    crowd = Crowd(DiscordStandIn())

    assert {shard_of(guild.id, shards) for guild in crowd.guilds} == set(range(shards))
    everywhere = [crowd.channel_of(ask).id for ask in plan(jobs=500).asks]
    assert len(set(everywhere)) > GUILDS * CHANNELS


def test_the_plan_can_be_read_without_running_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`--plan` prints it as JSON and starts nothing."""
    code = main(["--plan", "--jobs", "20", "--kills", "3", "--seed", "5"])

    printed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert printed == json.loads(json.dumps(plan(5, jobs=20, kills=3).as_json()))
