"""The first page of `/video-admin policy`: every value at a glance. Pure."""

import discord

from bot.discord_ui.admin.items import button
from bot.discord_ui.admin.parts import section, text
from bot.discord_ui.admin.words import approval_words, mention, mentions, models_words
from bot.discord_ui.boxes import Box
from bot.discord_ui.words import excerpt
from bot.jobs.policy_desk import Overview
from bot.jobs.policy_edits import Place
from bot.policy import GuildPolicy
from bot.privacy import days_kept
from bot.words import count, credits_text

_REASON_CHARS = 300


def show_home(box: Box, overview: Overview) -> None:
    """Show all values, each with a button that leads to where it is changed."""
    policy = overview.policy
    text(
        box,
        "### Videos on this server\n-# *(host)* marks what nobody set here: the bot's host did. "
        "Only you see this page; changes hold at once.",
    )
    if policy.paused_reason is None:
        section(box, "▶️ **Taking new videos**", button("Pause", "form", "pause"))
    else:
        paused = f"⏸️ **Paused** · {excerpt(policy.paused_reason, _REASON_CHARS)}"
        section(box, paused, button("Resume", "resume", style=discord.ButtonStyle.success))
    section(box, _limits_text(overview), button("Change", "form", "limits"))
    section(box, _server_text(overview), button("Change", "form", "server"))
    section(box, _channels_text(policy), button("Choose", "page", "channels"))
    section(box, _models_text(policy), button("Choose", "page", "models"))
    approval = f"✋ **A moderator approves** {approval_words(policy.approval)}"
    section(box, approval, button("Choose", "page", "approval"))
    section(box, _filter_text(overview), button("Choose", "page", "filter"))
    section(box, _log_text(policy), button("Choose", "page", "log"))
    if overview.overrides:
        own = count(overview.overrides, "role or member")
        own = own.replace("role or members", "roles and members")
        has = "has an allowance of its own" if overview.overrides == 1 else "have own allowances"
        text(box, f"-# {own} {has}: `/video-admin allowance list`")


def _limits_text(overview: Overview) -> str:
    policy, host = overview.policy, overview.host
    day = _or_host(policy.daily_credits, host.daily_credits, "credit")
    month = _or_host(policy.monthly_credits, host.monthly_credits, "credit")
    each = _or_host(policy.jobs_in_flight_member, host.jobs_in_flight_member, "video")
    most = policy.max_price_credits
    dearest = "at any price" if most is None else f"of {credits_text(most)} at most"
    ask = policy.confirm_above_credits
    asked = "" if ask is None else f", and asked first above {credits_text(ask)}"
    return f"🎟️ **Each member**\n{day} a day · {month} a month\n{each} at once, {dearest}{asked}"


def _server_text(overview: Overview) -> str:
    policy, host = overview.policy, overview.host
    budget = policy.monthly_budget_credits
    spends = "any number of credits" if budget is None else credits_text(budget)
    at_once = _or_host(policy.jobs_in_flight_guild, host.jobs_in_flight_guild, "video")
    zone = policy.time_zone or f"{overview.host_zone} *(host)*"
    return (
        f"🏠 **The server**\n{spends} a month · {at_once} at once\n"
        f"days begin in {zone} · {_retention_text(overview)}"
    )


def _retention_text(overview: Overview) -> str:
    own, host = overview.policy.retention_days, overview.host_retention_days
    days = days_kept(own, host)
    if days is None:
        return "prompts are kept until a member deletes them"
    mark = " *(host)*" if days != own else ""
    return f"prompts are forgotten after {count(days, 'day')}{mark}"


def _or_host(value: int | None, host: int, unit: str) -> str:
    return count(host, unit) + " *(host)*" if value is None else count(value, unit)


def _channels_text(policy: GuildPolicy) -> str:
    allowed = policy.allowed_channel_ids
    where = f"in {mentions('channel', allowed)}" if allowed else "everywhere"
    only = "\nonly where Discord's age restriction is on" if policy.age_restricted_only else ""
    return f"📍 **Videos** {where}{only}"


def _models_text(policy: GuildPolicy) -> str:
    places: tuple[Place, ...] = ("role", "channel")
    listed = [words for place in places if (words := models_words(policy, place))]
    own = f"own lists for {'; '.join(listed)}" if listed else "all of them for everybody"
    return f"🎬 **Models**: {own}"


def _filter_text(overview: Overview) -> str:
    on = ", ".join(overview.policy.filter_lists)
    rules = count(overview.rules, "own rule")
    return f"🧹 **Prompt filter**: {f'{on} · ' if on else ''}{rules}"


def _log_text(policy: GuildPolicy) -> str:
    if policy.log_channel_id is None:
        return "📋 **Log channel**: none"
    videos = ", with every video" if policy.log_videos_since is not None else ""
    return f"📋 **Log channel**: {mention('channel', policy.log_channel_id)}{videos}"
