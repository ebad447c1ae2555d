"""From a press on the policy page to the change it asks for and the page to show then. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.discord_ui.admin.forms import edit_of_form, outdated
from bot.discord_ui.admin.items import Press
from bot.jobs.policy_edits import (
    Edit,
    Place,
    adding_channels,
    listing_models,
    removing_channels,
    setting,
    switching_list,
    switching_video_log,
)


@dataclass(frozen=True, kw_only=True)
class PageRef:
    """A page of the policy: its name, and which part of it.

    Attributes:
        number: Of a page that is one of several; 0 is the first.
        place: On the page of one list of models, whose it is.
    """

    name: str = "home"
    number: int = 0
    place: Place = "role"
    place_id: int = 0


_SWITCHES: Mapping[str, str] = {
    "age_restricted_only": "channels",
    "everybody": "approval",
    "log_videos": "log",
}
_FORM_PAGES: Mapping[str, str] = {"approval": "approval"}


def page_of(press: Press) -> PageRef:
    """Return the page that a press leads to, or stays on."""
    args = (*press.args, "", "")
    match press.verb:
        case "page":
            return PageRef(name=args[0], number=_number(args[1] or "0"))
        case "flip":
            return PageRef(name=_SWITCHES.get(args[0], "home"))
        case "list":
            return PageRef(name="filter")
        case "save":
            return PageRef(name=_FORM_PAGES.get(args[0], "home"))
        case "pick" | "clear":
            return _page_of_choice(press, args)
        case _:
            return PageRef()


def _page_of_choice(press: Press, args: tuple[str, ...]) -> PageRef:
    match args[0]:
        case "role" | "channel" | "listed":
            return _list_of(args[0], "".join(press.values[:1]))
        case "models" if press.verb == "pick":
            return PageRef(name="list", place=_place(args[1]), place_id=_number(args[2]))
        case "models":
            return PageRef(name="models")
        case "log_channel_id":
            return PageRef(name="log")
        case "without_role_id" | "approval":
            return PageRef(name="approval")
        case _:
            return PageRef(name="channels")


def _list_of(what: str, chosen: str) -> PageRef:
    """Return the page of a list that was chosen: by its place, or among those that there are."""
    place, number = chosen.split(" ", 1) if what == "listed" and " " in chosen else (what, chosen)
    return PageRef(name="list", place=_place(place), place_id=_number(number or "0"))


def edit_of(press: Press, zones: Collection[str], now: datetime) -> Edit | None:
    """Return the change that a press asks for; None when it only turns pages.

    Args:
        press: What was pressed, chosen or filled in.
        zones: The names of all time zones.
        now: The time, aware: what is switched on counts from here.

    Raises:
        BadInputError: the page is from another version of the bot, or a typed value is wrong.
    """
    if press.verb == "save":
        return edit_of_form(press, zones)
    if press.verb == "flip":
        return _switched(press, now)
    if press.verb not in _EDITS:
        raise outdated()
    return _EDITS[press.verb](press)


def _switched(press: Press, now: datetime) -> Edit:
    match press.args:
        case ("log_videos", to):
            return switching_video_log(on=to == "on", now=now)
        case (field, to) if field in _SWITCHES:
            return setting(**{field: to == "on"})
        case _:
            raise outdated()


def _list_switched(press: Press) -> Edit:
    match press.args:
        case (name, to):
            return switching_list(name, on=to == "on")
        case _:
            raise outdated()


def _choice(press: Press) -> Edit | None:
    what, *more = press.args or ("",)
    chosen = press.values
    simple: Mapping[str, Callable[[], Edit]] = {
        "add_channels": lambda: adding_channels(map(_number, chosen)),
        "remove_channels": lambda: removing_channels(map(_number, chosen)),
        "log_channel_id": lambda: setting(log_channel_id=_number(chosen[0])),
        "without_role_id": lambda: setting(without_role_id=_number(chosen[0])),
    }
    if what in ("role", "channel", "listed"):
        return None  # opens that list
    if what == "models" and len(more) > 1:
        return listing_models(_place(more[0]), _number(more[1]), chosen)
    if what not in simple or not chosen:
        raise outdated()
    return simple[what]()


def _cleared(press: Press) -> Edit:
    match press.args:
        case ("channels", *_):
            return setting(allowed_channel_ids=())
        case ("log_channel_id", *_):
            return setting(log_channel_id=None)
        case ("without_role_id", *_):
            return setting(without_role_id=None)
        case ("approval", *_):
            return setting(
                everybody=False, newer_than_days=None, without_role_id=None, above_credits=None
            )
        case ("models", place, place_id):
            return listing_models(_place(place), _number(place_id), ())
        case _:
            raise outdated()


_EDITS: Mapping[str, Callable[[Press], Edit | None]] = {
    "page": lambda _press: None,
    "resume": lambda _press: setting(paused_reason=None),
    "list": _list_switched,
    "pick": _choice,
    "clear": _cleared,
}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise outdated()
    return int(text)


def _place(text: str) -> Place:
    if text == "role":
        return "role"
    if text == "channel":
        return "channel"
    raise outdated()
