"""Orders that still lack something: they are kept, and a form asks for the rest."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

import discord

from bot.asking import Draft, KeptFile, Options, Preset
from bot.catalogue import COMMANDS, Kind, find_model, models_of_kind
from bot.discord_ui.answers import show_form
from bot.discord_ui.draft_taking import gone, order_of
from bot.discord_ui.form_choices import with_offers
from bot.discord_ui.order_facts import check_can_post, chosen_model
from bot.discord_ui.prompt_form import OrderForm
from bot.discord_ui.services import Interaction, Services
from bot.errors import BotError, NotFoundError, RefusedError
from bot.i18n import gettext

log = logging.getLogger(__name__)

T = TypeVar("T")
# A form must be the first answer, within Discord's three seconds: it does not wait for longer.
_LOOK_UP_TIMEOUT_S = 0.7
_KEEP_TIMEOUT_S = 1.2
_RIGHTS_TIMEOUT_S = 0.3

_ANYTHING = "…"


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


def preset_draft(
    interaction: Interaction,
    preset: Preset,
    *,
    prompt: str | None,
    image: discord.Attachment | None,
) -> Draft:
    """Return what a preset gives, with what was given beside it.

    Raises:
        NotFoundError: its model is gone.
    """
    model = find_model(preset.model)
    if model is None:
        raise NotFoundError(
            gettext("The model of this preset is gone. Delete it with `/preset delete`.")
        )
    return Draft(
        id=interaction.id,
        user_id=interaction.user.id,
        kind=model.kind,
        model=model.slug,
        options={**preset.options, **({} if prompt is None else {"prompt": prompt})},
        images=(_kept(image),) if image else (),
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
    await show_form(interaction, OrderForm(draft, prices=services.prices))
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


async def check_soon(interaction: Interaction, services: Services, kind: Kind) -> None:
    """Refuse whoever may not use the kind's own command, where that can be known in time.

    Raises:
        RefusedError: the rules of the server say no.
    """
    try:
        await soon(services.command_rights.check(interaction, kind), within_s=_RIGHTS_TIMEOUT_S)
    except TimeoutError:
        # As when Discord does not tell them; whoever asks next finds them known.
        log.warning("interaction %s: its command rules came too late", interaction.id)


async def soon(looking_up: Awaitable[T], *, within_s: float = _LOOK_UP_TIMEOUT_S) -> T:
    """Await what a first answer needs; TimeoutError when it takes too long for one.

    It goes on to its end: a database is not to be interrupted.
    """
    task = asyncio.ensure_future(looking_up)
    done, _ = await asyncio.wait({task}, timeout=within_s)
    if not done:
        task.add_done_callback(_let_go)
        raise TimeoutError
    return task.result()


def _let_go(task: asyncio.Future[Any]) -> None:
    """Say what became of what nobody waits for any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("what was looked up too slowly failed: %s", error)


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
        raise gone()
    shown: Options = {**draft.options, "model": draft.model or models_of_kind(draft.kind)[0].slug}
    await show_form(interaction, OrderForm(with_offers(draft, shown), prices=services.prices))


def busy() -> RefusedError:
    """Return the refusal where a first answer would come too late."""
    return RefusedError(
        gettext("I am very busy just now. Nothing was charged. Try again in a minute.")
    )
