"""Sets of whole numbers kept as runs: how many partitions are asked for, done, failed.

A partition key has an ordinal that never changes (definitions decide it); events and records speak in ordinals, so a year of days is
one run and a set operation costs what the runs cost, not what the keys do.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


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

    def __bool__(self) -> bool:
        return bool(self.runs)

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self.runs)

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
        runs: list[tuple[int, int]] = []
        mine, theirs = 0, 0
        while mine < len(self.runs) and theirs < len(other.runs):
            start = max(self.runs[mine][0], other.runs[theirs][0])
            stop = min(self.runs[mine][1], other.runs[theirs][1])
            if start < stop:
                runs.append((start, stop))
            if self.runs[mine][1] < other.runs[theirs][1]:
                mine += 1
            else:
                theirs += 1
        return OrdinalSet(tuple(runs))

    def __sub__(self, other: OrdinalSet) -> OrdinalSet:
        if not self.runs or not other.runs:
            return self
        low, high = self.runs[0][0], self.runs[-1][1]
        gaps: list[tuple[int, int]] = []
        at = low
        for start, stop in other.runs:
            if at < start:
                gaps.append((at, start))
            at = max(at, stop)
        if at < high:
            gaps.append((at, high))
        return self & OrdinalSet(tuple(gaps))

    def to_bytes(self) -> bytes:
        """A compact form: the distances between run ends, as zig-zag and LEB128 numbers."""
        out = bytearray()
        at = 0
        for start, stop in self.runs:
            for step in (start - at, stop - start):
                number = step << 1 if step >= 0 else (-step << 1) - 1
                while number > 0x7F:
                    out.append(number & 0x7F | 0x80)
                    number >>= 7
                out.append(number)
            at = stop
        return bytes(out)

    @staticmethod
    def from_bytes(data: bytes) -> OrdinalSet:
        """The set that `to_bytes` wrote."""
        numbers: list[int] = []
        number = shift = 0
        for byte in data:
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                numbers.append(-((number + 1) >> 1) if number & 1 else number >> 1)
                number = shift = 0
        runs: list[tuple[int, int]] = []
        at = 0
        for step, length in zip(numbers[::2], numbers[1::2], strict=True):
            start = at + step
            at = start + length
            runs.append((start, at))
        return OrdinalSet(tuple(runs))


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
