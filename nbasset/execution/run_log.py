"""What a run writes: its events, in order, and nobody hears of one before it is durable.

Ends of quick steps are held for a moment and written together, since a commit each costs more than the steps themselves. They are written
before anything else is, before somebody in this process looks into the store, and at the latest after a tenth of a second (`Watch`). A step
may start while the end of one before it is held: its own end comes after it, in the same transaction or a later one. A process that is
killed in between has made these steps and does not know; they are made again.

An event whose number is not known yet has a *place*: where it stands among the events of the run. What reads its version says so by the
place, and the number takes its stead in the transaction that writes it: in the very object, which nobody outside the run has seen before.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from nbasset.events.facts import InputUsed
from nbasset.events.kinds import Event, StepSucceeded
from nbasset.storage.protocol import Storage

QUICK_US = 5_000
"""A step is quick that took no longer than this."""
MOST_HELD = 128
LONGEST_HELD_US = 50_000


class RunLog:
    """The log of one run. `events` are all that it wrote or holds; `on_event` hears of each, if anybody listens."""

    def __init__(self, storage: Storage, on_event: Callable[[Event], None] | None) -> None:
        self.events: list[Event] = []
        self._numbers: list[int] = []  # of the events that are written: all but the held ones, which stand last
        self._unnumbered: list[InputUsed] = []  # what was read of versions without a number
        self._untold: deque[Event] = deque()
        self._storage = storage
        self._on_event = on_event
        self._since_us = 0
        self._lock = threading.RLock()
        self._telling = threading.RLock()

    @property
    def next_place(self) -> int:
        """The place that the next event will have."""
        return len(self.events)

    def as_of(self, place: int) -> int:
        """The number of the event at a place; while it has none, the place as a number below zero."""
        return self._numbers[place] if place < len(self._numbers) else -1 - place

    def write(self, events: Sequence[Event], *, flush: bool = False) -> KeyboardInterrupt | None:
        """Write what was held and these, in one transaction; they may be told now. Given back is an interrupt that came meanwhile."""
        with self._lock:
            numbers = self._numbers
            begin = len(numbers)
            waiting = [*self.events[begin:], *events]
            if not waiting:
                return None
            unnumbered = self._unnumbered.copy()
            places = [-1 - used.as_of_seq for used in unnumbered]  # here, for the store may ask for the events twice
            made = 0

            def make(first: int) -> list[Event]:
                nonlocal made
                made = first
                for used, place in zip(unnumbered, places, strict=True):
                    _put(used, "as_of_seq", numbers[place] if place < begin else first + place - begin)
                return waiting

            interrupt: KeyboardInterrupt | None = None
            try:
                self._storage.append(make, flush=flush)
            except KeyboardInterrupt as error:  # the store finishes what it began
                interrupt = error
                if not made:
                    self._storage.append(make, flush=flush)
            self.events.extend(events)
            del self._unnumbered[: len(unnumbered)]
            numbers.extend(range(made, made + len(waiting)))
            if self._on_event is not None:
                self._untold.extend(waiting)
            return interrupt

    def tell(self) -> None:
        """Tell of what was written, in the order of the log, whichever thread wrote it."""
        if self._on_event is None:
            return
        with self._telling:
            while self._untold:
                self._on_event(self._untold.popleft())

    def number_later(self, used: InputUsed) -> None:
        """Say later what number that has which was read: of it only the place is known (`as_of`)."""
        self._unnumbered.append(used)  # not locked: when a write came in between, the next one puts the number in

    def hold(self, event: StepSucceeded) -> None:
        """Keep the end of a quick step for a moment."""
        with self._lock:
            held = len(self.events) - len(self._numbers)
            if not held:
                self._since_us = event.at_us
            self.events.append(event)
        if held + 1 >= MOST_HELD or event.at_us - self._since_us >= LONGEST_HELD_US:
            self.settle()

    def settle(self) -> None:
        """Write what is held and tell of it. Any thread may ask."""
        if len(self.events) == len(self._numbers):
            return
        interrupt = self.write(())
        self.tell()
        if interrupt is not None:
            raise interrupt


_put = object.__setattr__  # past the guard of what is frozen
