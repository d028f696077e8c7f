"""A thread beside a run: says that a step lasts, that the run is alive, and hears that somebody wants it to stop.

A small run costs less than a thread. So one thread looks, while there are runs and a second longer, which of them have lasted, and starts
the thread of each that has.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from nbasset import clock
from nbasset.errors import Error
from nbasset.events.kinds import Event, StepStarted
from nbasset.execution.cancel import CancelToken, interrupt_thread
from nbasset.execution.task import StepTask
from nbasset.keys import RunId
from nbasset.storage.protocol import Storage

SLOW_STEP_S = 0.2
HEARTBEAT_S = 15.0
POLL_S = 0.5
_SETTLE_S = 0.1
_LOOK_S = 0.05
_LOOKS_WITHOUT_RUNS = 20


class Watch:
    """Watches one run while its loop is inside the ``with``. `interrupts` is whether steps run in the loop's own thread;
    `settle` writes what the loop holds.

    A step is announced by a `StepStarted` event once it has lasted 0.2 s; shorter ones carry their start in their end.
    """

    def __init__(
        self,
        run_id: RunId,
        storage: Storage,
        cancel: CancelToken,
        *,
        on_event: Callable[[Event], None],
        interrupts: bool,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.run_id = run_id
        self.storage = storage
        self.cancel = cancel
        self.on_event = on_event
        self.interrupts = interrupts
        self.settle = settle
        self._tasks: dict[str, tuple[StepTask, float]] = {}
        self._told: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None  # made when the thread starts
        self._is_over = False
        self._main = 0
        self._began = 0.0

    def __enter__(self) -> Watch:
        self._main = threading.get_ident()
        self._began = clock.monotonic()
        _LASTING.add(self)
        return self

    def __exit__(self, *problem: Any) -> None:
        _LASTING.drop(self)
        self._is_over = True
        if self._stop is not None:
            self._stop.set()

    def start(self) -> None:
        """Watch from now on, until the ``with`` ends."""
        stop = self._stop = threading.Event()
        if self._is_over:  # in between
            return
        threading.Thread(target=self._watch, args=[stop], name="nbasset-watch", daemon=True).start()

    def started(self, task: StepTask) -> None:
        """An attempt was handed to the executor."""
        self._tasks[task.step.key] = (task, clock.monotonic())

    def ended(self, task: StepTask) -> None:
        """Its report is there."""
        with self._lock:
            self._tasks.pop(task.step.key, None)

    def _watch(self, stop: threading.Event) -> None:
        beat = polled = self._began
        interrupted = False
        pause = self._began + _SETTLE_S - clock.monotonic()
        while not stop.wait(max(0.0, pause)):
            pause = _SETTLE_S
            now = clock.monotonic()
            with contextlib.suppress(Error):  # the loop meets it too, and ends the run
                self.settle()
            self._tell_slow(now)
            if now - beat >= HEARTBEAT_S:
                beat = now
                self.storage.heartbeat(self.run_id, clock.now_us())
            if now - polled >= POLL_S and not self.cancel.is_set:
                polled = now
                record = self.storage.run(self.run_id)
                if record is not None and record.status == "canceling":
                    self.cancel.cancel("request")
            if self.cancel.is_set and self.interrupts and not interrupted and self._tasks:
                interrupted = True
                interrupt_thread(self._main)

    def _tell_slow(self, now: float) -> None:
        with self._lock:
            slow = [task for task, since in list(self._tasks.values()) if now - since >= SLOW_STEP_S]
            fresh = [task for task in slow if (task.step.key, task.attempt) not in self._told]
            if not fresh:
                return
            self._told.update((task.step.key, task.attempt) for task in fresh)
            at = clock.now_us()
            events = [StepStarted(at, self.run_id, task.step.key, task.attempt) for task in fresh]
            self.storage.append(events)
        for event in events:
            self.on_event(event)


class _Lasting:
    """Starts the watches of runs that last, each at the next look after it was added."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: in a process that was forked, no thread looks and no run of the other one goes on."""
        self._lock = threading.Lock()
        self._new: list[Watch] = []
        self._is_looking = False

    def add(self, watch: Watch) -> None:
        """A run begins."""
        with self._lock:
            self._new.append(watch)
            if not self._is_looking:
                threading.Thread(target=self._look, name="nbasset-lasting", daemon=True).start()
                self._is_looking = True

    def drop(self, watch: Watch) -> None:
        """It is over."""
        with self._lock:
            if watch in self._new:
                self._new.remove(watch)

    def _look(self) -> None:
        without = 0
        while without < _LOOKS_WITHOUT_RUNS:
            time.sleep(_LOOK_S)
            with self._lock:
                due, self._new = self._new, []
                without = 0 if due else without + 1
                if without == _LOOKS_WITHOUT_RUNS:
                    self._is_looking = False
            for watch in due:
                try:
                    watch.start()
                except RuntimeError:  # no more threads now: at the next look
                    with self._lock:
                        self._new.append(watch)


_LASTING = _Lasting()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_LASTING.forget)
