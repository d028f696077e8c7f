"""Sets of whole numbers kept as runs: how many partitions are asked for, done, failed.

A partition key has an ordinal that never changes (definitions decide it); events and records speak in ordinals, so a year of days is
one run and a set operation costs what the runs cost, not what the keys do.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from nbasset.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class OrdinalSet:
    """An immutable set of integers, as sorted, disjoint, non-touching half-open runs ``(start, stop)``.

    >>> OrdinalSet.of([1, 2, 3, 7]) - OrdinalSet.between(2, 3)
    OrdinalSet(runs=((1, 2), (3, 4), (7, 8)))
    """

    runs: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def of(ordinals: Iterable[int]) -> OrdinalSet:
        """The set of these ordinals, in any order, repeated or not."""
        runs: list[tuple[int, int]] = []
        for ordinal in sorted(set(ordinals)):
            if runs and runs[-1][1] == ordinal:
                runs[-1] = (runs[-1][0], ordinal + 1)
            else:
                runs.append((ordinal, ordinal + 1))
        return OrdinalSet(tuple(runs))

    @staticmethod
    def between(start: int, stop: int) -> OrdinalSet:
        """All ordinals from `start` up to but not including `stop`; empty when there are none."""
        return OrdinalSet(((start, stop),)) if start < stop else OrdinalSet()

    def __hash__(self) -> int:
        return hash(self.runs)

    def __eq__(self, other: object) -> bool:
        return self.runs == other.runs if isinstance(other, OrdinalSet) else NotImplemented

    def __bool__(self) -> bool:
        return bool(self.runs)

    def __len__(self) -> int:
        return sum([stop - start for start, stop in self.runs])

    def __iter__(self) -> Iterator[int]:
        for start, stop in self.runs:
            yield from range(start, stop)

    def __contains__(self, ordinal: object) -> bool:
        if not isinstance(ordinal, int):
            return False
        at = bisect_right(self.runs, (ordinal, float("inf"))) - 1
        return at >= 0 and ordinal < self.runs[at][1]

    def __or__(self, other: OrdinalSet) -> OrdinalSet:
        runs: list[tuple[int, int]] = []
        for start, stop in sorted(self.runs + other.runs):
            if runs and start <= runs[-1][1]:
                runs[-1] = (runs[-1][0], max(stop, runs[-1][1]))
            else:
                runs.append((start, stop))
        return OrdinalSet(tuple(runs))

    def __and__(self, other: OrdinalSet) -> OrdinalSet:
        if len(self.runs) == len(other.runs) == 1:
            (start, stop), (low, high) = self.runs[0], other.runs[0]
            if low <= start and stop <= high:
                return self
            return OrdinalSet.between(max(start, low), min(stop, high))
        if len(self.runs) == 1:
            return other._within(*self.runs[0])
        if len(other.runs) == 1:
            return self._within(*other.runs[0])
        if not self.runs or not other.runs:
            return OrdinalSet()
        runs: list[tuple[int, int]] = []
        low, high = max(self.runs[0][0], other.runs[0][0]), min(self.runs[-1][1], other.runs[-1][1])
        mine, theirs = iter(self._overlapping(low, high)), iter(other._overlapping(low, high))
        try:
            my_start, my_stop = next(mine)
            start, stop = next(theirs)
            while True:
                low = my_start if my_start > start else start
                if my_stop < stop:
                    if low < my_stop:
                        runs.append((low, my_stop))
                    my_start, my_stop = next(mine)
                else:
                    if low < stop:
                        runs.append((low, stop))
                    start, stop = next(theirs)
        except StopIteration:
            return OrdinalSet(tuple(runs))

    def __sub__(self, other: OrdinalSet) -> OrdinalSet:
        if not self.runs or not other.runs:
            return self
        if len(other.runs) == 1 and other.runs[0][0] <= self.runs[0][0] and self.runs[-1][1] <= other.runs[0][1]:
            return OrdinalSet()
        low, high = self.runs[0][0], self.runs[-1][1]
        gaps: list[tuple[int, int]] = []
        at = low
        for start, stop in other._within(low, high).runs:
            if at < start:
                gaps.append((at, start))
            at = stop
        if at < high:
            gaps.append((at, high))
        return OrdinalSet(tuple(gaps)) if len(self.runs) == 1 else self & OrdinalSet(tuple(gaps))

    def _overlapping(self, low: int, high: int) -> tuple[tuple[int, int], ...]:
        """The runs that have members from `low` up to but not including `high`."""
        first = bisect_right(self.runs, (low, float("inf")))
        if first and self.runs[first - 1][1] > low:
            first -= 1
        return self.runs[first : bisect_left(self.runs, (high,))]

    def _within(self, low: int, high: int) -> OrdinalSet:
        """The members from `low` up to but not including `high`."""
        runs = list(self._overlapping(low, high))
        if runs:
            runs[0] = (max(low, runs[0][0]), runs[0][1])
            runs[-1] = (runs[-1][0], min(high, runs[-1][1]))
        return OrdinalSet(tuple(runs))

    def to_bytes(self) -> bytes:
        """A compact form: the distances between run ends, as zig-zag and LEB128 numbers; a bitmap where that is shorter.

        A bitmap stands after its first ordinal and the length 0, which no run has.
        """
        out = bytearray()
        at = 0
        for start, stop in self.runs:
            _write_number(start - at, out)
            _write_number(stop - start, out)
            at = stop
        if not self.runs or (at - self.runs[0][0]) // 8 >= len(out):
            return bytes(out)
        first = at = self.runs[0][0]
        bits: list[str] = []
        for start, stop in self.runs:
            bits.append("0" * (start - at) + "1" * (stop - start))
            at = stop
        bitmap = bytearray()
        _write_number(first, bitmap)
        _write_number(0, bitmap)
        bitmap += int("".join(bits)[::-1], 2).to_bytes((at - first + 7) // 8, "little")
        return bytes(bitmap) if len(bitmap) < len(out) else bytes(out)

    @staticmethod
    def from_bytes(data: bytes) -> OrdinalSet:
        """The set that `to_bytes` wrote."""
        numbers: list[int] = []
        number = shift = 0
        for place, byte in enumerate(data):
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if number == 0 and len(numbers) == 1:
                    return _from_bitmap(numbers[0], data[place + 1 :])
                numbers.append(-((number + 1) >> 1) if number & 1 else number >> 1)
                number = shift = 0
        runs: list[tuple[int, int]] = []
        at = 0
        for step, length in zip(numbers[::2], numbers[1::2], strict=True):
            start = at + step
            at = start + length
            runs.append((start, at))
        return OrdinalSet(tuple(runs))


def _write_number(step: int, out: bytearray) -> None:
    number = step << 1 if step >= 0 else (-step << 1) - 1
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _from_bitmap(first: int, bitmap: bytes) -> OrdinalSet:
    bits = f"{int.from_bytes(bitmap, 'little'):b}"[::-1]
    return OrdinalSet(tuple((first + run.start(), first + run.end()) for run in re.finditer("1+", bits)))


class KeyTable(Protocol):
    """Numbers for partition keys that have no calendar number of their own (static, dynamic, cron, several dimensions).

    One table serves a whole home: a key has the same ordinal in every asset, given once, in order of first use, and never changed, so
    sets of such partitions compare across assets as sets of time windows do.
    """

    def ordinals(self, keys: Sequence[str]) -> list[int]:
        """The ordinal of each key, in the order asked; a key met for the first time gets the next free number."""

    def keys(self, ordinals: Iterable[int]) -> list[str]:
        """The key of each ordinal, in the order asked. An ordinal that was never given raises KeyError."""


class MemoryKeyTable:
    """A key table that lives as long as the object.

    >>> table = MemoryKeyTable()
    >>> table.ordinals(["b", "a", "b"]), table.keys([1])
    ([0, 1, 0], ['a'])
    """

    def __init__(self) -> None:
        self._ordinals: dict[str, int] = {}
        self._keys: list[str] = []

    def ordinals(self, keys: Sequence[str]) -> list[int]:
        """The ordinal of each key; new keys are numbered."""
        found = []
        for key in keys:
            ordinal = self._ordinals.get(key)
            if ordinal is None:
                ordinal = self._ordinals[key] = len(self._keys)
                self._keys.append(key)
            found.append(ordinal)
        return found

    def keys(self, ordinals: Iterable[int]) -> list[str]:
        """The key of each ordinal."""
        try:
            return [self._keys[ordinal] for ordinal in ordinals]
        except IndexError as error:
            raise KeyError(f"an ordinal was never given: {error}") from None
