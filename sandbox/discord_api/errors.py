"""Discord's errors: HTTP status, JSON code, message and, for forms, where it went wrong."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from sandbox.discord_api.wire import Json

Path: TypeAlias = tuple[str | int, ...]

INVALID_FORM_BODY = 50035


class ApiError(Exception):
    """An answer that is an error.

    Attributes:
        status: The HTTP status.
        code: Discord's JSON error code, 0 when it has none.
        message: Discord's words.
        errors: For code 50035, the tree of fields with their `_errors`.
        headers: Extra response headers.
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        extra: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message} {errors or ''}".rstrip())
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.extra = extra or {}
        self.headers = dict(headers or {})

    @property
    def body(self) -> Json:
        """The JSON body of the answer."""
        body: Json = {"message": self.message, "code": self.code, **self.extra}
        if self.errors:
            body["errors"] = self.errors
        return body


class FormErrors:
    """Collects the faults of one request body and raises them together, as Discord does."""

    def __init__(self) -> None:
        self._tree: Json = {}

    def __bool__(self) -> bool:
        return bool(self._tree)

    def add(self, path: Iterable[str | int], code: str, message: str) -> None:
        """Records one fault of the field at `path`."""
        node = self._tree
        for part in path:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def raise_if_any(self) -> None:
        """Raises ApiError 50035 when a fault was recorded."""
        if self._tree:
            raise ApiError(400, INVALID_FORM_BODY, "Invalid Form Body", errors=self._tree)


def form_error(path: Iterable[str | int], code: str, message: str) -> ApiError:
    """A 50035 with a single fault."""
    form = FormErrors()
    form.add(path, code, message)
    return ApiError(400, INVALID_FORM_BODY, "Invalid Form Body", errors=form._tree)  # noqa: SLF001 - own class, same module


def unauthorized() -> ApiError:
    """No or a wrong token."""
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    """No such route."""
    return ApiError(404, 0, "404: Not Found")


def unknown_channel() -> ApiError:
    """No such channel, or deleted."""
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    """No such guild for this caller."""
    return ApiError(404, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    """The user is not in the guild."""
    return ApiError(404, 10007, "Unknown Member")


def unknown_message() -> ApiError:
    """No such message, deleted, or ephemeral and asked for outside its interaction."""
    return ApiError(404, 10008, "Unknown Message")


def unknown_role() -> ApiError:
    """No such role in the guild."""
    return ApiError(404, 10011, "Unknown Role")


def unknown_user() -> ApiError:
    """No such user."""
    return ApiError(404, 10013, "Unknown User")


def unknown_webhook() -> ApiError:
    """No such webhook, or its interaction has not been answered yet."""
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    """No such interaction, or its three seconds are over."""
    return ApiError(404, 10062, "Unknown interaction")


def unknown_command() -> ApiError:
    """No such application command."""
    return ApiError(404, 10063, "Unknown application command")


def unknown_permissions() -> ApiError:
    """Nobody set permissions for that command."""
    return ApiError(404, 10066, "Unknown application command permissions")


def upload_too_large() -> ApiError:
    """A file above the upload limit of the place."""
    return ApiError(413, 40005, "Request entity too large")


def already_acknowledged() -> ApiError:
    """A second answer to one interaction."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def missing_access() -> ApiError:
    """The caller cannot see the place."""
    return ApiError(403, 50001, "Missing Access")


def foreign_message() -> ApiError:
    """Editing what someone else wrote."""
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    """Nothing to show."""
    return ApiError(400, 50006, "Cannot send an empty message")


def too_many_follow_ups() -> ApiError:
    """More follow-up messages than an application may send where it has no bot."""
    text = "This interaction has reached the maximum number of follow-up messages"
    return ApiError(400, 40094, text)


def non_text_channel() -> ApiError:
    """A channel in which nobody writes, such as a forum."""
    return ApiError(400, 50008, "Cannot send messages in a non-text channel")


def dms_closed() -> ApiError:
    """The user takes no direct messages."""
    return ApiError(403, 50007, "Cannot send messages to this user")


def archived_thread() -> ApiError:
    """An archived thread's messages stay as they are until somebody writes there."""
    return ApiError(400, 50083, "Thread is archived")


def locked_thread() -> ApiError:
    """Only moderators write in a locked thread."""
    return ApiError(403, 160005, "Thread is locked")


def missing_permissions() -> ApiError:
    """The caller sees the place but may not do this."""
    return ApiError(403, 50013, "Missing Permissions")


def wrong_channel_type() -> ApiError:
    """This cannot be done in a channel of this kind."""
    return ApiError(400, 50024, "Cannot execute action on this channel type")


def thread_exists() -> ApiError:
    """A message can begin only one thread."""
    return ApiError(400, 160004, "A thread has already been created for this message")


def invalid_webhook_token() -> ApiError:
    """The interaction's fifteen minutes are over, or the token is wrong."""
    return ApiError(401, 50027, "Invalid Webhook Token")


def invalid_json() -> ApiError:
    """The body is not JSON."""
    return ApiError(400, 50109, "The request body contains invalid JSON.")
