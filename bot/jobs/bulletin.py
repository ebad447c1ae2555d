"""Tells a guild's log channel what moderators changed, and what they should know."""

import logging

from bot.jobs.changes import Actor, Change, Moderator
from bot.jobs.moderating_ports import ModerationLog, PolicyStore
from bot.policy import GuildPolicy

log = logging.getLogger(__name__)


class Bulletin:
    """Posts changes; a change is done already and never looks failed for want of its post."""

    def __init__(self, *, policies: PolicyStore, log_channel: ModerationLog) -> None:
        self._policies = policies
        self._log_channel = log_channel

    def post(self, by: Actor, change: Change, *policies: GuildPolicy) -> None:
        """Let a change appear in the log channel of each of the guild's policies, once."""
        for channel_id in dict.fromkeys(policy.log_channel_id for policy in policies):
            if channel_id is not None:
                self._log_channel.post(channel_id, by, change)

    async def tell(self, by: Moderator, change: Change) -> None:
        """Let a change appear in the guild's log channel, if it has one."""
        try:
            policy = await self._policies.policy(by.guild_id)
        except Exception:
            log.exception("guild %s: a change could not be told in its log", by.guild_id)
            return
        self.post(by, change, policy)
