"""Carrying accepted requests through QUEUED and PROCESSING to their end."""

import asyncio
import logging
import random
from typing import Any

import aiohttp

from bot.catalogue import JsonScalar, Model
from sandbox.segmind_api.faults import Fault, FaultBook
from sandbox.segmind_api.fetch import (
    MAX_AUDIO_BYTES,
    MAX_IMAGE_BYTES,
    FetchError,
    check_audio,
    fetch_bytes,
)
from sandbox.segmind_api.picture import NotAnImageError, open_picture
from sandbox.segmind_api.plan import plan_video
from sandbox.segmind_api.records import Account, Record, Status, Store
from sandbox.segmind_api.render import Renderer, RenderError
from sandbox.segmind_api.words import LARGE_BYTES, Outcome, outcome_of_prompt

log = logging.getLogger(__name__)

LATENCY_SPREAD = 0.15
QUEUE_S = (0.5, 4.0)
# A request that fails does so early: after this part of its latency.
FAILS_AFTER = 0.3
SEED_MAX = 2**31 - 1
LORA_NAMES = ("high_noise_lora", "low_noise_lora")


class Worker:
    """Accepts requests and runs each as a task of its own."""

    def __init__(
        self,
        *,
        account: Account,
        store: Store,
        faults: FaultBook,
        renderer: Renderer,
        session: aiohttp.ClientSession,
        rng: random.Random,
    ) -> None:
        self._account = account
        self._store = store
        self._faults = faults
        self._renderer = renderer
        self._session = session
        self._rng = rng
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(
        self,
        model: Model,
        body: dict[str, Any],
        values: dict[str, JsonScalar | None],
        price_usd: float,
    ) -> Record:
        """Take a checked request in: from here on it has an id and will be carried out."""
        fault = self._faults.take("outcome", model.slug)
        outcome = outcome_of_prompt(str(values.get("prompt"))) if fault is None else _outcome(fault)
        given_seed = values.get("seed")
        seed = given_seed if isinstance(given_seed, int) and given_seed >= 0 else None
        latency_s = model.typical_s * self._rng.lognormvariate(0, LATENCY_SPREAD)
        record = Record(
            model=model,
            body=body,
            values=values,
            seed=self._rng.randint(1, SEED_MAX) if seed is None else seed,
            price_usd=price_usd,
            outcome=outcome,
            queue_s=self._rng.uniform(*QUEUE_S) / self._account.speed,
            inference_s=latency_s * outcome.latency_factor / self._account.speed,
            created_at=self._store.clock(),
        )
        self._store.add(record)
        task = asyncio.create_task(self._carry_out(record))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return record

    async def close(self) -> None:
        """Stop every request that is still on its way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_out(self, record: Record) -> None:
        await _wait(record.hurry, record.queue_s)
        record.status, record.started_at = Status.PROCESSING, self._store.clock()
        try:
            if record.outcome.error is not None:
                await _wait(record.hurry, record.inference_s * FAILS_AFTER)
                error: str | None = record.outcome.error
            else:
                error = await self._succeed(record)
        except Exception:
            log.exception("stand-in: request %s broke", record.request_id)
            error = "Internal error of the worker"
        self._finish(record, record.error or error)

    async def _succeed(self, record: Record) -> str | None:
        """Make the video while the time passes; return why it failed, if it did."""
        if record.outcome.stuck:
            await record.hurry.wait()
            if record.error is not None:
                return record.error
        deadline = asyncio.get_running_loop().time() + record.inference_s
        try:
            await self._make_video(record)
        except (FetchError, NotAnImageError, RenderError) as error:
            return str(error)
        await _wait(record.hurry, deadline - asyncio.get_running_loop().time())
        return None

    async def _make_video(self, record: Record) -> None:
        image = await self._input(record, "image", MAX_IMAGE_BYTES)
        audio = await self._input(record, "audio", MAX_AUDIO_BYTES)
        for name in LORA_NAMES:
            url = record.values.get(name)
            if url and not str(url).startswith(("http://", "https://")):
                raise FetchError(f"Failed to load LoRA weights: {name} is not a URL")
        size_px = None
        if image is not None:
            size_px = (await asyncio.to_thread(open_picture, image)).size
        if audio is not None:
            await check_audio(audio)
        plan = plan_video(
            record.model,
            record.values,
            seed=record.seed,
            image_size_px=size_px,
            heavy_bytes=record.outcome.heavy_bytes,
        )
        record.output = await self._renderer.render(plan, image=image, audio=audio)

    async def _input(self, record: Record, name: str, max_bytes: int) -> bytes | None:
        url = record.values.get(name)
        if not url:
            return None
        return await fetch_bytes(self._session, str(url), what=name, max_bytes=max_bytes)

    def _finish(self, record: Record, error: str | None) -> None:
        record.finished_at = self._store.clock()
        if error is not None:
            record.status, record.error = Status.FAILED, error
            return
        self._account.credits_usd -= record.price_usd
        record.charged_usd = record.price_usd
        record.credits_left_usd = self._account.credits_usd
        record.status = Status.COMPLETED
        record.expired = record.outcome.expires


def _outcome(fault: Fault) -> Outcome:
    return {
        "failed": Outcome(error=fault.text or "Inference failed"),
        "stuck": Outcome(stuck=True),
        "slow": Outcome(latency_factor=fault.factor),
        "expire": Outcome(expires=True),
        "no_output": Outcome(without_output=True),
        "large": Outcome(heavy_bytes=fault.size_bytes or LARGE_BYTES),
    }[fault.kind]


async def _wait(hurry: asyncio.Event, seconds: float) -> None:
    """Let the time pass, unless someone is in a hurry."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await hurry.wait()
    except TimeoutError:
        return
