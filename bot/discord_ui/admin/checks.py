"""What could keep videos from being made on a server, and how to mend each fault. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.discord_ui.admin.words import mention, mentions
from bot.discord_ui.words import excerpt
from bot.finding import Finding
from bot.jobs.account_desk import Account, Funds
from bot.jobs.policy_desk import Overview
from bot.policy import AllowanceOverride, GuildPolicy, default_allowance
from bot.words import count, credits_text

_ALLOW = "Open the channel's settings, Permissions, and allow it for the bot's role."
_POLICY = "Change it with `/video-admin policy`."
_REASON_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """A channel as Discord has it.

    Attributes:
        missing: The permissions the bot lacks there, by Discord's names.
        public: Whether everybody on the server can read it.
    """

    age_restricted: bool = False
    missing: tuple[str, ...] = ()
    public: bool = False


@dataclass(frozen=True, kw_only=True)
class GuildFacts:
    """A guild as Discord has it.

    Attributes:
        here: The channel in which was asked.
        channels: All there are.
        role_ids: All there are.
    """

    here: int
    channels: Mapping[int, ChannelFacts]
    role_ids: Collection[int]


def examine(
    overview: Overview,
    overrides: Sequence[AllowanceOverride],
    guild: GuildFacts,
    account: Account,
    *,
    cheapest_credits: int,
    figure: bool,
) -> list[Finding]:
    """Return a finding for each part, the faults with what to do.

    Args:
        overview: The guild's policy and what it falls back to.
        overrides: Own allowances of roles and members.
        guild: What Discord says of the guild.
        account: What is left at the video service.
        cheapest_credits: What the cheapest video costs.
        figure: Whether to tell the balance in USD: only to the host.
    """
    policy = overview.policy
    return [
        _account(account, figure=figure),
        *_channels(policy, guild),
        *_age_restriction(policy, guild),
        *_log_channel(policy, guild),
        _credits(overview, cheapest_credits),
        *_roles(policy, overrides, guild.role_ids),
        *_paused(policy),
    ]


# -- the video service -----------------------------------------------------------------

_HOST = "Tell the people who run this bot."
_FUNDS: Mapping[Funds, tuple[bool, str, str]] = {
    Funds.ENOUGH: (True, "the balance is enough.", ""),
    Funds.LOW: (False, "the balance is low.", f"{_HOST} They buy credits in Segmind's console."),
    Funds.EMPTY: (
        False,
        "the balance is empty: no video can be made.",
        f"{_HOST} They buy credits in Segmind's console.",
    ),
    Funds.REFUSED: (
        False,
        "the bot's key is refused.",
        f"{_HOST} They make a new key in Segmind's console and set SEGMIND_API_KEY.",
    ),
    Funds.UNKNOWN: (
        False,
        "it does not answer just now.",
        "Try again in a minute. If it stays so, tell the people who run this bot.",
    ),
}


def _account(account: Account, *, figure: bool) -> Finding:
    well, words, remedy = _FUNDS[account.funds]
    if figure and account.balance_usd is not None:
        words = f"{words} {account.balance_usd:.2f} USD are left (only you, who run it, see this)."
    return Finding(part="Video service", well=well, words=words, remedy=remedy)


# -- channels --------------------------------------------------------------------------


def _channels(policy: GuildPolicy, guild: GuildFacts) -> Iterator[Finding]:
    chosen = policy.allowed_channel_ids or (guild.here,)
    known = [one for one in chosen if one in guild.channels]
    lacking: dict[tuple[str, ...], list[int]] = {}
    for one in known:
        if guild.channels[one].missing:
            lacking.setdefault(guild.channels[one].missing, []).append(one)
    for missing, where in lacking.items():
        names = ", ".join(f"**{name}**" for name in missing)
        words = f"in {mentions('channel', where)} the bot lacks {names}."
        yield Finding(part="Channels", well=False, words=words, remedy=_ALLOW)
    gone = len(chosen) - len(known)
    if gone:
        words = f"{count(gone, 'chosen channel')} cannot be seen by the bot or no longer exists."
        remedy = f"Allow **View Channel** for the bot's role there, or remove it. {_POLICY}"
        yield Finding(part="Channels", well=False, words=words, remedy=remedy)
    if not lacking and not gone:
        words = f"the bot can see, write and attach files in {mentions('channel', chosen)}."
        yield Finding(part="Channels", well=True, words=words)


def _age_restriction(policy: GuildPolicy, guild: GuildFacts) -> Iterator[Finding]:
    if not policy.age_restricted_only:
        return
    chosen = policy.allowed_channel_ids or tuple(guild.channels)
    if any(one in guild.channels and guild.channels[one].age_restricted for one in chosen):
        yield Finding(part="Age restriction", well=True, words="there are channels that fit.")
        return
    yield Finding(
        part="Age restriction",
        well=False,
        words="videos are only made in age-restricted channels, and none of the chosen ones is.",
        remedy="Switch it on in a channel's settings (Overview), or switch the rule off: "
        "`/video-admin policy`, Channels.",
    )


def _log_channel(policy: GuildPolicy, guild: GuildFacts) -> Iterator[Finding]:
    channel_id = policy.log_channel_id
    if channel_id is None and policy.approval.active:
        words = "none is set, so nobody can be asked: videos that need approval are refused."
        remedy = "Choose one with `/video-admin log channel`."
        yield Finding(part="Log channel", well=False, words=words, remedy=remedy)
        return
    if channel_id is None:
        words = "none is set, so changes are not announced anywhere."
        yield Finding(part="Log channel", well=True, words=words)
        return
    here = mention("channel", channel_id)
    facts = guild.channels.get(channel_id)
    if facts is None:
        words = "it cannot be seen by the bot or no longer exists."
        remedy = "Choose another one with `/video-admin log channel`."
        yield Finding(part="Log channel", well=False, words=words, remedy=remedy)
    elif facts.missing:
        names = ", ".join(f"**{name}**" for name in facts.missing)
        words = f"in {here} the bot lacks {names}."
        yield Finding(part="Log channel", well=False, words=words, remedy=_ALLOW)
    elif facts.public:
        words = f"everybody on this server can read {here}, prompts included."
        remedy = "Hide it from @everyone, or choose another with `/video-admin log channel`."
        yield Finding(part="Log channel", well=False, words=words, remedy=remedy)
    else:
        yield Finding(part="Log channel", well=True, words=f"the bot can post in {here}.")


# -- what the rules allow --------------------------------------------------------------


def _credits(overview: Overview, cheapest_credits: int) -> Finding:
    policy = overview.policy
    default = default_allowance(policy, overview.host)
    limits = {
        "the credits a day": default.daily_credits,
        "the credits a month": default.monthly_credits,
        "the server's budget a month": policy.monthly_budget_credits,
        "the price of a single video": policy.max_price_credits,
    }
    short = [
        f"{name} ({credits_text(limit)})"
        for name, limit in limits.items()
        if limit is not None and limit < cheapest_credits
    ]
    cheapest = f"the cheapest video costs {credits_text(cheapest_credits)}"
    if short:
        words = f"{cheapest}, more than {' and '.join(short)} allow."
        return Finding(part="Credits", well=False, words=words, remedy=_POLICY)
    return Finding(part="Credits", well=True, words=f"{cheapest}, which the rules allow.")


def _roles(
    policy: GuildPolicy, overrides: Sequence[AllowanceOverride], role_ids: Collection[int]
) -> Iterator[Finding]:
    needed = policy.approval.without_role_id
    if needed is not None and needed not in role_ids:
        yield Finding(
            part="Approval",
            well=False,
            words="it asks for a role that no longer exists, so every video waits.",
            remedy="Choose another role: `/video-admin policy`, approval.",
        )
    listed = set(policy.models_by_role) - set(role_ids)
    if listed:
        yield Finding(
            part="Models",
            well=False,
            words=f"{count(len(listed), 'list')} of models for roles that no longer exist, which "
            "may close models to everybody.",
            remedy="Choose each under `/video-admin policy`, Models, then press **No list**.",
        )
    own = {one.target_id for one in overrides if one.target == "role"} - set(role_ids)
    if own:
        yield Finding(
            part="Roles",
            well=False,
            words=f"{count(len(own), 'allowance')} for roles that no longer exist.",
            remedy="It does no harm; `/video-admin allowance list` shows which.",
        )


def _paused(policy: GuildPolicy) -> Iterator[Finding]:
    if policy.paused_reason is not None:
        words = f"new videos are paused: {excerpt(policy.paused_reason, _REASON_CHARS)}"
        yield Finding(
            part="Paused", well=False, words=words, remedy="`/video-admin resume` takes them again."
        )
