"""Partitions of several dimensions: day x origin, or day x origin x carrier.

The key of a partition is the keys of its dimensions, in the order of the dimensions' *names*, with ``|`` between them; a ``|`` or a
backslash within a key gets a backslash before it, so any keys can be put together and taken apart. Not every combination has to exist:
`keys` lists those that do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from operator import itemgetter
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import (
    DynamicPartitionsStore,
    PartitionKeyRange,
    PartitionsDefinition,
    PartitionsView,
    TimeWindow,
    reference_to,
    united,
    view_at,
)
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidDefinitionError, UnknownPartitionError, did_you_mean
from nbasset.ordinals import KeyTable, OrdinalSet
from nbasset.serde import serializable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_first = itemgetter(0)


class MultiPartitionKey(str):
    """A key of several dimensions: text, and the key of each dimension by its name.

    >>> key = MultiPartitionKey({"origin": "EWR", "day": "2013-01-01"})
    >>> str(key), key.keys_by_dimension["origin"]
    ('2013-01-01|EWR', 'EWR')
    """

    keys_by_dimension: Mapping[str, str]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> MultiPartitionKey:
        ordered = {name: keys_by_dimension[name] for name in sorted(keys_by_dimension)}
        return cls._of(join_keys(ordered.values()), ordered)

    @classmethod
    def _of(cls, text: str, ordered: Mapping[str, str]) -> MultiPartitionKey:
        self = str.__new__(cls, text)
        self.keys_by_dimension = ordered
        return self

    def __getnewargs__(self) -> tuple[dict[str, str]]:  # type: ignore[override]
        return (dict(self.keys_by_dimension),)


@dataclass(frozen=True, slots=True)
class PartitionDimensionDefinition:
    """One dimension: its name and its partitions."""

    name: str
    partitions_def: PartitionsDefinition


class DimensionName(str):
    """The name of a dimension in `MultiPartitionsDefinition.partitions_defs`: text that also answers as its `PartitionDimensionDefinition`.

    The reference has a list of those there, here it is a mapping. In another process it is the bare text.
    """

    partitions_def: PartitionsDefinition

    def __new__(cls, name: str, partitions_def: PartitionsDefinition) -> DimensionName:
        self = str.__new__(cls, name)
        self.partitions_def = partitions_def
        return self

    @property
    def name(self) -> str:
        """The bare text."""
        return str(self)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


@serializable
@dataclass(frozen=True, eq=False)
class MultiPartitionsDefinition(PartitionsDefinition):
    """All combinations of the keys of two or more dimensions, or those that `keys` lists.

    `partitions_defs` is a mapping in order of the names; its names have the attributes of `dimensions`, so that
    ``[one.partitions_def for one in both.partitions_defs]`` works too. An entry of `keys` is a key, or a mapping from
    dimension to key; a dimension it leaves out may have any key.

    >>> from nbasset.definitions.listed_partitions import StaticPartitionsDefinition
    >>> origins, carriers = StaticPartitionsDefinition(["EWR", "JFK"]), StaticPartitionsDefinition(["AA", "UA"])
    >>> MultiPartitionsDefinition({"origin": origins, "carrier": carriers}).get_partition_keys()
    ['AA|EWR', 'AA|JFK', 'UA|EWR', 'UA|JFK']
    >>> sparse = [{"origin": "JFK"}, {"origin": "EWR", "carrier": "UA"}]
    >>> MultiPartitionsDefinition({"origin": origins, "carrier": carriers}, sparse).get_partition_keys()
    ['AA|JFK', 'UA|EWR', 'UA|JFK']

    Raises
    ------
    InvalidDefinitionError
        If there is only one dimension, a dimension has no proper name or several dimensions itself, or an entry of `keys` names a
        dimension that is not there.
    """

    partitions_defs: Mapping[str, PartitionsDefinition]
    keys: Sequence[Mapping[str, str] | str] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.partitions_defs, Mapping) or len(self.partitions_defs) < 2:
            raise InvalidDefinitionError("several dimensions are a mapping of two or more: {'day': daily, 'origin': static}.")
        for name, definition in self.partitions_defs.items():
            if not isinstance(name, str) or not _NAME.match(name):
                raise InvalidDefinitionError(f"a dimension is named by letters, digits, '_' and '-', not {name!r}.")
            if not isinstance(definition, PartitionsDefinition) or isinstance(definition, MultiPartitionsDefinition):
                raise InvalidDefinitionError(f"dimension '{name}' is no partitions definition of one dimension: {definition!r}.")
        object.__setattr__(
            self, "partitions_defs", {DimensionName(name, one): one for name, one in sorted(self.partitions_defs.items(), key=_first)}
        )
        if self.keys is not None:
            object.__setattr__(self, "keys", tuple(self._entry(entry) for entry in self.keys))

    # -- dimensions -----------------------------------------------------------------------------------------------------

    @property
    def partition_dimension_names(self) -> list[str]:
        """The names of the dimensions, in the order their keys stand in."""
        return list(map(str, self.partitions_defs))

    @property
    def dimensions(self) -> tuple[PartitionDimensionDefinition, ...]:
        """The dimensions, in the order their keys stand in."""
        return tuple(PartitionDimensionDefinition(str(name), definition) for name, definition in self.partitions_defs.items())

    def get_partitions_def_for_dimension(self, dimension_name: str) -> PartitionsDefinition:
        """The partitions of one dimension.

        Raises
        ------
        InvalidDefinitionError
            If there is no such dimension.
        """
        if dimension_name not in self.partitions_defs:
            names = ", ".join(self.partitions_defs)
            hint = did_you_mean(dimension_name, self.partitions_defs)
            raise InvalidDefinitionError(f"no dimension '{dimension_name}'. There are {names}. {hint}".rstrip())
        return self.partitions_defs[dimension_name]

    @property
    def time_window_dimension(self) -> str | None:
        """The name of the dimension that is time, if exactly one is."""
        names = [name for name, definition in self.partitions_defs.items() if isinstance(definition, TimeWindows)]
        return names[0] if len(names) == 1 else None

    @property
    def has_time_window_dimension(self) -> bool:
        """Whether exactly one dimension is time."""
        return self.time_window_dimension is not None

    @property
    def time_window_partitions_def(self) -> TimeWindows | None:
        """The partitions of the dimension that is time, if exactly one is."""
        found = self.partitions_defs[self.time_window_dimension] if self.time_window_dimension is not None else None
        return found if isinstance(found, TimeWindows) else None

    def get_partition_key_from_str(self, partition_key_str: str) -> MultiPartitionKey:
        """The same as `key_from_text`: the name of the field."""
        return self.key_from_text(partition_key_str)

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """The window of a key in the time dimension.

        Raises
        ------
        InvalidDefinitionError
            If not exactly one dimension is time.
        """
        name = self.time_window_dimension
        if name is None:
            raise InvalidDefinitionError(f"not exactly one dimension of {self.describe()} is time, so a key has no one window.")
        definition = self.partitions_defs[name]
        assert isinstance(definition, TimeWindows)
        return definition.time_window_for_partition_key(self.key_from_text(partition_key).keys_by_dimension[name])

    def key_from_text(self, text: str) -> MultiPartitionKey:
        """The key that a text stands for, whether or not it exists.

        Raises
        ------
        UnknownPartitionError
            If the text has another number of dimensions.
        """
        if isinstance(text, MultiPartitionKey) and list(text.keys_by_dimension) == self.partition_dimension_names:
            return text
        return MultiPartitionKey(dict(zip(self.partition_dimension_names, self.parts_of(text), strict=True)))

    def parts_of(self, text: str) -> tuple[str, ...]:
        """The keys of the dimensions, in their order."""
        named = getattr(text, "keys_by_dimension", None)
        if named is not None and set(named) != set(self.partitions_defs):
            ours = ", ".join(self.partitions_defs)
            raise UnknownPartitionError(f"{text!r} has the dimensions {', '.join(named)}, a key here has {ours}.")
        parts = split_keys(text)
        if len(parts) != len(self.partitions_defs):
            names = "|".join(self.partitions_defs)
            raise UnknownPartitionError(f"{text!r} has {len(parts)} parts, a key here has {len(self.partitions_defs)}: {names}.")
        if "\\" in text and join_keys(parts) != text:
            raise UnknownPartitionError(f"{text!r} is not how a key is written. Did you mean {join_keys(parts)!r}?")
        return tuple(parts)

    # -- what exists ------------------------------------------------------------------------------------------------------

    @property
    def family(self) -> tuple[str, ...]:
        """Alike are definitions with the same dimensions of the same families."""
        return ("multi", *(word for name, definition in self.partitions_defs.items() for word in (name, *definition.family)))

    def describe(self) -> str:
        """``day (daily from 2013-01-01) x origin (static: EWR, JFK)``."""
        words = " x ".join(f"{name} ({definition.describe()})" for name, definition in self.partitions_defs.items())
        return f"{words}, {len(self.keys)} of the combinations" if self.keys is not None else words

    def _keys(self, view: PartitionsView) -> Sequence[str]:
        return [join_keys(parts) for parts in self._combinations(view)]

    def _ordinals(self, view: PartitionsView) -> OrdinalSet:
        # Most views differ by some seconds only: what exists in the dimensions is then the same, and so is the answer.
        state = tuple(definition.ordinals(view) for definition in self.partitions_defs.values())
        known = self.__dict__.get("_of_state")
        if known is not None and known[0]() is view.table and known[1] == state:
            found: OrdinalSet = known[2]
            return found
        found = super()._ordinals(view)
        self.__dict__["_of_state"] = (reference_to(view.table), state, found)
        return found

    def ordinal_of(self, key: str, table: KeyTable) -> int:
        """The ordinal of a key whose parts have the right form."""
        parts = self.parts_of(key)
        for part, (name, definition) in zip(parts, self.partitions_defs.items(), strict=True):
            try:
                definition.ordinal_of(part, table)
            except UnknownPartitionError as error:
                order = "|".join(self.partitions_defs)
                raise UnknownPartitionError(f"dimension '{name}' of {key!r} ({order}): {error}") from None
        return table.ordinals([join_keys(parts)])[0]

    def keys_of(self, ordinals: OrdinalSet, table: KeyTable) -> list[str]:
        """The keys of these combinations, the first dimension changing slowest; keys that a dimension no longer has come last."""
        keys = table.keys(ordinals)
        split = [self.parts_of(key) for key in keys]
        places = [
            {part: _place(definition, part) for part in {parts[at] for parts in split}}
            for at, definition in enumerate(self.partitions_defs.values())
        ]
        order = sorted(range(len(keys)), key=lambda at: [place[part] for place, part in zip(places, split[at], strict=True)])
        return [keys[at] for at in order]

    def place_of(self, key: str) -> Any:
        """What keys are ordered by."""
        return tuple(definition.place_of(part) for part, definition in zip(self.parts_of(key), self.partitions_defs.values(), strict=True))

    def ordinals_in_range(self, partition_key_range: PartitionKeyRange, view: PartitionsView) -> OrdinalSet:
        """In each dimension from the one key to the other: the combinations of those that exist."""
        ends = zip(
            self.partitions_defs.items(), self.parts_of(partition_key_range.start), self.parts_of(partition_key_range.end), strict=True
        )
        wanted = {
            name: definition.keys_of(definition.ordinals_in_range(PartitionKeyRange(start, end), view), view.table)
            for (name, definition), start, end in ends
        }
        return self.combined(wanted, view.table) & self.ordinals(view)

    def combined(self, keys_by_dimension: Mapping[str, Iterable[str]], table: KeyTable) -> OrdinalSet:
        """The ordinals of all combinations of these keys, existing or not."""
        escaped = [[_escaped(key) for key in keys_by_dimension[name]] for name in self.partitions_defs]
        return OrdinalSet.of(table.ordinals(["|".join(parts) for parts in product(*escaped)]))

    def projected(self, ordinals: OrdinalSet, dimension_name: str, table: KeyTable) -> OrdinalSet:
        """The ordinals, in one dimension, of the keys that these combinations have there."""
        at = self.partition_dimension_names.index(dimension_name)
        keys = dict.fromkeys(self.parts_of(key)[at] for key in table.keys(ordinals))
        definition = self.partitions_defs[dimension_name]
        return OrdinalSet.of(definition.ordinal_of(key, table) for key in keys)

    def with_dimension(self, dimension_name: str, wanted: OrdinalSet, view: PartitionsView) -> OrdinalSet:
        """The combinations that exist and have one of these ordinals in a dimension."""
        existing = self.ordinals(view)
        known: tuple[OrdinalSet, dict[str, dict[int, OrdinalSet]]] | None = self.__dict__.get("_by_dimension")
        if known is None or known[0] is not existing:
            known = self.__dict__["_by_dimension"] = (existing, {})
        if dimension_name not in known[1]:
            known[1][dimension_name] = self._grouped(dimension_name, existing, view.table)
        groups = known[1][dimension_name]
        runs = [run for ordinal in wanted if ordinal in groups for run in groups[ordinal].runs]
        return united(runs)

    def unknown(self, key: str, view: PartitionsView) -> UnknownPartitionError:
        """The error for a key that does not exist: in which dimension, or which combination."""
        for part, (name, definition) in zip(self.parts_of(key), self.partitions_defs.items(), strict=True):
            if definition.ordinal_of(part, view.table) not in definition.ordinals(view):
                return UnknownPartitionError(f"no partition {key!r}: dimension '{name}': {definition.unknown(part, view)}")
        return UnknownPartitionError(f"no partition {key!r}: of {self.describe()}, this combination is none.")

    # -- what people ask ----------------------------------------------------------------------------------------------------

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> list[str]:
        """All combinations that exist, as `MultiPartitionKey`."""
        names = self.partition_dimension_names
        combinations = self._combinations(view_at(current_time, dynamic_partitions_store))
        return [MultiPartitionKey._of(join_keys(parts), dict(zip(names, parts, strict=True))) for parts in combinations]

    def get_multipartition_keys_with_dimension_value(
        self,
        dimension_name: str,
        dimension_partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """The combinations with this key in one dimension."""
        self.get_partitions_def_for_dimension(dimension_name)
        at = self.partition_dimension_names.index(dimension_name)
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return [key for key in keys if self.parts_of(key)[at] == dimension_partition_key]

    # -- helpers ------------------------------------------------------------------------------------------------------------

    def _grouped(self, dimension_name: str, ordinals: OrdinalSet, table: KeyTable) -> dict[int, OrdinalSet]:
        at, definition = self.partition_dimension_names.index(dimension_name), self.partitions_defs[dimension_name]
        members: dict[str, list[int]] = {}
        for ordinal, key in zip(ordinals, table.keys(ordinals), strict=True):
            members.setdefault(self.parts_of(key)[at], []).append(ordinal)
        return {definition.ordinal_of(key, table): OrdinalSet.of(found) for key, found in members.items()}

    def _combinations(self, view: PartitionsView) -> list[tuple[str, ...]]:
        each = [definition._keys(view) for definition in self.partitions_defs.values()]
        if self.keys is None:
            return list(product(*each))
        places = [{key: at for at, key in enumerate(keys)} for keys in each]
        found: set[tuple[int, ...]] = set()
        for entry in self.keys:
            assert not isinstance(entry, str)
            chosen = [
                (range(len(keys)) if name not in entry else [place[entry[name]]] if entry[name] in place else [])
                for name, keys, place in zip(self.partitions_defs, each, places, strict=True)
            ]
            found.update(product(*chosen))
        return [tuple(keys[at] for keys, at in zip(each, indexes, strict=True)) for indexes in sorted(found)]

    def _entry(self, entry: object) -> dict[str, str]:
        if isinstance(entry, str):
            try:
                return dict(self.key_from_text(entry).keys_by_dimension)
            except UnknownPartitionError as error:
                raise InvalidDefinitionError(f"an entry of keys: {error}") from None
        if not isinstance(entry, Mapping):
            raise InvalidDefinitionError(f"an entry of keys is a key or a mapping from dimension to key, not {entry!r}.")
        for name, key in entry.items():
            definition = self.get_partitions_def_for_dimension(name)
            if not isinstance(key, str):
                raise InvalidDefinitionError(f"the key of dimension '{name}' is text, not {key!r}.")
            try:
                definition.place_of(key)
            except UnknownPartitionError as error:
                raise InvalidDefinitionError(f"an entry of keys, dimension '{name}': {error}") from None
        return dict(entry)

    def _identity(self) -> tuple[object, ...]:
        entries = None if self.keys is None else frozenset(frozenset(entry.items()) for entry in self.keys if not isinstance(entry, str))
        return tuple(self.partitions_defs.items()), entries

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MultiPartitionsDefinition) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())


def join_keys(keys: Iterable[str]) -> str:
    r"""One text of several keys.

    >>> join_keys(["a|b", "c"]), split_keys(join_keys(["a|b", "c"]))
    ('a\\|b|c', ['a|b', 'c'])
    """
    return "|".join([_escaped(key) for key in keys])


def split_keys(text: str) -> list[str]:
    """The keys that `join_keys` put together."""
    if "\\" not in text:
        return text.split("|")
    parts, is_escaped = [""], False
    for character in text:
        if is_escaped:
            parts[-1] += character
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == "|":
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _place(definition: PartitionsDefinition, key: str) -> tuple[int, Any]:
    try:
        return 0, definition.place_of(key)
    except UnknownPartitionError:
        return 1, key


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace("|", "\\|") if "|" in key or "\\" in key else key


__all__ = ["MultiPartitionKey", "MultiPartitionsDefinition", "PartitionDimensionDefinition", "join_keys", "split_keys"]
