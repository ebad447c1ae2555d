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
from bot.discord_ui.admin.words import approval_words, mention, mentions, on_off, titles
from bot.discord_ui.boxes import Box
from bot.i18n import gettext, ngettext, number_text
from bot.jobs.policy_desk import Overview
from bot.jobs.policy_edits import Place
from bot.policy import GuildPolicy
from bot.wordfilter import BUILT_IN_LISTS
from bot.words import credits_text

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
    where = f"**{gettext('Everywhere.')}**"
    if allowed:
        total = ngettext("{n} channel", "{n} channels", len(allowed))
        total = total.format(n=number_text(len(allowed))) + page_words(number, pages)
        where = f"{total}: {mentions('channel', shown, most=SELECT_OPTIONS)}"
    heading = "### 📍 " + gettext("Where videos may be made")
    small = gettext("-# Threads follow their channel. Adding a first channel closes all others.")
    text(box, f"{heading}\n{where}\n{small}")
    add = gettext("Add channels")
    box.add_item(channel_select("add_channels", add, _CHANNEL_TYPES, most=SELECT_OPTIONS))
    if shown:
        options = [option(str(one), _label(names, "channel", one)) for one in shown]
        remove = gettext("Remove channels")
        box.add_item(string_select(("remove_channels", number), remove, options))
    restricted = policy.age_restricted_only
    section(
        box,
        gettext("🔞 **Only in age-restricted channels**: {state}").format(state=on_off(restricted)),
        switch("age_restricted_only", on=restricted),
    )
    everywhere = button(gettext("Everywhere"), "clear", "channels", disabled=not allowed)
    box.add_item(back(everywhere, *turning("channels", number, pages)))


def _label(names: Names, place: Place, place_id: int) -> str:
    if place_id in names:
        return f"{'@' if place == 'role' else '#'}{names[place_id]}"
    if place == "role":
        return gettext("deleted role {number}").format(number=place_id)
    return gettext("deleted channel {number}").format(number=place_id)


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
    heading = "### 🎬 " + gettext("Which models") + page_words(number, pages)
    listed = "\n".join(lines) or gettext("**All of them, for everybody, everywhere.**")
    small = gettext(
        "-# Who has a listed role may use what their roles list; everybody else, what no role "
        "lists. A channel's list holds for all who use it."
    )
    text(box, f"{heading}\n{listed}\n{small}")
    if shown:
        # Discord's own selects no longer offer what was deleted, whose list still holds.
        options = [option(f"{place} {one}", _label(names, place, one)) for place, one, _ in shown]
        box.add_item(
            string_select(("listed",), gettext("Change or remove a list"), options, most=1)
        )
    box.add_item(role_select("role", gettext("List the models of a role")))
    box.add_item(channel_select("channel", gettext("List the models of a channel"), _CHANNEL_TYPES))
    box.add_item(back(*turning("models", number, pages)))


def show_list(box: Box, policy: GuildPolicy, place: Place, place_id: int) -> None:
    """Show the list of models of one role or channel."""
    lists: Mapping[int, tuple[str, ...]] = getattr(policy, f"models_by_{place}")
    listed = lists.get(place_id)
    words = gettext("### 🎬 Models of {whom}\nNow: all of them, there is no list yet.")
    if listed is not None:
        words = gettext("### 🎬 Models of {whom}\nNow: {models}.")
    text(box, words.format(whom=mention(place, place_id), models=titles(listed or ())))
    options = [
        option(
            model.slug, model.title, gettext(model.summary), default=model.slug in (listed or ())
        )
        for model in MODELS
    ]
    box.add_item(string_select(("models", place, place_id), gettext("Only these models"), options))
    gone = button(gettext("No list"), "clear", "models", place, place_id, disabled=listed is None)
    box.add_item(back(gone, to="models"))


# -- approval, filter, log -------------------------------------------------------------


def show_approval(box: Box, policy: GuildPolicy) -> None:
    """Show whose videos wait for a moderator."""
    rules = policy.approval
    now = gettext("A moderator approves nothing: no video waits.")
    if rules.active:
        now = ngettext(
            "A moderator approves {which}. Nothing is reserved until then; after {n} hour without "
            "an answer a request is denied.",
            "A moderator approves {which}. Nothing is reserved until then; after {n} hours without "
            "an answer a request is denied.",
            rules.expires_h,
        ).format(which=approval_words(rules), n=number_text(rules.expires_h))
    small = gettext(
        "-# Any rule that fits is enough. Requests are posted in the log channel. One with a "
        "picture waits for a day at most: Discord keeps it no longer."
    )
    text(box, f"### ✋ {gettext('Approval')}\n{now}\n{small}")
    if policy.log_channel_id is None:
        text(
            box,
            gettext("⚠️ There is no log channel yet: choose one before you switch approval on."),
        )
    everybody = gettext("**Every video**: {state}").format(state=on_off(rules.everybody))
    section(box, everybody, switch("everybody", on=rules.everybody))
    days, price = rules.newer_than_days, rules.above_credits
    newer, above = on_off(value=False), on_off(value=False)
    if days is not None:
        newer = ngettext("newer than {n} day", "newer than {n} days", days)
        newer = newer.format(n=number_text(days))
    if price is not None:
        above = gettext("more than {credits}").format(credits=credits_text(price))
    words = gettext("**New members**: {newer}\n**Dear videos**: {above}")
    change = button(gettext("Change"), "form", "approval")
    section(box, words.format(newer=newer, above=above), change)
    role_id = rules.without_role_id
    lacking = on_off(value=False) if role_id is None else mention("role", role_id)
    section(
        box,
        gettext("**Members without a role**: {role}").format(role=lacking),
        button(gettext("Any role"), "clear", "without_role_id", disabled=role_id is None),
    )
    box.add_item(role_select("without_role_id", gettext("Members without this role")))
    none = button(gettext("No approval"), "clear", "approval", disabled=not rules.active)
    box.add_item(back(none))


def show_filter(box: Box, overview: Overview) -> None:
    """Show the prompt filter."""
    on = overview.policy.filter_lists
    text(
        box,
        gettext(
            "### 🧹 Prompt filter\n"
            "A prompt that contains what is listed is refused and costs nothing."
        ),
    )
    for name, entries in BUILT_IN_LISTS.items():
        is_on = name in on
        words = ngettext(
            "**{name}** ({n} word): {state}", "**{name}** ({n} words): {state}", len(entries)
        ).format(name=name.capitalize(), n=number_text(len(entries)), state=on_off(is_on))
        section(box, words, switch(name, on=is_on, verb="list"))
    section(
        box,
        gettext(
            "**Own rules**: {n}\n"
            "-# `/video-admin filter add`, `/video-admin filter paste`, "
            "`/video-admin filter remove`, `/video-admin filter test`"
        ).format(n=number_text(overview.rules)),
        button(gettext("List"), "page", "rules"),
    )
    box.add_item(back())


def show_log(box: Box, policy: GuildPolicy) -> None:
    """Show the log channel."""
    channel_id = policy.log_channel_id
    now = gettext("none") if channel_id is None else mention("channel", channel_id)
    words = gettext(
        "### 📋 Log\nLog channel: {channel}\n-# Changes by moderators and requests for approval "
        "appear there. Choose one that only moderators see."
    )
    text(box, words.format(channel=now))
    box.add_item(channel_select("log_channel_id", gettext("Log channel"), _LOG_TYPES))
    on = policy.log_videos_since is not None
    section(
        box,
        gettext(
            "🎞️ **Every video there, too**: {state}\n-# A card for each, from when it is switched "
            "on, with buttons to delete, refund and block; and a line about each prompt that the "
            "filter refuses."
        ).format(state=on_off(on)),
        switch("log_videos", on=on, disabled=channel_id is None and not on),
    )
    none = button(gettext("No log"), "clear", "log_channel_id", disabled=channel_id is None)
    box.add_item(back(none))
