"""What cards cost: real discord.py calls to the Discord stand-in, in virtual time."""

import asyncio
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.discord_ui.card_keeper import CardKeeper
from bot.job import FailureReason, Job, JobState
from bot.jobs.ports import Standing
from tests.card_lives import Life, live
from tests.discord_virtual import VirtualDiscord, on_virtual_discord


def total(virtual: VirtualDiscord) -> int:
    """Return how many calls the bot has made."""
    return sum(virtual.calls().values())


def shown(virtual: VirtualDiscord, job: Job, words: str) -> list[float]:
    """Return when a card showed a picture with these words."""
    return [at_s for at_s, text in virtual.history(job) if words in text]


def test_a_job_costs_few_calls() -> None:
    """Ten for two minutes, even slow at every step; twenty-five minutes are no hundred edits."""
    lives = [
        (Life(usual_s=20, took_s=20), 8),
        (Life(usual_s=120, took_s=120), 8),
        (Life(usual_s=115, took_s=145, submit_s=8, handed_s=20), 10),
        (Life(usual_s=1500, took_s=2400), 20),
        (Life(usual_s=60, took_s=60, waited_s=900, place=400), 14),
    ]

    async def work(virtual: VirtualDiscord) -> list[int]:
        cards, counted = virtual.keeper(), []
        for life, _ in lives:
            before = total(virtual)
            await live(virtual, cards, await virtual.order(), life)
            counted.append(total(virtual) - before)
        return counted

    counted = on_virtual_discord(work)

    assert all(calls <= most for calls, (_, most) in zip(counted, lives, strict=True)), counted


def test_a_bar_moves_by_itself_and_a_state_that_passes_is_skipped() -> None:
    """Told once, the card goes on: at each step, late once, then never again."""

    async def work(virtual: VirtualDiscord) -> list[tuple[float, str]]:
        job, cards = await virtual.order(), virtual.keeper()
        began_s = virtual.loop.time()
        cards.open(job, Standing(place=1))
        await asyncio.sleep(0.2)
        cards.show(virtual.moved(job, JobState.SUBMITTING), Standing())
        await asyncio.sleep(0.2)
        cards.show(virtual.moved(job, JobState.RUNNING), Standing(processing=True, expected_s=300))
        await asyncio.sleep(5000)
        await cards.close()
        return [(at_s - began_s, text) for at_s, text in virtual.history(job)[1:]]

    pictures = on_virtual_discord(work)

    words = ["Next in line", "0 %", "20 %", "40 %", "60 %", "80 %", "takes longer"]
    times_s = [0, 1.5, 60.4, 120.4, 180.4, 240.4, 360.4]
    assert [at_s for at_s, _ in pictures] == pytest.approx(times_s, abs=0.05)
    assert all(word in text for word, (_, text) in zip(words, pictures, strict=True))


def test_what_flaps_is_edited_ever_more_rarely() -> None:
    """A remark that comes and goes each second for twenty minutes."""

    async def work(virtual: VirtualDiscord) -> list[float]:
        job, cards = await virtual.order(), virtual.keeper()
        for second in range(1200):
            cards.show(job, Standing(place=5, hint=f"This is remark {second}."))
            await asyncio.sleep(1)
        await cards.close()
        return shown(virtual, job, "remark")

    at_s = on_virtual_discord(work)

    assert len(at_s) < 50
    gaps_s = [later - sooner for sooner, later in pairwise(at_s)]
    assert min(gaps_s) >= 4 - 1e-6
    assert gaps_s[-1] > 90


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_edited_after_the_end(seed: int) -> None:
    """Whatever is shown when, with slow, refused and broken edits, by token and by bot."""

    async def work(virtual: VirtualDiscord) -> list[list[str]]:
        rng, cards = random.Random(seed), virtual.keeper()
        for _ in range(12):
            virtual.stand_in.hub.faults.order(_fault(rng))
        jobs = [await virtual.order() for _ in range(5)]
        jobs = [await _maybe_dead(virtual, job, rng) for job in jobs]
        ended = await asyncio.gather(*(_tangled(virtual, cards, job, rng) for job in jobs))
        after = total(virtual)
        for job in ended:
            cards.show(replace(job, state=JobState.RUNNING), Standing(expected_s=10))
        await asyncio.sleep(600)
        assert total(virtual) == after
        return [[text for _, text in virtual.history(job)] for job in jobs]

    for pictures in on_virtual_discord(work):
        ends = [number for number, text in enumerate(pictures) if "refused this content" in text]
        assert ends == [len(pictures) - 1]


def _fault(rng: random.Random) -> dict[str, object]:
    fault: dict[str, object] = {"method": "PATCH", "path": "*", "delay_s": rng.uniform(0, 4)}
    kind = rng.choice(["slow", "late", "drop", "503", "429"])
    if kind == "late":
        return fault | {"late": True}
    if kind == "drop":
        return fault | {"drop": True, "late": rng.random() < 0.5}
    if kind == "503":
        return fault | {"status": 503}
    if kind == "429":
        return fault | _limited(rng.uniform(1, 5))
    return fault


def _limited(after_s: float) -> dict[str, object]:
    headers = {"Via": "1.1 x", "X-RateLimit-Scope": "shared", "Retry-After": str(after_s)}
    body = {"retry_after": after_s, "message": "limited", "global": False}
    return {"status": 429, "headers": headers, "body": body}


async def _maybe_dead(virtual: VirtualDiscord, job: Job, rng: random.Random) -> Job:
    if rng.random() < 0.5:
        return job
    return replace(job, token_expires_at=virtual.now(), card_message_id=virtual.card_id(job))


async def _tangled(virtual: VirtualDiscord, cards: CardKeeper, job: Job, rng: random.Random) -> Job:
    states = [JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED]
    for _ in range(rng.randrange(4, 30)):
        standing = Standing(place=rng.randrange(1, 9), expected_s=30, elapsed_s=rng.uniform(0, 40))
        cards.show(virtual.moved(job, rng.choice(states)), standing)
        await asyncio.sleep(rng.choice([0, 0.01, 1, 5]))
    ended = virtual.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
    late = asyncio.create_task(_shown_after(virtual, cards, job, rng))
    await cards.finish(ended)
    await late
    return ended


async def _shown_after(
    virtual: VirtualDiscord, cards: CardKeeper, job: Job, rng: random.Random
) -> None:
    """Somebody who has not heard of the end."""
    for _ in range(3):
        await asyncio.sleep(rng.uniform(0, 2))
        cards.show(virtual.moved(job, JobState.FINISHED), Standing())


# -- a channel in which the bot edits with its own token -------------------------------------


def test_a_full_channel_is_never_over_its_limit_and_ends_go_first() -> None:
    """Forty cards whose tokens are dead: no 429, progress waits, an end does not."""

    async def work(virtual: VirtualDiscord) -> tuple[int, float, int]:
        cards = virtual.keeper()
        jobs = [await virtual.order() for _ in range(40)]
        jobs = [
            replace(job, token_expires_at=virtual.now(), card_message_id=virtual.card_id(job))
            for job in jobs
        ]
        for job in jobs:
            cards.show(virtual.moved(job, JobState.RUNNING), Standing(expected_s=100))
        await asyncio.sleep(10)
        ended = virtual.moved(jobs[-1], JobState.FAILED, failure=FailureReason.BLOCKED)
        began_s = virtual.loop.time()
        await cards.finish(ended)
        waited_s = virtual.loop.time() - began_s
        await asyncio.sleep(60)
        told = sum(bool(shown(virtual, job, "In the making")) for job in jobs[:-1])
        await cards.close()
        return virtual.client.statuses[429], waited_s, told

    limited, waited_s, told = on_virtual_discord(work)

    assert limited == 0
    assert waited_s <= 6  # one window of the channel's limit
    assert told == 39


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("dead", [False, True])
def test_no_old_picture_comes_out_of_a_wait(status: int, *, dead: bool) -> None:
    """Refused for now; by the time it may go, the card shows what is true then, and only that."""

    async def work(virtual: VirtualDiscord) -> list[tuple[float, str]]:
        job, cards = await virtual.order(), virtual.keeper()
        began_s = virtual.loop.time()
        if dead:
            job = replace(job, token_expires_at=virtual.now(), card_message_id=virtual.card_id(job))
        refusal = _limited(20.0) if status == 429 else {"status": status}
        virtual.stand_in.hub.faults.order({"method": "PATCH", "path": "*", "delay_s": 0, **refusal})
        cards.show(job, Standing(place=9))
        await asyncio.sleep(0.5)
        for place in (8, 7, 6):
            cards.show(job, Standing(place=place))
            await asyncio.sleep(0.5)
        await asyncio.sleep(60)
        await cards.close()
        return [(at_s - began_s, text) for at_s, text in virtual.history(job)[1:]]

    ((at_s, picture),) = on_virtual_discord(work)

    assert "Number 6 in line" in picture
    assert at_s == pytest.approx(20 if status == 429 else 4, abs=0.2)


@pytest.mark.parametrize("answer", [{"drop": True}, {"status": 503}], ids=["none", "503"])
def test_an_edit_that_may_have_arrived_is_not_taken_for_lost(answer: dict[str, object]) -> None:
    """Nobody said that it was done; the card is told of an older picture again, and shows that."""

    async def work(virtual: VirtualDiscord) -> list[str]:
        job, cards = await virtual.order(), virtual.keeper()
        cards.show(job, Standing(place=3))
        await asyncio.sleep(5)
        fault = {"method": "PATCH", "path": "*", "late": True, **answer}
        virtual.stand_in.hub.faults.order(fault)
        cards.show(job, Standing(place=2))
        await asyncio.sleep(1)
        cards.show(job, Standing(place=3))
        await asyncio.sleep(60)
        await cards.close()
        return [text for _, text in virtual.history(job)[1:]]

    pictures = on_virtual_discord(work)

    places = ["Number 3 in line", "Number 2 in line", "Number 3 in line"]
    assert all(place in text for place, text in zip(places, pictures, strict=True))


@pytest.mark.parametrize("dead", [False, True])
def test_a_call_that_is_on_its_way_again_is_let_go_on(*, dead: bool) -> None:
    """Refused for an instant, discord.py has repeated it by then: torn it might still come true."""

    async def work(virtual: VirtualDiscord) -> list[str]:
        job, cards = await virtual.order(), virtual.keeper()
        if dead:
            job = replace(job, token_expires_at=virtual.now(), card_message_id=virtual.card_id(job))
        for refusal in (_limited(0.03), {"delay_s": 2.0}):
            virtual.stand_in.hub.faults.order({"method": "PATCH", "path": "*", **refusal})
        before = total(virtual)
        cards.show(job, Standing(place=9))
        await asyncio.sleep(10)
        await cards.close()
        # The refused call is answered before it is counted.
        return [text for _, text in virtual.history(job)[1:]] * (total(virtual) - before)

    (picture,) = on_virtual_discord(work)

    assert "Number 9 in line" in picture


@pytest.mark.parametrize(("dead", "most_s"), [(False, 1.0), (True, 90.0)])
def test_an_end_does_not_wait_for_hours(*, dead: bool, most_s: float) -> None:
    """A progress picture was told to wait for half a day: the job's last step waits for the end."""

    async def work(virtual: VirtualDiscord) -> tuple[float, int]:
        job, cards = await virtual.order(), virtual.keeper()
        if dead:
            job = replace(job, token_expires_at=virtual.now(), card_message_id=virtual.card_id(job))
        limit = {"method": "PATCH", "path": "*", **_limited(43_200.0)}
        virtual.stand_in.hub.faults.order(limit)
        cards.show(job, Standing(place=3))
        await asyncio.sleep(1)
        began_s = virtual.loop.time()
        await cards.finish(virtual.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED))
        return virtual.loop.time() - began_s, len(shown(virtual, job, "refused this content"))

    took_s, ends = on_virtual_discord(work)

    assert took_s < most_s
    assert ends == 1


@pytest.mark.parametrize("ending", [False, True])
def test_an_edit_that_hangs_does_not_hold_up_its_channel(*, ending: bool) -> None:
    """Discord never answers it: another card's end waits for half a minute, not for five."""

    async def work(virtual: VirtualDiscord) -> tuple[float, list[str]]:
        cards = virtual.keeper()
        jobs = [await virtual.order() for _ in range(2)]
        hung, other = [
            replace(job, token_expires_at=virtual.now(), card_message_id=virtual.card_id(job))
            for job in jobs
        ]
        virtual.stand_in.hub.faults.order({"method": "PATCH", "path": "*", "delay_s": 40.0})

        async def end(job: Job) -> None:
            await cards.finish(virtual.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED))

        cards.show(hung, Standing(place=3))
        hanging = asyncio.create_task(end(hung) if ending else asyncio.sleep(0))
        await asyncio.sleep(1)
        began_s = virtual.loop.time()
        await end(other)
        waited_s = virtual.loop.time() - began_s
        await hanging
        await asyncio.sleep(60)
        await cards.close()
        return waited_s, [virtual.history(job)[-1][1] for job in (hung, other)]

    waited_s, (hung, other) = on_virtual_discord(work)

    assert waited_s < 31
    assert ("refused this content" if ending else "Number 3 in line") in hung
    assert "refused this content" in other


def test_ends_do_not_stand_behind_a_crowd() -> None:
    """Thirty cards hang at once, each behind its own limit: an end is shown all the same."""

    async def work(virtual: VirtualDiscord) -> float:
        cards = virtual.keeper()
        *crowd, last = [await virtual.order() for _ in range(31)]
        ways = {"method": "PATCH", "path": "*", "delay_s": 20.0, "times": len(crowd)}
        virtual.stand_in.hub.faults.order(ways)
        for job in crowd:
            cards.show(job, Standing(place=3))
        await asyncio.sleep(1)
        virtual.stand_in.hub.faults.clear()
        began_s = virtual.loop.time()
        await cards.finish(virtual.moved(last, JobState.FAILED, failure=FailureReason.BLOCKED))
        waited_s = virtual.loop.time() - began_s
        await asyncio.sleep(60)
        await cards.close()
        return waited_s

    assert on_virtual_discord(work) < 5
