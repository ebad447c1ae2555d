"""From a press on a result to an order for the next video."""

import logging
from collections.abc import Callable
from dataclasses import replace

from bot.discord_ui.absence import pressed_result
from bot.discord_ui.order_facts import build_order
from bot.discord_ui.orders import kept_order, take_late_order
from bot.discord_ui.posted_files import video_in
from bot.discord_ui.press_rights import check_may_ask, viewer_of
from bot.discord_ui.remarks import say_remarks
from bot.discord_ui.services import Interaction, Services
from bot.errors import BadInputError, BotError, RefusedError
from bot.job import Job
from bot.jobs.again import Change, kind_after
from bot.jobs.order import Order

log = logging.getLogger(__name__)


async def take_remade(
    interaction: Interaction,
    services: Services,
    job_id: int,
    change_of: Callable[[Job], Change],
    *,
    goes_on: bool = False,
    written: bool = False,
) -> None:
    """Order a video made from another, for whoever presses, by the way that all orders go.

    Args:
        interaction: The press, or the form; its id becomes the job's.
        services: What takes it.
        job_id: What the next video is made from.
        change_of: What is to be different, once the job is known.
        goes_on: Whether the next video begins where this one ends.
        written: Whether the member has filled in a form: what they wrote is kept if it is refused.

    Raises:
        MemberError: see `AgainDesk.usable` and `take_late_order`; nothing was charged.
            `draft_id` is set where what was written can be changed.
    """
    check_may_ask(interaction)
    viewer, desk = viewer_of(interaction), services.again
    remarks: list[str] = []
    order: Order | None = None

    async def ordered() -> Order:
        nonlocal order
        job = await desk.usable(job_id, viewer, goes_on=goes_on)
        await services.command_rights.check(interaction, kind_after(job, goes_on=goes_on))
        change = replace(change_of(job), video_url=_video_url(interaction, job))
        remade = desk.remade(job, change, remarks.append)
        order = replace(
            build_order(interaction, remade.model, remade.options),
            image=remade.image,
            audio=remade.audio,
            parent_id=job.id,
            remark=remarks.append,
        )
        return order

    try:
        outcome = await take_late_order(interaction, services, ordered)
    except (BadInputError, RefusedError) as error:
        if written and order is not None and await _kept(services, order):
            error.draft_id = order.interaction_id
        raise
    await say_remarks(interaction, services, remarks, outcome)


async def _kept(services: Services, order: Order) -> bool:
    """Keep what was ordered, to be changed and sent again; tell whether it is kept."""
    try:
        async with services.precedence.work():
            await services.asking.keep_draft(kept_order(order), now=services.now())
    except BotError as error:
        log.warning("interaction %s: its form is not kept: %s", order.interaction_id, error)
        return False
    return True


def _video_url(interaction: Interaction, job: Job) -> str:
    """Return where the video is, if it came with the press; empty: the bot can ask."""
    message = pressed_result(interaction, job)
    return (video_in(message) if message is not None else None) or ""
