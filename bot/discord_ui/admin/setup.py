"""The page of `/video-admin setup`, and the facts about a guild that it is made from."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.discord_ui.admin.checks import ChannelFacts, GuildFacts
from bot.discord_ui.admin.parts import Names, text
from bot.discord_ui.boxes import BLURPLE, YELLOW, Box, view_of
from bot.discord_ui.permissions import missing_for_videos, missing_permissions
from bot.discord_ui.services import Interaction
from bot.errors import RefusedError
from bot.finding import Finding
from bot.i18n import gettext, ngettext, number_text


def setup_page(findings: Sequence[Finding], invite: str) -> ui.LayoutView:
    """Return what was found, the faults first, and the link that invites the bot."""
    faults = [one for one in findings if not one.well]
    well = [one for one in findings if one.well]
    box: Box = ui.Container(accent_colour=YELLOW if faults else BLURPLE)
    heading = gettext("All is well")
    if faults:
        words = ngettext("{n} thing to mend", "{n} things to mend", len(faults))
        heading = words.format(n=number_text(len(faults)))
    text(box, f"### {heading}")
    for one in faults:
        text(box, f"⚠️ **{one.part}**: {one.words}\n{one.remedy}")
    text(box, "\n".join(f"✅ **{one.part}**: {one.words}" for one in well) or "✅")
    text(box, gettext("-# This link invites the bot with exactly the permissions it needs."))
    link: ui.Button[Any] = ui.Button(label=gettext("Invite link"), url=invite)
    box.add_item(ui.ActionRow(link))
    return view_of(box)


def known_names(interaction: Interaction) -> Names:
    """Return the names of the guild's channels and roles, as far as they are known."""
    guild = interaction.guild
    if guild is None:
        return {}
    return {one.id: one.name.removeprefix("@") for one in (*guild.channels, *guild.roles)}


def guild_facts(interaction: Interaction) -> GuildFacts:
    """Return what is known of the interaction's guild.

    Raises:
        RefusedError: Discord has not told the bot about the guild (yet).
    """
    guild = interaction.guild
    if guild is None or guild.me is None:
        raise RefusedError(
            gettext(
                "Discord has not told me about this server yet. Try again in a minute; if it stays "
                "so, invite the bot again: it may be here without its `bot` scope."
            )
        )
    places = [*guild.channels, *guild.threads]
    return GuildFacts(
        here=interaction.channel_id or 0,
        channels={place.id: _facts(place, guild) for place in places},
        role_ids={role.id for role in guild.roles},
    )


def _facts(place: discord.abc.GuildChannel | discord.Thread, guild: discord.Guild) -> ChannelFacts:
    threaded = isinstance(place, discord.Thread | discord.ForumChannel)
    has = place.permissions_for(guild.me)
    nsfw = place.is_nsfw() if hasattr(place, "is_nsfw") else False
    return ChannelFacts(
        age_restricted=nsfw,
        missing=tuple(missing_permissions(has, in_thread=threaded)),
        missing_for_videos=tuple(missing_for_videos(has, in_thread=threaded)),
        public=place.permissions_for(guild.default_role).view_channel,
    )


def check_log_channel(interaction: Interaction, channel_id: int) -> None:
    """Refuse a log channel that the bot could not post in.

    Raises:
        RefusedError: names what it lacks there.
    """
    facts = guild_facts(interaction).channels.get(channel_id)
    if facts is None:
        raise RefusedError(
            gettext(
                "I cannot see that channel. Allow **{permission}** for my role there, then try "
                "again."
            ).format(permission=gettext("View Channel"))
        )
    if facts.missing:
        names = ", ".join(f"**{name}**" for name in facts.missing)
        raise RefusedError(
            gettext(
                "In {channel} I lack {permissions}. Open its settings, Permissions, and allow it "
                "for my role; then try again."
            ).format(channel=f"<#{channel_id}>", permissions=names)
        )
