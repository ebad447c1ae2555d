"""What a message shows, and Discord's rules for writing and editing it. Pure."""

from dataclasses import dataclass, replace
from enum import IntFlag

from sandbox.discord_api.component_kinds import media_of, walk
from sandbox.discord_api.components import check_message
from sandbox.discord_api.errors import empty_message
from sandbox.discord_api.files import Attachment
from sandbox.discord_api.form import Form
from sandbox.discord_api.wire import Json

MOST_CONTENT = 2000
MOST_EMBEDS = 10
MOST_EMBED_TEXT = 6000
UPLOAD_SCHEME = "attachment://"


class Flag(IntFlag):
    """Message flags."""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


CREATE_FLAGS = Flag.SUPPRESS_EMBEDS | Flag.SUPPRESS_NOTIFICATIONS | Flag.COMPONENTS_V2
EDIT_FLAGS = Flag.SUPPRESS_EMBEDS | Flag.COMPONENTS_V2


@dataclass(frozen=True, kw_only=True)
class MessageBody:
    """The visible part of a message. Components keep `attachment://` references as written."""

    content: str = ""
    embeds: tuple[Json, ...] = ()
    components: tuple[Json, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    flags: int = 0

    @property
    def is_layout(self) -> bool:
        """Whether it is made of Components V2."""
        return bool(self.flags & Flag.COMPONENTS_V2)

    def shown_in_place(self) -> set[str]:
        """Names of attachments that embeds or components show (not listed as attachments)."""
        urls = [media["url"] for part in walk(list(self.components)) for media in media_of(part)]
        for embed in self.embeds:
            urls += [embed[key]["url"] for key in ("image", "thumbnail") if embed.get(key)]
            urls += [embed[key]["icon_url"] for key in ("author", "footer") if _icon(embed, key)]
        return {url.removeprefix(UPLOAD_SCHEME) for url in urls if url.startswith(UPLOAD_SCHEME)}


def _icon(embed: Json, key: str) -> bool:
    return bool((embed.get(key) or {}).get("icon_url"))


def written(
    payload: Json, uploads: dict[str, Attachment], *, path: tuple[str, ...] = ()
) -> MessageBody:
    """A new message's body.

    Args:
        payload: The request's JSON.
        uploads: The files sent with it, by the n of `files[n]`.
        path: Where the payload is in the request, for error messages.

    Raises:
        ApiError: 50035 with every fault found, or 50006 when there is nothing to show.
    """
    return _checked(Form(payload, path=path), MessageBody(), uploads, CREATE_FLAGS, new=True)


def edited(
    before: MessageBody,
    payload: Json,
    uploads: dict[str, Attachment],
    *,
    path: tuple[str, ...] = (),
) -> MessageBody:
    """The body after an edit: fields left out stay, null clears.

    Raises:
        ApiError: As in `written`.
    """
    return _checked(Form(payload, path=path), before, uploads, EDIT_FLAGS, new=False)


def _checked(
    form: Form, before: MessageBody, uploads: dict[str, Attachment], settable: int, *, new: bool
) -> MessageBody:
    flags = before.flags
    if form.data.get("flags") is not None:
        asked = int(form.number("flags", least=0) or 0) & settable
        flags = before.flags & ~settable | asked | before.flags & Flag.COMPONENTS_V2
    layout = bool(flags & Flag.COMPONENTS_V2)
    body = replace(before, flags=flags, attachments=_attachments(form, before, uploads, new=new))
    if "content" in form.data:
        body = replace(body, content=form.text("content", most=MOST_CONTENT) or "")
    if "embeds" in form.data:
        body = replace(body, embeds=tuple(_embeds(form)))
    if "components" in form.data:
        body = replace(body, components=tuple(check_message(form, layout=layout)))
    elif layout and not before.is_layout:
        body = replace(body, components=())
    if form.data.get("allowed_mentions") is not None:
        _check_allowed_mentions(form.child("allowed_mentions"))
    if layout:
        _no_legacy_fields(form, body)
    if not form.errors:
        _references_resolve(form, body)
    form.errors.raise_if_any()
    if not (body.content.strip() or body.embeds or body.components or body.attachments):
        raise empty_message()
    return body


def _check_allowed_mentions(form: Form) -> None:
    parse = form.items("parse", most=3)
    for key in ("users", "roles"):
        if form.items(key, most=100) and key in parse:
            text = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            form.fail((), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)


def _no_legacy_fields(form: Form, body: MessageBody) -> None:
    legacy: Json = {"content": body.content, "embeds": body.embeds}
    legacy |= {key: form.data.get(key) for key in ("poll", "sticker_ids")}
    for key, value in legacy.items():
        if value:
            text = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.fail(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)


def _references_resolve(form: Form, body: MessageBody) -> None:
    names = {attachment.filename for attachment in body.attachments}
    for missing in sorted(body.shown_in_place() - names):
        text = f"The referenced attachment was not found: {missing}"
        key = "components" if body.components else "embeds"
        form.fail(key, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", text)


def _attachments(
    form: Form, before: MessageBody, uploads: dict[str, Attachment], *, new: bool
) -> tuple[Attachment, ...]:
    if form.data.get("attachments") is None:
        return (*before.attachments, *uploads.values())
    kept = {attachment.id: attachment for attachment in before.attachments}
    chosen: dict[str, Attachment] = {}
    for entry in form.forms("attachments", most=10):
        key = str(entry.data.get("id"))
        found = uploads.get(key) or kept.get(key)
        if found is None:
            entry.fail("id", "ATTACHMENT_NOT_FOUND", "This attachment does not exist.")
        else:
            description = entry.text("description", most=1024) or found.description
            chosen[found.id] = replace(found, description=description)
    if new:  # a file without an entry is posted all the same
        for upload in uploads.values():
            chosen.setdefault(upload.id, upload)
    return tuple(chosen.values())


def _embeds(form: Form) -> list[Json]:
    embeds = [_embed(embed) for embed in form.forms("embeds", most=MOST_EMBEDS)]
    if not form.errors and sum(_embed_size(embed) for embed in embeds) > MOST_EMBED_TEXT:
        text = f"Embed size exceeds maximum size of {MOST_EMBED_TEXT}"
        form.fail("embeds", "MAX_EMBED_SIZE_EXCEEDED", text)
    return embeds


def _embed_size(embed: Json) -> int:
    fields = embed.get("fields") or []
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    texts += [field.get(key) for field in fields for key in ("name", "value")]
    return sum(len(text or "") for text in texts)


def _embed(form: Form) -> Json:
    form.text("title", most=256)
    form.text("description", most=4096)
    form.number("color", least=0, most=0xFFFFFF)
    for key, name, most in (("footer", "text", 2048), ("author", "name", 256)):
        if form.data.get(key):
            form.child(key).text(name, least=1, most=most, required=True)
    for field in form.forms("fields", most=25):
        field.text("name", least=1, most=256, required=True, trim=True)
        field.text("value", least=1, most=1024, required=True, trim=True)
    for key in ("image", "thumbnail"):
        if form.data.get(key):
            form.child(key).text("url", least=1, most=2048, required=True)
    return {"type": "rich", **{k: v for k, v in form.data.items() if v is not None}}
