"""A process that lets a program live for as long as somebody wants it: ``python -m nbasset.dev.guard GRACE_S PROGRAM ARGUMENT...``.

Whoever starts a guard holds the other end of its standard input. When that closes, because it is done or because it died, whatever
killed it, the guard asks the program to end, and ends its whole process group if it does not within the time of grace. The guard ends as
the program did. It has to be the leader of a process group of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

KILLED = 128 + signal.SIGKILL
"""The exit code of a guard whose program had to be killed."""


def main(arguments: list[str]) -> int:
    """Guard a program; its exit code, as a shell would say it."""
    grace_s, command = float(arguments[0]), arguments[1:]
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, _unheard)  # whoever holds the other end decides; the program hears them, since it inherits no handler
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_when_unwanted, args=(program, grace_s), daemon=True).start()
    code = program.wait()
    return code if code >= 0 else 128 - code


def _unheard(number: int, frame: FrameType | None) -> None:
    pass


def _end_when_unwanted(program: subprocess.Popen[bytes], grace_s: float) -> None:
    while os.read(0, 1024):
        pass
    with contextlib.suppress(ProcessLookupError):
        program.terminate()
    try:
        program.wait(grace_s)
    except subprocess.TimeoutExpired:
        os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
