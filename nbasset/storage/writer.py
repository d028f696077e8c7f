"""Group commit: callers hand in work and return when it is committed; whoever finds the turn free commits for all that wait.

There is no thread of its own. A hand-over to another thread costs twice what the whole transaction does, so the caller that has the turn
writes, and those that came meanwhile find their work done with the next commit, all in one.

The first Ctrl-C while work is being written waits for the outcome and is raised afterwards: what was begun is committed, once. A second
one is not held back; the transaction is rolled back if it was still open.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Generic, TypeVar

from nbasset.errors import InvariantViolationError

T = TypeVar("T")

_MOST_AT_ONCE = 64

# The functions of `signal` wrap these with lookups of enumerations, which cost more than an insert.
_set_handler: Callable[[int, Any], Any] = getattr(signal.signal, "__wrapped__", signal.signal)
_handler_of: Callable[[int], Any] = getattr(signal.getsignal, "__wrapped__", signal.getsignal)
_SIGINT = int(signal.SIGINT)


class Job(Generic[T]):
    """Work that waits to be written, and afterwards what came of it."""

    __slots__ = ("error", "flush", "is_done", "result", "work")

    def __init__(self, work: Callable[..., T], *, flush: bool) -> None:
        self.work = work
        self.flush = flush
        self.is_done = False
        self.result: T
        self.error: BaseException | None = None


class Writer:
    """Turns of writing in this process. `perform` writes a group in one transaction and fills in `result` or `error` of each job.

    When it raises, nothing of the group was written; each job is then tried alone, so that one that cannot be written harms no other.
    """

    def __init__(self, perform: Callable[[Sequence[Job[Any]]], None]) -> None:
        self._perform = perform
        self._waiting: deque[Job[Any]] = deque()
        self._turn = threading.Lock()
        self._leader = 0

    def run(self, work: Callable[..., T], *, flush: bool = False) -> T:
        """Write, in the order of calls, and return what the work returned, after the commit."""
        job = Job(work, flush=flush)
        me = threading.get_ident()
        if self._leader == me:
            raise InvariantViolationError(
                "nothing was written: an append began inside another one of the same thread, which a signal handler or a finalizer can do. "
                "Note there what happened and append it from ordinary code."
            )
        if me != threading.main_thread().ident:
            self._take_turn(job, me)
        else:
            self._take_turn_held(job, me)
        if job.error is not None:
            raise job.error
        return job.result

    def _take_turn(self, job: Job[Any], me: int) -> None:
        self._waiting.append(job)
        with self._turn:
            if not job.is_done:
                self._leader = me
                try:
                    self._lead(job)
                finally:
                    self._leader = 0

    def _take_turn_held(self, job: Job[Any], me: int) -> None:
        """The same in the main thread, the only one where Ctrl-C is raised: the first is held back until the outcome is known."""
        previous = _handler_of(_SIGINT)
        if not callable(previous):
            self._take_turn(job, me)
            return
        held: list[FrameType | None] = []

        def hold(number: int, frame: FrameType | None) -> None:
            if held:
                previous(number, frame)
            held.append(frame)

        _set_handler(_SIGINT, hold)
        try:
            self._take_turn(job, me)
        finally:
            _set_handler(_SIGINT, previous)
            if held:
                previous(_SIGINT, held[0])

    def _lead(self, mine: Job[Any]) -> None:
        """Write what waits; that includes the leader's own, which no other can have taken."""
        while not mine.is_done:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
            try:
                self._write(group)
            except BaseException:  # not an error of the work: the leader itself is being stopped
                self._waiting.extendleft(job for job in reversed(group) if not job.is_done and job is not mine)
                raise

    def _write(self, group: list[Job[Any]]) -> None:
        try:
            self._perform(group)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is raised to the caller of that job
            if len(group) == 1:
                group[0].error = error
            else:
                for job in group:
                    self._write([job])
        for job in group:
            job.is_done = True
