"""The real client with real services on the Discord stand-in; only the provider is out of reach.

The engine never gets a free place, so that a job stays queued until the test moves it on.
"""

import asyncio
import itertools
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from discord import ui
from pydantic import SecretStr

from bot.charts import ChartDrawer
from bot.client import Services, VideoBot, redirect
from bot.discord_ui.absent_poster import AbsentPoster
from bot.discord_ui.card_keeper import CardKeeper
from bot.discord_ui.card_pace import Pace
from bot.discord_ui.command_rights import CommandRights
from bot.discord_ui.guild_members import GuildMembers
from bot.discord_ui.log_board import ChannelBoard
from bot.discord_ui.log_channel import ChannelLog
from bot.discord_ui.log_parts import LogButton
from bot.discord_ui.messenger import DirectMessenger
from bot.discord_ui.posted_files import FreshFiles
from bot.discord_ui.poster import ChannelPoster
from bot.discord_ui.presence import GuildPresence
from bot.job import Job, JobState
from bot.jobs.again import AgainDesk
from bot.jobs.approval import ApprovalDesk
from bot.jobs.bulletin import Bulletin
from bot.jobs.errands import Errands
from bot.jobs.gate import Gate
from bot.jobs.handing import HandOver
from bot.jobs.intake import Intake
from bot.jobs.kept_videos import KeptVideos
from bot.jobs.log_cards import LogCards
from bot.jobs.moderating import open_moderation
from bot.jobs.on_the_way import OnTheWay
from bot.jobs.parent_files import ParentFiles
from bot.jobs.precedence import Precedence
from bot.jobs.privacy import Privacy, open_privacy
from bot.jobs.refused_prompts import RefusedPrompts
from bot.jobs.repeats import WINDOW_S, Repeats
from bot.jobs.report_desk import ReportDesk
from bot.jobs.send_again import SendAgain
from bot.jobs.telling import Teller
from bot.jobs.thumbnails import Thumbnails
from bot.jobs.video_desk import VideoDesk
from bot.jobs.video_log import VideoLog
from bot.media import Downloader, MediaDesk, MediaInspector
from bot.pricing import load_prices
from bot.quota import Allowance
from bot.segmind import SegmindClient
from bot.storage import (
    AskingStore,
    ExportingStore,
    ForgettingStore,
    HistoryStore,
    JobStore,
    PolicyStore,
    PreferenceStore,
    ReportStore,
    UndeliveredStore,
)
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.client_connection import Outcome
from sandbox.discord_api.commands import Scope
from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import PATIENCE_S, control, until

OUT_OF_REACH = "http://127.0.0.1:9"
EPHEMERAL = 1 << 6
ALLOWANCE = Allowance(
    daily_credits=200, monthly_credits=2000, jobs_in_flight_member=3, jobs_in_flight_guild=9
)
# How discord.py names the tasks in which it answers.
_ANSWERING = ("discord.py: on_", "discord-ui-", "CommandTree-invoker")
SETTINGS = {"model": "wan-2.6-i2v", "prompt": "A fox jumps"}
# Every picture is shown, and soon.
AT_ONCE = Pace(
    state_s=0.0, passing_s={}, stage_s=0.0, progress_s=0.0, progress_share=0.0, retry_s=0.0
)
# What Discord took from the first client of this process, by whether users install it too. Later
# clients find their commands there, as after a restart: translating them takes 0.04 CPU s.
_REGISTERED: dict[bool, list[dict[str, Any]]] = {}


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class BusyEngine:
    """An engine that never has a free place."""

    waiting: list[int] = field(default_factory=list)

    async def enqueue(self, job: Job) -> None:
        """Let it wait."""
        self.waiting.append(job.id)


class _Client(VideoBot):
    """The client in a process that goes on after it."""

    async def unload_extension(self, name: str, *, package: str | None = None) -> None:
        """Leave the cog's module: its own end looks through every module that there is."""


@dataclass(kw_only=True)
class Face:
    """The running client and ways to look at what it did."""

    stand_in: DiscordStandIn
    store: JobStore
    policies: PolicyStore
    http: aiohttp.ClientSession
    data_dir: Path
    engine: BusyEngine = field(default_factory=BusyEngine)
    pace: Pace = AT_ONCE
    minutes: "itertools.count[int]" = field(default_factory=itertools.count)
    waits_s: list[float] = field(default_factory=list)
    closed: bool = False
    provider_base: str = OUT_OF_REACH
    upload_base: str = OUT_OF_REACH
    repeats_s: float = WINDOW_S
    provider_key: str = "none"
    user_installs: bool = False
    # Tests press faster than any member.
    commands_per_minute: int = 60_000
    ahead: timedelta = timedelta(0)  # how far the clock of the log channels' cards is
    drawing: tuple[str, ...] = (sys.executable, "-m", "bot.charts")
    approvals: ApprovalDesk = field(init=False)
    videos: VideoDesk = field(init=False)

    def __post_init__(self) -> None:
        """Make the client; it is not started."""
        self.bot = _Client(
            start_services=self._start,
            data_dir=self.data_dir,
            user_installs=self.user_installs,
            registers_commands=self.user_installs not in _REGISTERED,
            commands_per_minute=self.commands_per_minute,
        )
        self.preferences = PreferenceStore(self.store._database)
        self.cards = CardKeeper(
            self.bot,
            on_card=self.keep_card,
            wishes=self.preferences.wishes,
            pace=self.pace,
            sleep=self.sleep,
        )
        absent = AbsentPoster(self.bot, on_placed=self.keep_place)
        self.poster = ChannelPoster(self.bot, absent, prices=load_prices(), jobs=self.store)
        self.kept = KeptVideos(
            self.data_dir / "kept", jobs=self.store, max_bytes=10_000_000, now=now
        )
        self.errands = Errands()
        self.bulletin = Bulletin(
            policies=self.policies, log_channel=ChannelLog(self.bot, self.errands)
        )
        self.log_cards = LogCards(store=self.store, board=ChannelBoard(self.bot), now=self.later)
        self.video_log = VideoLog(
            store=self.store,
            policies=self.policies,
            cards=self.log_cards,
            errands=self.errands,
            now=self.later,
            sleep=self.sleep,
        )
        self.teller = Teller(
            store=self.preferences,
            messenger=DirectMessenger(self.bot),
            errands=self.errands,
            now=now,
        )

    def again(self) -> "Face":
        """Return another client on the same database, as after a restart; it is not started."""
        return Face(
            stand_in=self.stand_in,
            store=self.store,
            policies=self.policies,
            http=self.http,
            data_dir=self.data_dir,
            user_installs=self.user_installs,
        )

    def later(self) -> datetime:
        """Return the time, `ahead` of the others."""
        return now() + self.ahead

    def clock(self) -> float:
        """Return seconds that only grow, by a minute and more at each look: nothing is kept."""
        return next(self.minutes) * 61.0

    async def sleep(self, seconds: float) -> None:
        """Note the wait and go on at once."""
        self.waits_s.append(seconds)

    async def keep_card(self, job_id: int, message_id: int) -> None:
        """Write a card's message id to the database."""
        await self.store.note(job_id, card_message_id=message_id)

    async def keep_place(self, job_id: int, message_id: int) -> None:
        """Write the id of the message that a video is to be in to the database."""
        await self.store.note(job_id, result_message_id=message_id)

    async def _start(self, _client: VideoBot) -> Services:
        prices, zone = load_prices(), ZoneInfo("UTC")
        downloader = Downloader(self.http, allowed_hosts=("127.0.0.1",), allow_http=True)
        media = MediaDesk(downloader, MediaInspector(), video_max_bytes=10_000_000)
        provider = SegmindClient(
            self.http,
            api_key=SecretStr(self.provider_key),
            api_base=self.provider_base,
            history_base=OUT_OF_REACH,
            upload_base=self.upload_base,
        )
        gate = Gate(
            policies=self.policies,
            host=ALLOWANCE,
            host_zone=zone,
            host_monthly_usd=None,
            usd_per_credit=Decimal("0.01"),
            refused_prompts=RefusedPrompts(
                audit=self.policies, bulletin=self.bulletin, errands=self.errands, now=self.later
            ),
            now=now,
        )
        self.approvals = ApprovalDesk(
            store=self.store,
            policies=self.policies,
            gate=gate,
            engine=self.engine,
            cards=self.cards,
            log_cards=self.log_cards,
            members=GuildMembers(self.bot),
            bulletin=self.bulletin,
            now=self.later,
            on_end=self.teller.ended,
        )
        precedence = Precedence()
        intake = Intake(
            precedence=precedence,
            store=self.store,
            media=media,
            provider=provider,
            parents=self._parents(media),
            engine=self.engine,
            prices=prices,
            gate=gate,
            approvals=self.approvals,
            now=now,
        )
        moderation = open_moderation(
            policies=self.policies,
            accounts=self.store,
            provider=provider,
            bulletin=self.bulletin,
            host=ALLOWANCE,
            host_zone=zone,
            prices=prices,
            reports=self._reports(),
            now=now,
            low_balance_usd=5.0,
        )
        self.videos = VideoDesk(
            store=self.store,
            members=moderation.members,
            remover=self.poster,
            cards=self.cards,
            log_cards=self.log_cards,
            bulletin=self.bulletin,
            now=now,
        )
        return Services(
            intake=intake,
            approvals=self.approvals,
            privacy=self._privacy(),
            videos=self.videos,
            again=self._again(),
            command_rights=CommandRights(self.bot, self.clock),
            send_again=self._send_again(media),
            on_the_way=OnTheWay(
                store=self.store,
                preferences=self.preferences,
                cards=self.cards,
                approvals=self.approvals,
                now=now,
            ),
            moderation=moderation,
            store=self.store,
            history=HistoryStore(self.store._database),
            asking=AskingStore(self.store._database),
            cards=self.cards,
            prices=prices,
            gate=gate,
            now=now,
            precedence=precedence,
            close=self._close,
        )

    def _again(self) -> AgainDesk:
        repeats = Repeats(time.monotonic, window_s=self.repeats_s)
        return AgainDesk(store=self.store, prices=load_prices(), repeats=repeats)

    def _parents(self, media: MediaDesk) -> ParentFiles:
        return ParentFiles(
            jobs=self.store,
            media=media,
            posted=FreshFiles(self.bot),
            now=self.later,
            folder=self.data_dir,
        )

    def _send_again(self, media: MediaDesk) -> SendAgain:
        return SendAgain(
            store=UndeliveredStore(self.store._database),
            rules=self.policies,
            media=media,
            hand_over=HandOver(
                store=self.store, media=media, poster=self.poster, cards=self.cards, now=now
            ),
            kept=self.kept,
            thumbnails=Thumbnails(maker=media, store=self.store, now=now),
            cards=self.cards,
            on_end=self.video_log.ended,
            now=now,
            folder=self.data_dir,
            sleep=self.sleep,
        )

    def _privacy(self) -> Privacy:
        database = self.store._database
        pseudonyms = self.store._pseudonyms
        return open_privacy(
            forgetting=ForgettingStore(database, pseudonyms),
            exporting=ExportingStore(database, pseudonyms),
            kept=self.kept,
            retentions=self.policies,
            presence=GuildPresence(self.bot),
            host_days=None,
            folder=self.data_dir,
            now=now,
        )

    def _reports(self) -> ReportDesk:
        return ReportDesk(
            policies=self.policies,
            reports=ReportStore(self.store._database),
            charts=ChartDrawer(self.data_dir / "matplotlib", command=self.drawing),
            folder=self.data_dir,
            host_zone=ZoneInfo("UTC"),
            usd_per_credit=Decimal("0.01"),
            now=now,
        )

    async def _close(self) -> None:
        await self.errands.close()
        await self.cards.close()
        self.closed = True

    def member(self, name: str = "Mia") -> MemberDriver:
        """Return a driver for a member, not connected yet."""
        token = next(m.token for m in self.stand_in.members if m.name == name)
        return MemberDriver(
            self.stand_in.api_url, self.stand_in.gateway_url, token, timeout_s=PATIENCE_S
        )

    async def control(self, name: str, **wish: Any) -> Any:
        """Make a control call."""
        return await control(self.stand_in, name, wish)

    async def state(self) -> Any:
        """Return all there is to see in the stand-in."""
        return await control(self.stand_in, "state")

    async def posted(self, channel_id: str | None = None) -> list[dict[str, Any]]:
        """Return the channel's messages that have not been deleted, oldest first."""
        state = await self.state()
        messages = state["messages"].get(channel_id or self.stand_in.channel_id, [])
        return [message for message in messages if message["deleted_at"] is None]

    async def card(self, job: Job) -> dict[str, Any]:
        """Return the message that is the job's card, with all it ever showed."""
        interactions = (await self.state())["interactions"]
        original = next(i["original_id"] for i in interactions if i["id"] == str(job.id))
        messages = await self.posted(str(job.channel_id))
        return next(message for message in messages if message["id"] == original)

    async def card_text(self, job: Job) -> str:
        """Return what the card shows now."""
        return all_text(await self.card(job))

    async def card_shows(self, job: Job, words: str) -> None:
        """Wait until the card shows these words."""

        async def shown() -> bool:
            return words in await self.card_text(job)

        await until(shown)

    async def ordered(self, mia: MemberDriver, picture: Path, **options: Any) -> Job:
        """Order a video, wait for its card, and return the job with the card's id kept."""
        outcome = await mia.run_command("animate", {"image": picture, **SETTINGS, **options})
        return await self.carded(int(outcome.id))

    async def carded(self, job_id: int) -> Job:
        """Wait until the card of a job is known; return the job."""

        async def known() -> bool:
            found = await self.store.get(job_id)
            return found is not None and found.card_message_id is not None

        await until(known)
        return await self.job(job_id)

    async def job(self, job_id: int) -> Job:
        """Return a job that there must be."""
        found = await self.store.get(job_id)
        assert found is not None
        return found

    async def moved(self, job: Job, *states: JobState, **fields: Any) -> Job:
        """Move a job through states; the fields are set with the last one."""
        for state in states[:-1]:
            await self.store.transition(job.id, state, now=now())
        return await self.store.transition(job.id, states[-1], now=now(), **fields)

    async def finished(self, job: Job) -> Job:
        """Bring a queued job to the point where its video is posted."""
        await self.moved(job, JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED)
        return await self.store.note(job.id, delivering_at=now(), output_url="https://a.io/v.mp4")


async def told_by(driver: MemberDriver, outcome: Outcome, words: str) -> dict[str, Any]:
    """Wait until the answer to this command, which only the member sees, has these words."""

    def is_it(message: dict[str, Any]) -> bool:
        asked = (message.get("interaction_metadata") or {}).get("id")
        private = bool(message["flags"] & EPHEMERAL)
        return asked == outcome.id and private and words in all_text(message)

    return await driver.wait_for_message(is_it)


async def start(face: Face) -> asyncio.Task[None]:
    """Start the client; return when it is connected and knows the server."""
    redirect(face.stand_in.api_url, face.stand_in.gateway_url)
    commands = face.stand_in.hub.commands
    if face.user_installs in _REGISTERED:
        commands.put_all(Scope(), _REGISTERED[face.user_installs])
    task = asyncio.create_task(face.bot.start(face.stand_in.bot_token))

    async def ready() -> bool:
        if task.done():
            task.result()
        return len(face.bot.guilds) > 0  # on_ready comes two seconds later

    await until(ready)
    _REGISTERED.setdefault(face.user_installs, commands.all(Scope()))
    return task


async def stop(face: Face, task: asyncio.Task[None]) -> None:
    """Close the client, once what it was asked is answered."""
    await settled()
    await face.bot.close()
    await asyncio.gather(task, return_exceptions=True)


async def settled() -> None:
    """Wait until what clients were asked is answered."""
    doing = [t for t in asyncio.all_tasks() if t.get_name().startswith(_ANSWERING)]
    if doing:
        await asyncio.wait(doing, timeout=5)


async def planted(face: Face, channel_id: str, job: Job, action: str) -> dict[str, Any]:
    """Post a moderators' button where it does not belong; return the message."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.ActionRow(LogButton(action, job.id)))
    sent = await face.bot.get_partial_messageable(int(channel_id)).send(view=view)
    return next(m for m in await face.posted(channel_id) if m["id"] == str(sent.id))


def all_text(message: dict[str, Any]) -> str:
    """Return a message's content and the text of its components."""
    found, waiting = [message["content"]], list(message["components"])
    while waiting:
        component = waiting.pop(0)
        found.append(component.get("content", ""))
        waiting = component.get("components", []) + waiting
    return "\n".join(found)


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Return the labels of a message's buttons, by custom id."""
    found, waiting = {}, list(message["components"])
    while waiting:
        component = waiting.pop(0)
        if component["type"] == 2:
            found[component["custom_id"]] = component["label"]
        waiting += component.get("components", [])
        if "accessory" in component:
            waiting.append(component["accessory"])
    return found
