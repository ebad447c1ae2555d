"""The host is told on Discord of what is wrong, within half a minute, and when it is over."""

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import discord
import pytest
import pytest_asyncio
import yarl
from sqlalchemy.ext.asyncio import AsyncSession

from bot.composition import start_services
from bot.errors import DatabaseAwayError
from bot.host_telling import telling
from bot.job import JobState
from bot.lookout import gateway_trouble
from bot.migrated import note_migration
from bot.storage import Migration, PolicyStore
from bot.storage.tables import JobRow
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.seed import LOG_ID, OLGA_ID
from tests.discord_kit import until
from tests.face_running import Face, start, stop
from tests.host_told_kit import TOLD_WITHIN_S, Told, forget_book, settings_of, told_on
from tests.segmind_running import Provider, running
from tests.storage_kit import NOW, opened, walked_to
from tests.storage_trouble_kit import Disk, watched
from tests.watching_kit import new_tally, pages_of, samples

pytest_plugins = ("tests.storage_fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="module")

RICH_USD = 1000.0
_ASKED = "GET /channels/{channel_id}"
WORKS: tuple[set[str], set[str]] = (set(), set())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Face, Provider]]:
    """One client and one provider for all tests."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    folder = tmp_path_factory.mktemp("told")
    file = Path(await asyncio.to_thread(shutil.copy, migrated_file, folder / "bot.sqlite3"))
    stand_in = DiscordStandIn(speed=100)
    await stand_in.start()
    async with (
        opened(file) as store,
        aiohttp.ClientSession() as http,
        running(folder) as provider,
    ):
        face = Face(
            stand_in=stand_in,
            store=store,
            policies=PolicyStore(store._database),
            http=http,
            data_dir=folder,
        )
        task = await start(face)
        await until(lambda: gateway_trouble(face.bot) == "")
        yield face, provider
        await stop(face, task)
    await stand_in.stop()
    discord.http.Route.BASE = base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(str(gateway))


@pytest_asyncio.fixture(loop_scope="module")
async def told(shared: tuple[Face, Provider]) -> AsyncIterator[Told]:
    """A bot that works, and has told nothing."""
    face, provider = shared
    forget_book(face.data_dir)
    async with told_on(face, provider) as told:
        assert await told.heard() == []
        yield told
        await provider.control("settings", {"credits_usd": RICH_USD, "api_key_valid": True})


def shown(told: Told) -> tuple[set[str], set[str]]:
    """Return what does not work by /readyz, and what by /metrics. No engine runs here."""
    pages = pages_of(told.lookout.signs(), new_tally())
    ready = json.loads(pages.ready()[1])["parts"]
    found = samples(pages.metrics().decode())
    return (
        {name for name, part in ready.items() if not part["well"]} - {"engine"},
        {name for name in ready if not found[f"wanbot_part_up{{part={name}}}"]} - {"engine"},
    )


async def test_a_low_balance_and_that_it_is_enough_again(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, and again only after it was above."""
    await told.provider.control("settings", {"credits_usd": 4.2})
    await told.passes(TOLD_WITHIN_S)
    low = await told.heard()
    await told.provider.control("settings", {"credits_usd": 3.0})
    await told.passes(3600, every_s=30)
    lower = await told.heard()
    await told.provider.control("settings", {"credits_usd": RICH_USD})
    await told.passes(TOLD_WITHIN_S)
    (enough,) = await told.heard()

    assert [text.split("\n")[:2] for text in low] == [
        ["🔴 **Segmind's balance is low**", "4.20 USD are left."]
    ]
    assert lower == []
    assert enough.startswith("🟢 **Segmind's balance is enough again**\nIt lasted 1 h ")
    assert [r.message[:32] for r in caplog.records if "balance" in r.message] == [
        "the balance at Segmind is low (4",
        "the balance at Segmind is enough",
    ]


async def test_a_provider_that_is_down_and_up_again(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """On all four: /readyz, the metrics, the log and Discord."""
    fault = {"on": "credits", "kind": "error", "status": 502, "times": 1000}
    await told.provider.control("faults", fault)
    await told.passes(TOLD_WITHIN_S)
    down, down_shown = await told.heard(), shown(told)
    await told.passes(600)
    await told.provider.call("DELETE", "/control/faults")
    await told.passes(TOLD_WITHIN_S)
    up = await told.heard()

    assert [text.split("\n")[0] for text in down] == ["🔴 **Segmind is out of order**"]
    assert down_shown == ({"provider"}, {"provider"})
    assert [text.split("\n")[0] for text in up] == ["🟢 **Segmind works again**"]
    assert "It lasted 10 min" in up[0]
    assert shown(told) == WORKS
    assert [r.message[:37] for r in caplog.records if r.levelno >= logging.WARNING] == [
        "the video service is out of order (Ga",
        "the video service works again; it was",
    ]


async def test_a_refused_key(told: Told) -> None:
    """It says what to do."""
    await told.provider.control("settings", {"api_key_valid": False})
    await told.passes(TOLD_WITHIN_S)
    (refused,) = await told.heard()
    await told.provider.control("settings", {"api_key_valid": True})
    await told.passes(TOLD_WITHIN_S)

    assert refused.startswith("🔴 **Segmind refuses the API key**")
    assert "set `SEGMIND_API_KEY` and start the bot again" in refused
    assert [text.split("\n")[0] for text in await told.heard()] == [
        "🟢 **Segmind takes the API key again**"
    ]


async def test_a_database_that_is_away_and_back(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told without the database."""
    disk = Disk(told.face.data_dir / "bot.sqlite3")
    with watched(disk), disk.locked():
        await told.passes(TOLD_WITHIN_S)
        away, away_shown = await told.heard(), shown(told)
        await told.passes(60)
    await told.passes(TOLD_WITHIN_S)
    back = await told.heard()

    assert [text.split("\n")[0] for text in away] == ["🔴 **The database cannot be used**"]
    assert away_shown == ({"database"}, {"database"})
    assert [text.split("\n")[0] for text in back] == ["🟢 **The database works again**"]
    assert shown(told) == WORKS
    assert [
        r.message.partition(",")[0] for r in caplog.records if r.name == "bot.watching.probe"
    ] == [
        "the database does not work: database is locked",
        "the database works again",
    ]


async def test_a_gateway_that_is_lost_and_back(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages need no gateway."""
    await told.face.control("faults", path="/gateway*", status=503, times=100000)
    await told.face.control("gateway", action="forget")
    await until(lambda: gateway_trouble(told.face.bot) != "")
    await told.passes(TOLD_WITHIN_S)
    lost, lost_shown = await told.heard(), shown(told)
    address = f"{told.face.stand_in.page_url}sandbox/control/faults"
    async with told.face.http.delete(address) as answer:
        assert answer.status < 300
    await until(lambda: gateway_trouble(told.face.bot) == "")
    await told.passes(TOLD_WITHIN_S)
    back = await told.heard()

    assert [text.split("\n")[0] for text in lost] == [
        "🔴 **The bot has lost its connection to Discord**"
    ]
    assert lost_shown == ({"gateway"}, {"gateway"})
    assert [text.split("\n")[0] for text in back] == [
        "🟢 **The bot is connected to Discord again**"
    ]
    assert shown(told) == WORKS
    assert [r.message[:26] for r in caplog.records if "host_desk" in r.name] == [
        "no connection to Discord, ",
        "connected to Discord again",
    ]


async def test_a_stuck_job(told: Told) -> None:
    """With its id, and the command that shows it; once it is over, that it is."""
    sent = await walked_to(told.face.store, JobState.SUBMITTING, 77)
    job = await told.face.store.transition(
        sent.id, JobState.RUNNING, now=told.clock.now(), request_id="a-request"
    )
    await told.passes(3600, every_s=30)
    early = await told.heard()
    await told.passes(1500, every_s=30)
    (stuck,) = await told.heard()
    await told.face.store.transition(job.id, JobState.FAILED, now=NOW)
    await told.passes(TOLD_WITHIN_S)

    assert early == []
    assert stuck.startswith(f"🔴 **A video is stuck**\n- `{job.id}`: running since <t:")
    assert f"python -m bot jobs show {job.id}" in stuck
    assert [text.split("\n")[0] for text in await told.heard()] == [
        "🟢 **No video is stuck any more**"
    ]


async def test_the_money_of_a_month(shared: tuple[Face, Provider]) -> None:
    """At four fifths, when no video fits any more, and when a new month begins."""
    face, provider = shared
    forget_book(face.data_dir)
    async with told_on(face, provider, monthly_usd_cap=10) as told:
        job = await walked_to(face.store, JobState.DELIVERED, 88, price_credits=1)
        await face.store._database.write(lambda s: _costs(s, job.id, 8.5, told.clock.now()))
        await told.passes(TOLD_WITHIN_S)
        (near,) = await told.heard()
        await face.store._database.write(lambda s: _costs(s, job.id, 9.99, told.clock.now()))
        await told.passes(TOLD_WITHIN_S)
        (used_up,) = await told.heard()
        told.clock.at += timedelta(days=40)
        await told.passes(TOLD_WITHIN_S)
        over = await told.heard()

    assert near.startswith("🔴 **The month's money is nearly used up**\n8.50 of 10.00 USD (")
    assert used_up.startswith("🔴 **The month's money is used up**\n9.99 of 10.00 USD (")
    assert [text.split("\n")[0][2:] for text in over] == [
        "**The month's videos cost well below the limit again**",
        "**There is money for videos again**",
    ]


async def _costs(session: AsyncSession, job_id: int, usd: float, queued_at: datetime) -> None:
    row = await session.get_one(JobRow, job_id)
    row.cost_usd, row.queued_at = usd, queued_at


async def test_a_migration_is_told_by_the_next_start(told: Told) -> None:
    """Whichever process ran it; once."""
    settings = settings_of(told.face, told.provider)
    note_migration(settings, Migration(before="0007", after="0012"), NOW)
    for _ in range(2):
        async with told_on(told.face, told.provider) as bot:
            await bot.passes(10)
    (text,) = await told.heard()

    assert list(told.face.data_dir.glob("host-news-migration*")) == []
    assert "has changed the database's tables**\nFrom schema 0007 to 0012, <t:" in text


async def test_a_new_database_is_no_migration(told: Told) -> None:
    """Neither is one that was up to date, nor one whose host nobody tells."""
    settings = settings_of(told.face, told.provider)
    nobody = settings_of(told.face, told.provider, host_channel_id=None)
    note_migration(settings, Migration(before=None, after="0012"), NOW)
    note_migration(settings, None, NOW)
    note_migration(nobody, Migration(before="0007", after="0012"), NOW)

    assert list(told.face.data_dir.glob("host-news-migration*")) == []


async def test_a_restart_tells_nothing_anew_but_the_end(told: Told) -> None:
    """The book is kept."""
    await told.provider.control("settings", {"credits_usd": 4.2})
    await told.passes(TOLD_WITHIN_S)
    begun = len(await told.heard())
    async with told_on(told.face, told.provider) as bot:
        again = await bot.heard()
        await told.provider.control("settings", {"credits_usd": RICH_USD})
        await bot.passes(TOLD_WITHIN_S)
        ended = await bot.heard()

    assert begun == 1
    assert again == []
    assert [text.split("\n")[0] for text in ended] == ["🟢 **Segmind's balance is enough again**"]


async def test_a_book_that_cannot_be_kept_is_said_once_and_the_host_is_told(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk is what the host must hear of."""
    blocked = told.face.data_dir / "host-news-bot-1.new"
    blocked.mkdir()
    await told.provider.control("settings", {"credits_usd": 4.2})
    await told.passes(TOLD_WITHIN_S)
    await told.provider.control("settings", {"credits_usd": RICH_USD})
    await told.passes(TOLD_WITHIN_S)
    blocked.rmdir()

    assert len(await told.heard()) == 2
    assert len([r for r in caplog.records if "cannot be kept" in r.message]) == 1


async def test_a_lost_lock_is_kept_for_the_next_start(told: Told) -> None:
    """The process ends of it: what it could not say says the next one, in one message."""
    lost = asyncio.Event()
    async with telling(told.desk, told.lookout.signs, lost):
        await asyncio.sleep(0)
        lost.set()
    async with told_on(told.face, told.provider) as bot:
        await bot.passes(10)
        (text,) = await bot.heard()

    assert text.startswith("🟢 **The database works again**\nIt lasted 23 h 59 min, ")
    assert "What it was: the database cannot be used. It could not be told before." in text


async def test_a_stop_is_no_lost_database(told: Told) -> None:
    """Nothing is told of it."""
    async with telling(told.desk, told.lookout.signs, asyncio.Event()):
        await asyncio.sleep(0)
    async with told_on(told.face, told.provider) as bot:
        await bot.passes(30)

        assert await bot.heard() == []


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_start_without_its_database_is_told_once_it_lasts(
    told: Told, unused_tcp_port: int, processes: int
) -> None:
    """By a bot that is alone; of several each would, so none does that knew nothing before."""
    away = settings_of(
        told.face,
        told.provider,
        database_url=f"postgresql://bot@127.0.0.1:{unused_tcp_port}/bot",
        # It lasts after a millisecond, which every start takes.
        poll_speed=12_000,
        process_count=processes,
    )
    said = []
    for _ in range(3):
        with pytest.raises(DatabaseAwayError):
            await start_services(told.face.bot, away, lost=asyncio.Event())
        said.append(len(await told.heard()))

    assert said == ([0, 1, 0] if processes == 1 else [0, 0, 0])


async def test_a_process_that_does_not_lead_tells_of_its_own_gateway_only(
    shared: tuple[Face, Provider],
) -> None:
    """The one that leads tells the rest."""
    face, provider = shared
    forget_book(face.data_dir)
    async with told_on(face, provider, leads=False) as told:
        fault = {"on": "credits", "kind": "error", "status": 502, "times": 1000}
        await provider.control("faults", fault)
        await told.passes(60)
        await provider.call("DELETE", "/control/faults")

        assert shown(told) == ({"provider"}, {"provider"})
        assert await told.heard() == []


async def test_what_discord_does_not_take_is_said_later(told: Told) -> None:
    """Once, though the first answer was lost: the same message has the same nonce."""
    path = f"/channels/{LOG_ID}/messages"
    await told.face.control("faults", path=path, method="POST", drop=True, late=True)
    await told.face.control("faults", path=path, method="POST", status=503, times=3)
    await told.provider.control("settings", {"credits_usd": 4.2})
    await told.passes(TOLD_WITHIN_S)
    heard = await told.heard()

    assert len(heard) == 1


async def test_the_host_is_told_by_direct_message(
    shared: tuple[Face, Provider],
) -> None:
    """As well, or alone."""
    face, provider = shared
    forget_book(face.data_dir)
    async with told_on(face, provider, host_user_id=int(OLGA_ID)) as told:
        await provider.control("settings", {"credits_usd": 4.2})
        await told.passes(TOLD_WITHIN_S)
        await provider.control("settings", {"credits_usd": RICH_USD})
        direct = await told.heard(await told.direct())

        assert await told.heard() == direct
        assert len(direct) == 1


async def test_a_channel_that_is_not_there_is_said_in_the_log_once(
    shared: tuple[Face, Provider], caplog: pytest.LogCaptureFixture
) -> None:
    """At the start; the bot works all the same, and the other place is told."""
    face, provider = shared
    forget_book(face.data_dir)
    before = (await face.state())["calls"].get(_ASKED, 0)
    async with told_on(face, provider, host_channel_id=12345, host_user_id=int(OLGA_ID)) as told:
        await provider.control("settings", {"credits_usd": 4.2})
        await told.passes(600)
        await provider.control("settings", {"credits_usd": RICH_USD})
        direct = await told.heard(await told.direct())
        said = [r for r in caplog.records if "HOST_CHANNEL_ID 12345" in r.message]
        calls = (await face.state())["calls"]

        assert shown(told) == WORKS
        assert [record.levelno for record in said] == [logging.WARNING]
        assert "the host cannot be told there: 404" in said[0].message
        assert any("balance is low" in text for text in direct)
        assert calls[_ASKED] - before == 1


async def test_a_channel_without_the_right_to_write_is_said_at_the_start(
    shared: tuple[Face, Provider], caplog: pytest.LogCaptureFixture
) -> None:
    """Before anything is wrong; once it may write there, it does."""
    caplog.set_level(logging.INFO, "bot.discord_ui.host_post")
    face, provider = shared
    forget_book(face.data_dir)
    deny = str(discord.Permissions(send_messages=True).value)
    await face.control("bot-permissions", channel_id=LOG_ID, deny=deny)
    place = face.bot.get_channel(int(LOG_ID))
    assert isinstance(place, discord.TextChannel)
    await until(lambda: not place.permissions_for(place.guild.me).send_messages)
    async with told_on(face, provider) as told:
        await face.control("bot-permissions", channel_id=LOG_ID)
        await until(lambda: place.permissions_for(place.guild.me).send_messages)
        await provider.control("settings", {"credits_usd": 4.2})
        await told.passes(TOLD_WITHIN_S)
        await provider.control("settings", {"credits_usd": RICH_USD})
        said = [r.message.partition(": ")[2] for r in caplog.records if "HOST_" in r.message]

        assert len(await told.heard()) == 1
        assert said == [
            "the host cannot be told there: the bot may not send messages there",
            "the host is told again",
        ]
