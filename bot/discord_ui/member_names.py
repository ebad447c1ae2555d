"""What members are called here, for where Discord cannot show a mention: in a picture."""

import asyncio
import logging
from collections.abc import Collection

import discord

from bot.discord_ui.verdicts import DISCORD_ERRORS

log = logging.getLogger(__name__)

# A picture without a name is better than one that comes late.
_WITHIN_S = 5.0


async def member_names(guild: discord.Guild | None, user_ids: Collection[int]) -> dict[int, str]:
    """Return the names by which members go in a guild, as far as Discord tells them in time.

    Members are not cached, so each is asked for: give a handful.
    """
    if guild is None or not user_ids:
        return {}
    asked = {asyncio.create_task(_name(guild, user_id)): user_id for user_id in user_ids}
    try:
        done, _ = await asyncio.wait(asked, timeout=_WITHIN_S)
    finally:
        for task in asked:
            task.cancel()
    return {asked[task]: name for task in done if (name := task.result()) is not None}


async def _name(guild: discord.Guild, user_id: int) -> str | None:
    try:
        return (await guild.fetch_member(user_id)).display_name
    except DISCORD_ERRORS as error:  # also one who has left
        log.info("guild %s: member %s has no name for us: %s", guild.id, user_id, error)
        return None
