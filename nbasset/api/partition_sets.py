"""Partitions of jobs (partition sets), and keys of dynamic partitions that are added and deleted.

The partition set of a job is called ``<job>_partition_set``, as clients expect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbasset.api.context import ApiContext
from nbasset.api.jobs import Job, find_job, not_found, paged_keys, partitions_of_job
from nbasset.api.locations import find_location
from nbasset.api.partition_shapes import all_keys
from nbasset.api.wire import RUN_STATUS, Wire, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.commands.drop import give_up_records
from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition, check_partition_key
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.requests import PARTITION_TAG
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidInvocationError, did_you_mean
from nbasset.events.records import RunQuery, Status
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet

_SUFFIX = "_partition_set"
_MOST_RUNS = 1000
_URGENCY = {"FAILURE": 0, None: 1, "SUCCESS": 2}


class PartitionSet:
    """The partitions of a job."""

    typename = "PartitionSet"

    def __init__(self, context: ApiContext, job: Job, definition: PartitionsDefinition) -> None:
        self.context = context
        self.job = job
        self.definition = definition
        self.name = f"{job.name}{_SUFFIX}"
        self.id = f"{job.location.name}:{self.name}"
        self.pipeline_name = job.name

    def partitions_or_error(self, info: Any, cursor: str | None = None, limit: int | None = None, reverse: bool | None = None) -> Wire:
        """The keys, in order or the newest first."""
        keys = paged_keys(all_keys(self.definition, self.context.view), cursor, limit, is_reversed=bool(reverse))
        return typed("Partitions", results=[{"name": key} for key in keys])

    @property
    def partition_statuses_or_error(self) -> Wire:
        """How each partition stands: of a job of assets by what is recorded of these, else by its newest run."""
        found = self._by_assets() if self.job.is_asset_job else self._by_runs()
        keys = all_keys(self.definition, self.context.view)
        results = [{"partitionName": key, "runId": None, "runStatus": None, **found.get(key, {})} for key in keys]
        return typed("PartitionStatuses", results=results)

    def _by_assets(self) -> Mapping[str, Wire]:
        """The worst of the assets for each key: one that failed goes before one that was never made, that before one that was."""
        context, catalog = self.context, self.job.location.catalog
        keys = AssetSelection.from_coercible(self.job.job.selection).resolve(catalog)
        own = [key for key in sorted(keys) if catalog.by_key[key].partitions_def == self.definition]
        context.partition_tables.expect(own)
        refs = self.definition.refs_of(self.definition.ordinals(context.view), context.view.table)
        found: dict[str, Wire] = {}
        for asset in own:
            told = self._of_asset(asset)
            for ref in refs:
                entry = told.get(ref.ordinal, {"runId": None, "runStatus": None})
                known = found.get(ref.key)
                if known is None or _URGENCY[entry["runStatus"]] < _URGENCY[known["runStatus"]]:
                    found[ref.key] = entry
        return found

    def _of_asset(self, asset: AssetKey) -> Mapping[int, Wire]:
        table = self.context.partition_tables.get(asset)
        if table is None:
            return {}
        names = {Status.MATERIALIZED: "SUCCESS", Status.FAILED: "FAILURE"}
        rows = zip(table.ordinals, table.status, table.run, strict=True)
        return {ordinal: {"runId": table.texts[run] or None, "runStatus": names.get(Status(status))} for ordinal, status, run in rows}

    def _by_runs(self) -> Mapping[str, Wire]:
        found: dict[str, Wire] = {}
        for run in self.context.reader.runs(RunQuery(job=self.job.name, limit=_MOST_RUNS)).items:
            key = run.tags.get(PARTITION_TAG)
            if key is not None and run.location in (None, self.job.location.name):
                found.setdefault(key, {"runId": str(run.run_id), "runStatus": RUN_STATUS[str(run.status)]})
        return found


def job_of_set(context: ApiContext, selector: Wire) -> tuple[LocationSnapshot | None, str | None]:
    """The location and the job of a partition set that a selector names."""
    location = find_location(context, selector["repository_selector"])
    name = str(selector["partition_set_name"])
    job = name.removesuffix(_SUFFIX)
    is_known = location is not None and name.endswith(_SUFFIX) and job in location.catalog.jobs_by_name
    return (location, job) if is_known else (None, None)


# -- resolvers --------------------------------------------------------------------------------------------------------------------


def _partition_sets(parent: Any, info: Any, repository_selector: Wire, pipeline_name: str) -> Any:
    context: ApiContext = info.context
    job = find_job(context, {**repository_selector, "pipeline_name": pipeline_name})
    if job is None:
        return not_found(context, repository_selector["repository_location_name"], pipeline_name)
    definition = partitions_of_job(job.location.catalog, job.job)
    return typed("PartitionSets", results=[PartitionSet(context, job, definition)] if definition is not None else [])


def _add_dynamic(parent: Any, info: Any, partition_key: str, partitions_def_name: str, repository_selector: Wire) -> Wire:
    context: ApiContext = info.context
    _check_name(context, partitions_def_name, repository_selector)
    check_partition_key(partition_key)
    if context.instance.has_dynamic_partition(partitions_def_name, partition_key):
        message = f"'{partitions_def_name}' has a partition '{partition_key}' already."
        return typed("DuplicateDynamicPartitionError", message=message)
    context.instance.add_dynamic_partitions(partitions_def_name, [partition_key])
    return typed("AddDynamicPartitionSuccess", partitionsDefName=partitions_def_name, partitionKey=partition_key)


def _delete_dynamic(
    parent: Any, info: Any, partition_keys: Sequence[str], partitions_def_name: str, repository_selector: Wire,
    wipe_materializations: bool | None = None,
) -> Wire:  # fmt: skip
    """Delete keys; with `wipe_materializations` what is recorded of their partitions is given up, too."""
    context: ApiContext = info.context
    users = _check_name(context, partitions_def_name, repository_selector)
    if wipe_materializations:
        several = [key for key, definition in users if isinstance(definition, MultiPartitionsDefinition)]
        if several:
            message = f"asset '{several[0]}' has further dimensions: give up its partitions by wipeAssets."
            return typed("UnsupportedOperationError", message=message)
        table = context.instance.storage.key_table
        wanted = [(key, OrdinalSet.of(definition.ordinal_of(one, table) for one in partition_keys)) for key, definition in users]
        give_up_records(context.instance, wanted, by=context.user)
    for one in partition_keys:
        context.instance.delete_dynamic_partition(partitions_def_name, one)
    return typed("DeleteDynamicPartitionsSuccess", partitionsDefName=partitions_def_name)


def _check_name(context: ApiContext, name: str, selector: Wire) -> list[tuple[AssetKey, PartitionsDefinition]]:
    """The assets of a location that dynamic partitions of this name belong to.

    Raises
    ------
    InvalidInvocationError
        If there are none.
    """
    location = find_location(context, selector)
    known: dict[str, list[tuple[AssetKey, PartitionsDefinition]]] = {}
    for asset in location.catalog.assets if location is not None else ():
        definition = asset.partitions_def
        parts = definition.partitions_defs.values() if isinstance(definition, MultiPartitionsDefinition) else [definition]
        for one in parts:
            if isinstance(one, DynamicPartitionsDefinition) and definition is not None:
                known.setdefault(one.name, []).append((asset.key, definition))
    if name not in known:
        place = selector["repository_location_name"]
        raise InvalidInvocationError(f"nothing in {place} has dynamic partitions '{name}'. {did_you_mean(name, known)}".rstrip())
    return known[name]


RESOLVERS = {
    "Query.partitionSetsOrError": _partition_sets,
    "Mutation.addDynamicPartition": _add_dynamic,
    "Mutation.deleteDynamicPartitions": _delete_dynamic,
}
