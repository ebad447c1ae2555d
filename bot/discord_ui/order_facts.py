"""What an interaction itself says about an order: who asks, where, and for what; pure."""

from collections.abc import Mapping
from typing import Any

import discord

from bot.asking import KeptFile, command_of
from bot.catalogue import JsonScalar, Kind, Model, find_model, models_of_kind
from bot.discord_ui.absence import is_absent, ruling_guild_id
from bot.discord_ui.permissions import is_locked, missing_permissions
from bot.discord_ui.services import Interaction
from bot.errors import BadInputError, RefusedError
from bot.i18n import N_, gettext
from bot.jobs.order import Order
from bot.jobs.source_files import SourceFile
from bot.policy import MemberFacts, PlaceFacts
from bot.words import command_name

_WRONG_COMMAND: Mapping[Kind, str] = {
    "i2v": N_("{model} makes videos from a picture: use `{command}` for it."),
    "t2v": N_("{model} makes videos from text: use `{command}` for it."),
}
_NAME_EXCERPT = 60


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

    `image` and `audio` have a `url`: attachments, or files that a draft has kept.
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


def _source(file: discord.Attachment | KeptFile) -> SourceFile:
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
