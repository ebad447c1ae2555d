"""Who a message pings. Pure."""

import re
from dataclasses import dataclass

from sandbox.discord_api.wire import Json

USER = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """The ids a message pings."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False


def find_mentions(
    text: str,
    allowed: Json | None,
    *,
    known_users: set[str],
    known_roles: set[str],
    may_everyone: bool,
    replied_to: str | None = None,
) -> Mentions:
    """The pings of a text under `allowed_mentions` (None: everything is allowed).

    Args:
        text: All the text of the message.
        allowed: The request's `allowed_mentions`.
        known_users: Users that can be mentioned there.
        known_roles: Roles of the guild.
        may_everyone: Whether the author may ping everyone.
        replied_to: The author of the message that this one answers.
    """
    users = [found for found in USER.findall(text) if found in known_users]
    roles = [found for found in ROLE.findall(text) if found in known_roles]
    everyone = may_everyone and bool(EVERYONE.search(text))
    ping_replied = True
    if allowed is not None:
        parse = allowed.get("parse") or []
        listed = {str(user) for user in allowed.get("users") or []}
        users = [user for user in users if "users" in parse or user in listed]
        listed = {str(role) for role in allowed.get("roles") or []}
        roles = [role for role in roles if "roles" in parse or role in listed]
        everyone = everyone and "everyone" in parse
        ping_replied = bool(allowed.get("replied_user", False))
    if replied_to is not None and ping_replied:
        users.append(replied_to)
    return Mentions(
        users=tuple(dict.fromkeys(users)), roles=tuple(dict.fromkeys(roles)), everyone=everyone
    )
