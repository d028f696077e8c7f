"""What a partition mapping is: a relation between the keys of two definitions, read in both directions.

``x in upstream_of({y})`` exactly when ``y in downstream_of({x})``, for partitions that exist. Both take and give sets: where both sides
are calendars, the cost follows the runs of a set, not its keys. An `Edge` holds the two definitions and the view that decides what exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.errors import InvalidPartitionMapping, UnknownPartitionError
from nbasset.ordinals import OrdinalSet
from nbasset.serde import serializable

_NONE = OrdinalSet()


@dataclass(frozen=True, slots=True)
class Edge:
    """The two ends of a dependency as of a view; None is an asset without partitions."""

    upstream: PartitionsDefinition | None
    downstream: PartitionsDefinition | None
    view: PartitionsView

    def existing_upstream(self) -> OrdinalSet:
        """All partitions that exist upstream."""
        return self.upstream.ordinals(self.view) if self.upstream is not None else OrdinalSet()

    def existing_downstream(self) -> OrdinalSet:
        """All partitions that exist downstream."""
        return self.downstream.ordinals(self.view) if self.downstream is not None else OrdinalSet()

    def mapped(self, needed: OrdinalSet) -> Mapped:
        """What is needed upstream, split into what exists and what does not."""
        existing = self.existing_upstream()
        return Mapped(needed & existing, needed - existing)


@serializable
@dataclass(frozen=True, slots=True)
class Mapped:
    """The partitions that are read upstream, and those that would be but that the upstream asset does not have.

    *Nonexistent* is not *missing*: a missing partition exists and was never materialized.
    """

    ordinals: OrdinalSet = _NONE
    nonexistent: OrdinalSet = _NONE


class PartitionMapping:
    """Base of all mappings. To write one, override `upstream` and, if it can be told more directly than by trying all keys, `downstream`.

    >>> class Hub(PartitionMapping):
    ...     def upstream(self, keys):
    ...         return ["hub"] if keys else []
    >>> Hub().upstream(["2024-01-01"])
    ['hub']

    A method `get_upstream_mapped_partitions_result_for_partitions` (and `get_downstream_partitions_for_partitions`) is called instead where
    a subclass has one.
    """

    def upstream(self, keys: Sequence[str]) -> Iterable[str]:
        """The upstream keys that these downstream keys read; the union over all of them."""
        raise InvalidPartitionMapping(f"{type(self).__name__} does not say which upstream keys are read. Give it a method upstream(keys).")

    def downstream(self, keys: Sequence[str]) -> Iterable[str]:
        """The downstream keys that read any of these upstream keys. If it is not overridden, `upstream` is tried for each key there is."""
        raise InvalidPartitionMapping(f"{type(self).__name__} has no method downstream(keys).")

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """Nothing if the mapping can stand between the two.

        Raises
        ------
        InvalidPartitionMapping
            If it cannot, with the reason.
        """

    def upstream_of(
        self,
        wanted: OrdinalSet | None,
        downstream: PartitionsDefinition | None,
        upstream: PartitionsDefinition | None,
        view: PartitionsView,
    ) -> Mapped:
        """What partitions of the downstream asset read; `wanted` None is an asset without partitions."""
        return self._upstream_of(wanted if wanted is not None else OrdinalSet(), Edge(upstream, downstream, view))

    def downstream_of(
        self,
        changed: OrdinalSet | None,
        upstream: PartitionsDefinition | None,
        downstream: PartitionsDefinition | None,
        view: PartitionsView,
    ) -> OrdinalSet:
        """The existing partitions of the downstream asset that read any of these; empty if it has no partitions."""
        return self._downstream_of(changed if changed is not None else OrdinalSet(), Edge(upstream, downstream, view))

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """Whether one downstream partition may read more than one upstream."""
        return True

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        return edge.mapped(OrdinalSet.of(_ordinals(self._upstream_keys(wanted, edge), edge.upstream, edge, type(self).__name__)))

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        if edge.downstream is None or not changed:
            return OrdinalSet()
        existing = edge.existing_downstream()
        keys = keys_in(changed, edge.upstream, edge)
        if hasattr(self, "get_downstream_partitions_for_partitions"):
            subset = self.get_downstream_partitions_for_partitions(
                PartitionsSubset(edge.upstream, tuple(keys)), edge.upstream, edge.downstream, edge.view.now, None
            )
            return OrdinalSet.of(_ordinals(subset.get_partition_keys(), edge.downstream, edge, type(self).__name__)) & existing
        if type(self).downstream is not PartitionMapping.downstream:
            return OrdinalSet.of(_ordinals(self.downstream(keys), edge.downstream, edge, type(self).__name__)) & existing
        found, among = [], set(keys)
        for ordinal in existing:
            if not among.isdisjoint(self._upstream_keys(OrdinalSet.between(ordinal, ordinal + 1), edge)):
                found.append(ordinal)
        return OrdinalSet.of(found)

    def _upstream_keys(self, wanted: OrdinalSet, edge: Edge) -> list[str]:
        keys = keys_in(wanted, edge.downstream, edge)
        if hasattr(self, "get_upstream_mapped_partitions_result_for_partitions"):
            result = self.get_upstream_mapped_partitions_result_for_partitions(
                PartitionsSubset(edge.downstream, tuple(keys)) if edge.downstream is not None else None,
                edge.downstream,
                edge.upstream,
                edge.view.now,
                None,
            )
            nonexistent = result.required_but_nonexistent_subset
            return [*result.partitions_subset.get_partition_keys(), *(nonexistent.get_partition_keys() if nonexistent else ())]
        return list(self.upstream(keys))


@dataclass(frozen=True)
class PartitionsSubset:
    """Some keys of a definition: what a mapping with the longer method names is given and returns."""

    partitions_def: PartitionsDefinition | None
    partition_keys: tuple[str, ...] = ()

    def get_partition_keys(self, current_time: datetime | None = None) -> list[str]:
        """The keys."""
        return list(self.partition_keys)

    def with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """These keys and more."""
        return PartitionsSubset(self.partitions_def, tuple(dict.fromkeys((*self.partition_keys, *partition_keys))))

    def __len__(self) -> int:
        return len(self.partition_keys)

    def __contains__(self, key: object) -> bool:
        return key in self.partition_keys


@dataclass(frozen=True)
class UpstreamPartitionsResult:
    """What `get_upstream_mapped_partitions_result_for_partitions` returns."""

    partitions_subset: PartitionsSubset
    required_but_nonexistent_subset: PartitionsSubset | None = None


@serializable
@dataclass(frozen=True)
class TabulatedPartitionMapping(PartitionMapping):
    """A mapping of user code as data: each downstream key with the upstream keys that it reads. It stands where the code cannot be."""

    upstream_keys: Mapping[str, Sequence[str]]

    def upstream(self, keys: Sequence[str]) -> list[str]:
        """What the table says."""
        return list(dict.fromkeys(key for wanted in keys for key in self.upstream_keys.get(wanted, ())))

    def downstream(self, keys: Sequence[str]) -> list[str]:
        """What the table says, read the other way round."""
        among = set(keys)
        return [reader for reader, read in self.upstream_keys.items() if not among.isdisjoint(read)]


def tabulated(mapping: PartitionMapping, edge: Edge) -> TabulatedPartitionMapping:
    """What a mapping of user code says today, for all downstream partitions that exist."""
    existing = edge.existing_downstream()
    keys = keys_in(existing, edge.downstream, edge)
    assert edge.downstream is not None
    each = {key: edge.downstream.ordinal_of(key, edge.view.table) for key in keys}
    return TabulatedPartitionMapping(
        {key: tuple(mapping._upstream_keys(OrdinalSet.between(ordinal, ordinal + 1), edge)) for key, ordinal in each.items()}
    )


def keys_in(ordinals: OrdinalSet, definition: PartitionsDefinition | None, edge: Edge) -> list[str]:
    """The keys of one side; none if it has no partitions."""
    return [] if definition is None else definition.keys_of(ordinals, edge.view.table)


def _ordinals(keys: Iterable[str], definition: PartitionsDefinition | None, edge: Edge, name: str) -> list[int]:
    if definition is None:
        return []
    try:
        return [definition.ordinal_of(key, edge.view.table) for key in keys]
    except UnknownPartitionError as error:
        raise InvalidPartitionMapping(f"the mapping {name} names a key that cannot be: {error}") from None
