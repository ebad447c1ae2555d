"""Checks of what moderators give, each with one sentence for them."""

from bot.errors import BadInputError
from bot.i18n import gettext, number_text
from bot.words import option_name

REASON_CHARS = 300


def check_range(name: str, value: int, *, least: int, most: int) -> None:
    """Refuse a number that is out of range.

    Raises:
        BadInputError: with the range.
    """
    if not least <= value <= most:
        raise BadInputError(
            gettext("`{option}` must be a whole number from {least} to {most}.").format(
                option=option_name(name), least=number_text(least), most=number_text(most)
            )
        )


def checked_reason(text: str) -> str:
    """Return the reason on one line.

    Raises:
        BadInputError: there is none, or it is too long.
    """
    reason = " ".join(text.split())
    if not reason:
        raise BadInputError(gettext("Give a reason; it is shown to whoever asks why."))
    if len(reason) > REASON_CHARS:
        raise BadInputError(
            gettext("The reason is {n} characters long; {most} are the most.").format(
                n=number_text(len(reason)), most=number_text(REASON_CHARS)
            )
        )
    return reason
