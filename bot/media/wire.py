"""Messages between the bot and the processes that decode files: a head in JSON, then bytes.

Never pickle: whoever answers may have been taken over by the file that it looked at.
"""

import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from bot.errors import MediaError

# What a process says when it is there, before anything.
STARTED = b"+"
# The longest answer is a rewritten picture; the longest question a member's whole file.
MESSAGE_MAX_BYTES = 64_000_000
_HEAD_MAX_BYTES = 100_000
_SIZES = struct.Struct("!II")


class BrokenAnswerError(MediaError):
    """The other end is gone, too slow, or says what makes no sense."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A question or an answer.

    Attributes:
        head: What JSON can hold.
        data: The bytes of a file.
    """

    head: dict[str, Any]
    data: bytes = field(default=b"", repr=False)


class Link:
    """One end of a connection that carries one question and its answer.

    Args:
        end: A connected socket; the link does not close it.
        time_limit_s: For everything together, from now on.
    """

    def __init__(self, end: socket.socket, *, time_limit_s: float) -> None:
        self._end = end
        self._deadline_s = time.monotonic() + time_limit_s

    def send(self, message: Message) -> None:
        """Send; raises BrokenAnswerError."""
        head = json.dumps(message.head).encode()
        try:
            self._end.settimeout(self._left_s())
            self._end.sendall(_SIZES.pack(len(head), len(message.data)) + head)
            if message.data:  # to send nothing is an error when the other has answered and gone
                self._end.sendall(message.data)
        except OSError as error:
            raise BrokenAnswerError(f"not heard out: {error}") from error

    def receive(self) -> Message:
        """Return the next message; raises BrokenAnswerError."""
        head_bytes, data_bytes = _SIZES.unpack(self.receive_bytes(_SIZES.size))
        if head_bytes > _HEAD_MAX_BYTES or data_bytes > MESSAGE_MAX_BYTES:
            raise BrokenAnswerError("a message too long")
        try:
            head = json.loads(self.receive_bytes(head_bytes))
        except (ValueError, RecursionError) as error:
            raise BrokenAnswerError("a head that is no JSON") from error
        if not isinstance(head, dict):
            raise BrokenAnswerError("a head that is no object")
        return Message(head=head, data=self.receive_bytes(data_bytes))

    def receive_bytes(self, count: int) -> bytes:
        """Return exactly so many bytes; raises BrokenAnswerError."""
        found = bytearray()
        while len(found) < count:
            try:
                self._end.settimeout(self._left_s())
                part = self._end.recv(min(count - len(found), 1 << 20))
            except OSError as error:
                raise BrokenAnswerError(f"no answer: {error}") from error
            if not part:
                raise BrokenAnswerError("it ended without an answer")
            found += part
        return bytes(found)

    def _left_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise BrokenAnswerError("it took too long")
        return left_s
