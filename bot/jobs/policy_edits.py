"""Changes to a guild's policy, pure: from what a moderator wished to the policy that follows.

An `Edit` is applied to the policy as it is *now*, not as it was on the page that the moderator
looked at: two moderators who change different things at the same time both get their way.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from bot.catalogue import MODELS, find_model
from bot.errors import BadInputError, RefusedError
from bot.i18n import N_, gettext, number_text
from bot.jobs.checks import checked_reason
from bot.policy import ApprovalRules, GuildPolicy
from bot.wordfilter import BUILT_IN_LISTS

# What moderators call the values of a policy; those of `ApprovalRules` under their own names.
# To be looked up where they are shown.
FIELD_NAMES: Mapping[str, str] = {
    "time_zone": N_("Time zone"),
    "daily_credits": N_("Credits a day"),
    "monthly_credits": N_("Credits a month"),
    "jobs_in_flight_member": N_("Videos at once, each member"),
    "jobs_in_flight_guild": N_("Videos at once, whole server"),
    "monthly_budget_credits": N_("Budget of the server a month"),
    "max_price_credits": N_("Dearest single video"),
    "confirm_above_credits": N_("Ask members first above a price"),
    "allowed_channel_ids": N_("Channels"),
    "models_by_role": N_("Models by role"),
    "models_by_channel": N_("Models by channel"),
    "age_restricted_only": N_("Only in age-restricted channels"),
    "filter_lists": N_("Built-in filter lists"),
    "log_channel_id": N_("Log channel"),
    "log_videos_since": N_("Every video in the log channel"),
    "paused_reason": N_("Paused"),
    "retention_days": N_("Days videos are remembered"),
    "everybody": N_("Approval of every video"),
    "newer_than_days": N_("Approval for members newer than"),
    "without_role_id": N_("Approval for members without"),
    "above_credits": N_("Approval above a price"),
    "expires_h": N_("Hours a request waits"),
}

Place = Literal["role", "channel"]
Edit = Callable[[GuildPolicy], Mapping[str, Any]]

_APPROVAL = frozenset(ApprovalRules.model_fields)


def revised(policy: GuildPolicy, changes: Mapping[str, Any]) -> GuildPolicy:
    """Return the policy with some values changed; names of `ApprovalRules` are taken as well.

    Raises:
        BadInputError: a value is not allowed; one sentence for each.
    """
    values = {name: value for name, value in changes.items() if name not in _APPROVAL}
    approval = {name: value for name, value in changes.items() if name in _APPROVAL}
    if approval:
        values["approval"] = policy.approval.model_dump() | approval
    try:
        return GuildPolicy.model_validate(policy.model_dump() | values)
    except ValidationError as error:
        problems = (_problem(item["loc"], item) for item in error.errors())
        raise BadInputError("\n".join(dict.fromkeys(problems))) from None


def value_of(policy: GuildPolicy, name: str) -> Any:
    """Return one of the policy's values, those of its `ApprovalRules` included."""
    return getattr(policy.approval if name in _APPROVAL else policy, name)


def _problem(location: tuple[int | str, ...], item: Mapping[str, Any]) -> str:
    fields = (FIELD_NAMES[str(part)] for part in reversed(location) if part in FIELD_NAMES)
    name = gettext(next(fields, N_("Policy")))
    limits = item.get("ctx", {})
    match item["type"]:
        case "greater_than_equal":
            words = gettext("**{name}** must be {least} or more.")
            return words.format(name=name, least=number_text(limits["ge"]))
        case "less_than_equal":
            words = gettext("**{name}** may be {most} at most.")
            return words.format(name=name, most=number_text(limits["le"]))
        case _:
            return f"**{name}** {gettext(str(item['msg']).removeprefix('Value error, '))}."


# -- edits ---------------------------------------------------------------------------


def setting(**values: Any) -> Edit:
    """Return the edit that sets values, whatever they were."""
    return lambda _policy: values


def pausing(reason: str) -> Edit:
    """Return the edit that takes no new videos; members are told the reason.

    Raises:
        BadInputError: no reason, or too long.
    """
    return setting(paused_reason=checked_reason(reason))


def filled_in(shown: Mapping[str, Any], values: Mapping[str, Any]) -> Edit:
    """Return the edit of a form: only what differs from what the form showed is set.

    Raises (when applied):
        RefusedError: somebody else has changed the same value since the form was opened.
    """

    def edit(policy: GuildPolicy) -> Mapping[str, Any]:
        wanted = {name: value for name, value in values.items() if value != shown[name]}
        overtaken = [
            gettext(FIELD_NAMES[name])
            for name, value in wanted.items()
            if value_of(policy, name) not in (shown[name], value)
        ]
        if overtaken:
            names = ", ".join(f"**{name}**" for name in overtaken)
            raise RefusedError(
                gettext(
                    "Somebody else has changed {names} while you were filling this in, so nothing "
                    "was saved. Open it again to see what it is now."
                ).format(names=names)
            )
        return wanted

    return edit


def adding_channels(channel_ids: Iterable[int]) -> Edit:
    """Return the edit that allows more channels."""
    more = tuple(channel_ids)
    return lambda policy: {
        "allowed_channel_ids": tuple(dict.fromkeys((*policy.allowed_channel_ids, *more)))
    }


def removing_channels(channel_ids: Iterable[int]) -> Edit:
    """Return the edit that allows some channels no longer.

    Raises (when applied):
        RefusedError: none would be left, which would mean all.
    """
    less = frozenset(channel_ids)

    def edit(policy: GuildPolicy) -> Mapping[str, Any]:
        left = tuple(known for known in policy.allowed_channel_ids if known not in less)
        if policy.allowed_channel_ids and not left:
            raise RefusedError(
                gettext(
                    "That would remove the last channel. Choose another one first, or press "
                    "**{everywhere}**; to stop new videos, use `/video-admin pause`."
                ).format(everywhere=gettext("Everywhere"))
            )
        return {"allowed_channel_ids": left}

    return edit


def listing_models(place: Place, place_id: int, slugs: Iterable[str]) -> Edit:
    """Return the edit that lists the models of a role or channel; none lifts the restriction.

    Raises:
        BadInputError: there is no such model.
    """
    chosen = tuple(dict.fromkeys(slugs))
    for slug in chosen:
        if find_model(slug) is None:
            titles = ", ".join(f"`{model.title}`" for model in MODELS)
            wrong = slug.replace("`", "'")[:60]
            words = gettext("There is no model `{model}`. There are {titles}.")
            raise BadInputError(words.format(model=wrong, titles=titles))
    field = f"models_by_{place}"

    def edit(policy: GuildPolicy) -> Mapping[str, Any]:
        lists = dict(getattr(policy, field))
        lists.pop(place_id, None)
        return {field: lists | ({place_id: chosen} if chosen else {})}

    return edit


def switching_video_log(*, on: bool, now: datetime) -> Edit:
    """Return the edit that shows every video in the log channel from now on, or none any more."""

    def edit(policy: GuildPolicy) -> Mapping[str, Any]:
        return {"log_videos_since": (policy.log_videos_since or now) if on else None}

    return edit


def switching_list(name: str, *, on: bool) -> Edit:
    """Return the edit that switches a built-in filter list on or off.

    Raises:
        BadInputError: there is no such list.
    """
    if on and name not in BUILT_IN_LISTS:
        raise BadInputError(gettext("There is no such list any more. Open the page again."))

    def edit(policy: GuildPolicy) -> Mapping[str, Any]:
        others = [known for known in policy.filter_lists if known != name]
        return {"filter_lists": tuple(sorted([*others, name] if on else others))}

    return edit
