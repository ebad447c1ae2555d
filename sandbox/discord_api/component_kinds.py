"""The kinds of component, and walking through a tree of them. Pure."""

from collections.abc import Iterator
from enum import IntEnum
from urllib.parse import unquote, urlsplit

from sandbox.discord_api.wire import Json

# The bot's button that deletes a video.
_DELETE = "job:delete:"


class Kind(IntEnum):
    """Component types."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19
    RADIO_GROUP = 21
    CHECKBOX_GROUP = 22
    CHECKBOX = 23


SELECTS = {
    Kind.STRING_SELECT,
    Kind.USER_SELECT,
    Kind.ROLE_SELECT,
    Kind.MENTIONABLE_SELECT,
    Kind.CHANNEL_SELECT,
}
LEGACY_TOP = {Kind.ACTION_ROW}
IN_CONTAINER = {
    Kind.ACTION_ROW,
    Kind.SECTION,
    Kind.TEXT_DISPLAY,
    Kind.MEDIA_GALLERY,
    Kind.FILE,
    Kind.SEPARATOR,
}
LAYOUT_TOP = IN_CONTAINER | {Kind.CONTAINER}
MODAL_TOP = {Kind.ACTION_ROW, Kind.TEXT_DISPLAY, Kind.LABEL}
IN_LABEL = SELECTS | {
    Kind.TEXT_INPUT,
    Kind.FILE_UPLOAD,
    Kind.RADIO_GROUP,
    Kind.CHECKBOX_GROUP,
    Kind.CHECKBOX,
}
IN_MESSAGE_ROW = SELECTS | {Kind.BUTTON}


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, parents before children."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("component", "accessory"):
            if component.get(key):
                yield from walk([component[key]])


def media_of(component: Json) -> list[Json]:
    """The media items (`{"url": …}`) that one component shows."""
    kind = component["type"]
    if kind == Kind.THUMBNAIL:
        return [component["media"]]
    if kind == Kind.MEDIA_GALLERY:
        return [item["media"] for item in component["items"]]
    return [component["file"]] if kind == Kind.FILE else []


def text_of(components: list[Json]) -> str:
    """All text displays, joined."""
    return "\n".join(c["content"] for c in walk(components) if c["type"] == Kind.TEXT_DISPLAY)


def files_of(message: Json) -> list[Json]:
    """The uploaded files of a message's JSON, wherever it shows them.

    Each has at least `url`, `filename` and `content_type`.
    """
    in_place = [
        media | {"filename": unquote(urlsplit(media["url"]).path.rsplit("/", 1)[-1])}
        for component in walk(message.get("components") or [])
        for media in media_of(component)
        if media.get("attachment_id")
    ]
    return [*(message.get("attachments") or []), *in_place]


def result_of(components: list[Json]) -> str | None:
    """The job whose video a message carries: nothing else has the button that deletes it."""
    ids = (component.get("custom_id") or "" for component in walk(components))
    return next((one.removeprefix(_DELETE) for one in ids if one.startswith(_DELETE)), None)
