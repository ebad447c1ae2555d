"""Ids in what a client sends: its word, and perhaps no id at all. Pure."""

# Discord's ids, and the database's integers, are no larger.
GREATEST_ID = 2**63 - 1


def id_of(text: str) -> int | None:
    """Return the id that a text is, with nothing but spaces around it; None when it is none."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    # Counted first: a number of very many digits takes long to be read, or cannot be.
    found = int(digits) if len(digits) <= len(str(GREATEST_ID)) else None
    return found if found is not None and found <= GREATEST_ID else None
