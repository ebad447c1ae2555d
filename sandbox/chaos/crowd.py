"""The people and servers of a run: enough that every shard has some."""

from dataclasses import replace

from sandbox.chaos.plan import CHANNELS, GUILDS, MEMBERS, Ask
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.seed import BOT, BOT_ID, EVERYONE, FOUNDED_S
from sandbox.discord_api.wire import DISCORD_EPOCH_MS, SEQUENCE_BITS
from sandbox.discord_api.world import Channel, ChannelType, Guild, GuildMember, Role, User

# Far from the ids of the sandbox's own world.
_OFFSET_MS = 86_400_000
_FIRST_CHANNEL, _FIRST_ROLE = 10, 20
_FIRST_MEMBER, _FIRST_DIRECT = 1000, 2000


class Crowd:
    """Members and guilds by the numbers that a plan gives them."""

    def __init__(self, discord: DiscordStandIn) -> None:
        """Add them to a world that no bot has seen yet."""
        self._world = discord.world
        self.members = [self._add_member(number) for number in range(MEMBERS)]
        self._directs = [self._add_direct(number) for number in range(MEMBERS)]
        self._guilds = [self._add_guild(number) for number in range(GUILDS)]

    @property
    def guilds(self) -> list[Guild]:
        """The guilds."""
        return self._guilds

    def member_of(self, ask: Ask) -> User:
        """Who asks."""
        return self.members[ask.member]

    def channel_of(self, ask: Ask) -> Channel:
        """Where they ask."""
        if ask.guild is None:
            return self._directs[ask.member]
        return list(self._guilds[ask.guild].channels.values())[ask.channel]

    def channel(self, channel_id: str) -> Channel:
        """Return a channel of a guild or of direct messages; KeyError when there is none."""
        known = {
            channel.id: channel for guild in self._guilds for channel in guild.channels.values()
        }
        return known.get(channel_id) or self._world.dms[channel_id]

    def _add_member(self, number: int) -> User:
        user_id = _id(0, _FIRST_MEMBER + number)
        user = User(id=user_id, name=f"Member {number}", token=f"member-{user_id}")
        self._world.users[user.id] = user
        return user

    def _add_direct(self, number: int) -> Channel:
        pair = (self.members[number].id, BOT_ID)
        channel = Channel(id=_id(0, _FIRST_DIRECT + number), type=ChannelType.DM, recipients=pair)
        self._world.dms[channel.id] = channel
        return channel

    def _add_guild(self, number: int) -> Guild:
        guild = Guild(id=_id(number, 1), name=f"Guild {number}", owner_id=self.members[0].id)
        bot_role = Role(
            id=_id(number, _FIRST_ROLE), name="Wan", permissions=int(BOT), position=1, bot_id=BOT_ID
        )
        everyone = Role(id=guild.id, name="@everyone", permissions=int(EVERYONE), position=0)
        guild.roles = {role.id: role for role in (everyone, bot_role)}
        people = [GuildMember(user_id=user.id, joined_at_s=FOUNDED_S) for user in self.members]
        bot = GuildMember(user_id=BOT_ID, joined_at_s=FOUNDED_S, roles=(bot_role.id,))
        guild.members = {member.user_id: member for member in (*people, bot)}
        channels = [
            Channel(
                id=_id(number, _FIRST_CHANNEL + place),
                type=ChannelType.TEXT,
                name=f"video-{place}",
                position=place,
            )
            for place in range(CHANNELS)
        ]
        guild.channels = {c.id: replace(c, guild_id=guild.id) for c in channels}
        self._world.guilds[guild.id] = guild
        return guild


def _id(guild: int, number: int) -> str:
    """Guilds are a millisecond apart: of any number of shards, each hears some of them."""
    milliseconds = int(FOUNDED_S * 1000) + _OFFSET_MS + guild
    return str(((milliseconds - DISCORD_EPOCH_MS) << SEQUENCE_BITS) + number)
