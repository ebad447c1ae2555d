"""All kinds of places, for a world that is to have them.

| place | where | who |
|---|---|---|
| forum #showcase with the post "First clips" | Wan Workshop | everyone |
| voice channel "Screening room", stage "Premiere", with their chats | Wan Workshop | everyone |
| #plaza, on a server where the bot is not | Far Away | Mia, Theo, and Sven, who owns it |
| the group "Movie night" | direct messages | Mia, Theo and Remy |

Mia and Theo installed the bot for themselves, and take it with them to places where it is not.
"""

from dataclasses import replace

from sandbox.discord_api.seed import (
    EVERYONE,
    GUILD_ID,
    MIA_ID,
    REMY_ID,
    SECOND_FOUNDED_S,
    SVEN_ID,
    THEO_ID,
    place_id,
)
from sandbox.discord_api.world import Channel, ChannelType, Guild, GuildMember, Role, World

FORUM_ID, POST_ID, VOICE_ID, STAGE_ID = (place_id(n) for n in range(51, 55))
FAR_GUILD_ID, PLAZA_ID, GROUP_ID = (place_id(n) for n in range(61, 64))


def add_places(world: World) -> None:
    """Adds them."""
    workshop = world.guilds[GUILD_ID]
    for channel in (
        Channel(id=FORUM_ID, type=ChannelType.FORUM, name="showcase", position=4),
        Channel(
            id=POST_ID,
            type=ChannelType.PUBLIC_THREAD,
            name="First clips",
            parent_id=FORUM_ID,
            owner_id=THEO_ID,
        ),
        Channel(id=VOICE_ID, type=ChannelType.VOICE, name="Screening room", position=5),
        Channel(id=STAGE_ID, type=ChannelType.STAGE, name="Premiere", position=6),
    ):
        workshop.channels[channel.id] = replace(channel, guild_id=GUILD_ID)
    world.guilds[FAR_GUILD_ID] = _far_away()
    world.dms[GROUP_ID] = Channel(
        id=GROUP_ID,
        type=ChannelType.GROUP_DM,
        name="Movie night",
        owner_id=MIA_ID,
        recipients=(MIA_ID, THEO_ID, REMY_ID),
    )
    world.application.takes_users = True
    world.application.installed_by = {MIA_ID, THEO_ID}


def _far_away() -> Guild:
    guild = Guild(id=FAR_GUILD_ID, name="Far Away", owner_id=SVEN_ID)
    everyone = Role(id=guild.id, name="@everyone", permissions=int(EVERYONE), position=0)
    guild.roles = {everyone.id: everyone}
    guild.members = {
        user_id: GuildMember(user_id=user_id, joined_at_s=SECOND_FOUNDED_S)
        for user_id in (SVEN_ID, MIA_ID, THEO_ID)
    }
    guild.channels = {
        PLAZA_ID: Channel(id=PLAZA_ID, type=ChannelType.TEXT, name="plaza", guild_id=guild.id)
    }
    return guild
