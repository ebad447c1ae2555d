"""Lives of jobs as a status card is told of them, on a Discord in virtual time."""

import asyncio
from dataclasses import dataclass

from bot.discord_ui.card_keeper import CardKeeper
from bot.job import Job, JobState
from bot.jobs.ports import Standing
from tests.discord_virtual import VirtualDiscord

# The follower tells the card after each poll, the queue's watch at each look.
_POLL_EVERY_S = 5.0
_LOOK_EVERY_S = 5.0
_LINK = {"result_channel_id": 1, "result_message_id": 2}


@dataclass(frozen=True, kw_only=True)
class Life:
    """How a job goes, in seconds.

    Attributes:
        usual_s: What is expected of its model and size.
        took_s: How long it takes, from accepted to completed.
        waited_s: How long it waits in the queue.
        place: Its place there at first; the queue moves on evenly.
        submit_s: How long the provider takes to accept it.
        began_share: When the provider begins to work on it.
        handed_s: How long it takes to fetch and post the video.
    """

    usual_s: float
    took_s: float
    waited_s: float = 0.3
    place: int = 1
    submit_s: float = 1.2
    began_share: float = 0.1
    handed_s: float = 4.0


async def live(virtual: VirtualDiscord, cards: CardKeeper, job: Job, life: Life) -> Job:
    """Let a job go its way, from the acknowledged command to the end on its card."""
    await _wait(cards, job, life)
    cards.show(virtual.moved(job, JobState.SUBMITTING), Standing())
    await asyncio.sleep(life.submit_s)
    job = virtual.moved(job, JobState.RUNNING)
    await _run(cards, job, life)
    cards.show(virtual.moved(job, JobState.FINISHED), Standing())
    await asyncio.sleep(life.handed_s)
    await virtual.client.get_partial_messageable(job.channel_id).send("Your video is ready.")
    job = virtual.moved(job, JobState.DELIVERED, **_LINK)
    await cards.finish(job)
    return job


async def _wait(cards: CardKeeper, job: Job, life: Life) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    cards.open(job, Standing(place=life.place))
    while (left_s := began_s + life.waited_s - loop.time()) > 0:
        await asyncio.sleep(min(left_s, _LOOK_EVERY_S))
        left = max(0.0, 1 - (loop.time() - began_s) / life.waited_s)
        cards.show(job, Standing(place=max(1, round(life.place * left))))


async def _run(cards: CardKeeper, job: Job, life: Life) -> None:
    elapsed_s = 0.0
    while elapsed_s < life.took_s:
        begun = elapsed_s >= life.took_s * life.began_share
        standing = Standing(processing=begun, expected_s=life.usual_s, elapsed_s=elapsed_s)
        cards.show(job, standing)
        wait_s = min(_POLL_EVERY_S, life.took_s - elapsed_s)
        await asyncio.sleep(wait_s)
        elapsed_s += wait_s
