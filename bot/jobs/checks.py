"""Checks of what moderators give, each with one sentence for them."""

from bot.errors import BadInputError

REASON_CHARS = 300


def check_range(name: str, value: int, *, least: int, most: int) -> None:
    """Refuse a number that is out of range.

    Raises:
        BadInputError: with the range.
    """
    if not least <= value <= most:
        raise BadInputError(f"`{name}` must be a whole number from {least:,} to {most:,}.")


def checked_reason(text: str) -> str:
    """Return the reason on one line.

    Raises:
        BadInputError: there is none, or it is too long.
    """
    reason = " ".join(text.split())
    if not reason:
        raise BadInputError("Give a reason; it is shown to whoever asks why.")
    if len(reason) > REASON_CHARS:
        raise BadInputError(
            f"The reason is {len(reason):,} characters long; {REASON_CHARS} are the most."
        )
    return reason
