"""Lists and single members as moderators see them: allowances, filter rules, usage. Pure."""

from collections.abc import Sequence

from discord import ui

from bot.discord_ui.admin.items import FormField, form
from bot.discord_ui.admin.notices import KIND_NAMES, match_words, rule_words, until_words
from bot.discord_ui.admin.parts import back, page_count, page_words, turning
from bot.discord_ui.admin.words import allowance_words, mention
from bot.discord_ui.boxes import BLURPLE, texts_view
from bot.discord_ui.limits import CHOICE_NAME_CHARS, CONTENT_CHARS
from bot.discord_ui.looks import look_of
from bot.discord_ui.pages import window_texts
from bot.discord_ui.settings_words import model_title
from bot.discord_ui.words import excerpt, moderator_words, one_line, units
from bot.i18n import gettext, ngettext, number_text
from bot.job import Job
from bot.jobs.member_desk import MemberUsage
from bot.policy import AllowanceOverride
from bot.wordfilter import FilterRule, Match
from bot.words import ago, credits_text, videos_text

_LINES_A_PAGE = 20
_PATTERN_CHARS = 80
_PROMPT_CHARS = 80
_REASON_CHARS = 300
_ROOM_FOR_MORE = 8


def allowances_page(overrides: Sequence[AllowanceOverride], number: int = 0) -> ui.LayoutView:
    """Return one page of the roles and members with own allowances."""
    pages = page_count(len(overrides), _LINES_A_PAGE)
    number = min(number, pages - 1)
    shown = overrides[number * _LINES_A_PAGE :][:_LINES_A_PAGE]
    lines = [f"{mention(one.target, one.target_id)}: {allowance_words(one)}" for one in shown]
    small = gettext(
        "-# A member's own comes first; otherwise the most generous of their roles and of the "
        "server's own."
    )
    texts = (
        "### 🎟️ " + gettext("Allowances of their own") + page_words(number, pages),
        "\n".join(lines) or gettext("Nobody has one. `/video-admin allowance set` gives one."),
        small,
    )
    return texts_view(BLURPLE, texts, back(*turning("allowances", number, pages)))


# -- the filter ------------------------------------------------------------------------


def rules_page(rules: Sequence[FilterRule], number: int = 0) -> ui.LayoutView:
    """Return one page of the filter's own rules."""
    pages = page_count(len(rules), _LINES_A_PAGE)
    number = min(number, pages - 1)
    shown = rules[number * _LINES_A_PAGE :][:_LINES_A_PAGE]
    lines = [f"`{one.id}` {rule_words(one.kind, one.pattern, _PATTERN_CHARS)}" for one in shown]
    own = ngettext("{n} own filter rule", "{n} own filter rules", len(rules))
    texts = (
        f"### 🧹 {own.format(n=number_text(len(rules)))}{page_words(number, pages)}",
        "\n".join(lines) or gettext("None yet. `/video-admin filter add` adds one."),
        gettext("-# Click to see a rule. `/video-admin filter remove` removes one."),
    )
    return texts_view(BLURPLE, texts, back(*turning("rules", number, pages), to="filter"))


def rule_choice(rule: FilterRule) -> str:
    """Return a rule's name in an autocomplete list."""
    return one_line(f"{rule.id} · {gettext(KIND_NAMES[rule.kind])} · {rule.pattern}")[
        :CHOICE_NAME_CHARS
    ]


def paste_form() -> ui.Modal:
    """Return the form that takes a list of rules."""
    lines = FormField(
        name="list",
        label=gettext("One rule a line"),
        hint=gettext("badword    or    two words    or    /a regular expres+ion/    # is a remark"),
        most_chars=4000,
        required=True,
    )
    return form("rules", gettext("Add a list to the filter"), [lines], verb="paste")


def pasted_words(added: int, problems: Sequence[str]) -> str:
    """Return what came of a pasted list, at most 2,000 characters."""
    words = ngettext("🧹 {n} rule added.", "🧹 {n} rules added.", added)
    words = words.format(n=number_text(added))
    for problem in problems:
        if units(words) + units(problem) > CONTENT_CHARS - _ROOM_FOR_MORE:
            return f"{words}\n…"
        words = f"{words}\n⚠️ {problem}"
    return words


def filter_words(match: Match | None) -> str:
    """Return what the filter says of a text."""
    if match is None:
        return gettext("✅ The filter lets this pass.")
    return gettext("🚫 The filter refuses this: {what}").format(what=match_words(match))


# -- a member --------------------------------------------------------------------------


def usage_page(usage: MemberUsage) -> ui.LayoutView:
    """Return what a member has used, may still use, and made last on this server."""
    balance = usage.balance
    spent = balance.usage
    making = gettext("{videos} in the making, {credits} reserved for them").format(
        videos=videos_text(spent.in_flight_member), credits=credits_text(spent.reserved_credits)
    )
    lines = [making]
    if spent.granted_credits:
        given = gettext("{credits} left of what moderators gave")
        lines.append(given.format(credits=credits_text(spent.granted_credits)))
    if usage.override is not None:
        own = gettext("has an allowance of their own: {allowance}")
        lines.append(own.format(allowance=allowance_words(usage.override)))
    if usage.block is not None:
        block = usage.block
        lines.append(
            gettext("🚫 blocked {until} by {moderator}: {reason}").format(
                until=until_words(block.until),
                moderator=moderator_words(block.actor_id),
                reason=excerpt(block.reason, _REASON_CHARS),
            )
        )
    jobs = "\n".join(_job_line(job) for job in usage.jobs) or gettext("None yet.")
    heading = gettext("{member} · {credits} left").format(
        member=mention("user", usage.user_id), credits=credits_text(balance.left)
    )
    texts = (
        f"### {heading}",
        *window_texts(balance),
        "\n".join(lines),
        f"**{gettext('Newest videos here')}**\n{jobs}",
    )
    return texts_view(BLURPLE, texts)


def _job_line(job: Job) -> str:
    look = look_of(job)
    number = gettext("job `{number}`").format(number=job.id)
    return (
        f"{look.symbol} {model_title(job.model)} · {credits_text(job.price_credits)} · "
        f"{ago(job.created_at)} · {number}\n> {excerpt(job.prompt, _PROMPT_CHARS)}"
    )
