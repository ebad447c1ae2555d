"""Discord's JSON of users, members, roles, channels, guilds and the application. Pure."""

from sandbox.discord_api.wire import Json, iso_time, snowflake_time_s
from sandbox.discord_api.world import (
    DEFAULT_UPLOAD_LIMIT_BYTES,
    MEBIBYTE,
    Application,
    Channel,
    ChannelType,
    Guild,
    GuildMember,
    Role,
    User,
    World,
)

# A direct message channel's kinds; stage and voice channels have a chat of their own.
DIRECT = frozenset({ChannelType.DM, ChannelType.GROUP_DM})
VOICES = frozenset({ChannelType.VOICE, ChannelType.STAGE})
PREMIUM_TIERS_MIB = ((100, 3), (50, 2))  # upload limits that boosting buys


def user_json(user: User) -> Json:
    """A user as others see them."""
    body: Json = {
        "id": user.id,
        "username": user.name.lower() if not user.bot else user.name,
        "discriminator": "0" if not user.bot else "0001",
        "global_name": None if user.bot else user.name,
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
    }
    return {**body, "bot": True} if user.bot else body


def own_user_json(user: User) -> Json:
    """A user as they see themselves (`/users/@me`)."""
    extra: Json = {"mfa_enabled": False, "locale": user.locale, "premium_type": 0}
    if user.bot:
        extra |= {"verified": True, "email": None}
    return user_json(user) | extra


def bare_member_json(member: GuildMember) -> Json:
    """A member without the user inside, as messages carry it."""
    until = member.timed_out_until_s
    return {
        "roles": list(member.roles),
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "joined_at": iso_time(member.joined_at_s),
        "premium_since": None,
        "pending": False,
        "communication_disabled_until": None if until is None else iso_time(until),
        "flags": 0,
        "mute": False,
        "deaf": False,
    }


def member_json(world: World, member: GuildMember) -> Json:
    """A member of a guild."""
    return bare_member_json(member) | {"user": user_json(world.users[member.user_id])}


def role_json(role: Role) -> Json:
    """A role."""
    tags: Json = {"tags": {"bot_id": role.bot_id}} if role.bot_id else {}
    return tags | {
        "id": role.id,
        "name": role.name,
        "description": None,
        "permissions": str(role.permissions),
        "position": role.position,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": role.position > 0,
        "managed": role.bot_id is not None,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel_json(world: World, channel: Channel, *, viewer_id: str | None = None) -> Json:
    """A channel of any kind; a direct message channel as one side sees it (else the bot)."""
    body: Json = {
        "id": channel.id,
        "type": int(channel.type),
        "last_message_id": channel.last_message_id,
        "flags": 0,
    }
    if channel.type is ChannelType.GROUP_DM:
        body |= {"name": channel.name or None, "icon": None, "owner_id": channel.owner_id}
    if channel.type in DIRECT:
        viewer = viewer_id or world.application.bot_id
        people = [user_id for user_id in channel.recipients if user_id != viewer]
        return body | {"recipients": [user_json(world.users[user_id]) for user_id in people]}
    body |= {
        "guild_id": channel.guild_id,
        "name": channel.name,
        "parent_id": channel.parent_id,
        "rate_limit_per_user": 0,
    }
    if channel.is_thread:
        return body | _thread_fields(channel)
    return body | _text_fields(channel) | _fields_of_kind(channel)


def _fields_of_kind(channel: Channel) -> Json:
    if channel.type in VOICES:
        return {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    if channel.type is ChannelType.FORUM:
        return {"available_tags": [], "default_forum_layout": 0, "default_reaction_emoji": None}
    return {}


def _thread_fields(channel: Channel) -> Json:
    return {
        "owner_id": channel.owner_id,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "thread_metadata": {
            "archived": channel.archived,
            "auto_archive_duration": channel.auto_archive_minutes,
            "archive_timestamp": iso_time(snowflake_time_s(channel.id)),
            "create_timestamp": iso_time(snowflake_time_s(channel.id)),
            "locked": channel.locked,
        },
    }


def _text_fields(channel: Channel) -> Json:
    return {
        "topic": channel.topic,
        "nsfw": channel.nsfw,
        "position": channel.position,
        "permission_overwrites": [
            {
                "id": overwrite.id,
                "type": int(overwrite.is_member),
                "allow": str(overwrite.allow),
                "deny": str(overwrite.deny),
            }
            for overwrite in channel.overwrites
        ],
    }


def guild_json(guild: Guild) -> Json:
    """A guild with its roles, without its channels and members."""
    limit_mib = guild.upload_limit_bytes // MEBIBYTE
    tier = next((tier for least, tier in PREMIUM_TIERS_MIB if limit_mib >= least), 0)
    nothing = ("icon", "banner", "splash", "discovery_splash", "home_header", "description")
    no_channel = ("afk_channel_id", "rules_channel_id", "system_channel_id", "widget_channel_id")
    more = ("public_updates_channel_id", "safety_alerts_channel_id", "vanity_url_code")
    last = ("application_id", "max_presences", "incidents_data")
    return dict.fromkeys((*nothing, *no_channel, *more, *last)) | {
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.owner_id,
        "preferred_locale": guild.locale,
        "roles": [role_json(role) for role in guild.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "premium_tier": tier,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "region": "deprecated",
    }


def full_guild_json(
    world: World, guild: Guild, *, members: list[GuildMember], channels: list[Channel]
) -> Json:
    """What GUILD_CREATE carries: the members and channels that the session is told of.

    The first member is the session's own.
    """
    return guild_json(guild) | {
        "joined_at": iso_time(guild.members[members[0].user_id].joined_at_s),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(world, member) for member in members],
        "channels": [channel_json(world, c) for c in channels if not c.is_thread],
        "threads": [channel_json(world, c) for c in channels if c.is_thread],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def application_json(world: World) -> Json:
    """The application as others see it."""
    application = world.application
    return {
        "id": application.id,
        "name": application.name,
        "icon": None,
        "description": application.description,
        "type": None,
        "bot": user_json(world.bot),
        "summary": "",
        "verify_key": "0" * 64,
        "flags": application.flags,
    }


def own_application_json(world: World) -> Json:
    """The application as its bot sees it (`/applications/@me`)."""
    application: Application = world.application
    return application_json(world) | {
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": user_json(world.users[application.owner_id]),
        "team": None,
        "flags_new": str(application.flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": sum(1 for _ in world.guilds_of(application.bot_id)),
        "approximate_user_install_count": len(application.installed_by),
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}} | ({"1": {}} if application.takes_users else {}),
    }


def attachment_size_limit_bytes(world: World, channel: Channel) -> int:
    """The hint an interaction gives about uploads."""
    guild = world.guild_of(channel)
    if guild is None:
        return DEFAULT_UPLOAD_LIMIT_BYTES
    return guild.upload_limit_bytes if guild.upload_hint_bytes is None else guild.upload_hint_bytes
