"""Checks of assets: what is defined, what each came to last, and what it came to before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbasset.api.assets import AssetNode, jobs_by_asset
from nbasset.api.context import ApiContext
from nbasset.api.wire import ASSET_JOB, Wire, key_of, metadata_entries, page, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.definitions.catalog import CatalogCheck
from nbasset.definitions.selection import AssetSelection
from nbasset.events.facts import AssetMaterialized, CheckEvaluated, CheckKey
from nbasset.events.records import CheckRecord


def checks_of(context: ApiContext, node: AssetNode, *, limit: int | None = None, job: str | None = None) -> Wire:
    """The checks of an asset: of all, or those that a job evaluates."""
    catalog = node.location.catalog
    keys = catalog.checks_by_asset.get(node.asset_key, ())
    found = [check_of(context, node.location, catalog.checks_by_key[key]) for key in keys]
    if job is not None and job != ASSET_JOB:
        found = [one for one in found if job in one["jobNames"]]
    return typed("AssetChecks", checks=found if limit is None else found[: page(limit)])


def check_of(context: ApiContext, location: LocationSnapshot, check: CatalogCheck) -> Wire:
    """A check as it is defined; what it came to is looked up when somebody asks."""
    spec = check.spec
    node = location.catalog.nodes_by_name.get(check.node)
    with_asset = node is not None and bool(node.assets)  # the function that makes the asset says the verdict, too
    return {
        "__typename": "AssetCheck",
        "name": spec.name,
        "assetKey": spec.asset_key,
        "description": spec.description,
        "jobNames": [ASSET_JOB, *_jobs_of(location, check)],
        "canExecuteIndividually": "REQUIRES_MATERIALIZATION" if with_asset else "CAN_EXECUTE",
        "blocking": spec.blocking,
        "executionForLatestMaterialization": lambda info: _for_latest(context, spec.key),
    }


def evaluation_of(fact: CheckEvaluated, at_us: int) -> Wire:
    """A verdict."""
    return {
        "__typename": "AssetCheckEvaluation",
        "severity": str(fact.severity),
        "description": fact.description,
        "success": fact.passed,
        "assetKey": fact.check.asset,
        "checkName": fact.check.name,
        "timestamp": at_us / 1_000_000,
        "partition": fact.partition.key if fact.partition is not None else None,
        "metadataEntries": metadata_entries(fact.metadata),
    }


def execution_of(record: CheckRecord) -> Wire:
    """One evaluation of a check, and what it came to."""
    fact = record.evaluation
    return {
        "__typename": "AssetCheckExecution",
        "id": str(record.seq),
        "runId": str(record.run_id or ""),
        "status": "SUCCEEDED" if fact.passed else "FAILED",
        "evaluation": evaluation_of(fact, record.at_us),
        "timestamp": record.at_us / 1_000_000,
        "partition": fact.partition.key if fact.partition is not None else None,
        "stepKey": str(fact.check),
    }


def is_of_latest(fact: CheckEvaluated, newest: AssetMaterialized | None) -> bool:
    """Whether a verdict is on the version that the asset has now."""
    return newest is None or not fact.version_id or fact.version_id == newest.version_id


def _for_latest(context: ApiContext, key: CheckKey) -> Wire | None:
    """The newest verdict, if it is on the newest version of the asset; else one that goes on; else None."""
    running = _in_progress(context).get(key)
    if running is not None:
        return running
    record = (context.checks.get(key.asset) or {}).get(key)
    if record is None:
        return None
    asset = context.asset_records.get(key.asset)
    newest = asset.materialization if asset is not None else None
    return execution_of(record) if is_of_latest(record.evaluation, newest) else None


def _in_progress(context: ApiContext) -> Mapping[CheckKey, Wire]:
    """Checks that runs of now are to evaluate: those of plans that name a check alone are told, others with their assets."""
    kept: dict[CheckKey, Wire] | None = context.kept.get("checks in progress")
    if kept is None:
        kept = context.kept["checks in progress"] = {}
        known = context.snapshot.assets
        for run in context.active_runs:
            for target in run.targets:
                defined = known.get(target.asset)
                for key in defined.location.catalog.checks_by_asset.get(target.asset, ()) if defined is not None else ():
                    kept[key] = typed(
                        "AssetCheckExecution", id=f"{run.run_id}:{key}", runId=str(run.run_id), status="IN_PROGRESS", evaluation=None,
                        timestamp=(run.started_us or run.requested_us) / 1_000_000, partition=None, stepKey=str(key),
                    )  # fmt: skip
    return kept


def _jobs_of(location: LocationSnapshot, check: CatalogCheck) -> list[str]:
    catalog = location.catalog
    own = set(jobs_by_asset(catalog).get(check.spec.asset_key, ()))
    found = []
    for job in catalog.jobs:
        if job.selection is None:
            continue
        selection = AssetSelection.from_coercible(job.selection)
        if job.name in own or selection.says_checks:
            found += [job.name] if check.spec.key in selection.resolve_checks(catalog) else []
    return found


def _executions(
    parent: Any, info: Any, asset_key: Wire, check_name: str, limit: int, partition: str | None = None, cursor: str | None = None
) -> list[Wire]:  # fmt: skip
    """The evaluations of a check, newest first; the cursor is the id of the last one of the page before."""
    context: ApiContext = info.context
    key = CheckKey(key_of(asset_key), check_name)
    most = page(limit)
    if most == 0:
        return []
    before = int(cursor) if cursor else None
    found = context.instance.get_asset_check_execution_history(key, limit=most, cursor=before, partition_key=partition)
    running = _in_progress(context).get(key) if before is None and partition is None else None
    return ([running] if running is not None else []) + [execution_of(one) for one in found][: most - (running is not None)]


def _checks_or_error(parent: AssetNode, info: Any, limit: int | None = None, pipeline: Wire | None = None) -> Wire:
    return checks_of(info.context, parent, limit=limit, job=pipeline["pipeline_name"] if pipeline else None)


RESOLVERS = {
    "Query.assetCheckExecutions": _executions,
    "AssetNode.assetChecksOrError": _checks_or_error,
}
