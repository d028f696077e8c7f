"""One program among those that are served together: started under a guard, its lines and its end told to whoever asks.

Everything that happens comes through one queue, in order, so that one loop can follow several parts: `Said`, `Ended`, and `Asked` for a
signal to the process itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from nbasset.dataclass import dataclass
from nbasset.dev.guard import KILLED

_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class Said:
    """A part wrote a line."""

    part: str
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A part ended, with an exit code as a shell says it. Nothing of it is to be said any more."""

    part: str
    code: int

    @property
    def how(self) -> str:
        """How it ended, in words.

        >>> Ended("lab", 0).how, Ended("lab", 2).how, Ended("lab", 137).how
        ('ended', 'ended with exit code 2', 'was killed')
        """
        if self.code == KILLED:
            return "was killed"
        if self.code > 128:
            return f"was ended by signal {self.code - 128}"
        return f"ended with exit code {self.code}" if self.code else "ended"


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody sent this process a signal to end."""

    signal: int


News = Said | Ended | Asked


class Part:
    """A running program. What it says goes to `news`; it lives no longer than this process.

    `grace_s` is how long it may take to end when it is asked to.
    """

    def __init__(
        self, name: str, command: Sequence[str], news: SimpleQueue[News], *, folder: Path, environ: Mapping[str, str], grace_s: float
    ) -> None:
        self.name = name
        self.is_over = False
        self._news = news
        self._guard = subprocess.Popen(
            [sys.executable, "-P", "-m", "nbasset.dev.guard", str(grace_s), *command], cwd=folder, env=dict(environ),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert self._guard.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._guard.stdout,), name=f"{name} says", daemon=True)
        self._reader.start()
        threading.Thread(target=self._mourn, name=f"{name} ends", daemon=True).start()

    def end(self) -> None:
        """Ask it to end. `Ended` comes when it has, or had to be killed. A second call does nothing."""
        assert self._guard.stdin is not None
        with contextlib.suppress(OSError):
            self._guard.stdin.close()

    def kill(self) -> None:
        """End it now, with all it has started in its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._guard.pid, signal.SIGKILL)

    def _read(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._news.put(Said(self.name, line.decode(errors="replace").rstrip("\r\n")))

    def _mourn(self) -> None:
        code = self._guard.wait()
        # What a program has started itself may hold the pipe open for longer than it lives.
        self._reader.join(_LAST_WORDS_S)
        self.is_over = True
        self._news.put(Ended(self.name, code if code >= 0 else 128 - code))
