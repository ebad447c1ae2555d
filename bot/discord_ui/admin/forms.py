"""The forms of the policy page: what they ask, and the change that follows from an answer. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from discord import ui

from bot.discord_ui.admin.input import parse_number, parse_zone
from bot.discord_ui.admin.items import FormField, Press, form, shown_values
from bot.errors import BadInputError
from bot.i18n import N_, gettext, number_text
from bot.jobs.checks import REASON_CHARS
from bot.jobs.policy_desk import Overview
from bot.jobs.policy_edits import FIELD_NAMES, Edit, filled_in, pausing, value_of
from bot.policy import ApprovalRules, GuildPolicy

_ZONE_CHARS = 40
_HINT_CHARS = 100
_NO_LIMIT = N_("empty: no limit")

TITLES: Mapping[str, str] = {
    "limits": N_("Allowance of each member"),
    "server": N_("The server as a whole"),
    "approval": N_("Which videos wait for a moderator"),
    "pause": N_("Pause new videos"),
}
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "limits": (
        "daily_credits",
        "monthly_credits",
        "jobs_in_flight_member",
        "max_price_credits",
        "confirm_above_credits",
    ),
    "server": (
        "monthly_budget_credits",
        "jobs_in_flight_guild",
        "time_zone",
        "retention_days",
    ),
    "approval": ("newer_than_days", "above_credits", "expires_h"),
}


def form_of(name: str, overview: Overview) -> ui.Modal:
    """Return a form, filled with what holds now.

    Raises:
        BadInputError: there is no such form (the page is from an older version of the bot).
    """
    if name == "pause":
        reason = FormField(
            name="paused_reason",
            label=gettext("Why?"),
            hint=gettext("Members are told: back on Monday, too much at once, …"),
            most_chars=REASON_CHARS,
            required=True,
        )
        return form(name, gettext(TITLES[name]), [reason])
    if name not in _FIELDS:
        raise outdated()
    hints = _hints(overview)
    fields = [
        FormField(
            name=field,
            label=gettext(FIELD_NAMES[field]),
            value=_written(overview.policy, field),
            hint=hints[field],
            most_chars=_ZONE_CHARS if field == "time_zone" else 20,
        )
        for field in _FIELDS[name]
    ]
    return form(name, gettext(TITLES[name]), fields)


def edit_of_form(press: Press, zones: Collection[str]) -> Edit:
    """Return the change that a filled form asks for.

    Args:
        press: The form.
        zones: The names of all time zones.

    Raises:
        BadInputError: something typed cannot be read.
    """
    name = press.args[0] if press.args else ""
    if name == "pause":
        return pausing(press.fields.get("paused_reason", ""))
    if name not in _FIELDS:
        raise outdated()
    shown, values = shown_values(press, _FIELDS[name]), {}
    for field in _FIELDS[name]:
        values[field] = _read(field, press.fields.get(field, ""), zones)
    before = {field: _read(field, shown.get(field, ""), zones) for field in _FIELDS[name]}
    return filled_in(before, values)


def outdated() -> BadInputError:
    """Return the answer to a press that this version of the bot does not know."""
    return BadInputError(
        gettext("This page is from another version of the bot. Open `/video-admin policy` again.")
    )


def _written(policy: GuildPolicy, field: str) -> str:
    value = value_of(policy, field)
    return "" if value is None else str(value)


def _read(field: str, text: str, zones: Collection[str]) -> Any:
    if field == "time_zone":
        return parse_zone(text, zones)
    number = parse_number(gettext(FIELD_NAMES[field]), text)
    if field == "expires_h" and number is None:
        return ApprovalRules().expires_h
    return number


def _hints(overview: Overview) -> Mapping[str, str]:
    host = overview.host
    return {
        "daily_credits": _host_hint(host.daily_credits),
        "monthly_credits": _host_hint(host.monthly_credits),
        "jobs_in_flight_member": _host_hint(host.jobs_in_flight_member),
        "jobs_in_flight_guild": _host_hint(host.jobs_in_flight_guild),
        "max_price_credits": gettext(_NO_LIMIT),
        "confirm_above_credits": gettext(
            "what a video may cost without asking; empty: never asked"
        ),
        "monthly_budget_credits": gettext(_NO_LIMIT),
        "retention_days": _retention_hint(overview.host_retention_days),
        "time_zone": gettext("such as Europe/Berlin; empty: {zone}").format(
            zone=overview.host_zone
        )[:_HINT_CHARS],
        "newer_than_days": gettext("such as 7; empty: does not matter"),
        "above_credits": gettext("such as 100; empty: does not matter"),
        "expires_h": gettext(
            "empty: {hours}; with a picture a day at most: Discord keeps it no longer"
        ).format(hours=ApprovalRules().expires_h),
    }


def _retention_hint(host_days: int | None) -> str:
    if host_days is None:
        return gettext("then prompts are forgotten; empty: until a member deletes them")
    return gettext(
        "then prompts are forgotten; at most, and when empty: {days}, as the host set it"
    ).format(days=number_text(host_days))


def _host_hint(number: int) -> str:
    return gettext("empty: as the bot's host set it, {number}").format(number=number_text(number))
