"""Message and modal components: Discord's structure rules, ids and limits. Pure."""

from collections.abc import Callable

from sandbox.discord_api.component_kinds import (
    IN_CONTAINER,
    IN_LABEL,
    IN_MESSAGE_ROW,
    LAYOUT_TOP,
    LEGACY_TOP,
    MODAL_TOP,
    SELECTS,
    Kind,
    walk,
)
from sandbox.discord_api.errors import FormErrors, Path
from sandbox.discord_api.form import Form
from sandbox.discord_api.wire import Json

MOST_COMPONENTS = 40
MOST_TEXT = 4000
MOST_ROWS = 5  # action rows of a message without Components V2

LINK_STYLE, PREMIUM_STYLE = 5, 6
LINK_SCHEMES = ("http://", "https://", "discord://")
MEDIA_SCHEMES = ("http://", "https://", "attachment://")
DEFAULT_VALUE_TYPES = {
    Kind.USER_SELECT: ("user",),
    Kind.ROLE_SELECT: ("role",),
    Kind.MENTIONABLE_SELECT: ("user", "role"),
    Kind.CHANNEL_SELECT: ("channel",),
}


def check_message(form: Form, *, layout: bool) -> list[Json]:
    """The components of a message body; `layout` is the Components V2 flag.

    Faults are recorded in the form.
    """
    top = LAYOUT_TOP if layout else LEGACY_TOP
    most = MOST_COMPONENTS if layout else MOST_ROWS
    components = _children(form, "components", top, most=most, modal=False)
    return _finish(form.errors, (*form.path, "components"), components, layout=layout)


def check_modal(form: Form) -> list[Json]:
    """The components of a modal; faults are recorded in the form."""
    components = _children(
        form, "components", MODAL_TOP, most=MOST_ROWS, modal=True, least=1, required=True
    )
    return _finish(form.errors, (*form.path, "components"), components, layout=True)


def _finish(errors: FormErrors, path: Path, components: list[Json], *, layout: bool) -> list[Json]:
    everything = list(walk(components))
    if layout and len(everything) > MOST_COMPONENTS:
        text = f"Must be {MOST_COMPONENTS} or fewer components in total."
        errors.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    if sum(len(c.get("content", "")) for c in everything) > MOST_TEXT:
        text = f"The total displayable text may not exceed {MOST_TEXT} characters."
        errors.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)
    custom_ids = [c["custom_id"] for c in everything if c.get("custom_id") is not None]
    if len(custom_ids) != len(set(custom_ids)):
        text = "Component custom id cannot be duplicated"
        errors.add(path, "COMPONENT_CUSTOM_ID_DUPLICATED", text)
    _number(everything, errors, path)
    return components


def _number(everything: list[Json], errors: FormErrors, path: Path) -> None:
    """Gives each component without an id the next free one, as Discord does."""
    given = [c["id"] for c in everything if c.get("id")]
    if len(given) != len(set(given)):
        errors.add(path, "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
    taken, following = set(given), 1
    for component in everything:
        if not component.get("id"):
            while following in taken:
                following += 1
            component["id"] = following
            taken.add(following)


def _children(
    form: Form,
    key: str,
    allowed: set[Kind],
    *,
    most: int,
    modal: bool,
    least: int = 0,
    required: bool = False,
) -> list[Json]:
    children = form.forms(key, most=most, least=least, required=required)
    return [_component(child, allowed, modal=modal) for child in children]


def _only_child(form: Form, key: str, allowed: set[Kind], *, modal: bool) -> Json:
    if not isinstance(form.data.get(key), dict):
        form.fail(key, "BASE_TYPE_REQUIRED", "This field is required")
        return {"type": 0}
    return _component(form.child(key), allowed, modal=modal)


def _component(form: Form, allowed: set[Kind], *, modal: bool) -> Json:
    kind = form.data.get("type")
    if not isinstance(kind, int) or kind not in allowed:
        known = ", ".join(str(int(k)) for k in sorted(allowed))
        text = f'Value of field "type" must be one of ({known},).'
        form.fail("type", "UNION_TYPE_CHOICES", text)
        return {"type": 0}
    number = form.number("id", least=0)
    return {"type": kind, "id": number or None, **_fields(form, Kind(kind), modal=modal)}


def _fields(form: Form, kind: Kind, *, modal: bool) -> Json:
    reader = CONTAINERS.get(kind)
    if reader is not None:
        return reader(form, modal)
    leaf = LEAVES.get(kind)
    return leaf(form) if leaf is not None else _chooser(form, kind, modal=modal)


def _action_row(form: Form, modal: bool) -> Json:
    return {"components": _row(form, modal=modal)}


def _section(form: Form, modal: bool) -> Json:
    texts, beside = {Kind.TEXT_DISPLAY}, {Kind.BUTTON, Kind.THUMBNAIL}
    return {
        "components": _children(form, "components", texts, least=1, most=3, modal=modal),
        "accessory": _only_child(form, "accessory", beside, modal=modal),
    }


def _container(form: Form, modal: bool) -> Json:
    most = MOST_COMPONENTS
    return {
        "accent_color": form.number("accent_color", least=0, most=0xFFFFFF),
        "spoiler": form.flag("spoiler"),
        "components": _children(
            form, "components", IN_CONTAINER, least=1, most=most, required=True, modal=modal
        ),
    }


def _label(form: Form, _modal: bool) -> Json:
    return {
        "label": form.text("label", least=1, most=45, required=True),
        "description": form.text("description", most=100),
        "component": _only_child(form, "component", IN_LABEL, modal=True),
    }


def _text_display(form: Form) -> Json:
    return {"content": form.text("content", least=1, most=MOST_TEXT, required=True) or ""}


def _thumbnail(form: Form) -> Json:
    return {"media": _media(form, "media"), **_media_notes(form)}


def _gallery(form: Form) -> Json:
    items = form.forms("items", least=1, most=10, required=True)
    return {"items": [{"media": _media(item, "media"), **_media_notes(item)} for item in items]}


def _file(form: Form) -> Json:
    return {"file": _media(form, "file", upload=True), "spoiler": form.flag("spoiler")}


def _separator(form: Form) -> Json:
    spacing = form.choice("spacing", (1, 2)) or 1
    return {"divider": form.flag("divider", default=True), "spacing": spacing}


def _row(form: Form, *, modal: bool) -> list[Json]:
    allowed = {Kind.TEXT_INPUT} if modal else IN_MESSAGE_ROW
    most = 1 if modal else 5
    row = _children(form, "components", allowed, least=1, most=most, required=True, modal=modal)
    if len(row) > 1 and any(child["type"] in SELECTS for child in row):
        text = "A select menu takes the whole width of its action row."
        form.fail("components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", text)
    return row


def _button(form: Form) -> Json:
    style = form.choice("style", range(1, 7), required=True)
    button: Json = {
        "style": style,
        "label": form.text("label", most=80),
        "emoji": form.data.get("emoji"),
        "disabled": form.flag("disabled"),
    }
    custom_id = form.data.get("custom_id")
    url = form.data.get("url")
    if style == PREMIUM_STYLE:
        return button | {"sku_id": form.text("sku_id", least=1, most=20, required=True)}
    if not button["label"] and not button["emoji"]:
        form.fail((), "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or emoji is required")
    if style == LINK_STYLE:
        if custom_id is not None:
            text = "A custom id and url cannot both be specified"
            form.fail((), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
        if not (form.text("url", most=512, required=True) or "http://").startswith(LINK_SCHEMES):
            text = "Scheme must be one of ('http', 'https', 'discord')."
            form.fail("url", "URL_TYPE_INVALID_SCHEME", text)
        return button | {"url": url}
    if url is not None:
        text = "A url cannot be specified for this button style"
        form.fail("url", "BUTTON_COMPONENT_INVALID_URL", text)
    return button | {"custom_id": form.text("custom_id", least=1, most=100, required=True)}


def _text_input(form: Form) -> Json:
    least = form.number("min_length", least=0, most=4000)
    most = form.number("max_length", least=1, most=4000)
    if least is not None and most is not None and least > most:
        form.fail("min_length", "NUMBER_TYPE_MAX", "min_length may not exceed max_length.")
    within_label = "component" in form.path[-1:]
    return {
        "custom_id": form.text("custom_id", least=1, most=100, required=True),
        "style": form.choice("style", (1, 2), required=True),
        "label": form.text("label", most=45, required=not within_label),
        "min_length": least,
        "max_length": most,
        "required": form.flag("required", default=True),
        "value": form.text("value", most=4000),
        "placeholder": form.text("placeholder", most=100),
    }


def _media(form: Form, key: str, *, upload: bool = False) -> Json:
    if not isinstance(form.data.get(key), dict):
        form.fail(key, "BASE_TYPE_REQUIRED", "This field is required")
        return {"url": ""}
    media = form.child(key)
    url = media.text("url", least=1, most=2048, required=True) or ""
    schemes = ("attachment://",) if upload else MEDIA_SCHEMES
    if url and not url.startswith(schemes):
        names = ", ".join(f"'{scheme.removesuffix('://')}'" for scheme in schemes)
        media.fail("url", "URL_TYPE_INVALID_SCHEME", f"Scheme must be one of ({names}).")
    return {"url": url}


def _media_notes(form: Form) -> Json:
    return {
        "description": form.text("description", most=1024),
        "spoiler": form.flag("spoiler"),
    }


def _chooser(form: Form, kind: Kind, *, modal: bool) -> Json:
    """Selects, file upload, radio and check boxes."""
    chooser: Json = {"custom_id": form.text("custom_id", least=1, most=100, required=True)}
    if kind is Kind.CHECKBOX:
        return chooser | {"default": form.flag("default")}
    if modal:
        chooser["required"] = form.flag("required", default=True)
    if kind in (Kind.STRING_SELECT, Kind.RADIO_GROUP, Kind.CHECKBOX_GROUP):
        chooser["options"] = _options(form, 25 if kind is Kind.STRING_SELECT else 10)
    if kind is Kind.RADIO_GROUP:
        return chooser
    most = 10 if kind in (Kind.FILE_UPLOAD, Kind.CHECKBOX_GROUP) else 25
    low = form.number("min_values", least=0, most=most)
    high = form.number("max_values", least=1, most=most)
    chooser["min_values"] = 1 if low is None else low
    chooser["max_values"] = (
        (len(chooser["options"]) if kind is Kind.CHECKBOX_GROUP else 1) if high is None else high
    )
    if low is not None and high is not None and low > high:
        form.fail("min_values", "NUMBER_TYPE_MAX", "min_values may not exceed max_values.")
    if kind in SELECTS:
        chooser["placeholder"] = form.text("placeholder", most=150)
        chooser["disabled"] = form.flag("disabled")
        if form.data.get("channel_types"):
            chooser["channel_types"] = form.items("channel_types", most=25)
        if form.data.get("default_values"):
            chooser["default_values"] = _default_values(form, kind, chooser)
    return chooser


def _default_values(form: Form, kind: Kind, chooser: Json) -> list[Json]:
    """What an entity select shows as chosen at first."""
    allowed = DEFAULT_VALUE_TYPES.get(kind, ())
    if not allowed:
        text = "A string select marks its options instead."
        form.fail("default_values", "BASE_TYPE_CHOICES", text)
    values = []
    for value in form.forms("default_values", most=25):
        if value.data.get("type") not in allowed:
            value.fail("type", "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
        number = value.number("id", least=0, required=True)
        values.append({"id": str(number), "type": value.data.get("type")})
    low, high = chooser["min_values"], chooser["max_values"]
    if not low <= len(values) <= high:
        text = f"Must be between {low} and {high} in length."
        form.fail("default_values", "BASE_TYPE_BAD_LENGTH", text)
    return values


def _options(form: Form, most: int) -> list[Json]:
    options = [
        {
            "label": option.text("label", least=1, most=100, required=True),
            "value": option.text("value", least=1, most=100, required=True),
            "description": option.text("description", most=100),
            "emoji": option.data.get("emoji"),
            "default": option.flag("default"),
        }
        for option in form.forms("options", least=1, most=most, required=True)
    ]
    values = [option["value"] for option in options]
    if len(values) != len(set(values)):
        text = "The specified option value is already used"
        form.fail("options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", text)
    return options


CONTAINERS: dict[Kind, Callable[[Form, bool], Json]] = {
    Kind.ACTION_ROW: _action_row,
    Kind.SECTION: _section,
    Kind.CONTAINER: _container,
    Kind.LABEL: _label,
}
LEAVES: dict[Kind, Callable[[Form], Json]] = {
    Kind.BUTTON: _button,
    Kind.TEXT_INPUT: _text_input,
    Kind.TEXT_DISPLAY: _text_display,
    Kind.THUMBNAIL: _thumbnail,
    Kind.MEDIA_GALLERY: _gallery,
    Kind.FILE: _file,
    Kind.SEPARATOR: _separator,
}
