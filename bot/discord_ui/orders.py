"""From an interaction to an order, and the one way in which orders are taken."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import discord

from bot.asking import Draft, KeptFile, command_of, last_options, used_options
from bot.catalogue import JsonScalar, Kind, Model, find_model, models_of_kind
from bot.discord_ui.absence import check_reachable, is_absent, ruling_guild_id
from bot.discord_ui.answers import acknowledge, tell
from bot.discord_ui.confirming import confirm_view
from bot.discord_ui.permissions import is_locked, missing_permissions
from bot.discord_ui.services import Interaction, Services
from bot.errors import BadInputError, RefusedError
from bot.i18n import N_, gettext
from bot.job import Job
from bot.jobs.intake import ConfirmFirstError, Order, SourceFile
from bot.jobs.ports import Standing
from bot.policy import MemberFacts, PlaceFacts
from bot.words import command_name

log = logging.getLogger(__name__)

_WRONG_COMMAND: Mapping[Kind, str] = {
    "i2v": N_("{model} makes videos from a picture: use `{command}` for it."),
    "t2v": N_("{model} makes videos from text: use `{command}` for it."),
}
_NAME_EXCERPT = 60

# It became a job; its price has to be confirmed first; another process has taken it.
Outcome = Literal["made", "asked", "elsewhere"]


def chosen_model(kind: Kind, name: str | None) -> Model:
    """Return the model a member named, or the kind's default.

    Raises:
        BadInputError: no such model, or one of another command.
    """
    models = models_of_kind(kind)
    if name is None:
        return models[0]
    model = find_model(name)
    if model is None:
        titles = ", ".join(f"`{m.title}`" for m in models)
        wrong = name.replace("`", "'")[:_NAME_EXCERPT]
        raise BadInputError(
            gettext("There is no model `{wrong}`. Choose one of {titles}.").format(
                wrong=wrong, titles=titles
            )
        )
    if model.kind != kind:
        text = gettext(_WRONG_COMMAND[model.kind])
        raise BadInputError(
            text.format(model=model.title, command=f"/{command_name(command_of(model))}")
        )
    return model


def build_order(interaction: Interaction, model: Model, options: Mapping[str, Any]) -> Order:
    """Return what the member ordered; options that are None were not given.

    `image` and `audio` have a `url`: attachments, or files known from elsewhere.
    """
    given = {name: value for name, value in options.items() if value is not None}
    image, audio = given.pop("image", None), given.pop("audio", None)
    values: dict[str, JsonScalar] = given
    return Order(
        interaction_id=interaction.id,
        interaction_token=interaction.token,
        token_expires_at=interaction.expires_at,
        member=member_facts(interaction),
        place=place_facts(interaction),
        upload_limit_bytes=interaction.filesize_limit,
        model=model,
        options=values,
        image=_source(image) if image else None,
        audio=_source(audio) if audio else None,
        locale=str(interaction.locale),
        bot_absent=is_absent(interaction),
    )


def member_facts(interaction: Interaction) -> MemberFacts:
    """Return who asks, as Discord says in the interaction itself."""
    return facts_of(interaction.user)


def facts_of(user: discord.User | discord.Member) -> MemberFacts:
    """Return what the rules look at; someone who has left the server has no roles."""
    if not isinstance(user, discord.Member):
        return MemberFacts(user_id=user.id)
    role_ids = frozenset(role.id for role in user.roles)
    return MemberFacts(user_id=user.id, role_ids=role_ids, joined_at=user.joined_at)


def place_facts(interaction: Interaction) -> PlaceFacts:
    """Return where they ask, as Discord says in the interaction itself."""
    channel = interaction.channel
    return PlaceFacts(
        guild_id=ruling_guild_id(interaction),
        channel_id=interaction.channel_id or 0,
        parent_id=channel.parent_id if isinstance(channel, discord.Thread) else None,
        age_restricted=_is_age_restricted(channel),
    )


def postable_place(interaction: Interaction) -> PlaceFacts | None:
    """Return where they ask, if both they and the bot may post a video there."""
    if is_absent(interaction):
        return None
    if interaction.guild_id is not None:
        thread = _in_thread(interaction)
        own = interaction.permissions
        may_write = own.send_messages_in_threads if thread else own.send_messages
        if not may_write or missing_permissions(interaction.app_permissions, in_thread=thread):
            return None
        if is_locked(interaction.channel, own) or _is_locked_to_bot(interaction):
            return None
    return place_facts(interaction)


def _is_age_restricted(channel: object) -> bool:
    # A thread asks its parent, which the client may not know.
    is_nsfw = getattr(channel, "is_nsfw", None)
    return bool(is_nsfw()) if callable(is_nsfw) else False


def _source(file: discord.Attachment | SourceFile) -> SourceFile:
    return SourceFile(url=file.url)


def check_can_post(interaction: Interaction) -> None:
    """Refuse, before anything is spent, where the bot could not post the video.

    Raises:
        RefusedError: names what the bot lacks in this channel.
    """
    if ruling_guild_id(interaction) is None:
        return  # no permissions in a direct message; where it is absent it posts as an answer
    if _is_locked_to_bot(interaction):
        raise RefusedError(
            gettext(
                "This thread is locked: I could not post your video here. Nothing was charged. Ask "
                "a moderator to unlock it, or use another channel."
            )
        )
    missing = missing_permissions(interaction.app_permissions, in_thread=_in_thread(interaction))
    if missing:
        names = ", ".join(f"**{name}**" for name in missing)
        raise RefusedError(
            gettext(
                "I could not post your video here: in this channel I lack the permission {names}. "
                "Nothing was charged. Ask a moderator to allow it, or use another channel."
            ).format(names=names)
        )


def _is_locked_to_bot(interaction: Interaction) -> bool:
    return is_locked(interaction.channel, interaction.app_permissions)


def _in_thread(interaction: Interaction) -> bool:
    return isinstance(interaction.channel, discord.Thread)


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
    except Exception:
        log.exception("job %s: its options could not be remembered", job.id)


async def _accepted(services: Services, job_id: int, accept: Callable[[], Awaitable[Job]]) -> Job:
    try:
        return await accept()
    except Exception:
        # Taken elsewhere meanwhile: refusing it here would take the card from that job.
        job = await services.store.get(job_id)
        if job is None:
            raise
        log.info("job %s was accepted elsewhere", job.id, exc_info=True)
        return job


async def _place(services: Services, job_id: int) -> int | None:
    """Return the place in the queue; the accepted job must not look failed for want of it."""
    try:
        return await services.store.place_in_queue(job_id)
    except Exception:
        log.exception("job %s: its place in the queue could not be read", job_id)
        return None
