"""Discord's JSON of a message."""

from sandbox.discord_api.component_kinds import Kind
from sandbox.discord_api.files import Attachment, FileStore
from sandbox.discord_api.message_body import UPLOAD_SCHEME, Flag, MessageBody
from sandbox.discord_api.rendering import channel_json, user_json
from sandbox.discord_api.store import MessageStore, StoredMessage
from sandbox.discord_api.wire import Json, iso_time
from sandbox.discord_api.world import World


def body_json(files: FileStore, body: MessageBody) -> Json:
    """The visible part, with `attachment://` references turned into addresses."""
    by_name = {attachment.filename: attachment for attachment in body.attachments}
    in_place = body.shown_in_place()
    return {
        "content": body.content,
        "embeds": [_embed(files, by_name, embed) for embed in body.embeds],
        "components": [_component(files, by_name, part) for part in body.components],
        "attachments": [files.json(a) for a in body.attachments if a.filename not in in_place],
    }


def _media(files: FileStore, by_name: dict[str, Attachment], url: str) -> Json:
    if url.startswith(UPLOAD_SCHEME):
        return files.media_json(by_name[url.removeprefix(UPLOAD_SCHEME)])
    return {
        "id": "0",
        "url": url,
        "proxy_url": url,
        "width": None,
        "height": None,
        "content_type": None,
        "loading_state": 2,
        "flags": 0,
    }


def _component(files: FileStore, by_name: dict[str, Attachment], component: Json) -> Json:
    shown = {key: value for key, value in component.items() if value is not None}
    if "components" in shown:
        shown["components"] = [_component(files, by_name, c) for c in shown["components"]]
    if "accessory" in shown:
        shown["accessory"] = _component(files, by_name, shown["accessory"])
    if "options" in shown:
        options = shown["options"]
        shown["options"] = [{k: v for k, v in o.items() if v is not None} for o in options]
    match shown["type"]:
        case Kind.THUMBNAIL:
            shown |= {"media": _media(files, by_name, shown["media"]["url"])}
            shown.setdefault("description", None)
        case Kind.MEDIA_GALLERY:
            shown["items"] = [
                item | {"media": _media(files, by_name, item["media"]["url"])}
                for item in shown["items"]
            ]
        case Kind.FILE:
            attachment = by_name[shown["file"]["url"].removeprefix(UPLOAD_SCHEME)]
            shown |= {"file": files.media_json(attachment)}
            shown |= {"name": attachment.filename, "size": attachment.size_bytes}
    return shown


def _embed(files: FileStore, by_name: dict[str, Attachment], embed: Json) -> Json:
    shown = dict(embed)
    for key, field in (
        ("image", "url"),
        ("thumbnail", "url"),
        ("author", "icon_url"),
        ("footer", "icon_url"),
    ):
        url = (shown.get(key) or {}).get(field) or ""
        if url.startswith(UPLOAD_SCHEME):
            attachment = by_name[url.removeprefix(UPLOAD_SCHEME)]
            address = files.url(attachment)
            sizes = {"width": attachment.width, "height": attachment.height}
            shown[key] = shown[key] | {field: address, f"proxy_{field}": address}
            shown[key] |= sizes if field == "url" else {}
    return shown


def message_json(
    world: World,
    files: FileStore,
    store: MessageStore,
    message: StoredMessage,
    *,
    nested: bool = False,
) -> Json:
    """The message object; with `nested` without the message it answers."""
    users = [world.users[user_id] for user_id in message.mentions.users]
    body: Json = {
        "id": message.id,
        "type": message.type,
        "channel_id": message.channel_id,
        "author": user_json(world.users[message.author_id]),
        **body_json(files, message.body),
        "timestamp": iso_time(message.created_s),
        "edited_timestamp": None if message.edited_s is None else iso_time(message.edited_s),
        "flags": message.flags,
        "mentions": [user_json(user) for user in users],
        "mention_roles": list(message.mentions.roles),
        "mention_everyone": message.mentions.everyone,
        "pinned": False,
        "tts": False,
    }
    if message.nonce is not None:
        body["nonce"] = message.nonce
    if message.origin is not None:
        body |= _origin(world, message)
    if message.reply_to is not None or message.refers_to is not None:
        body |= _reference(world, files, store, message, nested=nested)
    thread = world.channel(message.id)  # a thread about a message has its id
    if thread is not None:
        body |= {"flags": message.flags | Flag.HAS_THREAD, "thread": channel_json(world, thread)}
    return body


def _origin(world: World, message: StoredMessage) -> Json:
    origin = message.origin or {}
    fields: Json = {
        "interaction_metadata": origin,
        "webhook_id": world.application.id,
        "application_id": world.application.id,
    }
    if message.origin_name is not None:
        keys = ("id", "type", "user")
        fields["interaction"] = {k: origin[k] for k in keys} | {"name": message.origin_name}
    return fields


def _reference(
    world: World, files: FileStore, store: MessageStore, message: StoredMessage, *, nested: bool
) -> Json:
    place = message.refers_to or message.channel_id
    channel = world.channel(place)
    reference: Json = {"type": 0, "channel_id": place}
    if message.reply_to is not None:
        reference["message_id"] = message.reply_to
    if channel is not None and channel.guild_id:
        reference["guild_id"] = channel.guild_id
    if nested or message.reply_to is None:
        return {"message_reference": reference}
    target = store.get(place, message.reply_to)
    shown = message_json(world, files, store, target, nested=True) if target else None
    return {"message_reference": reference, "referenced_message": shown}
