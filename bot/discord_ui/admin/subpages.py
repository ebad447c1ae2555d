"""The further pages of `/video-admin policy`, one for each part that is chosen. Pure."""

from collections.abc import Mapping

import discord

from bot.catalogue import MODELS
from bot.discord_ui.admin.items import button
from bot.discord_ui.admin.parts import (
    SELECT_OPTIONS,
    Names,
    back,
    channel_select,
    option,
    page_count,
    page_words,
    role_select,
    section,
    string_select,
    switch,
    text,
    turning,
)
from bot.discord_ui.admin.words import approval_words, mention, mentions, titles
from bot.discord_ui.boxes import Box
from bot.jobs.policy_desk import Overview
from bot.jobs.policy_edits import Place
from bot.policy import GuildPolicy
from bot.wordfilter import BUILT_IN_LISTS
from bot.words import count, credits_text

_LISTS_A_PAGE = 10
_CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.media,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
]
_LOG_TYPES = [discord.ChannelType.text, discord.ChannelType.public_thread]


# -- channels --------------------------------------------------------------------------


def show_channels(box: Box, policy: GuildPolicy, names: Names, number: int) -> None:
    """Show where videos may be made."""
    allowed = policy.allowed_channel_ids
    pages = page_count(len(allowed), SELECT_OPTIONS)
    number = min(number, pages - 1)
    shown = allowed[number * SELECT_OPTIONS :][:SELECT_OPTIONS]
    where = mentions("channel", shown, most=SELECT_OPTIONS) if allowed else "**Everywhere.**"
    total = f"{count(len(allowed), 'channel')}{page_words(number, pages)}: " if allowed else ""
    text(
        box,
        f"### 📍 Where videos may be made\n{total}{where}\n"
        "-# Threads follow their channel. Adding a first channel closes all others.",
    )
    box.add_item(channel_select("add_channels", "Add channels", _CHANNEL_TYPES, most=25))
    if shown:
        options = [option(str(one), _label(names, "channel", one)) for one in shown]
        box.add_item(string_select(("remove_channels", number), "Remove channels", options))
    restricted = policy.age_restricted_only
    section(
        box,
        f"🔞 **Only in age-restricted channels**: {'on' if restricted else 'off'}",
        switch("age_restricted_only", on=restricted),
    )
    everywhere = button("Everywhere", "clear", "channels", disabled=not allowed)
    box.add_item(back(everywhere, *turning("channels", number, pages)))


def _label(names: Names, place: Place, place_id: int) -> str:
    sign = "@" if place == "role" else "#"
    return f"{sign}{names[place_id]}" if place_id in names else f"deleted {place} {place_id}"


# -- models ----------------------------------------------------------------------------


def show_models(box: Box, policy: GuildPolicy, names: Names, number: int) -> None:
    """Show the lists of models."""
    lists: list[tuple[Place, int, tuple[str, ...]]] = [
        *(("role", one, slugs) for one, slugs in policy.models_by_role.items()),
        *(("channel", one, slugs) for one, slugs in policy.models_by_channel.items()),
    ]
    pages = page_count(len(lists), _LISTS_A_PAGE)
    number = min(number, pages - 1)
    shown = lists[number * _LISTS_A_PAGE :][:_LISTS_A_PAGE]
    lines = [f"{mention(place, one)}: {titles(slugs)}" for place, one, slugs in shown]
    text(
        box,
        f"### 🎬 Which models{page_words(number, pages)}\n"
        + ("\n".join(lines) or "**All of them, for everybody, everywhere.**")
        + "\n-# Who has a listed role may use what their roles list; everybody else, what no role "
        "lists. A channel's list holds for all who use it.",
    )
    if shown:
        # Discord's own selects no longer offer what was deleted, whose list still holds.
        options = [option(f"{place} {one}", _label(names, place, one)) for place, one, _ in shown]
        box.add_item(string_select(("listed",), "Change or remove a list", options, most=1))
    box.add_item(role_select("role", "List the models of a role"))
    box.add_item(channel_select("channel", "List the models of a channel", _CHANNEL_TYPES))
    box.add_item(back(*turning("models", number, pages)))


def show_list(box: Box, policy: GuildPolicy, place: Place, place_id: int) -> None:
    """Show the list of models of one role or channel."""
    lists: Mapping[int, tuple[str, ...]] = getattr(policy, f"models_by_{place}")
    listed = lists.get(place_id)
    now = titles(listed) if listed is not None else "all of them, there is no list yet"
    text(box, f"### 🎬 Models of {mention(place, place_id)}\nNow: {now}.")
    options = [
        option(model.slug, model.title, model.summary, default=model.slug in (listed or ()))
        for model in MODELS
    ]
    box.add_item(string_select(("models", place, place_id), "Only these models", options))
    gone = button("No list", "clear", "models", place, place_id, disabled=listed is None)
    box.add_item(back(gone, to="models"))


# -- approval, filter, log -------------------------------------------------------------


def show_approval(box: Box, policy: GuildPolicy) -> None:
    """Show whose videos wait for a moderator."""
    rules = policy.approval
    now = "A moderator approves nothing: no video waits."
    if rules.active:
        now = (
            f"A moderator approves {approval_words(rules)}. Nothing is reserved until then; after "
            f"{count(rules.expires_h, 'hour')} without an answer a request is denied."
        )
    text(
        box,
        f"### ✋ Approval\n{now}\n"
        "-# Any rule that fits is enough. Requests are posted in the log channel. One with a "
        "picture waits for a day at most: Discord keeps it no longer.",
    )
    if policy.log_channel_id is None:
        text(box, "⚠️ There is no log channel yet: choose one before you switch approval on.")
    everybody = f"**Every video**: {'on' if rules.everybody else 'off'}"
    section(box, everybody, switch("everybody", on=rules.everybody))
    days, price = rules.newer_than_days, rules.above_credits
    newer = "off" if days is None else f"newer than {count(days, 'day')}"
    above = "off" if price is None else f"more than {credits_text(price)}"
    words = f"**New members**: {newer}\n**Dear videos**: {above}"
    section(box, words, button("Change", "form", "approval"))
    role_id = rules.without_role_id
    lacking = "off" if role_id is None else mention("role", role_id)
    section(
        box,
        f"**Members without a role**: {lacking}",
        button("Any role", "clear", "without_role_id", disabled=role_id is None),
    )
    box.add_item(role_select("without_role_id", "Members without this role"))
    box.add_item(back(button("No approval", "clear", "approval", disabled=not rules.active)))


def show_filter(box: Box, overview: Overview) -> None:
    """Show the prompt filter."""
    on = overview.policy.filter_lists
    text(
        box,
        "### 🧹 Prompt filter\nA prompt that contains what is listed is refused and costs nothing.",
    )
    for name, entries in BUILT_IN_LISTS.items():
        is_on = name in on
        words = f"**{name.capitalize()}** ({count(len(entries), 'word')})"
        item = switch(name, on=is_on, verb="list")
        section(box, f"{words}: {'on' if is_on else 'off'}", item)
    section(
        box,
        f"**Own rules**: {overview.rules:,}\n"
        "-# `/video-admin filter add`, `paste`, `remove`, `test`",
        button("List", "page", "rules"),
    )
    box.add_item(back())


def show_log(box: Box, policy: GuildPolicy) -> None:
    """Show the log channel."""
    channel_id = policy.log_channel_id
    now = "none" if channel_id is None else mention("channel", channel_id)
    text(
        box,
        f"### 📋 Log\nLog channel: {now}\n-# Changes by moderators and requests for approval "
        "appear there. Choose one that only moderators see.",
    )
    box.add_item(channel_select("log_channel_id", "Log channel", _LOG_TYPES))
    on = policy.log_videos_since is not None
    section(
        box,
        f"🎞️ **Every video there, too**: {'on' if on else 'off'}\n-# A card for each, from when "
        "it is switched on, with buttons to delete, refund and block; and a line about each "
        "prompt that the filter refuses.",
        switch("log_videos", on=on, disabled=channel_id is None and not on),
    )
    box.add_item(back(button("No log", "clear", "log_channel_id", disabled=channel_id is None)))
