"""The partition keys of an asset as positions: what a grid counts by, and how positions and ordinals lead to each other.

Keys of time windows that can be computed travel as a start and a step, so that a hundred thousand of them are a line of text; all others
are listed. Positions of several dimensions run as digits do, the last dimension fastest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from nbasset.dataclass import dataclass
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.time_windows import TimeWindows
from nbasset.definitions.window_numbers import Days, Hours, Months, Weeks
from nbasset.drawing.picture import State
from nbasset.notebook.wire_views import STATES, Dimension, ListKeys, Runs, Spans, TimeKeys
from nbasset.ordinals import OrdinalSet

_FIELDS = re.compile(r"%([A-Za-z%])")
_KNOWN = frozenset("YmdHMS%")
_STRIDE = 200
_VERIFIED = 5_000


@dataclass(frozen=True, eq=False)
class KeySpace:
    """Positions of the partitions that exist. `listed` are their ordinals in order; None when they are numbers without a gap."""

    dimensions: tuple[Dimension, ...]
    ordinals: OrdinalSet
    listed: tuple[int, ...] | None
    unit: str

    def __len__(self) -> int:
        return len(self.ordinals)

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {ordinal: place for place, ordinal in enumerate(self.listed or ())}

    @property
    def _first(self) -> int:
        return self.ordinals.runs[0][0] if self.ordinals else 0

    def ordinal(self, position: int) -> int:
        """The ordinal at a position."""
        return self.listed[position] if self.listed is not None else self._first + position

    def spans(self, ordinals: OrdinalSet) -> Spans:
        """Ordinals that exist as spans of positions."""
        if self.listed is None:
            return tuple((start - self._first, stop - self._first) for start, stop in (ordinals & self.ordinals).runs)
        return joined(sorted(self._places[one] for one in ordinals if one in self._places))

    def chosen(self, spans: Iterable[tuple[int, int]]) -> OrdinalSet:
        """The ordinals of spans of positions; what lies outside of them is left out."""
        inside = [(max(0, start), min(stop, len(self))) for start, stop in spans]
        if self.listed is None:
            return OrdinalSet.of(self._first + at for start, stop in inside for at in range(start, stop))
        return OrdinalSet.of(self.listed[at] for start, stop in inside for at in range(start, stop))

    def runs(self, layers: Sequence[tuple[State, OrdinalSet]]) -> Runs:
        """States by position, from layers that hold every ordinal once."""
        pieces: list[tuple[int, int, int]] = []
        for state, ordinals in layers:
            number = STATES.index(state)
            pieces += [(start, stop, number) for start, stop in self.spans(ordinals)]
        stops: list[int] = []
        states: list[int] = []
        for _, stop, number in sorted(pieces):
            if states and states[-1] == number:
                stops[-1] = stop
            else:
                stops.append(stop)
                states.append(number)
        return Runs(tuple(stops), tuple(states))


def key_space(definition: PartitionsDefinition, view: PartitionsView) -> KeySpace:
    """The positions of the partitions that exist now."""
    ordinals = definition.ordinals(view)
    if isinstance(definition, MultiPartitionsDefinition):
        dimensions = tuple(_dimension(name, one, view)[0] for name, one in definition.partitions_defs.items())
        listed = tuple(ref.ordinal for ref in definition.refs_of(ordinals, view.table))
        product = 1
        for one in dimensions:
            product *= one.keys.count if isinstance(one.keys, TimeKeys) else len(one.keys.keys)
        if product == len(listed):
            return KeySpace(dimensions, ordinals, listed, "combinations")
        return KeySpace((_listed("partition", definition, ordinals, view),), ordinals, listed, "combinations")
    dimension, order = _dimension("partition", definition, view)
    return KeySpace((dimension,), ordinals, order, _unit(dimension))


def joined(positions: Iterable[int]) -> Spans:
    """Rising positions as spans.

    >>> joined([1, 2, 3, 7])
    ((1, 4), (7, 8))
    """
    found: list[tuple[int, int]] = []
    for at in positions:
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return tuple(found)


def changes_between(before: Runs, now: Runs) -> tuple[tuple[int, int, int], ...]:
    """Where two lists of runs over the same positions differ: from, up to, the state now.

    >>> changes_between(Runs((10,), (0,)), Runs((4, 6, 10), (0, 2, 0)))
    ((4, 6, 2),)
    """
    found: list[tuple[int, int, int]] = []
    old = new = at = 0
    while old < len(before.stops) and new < len(now.stops):
        stop = min(before.stops[old], now.stops[new])
        if before.states[old] != now.states[new] and stop > at:
            if found and found[-1][1] == at and found[-1][2] == now.states[new]:
                found[-1] = (found[-1][0], stop, now.states[new])
            else:
                found.append((at, stop, now.states[new]))
        old += before.stops[old] == stop
        new += now.stops[new] == stop
        at = stop
    return tuple(found)


def axis_labels(definition: PartitionsDefinition, space: KeySpace, view: PartitionsView) -> tuple[str, ...]:
    """A few keys along the partitions, the first and the last among them: as many as fit below a narrow strip."""
    count = len(space)
    if not count:
        return ()
    most = 5 if len(definition.key_of(space.ordinal(0), view.table)) < 8 else 3
    places = sorted({round(step * (count - 1) / (most - 1)) for step in range(most)}) if count > 1 else [0]
    return tuple(definition.key_of(space.ordinal(place), view.table) for place in places)


def computed_keys(keys: TimeKeys) -> tuple[str, ...]:
    """All keys of time windows as text."""
    wall = datetime.strptime(keys.start, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - a wall time, of no zone
    renamed = dict(keys.renamed)
    return tuple(renamed.get(at) or _computed(keys, wall, at) for at in range(keys.count))


def _unit(dimension: Dimension) -> str:
    if isinstance(dimension.keys, TimeKeys):
        return {"hour": "hours", "day": "days", "week": "weeks", "month": "months"}[dimension.keys.step]
    return "partitions"


def _dimension(name: str, definition: PartitionsDefinition, view: PartitionsView) -> tuple[Dimension, tuple[int, ...] | None]:
    ordinals = definition.ordinals(view)
    if isinstance(definition, TimeWindows) and len(ordinals.runs) == 1 and definition.is_numbered_in_order(ordinals):
        keys = _time_keys(definition, ordinals, view)
        if keys is not None:
            return Dimension(name, keys), None
    return _listed(name, definition, ordinals, view), tuple(ref.ordinal for ref in definition.refs_of(ordinals, view.table))


def _listed(name: str, definition: PartitionsDefinition, ordinals: OrdinalSet, view: PartitionsView) -> Dimension:
    return Dimension(name, ListKeys(tuple(ref.key for ref in definition.refs_of(ordinals, view.table))))


_STEPS = ((Hours, "hour"), (Days, "day"), (Weeks, "week"), (Months, "month"))


def _time_keys(definition: TimeWindows, ordinals: OrdinalSet, view: PartitionsView) -> TimeKeys | None:
    """Keys as a start and a step, if they can be computed from these."""
    calendar = definition.calendar
    step = next((word for cls, word in _STEPS if isinstance(calendar.numbers, cls)), None)
    if step is None or calendar.numbers is None or any(field not in _KNOWN for field in _FIELDS.findall(calendar.fmt)):
        return None
    first, stop = ordinals.runs[0]
    count = stop - first
    tick, nominal = calendar.numbers.tick, calendar.ticks.nominal
    start = nominal(tick(first))
    length = {"hour": 3600, "day": 86400, "week": 7 * 86400}.get(step)
    shifts: list[tuple[int, int]] = []
    if length is not None:

        def drift(at: int) -> int:
            return (nominal(tick(first + at)) - start - at * length) // 60

        shifts = _steps_in(drift, count)
    wall = datetime(1970, 1, 1) + timedelta(seconds=start)  # noqa: DTZ001 - a wall time, of no zone
    keys = TimeKeys(wall.strftime("%Y-%m-%dT%H:%M"), step, count, calendar.fmt, tuple(shifts))  # type: ignore[arg-type]
    near = {at for place, _ in shifts for at in range(max(0, place - 2), min(count, place + 4))}
    if count <= _VERIFIED and step != "hour":
        near = set(range(count))
    renamed = []
    for at in sorted(near | {0, count - 1}):
        key = definition.key_of(first + at, view.table)
        if key != _computed(keys, wall, at):
            renamed.append((at, key))
    if len(renamed) > 4 * len(shifts) + 4:
        return None
    return TimeKeys(keys.start, keys.step, count, keys.pattern, keys.shifts, tuple(renamed))


def _steps_in(drift: object, count: int) -> list[tuple[int, int]]:
    """Positions at which the clock is changed, with the minutes by which it is."""
    assert callable(drift)
    found: list[tuple[int, int]] = []
    marks = [*range(0, count, _STRIDE), count - 1]
    for low, high in pairwise(marks):
        before, end = drift(low), drift(high)
        if before == end:
            continue
        left, right = low, high
        while right - left > 1:
            middle = (left + right) // 2
            if drift(middle) == before:
                left = middle
            else:
                right = middle
        found.append((right, drift(right) - before))
    return found


def _computed(keys: TimeKeys, wall: datetime, at: int) -> str:
    """The key that the picture computes for a position."""
    if keys.step == "month":
        month = wall.month - 1 + at
        day = wall.replace(day=1, year=wall.year + month // 12, month=month % 12 + 1) + timedelta(days=wall.day - 1)
        return day.strftime(keys.pattern)
    shift = sum(minutes for place, minutes in keys.shifts if at >= place)
    step = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[keys.step]
    return (wall + at * step + timedelta(minutes=shift)).strftime(keys.pattern)
