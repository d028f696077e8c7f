"""Partition mappings: which partitions upstream a partition reads. All their names, and the mapping when none is given."""

from __future__ import annotations

from nbasset.definitions.multi_mappings import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
    matching_dimension,
    plain_mapping,
)
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partition_mapping import (
    Edge,
    Mapped,
    PartitionMapping,
    PartitionsSubset,
    TabulatedPartitionMapping,
    UpstreamPartitionsResult,
    tabulated,
)
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.plain_mappings import (
    AllPartitionMapping,
    IdentityPartitionMapping,
    LastPartitionMapping,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    TimeWindowPartitionMapping,
)

__all__ = [
    "AllPartitionMapping",
    "DimensionPartitionMapping",
    "Edge",
    "IdentityPartitionMapping",
    "LastPartitionMapping",
    "Mapped",
    "MultiPartitionMapping",
    "MultiToSingleDimensionPartitionMapping",
    "PartitionMapping",
    "PartitionsSubset",
    "SpecificPartitionsPartitionMapping",
    "StaticPartitionMapping",
    "TabulatedPartitionMapping",
    "TimeWindowPartitionMapping",
    "UpstreamPartitionsResult",
    "infer_mapping",
    "tabulated",
]


def infer_mapping(upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> PartitionMapping:
    """The mapping between two assets that say nothing themselves.

    Time windows map by time; several dimensions to one by the dimension that is alike; all else by the same key; and where one side has no
    partitions, all belong to all.

    Raises
    ------
    InvalidPartitionMapping
        If the partitions do not go together, so that somebody has to say how.
    """
    mapping = _inferred(upstream, downstream)
    mapping.check(upstream, downstream)
    return mapping


def _inferred(upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> PartitionMapping:
    if upstream is None or downstream is None:
        return AllPartitionMapping()
    multi, single = (upstream, downstream) if isinstance(upstream, MultiPartitionsDefinition) else (downstream, upstream)
    if isinstance(multi, MultiPartitionsDefinition) and not isinstance(single, MultiPartitionsDefinition):
        # Without a match this mapping's own check says which dimensions there are.
        name = matching_dimension(multi, single)
        return MultiToSingleDimensionPartitionMapping(name)
    return plain_mapping(upstream, downstream)
