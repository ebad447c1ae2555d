"""How long the files that a member attached can be fetched: Discord signs their addresses."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from bot.job import NewJob

# https://docs.discord.com/developers/reference#signed-attachment-cdn-urls: seconds since 1970
# in hexadecimal, about a day from when the command came.
_EXPIRY = re.compile(r"[0-9a-fA-F]{1,9}")
_FILES = ("image", "audio")


def usable_until(job: NewJob) -> datetime | None:
    """Return when the first of the job's files is gone; None when no address says so."""
    ends = [end for name in _FILES if (end := end_of(str(job.parameters.get(name) or "")))]
    return min(ends, default=None)


def end_of(url: str) -> datetime | None:
    """Return when one of Discord's signed addresses stops working; None for any other."""
    signed = parse_qs(urlsplit(url).query)
    if not {"ex", "is", "hm"} <= signed.keys() or not _EXPIRY.fullmatch(signed["ex"][0]):
        return None
    return datetime.fromtimestamp(int(signed["ex"][0], 16), UTC)
