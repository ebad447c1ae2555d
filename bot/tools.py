"""What commands and jobs are built from: storage, edges and face, made as the settings say."""

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from bot import i18n
from bot.client import VideoBot
from bot.discord_ui.absent_poster import AbsentPoster
from bot.discord_ui.card_keeper import CardKeeper
from bot.discord_ui.card_pace import Pace
from bot.discord_ui.log_board import ChannelBoard
from bot.discord_ui.log_channel import ChannelLog
from bot.discord_ui.messenger import DirectMessenger
from bot.discord_ui.poster import ChannelPoster
from bot.job import Job
from bot.jobs.breaker import Breaker
from bot.jobs.budget import RequestBudget
from bot.jobs.budget_book import MemoryBook
from bot.jobs.bulletin import Bulletin
from bot.jobs.errands import Errands
from bot.jobs.handing import HandOver
from bot.jobs.kept_videos import KeptVideos
from bot.jobs.log_cards import LogCards
from bot.jobs.precedence import Precedence
from bot.jobs.stop_time import StopTime
from bot.jobs.telling import Teller
from bot.jobs.thumbnails import Thumbnails
from bot.jobs.tracing import Tracer
from bot.jobs.video_log import VideoLog
from bot.jobs.watched_provider import WatchedProvider
from bot.media import Downloader, MediaDesk, MediaInspector
from bot.migrated import note_migration
from bot.pacing import WINDOW_S, used_up_evenly
from bot.pricing import PriceTable
from bot.pseudonyms import Pseudonyms
from bot.segmind import SegmindClient, make_session
from bot.settings import Settings
from bot.storage import (
    Database,
    JobStore,
    PolicyStore,
    PreferenceStore,
    SharedRequests,
    refuse_away,
)
from bot.watching import Tally

# Where attachments come from.
_DISCORD_FILES = ("cdn.discordapp.com", "media.discordapp.net")


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Tools:
    """All of it.

    Attributes:
        folder: For files on their way; empty at the start.
    """

    client: VideoBot
    settings: Settings
    prices: PriceTable
    database: Database
    pseudonyms: Pseudonyms
    store: JobStore
    policies: PolicyStore
    preferences: PreferenceStore
    provider: WatchedProvider
    breaker: Breaker
    media: MediaDesk
    cards: CardKeeper
    poster: ChannelPoster
    stop_time: StopTime
    hand_over: HandOver
    kept: KeptVideos
    thumbnails: Thumbnails
    errands: Errands
    bulletin: Bulletin
    log_cards: LogCards
    video_log: VideoLog
    teller: Teller
    budget: RequestBudget
    precedence: Precedence
    tally: Tally
    tracer: Tracer
    folder: Path

    def ended(self, job: Job) -> None:
        """Let those know of a job's end who want to: moderators, its member. Never raises."""
        self._tell(job)
        self.tally.ended(job)

    def turned_away(self, job: Job) -> None:
        """Let those know who want to that a job ends before it was let in. Never raises."""
        self.teller.ended(job)
        self.tally.ended(job)

    def sent_again(self, job: Job) -> None:
        """Let those know who want to that a video which stayed behind is there. Never raises."""
        self._tell(job)
        self.tally.sent_again(job)

    def _tell(self, job: Job) -> None:
        self.video_log.ended(job)
        self.teller.ended(job)


async def open_tools(
    client: VideoBot,
    settings: Settings,
    prices: PriceTable,
    stack: AsyncExitStack,
    *,
    sure: Callable[[], bool],
    tracer: Tracer,
) -> Tools:
    """Make them; `stack` ends those that have an end.

    Args:
        client: The client, logged in.
        settings: The host's.
        prices: What videos cost.
        stack: Ends what has an end.
        sure: Whether no other process can have this one's jobs.
        tracer: Traces them.

    Raises:
        ConfigurationError: the database cannot be used.
    """
    await asyncio.to_thread(i18n.load)
    database = await _opened(settings, stack)
    pseudonyms = Pseudonyms.keyed_by(settings.discord_token.get_secret_value())
    stop_time = StopTime(settings.stop_timeout_s)
    store, policies = JobStore(database, pseudonyms), PolicyStore(database)
    preferences, errands = PreferenceStore(database), Errands(stop_time)
    session = await stack.enter_async_context(make_session())

    folder = await _empty_folder(settings)
    media = _media(session, settings)
    poster = _poster(client, store, prices)
    cards = _cards(client, settings, store, preferences)
    log_cards = LogCards(store=store, board=ChannelBoard(client), now=now)
    tally = Tally(usd_per_credit=prices.usd_per_credit)
    breaker = Breaker(now=now, speed=settings.poll_speed)
    return Tools(
        client=client,
        settings=settings,
        prices=prices,
        database=database,
        pseudonyms=pseudonyms,
        store=store,
        policies=policies,
        preferences=preferences,
        provider=WatchedProvider(provider_of(session, settings), breaker, tally.called, tracer),
        breaker=breaker,
        media=media,
        cards=cards,
        poster=poster,
        stop_time=stop_time,
        hand_over=HandOver(
            store=store,
            media=media,
            poster=poster,
            cards=cards,
            now=now,
            sure=sure,
            tracer=tracer,
        ),
        kept=KeptVideos(
            settings.kept_folder, jobs=store, max_bytes=settings.kept_max_bytes, now=now
        ),
        thumbnails=Thumbnails(maker=media, store=store, now=now),
        errands=errands,
        bulletin=Bulletin(policies=policies, log_channel=ChannelLog(client, errands)),
        log_cards=log_cards,
        video_log=VideoLog(
            store=store, policies=policies, cards=log_cards, errands=errands, now=now
        ),
        teller=Teller(
            store=preferences, messenger=DirectMessenger(client), errands=errands, now=now
        ),
        budget=await budget_of(settings, database, store),
        precedence=Precedence(),
        tally=tally,
        tracer=tracer,
        folder=folder,
    )


def _poster(client: VideoBot, store: JobStore, prices: PriceTable) -> ChannelPoster:
    async def on_placed(job_id: int, message_id: int) -> None:
        await store.note(job_id, result_message_id=message_id)

    absent = AbsentPoster(client, on_placed=on_placed, now=now)
    return ChannelPoster(client, absent, prices=prices, jobs=store)


def _cards(
    client: VideoBot, settings: Settings, store: JobStore, preferences: PreferenceStore
) -> CardKeeper:
    async def on_card(job_id: int, message_id: int) -> None:
        await store.note(job_id, card_message_id=message_id)

    return CardKeeper(
        client,
        on_card=on_card,
        stored=store.get if settings.is_one_of_several else None,
        wishes=preferences.wishes,
        pace=Pace().faster(settings.poll_speed),
    )


async def budget_of(settings: Settings, database: Database, store: JobStore) -> RequestBudget:
    """Return the account's budget, which goes on where earlier and other processes are."""
    per_minute, book = settings.segmind_requests_per_minute, None
    if settings.is_one_of_several:
        return RequestBudget(
            per_minute=per_minute, book=SharedRequests(database), process=settings.executor_id
        )
    if await store.asked_for_lately(since=now() - timedelta(seconds=WINDOW_S)):
        # What the process before this one sent nobody has counted: as much as it may have.
        page = used_up_evenly(per_minute, now_s=time.monotonic())
        book = MemoryBook(clock=time.monotonic, page=page)
    return RequestBudget(per_minute=per_minute, book=book)


async def _opened(settings: Settings, stack: AsyncExitStack) -> Database:
    """Return the database, with this program's tables, on which a bot may run."""
    database = Database.open(settings.database_address)
    stack.push_async_callback(database.close)
    migration = await database.migrate()
    await asyncio.to_thread(note_migration, settings, migration, now())
    await refuse_away(database)
    return database


def provider_of(session: aiohttp.ClientSession, settings: Settings) -> SegmindClient:
    """Return the host's account at Segmind."""
    return SegmindClient(
        session,
        api_key=settings.segmind_api_key,
        api_base=settings.segmind_api_base,
        history_base=settings.segmind_history_base,
        upload_base=settings.segmind_upload_base,
    )


def _media(session: aiohttp.ClientSession, settings: Settings) -> MediaDesk:
    downloader = Downloader(
        session,
        allowed_hosts=(*_DISCORD_FILES, *settings.media_hosts),
        allow_http=settings.media_allow_http,
    )
    return MediaDesk(downloader, MediaInspector(), video_max_bytes=settings.video_max_bytes)


async def _empty_folder(settings: Settings) -> Path:
    """Return the process's own folder for files on their way, without what a kill left there."""
    folder = settings.data_dir / "tmp" / settings.executor_id

    def make() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    await asyncio.to_thread(make)
    return folder
