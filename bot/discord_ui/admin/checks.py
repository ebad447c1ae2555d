"""What could keep videos from being made on a server, and how to mend each fault. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.discord_ui.admin.words import all_of, mention, mentions
from bot.discord_ui.words import excerpt
from bot.finding import Finding
from bot.i18n import N_, gettext, ngettext, number_text
from bot.jobs.account_desk import Account, Funds
from bot.jobs.policy_desk import Overview
from bot.policy import AllowanceOverride, GuildPolicy, default_allowance
from bot.words import credits_text

_ALLOW = N_("Open the channel's settings, Permissions, and allow it for the bot's role.")
_POLICY = N_("Change it with `/video-admin policy`.")
_REASON_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """A channel as Discord has it.

    Attributes:
        missing: The permissions the bot lacks to post there, by Discord's names.
        missing_for_videos: Likewise, to make videos there.
        public: Whether everybody on the server can read it.
    """

    age_restricted: bool = False
    missing: tuple[str, ...] = ()
    missing_for_videos: tuple[str, ...] = ()
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

_BUY = N_("Tell the people who run this bot. They buy credits in Segmind's console.")
_FUNDS: Mapping[Funds, tuple[bool, str, str | None]] = {
    Funds.ENOUGH: (True, N_("the balance is enough."), None),
    Funds.LOW: (False, N_("the balance is low."), _BUY),
    Funds.EMPTY: (False, N_("the balance is empty: no video can be made."), _BUY),
    Funds.REFUSED: (
        False,
        N_("the bot's key is refused."),
        N_(
            "Tell the people who run this bot. They make a new key in Segmind's console and set "
            "SEGMIND_API_KEY."
        ),
    ),
    Funds.UNKNOWN: (
        False,
        N_("it does not answer just now."),
        N_("Try again in a minute. If it stays so, tell the people who run this bot."),
    ),
}


def _account(account: Account, *, figure: bool) -> Finding:
    well, words, remedy = _FUNDS[account.funds]
    words = gettext(words)
    if figure and account.balance_usd is not None:
        left = gettext("{usd} USD are left (only you, who run it, see this).")
        words = f"{words} {left.format(usd=number_text(account.balance_usd, decimals=2))}"
    return Finding(
        part=gettext("Video service"),
        well=well,
        words=words,
        remedy="" if remedy is None else gettext(remedy),
    )


# -- channels --------------------------------------------------------------------------


def _channels(policy: GuildPolicy, guild: GuildFacts) -> Iterator[Finding]:
    chosen = policy.allowed_channel_ids or (guild.here,)
    part = gettext("Channels")
    known = [one for one in chosen if one in guild.channels]
    lacking: dict[tuple[str, ...], list[int]] = {}
    for one in known:
        if missing := guild.channels[one].missing_for_videos:
            lacking.setdefault(missing, []).append(one)
    for missing, where in lacking.items():
        words = _lacks(mentions("channel", where), missing)
        yield Finding(part=part, well=False, words=words, remedy=gettext(_ALLOW))
    gone = len(chosen) - len(known)
    if gone:
        words = ngettext(
            "{n} chosen channel cannot be seen by the bot or no longer exists.",
            "{n} chosen channels cannot be seen by the bot or no longer exist.",
            gone,
        ).format(n=number_text(gone))
        remedy = gettext("Allow **{permission}** for the bot's role there, or remove it.")
        remedy = f"{remedy.format(permission=gettext('View Channel'))} {gettext(_POLICY)}"
        yield Finding(part=part, well=False, words=words, remedy=remedy)
    if not lacking and not gone:
        words = gettext("the bot can see, write and attach files in {channels}.")
        words = words.format(channels=mentions("channel", chosen))
        yield Finding(part=part, well=True, words=words)


def _lacks(where: str, missing: Sequence[str]) -> str:
    names = ", ".join(f"**{name}**" for name in missing)
    words = gettext("in {where} the bot lacks {permissions}.")
    return words.format(where=where, permissions=names)


def _age_restriction(policy: GuildPolicy, guild: GuildFacts) -> Iterator[Finding]:
    if not policy.age_restricted_only:
        return
    part = gettext("Age restriction")
    chosen = policy.allowed_channel_ids or tuple(guild.channels)
    if any(one in guild.channels and guild.channels[one].age_restricted for one in chosen):
        yield Finding(part=part, well=True, words=gettext("there are channels that fit."))
        return
    yield Finding(
        part=part,
        well=False,
        words=gettext(
            "videos are only made in age-restricted channels, and none of the chosen ones is."
        ),
        remedy=gettext(
            "Switch it on in a channel's settings (Overview), or switch the rule off: "
            "`/video-admin policy`, Channels."
        ),
    )


def _log_channel(policy: GuildPolicy, guild: GuildFacts) -> Iterator[Finding]:
    channel_id, part = policy.log_channel_id, gettext("Log channel")
    if channel_id is None and policy.approval.active:
        words = gettext(
            "none is set, so nobody can be asked: videos that need approval are refused."
        )
        remedy = gettext("Choose one with `/video-admin log channel`.")
        yield Finding(part=part, well=False, words=words, remedy=remedy)
        return
    if channel_id is None:
        words = gettext("none is set, so changes are not announced anywhere.")
        yield Finding(part=part, well=True, words=words)
        return
    here = mention("channel", channel_id)
    facts = guild.channels.get(channel_id)
    if facts is None:
        words = gettext("it cannot be seen by the bot or no longer exists.")
        remedy = gettext("Choose another one with `/video-admin log channel`.")
        yield Finding(part=part, well=False, words=words, remedy=remedy)
    elif facts.missing:
        words = _lacks(here, facts.missing)
        yield Finding(part=part, well=False, words=words, remedy=gettext(_ALLOW))
    elif facts.public:
        words = gettext("everybody on this server can read {channel}, prompts included.")
        remedy = gettext(
            "Hide it from @everyone, or choose another with `/video-admin log channel`."
        )
        yield Finding(part=part, well=False, words=words.format(channel=here), remedy=remedy)
    else:
        words = gettext("the bot can post in {channel}.").format(channel=here)
        yield Finding(part=part, well=True, words=words)


# -- what the rules allow --------------------------------------------------------------


def _credits(overview: Overview, cheapest_credits: int) -> Finding:
    policy = overview.policy
    default = default_allowance(policy, overview.host)
    limits = {
        gettext("the credits a day"): default.daily_credits,
        gettext("the credits a month"): default.monthly_credits,
        gettext("the server's budget a month"): policy.monthly_budget_credits,
        gettext("the price of a single video"): policy.max_price_credits,
    }
    short = [
        f"{name} ({credits_text(limit)})"
        for name, limit in limits.items()
        if limit is not None and limit < cheapest_credits
    ]
    part, price = gettext("Credits"), credits_text(cheapest_credits)
    if short:
        words = gettext("the cheapest video costs {price}, more than {limits} allow.")
        words = words.format(price=price, limits=all_of(short))
        return Finding(part=part, well=False, words=words, remedy=gettext(_POLICY))
    words = gettext("the cheapest video costs {price}, which the rules allow.")
    return Finding(part=part, well=True, words=words.format(price=price))


def _roles(
    policy: GuildPolicy, overrides: Sequence[AllowanceOverride], role_ids: Collection[int]
) -> Iterator[Finding]:
    needed = policy.approval.without_role_id
    if needed is not None and needed not in role_ids:
        yield Finding(
            part=gettext("Approval"),
            well=False,
            words=gettext("it asks for a role that no longer exists, so every video waits."),
            remedy=gettext("Choose another role: `/video-admin policy`, approval."),
        )
    listed = set(policy.models_by_role) - set(role_ids)
    if listed:
        yield Finding(
            part=gettext("Models"),
            well=False,
            words=ngettext(
                "{n} list of models for roles that no longer exist, which may close models to "
                "everybody.",
                "{n} lists of models for roles that no longer exist, which may close models to "
                "everybody.",
                len(listed),
            ).format(n=number_text(len(listed))),
            remedy=gettext(
                "Choose each under `/video-admin policy`, Models, then press **{no_list}**."
            ).format(no_list=gettext("No list")),
        )
    own = {one.target_id for one in overrides if one.target == "role"} - set(role_ids)
    if own:
        yield Finding(
            part=gettext("Roles"),
            well=False,
            words=ngettext(
                "{n} allowance for roles that no longer exist.",
                "{n} allowances for roles that no longer exist.",
                len(own),
            ).format(n=number_text(len(own))),
            remedy=gettext("It does no harm; `/video-admin allowance list` shows which."),
        )


def _paused(policy: GuildPolicy) -> Iterator[Finding]:
    if policy.paused_reason is not None:
        words = gettext("new videos are paused: {reason}")
        yield Finding(
            part=gettext("Paused"),
            well=False,
            words=words.format(reason=excerpt(policy.paused_reason, _REASON_CHARS)),
            remedy=gettext("`/video-admin resume` takes them again."),
        )
