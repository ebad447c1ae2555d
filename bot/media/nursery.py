"""The process from which decoding processes are forked: one for each file, with limits.

A new Python with the decoders costs 0.25 s of a core; a fork of one that has them costs some
milliseconds, shares its memory, and knows nothing of the files that others looked at. The bot
sends a socket for each file (and the file, when it is on disk) through standard input, and ends
this process by closing that.
"""

import gc
import os
import signal
import socket
from typing import NoReturn

from PIL import Image

from bot.i18n import load
from bot.media.decoding import answer_to
from bot.media.wire import STARTED, Link

# 40 megapixels need some 500 MB to be rewritten; the process itself has 185 of address space.
ADDRESS_SPACE_BYTES = 1_500_000_000
# A picture of 40 megapixels in another colour space takes 4 s, on a slow machine several times
# that. Real time is more than the processor's, for other work goes first.
CPU_S = 20
REAL_TIME_S = 40
# Nothing asked for so long: the memory is better used by others. The bot starts another one.
IDLE_S = 600.0
_OPEN_FILES = 64
_NICENESS = 10


def serve(control: socket.socket) -> None:
    """Fork a process for each socket that comes, until no more can come."""
    # The bot ends us; what a terminal or a supervisor sends to all would spoil files at work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    gc.freeze()  # no child copies what it does not change
    control.settimeout(IDLE_S)
    while True:
        try:
            sent, handed, _, _ = socket.recv_fds(control, 1, 2)
        except TimeoutError:
            return
        if not sent:
            return
        if os.fork() == 0:
            control.close()
            _decode(socket.socket(fileno=handed[0]), handed[1:])
        for number in handed:
            os.close(number)


def _decode(end: socket.socket, files: list[int]) -> NoReturn:
    """Answer one question and end, whatever happens: to end without a word is an answer too."""
    try:
        limit()
        end.sendall(STARTED)
        link = Link(end, time_limit_s=REAL_TIME_S)
        question = link.receive()
        for number in files:
            # The open file, wherever it is by now; the bot says no path.
            question.head["options"]["path"] = f"/dev/fd/{number}"
        link.send(answer_to(question))
    finally:
        os._exit(0)


def limit() -> None:
    """Take from this process what a decoder does not need, and put an end to it."""
    import resource  # noqa: PLC0415 - not on Windows, where nothing forks either

    # Decoders complain about damage there, and members could fill the host's log.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    for kind, most in (
        (resource.RLIMIT_AS, ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _, allowed = resource.getrlimit(kind)
        lowered = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(kind, (lowered, lowered))
    # Of itself, so that it ends also when the bot is no more.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, REAL_TIME_S)


def main() -> None:
    """Serve the bot at the other end of standard input."""
    os.nice(_NICENESS)  # the bot's own loop goes first
    Image.init()  # all its formats, which it would else look for in each process
    load()
    serve(socket.socket(fileno=0))
    os._exit(0)  # nothing to tidy up, and the bot may be waiting


if __name__ == "__main__":
    main()
