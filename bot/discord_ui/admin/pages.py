"""The pages of `/video-admin policy`: pure views, within Discord's limits for any policy."""

from discord import ui

from bot.discord_ui.admin.home import show_home
from bot.discord_ui.admin.parts import Names
from bot.discord_ui.admin.presses import PageRef
from bot.discord_ui.admin.subpages import (
    show_approval,
    show_channels,
    show_filter,
    show_list,
    show_log,
    show_models,
)
from bot.discord_ui.boxes import BLURPLE, YELLOW, Box, view_of
from bot.jobs.policy_desk import Overview


def policy_page(ref: PageRef, overview: Overview, names: Names) -> ui.LayoutView:
    """Return a page.

    Args:
        ref: Which one; a name that is not known shows the first.
        overview: The guild's policy and what surrounds it.
        names: Of the guild's channels and roles, as far as they are known.
    """
    policy = overview.policy
    box: Box = ui.Container(accent_colour=BLURPLE if policy.paused_reason is None else YELLOW)
    match ref.name:
        case "channels":
            show_channels(box, policy, names, ref.number)
        case "models":
            show_models(box, policy, names, ref.number)
        case "list":
            show_list(box, policy, ref.place, ref.place_id)
        case "approval":
            show_approval(box, policy)
        case "filter":
            show_filter(box, overview)
        case "log":
            show_log(box, policy)
        case _:
            show_home(box, overview)
    return view_of(box)
