"""Finding videos again: whose, which, and a page of what was found. Pure values."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.errors import BadInputError
from bot.i18n import gettext
from bot.job import Job

PAGE_LENGTH = 5
# The newest of a member or a channel: older ones are not looked at, so that no search is long.
SEARCHED = 10_000
# Words travel in the ids of buttons, which have 100 characters.
WORDS_CHARS = 40
# Turn the direction of the text around them, and cannot be seen.
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


@dataclass(frozen=True, kw_only=True)
class OfMember:
    """A member's own videos; with `guild_id` None everywhere, in direct messages too."""

    user_id: int
    guild_id: int | None


@dataclass(frozen=True, kw_only=True)
class OfChannel:
    """All members' videos that were asked for in a channel or thread."""

    guild_id: int
    channel_id: int


Whose = OfMember | OfChannel


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for, and how far it was leafed through.

    Attributes:
        model: Only videos of this model, by its slug; None for all.
        words: Only those whose prompts have all of these words, in whatever case and order.
        everything: Also jobs without a video: on their way, failed, cancelled, removed.
        at: The page next to this job's id; None for the newest.
        newer: Whether that is the page with newer ones, not with older ones.
    """

    model: str | None = None
    words: str = ""
    everything: bool = False
    at: int | None = None
    newer: bool = False


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """Some of the jobs that were found, newest first.

    Attributes:
        jobs: At most `PAGE_LENGTH`.
        thumbnails: WebP pictures by job id, for those that have one.
        hits: How many were found in all.
        first: The place of the first of `jobs` among them, from 1; 0 when there is none.
        cut: Whether there are older jobs than the `SEARCHED` ones that were looked at.
    """

    jobs: tuple[Job, ...] = ()
    thumbnails: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    hits: int = 0
    first: int = 0
    cut: bool = False

    @property
    def last(self) -> int:
        """The place of the last of `jobs`; 0 when there is none."""
        return max(0, self.first + len(self.jobs) - 1)

    @property
    def has_newer(self) -> bool:
        """Whether there is a page before this one."""
        return self.first > 1

    @property
    def has_older(self) -> bool:
        """Whether there is a page after this one."""
        return self.last < self.hits


def search_words(typed: str) -> str:
    """Return words to look for, with single spaces between them.

    Raises:
        BadInputError: they are too long.
    """
    words = plain_words(typed)
    if _units(words) > WORDS_CHARS:
        raise BadInputError(
            gettext(
                "The words to look for may have {most} characters together. Leave some out: "
                "one or two that are rare find the most."
            ).format(most=WORDS_CHARS)
        )
    return words


def plain_words(text: str) -> str:
    """Return the words with single spaces between them, without what nobody can look for."""
    return " ".join("".join(one for one in text if _is_plain(one)).split())


def _is_plain(character: str) -> bool:
    if unicodedata.bidirectional(character) in _TURNING:
        return False
    return character.isspace() or unicodedata.category(character) not in {"Cc", "Cs"}


def _units(text: str) -> int:
    """Return the length in UTF-16 units, the larger count: Discord must take the ids."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
