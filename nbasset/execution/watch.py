"""A thread beside a run: says that a step lasts, that the run is alive, and hears that somebody wants it to stop."""

from __future__ import annotations

import contextlib
import threading
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
        self._stop = threading.Event()
        self._main = 0

    def __enter__(self) -> Watch:
        self._main = threading.get_ident()
        threading.Thread(target=self._watch, name="nbasset-watch", daemon=True).start()
        return self

    def __exit__(self, *problem: Any) -> None:
        self._stop.set()

    def started(self, task: StepTask) -> None:
        """An attempt was handed to the executor."""
        self._tasks[task.step.key] = (task, clock.monotonic())

    def ended(self, task: StepTask) -> None:
        """Its report is there."""
        with self._lock:
            self._tasks.pop(task.step.key, None)

    def _watch(self) -> None:
        beat = polled = clock.monotonic()
        interrupted = False
        while not self._stop.wait(SLOW_STEP_S / 2):
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
