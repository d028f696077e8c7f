"""What a run writes: its events, in order, and nobody hears of one before it is durable.

Ends of quick steps are held for a moment and written together, since a commit each costs more than the steps themselves. They are written
before anything else is, before a step that waits for them starts, before somebody in this process looks into the store, and at the latest
after a tenth of a second (`Watch`). A process that is killed in between has made these steps and does not know; they are made again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from nbasset import clock
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import Event, StepSucceeded
from nbasset.storage.protocol import Storage

QUICK_US = 5_000
"""A step is quick that took no longer than this."""
MOST_HELD = 64
LONGEST_HELD_S = 0.05


class RunLog:
    """The log of one run. `events` are all that it wrote or holds."""

    def __init__(self, storage: Storage, on_event: Callable[[Event], None]) -> None:
        self.events: list[Event] = []
        self._storage = storage
        self._on_event = on_event
        self._held: list[Event] = []
        self._steps: set[str] = set()
        self._since = 0.0
        self._made: list[tuple[AssetMaterialized, int]] = []
        self._lock = threading.RLock()

    def write(self, events: Sequence[Event], *, flush: bool = False) -> tuple[list[Event], KeyboardInterrupt | None]:
        """Write what was held and these, in one transaction. Given back is what now may be told, and an interrupt that came meanwhile."""
        with self._lock:
            held, self._held = self._held, []
            together = [*held, *events]
            interrupt: KeyboardInterrupt | None = None
            try:
                last = self._storage.append(together, flush=flush)
            except KeyboardInterrupt as error:  # the store finishes what it began
                interrupt, last = error, self._storage.last_seq()
            except BaseException:
                self._held = held
                raise
            self._steps.clear()
            self.events.extend(events)
            for seq, event in enumerate(together, last - len(together) + 1):
                if isinstance(event, StepSucceeded):
                    self._made += [(fact, seq) for fact in event.facts if isinstance(fact, AssetMaterialized)]
            return together, interrupt

    def hold(self, event: StepSucceeded) -> None:
        """Keep the end of a quick step for a moment."""
        now = clock.monotonic()
        with self._lock:
            if not self._held:
                self._since = now
            self._held.append(event)
            self._steps.add(event.step)
            self.events.append(event)
            is_due = len(self._held) >= MOST_HELD or now - self._since >= LONGEST_HELD_S
        if is_due:
            self.settle()

    def holds(self, steps: frozenset[str]) -> bool:
        """Whether the end of any of these steps is not written yet."""
        return not self._steps.isdisjoint(steps)

    def settle(self) -> None:
        """Write what is held and tell of it. Any thread may ask."""
        if not self._held:
            return
        written, interrupt = self.write(())
        for event in written:
            self._on_event(event)
        if interrupt is not None:
            raise interrupt

    def take_made(self) -> list[tuple[AssetMaterialized, int]]:
        """Versions that were written since the last time, each with the number of its entry."""
        if not self._made:
            return []
        with self._lock:
            made, self._made = self._made, []
            return made
