"""Staleness of the partitions of one asset, as sets: columns are compared, never keys listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nbasset.definitions.catalog import Catalog, CatalogAsset, CatalogDep
from nbasset.definitions.mappings import infer_mapping
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.records import PartitionTable, Status
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import Reason
from nbasset.planning.states import AssetState, StaleStatus, StateView, Versions

if TYPE_CHECKING:
    from nbasset.keys import AssetKey


def partitioned_state(
    asset: CatalogAsset,
    catalog: Catalog,
    state: StateView,
    versions: Versions,
    view: PartitionsView,
    found: Mapping[AssetKey, AssetState],
) -> AssetState:
    """The state of a partitioned asset: which of its existing partitions are fresh, stale, missing, failed, and why stale."""
    assert asset.partitions_def is not None
    existing = asset.partitions_def.ordinals(view)
    table = state.partitions.get(asset.key)
    if table is None or not table.ordinals:
        return AssetState(asset.key, "missing" if existing else "fresh", (), missing=existing, is_partitioned=True)
    made = table.with_status(Status.MATERIALIZED) & existing
    failed = table.with_status(Status.FAILED) & existing
    missing = existing - made - failed
    reasons: list[Reason] = []
    stale = _other_code(asset, table, versions, made, reasons)
    for dep in asset.deps:
        if dep.input is not None and dep.asset != asset.key:
            stale = stale | _newer_data(asset, dep, catalog, state, view, table, made - stale, found, reasons)
    fresh = made - stale
    status: StaleStatus = "failed" if failed else "stale" if stale else "missing" if missing else "fresh"
    return AssetState(asset.key, status, tuple(reasons), stale, missing, failed, fresh, True)


def _other_code(asset: CatalogAsset, table: PartitionTable, versions: Versions, made: OrdinalSet, reasons: list[Reason]) -> OrdinalSet:
    now = versions.code(asset.key)
    if not now:
        return OrdinalSet()
    same = {at for at, text in enumerate(table.texts) if text == now}
    other = OrdinalSet.of(ordinal for ordinal, code in zip(table.ordinals, table.code, strict=True) if code not in same) & made
    if other:
        reasons.append(Reason("code", str(asset.key), "its code changed"))
    return other


def _newer_data(
    asset: CatalogAsset,
    dep: CatalogDep,
    catalog: Catalog,
    state: StateView,
    view: PartitionsView,
    table: PartitionTable,
    candidates: OrdinalSet,
    found: Mapping[AssetKey, AssetState],
    reasons: list[Reason],
) -> OrdinalSet:
    """Candidates that read upstream data which changed after they were made, or that is itself stale."""
    if not candidates:
        return OrdinalSet()
    seqs = dict(zip(table.ordinals, table.seq, strict=True))
    upstream = catalog.asset(dep.asset)
    above = found.get(dep.asset)
    if upstream.partitions_def is None:
        record = state.records.get(dep.asset)
        if record is not None:
            newer = OrdinalSet.of(ordinal for ordinal in candidates if record.changed_seq > seqs[ordinal])
            if newer:
                reasons.append(Reason("data", str(dep.asset), f"the data of '{dep.asset}' changed"))
                return newer
        if above is not None and above.status in ("stale", "failed"):
            reasons.append(Reason("upstream", str(dep.asset), f"'{dep.asset}' is {above.status}"))
            return candidates
        return OrdinalSet()
    mapping = dep.partition_mapping or infer_mapping(upstream.partitions_def, asset.partitions_def)
    ends = (upstream.partitions_def, asset.partitions_def, view)
    result = OrdinalSet()
    other = state.partitions.get(dep.asset)
    if other is not None and other.ordinals:
        oldest = min(seqs[ordinal] for ordinal in candidates)
        changed = {ordinal: seq for ordinal, seq in zip(other.ordinals, other.changed_seq, strict=True) if seq > oldest}
        suspects = mapping.downstream_of(OrdinalSet.of(changed), *ends) & candidates if changed else OrdinalSet()
        late_ones: list[int] = []
        for ordinal in suspects:
            read = mapping.upstream_of(OrdinalSet.between(ordinal, ordinal + 1), ends[1], ends[0], view).ordinals
            if any(changed.get(one, 0) > seqs[ordinal] for one in read):
                late_ones.append(ordinal)
        if late_ones:
            reasons.append(Reason("data", str(dep.asset), f"the data of '{dep.asset}' changed"))
            result = OrdinalSet.of(late_ones)
    if above is not None and (above.stale or above.failed):
        late = mapping.downstream_of(above.stale | above.failed, *ends) & candidates - result
        if late:
            reasons.append(Reason("upstream", str(dep.asset), f"'{dep.asset}' is stale in {len(above.stale | above.failed)} partitions"))
            result = result | late
    return result
