"""Numbers that stand for members whose names were taken away, as long as their credits count.

Who deletes their data must not get their used credits back by it, and the database must not
name them any more. So their entries go on counting under a number that only this bot can make
of theirs again, with a key that is not in the database.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

# In rows the member nobody can name any more; Discord's ids never are.
NOBODY = 0
_PURPOSE = b"wan-video-bot: pseudonyms of members, version 1"
_HIGHEST = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Pseudonyms:
    """Makes pseudonyms.

    Attributes:
        key: Secret, and the same in every process of a bot. The empty one protects nobody: the
            few ids that there are could all be tried.
    """

    key: bytes = field(default=b"", repr=False)

    @classmethod
    def keyed_by(cls, secret: str) -> "Pseudonyms":
        """Return those of a secret that has other uses, from which it is kept apart."""
        return cls(key=hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256))

    def of(self, user_id: int) -> int:
        """Return a member's pseudonym: negative, of 63 bits, unlike any id of Discord's."""
        number = int.from_bytes(self._digest(f"member {user_id}")[:8])
        return -1 - number % _HIGHEST

    def both(self, user_id: int) -> tuple[int, int]:
        """Return the numbers under which a member's entries are kept: their own, the pseudonym."""
        return user_id, self.of(user_id)

    def of_request(self, request_id: str) -> str:
        """Return what stands for the provider's id of a request whose job was forgotten."""
        return f"forgotten:{self._digest(f'request {request_id}').hex()}"

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self.key, text.encode(), hashlib.sha256)
