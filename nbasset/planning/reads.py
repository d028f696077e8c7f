"""What an asset reads, by the catalog: which assets, through which partition mapping; and when a mapping is the plain one."""

from __future__ import annotations

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogAsset, NodeInput
from nbasset.definitions.mappings import IdentityPartitionMapping, PartitionMapping, TimeWindowPartitionMapping, infer_mapping
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidPartitionMapping
from nbasset.keys import AssetKey


@dataclass(frozen=True, slots=True)
class Read:
    """One edge into an asset. `mapping` is None between assets without partitions, and where none can be found.

    `is_identity` tells that each partition reads the one of the same ordinal and no other.
    """

    asset: AssetKey
    mapping: PartitionMapping | None = None
    upstream: PartitionsDefinition | None = None
    is_identity: bool = False


def reads_of(asset: CatalogAsset, catalog: Catalog) -> tuple[Read, ...]:
    """What goes into a version of the asset: all that its function loads, and what it only waits for; nothing that the same function
    makes, but for earlier partitions of the asset itself.
    """
    node = catalog.nodes_by_name.get(asset.node or "")
    if node is None:
        return ()
    siblings = {key for key in node.assets if key != asset.spec.key} if len(node.assets) > 1 else ()
    partitions_def = asset.spec.partitions_def
    found = [
        _read(item.asset, item.partition_mapping, partitions_def, catalog)
        for step in node.steps
        for item in _asset_inputs(step.inputs)
        if item.asset is not None and item.asset not in siblings
    ]
    loaded = {read.asset for read in found}
    found += [
        _read(dep.asset, dep.partition_mapping, partitions_def, catalog)
        for dep in asset.deps
        if dep.asset not in loaded and dep.asset not in siblings
    ]
    return tuple(found)


def is_identity(mapping: PartitionMapping, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> bool:
    """Whether a partition reads the one of the same ordinal and no other."""
    if isinstance(mapping, IdentityPartitionMapping):
        return True
    if not isinstance(mapping, TimeWindowPartitionMapping) or mapping.start_offset or mapping.end_offset:
        return False
    if not isinstance(upstream, TimeWindows) or not isinstance(downstream, TimeWindows):
        return False
    up, down = upstream.calendar, downstream.calendar
    return not up.exclusions and upstream.family == downstream.family and up.cron == down.cron


def _asset_inputs(inputs: tuple[NodeInput, ...]) -> list[NodeInput]:
    found = []
    for item in inputs:
        if item.kind == "asset":
            found.append(item)
        if item.parts:
            found += _asset_inputs(item.parts)
    return found


def _read(key: AssetKey, mapping: PartitionMapping | None, downstream: PartitionsDefinition | None, catalog: Catalog) -> Read:
    above = catalog.by_key.get(key)
    upstream = above.spec.partitions_def if above is not None else None
    if upstream is None:
        return Read(key)
    try:
        chosen = mapping or infer_mapping(upstream, downstream)
    except InvalidPartitionMapping:  # told as a problem of the definition; a plan refuses it
        return Read(key, None, upstream)
    return Read(key, chosen, upstream, downstream is not None and is_identity(chosen, upstream, downstream))
