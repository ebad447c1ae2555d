"""What a check of one part found, for the host's doctor and for a server's `setup`."""

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

    def line(self) -> str:
        """Return the finding as one line of text."""
        mark = "ok   " if self.well else "WRONG"
        return f"{mark} {self.part}: {self.words}" + (f" {self.remedy}" if self.remedy else "")
