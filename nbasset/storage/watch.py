"""Waiting for the log to grow: woken at once by a commit of this process, within 50 ms by one of another.

Costs nothing while nobody waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from nbasset import clock

_POLL_S = 0.05


class Watch:
    """Threads that wait for the next entry; `last_seq` reads the number of the last one."""

    def __init__(self, last_seq: Callable[[], int]) -> None:
        self._last_seq = last_seq
        self.after_fork()

    def after_fork(self) -> None:
        """Nobody waits in a forked child."""
        self._grew = threading.Condition()
        self._waiting = 0

    def notify(self) -> None:
        """This process committed."""
        if self._waiting:
            with self._grew:
                self._grew.notify_all()

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until there is an entry above `after` or the time is up; the number of the last entry."""
        deadline = clock.monotonic() + timeout_s
        with self._grew:
            self._waiting += 1
            try:
                while (last := self._last_seq()) <= after:
                    left_s = deadline - clock.monotonic()
                    if left_s <= 0:
                        break
                    self._grew.wait(min(_POLL_S, left_s))
                return last
            finally:
                self._waiting -= 1
