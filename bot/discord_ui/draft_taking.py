"""Going on with what was begun: of a draft becomes one job at most."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import discord

from bot.asking import Draft, Taken
from bot.discord_ui.order_facts import build_order, chosen_model
from bot.discord_ui.orders import Outcome, take_late_order
from bot.discord_ui.press_rights import check_may_ask, viewer_of
from bot.discord_ui.remarks import say_remarks
from bot.discord_ui.services import Interaction, Services
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.errors import BadInputError, BotError, MemberError, NotFoundError, RefusedError
from bot.i18n import gettext
from bot.jobs.order import Order
from bot.jobs.source_files import ParentFile

log = logging.getLogger(__name__)

# The member looks at "thinking" meanwhile.
_LOOK_TIMEOUT_S = 1.0

Change = Callable[[Draft], Draft]


async def take_draft(
    interaction: Interaction,
    services: Services,
    draft_id: int,
    change: Change = lambda draft: draft,
) -> Outcome:
    """Make of a draft a job whose id is this interaction's; or say what is wrong, and keep it.

    Of several interactions about one draft (a form sent twice, a button pressed twice) one gets
    it; refused, it can be taken again.

    Args:
        interaction: The form, or the press of a button.
        services: What takes it.
        draft_id: The draft, as the member says: it must be theirs.
        change: What the form adds.

    Returns:
        What became of it.

    Raises:
        MemberError: as `take_late_order`; `draft_id` is set where the draft can be changed.
    """
    asking, user_id = services.asking, interaction.user.id
    draft: Draft | None = None
    remarks: list[str] = []

    async def ordered() -> Order:
        nonlocal draft
        taken = await asking.take_draft(draft_id, user_id, by=interaction.id, now=services.now())
        if taken.draft is None:
            raise await _why_not(services, taken)
        draft = change(taken.draft)
        await _check_message(interaction, draft)
        order = order_of(interaction, draft)
        await _check_parent(interaction, services, order)
        return replace(order, remark=remarks.append)

    try:
        outcome = await take_late_order(interaction, services, ordered)
    except Exception as error:  # whatever it was: a draft that made no job must not be lost
        kept = draft is not None and await _give_back(interaction, services, draft)
        if kept and isinstance(error, BadInputError | RefusedError):
            error.draft_id = draft_id
        raise
    await say_remarks(interaction, services, remarks, outcome)
    return outcome


async def drop_draft(interaction: Interaction, services: Services, draft_id: int) -> None:
    """Forget a draft.

    Raises:
        MemberError: it is gone, or became a job.
    """
    asking, user_id = services.asking, interaction.user.id
    taken = await asking.take_draft(draft_id, user_id, by=interaction.id, now=services.now())
    if taken.draft is None:
        raise await _why_not(services, taken)
    await asking.drop_draft(draft_id, by=interaction.id)


async def _give_back(interaction: Interaction, services: Services, draft: Draft) -> bool:
    """Let the draft be taken again, unless it became a job; tell whether it can be."""
    try:
        if await services.store.get(interaction.id) is not None:
            return False
        await services.asking.give_back(draft, by=interaction.id)
    except BotError as error:
        log.warning("draft %s could not be given back: %s", draft.id, error)
        return False
    return True


def order_of(interaction: Interaction, draft: Draft) -> Order:
    """Return what is ordered; BadInputError when its model is gone, or another command's."""
    model = chosen_model(draft.kind, draft.model)
    image = draft.images[0] if draft.images else None
    options = {**draft.options, "image": image, "audio": draft.audio}
    order = build_order(interaction, model, options)
    return replace(
        order,
        parent_id=draft.parent_id,
        message=draft.message,
        confirmed_credits=draft.confirmed_credits,
    )


async def _check_parent(interaction: Interaction, services: Services, order: Order) -> None:
    """Ask again what the button on a result was asked: it may have been a day ago.

    Raises:
        MemberError: the video was taken down meanwhile, or they may use its buttons no more.
    """
    if order.parent_id is None:
        return
    picture = None if order.image is None else ParentFile.of(order.image)
    goes_on = picture is not None and picture.role == "last_frame"
    check_may_ask(interaction)
    await services.again.usable(order.parent_id, viewer_of(interaction), goes_on=goes_on)
    await services.command_rights.check(interaction, order.model.kind)


async def _check_message(interaction: Interaction, draft: Draft) -> None:
    """Refuse a deleted message's picture: Discord's files outlive their messages a while."""
    if draft.message is None:
        return
    channel = interaction.client.get_partial_messageable(draft.message.channel_id)
    try:
        async with asyncio.timeout(_LOOK_TIMEOUT_S):
            await channel.fetch_message(draft.message.message_id)
    except discord.NotFound as error:
        raise NotFoundError(
            gettext(
                "That message is gone, and its picture with it. Use `/animate` and attach a "
                "picture."
            )
        ) from error
    except DISCORD_ERRORS as error:
        # Not allowed to look, or not now: then the picture itself shows whether it is there.
        log.info("message %s could not be looked at: %s", draft.message.message_id, error)


async def _why_not(services: Services, taken: Taken) -> MemberError:
    if taken.why_not == "gone" or taken.by is None:
        return gone()
    if await services.store.get(taken.by) is not None:
        return RefusedError(
            gettext("You have ordered this already, so nothing more was charged. `/jobs` shows it.")
        )
    return RefusedError(
        gettext(
            "This is being ordered already. If no video comes of it within a minute, use the "
            "command again."
        )
    )


def gone() -> NotFoundError:
    """Return the refusal where there is nothing to go on with."""
    return NotFoundError(
        gettext(
            "This was open for too long, or it is not yours, and I no longer have what was "
            "ordered. Nothing was charged. Use the command again."
        )
    )
