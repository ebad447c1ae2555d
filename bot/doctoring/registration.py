"""Checks the slash commands: what Discord has against what this version would register."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from bot.client import SYNCED_FILE, VideoBot
from bot.doctoring.apart import apart
from bot.doctoring.diagnosis import Diagnosis, hint, well, wrong
from bot.doctoring.discord_account import DiscordAccount
from bot.settings import Settings

_CHAT_INPUT = 1
_TEXTS_BY_LOCALE = ("name_localizations", "description_localizations")
# What a command is to members; all else (ids, versions, older names of the same) is Discord's.
_MEANT = frozenset(
    {
        "autocomplete",
        "channel_types",
        "choices",
        "contexts",
        "default_member_permissions",
        "description",
        "integration_types",
        "max_length",
        "max_value",
        "min_length",
        "min_value",
        "name",
        "nsfw",
        "options",
        "required",
        "type",
        "value",
        *_TEXTS_BY_LOCALE,
    }
)

Command = Mapping[str, Any]


async def check_commands(account: DiscordAccount, settings: Settings) -> Diagnosis:
    """Compare the commands.

    Raises:
        NotCheckedError: Discord cannot be asked.
    """
    application = await account.application()
    registered = await account.rest.get(
        f"/applications/{application.id}/commands", with_localizations="true"
    )
    # Some hundred milliseconds of work, which would make every other answer seem late.
    wanted = await asyncio.wrap_future(apart(lambda: asyncio.run(wanted_commands(settings))))
    return of_commands(registered, wanted, known_file=settings.data_dir / SYNCED_FILE)


async def wanted_commands(settings: Settings) -> list[Command]:
    """Return what this version would register; connects to nothing."""
    bot = VideoBot(
        start_services=_never, data_dir=settings.data_dir, user_installs=settings.user_installs
    )
    async with bot:
        await bot.load_commands()
        return [*await bot.payload()]


async def _never(_client: VideoBot) -> NoReturn:
    raise RuntimeError("the doctor starts no bot")


def of_commands(
    registered: Sequence[Command], wanted: Sequence[Command], *, known_file: Path
) -> Diagnosis:
    """Judge what is registered.

    Args:
        registered: What Discord has.
        wanted: What this version would register.
        known_file: Where the bot remembers that it has registered commands.
    """
    there, needed = _by_name(registered), _by_name(wanted)
    figures = {"registered": len(there), "wanted": len(needed)}
    if not there and not known_file.exists():
        return hint(
            "commands",
            "none is registered yet.",
            "Start the bot, which registers them.",
            **figures,
        )
    missing = sorted(name for _, name in needed.keys() - there.keys())
    stale = sorted(name for _, name in there.keys() - needed.keys())
    changed = sorted(
        key[1] for key in there.keys() & needed.keys() if _plain(there[key]) != _plain(needed[key])
    )
    kinds = {"missing": missing, "not of this version": stale, "changed": changed}
    words = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names)
    if words:
        return wrong(
            "commands",
            f"{words}.",
            f"Remove {known_file} (of the process with shard 0) and start the bot again, which "
            "registers them anew.",
            **figures,
        )
    return well("commands", f"{len(there)} are registered, as this version wants", **figures)


def _by_name(commands: Sequence[Command]) -> dict[tuple[int, str], Command]:
    return {(one.get("type", _CHAT_INPUT), one["name"]): one for one in commands}


def _plain(node: Any) -> Any:
    """Return what a command means, without what is Discord's or says no more than its absence."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    plain = {}
    for name in _MEANT & node.keys():
        value = node[name]
        if name != "value" and (value is None or value is False or value in ("", [], {})):
            continue
        plain[name] = _plain_value(name, value)
    return plain


def _plain_value(name: str, value: Any) -> Any:
    if name in _TEXTS_BY_LOCALE:
        return {locale: text for locale, text in value.items() if text is not None}
    if name in {"contexts", "integration_types", "channel_types"}:
        return sorted(value)
    # Discord writes it as a string.
    return str(value) if name == "default_member_permissions" else _plain(value)
