"""Components and message bodies: Discord's structure rules."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.discord_api.component_kinds import walk
from sandbox.discord_api.components import check_message, check_modal
from sandbox.discord_api.errors import ApiError
from sandbox.discord_api.files import Attachment
from sandbox.discord_api.form import Form
from sandbox.discord_api.mentions import Mentions, find_mentions
from sandbox.discord_api.message_body import MessageBody, edited, written
from tests.discord_bare_bot import Answer, Json

V2 = 1 << 15
OPTIONS = [{"label": "A", "value": "a"}]


def text(content: str = "hi") -> Json:
    """A text display."""
    return {"type": 10, "content": content}


def button(custom_id: str = "go", **changes: Any) -> Json:
    """A button."""
    return {"type": 2, "style": 1, "label": "Go", "custom_id": custom_id, **changes}


def row(*children: Json) -> Json:
    """An action row."""
    return {"type": 1, "components": list(children)}


def select(**changes: Any) -> Json:
    """A string select."""
    return {"type": 3, "custom_id": "pick", "options": OPTIONS, **changes}


def faults_of(call: Callable[[], Any]) -> set[str]:
    """The dotted paths and codes of the 50035 that a call raises."""
    with pytest.raises(ApiError) as refused:
        call()
    return Answer(status=400, body=refused.value.body, headers={}).faults()


def message_faults(components: Any, *, layout: bool) -> set[str]:
    """What is wrong with a message's components."""
    return faults_of(lambda: written({"components": components, "flags": V2 if layout else 0}, {}))


GALLERY = {"type": 12, "items": [{"media": {"url": "https://example.org/a.mp4"}}]}
THUMBNAIL = {"type": 11, "media": {"url": "https://example.org/a.png"}}
SECTION = {"type": 9, "components": [text()], "accessory": THUMBNAIL}
CONTAINER = {"type": 17, "components": [text(), SECTION, GALLERY, {"type": 14}, row(button())]}


def test_every_message_component_is_taken_and_numbered() -> None:
    """A layout of all kinds passes; each component gets an id of its own."""
    form = Form({"components": [CONTAINER, row(select()), row({"type": 5, "custom_id": "u"})]})
    components = check_message(form, layout=True)
    ids = [component["id"] for component in walk(components)]

    assert not form.errors
    assert sorted(ids) == list(range(1, len(ids) + 1))


def test_given_ids_are_kept() -> None:
    """A component keeps the id it came with; others take free ones."""
    components = check_message(
        Form({"components": [{**text(), "id": 2}, text(), text()]}), layout=True
    )

    assert [component["id"] for component in components] == [2, 1, 3]


@pytest.mark.parametrize(
    ("components", "fault"),
    [
        ([text()], "components.0.type:UNION_TYPE_CHOICES"),
        ([button()], "components.0.type:UNION_TYPE_CHOICES"),
        ([row()], "components.0.components:BASE_TYPE_BAD_LENGTH"),
        (
            [row(*[button(str(n)) for n in range(6)])],
            "components.0.components:BASE_TYPE_BAD_LENGTH",
        ),
        ([row(button(str(n))) for n in range(6)], "components:BASE_TYPE_BAD_LENGTH"),
        (
            [row(select(), button())],
            "components.0.components:COMPONENT_LAYOUT_WIDTH_EXCEEDED",
        ),
        ([row(button(), button())], "components:COMPONENT_CUSTOM_ID_DUPLICATED"),
        ([row(button(""))], "components.0.components.0.custom_id:BASE_TYPE_REQUIRED"),
        ([row(button("x" * 101))], "components.0.components.0.custom_id:BASE_TYPE_BAD_LENGTH"),
        ([row(button(label="x" * 81))], "components.0.components.0.label:BASE_TYPE_MAX_LENGTH"),
        ([row(button(style=7))], "components.0.components.0.style:BASE_TYPE_CHOICES"),
        (
            [row(button(label=None))],
            "components.0.components.0:BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
        ),
        (
            [row(button(style=5, url="https://example.org"))],
            "components.0.components.0:BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
        ),
        (
            [row({"type": 2, "style": 5, "label": "x", "url": "ftp://x"})],
            "components.0.components.0.url:URL_TYPE_INVALID_SCHEME",
        ),
        (
            [row({"type": 2, "style": 5, "label": "x"})],
            "components.0.components.0.url:BASE_TYPE_REQUIRED",
        ),
        ([row(select(options=[]))], "components.0.components.0.options:BASE_TYPE_BAD_LENGTH"),
        (
            [row(select(options=OPTIONS * 2))],
            "components.0.components.0.options:SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            [row(select(placeholder="x" * 151))],
            "components.0.components.0.placeholder:BASE_TYPE_MAX_LENGTH",
        ),
        (
            [row(select(min_values=2, max_values=1))],
            "components.0.components.0.min_values:NUMBER_TYPE_MAX",
        ),
        ([row(select(max_values=26))], "components.0.components.0.max_values:NUMBER_TYPE_MAX"),
        (
            [row({"type": 4, "custom_id": "t", "style": 1, "label": "T"})],
            "components.0.components.0.type:UNION_TYPE_CHOICES",
        ),
        ("row", "components:LIST_TYPE_CONVERT"),
        ([7], "components.0:MODEL_TYPE_CONVERT"),
    ],
)
def test_plain_message_components_have_rules(components: Any, fault: str) -> None:
    """Each broken rule of a message without Components V2 is named with its place."""
    assert fault in message_faults(components, layout=False)


@pytest.mark.parametrize(
    ("components", "fault"),
    [
        ([text("")], "components.0.content:BASE_TYPE_REQUIRED"),
        ([text("x" * 4001)], "components.0.content:BASE_TYPE_BAD_LENGTH"),
        (
            [text("x" * 2001), text("x" * 2000)],
            "components:COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
        ),
        ([text()] * 41, "components:BASE_TYPE_BAD_LENGTH"),
        (
            [{"type": 17, "components": [text()] * 20}] * 2,
            "components:COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
        ),
        (
            [{"type": 17, "components": [CONTAINER]}],
            "components.0.components.0.type:UNION_TYPE_CHOICES",
        ),
        ([{"type": 17, "components": []}], "components.0.components:BASE_TYPE_BAD_LENGTH"),
        (
            [{"type": 17, "components": [text()], "accent_color": 1 << 24}],
            "components.0.accent_color:NUMBER_TYPE_MAX",
        ),
        ([{"type": 9, "components": [text()]}], "components.0.accessory:BASE_TYPE_REQUIRED"),
        (
            [{"type": 9, "components": [text()] * 4, "accessory": THUMBNAIL}],
            "components.0.components:BASE_TYPE_BAD_LENGTH",
        ),
        ([{"type": 12, "items": []}], "components.0.items:BASE_TYPE_BAD_LENGTH"),
        (
            [{"type": 12, "items": [{"media": {"url": "file:///x"}}]}],
            "components.0.items.0.media.url:URL_TYPE_INVALID_SCHEME",
        ),
        (
            [{"type": 13, "file": {"url": "https://example.org/a.txt"}}],
            "components.0.file.url:URL_TYPE_INVALID_SCHEME",
        ),
        (
            [{"type": 13, "file": {"url": "attachment://a.txt"}}],
            "components:UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
        ([{"type": 14, "spacing": 3}], "components.0.spacing:BASE_TYPE_CHOICES"),
        ([{**text(), "id": 3}] * 2, "components:COMPONENT_ID_DUPLICATED"),
        (
            [{"type": 18, "label": "x", "component": select()}],
            "components.0.type:UNION_TYPE_CHOICES",
        ),
    ],
)
def test_layout_components_have_rules(components: Any, fault: str) -> None:
    """Each broken rule of a Components V2 message is named with its place."""
    assert fault in message_faults(components, layout=True)


def label(component: Json) -> Json:
    """A label."""
    return {"type": 18, "label": "L", "component": component}


@pytest.mark.parametrize(
    ("components", "fault"),
    [
        ([], "components:BASE_TYPE_BAD_LENGTH"),
        ([row(button())], "components.0.components.0.type:UNION_TYPE_CHOICES"),
        (
            [row({"type": 4, "custom_id": "t", "style": 1})],
            "components.0.components.0.label:BASE_TYPE_REQUIRED",
        ),
        (
            [label({"type": 4, "custom_id": "t", "style": 3})],
            "components.0.component.style:BASE_TYPE_CHOICES",
        ),
        (
            [label({"type": 4, "custom_id": "t", "style": 1, "max_length": 4001})],
            "components.0.component.max_length:NUMBER_TYPE_MAX",
        ),
        (
            [label({"type": 4, "custom_id": "t", "style": 1, "placeholder": "x" * 101})],
            "components.0.component.placeholder:BASE_TYPE_MAX_LENGTH",
        ),
        ([label(button())], "components.0.component.type:UNION_TYPE_CHOICES"),
        ([{"type": 18, "label": "L"}], "components.0.component:BASE_TYPE_REQUIRED"),
        ([{**label(select()), "label": "x" * 46}], "components.0.label:BASE_TYPE_BAD_LENGTH"),
        (
            [label({"type": 19, "custom_id": "f", "max_values": 11})],
            "components.0.component.max_values:NUMBER_TYPE_MAX",
        ),
        (
            [label({"type": 21, "custom_id": "r", "options": OPTIONS * 11})],
            "components.0.component.options:BASE_TYPE_BAD_LENGTH",
        ),
        ([label(select(custom_id=str(n))) for n in range(6)], "components:BASE_TYPE_BAD_LENGTH"),
    ],
)
def test_modal_components_have_rules(components: Any, fault: str) -> None:
    """Each broken rule of a modal is named with its place."""
    form = Form({"components": components})
    check_modal(form)

    assert fault in faults_of(form.errors.raise_if_any)


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ({"content": "x" * 2001}, "content:BASE_TYPE_MAX_LENGTH"),
        ({"content": 5}, "content:STRING_TYPE_CONVERT"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds:BASE_TYPE_BAD_LENGTH"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title:BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description:BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds:MAX_EMBED_SIZE_EXCEEDED"),
        (
            {"embeds": [{"fields": [{"name": " ", "value": "x"}]}]},
            "embeds.0.fields.0.name:BASE_TYPE_REQUIRED",
        ),
        (
            {"embeds": [{"image": {"url": "attachment://gone.png"}}]},
            "embeds:UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
        (
            {"content": "x", "flags": V2, "components": [text()]},
            "content:MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        (
            {"embeds": [{"title": "x"}], "flags": V2, "components": [text()]},
            "embeds:MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            "allowed_mentions:MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        ({"content": "x", "allowed_mentions": []}, "allowed_mentions:MODEL_TYPE_CONVERT"),
        ({"content": "x", "attachments": [{"id": 0}]}, "attachments.0.id:ATTACHMENT_NOT_FOUND"),
    ],
)
def test_message_bodies_have_rules(payload: Json, fault: str) -> None:
    """Each broken rule of a message body is named with its place."""
    assert fault in faults_of(lambda: written(payload, {}))


@pytest.mark.parametrize("payload", [{}, {"content": ""}, {"content": " \n"}, {"embeds": []}])
def test_empty_messages_are_refused(payload: Json) -> None:
    """Nothing to show: 50006."""
    with pytest.raises(ApiError) as refused:
        written(payload, {})

    assert refused.value.code == 50006


def file(name: str, number: str) -> Attachment:
    """An attachment that is nowhere on disk."""
    return Attachment(id=number, place="1", filename=name, path=Path(name), size_bytes=1)


def test_edit_keeps_what_it_does_not_name() -> None:
    """Fields left out of an edit stay, null clears, and attachments are the ones listed."""
    old, new = file("old.png", "10"), file("new.png", "11")
    before = written({"content": "a", "embeds": [{"title": "t"}]}, {"0": old})
    content = edited(before, {"content": "b"}, {})
    added = edited(before, {}, {"0": new})
    replaced = edited(before, {"attachments": [{"id": 0}]}, {"0": new})
    cleared = edited(before, {"content": None, "embeds": [], "attachments": [{"id": "10"}]}, {})

    assert (content.content, len(content.embeds)) == ("b", 1)
    assert [a.id for a in added.attachments] == ["10", "11"]
    assert [a.id for a in replaced.attachments] == ["11"]
    assert (cleared.content, cleared.embeds) == ("", ())
    assert [a.id for a in cleared.attachments] == ["10"]


def test_edit_into_a_layout_must_clear_the_content() -> None:
    """A message with content becomes a layout only when the content is cleared with it."""
    before = MessageBody(content="a")
    layout = {"flags": V2, "components": [text()]}

    assert faults_of(lambda: edited(before, layout, {})) == {
        "content:MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    }
    assert edited(before, {**layout, "content": None}, {}).is_layout


USERS, ROLES = {"1", "2"}, {"7"}


@pytest.mark.parametrize(
    ("content", "allowed", "found"),
    [
        ("<@1> <@!2> <@3>", None, Mentions(users=("1", "2"))),
        ("<@1> <@1>", None, Mentions(users=("1",))),
        ("<@1>", {"parse": []}, Mentions()),
        ("<@1> <@2>", {"users": ["2"]}, Mentions(users=("2",))),
        ("<@1> <@2>", {"users": [2]}, Mentions(users=("2",))),
        ("<@&7> <@&8>", {"parse": ["roles"]}, Mentions(roles=("7",))),
        ("@everyone", None, Mentions(everyone=True)),
        ("@here", {"parse": ["users"]}, Mentions()),
        ("mail@everyonexyz", None, Mentions()),
    ],
)
def test_allowed_mentions_decide_who_is_pinged(
    content: str, allowed: Json | None, found: Mentions
) -> None:
    """A mention counts when it exists and allowed_mentions lets it."""
    assert (
        find_mentions(content, allowed, known_users=USERS, known_roles=ROLES, may_everyone=True)
        == found
    )


def test_replies_ping_unless_told_not_to() -> None:
    """The author of the answered message is pinged by default, but not with other settings."""

    def pinged(allowed: Json | None) -> tuple[str, ...]:
        return find_mentions(
            "", allowed, known_users=USERS, known_roles=ROLES, may_everyone=False, replied_to="1"
        ).users

    assert pinged(None) == ("1",)
    assert pinged({"parse": []}) == ()
    assert pinged({"parse": [], "replied_user": True}) == ("1",)
