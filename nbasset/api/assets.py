"""Assets as the schema tells them: what is defined of one (`AssetNode`), and what is recorded of one (`Asset`).

Both read through the batches of the request, so a thousand of them cost one look-up of each kind that is asked for.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from nbasset.api import asset_events
from nbasset.api.asset_events import MaterializationEvent, ObservationEvent
from nbasset.api.context import ApiContext
from nbasset.api.partition_shapes import (
    PartitionSets,
    all_keys,
    definition_of,
    keys_by_dimension,
    sets_of,
    stats_of,
    statuses_of,
)
from nbasset.api.run_tags import told
from nbasset.api.staleness import stale_causes, stale_status, will_tell
from nbasset.api.wire import ASSET_JOB, MOST_ROWS, REPOSITORY, Wire, asset_id, metadata_entries, tags, typed
from nbasset.api.workspace import Defined, LocationSnapshot
from nbasset.definitions.catalog import Catalog, CatalogAsset, CatalogDep
from nbasset.definitions.conditions import AutomationCondition
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.policies import FreshnessPolicy
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidInvocationError, UnknownPartitionError
from nbasset.events.records import AssetRecord
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.freshness import Freshness, freshness_of


class AssetNode:
    """What is defined of an asset."""

    typename: ClassVar[str] = "AssetNode"
    __slots__ = ("asset", "asset_key", "context", "location", "spec")

    def __init__(self, context: ApiContext, defined: Defined) -> None:
        self.context = context
        self.asset: CatalogAsset = defined.asset
        self.location: LocationSnapshot = defined.location
        self.spec = self.asset.spec
        self.asset_key = self.spec.key

    # -- what it is --------------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return f"{self.location.name}.{REPOSITORY}.{asset_id(self.asset_key)}"

    @property
    def description(self) -> str | None:
        return self.spec.description

    @property
    def group_name(self) -> str:
        return self.spec.group

    @property
    def compute_kind(self) -> str | None:
        return self.spec.kinds[0] if self.spec.kinds else None

    @property
    def kinds(self) -> Sequence[str]:
        return self.spec.kinds

    @property
    def tags(self) -> list[Wire]:
        return tags(told(self.spec.tags), "DefinitionTag")

    @property
    def owners(self) -> list[Wire]:
        return [owner_of(one) for one in self.spec.owners]

    @property
    def metadata_entries(self) -> list[Wire]:
        return metadata_entries(self.spec.metadata)

    @property
    def is_executable(self) -> bool:
        return self.asset.node is not None and self.asset.execution != "external"

    @property
    def is_materializable(self) -> bool:
        return self.asset.is_executable

    @property
    def is_observable(self) -> bool:
        return self.asset.execution == "observe"

    @property
    def is_partitioned(self) -> bool:
        return self.spec.partitions_def is not None

    @property
    def automation_condition(self) -> Wire | None:
        return condition_of(self.spec.automation_condition)

    @property
    def backfill_policy(self) -> Wire | None:
        """How its partitions are grouped into runs, where that was said."""
        node = self.location.catalog.nodes_by_name.get(self.asset.node or "")
        policy = node.backfill_policy if node is not None else None
        return {"maxPartitionsPerRun": policy.max_partitions_per_run} if policy is not None else None

    @property
    def op(self) -> Wire | None:
        """The function that makes it, of which the name is known here."""
        return typed("SolidDefinition", name=self.asset.node) if self.asset.node is not None else None

    @property
    def op_names(self) -> list[str]:
        """The ops that make it: one for a plain asset, those inside for one that a graph makes."""
        if self.asset.node is None:
            return []
        node = self.location.catalog.nodes_by_name.get(self.asset.node)
        return [step.handle for step in node.steps] if node is not None else [self.asset.node]

    @property
    def job_names(self) -> list[str]:
        """The jobs that make it, the implicit one of all assets first."""
        own = jobs_by_asset(self.location.catalog).get(self.asset_key, ())
        return [ASSET_JOB, *own] if self.is_executable else list(own)

    # -- lineage -----------------------------------------------------------------------------------------------------------

    @property
    def dependency_keys(self) -> list[AssetKey]:
        return [dep.asset for dep in self.asset.deps]

    @property
    def depended_by_keys(self) -> Sequence[AssetKey]:
        return self.context.snapshot.downstream.get(self.asset_key, ())

    @property
    def dependencies(self) -> list[Wire]:
        """What it reads or waits for; names that nobody defines are problems of the location, not assets."""
        known = self.context.snapshot.assets
        return [
            {"asset": AssetNode(self.context, known[dep.asset]), "partitionMapping": _mapping_of(dep)}
            for dep in self.asset.deps
            if dep.asset in known
        ]

    # -- partitions --------------------------------------------------------------------------------------------------------

    @property
    def partition_definition(self) -> Wire | None:
        return definition_of(self.spec.partitions_def) if self.spec.partitions_def is not None else None

    @property
    def partition_keys(self) -> list[str]:
        return all_keys(self.spec.partitions_def, self.context.view) if self.spec.partitions_def is not None else []

    def partition_keys_by_dimension(self, info: Any, start_idx: int | None = None, end_idx: int | None = None) -> list[Wire]:
        """The keys of each dimension, from one place to before another."""
        if self.spec.partitions_def is None:
            return []
        return keys_by_dimension(self.spec.partitions_def, self.context.view, start_idx or 0, end_idx)

    @property
    def asset_partition_statuses(self) -> Wire:
        return statuses_of(self.spec.partitions_def, partition_sets(self.context, self.asset), self.context.view)

    @property
    def partition_stats(self) -> Wire | None:
        """How many of its partitions are in which state; None without partitions."""
        sets = partition_sets(self.context, self.asset)
        return stats_of(sets) if sets is not None else None

    # -- what was made -----------------------------------------------------------------------------------------------------

    def asset_materializations(
        self, info: Any, partitions: Sequence[str] | None = None, before_timestamp_millis: str | None = None, limit: int | None = None
    ) -> list[MaterializationEvent]:
        """The newest materializations, newest first."""
        before_us = millis_us(before_timestamp_millis)
        return asset_events.materializations(self.context, self.asset_key, partitions=partitions, before_us=before_us, limit=limit)

    def latest_materialization_by_partition(self, info: Any, partitions: Sequence[str] | None = None) -> list[MaterializationEvent | None]:
        """For each of these partitions, or of all, the newest materialization or null."""
        definition, view = self.spec.partitions_def, self.context.view
        if definition is None:
            return [None for _ in partitions or ()]
        if partitions is None:
            existing = definition.ordinals(view)
            if len(existing) > MOST_ROWS:
                raise InvalidInvocationError(f"'{self.asset_key}' has {len(existing):,} partitions: name those that are asked for.")
            ordinals: list[int | None] = [ref.ordinal for ref in definition.refs_of(existing, view.table)]
        else:
            ordinals = [_ordinal(definition, key, view) for key in partitions[:MOST_ROWS]]
        return asset_events.newest_by_partition(self.context, self.asset_key, ordinals)

    # -- is it up to date? -------------------------------------------------------------------------------------------------

    @property
    def freshness_policy(self) -> Wire | None:
        return policy_of(self.spec.freshness_policy)

    @property
    def freshness_info(self) -> Wire | None:
        """How old it is, and how late by its freshness policy; None without one."""
        if self.spec.freshness_policy is None:
            return None
        return freshness_info(freshness(self.context, self.asset), self.context)

    def stale_status(self, info: Any, partition: str | None = None) -> str | None:
        """Whether it, or one partition of it, is missing, stale or fresh."""
        return stale_status(self.context, self.location, self.asset, partition)

    def stale_causes(self, info: Any, partition: str | None = None) -> list[Wire]:
        """Why it, or one partition of it, is stale."""
        return stale_causes(self.context, self.location, self.asset, partition)


class Asset:
    """An asset of which something is defined or recorded."""

    typename: ClassVar[str] = "Asset"
    __slots__ = ("context", "key")

    def __init__(self, context: ApiContext, key: AssetKey) -> None:
        self.context = context
        self.key = key

    @property
    def id(self) -> str:
        return asset_id(self.key)

    @property
    def record(self) -> AssetRecord | None:
        """What is recorded of it."""
        return self.context.asset_records.get(self.key)

    @property
    def definition(self) -> AssetNode | None:
        """What is defined of it; None where no location defines it any more."""
        defined = self.context.snapshot.assets.get(self.key)
        return AssetNode(self.context, defined) if defined is not None else None

    def asset_materializations(
        self,
        info: Any,
        partitions: Sequence[str] | None = None,
        before_timestamp_millis: str | None = None,
        after_timestamp_millis: str | None = None,
        limit: int | None = None,
    ) -> list[MaterializationEvent]:
        """The newest materializations, newest first."""
        before_us, after_us = millis_us(before_timestamp_millis), millis_us(after_timestamp_millis)
        return asset_events.materializations(
            self.context, self.key, partitions=partitions, before_us=before_us, after_us=after_us, limit=limit
        )  # fmt: skip

    def asset_observations(
        self,
        info: Any,
        partitions: Sequence[str] | None = None,
        before_timestamp_millis: str | None = None,
        after_timestamp_millis: str | None = None,
        limit: int | None = None,
    ) -> list[ObservationEvent]:
        """The newest observations, newest first."""
        before_us, after_us = millis_us(before_timestamp_millis), millis_us(after_timestamp_millis)
        return asset_events.observations(
            self.context, self.key, partitions=partitions, before_us=before_us, after_us=after_us, limit=limit
        )  # fmt: skip

    @property
    def latest_materialization_timestamp(self) -> float | None:
        """Milliseconds since 1970."""
        record = self.record
        return record.at_us / 1000 if record is not None and record.materialization is not None else None

    @property
    def latest_failed_to_materialize_timestamp(self) -> float | None:
        """Milliseconds since 1970; None if nothing failed since it was last made."""
        record = self.record
        return record.failed_us / 1000 if record is not None and record.failed_us else None


def _ordinal(definition: PartitionsDefinition, key: str, view: PartitionsView) -> int | None:
    try:
        return definition.ordinal_of(key, view.table)
    except UnknownPartitionError:
        return None


# -- lists of them ----------------------------------------------------------------------------------------------------------------


def nodes_of(context: ApiContext, defined: Iterable[Defined]) -> list[AssetNode]:
    """Assets that are told together: what is recorded of them is read together."""
    found = [AssetNode(context, one) for one in defined]
    _expect(context, found)
    return found


def assets_of(context: ApiContext, keys: Iterable[AssetKey]) -> list[Asset]:
    """The same of assets of which something may only be recorded."""
    found = [Asset(context, key) for key in keys]
    known = context.snapshot.assets
    context.asset_records.expect(one.key for one in found)
    _expect(context, [AssetNode(context, known[one.key]) for one in found if one.key in known])
    return found


def _expect(context: ApiContext, nodes: Sequence[AssetNode]) -> None:
    keys = [node.asset_key for node in nodes]
    context.asset_records.expect(keys)
    context.checks.expect(keys)
    context.partition_tables.expect(node.asset_key for node in nodes if node.is_partitioned)
    for node in nodes:
        will_tell(context, node.location.name, (node.asset_key,))


# -- parts ------------------------------------------------------------------------------------------------------------------------


def partition_sets(context: ApiContext, asset: CatalogAsset) -> PartitionSets | None:
    """The partitions of an asset by state; None without partitions."""
    definition = asset.spec.partitions_def
    if definition is None:
        return None
    running = _running(context).get(asset.key)
    return sets_of(definition.ordinals(context.view), context.partition_tables.get(asset.key), running)


def _running(context: ApiContext) -> Mapping[AssetKey, OrdinalSet]:
    """The partitions that runs are at, by asset."""
    kept: dict[AssetKey, OrdinalSet] | None = context.kept.get("running partitions")
    if kept is None:
        kept = context.kept["running partitions"] = {}
        for run in context.active_runs:
            for target in run.targets:
                if target.partitions is not None:
                    kept[target.asset] = kept.get(target.asset, OrdinalSet()) | target.partitions
    return kept


def freshness(context: ApiContext, asset: CatalogAsset) -> Freshness:
    """The verdict of an asset's freshness policy at the moment of the request."""
    return freshness_of(asset, context.asset_records.get(asset.key), context.view.now)


def freshness_info(verdict: Freshness, context: ApiContext) -> Wire:
    """How old, and how late, in minutes."""
    age = (context.view.now - verdict.updated_at).total_seconds() / 60 if verdict.updated_at is not None else None
    late = verdict.overdue_s / 60 if verdict.updated_at is not None else None
    return {"currentLagMinutes": age, "currentMinutesLate": late, "latestMaterializationMinutesLate": late}


def policy_of(policy: FreshnessPolicy | None) -> Wire | None:
    """A freshness policy: how old, or how long before its deadline, data may be at most."""
    if policy is None:
        return None
    window = policy.fail_window_s if policy.fail_window_s is not None else policy.lower_bound_delta_s
    return {"maximumLagMinutes": (window or 0.0) / 60, "cronSchedule": policy.deadline_cron}


def condition_of(condition: AutomationCondition | None) -> Wire | None:
    """An automation condition: its label, and what it says in words."""
    if condition is None:
        return None
    return {"label": condition.get_label(), "expandedLabel": expanded(condition)}


def expanded(condition: AutomationCondition) -> list[str]:
    """What a condition says, its parts one by one: ``["missing", "AND", "~in_progress"]``."""
    if condition.op not in ("and", "or"):
        return [str(replace(condition, label=None))]
    words: list[str] = []
    for part in condition.operands:
        words += [condition.op.upper(), str(part)] if words else [str(part)]
    return words


def owner_of(owner: str) -> Wire:
    """An address, or a team."""
    if owner.startswith("team:"):
        return {"__typename": "TeamAssetOwner", "team": owner.removeprefix("team:")}
    return {"__typename": "UserAssetOwner", "email": owner}


def _mapping_of(dep: CatalogDep) -> Wire | None:
    if dep.partition_mapping is None:
        return None
    kind = type(dep.partition_mapping)
    return {"className": kind.__name__, "description": (kind.__doc__ or kind.__name__).strip().partition("\n")[0]}


def millis_us(text: str | None) -> int | None:
    """Milliseconds since 1970 as clients send them, in microseconds."""
    return int(float(text) * 1000) if text else None


_JOBS: weakref.WeakKeyDictionary[Catalog, Mapping[AssetKey, tuple[str, ...]]] = weakref.WeakKeyDictionary()


def jobs_by_asset(catalog: Catalog) -> Mapping[AssetKey, tuple[str, ...]]:
    """The names of the jobs that make each asset of a location, found out once for a catalog."""
    known = _JOBS.get(catalog)
    if known is None:
        found: dict[AssetKey, list[str]] = {}
        for job in catalog.jobs:
            if job.selection is not None:
                for key in AssetSelection.from_coercible(job.selection).resolve(catalog):
                    found.setdefault(key, []).append(job.name)
        known = _JOBS[catalog] = {key: tuple(names) for key, names in found.items()}
    return known
