"""How well assets are: whether they are made, what their checks say, whether they are fresh enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbasset.api.assets import Asset, AssetNode, freshness, partition_sets
from nbasset.api.checks import is_of_latest
from nbasset.api.context import ApiContext
from nbasset.api.wire import Wire, seconds, typed
from nbasset.definitions.catalog import CatalogAsset
from nbasset.events.facts import AssetCheckSeverity
from nbasset.events.records import AssetRecord, Status
from nbasset.planning.freshness import FreshnessState

_FRESHNESS = {
    FreshnessState.PASS: "HEALTHY", FreshnessState.WARN: "WARNING", FreshnessState.FAIL: "DEGRADED", FreshnessState.UNKNOWN: "UNKNOWN",
    FreshnessState.NOT_APPLICABLE: "NOT_APPLICABLE",
}  # fmt: skip
_Part = tuple[str, Wire | None]


def health_of(context: ApiContext, node: AssetNode | None, record: AssetRecord | None) -> Wire:
    """The health of an asset: the worst of its parts, each with what it is told from."""
    parts = (_made(context, node, record), _checks(context, node, record), _freshness(context, node, record))
    (made, made_meta), (checks, checks_meta), (fresh, fresh_meta) = parts
    return typed(
        "AssetHealth", assetHealth=worst([made, checks, fresh]), materializationStatus=made, materializationStatusMetadata=made_meta,
        assetChecksStatus=checks, assetChecksStatusMetadata=checks_meta, freshnessStatus=fresh, freshnessStatusMetadata=fresh_meta,
    )  # fmt: skip


def worst(statuses: Sequence[str]) -> str:
    """The status of the whole: degraded or warned if a part is, else healthy if a part is known to be.

    >>> worst(["HEALTHY", "UNKNOWN", "NOT_APPLICABLE"]), worst(["UNKNOWN", "NOT_APPLICABLE"]), worst(["WARNING", "DEGRADED"])
    ('HEALTHY', 'UNKNOWN', 'DEGRADED')
    """
    return next((one for one in ("DEGRADED", "WARNING", "HEALTHY", "UNKNOWN") if one in statuses), "NOT_APPLICABLE")


def _made(context: ApiContext, node: AssetNode | None, record: AssetRecord | None) -> _Part:
    asset = node.asset if node is not None else None
    if asset is not None and asset.partitions_def is not None:
        return _made_by_partition(context, asset)
    if record is not None and record.status is Status.FAILED:
        failed = str(record.failed_run_id) if record.failed_run_id else None
        return "DEGRADED", typed("AssetHealthMaterializationDegradedNotPartitionedMeta", failedRunId=failed)
    if record is not None and (record.materialization is not None or record.observation is not None):
        return "HEALTHY", None
    return "UNKNOWN", None


def _made_by_partition(context: ApiContext, asset: CatalogAsset) -> _Part:
    sets = partition_sets(context, asset)
    assert sets is not None
    total = len(sets.existing)
    missing = total - len(sets.materialized) - len(sets.failed)
    if sets.failed:
        return "DEGRADED", typed(
            "AssetHealthMaterializationDegradedPartitionedMeta", numFailedPartitions=len(sets.failed), numMissingPartitions=missing,
            totalNumPartitions=total,
        )  # fmt: skip
    if not sets.materialized:
        return "UNKNOWN", None
    return "HEALTHY", typed("AssetHealthMaterializationHealthyPartitionedMeta", numMissingPartitions=missing, totalNumPartitions=total)


def _checks(context: ApiContext, node: AssetNode | None, record: AssetRecord | None) -> _Part:
    keys = node.location.catalog.checks_by_asset.get(node.asset_key, ()) if node is not None else ()
    if node is None or not keys:
        return "NOT_APPLICABLE", None
    verdicts = context.checks.get(node.asset_key) or {}
    newest = record.materialization if record is not None else None
    told = [verdicts[key].evaluation for key in keys if key in verdicts]
    current = [one for one in told if is_of_latest(one, newest)]
    failed = sum(not one.passed and one.severity is not AssetCheckSeverity.WARN for one in current)
    warned = sum(not one.passed and one.severity is AssetCheckSeverity.WARN for one in current)
    if failed:
        return "DEGRADED", typed(
            "AssetHealthCheckDegradedMeta", numFailedChecks=failed, numWarningChecks=warned, totalNumChecks=len(keys)
        )  # fmt: skip
    if warned:
        return "WARNING", typed("AssetHealthCheckWarningMeta", numWarningChecks=warned, totalNumChecks=len(keys))
    if len(current) < len(keys):
        return "UNKNOWN", typed("AssetHealthCheckUnknownMeta", numNotExecutedChecks=len(keys) - len(current), totalNumChecks=len(keys))
    return "HEALTHY", None


def _freshness(context: ApiContext, node: AssetNode | None, record: AssetRecord | None) -> _Part:
    if node is None:
        return "NOT_APPLICABLE", None
    status = _FRESHNESS[freshness(context, node.asset).state]
    if status not in ("WARNING", "DEGRADED", "HEALTHY"):
        return status, None
    return status, typed("AssetHealthFreshnessMeta", lastMaterializedTimestamp=seconds(record.at_us) if record is not None else None)


def _asset_health(parent: Asset, info: Any) -> Wire:
    return health_of(parent.context, parent.definition, parent.record)


RESOLVERS = {"Asset.assetHealth": _asset_health}
