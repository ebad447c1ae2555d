"""The first page of `/video-admin policy`: every value at a glance. Pure."""

from collections.abc import Callable

import discord

from bot.discord_ui.admin.items import button
from bot.discord_ui.admin.parts import section, text
from bot.discord_ui.admin.words import approval_words, mention, mentions, models_words
from bot.discord_ui.boxes import Box
from bot.discord_ui.words import excerpt
from bot.i18n import gettext, ngettext, number_text
from bot.jobs.policy_desk import Overview
from bot.jobs.policy_edits import Place
from bot.policy import GuildPolicy
from bot.privacy import days_kept
from bot.words import credits_text, videos_text

_REASON_CHARS = 300


def show_home(box: Box, overview: Overview) -> None:
    """Show all values, each with a button that leads to where it is changed."""
    policy = overview.policy
    text(
        box,
        gettext(
            "### Videos on this server\n-# *(host)* marks what nobody set here: the bot's host "
            "did. Only you see this page; changes hold at once."
        ),
    )
    if policy.paused_reason is None:
        taking = gettext("▶️ **Taking new videos**")
        section(box, taking, button(gettext("Pause"), "form", "pause"))
    else:
        reason = excerpt(policy.paused_reason, _REASON_CHARS)
        paused = gettext("⏸️ **Paused** · {reason}").format(reason=reason)
        resume = button(gettext("Resume"), "resume", style=discord.ButtonStyle.success)
        section(box, paused, resume)
    change, choose = gettext("Change"), gettext("Choose")
    section(box, _limits_text(overview), button(change, "form", "limits"))
    section(box, _server_text(overview), button(change, "form", "server"))
    section(box, _channels_text(policy), button(choose, "page", "channels"))
    section(box, _models_text(policy), button(choose, "page", "models"))
    approves = gettext("✋ **A moderator approves** {which}")
    approval = approves.format(which=approval_words(policy.approval))
    section(box, approval, button(choose, "page", "approval"))
    section(box, _filter_text(overview), button(choose, "page", "filter"))
    section(box, _log_text(policy), button(choose, "page", "log"))
    if overview.overrides:
        own = ngettext(
            "-# {n} role or member has an allowance of its own: `/video-admin allowance list`",
            "-# {n} roles and members have own allowances: `/video-admin allowance list`",
            overview.overrides,
        )
        text(box, own.format(n=number_text(overview.overrides)))


def _limits_text(overview: Overview) -> str:
    policy, host = overview.policy, overview.host
    most = policy.max_price_credits
    if most is None:
        words = gettext(
            "🎟️ **Each member**\n{day} a day · {month} a month\n{each} at once, at any price"
        )
    else:
        words = gettext(
            "🎟️ **Each member**\n{day} a day · {month} a month\n{each} at once, of {dearest} at most"
        )
    text = words.format(
        day=_or_host(policy.daily_credits, host.daily_credits, credits_text),
        month=_or_host(policy.monthly_credits, host.monthly_credits, credits_text),
        each=_or_host(policy.jobs_in_flight_member, host.jobs_in_flight_member, videos_text),
        dearest=credits_text(most or 0),
    )
    ask = policy.confirm_above_credits
    if ask is None:
        return text
    asked = gettext("Asked first above {credits}").format(credits=credits_text(ask))
    return f"{text}\n{asked}"


def _server_text(overview: Overview) -> str:
    policy, host = overview.policy, overview.host
    budget = policy.monthly_budget_credits
    spends = gettext("any number of credits") if budget is None else credits_text(budget)
    return gettext(
        "🏠 **The server**\n{credits} a month · {videos} at once\n"
        "days begin in {zone} · {retention}"
    ).format(
        credits=spends,
        videos=_or_host(policy.jobs_in_flight_guild, host.jobs_in_flight_guild, videos_text),
        zone=policy.time_zone or _by_host(overview.host_zone),
        retention=_retention_text(overview),
    )


def _retention_text(overview: Overview) -> str:
    own, host = overview.policy.retention_days, overview.host_retention_days
    days = days_kept(own, host)
    if days is None:
        return gettext("prompts are kept until a member deletes them")
    words = ngettext(
        "prompts are forgotten after {n} day", "prompts are forgotten after {n} days", days
    ).format(n=number_text(days))
    return _by_host(words) if days != own else words


def _or_host(value: int | None, host: int, words: Callable[[int], str]) -> str:
    return _by_host(words(host)) if value is None else words(value)


def _by_host(words: str) -> str:
    return gettext("{value} *(host)*").format(value=words)


def _channels_text(policy: GuildPolicy) -> str:
    allowed = policy.allowed_channel_ids
    where = gettext("📍 **Videos** everywhere")
    if allowed:
        where = gettext("📍 **Videos** in {channels}").format(channels=mentions("channel", allowed))
    if policy.age_restricted_only:
        where += "\n" + gettext("only where Discord's age restriction is on")
    return where


def _models_text(policy: GuildPolicy) -> str:
    places: tuple[Place, ...] = ("role", "channel")
    listed = [words for place in places if (words := models_words(policy, place))]
    if not listed:
        return gettext("🎬 **Models**: all of them for everybody")
    return gettext("🎬 **Models**: own lists for {places}").format(places="; ".join(listed))


def _filter_text(overview: Overview) -> str:
    own = ngettext("{n} own rule", "{n} own rules", overview.rules)
    parts = (", ".join(overview.policy.filter_lists), own.format(n=number_text(overview.rules)))
    rules = " · ".join(part for part in parts if part)
    return gettext("🧹 **Prompt filter**: {rules}").format(rules=rules)


def _log_text(policy: GuildPolicy) -> str:
    if policy.log_channel_id is None:
        return gettext("📋 **Log channel**: none")
    words = gettext("📋 **Log channel**: {channel}")
    if policy.log_videos_since is not None:
        words = gettext("📋 **Log channel**: {channel}, with every video")
    return words.format(channel=mention("channel", policy.log_channel_id))
