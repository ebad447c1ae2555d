"""Application commands: Discord's rules for registering them (pure) and the registry."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sandbox.discord_api.errors import ApiError, FormErrors, unknown_command
from sandbox.discord_api.form import Form
from sandbox.discord_api.wire import Json, Snowflakes
from sandbox.discord_api.world import Context, Install

NAME = re.compile(r"[-_'\w]{1,32}")
MOST_OPTIONS = MOST_CHOICES = 25
MOST_SIZE = 8000  # characters of names, descriptions and choice values of one command
MOST_COMMANDS = {1: 100, 2: 15, 3: 15}
LOCALES = frozenset(
    (
        *("id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu"),
        *("nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru"),
        *("uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko"),
    )
)


class CommandKind(IntEnum):
    """Command types."""

    CHAT_INPUT = 1
    USER = 2
    MESSAGE = 3


class OptionKind(IntEnum):
    """Option types."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


WITH_CHOICES = {OptionKind.STRING, OptionKind.INTEGER, OptionKind.NUMBER}
PLAIN = set(OptionKind) - {OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP}


def checked_command(
    data: Any, *, errors: FormErrors | None = None, index: int | None = None
) -> Json:
    """The command of a registration request, with Discord's defaults filled in.

    Args:
        data: The request's JSON object.
        errors: Where to record faults; without it they are raised.
        index: The command's place in a bulk request.

    Raises:
        ApiError: 50035 with every fault (only without `errors`).
    """
    form = Form(data, errors=errors, path=() if index is None else (index,))
    kind = int(form.choice("type", list(CommandKind)) or CommandKind.CHAT_INPUT)
    chat_input = kind == CommandKind.CHAT_INPUT
    permissions = form.number("default_member_permissions", least=0, most=(1 << 54) - 1)
    contexts = _numbers(form, "contexts", (0, 1, 2))
    if contexts is None and form.data.get("dm_permission") is False:
        contexts = [0]
    command: Json = {
        "type": kind,
        "name": _name(form, lower=chat_input),
        "name_localizations": _localizations(form, "name_localizations", 32, lower=chat_input),
        "description": _description(form) if chat_input else "",
        "description_localizations": _localizations(form, "description_localizations", 100),
        "default_member_permissions": None if permissions is None else str(permissions),
        "dm_permission": contexts is None or 1 in contexts,
        "contexts": contexts,
        "integration_types": _numbers(form, "integration_types", (0, 1)) or [0],
        "nsfw": form.flag("nsfw"),
    }
    if not chat_input:
        for key in ("description", "options"):
            if form.data.get(key):
                text = f"Context menu commands cannot have {key}"
                form.fail(key, f"APPLICATION_COMMAND_{key.upper()}_INVALID", text)
    elif form.data.get("options"):
        command["options"] = _options(form, set(OptionKind))
    if _size(command) > MOST_SIZE:
        text = f"Command exceeds maximum size ({MOST_SIZE})"
        form.fail((), "APPLICATION_COMMAND_TOO_LARGE", text)
    if errors is None:
        form.errors.raise_if_any()
    return command


def _name(form: Form, *, lower: bool) -> str:
    name = form.text("name", least=1, most=32, required=True)
    if lower and name and (not NAME.fullmatch(name) or name != name.lower()):
        form.fail("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name or ""


def _description(form: Form) -> str:
    return form.text("description", least=1, most=100, required=True, trim=True) or ""


def _numbers(form: Form, key: str, allowed: tuple[int, ...]) -> list[int] | None:
    if form.data.get(key) is None:
        return None
    numbers = form.items(key, least=1, most=len(allowed))
    if any(type(number) is not int or number not in allowed for number in numbers):
        known = ", ".join(map(str, allowed))
        form.fail(key, "BASE_TYPE_CHOICES", f"Value must be one of {{{known}}}.")
        return None
    if len(set(numbers)) != len(numbers):
        form.fail(key, "SET_TYPE_CONTAINS_DUPLICATES", "Set type contains duplicates")
    return numbers


def _localizations(form: Form, key: str, most: int, *, lower: bool = False) -> Json | None:
    if form.data.get(key) is None:
        return None
    texts = form.child(key)
    for locale in texts.data:
        if locale not in LOCALES:
            texts.fail(locale, "BASE_TYPE_CHOICES", "Value must be a locale that Discord knows.")
        value = texts.text(locale, least=1, most=most)
        if lower and value and value != value.lower():
            texts.fail(locale, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return texts.data


def checked_locale(form: Form) -> str:
    """The `locale` of a form.

    Raises:
        ApiError: 50035, Discord knows no such locale.
    """
    locale = form.text("locale", most=10, required=True) or ""
    if locale not in LOCALES:
        form.fail("locale", "BASE_TYPE_CHOICES", "Value must be a locale that Discord knows.")
    form.errors.raise_if_any()
    return locale


def _options(form: Form, allowed: set[OptionKind]) -> list[Json]:
    options = [_option(option, allowed) for option in form.forms("options", most=MOST_OPTIONS)]
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        text = "Required options must be placed before non-required options"
        form.fail("options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
    names = [option["name"] for option in options]
    if len(names) != len(set(names)):
        text = "Option names must be unique"
        form.fail("options", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", text)
    grouped = [option["type"] not in PLAIN for option in options]
    if any(grouped) and not all(grouped):
        text = "Sub-command and sub-command group option types are mutually exclusive to all "
        form.fail("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text + "other types")
    return options


def _option(form: Form, allowed: set[OptionKind]) -> Json:
    kind = int(form.choice("type", allowed, required=True) or OptionKind.STRING)
    option: Json = {
        "type": kind,
        "name": _name(form, lower=True),
        "name_localizations": _localizations(form, "name_localizations", 32, lower=True),
        "description": _description(form),
        "description_localizations": _localizations(form, "description_localizations", 100),
    }
    if kind == OptionKind.SUB_COMMAND:
        option["options"] = _options(form, PLAIN)
    elif kind == OptionKind.SUB_COMMAND_GROUP:
        option["options"] = _options(form, {OptionKind.SUB_COMMAND})
    else:
        option |= {"required": form.flag("required") or None, **_limits(form, OptionKind(kind))}
    return {key: value for key, value in option.items() if value is not None}


def _limits(form: Form, kind: OptionKind) -> Json:
    limits: Json = {"autocomplete": form.flag("autocomplete") or None}
    if form.data.get("choices"):
        limits["choices"] = _choices(form, kind)
        if limits["autocomplete"]:
            text = "Autocomplete cannot be used with choices"
            form.fail("autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", text)
    if limits["autocomplete"] and kind not in WITH_CHOICES:
        text = "This option type cannot have autocomplete"
        form.fail("autocomplete", "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID", text)
    if kind in (OptionKind.INTEGER, OptionKind.NUMBER):
        whole = kind is OptionKind.INTEGER
        edge = 2**53
        for key in ("min_value", "max_value"):
            limits[key] = form.number(key, least=-edge, most=edge, whole=whole)
        low, high = limits["min_value"], limits["max_value"]
    elif kind is OptionKind.STRING:
        limits["min_length"] = form.number("min_length", least=0, most=6000)
        limits["max_length"] = form.number("max_length", least=1, most=6000)
        low, high = limits["min_length"], limits["max_length"]
    else:
        low = high = None
    if low is not None and high is not None and low > high:
        text = "The minimum may not exceed the maximum"
        form.fail((), "APPLICATION_COMMAND_OPTION_RANGE_INVALID", text)
    if kind is OptionKind.CHANNEL and form.data.get("channel_types"):
        limits["channel_types"] = form.items("channel_types", most=20)
    return limits


def _choices(form: Form, kind: OptionKind) -> list[Json]:
    if kind not in WITH_CHOICES:
        text = "This option type cannot have choices"
        form.fail("choices", "APPLICATION_COMMAND_OPTION_CHOICES_INVALID", text)
        return []
    choices = []
    for choice in form.forms("choices", most=MOST_CHOICES):
        value: Any
        if kind is OptionKind.STRING:
            value = choice.text("value", most=100, required=True)
        else:
            value = choice.number("value", whole=kind is OptionKind.INTEGER, required=True)
        localized = _localizations(choice, "name_localizations", 100)
        name = choice.text("name", least=1, most=100, required=True)
        choices.append({"name": name, "value": value, "name_localizations": localized})
    names = [choice["name"] for choice in choices]
    if len(names) != len(set(names)):
        text = "The specified choice name is already used"
        form.fail("choices", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", text)
    return choices


def _size(node: Json) -> int:
    own = sum(_longest(node, key) for key in ("name", "description"))
    own += sum(
        len(str(choice.get("value"))) + _longest(choice, "name")
        for choice in node.get("choices", ())
    )
    return own + sum(_size(option) for option in node.get("options", ()))


def _longest(node: Json, key: str) -> int:
    """How long a text is in the language where it is longest: only that one counts."""
    texts = [node.get(key) or "", *(node.get(f"{key}_localizations") or {}).values()]
    return max(len(str(text)) for text in texts)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where commands are registered: everywhere, or in one guild."""

    guild_id: str | None = None


class CommandRegistry:
    """The registered commands."""

    def __init__(self, application_id: str, ids: Snowflakes) -> None:
        self._application_id = application_id
        self._ids = ids
        self._commands: dict[Scope, dict[tuple[int, str], Json]] = {}

    def all(self, scope: Scope) -> list[Json]:
        """The commands of one scope."""
        return list(self._commands.get(scope, {}).values())

    def get(self, scope: Scope, command_id: str) -> Json:
        """One command.

        Raises:
            ApiError: 10063 when there is none.
        """
        found = next((c for c in self.all(scope) if c["id"] == command_id), None)
        if found is None:
            raise unknown_command()
        return found

    def usable(
        self, context: Context, installs: Container[int], guild_id: str | None
    ) -> Iterator[Json]:
        """The commands offered in a place, for these installs; a guild's own ones with them."""
        for command in self.all(Scope()):
            there = command["contexts"] is None or context in command["contexts"]
            if there and any(kind in installs for kind in command["integration_types"]):
                yield command
        if guild_id and Install.GUILD in installs:
            yield from self.all(Scope(guild_id=guild_id))

    def put(self, scope: Scope, command: Json) -> tuple[Json, bool]:
        """Creates or overwrites the command of that type and name; whether it is new.

        Raises:
            ApiError: 30032 when the scope is full.
        """
        commands = self._commands.setdefault(scope, {})
        key = (command["type"], command["name"])
        old = commands.get(key)
        same_kind = sum(1 for kind, _name in commands if kind == command["type"])
        most = MOST_COMMANDS[command["type"]]
        if old is None and same_kind >= most:
            text = f"Maximum number of application commands reached ({most})"
            raise ApiError(400, 30032, text)
        commands[key] = self._registered(scope, command, old)
        return commands[key], old is None

    def replace(self, scope: Scope, command_id: str, command: Json) -> Json:
        """Overwrites a command by id, which may change its name."""
        old = self.get(scope, command_id)
        commands = self._commands[scope]
        del commands[old["type"], old["name"]]
        new = self._registered(scope, command, old)
        commands[new["type"], new["name"]] = new
        return new

    def put_all(self, scope: Scope, wanted: list[Json]) -> list[Json]:
        """Replaces all commands of a scope; a command that keeps type and name keeps its id."""
        old = self._commands.pop(scope, {})
        try:
            self._commands[scope] = {}
            for command in wanted:
                self.put(scope, command)
        except ApiError:
            self._commands[scope] = old
            raise
        new = self._commands[scope]
        for key in new.keys() & old.keys():
            new[key] = self._registered(scope, new[key], old[key])
        return self.all(scope)

    def remove(self, scope: Scope, command_id: str) -> None:
        """Deletes a command."""
        command = self.get(scope, command_id)
        del self._commands[scope][command["type"], command["name"]]

    def _registered(self, scope: Scope, command: Json, old: Json | None) -> Json:
        """The command with its id, and a new version when something changed."""
        stamp = {"id", "version", "application_id", "guild_id"}
        plain = {key: value for key, value in command.items() if key not in stamp}
        if old is not None and plain == {k: v for k, v in old.items() if k not in stamp}:
            return old
        extra: Json = {"guild_id": scope.guild_id} if scope.guild_id else {}
        fresh = self._ids.new()
        return {
            "id": old["id"] if old else fresh,
            "application_id": self._application_id,
            "version": fresh,
            **extra,
            **plain,
        }
