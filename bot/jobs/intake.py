"""From a member's command to an accepted job: check the files, price, reserve, enqueue."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from bot.errors import MemberError, RefusedError, StorageTroubleError
from bot.i18n import N_, gettext
from bot.job import Job, JobState, NewJob
from bot.jobs.gate import Gate, Terms
from bot.jobs.member_turns import MemberTurns
from bot.jobs.order import ConfirmFirstError, Order, new_job
from bot.jobs.ports import Approvals, Engine, JobStore, Media, Provider
from bot.jobs.precedence import Precedence
from bot.jobs.source_files import Parents, SourceFiles
from bot.jobs.stop_time import DEFAULT_STOP_S, INTAKE, StopTime
from bot.jobs.tracing import NO_TRACES, Tracer
from bot.jobs.watch import enqueue_or_leave
from bot.pricing import PriceTable
from bot.quota import check, refusal_text, windows_at
from bot.request import GenerationRequest, build_request

log = logging.getLogger(__name__)

_ONCE_MORE_AFTER_S = 0.5
_RESTARTING = N_(
    "The bot is being restarted. Nothing was charged. Send your command again in a minute."
)


class Intake:
    """Accepts commands: everything that can be wrong is found before a credit is reserved."""

    def __init__(
        self,
        *,
        store: JobStore,
        media: Media,
        provider: Provider,
        parents: Parents,
        engine: Engine,
        prices: PriceTable,
        gate: Gate,
        approvals: Approvals,
        now: Callable[[], datetime],
        precedence: Precedence,
        turns: MemberTurns | None = None,
        stop_time: StopTime | None = None,
        tracer: Tracer = NO_TRACES,
        draw_seed: Callable[[int, int], int] = random.randint,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._files = SourceFiles(media, provider, parents)
        self._engine = engine
        self._prices = prices
        self._gate = gate
        self._approvals = approvals
        self._now = now
        self._precedence = precedence
        self._turns = turns or MemberTurns()
        self._stop_time = stop_time or StopTime(DEFAULT_STOP_S)
        self._tracer = tracer
        self._draw_seed = draw_seed
        self._sleep = sleep
        self._closing = False
        self._under_way: set[asyncio.Task[Job]] = set()

    def check(self, order: Order) -> GenerationRequest:
        """Validate and price the options without any I/O, so that bad input is told at once.

        Raises:
            BadInputError: with a sentence for the member.
        """
        options = dict(order.options)
        if order.image is not None:
            options["image"] = order.image.url
        if order.audio is not None:
            options["audio"] = order.audio.url
        return build_request(order.model, options, prices=self._prices, draw_seed=self._draw_seed)

    async def accept(self, order: Order, request: GenerationRequest) -> Job:
        """Check the files, then reserve and enqueue.

        Raises:
            BadInputError: a file is not what it should be.
            RefusedError: the quota says no, the provider's storage is out of reach, too many of
                the member's orders wait, or the bot is stopping.
            ConfirmFirstError: the member has to say yes to the price first.
        """
        if self._closing:
            raise RefusedError(gettext(_RESTARTING))
        task = asyncio.ensure_future(self._traced(order, request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.wait({task})
        if not task.cancelled():
            return task.result()
        # Stopped by `close`, perhaps just after it was written down.
        job = await self._store.get(order.interaction_id)
        if job is None:
            raise RefusedError(gettext(_RESTARTING))
        return job

    async def close(self) -> None:
        """Take no more commands; finish those under way, or tell their members to ask again."""
        self._closing = True
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=self._stop_time.left_s(INTAKE))
            for task in late:
                task.cancel()

    async def _traced(self, order: Order, request: GenerationRequest) -> Job:
        about = order.interaction_id, order.place.guild_id
        with self._tracer.of_job("accept", *about, fine=(MemberError, ConfirmFirstError)):
            return await self._accept(order, request)

    async def _accept(self, order: Order, request: GenerationRequest) -> Job:
        async with self._turns.turn(order.member.user_id):
            return await self._accept_in_turn(order, request)

    async def _accept_in_turn(self, order: Order, request: GenerationRequest) -> Job:
        async with self._precedence.work():
            known = await self._store.get(order.interaction_id)
            if known is not None:
                return known  # the same interaction once more, by way of another process
            terms = await self._terms(order, request)
        with self._tracer.part("check_files"):
            request = await self._with_checked_files(order, request)
        async with self._precedence.work():
            job = await self._reserved(terms, new_job(order, request))
        if job.state is JobState.AWAITING_APPROVAL:
            await self._approvals.ask(job)
            return job
        await enqueue_or_leave(self._engine, job)
        return job

    async def _terms(self, order: Order, request: GenerationRequest) -> Terms:
        """Return the terms on which the member may spend; RefusedError when they may not."""
        terms = await self._gate.admit(order.member, order.place, request, order.negative_prompt)
        price, threshold = request.price_credits, terms.confirm_above_credits
        asks = threshold is not None and price > max(threshold, order.confirmed_credits)
        if asks or order.image is not None or order.audio is not None:
            # Text is refused as soon by the transaction that reserves.
            left = await self._check_quota(order, request, terms)
            if asks:
                raise ConfirmFirstError(order, request, max(0, left - price))
        return terms

    async def _reserved(self, terms: Terms, new: NewJob) -> Job:
        """Write the job down, with a second try: the first may have been all but its answer.

        Repeating it is safe: a job that is there already is returned as it is.
        """
        state = JobState.AWAITING_APPROVAL if terms.approval_reasons else JobState.QUEUED
        accept = partial(
            self._store.accept,
            new,
            terms.allowance,
            terms.zone,
            now=self._now(),
            budget=terms.budget,
            state=state,
            approval_reasons=terms.approval_reasons,
        )
        try:
            return await accept()
        except StorageTroubleError as error:
            log.warning("job %s could not be accepted, once more: %s", new.id, error)
        await self._sleep(_ONCE_MORE_AFTER_S)
        return await accept()

    async def _check_quota(self, order: Order, request: GenerationRequest, terms: Terms) -> int:
        """Refuse before any file is fetched; what counts is checked again when reserving.

        Returns:
            The credits left to spend.
        """
        now = self._now()
        balance = await self._store.balance(
            guild_id=order.place.guild_id,
            user_id=order.member.user_id,
            allowance=terms.allowance,
            zone=terms.zone,
            now=now,
            budget=terms.budget,
        )
        refusal = check(
            terms.allowance,
            balance.usage,
            request.price_credits,
            windows=windows_at(now, terms.zone, terms.budget.host_zone),
            budget=terms.budget,
        )
        if refusal is not None:
            raise RefusedError(refusal_text(refusal), rule=refusal.rule.value)
        return balance.left

    async def _with_checked_files(
        self, order: Order, request: GenerationRequest
    ) -> GenerationRequest:
        if order.image is not None:
            request = request.with_image(await self._files.picture(order.image, order.remark))
        if order.audio is not None:
            url = await self._files.sound(order.audio, order.remark)
            request = request.with_file(order.model.parameter_of("audio").name, url)
        return request
