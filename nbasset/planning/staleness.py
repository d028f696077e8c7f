"""What is out of date, and why.

An asset (or one of its partitions) is compared with how it was last made: its code, its configuration, how it is stored, and the *content*
of what it read. The direct view asks only that; the whole view follows the graph, root causes first, since what reads something stale is
stale too. All of it is pure: catalog, code versions and records in, statuses and reasons out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbasset.definitions.catalog import Catalog, CatalogAsset
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.records import AssetRecord, PartitionTable, Status
from nbasset.keys import AssetKey
from nbasset.planning.partition_staleness import partitioned_state
from nbasset.planning.plan import Reason
from nbasset.planning.states import AssetState, StateView, Versions


def staleness(
    catalog: Catalog, state: StateView, versions: Versions, view: PartitionsView, *, keys: Iterable[AssetKey] | None = None
) -> dict[AssetKey, AssetState]:
    """The state of every asset upstream of (and including) `keys`, upstream first; of all assets when none are named."""
    wanted = None if keys is None else _with_upstream(catalog, keys)
    found: dict[AssetKey, AssetState] = {}
    for key in catalog.order:
        if wanted is None or key in wanted:
            found[key] = _state_of(catalog.by_key[key], catalog, state, versions, view, found)
    return found


def _with_upstream(catalog: Catalog, keys: Iterable[AssetKey]) -> set[AssetKey]:
    found = set(keys)
    front = list(found)
    while front:
        for one in catalog.upstream.get(front.pop(), ()):
            if one not in found:
                found.add(one)
                front.append(one)
    return found


def _state_of(
    asset: CatalogAsset,
    catalog: Catalog,
    state: StateView,
    versions: Versions,
    view: PartitionsView,
    found: Mapping[AssetKey, AssetState],
) -> AssetState:
    if asset.node is None or asset.execution != "materialize":
        return AssetState(asset.key, "external")
    if asset.partitions_def is not None:
        return partitioned_state(asset, catalog, state, versions, view, found)
    record = state.records.get(asset.key)
    if record is None or record.materialization is None or record.materialization.partition is not None:
        if record is not None and record.status is Status.FAILED:
            return AssetState(asset.key, "failed", (failed_reason(record),))
        return AssetState(asset.key, "missing", (Reason("missing", str(asset.key), "it was never materialized"),))
    if record.status is Status.FAILED:
        return AssetState(asset.key, "failed", (failed_reason(record),))
    made = record.materialization
    reasons = [
        *own_reasons(asset, made.code_version, made.config_version, made.io_version, versions),
        *_input_reasons(asset, record, state, found),
    ]
    return AssetState(asset.key, "stale" if reasons else "fresh", tuple(reasons))


def failed_reason(record: AssetRecord) -> Reason:
    """Why a failed asset is not fresh: its last error in a sentence."""
    error = record.error
    return Reason("failed", str(record.key), f"its last run failed: {error}" if error is not None else "its last run failed")


def own_reasons(asset: CatalogAsset, code: str, config: str, io: str, versions: Versions) -> list[Reason]:
    """Differences between how it was made and how it would be made now, leaving inputs aside."""
    reasons = []
    now = versions.code(asset.key)
    if now and code != now:
        reasons.append(Reason("code", str(asset.key), "its code changed"))
    if config != versions.config(asset.key):
        reasons.append(Reason("config", str(asset.key), "its configuration changed"))
    io_now = versions.io(asset.spec.io_manager_key)
    if io not in (io_now, "none", ""):
        reasons.append(Reason("io", asset.spec.io_manager_key, f"it would be stored differently: {io_now} instead of {io}"))
    return reasons


def _input_reasons(asset: CatalogAsset, record: AssetRecord, state: StateView, found: Mapping[AssetKey, AssetState]) -> list[Reason]:
    made = record.materialization
    assert made is not None
    used = {one.asset: one for one in made.inputs}
    loaded = {dep.asset for dep in asset.deps if dep.input is not None and dep.asset != asset.key}
    reasons = []
    for upstream in sorted(loaded):
        now = state.records.get(upstream)
        if upstream not in used:
            if now is not None and (now.materialization is not None or now.observation is not None):
                reasons.append(Reason("deps", str(upstream), f"it now reads '{upstream}'"))
        elif _content_changed(used[upstream].digest, used[upstream].as_of_seq, now, state.partitions.get(upstream)):
            reasons.append(Reason("data", str(upstream), f"the data of '{upstream}' changed"))
    reasons.extend(Reason("deps", str(key), f"it no longer reads '{key}'") for key in sorted(set(used) - loaded) if key != asset.key)
    for dep in asset.deps:
        above = found.get(dep.asset)
        if (
            above is not None
            and above.status in ("stale", "missing", "failed")
            and not any(one.subject == str(dep.asset) for one in reasons)
        ):
            root = above.reasons[0] if above.reasons else None
            said = f": {root.text}" if root is not None else ""
            reasons.append(Reason("upstream", str(dep.asset), f"'{dep.asset}' is {above.status}{said}"))
    return reasons


def _content_changed(digest: str, as_of_seq: int, now: AssetRecord | None, table: PartitionTable | None) -> bool:
    if now is None:
        return False
    if table is not None and table.ordinals:
        from nbasset.planning.digests import versions_digest

        texts = table.texts
        current = [
            texts[at] for at, status in zip(table.data_version, table.status, strict=True) if status == Status.MATERIALIZED or texts[at]
        ]
        return versions_digest(current) != digest if current else True
    if now.observation is not None and (now.materialization is None or now.observed_us > now.at_us) and now.observation.data_version:
        return now.observation.data_version != digest
    return now.materialization is not None and now.materialization.data_version != digest
