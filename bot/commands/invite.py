"""`python -m bot invite`: the link by which a server invites the bot, with what it needs."""

import argparse
import asyncio
import json
from typing import Any

from bot.discord_ui.permissions import NEEDED, SCOPES, invite_link, user_install_link
from bot.doctoring import Application, DiscordRest, permission_name
from bot.errors import BotError, TransientError
from bot.segmind import make_session
from bot.settings import Settings, load_settings


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Print the link that invites the bot to a server, with exactly the permissions that it "
        "needs. Asks Discord which application the token is of."
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=_invite)


def _invite(options: argparse.Namespace) -> int:
    settings = load_settings()
    application = asyncio.run(_application(settings))
    if options.json:
        print(json.dumps(_facts(application, settings), indent=2, ensure_ascii=False))
    else:
        _print(application, settings)
    return 0


async def _application(settings: Settings) -> Application:
    async with make_session() as session:
        try:
            return await DiscordRest(session, settings).application()
        except TransientError as error:
            raise BotError(
                f"Discord cannot be reached ({error.detail}). Check the network, then try again."
            ) from error


def _print(application: Application, settings: Settings) -> None:
    who = "Anybody who manages a server" if application.anybody_invites else "Only you, its owner,"
    print(f"{who} can invite {application.name} with this link:")
    print(invite_link(application.id))
    print(f"It asks for {', '.join(_names())} ({NEEDED.value}).")
    if not settings.user_installs:
        return
    print("USER_INSTALLS is set: with this link people install it for themselves, and take it")
    print("to servers and conversations where it is not a member:")
    print(user_install_link(application.id))
    if not application.takes_users:
        print(
            "That is not allowed yet. Discord's developer portal, Installation page: User Install."
        )


def _names() -> list[str]:
    return [permission_name(name) for name, needed in NEEDED if needed]


def _facts(application: Application, settings: Settings) -> dict[str, Any]:
    return {
        "application_id": str(application.id),
        "invite": invite_link(application.id),
        "scopes": [*SCOPES],
        "permissions": str(NEEDED.value),
        "permission_names": _names(),
        "anybody_invites": application.anybody_invites,
        "user_install": user_install_link(application.id) if settings.user_installs else None,
        "takes_users": application.takes_users,
    }
