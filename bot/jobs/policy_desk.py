"""The policy of a guild as moderators see and change it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.errors import RefusedError
from bot.i18n import gettext
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import Moderator, PolicyChanged
from bot.jobs.moderating_ports import PolicyStore
from bot.jobs.policy_edits import Edit, pausing, revised, setting
from bot.jobs.turns import Turns
from bot.policy import GuildPolicy
from bot.quota import Allowance


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A guild's policy with what its empty values fall back to.

    Attributes:
        host: What the host's settings allow.
        host_zone: Their time zone.
        host_retention_days: After how many days they have jobs forgotten; None: never.
        overrides: How many roles and members have own allowances.
        rules: How many own filter rules there are.
    """

    policy: GuildPolicy
    host: Allowance
    host_zone: str
    overrides: int
    rules: int
    host_retention_days: int | None = None


class PolicyDesk:
    """Shows and changes policies; each call is about one guild and no other."""

    def __init__(
        self,
        *,
        policies: PolicyStore,
        bulletin: Bulletin,
        host: Allowance,
        host_zone: ZoneInfo,
        now: Callable[[], datetime],
        host_retention_days: int | None = None,
    ) -> None:
        self._policies = policies
        self._bulletin = bulletin
        self._host = host
        self._host_zone = host_zone
        self._host_retention_days = host_retention_days
        self._now = now
        self._turns = Turns()

    async def policy(self, guild_id: int) -> GuildPolicy:
        """Return the guild's policy."""
        return await self._policies.policy(guild_id)

    async def overview(self, guild_id: int) -> Overview:
        """Return the guild's policy and what surrounds it."""
        return Overview(
            policy=await self._policies.policy(guild_id),
            host=self._host,
            host_zone=self._host_zone.key,
            overrides=len(await self._policies.overrides(guild_id)),
            rules=len(await self._policies.rules(guild_id)),
            host_retention_days=self._host_retention_days,
        )

    async def change(self, by: Moderator, edit: Edit) -> GuildPolicy:
        """Apply an edit to the policy as it is now; return the policy that holds.

        What changes nothing is neither recorded nor told.

        Raises:
            BadInputError: a value is not allowed.
            RefusedError: it does not fit what else is set, or somebody was faster.
        """
        async with self._turns.of(by.guild_id):
            before = await self._policies.policy(by.guild_id)
            after = revised(before, edit(before))
            if after == before:
                return after
            _check_whole(after)
            # Discord's role of everybody has the server's number.
            if before.approval.without_role_id != after.approval.without_role_id == by.guild_id:
                raise RefusedError(
                    gettext(
                        "Everybody has that role, so nobody would wait. To approve every video, "
                        "press **Switch on** beside **Every video**."
                    )
                )
            await self._policies.set_policy(
                by.guild_id, after, actor_id=by.user_id, now=self._now()
            )
        change = PolicyChanged(before=before, after=after)
        # The old log channel hears of it when another takes its place: nothing goes unseen.
        self._bulletin.post(by, change, before, after)
        return after

    async def pause(self, by: Moderator, reason: str) -> GuildPolicy:
        """Take no new videos; members are told the reason.

        Raises:
            BadInputError: no reason, or too long.
        """
        return await self.change(by, pausing(reason))

    async def resume(self, by: Moderator) -> GuildPolicy:
        """Take videos again.

        Raises:
            RefusedError: it was not paused.
        """
        if (await self._policies.policy(by.guild_id)).paused_reason is None:
            raise RefusedError(gettext("New videos are not paused here."))
        return await self.change(by, setting(paused_reason=None))


def _check_whole(policy: GuildPolicy) -> None:
    """Refuse what could not work: cards without a channel for them."""
    if policy.log_channel_id is not None:
        return
    if policy.approval.active:
        raise RefusedError(
            gettext(
                "Requests for approval are posted in the log channel, so approval needs one: "
                "choose a log channel first, or switch approval off before you remove it."
            )
        )
    if policy.log_videos_since is not None:
        raise RefusedError(
            gettext(
                "Every video is to be shown in the log channel, so there must be one: choose a log "
                "channel first, or switch that off before you remove it."
            )
        )
