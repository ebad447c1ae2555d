"""How many calls to Discord a job costs, by its length, and how true cards are in a full channel.

The bot's own keeper of cards is compared with bots that edit their message every second and every
five seconds. All of them make real discord.py calls to the Discord stand-in, on one loop in
virtual time: rate limits, the token's 15 minutes and all waits follow that clock, unscaled. What
a job goes through is scripted (`tests/card_lives.py`), with a word to the card after each poll.
The video is posted without its file.

To check the script, one job of about two minutes also goes through the whole bot, a process of its
own, in a sandbox six times as fast as the world, in which the bot's least times between edits are
a sixth, too.

Prints a table to standard error and JSON to standard output; `BENCH_QUICK=1` leaves out the longest
jobs.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiohttp
import discord
from PIL import Image

from benchmarks import kit
from bot.job import Job
from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from tests.card_lives import Life, live
from tests.discord_virtual import VirtualDiscord, on_virtual_discord

Way = Callable[[VirtualDiscord, Job, Life], Awaitable[object]]

QUICK = kit.is_quick()
LIVES: Mapping[str, Life] = {
    "20 s": Life(usual_s=20, took_s=20),
    "2 min": Life(usual_s=120, took_s=120),
    "2 min, slow at every step": Life(usual_s=115, took_s=140, submit_s=6, handed_s=10),
    "2 min, 1 min in the queue": Life(usual_s=120, took_s=120, waited_s=60, place=4),
    "10 min": Life(usual_s=600, took_s=600),
    "25 min": Life(usual_s=1500, took_s=1500),
    "2 min, 20 min in the queue": Life(usual_s=120, took_s=120, waited_s=1200, place=300),
}
LONG_S = 1000.0
SPEED = 6.0
MODEL = {"model": "wan-2.6-i2v"}
PATIENCE_S = 60.0
# The card's end comes right after the video.
_END_S = 2.0
CROWD = 50
CROWD_LIFE = Life(usual_s=300, took_s=300)
# So many seconds after each other they begin: all of them are under way together, then they end.
CROWD_GAP_S = 4.0
KINDS = {
    "POST /interactions": "callback",
    "PATCH /webhooks": "edit by token",
    "PATCH /channels": "edit by bot",
    "POST /channels": "post",
    "GET": "look-up",
}


async def ours(virtual: VirtualDiscord, job: Job, life: Life) -> None:
    """Show a job as the bot does."""
    cards = virtual.keeper()
    await live(virtual, cards, job, life)
    await cards.close()


async def by_the_clock(virtual: VirtualDiscord, job: Job, life: Life, *, every_s: float) -> None:
    """Show a job as a bot does that edits its message every so many seconds."""
    card = await _first_picture(virtual, job)
    length_s = _length_s(life)
    began_s = virtual.loop.time()
    while (passed_s := virtual.loop.time() - began_s) < length_s:
        await asyncio.sleep(min(every_s, length_s - passed_s))
        await _edit(virtual, job, card, f"{passed_s:.0f} s have passed")
    await virtual.client.get_partial_messageable(job.channel_id).send("Your video is ready.")
    await _edit(virtual, job, card, "Done")


async def _first_picture(virtual: VirtualDiscord, job: Job) -> int:
    # "@original" is Discord's name for the interaction's answer, in place of an id.
    original = cast("int", "@original")
    message = await _webhook(virtual, job).edit_message(original, content="0 s")
    return int(message.id)


async def _edit(virtual: VirtualDiscord, job: Job, card: int, text: str) -> None:
    if virtual.now() < job.token_expires_at:
        await _webhook(virtual, job).edit_message(card, content=text)
    else:
        channel = virtual.client.get_partial_messageable(job.channel_id)
        await channel.get_partial_message(card).edit(content=text)


def _length_s(life: Life) -> float:
    return life.waited_s + life.submit_s + life.took_s + life.handed_s


def _webhook(virtual: VirtualDiscord, job: Job) -> discord.Webhook:
    application_id = virtual.client.application_id or 0
    return discord.Webhook.partial(application_id, job.interaction_token, client=virtual.client)


WAYS: Mapping[str, Way] = {
    "ours": ours,
    "every 5 s": partial(by_the_clock, every_s=5.0),
    "every 1 s": partial(by_the_clock, every_s=1.0),
}


def _by_kind(calls: Mapping[str, int]) -> dict[str, int]:
    counted = Counter[str]()
    for route, count in calls.items():
        kind = next((kind for start, kind in KINDS.items() if route.startswith(start)), "other")
        counted[kind] += count
    return {kind: counted[kind] for kind in (*KINDS.values(), "other") if counted[kind]}


async def one_job(virtual: VirtualDiscord, way: Way, life: Life) -> dict[str, int]:
    """Return the calls of one job by kind, its acknowledgement included."""
    before = Counter(virtual.calls())
    job = await virtual.order()
    await way(virtual, job, life)
    return _by_kind(Counter(virtual.calls()) - before)


async def crowd(virtual: VirtualDiscord, way: Way) -> dict[str, Any]:
    """Return the figures of many jobs at once in one channel whose tokens are all dead."""
    dead = virtual.now()
    jobs = [replace(await virtual.order(), token_expires_at=dead) for _ in range(CROWD)]
    jobs = [replace(job, card_message_id=virtual.card_id(job)) for job in jobs]
    before, refused = Counter(virtual.calls()), virtual.client.statuses[429]

    async def one(place: int, job: Job) -> float:
        await asyncio.sleep(place * CROWD_GAP_S)
        over_s = virtual.loop.time() + _length_s(CROWD_LIFE)
        await way(virtual, job, CROWD_LIFE)
        return virtual.history(job)[-1][0] - over_s

    late_s = sorted(await asyncio.gather(*(one(at, job) for at, job in enumerate(jobs))))
    calls = Counter(virtual.calls()) - before
    return {
        "calls": _by_kind(calls),
        "calls_per_job": round(calls.total() / CROWD, 1),
        "status_429": virtual.client.statuses[429] - refused,
        "end_shown_after_s": {
            "median": round(statistics.median(late_s), 1),
            "longest": round(late_s[-1], 1),
        },
    }


async def crowd_by_the_clock(virtual: VirtualDiscord, job: Job, life: Life) -> None:
    """One of many jobs whose message is edited every five seconds, by the bot's own token."""
    channel = virtual.client.get_partial_messageable(job.channel_id)
    card = channel.get_partial_message(job.card_message_id or 0)
    length_s = _length_s(life)
    began_s = virtual.loop.time()
    while (passed_s := virtual.loop.time() - began_s) < length_s:
        await asyncio.sleep(min(5.0, length_s - passed_s))
        await card.edit(content=f"{passed_s:.0f} s have passed")
    await channel.send("Your video is ready.")
    await card.edit(content="Done")


def crowds() -> dict[str, dict[str, Any]]:
    """Return the figures of a full channel, each in a Discord of its own."""

    async def shared(virtual: VirtualDiscord) -> dict[str, Any]:
        cards = virtual.keeper()

        async def one(virtual: VirtualDiscord, job: Job, life: Life) -> None:
            await live(virtual, cards, job, life)

        figures = await crowd(virtual, one)
        await cards.close()
        return figures

    async def clocks(virtual: VirtualDiscord) -> dict[str, Any]:
        return await crowd(virtual, crowd_by_the_clock)

    return {"ours": on_virtual_discord(shared), "every 5 s": on_virtual_discord(clocks)}


async def whole_bot() -> dict[str, Any]:
    """Return the calls of one job of the unchanged bot, as a member has it made."""
    command = (sys.executable, "-m", "sandbox", "--json", "--port", "0", "--speed", f"{SPEED:g}")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        if process.stdout is None:
            raise RuntimeError("the sandbox has no output")
        ready = json.loads(await process.stdout.readline())
        place = ready["discord"]
        token = place["members"][0]["token"]
        driver = MemberDriver(place["api"], place["gateway"], token, timeout_s=PATIENCE_S)
        async with driver as member, aiohttp.ClientSession() as http:
            before = await _calls(http, ready["page"])
            began_s = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                picture = await asyncio.to_thread(_picture, Path(folder))
                await member.run_command("animate", {"image": picture, "prompt": "A fox", **MODEL})
            await member.wait_for_message(lambda m: bool(files_of(m)), timeout_s=PATIENCE_S)
            took_s = (time.perf_counter() - began_s) * SPEED
            await asyncio.sleep(_END_S)
            calls = Counter(await _calls(http, ready["page"])) - Counter(before)
        return {"took_s": round(took_s), "calls": calls.total(), "kinds": _by_kind(calls)}
    finally:
        process.terminate()
        await process.wait()


async def _calls(http: aiohttp.ClientSession, page: str) -> dict[str, int]:
    async with http.get(f"{page}sandbox/control/state") as answer:
        calls: dict[str, int] = (await answer.json())["calls"]
    return calls


def _picture(folder: Path) -> Path:
    path = folder / "fox.png"
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(path)
    return path


def by_length() -> list[dict[str, Any]]:
    """Return the calls of single jobs."""

    async def all_of(virtual: VirtualDiscord) -> list[dict[str, Any]]:
        rows = []
        for name, life in LIVES.items():
            if QUICK and life.took_s + life.waited_s > LONG_S:
                continue
            counted = {way: await one_job(virtual, go, life) for way, go in WAYS.items()}
            totals = {way: sum(calls.values()) for way, calls in counted.items()}
            ratios = {way: round(totals["ours"] / total, 3) for way, total in totals.items()}
            rows.append({"job": name, "calls": totals, "ours_by": ratios, "kinds": counted})
        return rows

    return on_virtual_discord(all_of)


def main() -> None:
    """Measure and print."""
    began_s = time.perf_counter()
    rows, full, whole = by_length(), crowds(), asyncio.run(whole_bot())
    print(f"{'calls per job':>28}  {'ours':>6}{'5 s':>6}{'1 s':>6}   ours / 5 s", file=sys.stderr)
    for row in rows:
        figures = "".join(f"{total:>6}" for total in row["calls"].values())
        print(
            f"{row['job']:>28}  {figures}   {row['ours_by']['every 5 s']:<7}{row['kinds']['ours']}",
            file=sys.stderr,
        )
    print(f"{CROWD} jobs of 5 min in one channel, tokens dead:", file=sys.stderr)
    for way, crowded in full.items():
        print(f"{way:>28}  {crowded}", file=sys.stderr)
    print(f"the whole bot, one job, times {SPEED:g}: {whole}", file=sys.stderr)
    out = {
        "benchmark": "economy",
        "jobs": rows,
        "full_channel": {"jobs": CROWD, **full},
        "whole_bot": whole,
        "took_s": round(time.perf_counter() - began_s, 1),
    }
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
