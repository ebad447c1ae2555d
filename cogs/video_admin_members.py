"""/video-admin allowance, grant, usage, block and unblock: what single members and roles may."""

import discord
from discord import app_commands

from bot.client import VideoBot
from bot.discord_ui.admin.group import AdminGroup, admin_group, join
from bot.discord_ui.admin.input import parse_duration
from bot.discord_ui.admin.lists import allowances_page, usage_page
from bot.discord_ui.admin.notices import blocked_words
from bot.discord_ui.admin.words import allowance_words, mention
from bot.discord_ui.order_facts import facts_of
from bot.discord_ui.permissions import moderator
from bot.errors import BadInputError
from bot.i18n import gettext
from bot.policy import Target
from bot.words import ago, credits_text

Mentionable = discord.Role | discord.Member | discord.User


def member_of(user: discord.Member | discord.User) -> int:
    """Return the id of somebody who can make videos.

    Raises:
        BadInputError: a bot.
    """
    if user.bot:
        raise BadInputError(
            gettext("{member} is a bot, and bots make no videos. Choose a member.").format(
                member=mention("user", user.id)
            )
        )
    return user.id


def target_of(who: Mentionable) -> tuple[Target, int]:
    """Return whom an allowance is for.

    Raises:
        BadInputError: everybody.
    """
    if not isinstance(who, discord.Role):
        return "user", who.id
    if who.is_default():
        raise BadInputError(
            gettext(
                "Everybody's allowance is the server's own: `/video-admin policy`, **Each member**."
            )
        )
    return "role", who.id


class AllowanceCommands(AdminGroup):
    """The commands about allowances."""

    def __init__(self, bot: VideoBot) -> None:
        super().__init__(name="allowance", description="Allowances of single roles and members")
        self._bot = bot

    @app_commands.command(description="Give a role or a member an allowance of their own")
    @app_commands.describe(
        who="A role or a member",
        daily="Credits a day; left out: as it would be otherwise",
        monthly="Credits a month; left out: as it would be otherwise",
    )
    async def set(
        self,
        interaction: discord.Interaction,
        who: Mentionable,
        daily: int | None = None,
        monthly: int | None = None,
    ) -> None:
        """Set one."""
        by = moderator(interaction)
        target, target_id = target_of(who)
        if not isinstance(who, discord.Role):
            member_of(who)
        await interaction.response.defer(ephemeral=True, thinking=True)
        override = await self._bot.services.moderation.members.set_allowance(
            by, target, target_id, daily_credits=daily, monthly_credits=monthly
        )
        words = gettext("🎟️ {who} may now spend {allowance}.").format(
            who=mention(target, target_id), allowance=allowance_words(override)
        )
        await interaction.edit_original_response(content=words)

    @app_commands.command(description="Let the general allowance hold again")
    @app_commands.describe(who="A role or a member")
    async def clear(self, interaction: discord.Interaction, who: Mentionable) -> None:
        """Remove one."""
        by = moderator(interaction)
        target, target_id = target_of(who)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._bot.services.moderation.members.clear_allowance(by, target, target_id)
        words = gettext("🎟️ {who} has no allowance of their own any more.")
        await interaction.edit_original_response(
            content=words.format(who=mention(target, target_id))
        )

    @app_commands.command(description="Which roles and members have an allowance of their own")
    async def list(self, interaction: discord.Interaction) -> None:
        """Show all."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._bot.services.moderation.members.allowances(by.guild_id)
        await interaction.edit_original_response(view=allowances_page(found))


class MemberCommands(AdminGroup):
    """The commands about one member."""

    def __init__(self, bot: VideoBot) -> None:
        super().__init__(name="members", description="Single members")
        self._bot = bot

    @app_commands.command(description="Give a member credits on top of their allowance")
    @app_commands.describe(
        member="Who gets them",
        credits="How many",
        days="How many days they last",
        reason="What for; the log shows it",
    )
    async def grant(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        credits: int,  # noqa: A002 - the option's name
        days: int,
        reason: str,
    ) -> None:
        """Give credits."""
        by, member_id = moderator(interaction), member_of(member)
        await interaction.response.defer(ephemeral=True, thinking=True)
        granted = await self._bot.services.moderation.members.grant(
            by, member_id, credits, days=days, reason=reason
        )
        words = gettext("🎁 {member} has {credits} more; what is left of them ends {when}.").format(
            member=mention("user", member.id),
            credits=credits_text(granted.credits),
            when=ago(granted.expires_at),
        )
        await interaction.edit_original_response(content=words)

    @app_commands.command(description="What a member has used, may still use, and made last")
    @app_commands.describe(member="Who")
    async def usage(self, interaction: discord.Interaction, member: discord.User) -> None:
        """Show a member."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        usage = await self._bot.services.moderation.members.usage(by.guild_id, facts_of(member))
        await interaction.edit_original_response(view=usage_page(usage))

    @app_commands.command(description="Refuse a member's new videos")
    @app_commands.describe(
        member="Who",
        reason="The member is told",
        duration="How long, such as 45 min, 3 d 12 h or 2 weeks; left out: until you unblock",
    )
    async def block(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        reason: str,
        duration: str = "",
    ) -> None:
        """Block."""
        by, member_id = moderator(interaction), member_of(member)
        length = parse_duration(duration)
        await interaction.response.defer(ephemeral=True, thinking=True)
        block = await self._bot.services.moderation.members.block(
            by, member_id, duration=length, reason=reason
        )
        await interaction.edit_original_response(content=blocked_words(block))

    @app_commands.command(description="Let a member make videos again")
    @app_commands.describe(member="Who")
    async def unblock(self, interaction: discord.Interaction, member: discord.User) -> None:
        """Unblock."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._bot.services.moderation.members.unblock(by, member.id)
        words = gettext("✅ {member} may make videos again.")
        await interaction.edit_original_response(
            content=words.format(member=mention("user", member.id))
        )


async def setup(bot: VideoBot) -> None:
    """Add the commands."""
    admin_group(bot.tree).add_command(AllowanceCommands(bot))
    join(bot.tree, MemberCommands(bot))
