"""Edges of the lineage whose two sides are partitioned so that no mapping, or not the given one, can stand between them."""

from __future__ import annotations

from nbasset.definitions.catalog import Catalog, CatalogAsset, CatalogDep
from nbasset.definitions.mappings import infer_mapping
from nbasset.errors import InvalidPartitionMapping, Problem


def mapping_problems(catalog: Catalog) -> list[Problem]:
    """One problem for each edge that does not fit. Edges of one kind are looked at once."""
    known: dict[tuple[object, object, object], str] = {}
    found: list[Problem] = []
    for asset in catalog.assets:
        for dep in asset.deps:
            upstream = catalog.by_key.get(dep.asset)
            if upstream is None or (upstream.partitions_def is None and dep.partition_mapping is None) or _reads_itself(asset, dep):
                continue
            if asset.partitions_def is None and dep.partition_mapping is None:
                continue
            kind = (id(upstream.partitions_def), id(asset.partitions_def), id(dep.partition_mapping))
            if kind not in known:
                known[kind] = _why_not(upstream, asset, dep)
            if known[kind]:
                message = f"asset '{asset.key}' cannot read '{dep.asset}' partition by partition: {known[kind]}"
                found.append(Problem("partition-mapping", message, asset.place, _HINT, asset=str(asset.key)))
    return found


_HINT = "Say how they go together: AssetIn(partition_mapping=...) or AssetDep(..., partition_mapping=...)."


def _reads_itself(asset: CatalogAsset, dep: CatalogDep) -> bool:
    return dep.asset == asset.key and dep.partition_mapping is None


def _why_not(upstream: CatalogAsset, downstream: CatalogAsset, dep: CatalogDep) -> str:
    try:
        if dep.partition_mapping is None:
            infer_mapping(upstream.partitions_def, downstream.partitions_def)
        else:
            dep.partition_mapping.check(upstream.partitions_def, downstream.partitions_def)
    except InvalidPartitionMapping as error:
        return str(error)
    return ""
