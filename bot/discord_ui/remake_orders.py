"""From a press on a result to an order for the next video."""

from collections.abc import Callable
from dataclasses import replace

from bot.discord_ui.order_facts import build_order
from bot.discord_ui.orders import take_late_order
from bot.discord_ui.press_rights import check_may_ask, viewer_of
from bot.discord_ui.remarks import say_remarks
from bot.discord_ui.services import Interaction, Services
from bot.job import Job
from bot.jobs.again import Change, kind_after
from bot.jobs.order import Order


async def take_remade(
    interaction: Interaction,
    services: Services,
    job_id: int,
    change_of: Callable[[Job], Change],
    *,
    goes_on: bool = False,
) -> None:
    """Order a video made from another, for whoever presses, by the way that all orders go.

    Args:
        interaction: The press, or the form; its id becomes the job's.
        services: What takes it.
        job_id: What the next video is made from.
        change_of: What is to be different, once the job is known.
        goes_on: Whether the next video begins where this one ends.

    Raises:
        MemberError: see `AgainDesk.usable` and `take_late_order`; nothing was charged.
    """
    check_may_ask(interaction)
    viewer, desk = viewer_of(interaction), services.again
    remarks: list[str] = []

    async def ordered() -> Order:
        job = await desk.usable(job_id, viewer, goes_on=goes_on)
        await services.command_rights.check(interaction, kind_after(job, goes_on=goes_on))
        remade = desk.remade(job, change_of(job), remarks.append)
        order = build_order(interaction, remade.model, remade.options)
        return replace(
            order,
            image=remade.image,
            audio=remade.audio,
            parent_id=job.id,
            remark=remarks.append,
        )

    outcome = await take_late_order(interaction, services, ordered)
    await say_remarks(interaction, services, remarks, outcome)
