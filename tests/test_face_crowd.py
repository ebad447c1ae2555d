"""One member's flood: what comes too fast is answered and not done, and nobody else waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.catalogue import find_model
from bot.errors import RefusedError
from bot.jobs.order import Order
from bot.jobs.source_files import SourceFile
from bot.policy import MemberFacts, PlaceFacts
from bot.storage import JobStore, PolicyStore
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, SETTINGS, Face, all_text, now, settled, start, stop

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

# One at a time, and the next after ten seconds: no test takes so long.
PER_MINUTE = 6
TOO_FAST = "at most 6 commands and presses a minute"
# More than are fetched at the same time for all members together.
PICTURES = 6
ALONE = 77


@pytest.fixture
async def face(
    stand_in: DiscordStandIn, store: JobStore, policies: PolicyStore, tmp_path: Path
) -> AsyncIterator[Face]:
    """A client that takes one command of a member at a time."""
    async with aiohttp.ClientSession() as http:
        made = Face(
            stand_in=stand_in,
            store=store,
            policies=policies,
            http=http,
            data_dir=tmp_path,
            commands_per_minute=PER_MINUTE,
        )
        task = await start(made)
        yield made
        await stop(made, task)


async def test_a_command_too_fast_is_answered_and_not_done(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Only the member is told; another member's command goes on."""
    job = await face.ordered(mia, photo)
    outcome = await mia.run_command("animate", {"image": photo, **SETTINGS})
    told = await mia.wait_for_message(lambda m: TOO_FAST in all_text(m))
    async with face.member("Theo") as theo:
        other = await face.ordered(theo, photo)

    assert told["flags"] & EPHEMERAL
    assert "nothing was charged" in all_text(told)
    assert await face.store.get(int(outcome.id)) is None
    assert {one.id for one in await face.store.unfinished()} == {job.id, other.id}


async def test_a_press_too_fast_is_answered_and_not_done(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Nobody who listens hears of it, so the job that it would have cancelled goes on."""
    heard: list[str] = []

    async def on_job_button(_interaction: object, action: str, _job_id: int) -> None:
        heard.append(action)

    face.bot.add_listener(on_job_button)
    job = await face.ordered(mia, photo)
    await mia.press(await face.card(job), f"job:cancel:{job.id}")
    await mia.wait_for_message(lambda m: TOO_FAST in all_text(m))
    await settled()

    assert heard == []
    assert (await face.job(job.id)).state == job.state


async def test_a_form_too_fast_is_answered_and_not_done(face: Face, nora: MemberDriver) -> None:
    """The rules that it would have added are not there."""
    outcome = await nora.run_command("video-admin filter paste")
    assert outcome.modal is not None
    await nora.submit_modal(outcome.modal, {"list": "zorgle"})
    await nora.wait_for_message(lambda m: TOO_FAST in all_text(m))

    assert await face.policies.rules(int(face.stand_in.guild_id)) == []


async def test_letters_have_a_pace_of_their_own(mia: MemberDriver) -> None:
    """Whoever types faster gets an empty list, and may give a command nevertheless."""
    lists = [await mia.autocomplete("t2v", "model", options={"prompt": "a"}) for _ in range(4)]
    outcome = await mia.run_command("help")

    assert [bool(one) for one in lists] == [True, True, True, False]
    assert outcome.ok


@asynccontextmanager
async def stuck_pictures() -> AsyncIterator[tuple[str, list[str]]]:
    """Serve pictures that never come; give their address, and the requests that there were."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")

    app = web.Application()
    app.router.add_get("/{name}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


def order_of(face: Face, number: int, url: str) -> Order:
    """Return an order of a member's picture."""
    model = find_model(SETTINGS["model"])
    assert model is not None
    return Order(
        interaction_id=1000 + number,
        interaction_token="token",
        token_expires_at=now() + timedelta(minutes=15),
        member=MemberFacts(user_id=ALONE),
        place=PlaceFacts(
            guild_id=int(face.stand_in.guild_id), channel_id=int(face.stand_in.channel_id)
        ),
        upload_limit_bytes=10_000_000,
        model=model,
        options={"prompt": "a fox"},
        image=SourceFile(url=f"{url}/{number}.png"),
    )


async def test_one_members_pictures_take_one_place(face: Face, photo: Path) -> None:
    """While six of one member's pictures do not come, another member's is looked at."""
    intake = face.bot.services.intake
    async with stuck_pictures() as (url, asked):
        orders = [order_of(face, number, url) for number in range(PICTURES)]
        stuck = [asyncio.create_task(intake.accept(one, intake.check(one))) for one in orders]

        async def fetching() -> bool:
            return bool(asked)

        await until(fetching)
        async with face.member("Theo") as theo:
            job = await face.ordered(theo, photo)
        fetched = len(asked)
    refused = await asyncio.gather(*stuck, return_exceptions=True)

    assert job.user_id != ALONE
    assert fetched == 1
    assert all(isinstance(error, RefusedError) for error in refused)
