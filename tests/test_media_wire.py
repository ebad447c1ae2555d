"""Messages between the bot and its decoding processes."""

import json
import socket
import struct
from collections.abc import Iterator

import pytest

from bot.media.wire import BrokenAnswerError, Link, Message


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_message_arrives_as_it_was_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    """Its head and its bytes."""
    message = Message(head={"a": [1, "ü"]}, data=bytes(range(256)))
    Link(ends[0], time_limit_s=5).send(message)

    assert Link(ends[1], time_limit_s=5).receive() == message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "without an answer"),
        (b"\0\0", "without an answer"),
        (struct.pack("!II", 2, 10) + b"{}123", "without an answer"),
        (struct.pack("!II", 2, 2**32 - 1) + b"{}", "too long"),
        (struct.pack("!II", 2**32 - 1, 0), "too long"),
        (struct.pack("!II", 3, 0) + b"{]}", "no JSON"),
        (struct.pack("!II", 2, 0) + b"\xff\xff", "no JSON"),
        (struct.pack("!II", 50_000, 0) + b"[" * 50_000, "no JSON"),
        (struct.pack("!II", 2, 0) + json.dumps([]).encode(), "no object"),
    ],
)
def test_nonsense_is_never_a_message(
    ends: tuple[socket.socket, socket.socket], raw: bytes, words: str
) -> None:
    """And never waited for, nor kept room for, without end."""
    ends[0].sendall(raw)
    ends[0].close()

    with pytest.raises(BrokenAnswerError, match=words):
        Link(ends[1], time_limit_s=5).receive()


def test_nothing_is_waited_for_beyond_the_limit(ends: tuple[socket.socket, socket.socket]) -> None:
    """However slowly bytes come, or none at all."""
    link = Link(ends[1], time_limit_s=0.05)

    with pytest.raises(BrokenAnswerError):
        link.receive()
    with pytest.raises(BrokenAnswerError, match="too long"):
        link.receive()


class _Hasty(socket.socket):
    """A socket whose other end answers and goes once it has heard what it was sent."""

    other: socket.socket

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]  # narrower
        super().sendall(data, flags)
        self.other.close()


def test_who_answers_at_once_and_goes_was_heard() -> None:
    """A question without bytes is whole with its head: nothing is sent after it."""
    ours, theirs = socket.socketpair()
    with _Hasty(fileno=ours.detach()) as hasty:
        hasty.other = theirs
        Link(hasty, time_limit_s=5).send(Message(head={}))
