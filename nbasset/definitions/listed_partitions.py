"""Partitions that are a list of keys: `StaticPartitionsDefinition`, fixed, and `DynamicPartitionsDefinition`, kept by the instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView, reference_to
from nbasset.errors import InvalidDefinitionError
from nbasset.ordinals import KeyTable, OrdinalSet
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True)
class StaticPartitionsDefinition(PartitionsDefinition):
    """A fixed list of keys, in the order given.

    >>> StaticPartitionsDefinition(["EWR", "JFK", "LGA"]).get_partition_keys()
    ['EWR', 'JFK', 'LGA']

    Raises
    ------
    InvalidDefinitionError
        If a key is given twice, is no text, is empty, or holds ``...`` (the sign of a range).
    """

    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        if isinstance(self.partition_keys, str):
            raise InvalidDefinitionError(f"static partitions are a list of keys, not one text. Did you mean [{self.partition_keys!r}]?")
        keys = tuple(self.partition_keys)
        places: dict[str, int] = {}
        for key in keys:
            check_partition_key(key)
            if key in places:
                raise InvalidDefinitionError(f"the partition key {key!r} is given twice. Keys of one definition are unique.")
            places[key] = len(places)
        object.__setattr__(self, "partition_keys", keys)
        self.__dict__["_index"] = places

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__["_index"] = {key: at for at, key in enumerate(self.partition_keys)}

    @property
    def family(self) -> tuple[str, ...]:
        """All static definitions are one family: a key is a key."""
        return ("static",)

    def describe(self) -> str:
        """``static: EWR, JFK, LGA``."""
        shown = ", ".join(self.partition_keys[:3])
        return f"static: {shown}" + (f" and {len(self.partition_keys) - 3} more" if len(self.partition_keys) > 3 else "")

    @property
    def places(self) -> Mapping[str, int]:
        """The place of each key in the list."""
        found: dict[str, int] = self.__dict__["_index"]
        return found

    def _keys(self, view: PartitionsView) -> Sequence[str]:
        return self.partition_keys

    def _ordinals(self, view: PartitionsView) -> OrdinalSet:
        # Neither the keys nor their numbers ever change, so one answer a table is enough, whatever the time.
        known = self.__dict__.get("_of_table")
        if known is not None and known[0]() is view.table:
            found: OrdinalSet = known[1]
            return found
        found = super()._ordinals(view)
        self.__dict__["_of_table"] = (reference_to(view.table), found)
        return found

    def ordinal_of(self, key: str, table: KeyTable) -> int:
        """The ordinal of one of the keys."""
        self.place_of(key)
        return table.ordinals([key])[0]

    def keys_of(self, ordinals: OrdinalSet, table: KeyTable) -> list[str]:
        """The keys in the order of the list, then those that are no longer in it."""
        after = len(self.places)
        return sorted(table.keys(ordinals), key=lambda key: self.places.get(key, after))

    def place_of(self, key: str) -> int:
        """The place of a key in the list."""
        if key not in self.places:
            raise self.unknown(key, PartitionsView(datetime.max.replace(tzinfo=UTC)))
        return self.places[key]

    def _place(self, key: str, keys: Sequence[str], view: PartitionsView) -> int:
        at = self.places.get(key)
        if at is None:
            raise self.unknown(key, view)
        return at


@serializable
@dataclass(frozen=True)
class DynamicPartitionsDefinition(PartitionsDefinition):
    """Keys that are added and deleted while everything runs, kept by the instance under `name`.

    >>> view = PartitionsView(datetime(2025, 1, 1, tzinfo=UTC), dynamic={"customers": ["acme"]})
    >>> [*DynamicPartitionsDefinition("customers").ordinals(view)]
    [0]
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InvalidDefinitionError("dynamic partitions need a name: DynamicPartitionsDefinition(name='customers').")

    @property
    def family(self) -> tuple[str, ...]:
        """One family a name."""
        return ("dynamic", self.name)

    def describe(self) -> str:
        """``dynamic: customers``."""
        return f"dynamic: {self.name}"

    def build_add_request(self, partition_keys: Sequence[str]) -> AddDynamicPartitionsRequest:
        """What a sensor returns to add keys.

        Raises
        ------
        InvalidDefinitionError
            If a key cannot be one.
        """
        for key in partition_keys:
            check_partition_key(key)
        return AddDynamicPartitionsRequest(self.name, tuple(partition_keys))

    def build_delete_request(self, partition_keys: Sequence[str]) -> DeleteDynamicPartitionsRequest:
        """What a sensor returns to delete keys."""
        return DeleteDynamicPartitionsRequest(self.name, tuple(partition_keys))

    def _keys(self, view: PartitionsView) -> Sequence[str]:
        return view.dynamic.get(self.name, ())


def check_partition_key(key: object) -> None:
    """Nothing if `key` can be a static or dynamic key: any text but an empty one, one with ``...``, and one that cannot be stored.

    Raises
    ------
    InvalidDefinitionError
        If it cannot.
    """
    if not isinstance(key, str):
        raise InvalidDefinitionError(f"a partition key is text, not {type(key).__name__}: {key!r}. Did you mean {str(key)!r}?")
    if not key:
        raise InvalidDefinitionError("a partition key is empty. Give it at least one character.")
    if "..." in key:
        raise InvalidDefinitionError(f"the partition key {key!r} holds '...', which stands between the ends of a range.")
    try:
        is_storable = "\0" not in key and bool(key.encode())
    except UnicodeEncodeError:
        is_storable = False
    if not is_storable:
        raise InvalidDefinitionError(f"the partition key {key!r} holds a NUL or half a surrogate pair, which nothing can store.")


@serializable
@dataclass(frozen=True, slots=True)
class AddDynamicPartitionsRequest:
    """Keys that a sensor asks to add.

    >>> DynamicPartitionsDefinition(name="customers").build_add_request(["acme"])
    AddDynamicPartitionsRequest(partitions_def_name='customers', partition_keys=('acme',))
    """

    partitions_def_name: str
    partition_keys: tuple[str, ...]


@serializable
@dataclass(frozen=True, slots=True)
class DeleteDynamicPartitionsRequest:
    """Keys that a sensor asks to delete.

    >>> DynamicPartitionsDefinition(name="customers").build_delete_request(["acme"]).partition_keys
    ('acme',)
    """

    partitions_def_name: str
    partition_keys: tuple[str, ...]
