"""Partitions: the keys an asset is cut into, and the ordinals that state is kept under.

`PartitionsDefinition` has two faces. People use keys: `get_partition_keys`, `has_partition_key`, ranges, with "now" as an argument. nbasset
itself uses ordinals: `ordinals(view)` is the set of all partitions that exist, and everything else is set algebra. Time windows
have calendar numbers (`time_windows.py`); keys of a list (`listed_partitions.py`) and of several dimensions (`multi_partitions.py`) get
theirs from a `KeyTable`.

A `PartitionsView` holds what the answer depends on besides the definition: the time, the table and the dynamic keys.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from nbasset import clock
from nbasset.dataclass import dataclass
from nbasset.errors import InvalidDefinitionError, InvalidPartitionRange, InvariantViolationError, UnknownPartitionError, did_you_mean
from nbasset.keys import PartitionRef
from nbasset.ordinals import KeyTable, MemoryKeyTable, OrdinalSet
from nbasset.serde import serializable

_MOST_COMPARED = 2_000


class DynamicPartitionsStore(Protocol):
    """Who knows the keys of dynamic partitions: an instance."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """All keys of this name, in the order they were added."""


@dataclass(frozen=True, slots=True, eq=False)
class PartitionsView:
    """What exists is asked as of `now`, with the numbers of `table` and the dynamic keys of `dynamic` (name -> keys).

    Make one and use it for a whole decision: definitions remember their last answer for the same view.
    """

    now: datetime
    table: KeyTable = field(default_factory=MemoryKeyTable)
    dynamic: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise InvalidDefinitionError(f"now ({self.now.isoformat()}) has no time zone. Give an aware datetime.")


@serializable
@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From `start` up to but not including `end`; unpacks as ``start, end``.

    Both are aware and show the clock of the partitions' zone. Equal windows begin and end at the same instants.

    >>> TimeWindow(datetime.fromisoformat("2025-03-09 00:00-05:00"), datetime.fromisoformat("2025-03-10 00:00-04:00")).duration_s
    82800.0
    """

    start: datetime
    end: datetime

    @property
    def duration_s(self) -> float:
        """Seconds that really pass: 82,800 for a spring day of 23 hours, where ``end - start`` says 24."""
        return self.end.timestamp() - self.start.timestamp()

    def __iter__(self) -> Iterator[datetime]:
        return iter((self.start, self.end))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TimeWindow):
            return NotImplemented
        return (self.start.timestamp(), self.end.timestamp()) == (other.start.timestamp(), other.end.timestamp())

    def __hash__(self) -> int:
        return hash((self.start.timestamp(), self.end.timestamp()))


@serializable
@dataclass(frozen=True, slots=True)
class PartitionKeyRange:
    """The partitions from `start` to `end`, both included. With several dimensions: in each dimension from the one to the other.

    >>> from nbasset import StaticPartitionsDefinition
    >>> StaticPartitionsDefinition(["a", "b", "c"]).get_partition_keys_in_range(PartitionKeyRange("a", "b"))
    ['a', 'b']
    """

    start: str
    end: str

    def __str__(self) -> str:
        return f"{self.start}...{self.end}"


class PartitionsDefinition:
    """Base of all kinds. A kind says what `_keys` there are and how keys and ordinals belong together; the rest follows.

    >>> from nbasset import StaticPartitionsDefinition
    >>> airports: PartitionsDefinition = StaticPartitionsDefinition(["EWR", "JFK"])
    >>> airports.get_num_partitions(), airports.get_last_partition_key()
    (2, 'JFK')
    """

    # -- what a kind decides ----------------------------------------------------------------------------------------

    @property
    def family(self) -> tuple[str, ...]:
        """Definitions of one family give the same key the same ordinal."""
        raise InvalidDefinitionError(f"{type(self).__name__} is no complete partitions definition: it has no family.")

    def describe(self) -> str:
        """A phrase for sentences: ``daily from 2013-01-01``."""
        return type(self).__name__

    def _keys(self, view: PartitionsView) -> Sequence[str]:
        """All keys that exist, in order."""
        return self.keys_of(self.ordinals(view), view.table)

    def _ordinals(self, view: PartitionsView) -> OrdinalSet:
        return OrdinalSet.of(view.table.ordinals(self._keys(view)))

    def ordinal_of(self, key: str, table: KeyTable) -> int:
        """The ordinal of a key that has the right form, whether or not it exists yet.

        Raises
        ------
        UnknownPartitionError
            If no key of this definition can look like this.
        """
        return table.ordinals([key])[0]

    def key_of(self, ordinal: int, table: KeyTable) -> str:
        """The key of an ordinal. An ordinal that is none of this definition raises KeyError."""
        return table.keys([ordinal])[0]

    def keys_of(self, ordinals: OrdinalSet, table: KeyTable) -> list[str]:
        """The keys of these ordinals, in the order of the definition."""
        return table.keys(ordinals)

    def refs_of(self, ordinals: OrdinalSet, table: KeyTable) -> tuple[PartitionRef, ...]:
        """Keys with their ordinals, in the order of the definition, which need not be that of the numbers."""
        keys = self.keys_of(ordinals, table)
        return tuple(map(PartitionRef, keys, table.ordinals(keys)))

    def place_of(self, key: str) -> Any:
        """What keys are ordered by: comparable among the keys of one definition.

        Raises
        ------
        UnknownPartitionError
            If no key of this definition can look like this.
        """
        return key

    # -- ordinals: how nbasset computes -------------------------------------------------------------------------------

    def ordinals(self, view: PartitionsView) -> OrdinalSet:
        """All partitions that exist."""
        memo = self.__dict__.get("_memo")
        if memo is not None and memo[0] is view:
            found: OrdinalSet = memo[1]
            return found
        found = self._ordinals(view)
        self.__dict__["_memo"] = (view, found)
        return found

    def ordinals_of(self, keys: Iterable[str], view: PartitionsView) -> OrdinalSet:
        """The ordinals of keys that must exist.

        Raises
        ------
        UnknownPartitionError
            For the first key that does not, with the nearest that do.
        """
        wanted = list(dict.fromkeys(keys))
        existing = self.ordinals(view)
        found = [self.ordinal_of(key, view.table) for key in wanted]
        for key, ordinal in zip(wanted, found, strict=True):
            if ordinal not in existing:
                raise self.unknown(key, view)
        return OrdinalSet.of(found)

    def ordinals_in_range(self, partition_key_range: PartitionKeyRange, view: PartitionsView) -> OrdinalSet:
        """The ordinals from one key to another, both included and both existing.

        Raises
        ------
        UnknownPartitionError
            If an end of the range does not exist.
        InvalidPartitionRange
            If the end comes before the start.
        """
        keys = self._keys(view)
        start, stop = self._places(partition_key_range, keys, view)
        return OrdinalSet.of(view.table.ordinals(keys[start : stop + 1]))

    def first_ordinal(self, view: PartitionsView) -> int | None:
        """The first partition that exists."""
        keys = self._keys(view)
        return self.ordinal_of(keys[0], view.table) if keys else None

    def last_ordinal(self, view: PartitionsView) -> int | None:
        """The last partition that exists: the newest of time windows."""
        keys = self._keys(view)
        return self.ordinal_of(keys[-1], view.table) if keys else None

    def unknown(self, key: str, view: PartitionsView) -> UnknownPartitionError:
        """The error for a key that does not exist: what there is, and what is near."""
        count = len(self.ordinals(view))
        if not count:
            return UnknownPartitionError(f"no partition {key!r}: the partitions ({self.describe()}) are none as of {view.now.isoformat()}.")
        first, last = self._ends(view)
        there = f"'{first}'" if count == 1 else f"{count:,} from '{first}' to '{last}'"
        return UnknownPartitionError(f"no partition {key!r} in {self.describe()}. There are {there}. {self._near(key, view)}".rstrip())

    def reversed_range(self, asked: PartitionKeyRange) -> InvalidPartitionRange:
        """The error for a range whose end comes before its start."""
        return InvalidPartitionRange(
            f"the range {asked} ends before it starts ({self.describe()}). Did you mean {asked.end}...{asked.start}?"
        )

    # -- keys: how people ask -------------------------------------------------------------------------------------------

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> list[str]:
        """All keys that exist at `current_time` (default: now), in order."""
        return list(self._keys(view_at(current_time, dynamic_partitions_store)))

    def has_partition_key(
        self, partition_key: str, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> bool:
        """Whether the key exists. A key that is written in another way than the definition's is none."""
        view = view_at(current_time, dynamic_partitions_store)
        try:
            return self.ordinal_of(partition_key, view.table) in self.ordinals(view)
        except UnknownPartitionError:
            return False

    def validate_partition_key(
        self, partition_key: str, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> None:
        """Nothing if the key exists.

        Raises
        ------
        UnknownPartitionError
            If it does not.
        """
        self.ordinals_of([partition_key], view_at(current_time, dynamic_partitions_store))

    def get_first_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str | None:
        """The first key; None if there is none."""
        view = view_at(current_time, dynamic_partitions_store)
        ordinal = self.first_ordinal(view)
        return None if ordinal is None else self.key_of(ordinal, view.table)

    def get_last_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str | None:
        """The last key (of time windows the newest that has ended); None if there is none."""
        view = view_at(current_time, dynamic_partitions_store)
        ordinal = self.last_ordinal(view)
        return None if ordinal is None else self.key_of(ordinal, view.table)

    def get_num_partitions(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> int:
        """How many keys exist."""
        return len(self.ordinals(view_at(current_time, dynamic_partitions_store)))

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """The keys from the start to the end of the range, both included.

        Raises
        ------
        UnknownPartitionError, InvalidPartitionRange
            If an end does not exist; if the end comes before the start.
        """
        view = view_at(current_time, dynamic_partitions_store)
        return self.keys_of(self.ordinals_in_range(partition_key_range, view), view.table)

    def get_next_partition_key(
        self, partition_key: str, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str | None:
        """The key after this one; None after the last."""
        return self._neighbour(partition_key, 1, view_at(current_time, dynamic_partitions_store))

    def get_prev_partition_key(
        self, partition_key: str, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str | None:
        """The key before this one; None before the first."""
        return self._neighbour(partition_key, -1, view_at(current_time, dynamic_partitions_store))

    # -- helpers of the kinds ---------------------------------------------------------------------------------------------

    def _neighbour(self, key: str, step: int, view: PartitionsView) -> str | None:
        keys = self._keys(view)
        at = self._place(key, keys, view) + step
        return keys[at] if 0 <= at < len(keys) else None

    def _place(self, key: str, keys: Sequence[str], view: PartitionsView) -> int:
        try:
            return keys.index(key)
        except ValueError:
            raise self.unknown(key, view) from None

    def _places(self, asked: PartitionKeyRange, keys: Sequence[str], view: PartitionsView) -> tuple[int, int]:
        start, stop = self._place(asked.start, keys, view), self._place(asked.end, keys, view)
        if stop < start:
            raise self.reversed_range(asked)
        return start, stop

    def _ends(self, view: PartitionsView) -> tuple[str, str]:
        keys = self._keys(view)
        return keys[0], keys[-1]

    def _near(self, key: str, view: PartitionsView) -> str:
        keys = self._keys(view)
        return did_you_mean(
            key, keys if len(keys) <= _MOST_COMPARED else [known for known in keys if known[:2] == key[:2]][:_MOST_COMPARED]
        )

    def __getstate__(self) -> dict[str, Any]:
        # What was computed stays behind: it is cheap to find again and may hold a whole key table.
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}


@contextmanager
def partition_loading_context(
    effective_dt: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
) -> Iterator[None]:
    """Within the block, methods that are given neither a time nor a store use these.

    >>> from datetime import UTC
    >>> from nbasset import DailyPartitionsDefinition
    >>> with partition_loading_context(datetime(2013, 1, 3, tzinfo=UTC)):
    ...     DailyPartitionsDefinition("2013-01-01").get_partition_keys()
    ['2013-01-01', '2013-01-02']
    """
    before = _LOADING.get()
    token = _LOADING.set((effective_dt or before[0], dynamic_partitions_store or before[1]))
    try:
        yield
    finally:
        _LOADING.reset(token)


_LOADING: ContextVar[tuple[datetime | None, DynamicPartitionsStore | None]] = ContextVar("nbasset_partition_loading", default=(None, None))


class _StoreKeys(Mapping[str, Sequence[str]]):
    """The dynamic keys of a store, asked for when they are needed."""

    def __init__(self, store: DynamicPartitionsStore | None) -> None:
        self._store = store

    def __getitem__(self, name: str) -> Sequence[str]:
        if self._store is None:
            raise UnknownPartitionError(f"the dynamic partitions '{name}' are kept by an instance. Pass it as dynamic_partitions_store.")
        return self._store.get_dynamic_partitions(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def view_at(current_time: datetime | None, store: DynamicPartitionsStore | None) -> PartitionsView:
    """The view of a public call: the only place in the definitions that knows what time it is."""
    effective, loading_store = _LOADING.get()
    now = current_time or effective or clock.now()
    return PartitionsView(now, MemoryKeyTable(), _StoreKeys(store or loading_store))


def united(runs: Iterable[tuple[int, int]]) -> OrdinalSet:
    """The set of runs in any order, which may overlap."""
    # A union sorts and joins the runs of both sides.
    return OrdinalSet() | OrdinalSet(tuple(runs))


def reference_to(table: KeyTable) -> Any:
    """A call that gives the table as long as it lives, without keeping it alive where that can be."""
    try:
        return weakref.ref(table)
    except TypeError:
        return lambda: table


def given_partitions(
    key: str | None, keys: Sequence[str] | None, between: PartitionKeyRange | None, definition: PartitionsDefinition | None
) -> tuple[PartitionRef, ...]:
    """The partitions that somebody names for a context of a test: one key, several, or a range of a definition; numbered from 0.

    Raises
    ------
    InvariantViolationError
        If a range is given without a definition.
    """
    if between is not None and definition is None:
        raise InvariantViolationError("asset_partition_key_range needs asset_partitions_def, which says what lies in it.")
    if between is not None and definition is not None:
        keys = definition.get_partition_keys_in_range(between)
    found = list(keys) if keys is not None else [key] if key is not None else []
    return tuple(PartitionRef(one, at) for at, one in enumerate(found))
