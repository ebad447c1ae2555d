"""The one way in which orders are taken: acknowledged, accepted, and given their cards."""

import logging
from collections.abc import Awaitable, Callable
from typing import Literal

from bot.asking import Draft, KeptFile, command_of, last_options, used_options
from bot.catalogue import find_model
from bot.discord_ui.absence import check_reachable
from bot.discord_ui.answers import acknowledge, tell
from bot.discord_ui.confirming import confirm_view
from bot.discord_ui.order_facts import check_can_post
from bot.discord_ui.services import Interaction, Services
from bot.job import Job
from bot.jobs.order import ConfirmFirstError, Order
from bot.jobs.ports import Standing

log = logging.getLogger(__name__)

# It became a job; its price has to be confirmed first; another process has taken it.
Outcome = Literal["made", "asked", "elsewhere"]


async def take_order(interaction: Interaction, services: Services, order: Order) -> None:
    """Check, acknowledge, accept and open the status card.

    The check asks nobody and takes microseconds: what it refuses is told to the member alone,
    which an acknowledgement, being public, would not allow any more.
    From then on the card is the workflow's: it is the interaction's original response. The same
    interaction may be taken twice, here or in another process: it is one job, with one card.

    Raises:
        MemberError: bad input, missing permission, quota; nothing was charged.
    """
    request = services.intake.check(order)
    check_can_post(interaction)

    async def accept() -> Job:
        await check_reachable(interaction, order.model)
        return await services.intake.accept(order, request)

    await _take(interaction, services, accept)


async def take_late_order(
    interaction: Interaction, services: Services, ordered: Callable[[], Awaitable[Order]]
) -> Outcome:
    """Do as `take_order`, where what is ordered must be found out: acknowledge first.

    Args:
        interaction: The interaction.
        services: What takes it.
        ordered: Finds the order; its errors are the member's, as those of the order itself.

    Returns:
        What became of it.

    Raises:
        MemberError: as `take_order`; the acknowledgement goes before it is told.
    """

    async def accept() -> Job:
        order = await ordered()
        await check_reachable(interaction, order.model)
        return await services.intake.accept(order, services.intake.check(order))

    check_can_post(interaction)
    return await _take(interaction, services, accept)


async def _take(
    interaction: Interaction, services: Services, accept: Callable[[], Awaitable[Job]]
) -> Outcome:
    with services.precedence.answering():
        acknowledged = await acknowledge(interaction)
    if not acknowledged:
        log.info("interaction %s has been answered elsewhere", interaction.id)
        return "elsewhere"
    try:
        job = await _accepted(services, interaction.id, accept)
    except ConfirmFirstError as asks:
        await _ask(interaction, services, asks)
        return "asked"
    services.cards.open(job, Standing(place=await _place(services, job.id)))
    await _remember(services, job)
    return "made"


async def _ask(interaction: Interaction, services: Services, asks: ConfirmFirstError) -> None:
    """Ask the member alone whether to make it at this price; the order is kept meanwhile."""
    request = asks.request
    draft = kept_order(asks.order, request.price_credits)
    async with services.precedence.work():
        await services.asking.keep_draft(draft, now=services.now())
    settings = used_options(request.model, request.parameters)
    await tell(interaction, confirm_view(draft, settings, asks.left_credits))


def kept_order(order: Order, price_credits: int = 0) -> Draft:
    """Return an order as a draft, to be taken later; with the price that is asked about."""
    return Draft(
        id=order.interaction_id,
        user_id=order.member.user_id,
        kind=order.model.kind,
        model=order.model.slug,
        options=order.options,
        images=(KeptFile(url=order.image.url),) if order.image else (),
        audio=KeptFile(url=order.audio.url) if order.audio else None,
        message=order.message,
        parent_id=order.parent_id,
        confirmed_credits=price_credits,
    )


async def _remember(services: Services, job: Job) -> None:
    """Keep what was chosen, to be offered next time; for want of it no job must look failed."""
    model = find_model(job.model)
    if model is None:
        return
    try:
        async with services.precedence.work():
            command = command_of(model)
            await services.asking.remember(job.user_id, command, last_options(job))
    except Exception:  # a convenience: whatever it is, the job is accepted and goes on
        log.exception("job %s: its options could not be remembered", job.id)


async def _accepted(services: Services, job_id: int, accept: Callable[[], Awaitable[Job]]) -> Job:
    try:
        return await accept()
    except Exception:  # taken elsewhere meanwhile: a refusal here would take that job's card
        job = await services.store.get(job_id)
        if job is None:
            raise
        log.info("job %s was accepted elsewhere", job.id, exc_info=True)
        return job


async def _place(services: Services, job_id: int) -> int | None:
    """Return the place in the queue; the accepted job must not look failed for want of it."""
    try:
        return await services.store.place_in_queue(job_id)
    except Exception:  # the card's next picture knows it
        log.exception("job %s: its place in the queue could not be read", job_id)
        return None
