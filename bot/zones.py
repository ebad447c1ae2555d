"""The check of a time zone's name that settings and policies share."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.i18n import N_


def checked_zone(name: str) -> str:
    """Return the name.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder's name
        raise ValueError(N_("must be a time zone such as Europe/Berlin or UTC")) from error
    return name
