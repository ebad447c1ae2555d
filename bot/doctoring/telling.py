"""Checks that the host can be told on Discord: that the places exist, and take the bot's messages.

Nothing is sent, and no conversation is opened.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.doctoring.diagnosis import Diagnosis, hint, well, wrong
from bot.doctoring.discord_account import DiscordAccount
from bot.doctoring.discord_judging import permission_name
from bot.doctoring.discord_rest import HiddenError, as_discord
from bot.settings import Settings

PART = "telling"
_TYPE = discord.ChannelType
_THREADS = frozenset(
    {_TYPE.news_thread.value, _TYPE.public_thread.value, _TYPE.private_thread.value}
)
_TAKES_MESSAGES = _THREADS | {
    _TYPE.text.value,
    _TYPE.private.value,
    _TYPE.voice.value,
    _TYPE.news.value,
    _TYPE.stage_voice.value,
}

Facts = Mapping[str, Any]
# What is wrong with a place, and what to do.
Trouble = tuple[str, str]


async def check_telling(account: DiscordAccount, settings: Settings) -> Diagnosis:
    """See whether the bot could write to the places that the host has set.

    Raises:
        NotCheckedError: Discord cannot be asked.
    """
    channel_id, user_id = settings.host_channel_id, settings.host_user_id
    if channel_id is None and user_id is None:
        return hint(
            PART,
            "you are not told on Discord when something is wrong.",
            "Set HOST_CHANNEL_ID, HOST_USER_ID or both.",
        )
    await account.application()
    troubles = [
        trouble
        for trouble in await asyncio.gather(
            _of_channel(account, channel_id), _of_user(account, user_id)
        )
        if trouble is not None
    ]
    if troubles:
        words, remedies = zip(*troubles, strict=True)
        return wrong(PART, " ".join(words), " ".join(remedies))
    names = {"HOST_CHANNEL_ID": channel_id, "HOST_USER_ID": user_id}
    places = [f"{name} {id_}" for name, id_ in names.items() if id_ is not None]
    return well(PART, f"when something is wrong, the bot writes to {' and '.join(places)}")


async def _of_channel(account: DiscordAccount, channel_id: int | None) -> Trouble | None:
    if channel_id is None:
        return None
    name, rest = f"HOST_CHANNEL_ID {channel_id}", account.rest
    try:
        channel = await rest.get(f"/channels/{channel_id}")
        if as_discord(lambda: int(channel["type"])) not in _TAKES_MESSAGES:
            return f"{name} is no channel for messages.", "Choose a text channel."
        guild_id = channel.get("guild_id")
        if guild_id is None:
            return None
        me = await rest.get("/users/@me")
        my_id = as_discord(lambda: int(me["id"]))
        of_thread = channel["type"] in _THREADS
        guild, member, holder = await asyncio.gather(
            rest.get(f"/guilds/{guild_id}"),
            rest.get(f"/guilds/{guild_id}/members/{my_id}"),
            rest.get(f"/channels/{channel['parent_id']}") if of_thread else _same(channel),
        )
    except HiddenError:
        return (
            f"{name} does not exist, or the bot may not see it.",
            "Correct HOST_CHANNEL_ID, or allow the bot's role View Channels there.",
        )
    has = as_discord(lambda: permissions_in(holder, guild, member))
    lacking = [permission_name(one) for one in needed(in_thread=of_thread) if not getattr(has, one)]
    if not lacking:
        return None
    return (
        f"in {name} the bot lacks {', '.join(lacking)}.",
        "Open the channel's settings, Permissions, and allow it for the bot's role.",
    )


async def _same(channel: Facts) -> Facts:
    return channel


def needed(*, in_thread: bool) -> tuple[str, str]:
    """Return what writing needs, by discord.py's names. Pure."""
    return "read_messages", "send_messages_in_threads" if in_thread else "send_messages"


def permissions_in(channel: Facts, guild: Facts, member: Facts) -> discord.Permissions:
    """Return what a member may do in a channel, by Discord's rule. Pure.

    Args:
        channel: Discord's JSON of it; of a thread: that of the channel it is in.
        guild: Likewise, with its roles.
        member: Likewise.
    """
    everyone, own = str(guild["id"]), str(member["user"]["id"])
    roles = {everyone, *(str(role) for role in member["roles"])}
    has = 0
    for role in guild["roles"]:
        if str(role["id"]) in roles:
            has |= int(role["permissions"])
    if own == str(guild.get("owner_id")) or discord.Permissions(has).administrator:
        return discord.Permissions.all()
    # Everybody's first, then all roles' together, then the member's own.
    for ids in ({everyone}, roles - {everyone}, {own}):
        changes = [one for one in channel["permission_overwrites"] if str(one["id"]) in ids]
        has = has & ~_joined(changes, "deny") | _joined(changes, "allow")
    return discord.Permissions(has)


def _joined(changes: Sequence[Facts], what: str) -> int:
    bits = 0
    for one in changes:
        bits |= int(one[what])
    return bits


async def _of_user(account: DiscordAccount, user_id: int | None) -> Trouble | None:
    if user_id is None:
        return None
    remedy = "Set HOST_USER_ID to your own id: right-click your name with developer mode on."
    try:
        user = await account.rest.get(f"/users/{user_id}")
    except HiddenError:
        return f"HOST_USER_ID {user_id} is nobody.", remedy
    if as_discord(lambda: user.get("bot", False)):
        return f"HOST_USER_ID {user_id} is a bot, to which no bot can write.", remedy
    return None
