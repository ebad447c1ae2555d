"""What a check of one part found, for a server's `/video-admin setup`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one part.

    Attributes:
        remedy: What to do; empty when all is well.
    """

    part: str
    well: bool
    words: str
    remedy: str = ""
