"""Stopping a run: a token that everybody may set, and the way to interrupt a step that is busy in a thread of this process."""

from __future__ import annotations

import ctypes
import signal
import threading


class CancelToken:
    """Set once, by whoever wants the run to stop. Waiting on it is how a run sleeps."""

    def __init__(self) -> None:
        self.is_set = False
        """Whether somebody asked."""
        self.by = ""
        self._waited_for: threading.Event | None = None  # made by the first who waits: most runs never do

    def cancel(self, by: str = "") -> None:
        """Ask the run to stop."""
        self.by = self.by or by
        self.is_set = True
        if self._waited_for is not None:
            self._waited_for.set()

    def wait(self, seconds: float) -> bool:
        """Sleep, or until somebody asks; whether somebody did."""
        with _MAKING:
            if self._waited_for is None:
                self._waited_for = threading.Event()
        return self.is_set or self._waited_for.wait(seconds)


_MAKING = threading.Lock()


def interrupt_thread(ident: int) -> None:
    """Raise KeyboardInterrupt in a thread at its next Python instruction; in the main thread also out of a blocking call."""
    if ident == threading.main_thread().ident:
        signal.pthread_kill(ident, signal.SIGINT)
        return
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt))
