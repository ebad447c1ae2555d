"""kill -9 in the middle of ten jobs: each ends once, on its own card, paid once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.job import JobState
from bot.storage import Database, JobStore
from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed_places import GROUP_ID, PLAZA_ID
from tests.end_to_end.sandbox_process import LIGHT, SELDOM_S, Json, SandboxProcess, until
from tests.end_to_end.seen import buttons, is_ephemeral, of_interaction, text_of

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

JOBS = 10
SETTINGS = {"JOBS_IN_FLIGHT_PER_MEMBER": "50", "SEGMIND_CONCURRENCY": "20"}
ENDS = {"✅": JobState.DELIVERED, "❌": JobState.FAILED}


Moment = Callable[[SandboxProcess, list[str], list[str]], Awaitable[bool]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mortal_sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxProcess]:
    """A sandbox whose bot is killed once for each moment, on the same data."""
    folder = tmp_path_factory.mktemp("mortal")
    async with SandboxProcess(folder, speed=25, bot_env=SETTINGS, options=LIGHT) as running:
        yield running


async def _just_accepted(_sandbox: SandboxProcess, _jobs: list[str], _prompts: list[str]) -> bool:
    """All commands have just been accepted; hardly any has reached the provider."""
    return True


async def _some_at_the_provider(
    sandbox: SandboxProcess, _jobs: list[str], prompts: list[str]
) -> bool:
    """The provider has taken a few of them."""
    return len(await _requests(sandbox, prompts)) >= 3


async def _some_delivered(sandbox: SandboxProcess, jobs: list[str], _prompts: list[str]) -> bool:
    """A few videos have been posted."""
    messages = await sandbox.all_messages()
    cards = {card["id"] for job in jobs for card in _cards(messages).get(job, [])}
    return (
        sum(video["message_reference"]["message_id"] in cards for video in _videos(messages)) >= 3
    )


async def _pressed(member: MemberDriver, message: Json, action: str, words: str) -> Json:
    """Press a job's button; return the answer, which only the member sees."""
    custom_id = next(i for i in buttons(message).values() if i.startswith(f"job:{action}:"))
    await member.press(message, custom_id)
    return await member.wait_for_message(lambda m: is_ephemeral(m) and words in text_of(m))


async def test_a_dropped_job_survives_a_kill(mortal_sandbox: SandboxProcess) -> None:
    """Made and paid once, posted nowhere, its end on its card, its member told once."""
    sandbox, prompt = mortal_sandbox, "a kite that nobody wants any more"
    async with sandbox.member() as mia:
        job = str((await mia.run_command("t2v", {"prompt": prompt})).id)
        card = await mia.wait_for_message(
            lambda m: of_interaction(m, job) and "job:notify" in str(m["components"])
        )
        await _pressed(mia, card, "notify", "direct message")

        async def taken() -> bool:
            return await _requests(sandbox, [prompt]) == [prompt]

        await until(taken, "the provider has it")
        offer = await _pressed(mia, card, "cancel", "Too late to cancel")
        await _pressed(mia, offer, "drop", "will not be posted")
        await sandbox.bot("kill")
        await sandbox.bot("start")
        last = await mia.wait_for_message(
            lambda m: m["id"] == card["id"] and "Dropped before it was posted" in text_of(m)
        )
        news = await mia.wait_for_message(lambda m: "The video that you dropped" in text_of(m))
    states, problems = await _books(sandbox.folder, [job])
    messages = (await sandbox.all_messages()).values()

    assert (states, problems) == ({job: JobState.DROPPED}, [])
    assert await _requests(sandbox, [prompt]) == [prompt]
    assert [m for m in messages if m.get("attachments") and job in m["content"]] == []
    assert card["id"] in text_of(news)
    assert buttons(last) == {}


async def _requests(sandbox: SandboxProcess, prompts: list[str]) -> list[str]:
    """The prompts of what the provider took, as often as it took them."""
    taken = (request["body"]["prompt"] for request in (await sandbox.provider_state())["requests"])
    return [prompt for prompt in taken if prompt in prompts]


def _videos(messages: dict[str, Json]) -> list[Json]:
    return [m for m in messages.values() if files_of(m)]


def _cards(messages: dict[str, Json]) -> dict[str, list[Json]]:
    """Interaction to the messages it made."""
    cards: dict[str, list[Json]] = {}
    for message in messages.values():
        made_by = (message.get("interaction_metadata") or {}).get("id")
        if made_by is not None:
            cards.setdefault(str(made_by), []).append(message)
    return cards


def _shown(card: Json) -> JobState | None:
    """The end that a card shows, or None while there is none."""
    return next((state for mark, state in ENDS.items() if mark in str(card["components"])), None)


async def _books(folder: Path, jobs: list[str]) -> tuple[dict[str, JobState], list[str]]:
    """What the database says: each job's state, and what is wrong with the ledger."""
    database = Database.open(f"sqlite:///{folder / 'bot' / 'bot.sqlite3'}")
    try:
        store = JobStore(database)
        rows = [await store.get(int(job)) for job in jobs]
        return {str(row.id): row.state for row in rows if row}, await store.check_ledger()
    finally:
        await database.close()


@pytest.mark.parametrize("moment", [_just_accepted, _some_at_the_provider, _some_delivered])
async def test_ten_jobs_survive_a_kill(mortal_sandbox: SandboxProcess, moment: Moment) -> None:
    """Each of ten jobs ends with one video or released credits, one POST each, same cards."""
    sandbox, name = mortal_sandbox, moment.__name__
    jitter_s = random.Random(name).uniform(0, 0.4)
    prompts = [f"kite {n} {name}" for n in range(JOBS)]
    async with sandbox.member() as mia:
        outcomes = [await mia.run_command("t2v", {"prompt": prompt}) for prompt in prompts]
    jobs = [str(outcome.id) for outcome in outcomes]

    async def accepted() -> bool:
        return len((await _books(sandbox.folder, jobs))[0]) == JOBS

    await until(accepted, "ten jobs in flight")
    await until(lambda: moment(sandbox, jobs, prompts), name)
    await asyncio.sleep(jitter_s)
    await sandbox.bot("kill")
    before = _cards(await sandbox.all_messages())
    await sandbox.bot("start")

    async def ended() -> bool:
        cards = _cards(await sandbox.all_messages())
        return all(_shown(cards[job][0]) for job in jobs)

    await until(ended, "every card shows an end", timeout_s=150, look_every_s=SELDOM_S)
    after = await sandbox.all_messages()
    states, problems = await _books(sandbox.folder, jobs)

    assert problems == []
    posts = Counter(await _requests(sandbox, prompts))
    replies = Counter(m["message_reference"]["message_id"] for m in _videos(after))
    cards = _cards(after)
    for prompt, job in zip(prompts, jobs, strict=True):
        (card,) = cards[job]
        delivered = states[job] is JobState.DELIVERED
        assert [c["id"] for c in before[job]] == [card["id"]]
        assert _shown(card) is states[job]
        assert replies[card["id"]] == (1 if delivered else 0)
        assert posts[prompt] == (1 if delivered else 0)


async def test_a_kill_where_the_bot_is_not_loses_no_video(mortal_sandbox: SandboxProcess) -> None:
    """Who installed it for herself gets one video in each of two places that it cannot see."""
    sandbox, places = mortal_sandbox, (PLAZA_ID, GROUP_ID)
    prompts = [f"far kite {place}" for place in places]
    async with sandbox.member() as mia:
        for place, prompt in zip(places, prompts, strict=True):
            await mia.run_command("t2v", {"prompt": prompt}, place)

    async def taken() -> bool:
        return len(await _requests(sandbox, prompts)) == len(prompts)

    await until(taken, "both at the provider")
    await sandbox.bot("kill")
    await sandbox.bot("start")

    async def posted() -> list[str]:
        videos = _videos(await sandbox.all_messages())
        return sorted(m["channel_id"] for m in videos if "far kite" in str(m["components"]))

    async def both() -> bool:
        return len(await posted()) >= len(places)

    await until(both, "both videos")

    assert await posted() == sorted(places)
    assert sorted(await _requests(sandbox, prompts)) == sorted(prompts)
