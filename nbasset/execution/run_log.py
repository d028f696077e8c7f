"""What a run writes: its events, in order, and nobody hears of one before it is durable.

Ends of quick steps are held for a moment and written together, since a commit each costs more than the steps themselves. They are written
before anything else is, before somebody in this process looks into the store, and at the latest after a tenth of a second (`Watch`). A step
may start while the end of one before it is held: its own end comes after it, in the same transaction or a later one. A process that is
killed in between has made these steps and does not know; they are made again.

An event whose number is not known yet has a *place*: where it stands among the events of the run. What reads its version says so by the
place, and the number takes its stead in the transaction that writes both.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from nbasset import clock
from nbasset.events.facts import AssetMaterialized, Fact, InputUsed
from nbasset.events.kinds import Event, StepSucceeded
from nbasset.storage.protocol import Storage

QUICK_US = 5_000
"""A step is quick that took no longer than this."""
MOST_HELD = 128
LONGEST_HELD_S = 0.05


class RunLog:
    """The log of one run. `events` are all that it wrote or holds."""

    def __init__(self, storage: Storage, on_event: Callable[[Event], None]) -> None:
        self.events: list[Event] = []
        self._numbers: list[int] = []  # of the events that are written: all but the held ones, which stand last
        self._untold: deque[Event] = deque()
        self._storage = storage
        self._on_event = on_event
        self._since = 0.0
        self._lock = threading.RLock()
        self._telling = threading.RLock()

    @property
    def next_place(self) -> int:
        """The place that the next event will have."""
        return len(self.events)

    def as_of(self, place: int) -> int:
        """The number of the event at a place; while it has none, the place in the form that `numbered` knows."""
        return self._numbers[place] if place < len(self._numbers) else -1 - place

    def write(self, events: Sequence[Event], *, flush: bool = False) -> KeyboardInterrupt | None:
        """Write what was held and these, in one transaction; they may be told now. Given back is an interrupt that came meanwhile."""
        with self._lock:
            numbers = self._numbers
            begin = len(numbers)
            waiting = [*self.events[begin:], *events]
            made: tuple[int, list[Event]] = (0, waiting)

            def make(first: int) -> list[Event]:
                nonlocal made
                made = first, [_numbered(event, numbers, first) for event in waiting]
                return made[1]

            interrupt: KeyboardInterrupt | None = None
            if waiting:
                try:
                    self._storage.append(make, flush=flush)
                except KeyboardInterrupt as error:  # the store finishes what it began
                    interrupt = error
                    if not made[0]:
                        self._storage.append(make, flush=flush)
            first, written = made
            self.events[begin:] = written
            numbers.extend(range(first, first + len(written)))
            self._untold.extend(written)
            return interrupt

    def tell(self) -> None:
        """Tell of what was written, in the order of the log, whichever thread wrote it."""
        with self._telling:
            while self._untold:
                self._on_event(self._untold.popleft())

    def hold(self, event: StepSucceeded) -> None:
        """Keep the end of a quick step for a moment."""
        now = clock.monotonic()
        with self._lock:
            held = len(self.events) - len(self._numbers)
            if not held:
                self._since = now
            self.events.append(event)
            is_due = held + 1 >= MOST_HELD or now - self._since >= LONGEST_HELD_S
        if is_due:
            self.settle()

    def settle(self) -> None:
        """Write what is held and tell of it. Any thread may ask."""
        if len(self.events) == len(self._numbers):
            return
        interrupt = self.write(())
        self.tell()
        if interrupt is not None:
            raise interrupt


def _numbered(event: Event, numbers: Sequence[int], first: int) -> Event:
    """The event with numbers for places in what its versions were made from; `first` is the number of the first that has none yet."""
    if not isinstance(event, StepSucceeded):
        return event
    facts: list[Fact] | None = None
    for at, fact in enumerate(event.facts):
        if isinstance(fact, AssetMaterialized) and [used for used in fact.inputs if used.as_of_seq < 0]:
            facts = facts or list(event.facts)
            facts[at] = _with_inputs(fact, tuple([_number(used, numbers, first) for used in fact.inputs]))
    if facts is None:
        return event
    return StepSucceeded(
        event.at_us, event.run_id, event.step, tuple(facts), event.attempt, event.started_us, event.load_us, event.work_us, event.write_us
    )  # fmt: skip


def _number(used: InputUsed, numbers: Sequence[int], first: int) -> InputUsed:
    place = -1 - used.as_of_seq
    if place < 0:
        return used
    seq = numbers[place] if place < len(numbers) else first + place - len(numbers)
    return InputUsed(used.asset, used.partitions, used.digest, seq)


def _with_inputs(fact: AssetMaterialized, inputs: tuple[InputUsed, ...]) -> AssetMaterialized:
    return AssetMaterialized(  # written out: `replace` costs three times as much
        fact.asset, fact.partition, fact.version_id, fact.data_version, fact.code_version, fact.config_version, fact.io_version,
        fact.input_digest, fact.source_id, inputs, fact.rows, fact.size_bytes, fact.schema_id, fact.uri, fact.metadata, fact.tags,
        fact.hidden_state, fact.description,
    )  # fmt: skip
