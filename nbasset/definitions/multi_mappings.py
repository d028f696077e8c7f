"""Mappings where at least one side has several dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from nbasset.dataclass import dataclass
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partition_mapping import Edge, Mapped, PartitionMapping
from nbasset.definitions.partitions import PartitionsDefinition, united
from nbasset.definitions.plain_mappings import IdentityPartitionMapping, TimeWindowPartitionMapping
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidDefinitionError, InvalidPartitionMapping
from nbasset.ordinals import OrdinalSet
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True)
class MultiToSingleDimensionPartitionMapping(PartitionMapping):
    """Between several dimensions and one: partitions belong together if the key in one dimension does.

    Without a name it is the one dimension that is like the other side. `partition_mapping` says how keys of that dimension and of the other
    side belong together; by default as they would between two assets with those partitions.

    >>> from nbasset import AssetDep
    >>> AssetDep("flights_by_day_and_origin", partition_mapping=MultiToSingleDimensionPartitionMapping("day")).partition_mapping
    MultiToSingleDimensionPartitionMapping(partition_dimension_name='day', partition_mapping=None)
    """

    partition_dimension_name: str | None = None
    partition_mapping: PartitionMapping | None = None

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """One side has several dimensions, the other one, and they fit."""
        found = self._resolved(upstream, downstream)
        ends = (found.dimension, found.single) if found.is_upstream else (found.single, found.dimension)
        found.mapping.check(*ends)

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """Always if several dimensions are upstream; else if the mapping of the dimension may."""
        found = self._resolved(upstream, downstream)
        return found.is_upstream or found.mapping.can_give_several(found.dimension, found.single)

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """All combinations with a mapped key, or the mapped key of each combination."""
        found = self._resolved(edge.upstream, edge.downstream)
        if not found.is_upstream:
            inner = Edge(found.single, found.dimension, edge.view)
            return found.mapping._upstream_of(found.multi.projected(wanted, found.name, edge.view.table), inner)
        mapped = found.mapping._upstream_of(wanted, Edge(found.dimension, found.single, edge.view))
        combinations = found.multi.with_dimension(found.name, mapped.ordinals, edge.view)
        if not mapped.nonexistent:
            return Mapped(combinations)
        table = edge.view.table
        each = {name: definition.keys_of(definition.ordinals(edge.view), table) for name, definition in found.multi.partitions_defs.items()}
        each[found.name] = found.dimension.keys_of(mapped.nonexistent, table)
        return Mapped(combinations, found.multi.combined(each, table))

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """The other way round."""
        found = self._resolved(edge.upstream, edge.downstream)
        changed &= edge.existing_upstream()
        if found.is_upstream:
            inner = Edge(found.dimension, found.single, edge.view)
            return found.mapping._downstream_of(found.multi.projected(changed, found.name, edge.view.table), inner)
        reading = found.mapping._downstream_of(changed, Edge(found.single, found.dimension, edge.view))
        return found.multi.with_dimension(found.name, reading, edge.view)

    def _resolved(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> _Resolved:
        is_upstream = isinstance(upstream, MultiPartitionsDefinition)
        multi, single = (upstream, downstream) if is_upstream else (downstream, upstream)
        if not isinstance(multi, MultiPartitionsDefinition) or single is None or isinstance(single, MultiPartitionsDefinition):
            raise InvalidPartitionMapping(
                "a mapping from several dimensions to one stands between an asset with several and an asset with one: "
                f"upstream is {_said(upstream)}, downstream {_said(downstream)}."
            )
        name = self.partition_dimension_name
        if name is None:
            name = matching_dimension(multi, single)
            if name is None:
                raise InvalidPartitionMapping(
                    f"not exactly one dimension of {multi.describe()} is like {single.describe()}. "
                    f"Name it: MultiToSingleDimensionPartitionMapping('{next(iter(multi.partitions_defs))}')."
                )
        try:
            dimension = multi.get_partitions_def_for_dimension(name)
        except InvalidDefinitionError as error:
            raise InvalidPartitionMapping(str(error)) from None
        mapping = self.partition_mapping or plain_mapping(dimension, single)
        return _Resolved(multi, single, name, dimension, mapping, is_upstream)


@serializable
@dataclass(frozen=True)
class DimensionPartitionMapping:
    """The dimension on the other side, and how its keys belong to those of this one.

    >>> from nbasset import IdentityPartitionMapping
    >>> DimensionPartitionMapping("origin", IdentityPartitionMapping()).dimension_name
    'origin'
    """

    dimension_name: str
    partition_mapping: PartitionMapping


@serializable
@dataclass(frozen=True)
class MultiPartitionMapping(PartitionMapping):
    """Dimension by dimension: ``{"upstream dimension": DimensionPartitionMapping("downstream dimension", mapping)}``.

    An upstream dimension that is not named is read whole; a downstream dimension that is not named does not matter.

    >>> from nbasset import IdentityPartitionMapping
    >>> same_day = MultiPartitionMapping({"day": DimensionPartitionMapping("day", IdentityPartitionMapping())})
    >>> list(same_day.downstream_mappings_by_upstream_dimension)
    ['day']
    """

    downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """Both sides have several dimensions, and those that are named fit."""
        if not isinstance(upstream, MultiPartitionsDefinition) or not isinstance(downstream, MultiPartitionsDefinition):
            raise InvalidPartitionMapping(
                "a mapping by dimensions stands between two assets with several: "
                f"upstream is {_said(upstream)}, downstream {_said(downstream)}."
            )
        for name, to in self.downstream_mappings_by_upstream_dimension.items():
            try:
                ends = upstream.get_partitions_def_for_dimension(name), downstream.get_partitions_def_for_dimension(to.dimension_name)
            except InvalidDefinitionError as error:
                raise InvalidPartitionMapping(str(error)) from None
            to.partition_mapping.check(*ends)

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """If an upstream dimension is not named, or the mapping of one may."""
        assert isinstance(upstream, MultiPartitionsDefinition)
        assert isinstance(downstream, MultiPartitionsDefinition)
        named = self.downstream_mappings_by_upstream_dimension
        return set(named) != set(upstream.partitions_defs) or any(
            to.partition_mapping.can_give_several(downstream.partitions_defs[to.dimension_name], upstream.partitions_defs[name])
            for name, to in named.items()
        )

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """For each combination of the named dimensions, all combinations of what they map to."""
        up, down = _multis(edge)
        table = edge.view.table
        named = self.downstream_mappings_by_upstream_dimension
        places = [down.partition_dimension_names.index(to.dimension_name) for to in named.values()]
        whole = {
            name: definition.keys_of(definition.ordinals(edge.view), table)
            for name, definition in up.partitions_defs.items()
            if name not in named
        }
        known: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
        runs: list[tuple[int, int]] = []
        outside: list[tuple[int, int]] = []
        for parts in _distinct(down, wanted, places, edge):
            here, beyond = dict(whole), dict(whole)
            for name, part in zip(named, parts, strict=True):
                if (name, part) not in known:
                    known[name, part] = self._upstream_keys_of(name, part, up, down, edge)
                here[name], nonexistent = known[name, part]
                beyond[name] = here[name] + nonexistent
            runs += up.combined(here, table).runs
            if beyond != here:
                outside += up.combined(beyond, table).runs
        needed, all_needed = united(runs), united(outside)
        return Mapped(needed & up.ordinals(edge.view), all_needed - needed - up.ordinals(edge.view))

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """For each combination of the named dimensions, all combinations that read it."""
        up, down = _multis(edge)
        table = edge.view.table
        named = self.downstream_mappings_by_upstream_dimension
        places = [up.partition_dimension_names.index(name) for name in named]
        all_keys = {name: definition.ordinals(edge.view) for name, definition in down.partitions_defs.items()}
        known: dict[tuple[str, str], OrdinalSet] = {}
        runs: list[tuple[int, int]] = []
        for parts in _distinct(up, changed & edge.existing_upstream(), places, edge):
            reading = dict(all_keys)
            for (name, to), part in zip(named.items(), parts, strict=True):
                if (name, part) not in known:
                    known[name, part] = self._downstream_of_part(name, part, up, down, edge)
                reading[to.dimension_name] &= known[name, part]
            keys = {name: down.partitions_defs[name].keys_of(ordinals, table) for name, ordinals in reading.items()}
            runs += down.combined(keys, table).runs
        return united(runs) & edge.existing_downstream()

    def _upstream_keys_of(
        self, name: str, part: str, up: MultiPartitionsDefinition, down: MultiPartitionsDefinition, edge: Edge
    ) -> tuple[list[str], list[str]]:
        to = self.downstream_mappings_by_upstream_dimension[name]
        inner = Edge(up.partitions_defs[name], down.partitions_defs[to.dimension_name], edge.view)
        assert inner.upstream is not None
        assert inner.downstream is not None
        ordinal = inner.downstream.ordinal_of(part, edge.view.table)
        mapped = to.partition_mapping._upstream_of(OrdinalSet.between(ordinal, ordinal + 1), inner)
        keys_of, table = inner.upstream.keys_of, edge.view.table
        return keys_of(mapped.ordinals, table), keys_of(mapped.nonexistent, table)

    def _downstream_of_part(
        self, name: str, part: str, up: MultiPartitionsDefinition, down: MultiPartitionsDefinition, edge: Edge
    ) -> OrdinalSet:
        to = self.downstream_mappings_by_upstream_dimension[name]
        inner = Edge(up.partitions_defs[name], down.partitions_defs[to.dimension_name], edge.view)
        assert inner.upstream is not None
        ordinal = inner.upstream.ordinal_of(part, edge.view.table)
        return to.partition_mapping._downstream_of(OrdinalSet.between(ordinal, ordinal + 1), inner)


class _Resolved(NamedTuple):
    multi: MultiPartitionsDefinition
    single: PartitionsDefinition
    name: str
    dimension: PartitionsDefinition
    mapping: PartitionMapping
    is_upstream: bool


def matching_dimension(multi: MultiPartitionsDefinition, single: PartitionsDefinition) -> str | None:
    """The one dimension with the partitions of `single`; else the one of their kind, or of time as they are; None if not one is."""
    equal = [name for name, definition in multi.partitions_defs.items() if definition == single]
    alike = [name for name, definition in multi.partitions_defs.items() if definition.family == single.family]
    timed = [name for name, definition in multi.partitions_defs.items() if isinstance(definition, TimeWindows)]
    for names in (equal, alike, timed if isinstance(single, TimeWindows) else []):
        if len(names) == 1:
            return names[0]
    return None


def plain_mapping(upstream: PartitionsDefinition, downstream: PartitionsDefinition) -> PartitionMapping:
    """The mapping between partitions of one dimension when none is given."""
    if isinstance(upstream, TimeWindows) and isinstance(downstream, TimeWindows):
        return TimeWindowPartitionMapping()
    return IdentityPartitionMapping()


def _multis(edge: Edge) -> tuple[MultiPartitionsDefinition, MultiPartitionsDefinition]:
    assert isinstance(edge.upstream, MultiPartitionsDefinition)
    assert isinstance(edge.downstream, MultiPartitionsDefinition)
    return edge.upstream, edge.downstream


def _distinct(multi: MultiPartitionsDefinition, ordinals: OrdinalSet, places: list[int], edge: Edge) -> Iterable[tuple[str, ...]]:
    """The different keys in some dimensions that a set of combinations has."""
    split = (multi.parts_of(key) for key in edge.view.table.keys(ordinals))
    return dict.fromkeys(tuple(parts[at] for at in places) for parts in split)


def _said(definition: PartitionsDefinition | None) -> str:
    return "without partitions" if definition is None else definition.describe()
