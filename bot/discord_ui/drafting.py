"""Orders that still lack something: the form for the rest, and going on with what was begun."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import discord

from bot.asking import Draft, KeptFile, Options, Taken
from bot.catalogue import COMMANDS, Kind, models_of_kind
from bot.discord_ui.orders import build_order, check_can_post, chosen_model, take_late_order
from bot.discord_ui.prompt_form import OrderForm, with_offers
from bot.discord_ui.services import Interaction, Services
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.errors import BadInputError, BotError, MemberError, NotFoundError, RefusedError
from bot.i18n import gettext
from bot.jobs.intake import Order, SourceFile

log = logging.getLogger(__name__)

T = TypeVar("T")
# A form must be the first answer, within Discord's three seconds: it does not wait for longer.
_LOOK_UP_TIMEOUT_S = 0.7
_KEEP_TIMEOUT_S = 1.2
# The member looks at "thinking" meanwhile.
_LOOK_TIMEOUT_S = 1.0

_ANYTHING = "…"

Change = Callable[[Draft], Draft]


def draft_of(interaction: Interaction, kind: Kind, options: Mapping[str, Any]) -> Draft:
    """Return what a command has given so far; options that are None were not given.

    Raises:
        BadInputError: no such model.
    """
    given = {name: value for name, value in options.items() if value is not None}
    image, audio, model = (
        given.pop("image", None),
        given.pop("audio", None),
        given.pop("model", None),
    )
    return Draft(
        id=interaction.id,
        user_id=interaction.user.id,
        kind=kind,
        model=chosen_model(kind, model).slug if model is not None else None,
        options=given,
        images=(_kept(image),) if image else (),
        audio=_kept(audio) if audio else None,
    )


def _kept(file: discord.Attachment) -> KeptFile:
    return KeptFile(name=file.filename, url=file.url)


async def open_form(interaction: Interaction, services: Services, draft: Draft) -> None:
    """Keep what was given, and ask for the rest: the form is the first answer.

    Raises:
        MemberError: there could be no video here, or none with what was given.
        StorageTroubleError: it cannot be kept.
    """
    check_can_post(interaction)
    last = await last_options(interaction, services, draft.kind)
    draft = with_offers(draft, last)
    _check_given(interaction, services, draft)
    keeping = asyncio.ensure_future(services.asking.keep_draft(draft, now=services.now()))
    # Where it takes long the form comes first: filling it in takes longer still.
    await asyncio.wait({keeping}, timeout=_KEEP_TIMEOUT_S)
    if keeping.done():
        keeping.result()
    await interaction.response.send_modal(OrderForm(draft, prices=services.prices))
    await keeping


def _check_given(interaction: Interaction, services: Services, draft: Draft) -> None:
    """Refuse what is wrong already, before anybody fills in the rest."""
    missing = {} if draft.options.get("prompt") else {"prompt": _ANYTHING}
    whole = draft.model_copy(
        update={
            "model": draft.offered["model"],
            "options": {**draft.options, **missing},
            "images": draft.images or ((KeptFile(url=_ANYTHING),) if draft.kind == "i2v" else ()),
        }
    )
    services.intake.check(order_of(interaction, whole))


async def last_options(interaction: Interaction, services: Services, kind: Kind) -> Options:
    """Return what the member chose last for a kind's command; nothing when that takes long."""
    found = services.asking.last_options(interaction.user.id, COMMANDS[kind])
    try:
        return await soon(found)
    except (BotError, TimeoutError) as error:
        log.info("interaction %s: no last options: %s", interaction.id, error)
        return {}


async def soon(looking_up: Awaitable[T]) -> T:
    """Await what a first answer needs; TimeoutError when it takes too long for one."""
    async with asyncio.timeout(_LOOK_UP_TIMEOUT_S):
        return await looking_up


async def change_draft(interaction: Interaction, services: Services, draft_id: int) -> None:
    """Open a draft's form (again), with what is in it.

    Raises:
        NotFoundError: there is no such draft any more.
        RefusedError: the database is too slow just now.
    """
    now = services.now()
    try:
        draft = await soon(services.asking.draft(draft_id, interaction.user.id, now=now))
    except TimeoutError as error:
        raise busy() from error
    if draft is None:
        raise _gone()
    shown: Options = {**draft.options, "model": draft.model or models_of_kind(draft.kind)[0].slug}
    form = OrderForm(with_offers(draft, shown), prices=services.prices)
    await interaction.response.send_modal(form)


async def take_draft(
    interaction: Interaction,
    services: Services,
    draft_id: int,
    change: Change = lambda draft: draft,
) -> None:
    """Make of a draft a job whose id is this interaction's; or say what is wrong, and keep it.

    Of several interactions about one draft (a form sent twice, a button pressed twice) one gets
    it; refused, it can be taken again.

    Args:
        interaction: The form, or the press of a button.
        services: What takes it.
        draft_id: The draft, as the member says: it must be theirs.
        change: What the form adds.

    Raises:
        MemberError: as `take_late_order`; `draft_id` is set where the draft can be changed.
    """
    asking, user_id = services.asking, interaction.user.id
    draft: Draft | None = None

    async def ordered() -> Order:
        nonlocal draft
        taken = await asking.take_draft(draft_id, user_id, by=interaction.id, now=services.now())
        if taken.draft is None:
            raise await _why_not(services, taken)
        draft = change(taken.draft)
        await _check_message(interaction, draft)
        return order_of(interaction, draft)

    try:
        await take_late_order(interaction, services, ordered)
    except Exception as error:  # whatever it was: a draft that made no job must not be lost
        kept = draft is not None and await _give_back(interaction, services, draft)
        if kept and isinstance(error, BadInputError | RefusedError):
            error.draft_id = draft_id
        raise


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
    files = {
        "image": _source(draft.images[0]) if draft.images else None,
        "audio": _source(draft.audio) if draft.audio else None,
    }
    order = build_order(interaction, model, {**draft.options, **files})
    return replace(order, parent_id=draft.parent_id, confirmed_credits=draft.confirmed_credits)


def _source(file: KeptFile) -> SourceFile:
    return SourceFile(url=file.url)


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
        return _gone()
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


def _gone() -> NotFoundError:
    return NotFoundError(
        gettext(
            "This was open for too long, or it is not yours, and I no longer have what was "
            "ordered. Nothing was charged. Use the command again."
        )
    )


def busy() -> RefusedError:
    """Return the refusal where a first answer would come too late."""
    return RefusedError(
        gettext("I am very busy just now. Nothing was charged. Try again in a minute.")
    )
