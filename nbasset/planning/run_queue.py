"""Which of the queued runs may start now, and what holds back each of the others.

Runs are taken by their priority (tag `nbasset/priority`, high first), inside one priority first come, first served. A run that a limit
holds back is passed over: later ones that no limit touches may start before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from nbasset.dataclass import dataclass
from nbasset.events.records import RunRecord

PRIORITY_TAG = "nbasset/priority"


class TagBound(Protocol):
    """At most `limit` runs at once with this tag (with this value of it, if one is given); for each value on its own if `per_value`."""

    @property
    def key(self) -> str:
        """The tag."""

    @property
    def limit(self) -> int:
        """How many runs."""

    @property
    def value(self) -> str:
        """The only value that counts; empty: every value."""

    @property
    def per_value(self) -> bool:
        """Whether each value has the limit for itself."""


class QueueBounds(Protocol):
    """The limits across runs, as settings say them."""

    @property
    def max_concurrent_runs(self) -> int:
        """How many runs go on at once; 0: none is started."""

    @property
    def tag_limits(self) -> Sequence[TagBound]:
        """The limits of runs by their tags."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that stays in the queue, and the limit that holds it there."""

    run: RunRecord
    why: str


@dataclass(frozen=True, slots=True)
class Dequeued:
    """What becomes of the queue: the runs to start, in this order, and those that wait, in the order in which their turn comes."""

    start: tuple[RunRecord, ...]
    waiting: tuple[Waiting, ...]


def priority_of(tags: Mapping[str, str]) -> int:
    """The priority that the tags of a run say; 0 where they say none, or no whole number.

    >>> priority_of({"nbasset/priority": "-3"}), priority_of({"nbasset/priority": "high"}), priority_of({})
    (-3, 0, 0)
    """
    try:
        return int(tags.get(PRIORITY_TAG, "0"))
    except ValueError:
        return 0


def decide(queued: Sequence[RunRecord], active: Sequence[RunRecord], bounds: QueueBounds) -> Dequeued:
    """Decide which of the queued runs (oldest first) start beside the active ones (those neither queued nor over)."""
    by_key: dict[str, list[tuple[int, TagBound]]] = {}
    for number, bound in enumerate(bounds.tag_limits):
        by_key.setdefault(bound.key, []).append((number, bound))
    counted: Counter[tuple[int, str]] = Counter()
    for run in active:
        counted.update(slot for slot, _ in _slots(run, by_key))
    going, most = len(active), bounds.max_concurrent_runs
    start: list[RunRecord] = []
    waiting: list[Waiting] = []
    for run in sorted(queued, key=lambda each: -priority_of(each.tags)):
        slots = _slots(run, by_key)
        full = next(((slot, bound) for slot, bound in slots if counted[slot] >= bound.limit), None)
        if going >= most:
            waiting.append(Waiting(run, f"{_runs(going)} going on; limit max_concurrent_runs = {most}"))
        elif full is not None:
            waiting.append(Waiting(run, _held_by(full[1], run.tags, counted[full[0]])))
        else:
            start.append(run)
            going += 1
            counted.update(slot for slot, _ in slots)
    return Dequeued(tuple(start), tuple(waiting))


def _slots(run: RunRecord, by_key: Mapping[str, Sequence[tuple[int, TagBound]]]) -> list[tuple[tuple[int, str], TagBound]]:
    """What the run takes a place of: each limit that touches it, by its number and, where it counts so, the value of the tag."""
    return [
        ((number, value if bound.per_value else ""), bound)
        for key, value in run.tags.items()
        for number, bound in by_key.get(key, ())
        if bound.value in ("", value)
    ]


def _held_by(bound: TagBound, tags: Mapping[str, str], count: int) -> str:
    """The sentence that names a limit by tag."""
    exact = bool(bound.value) or bound.per_value
    tag = f"{bound.key}={tags[bound.key]}" if exact else bound.key
    each = " for each value" if bound.per_value and not bound.value else ""
    return f"{_runs(count)} going on with tag {tag}; limit tag_limits {bound.key} = {bound.limit}{each}"


def _runs(count: int) -> str:
    """That so many runs are, with the verb."""
    return "1 run is" if count == 1 else f"{count} runs are"
