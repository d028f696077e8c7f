"""Assets and checks as nodes of one graph for automation: their partitions, what each depends on, and how partitions go together."""

from __future__ import annotations

from collections.abc import Iterable

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.mappings import PartitionMapping, infer_mapping
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.time_windows import TimeWindows
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation_state import NONE, WHOLE, Entity, JobKey


@dataclass(frozen=True, slots=True)
class EntityDep:
    """One upstream of an asset or check. `is_loaded` tells whether a run reads it, `mapping` None is inferred."""

    entity: Entity
    mapping: PartitionMapping | None = None
    is_loaded: bool = True


class Space:
    """Answers about one catalog as of one view. Sets that are asked for often are worked out once."""

    def __init__(self, catalog: Catalog, view: PartitionsView) -> None:
        self.catalog = catalog
        self.view = view
        self._universes: dict[Entity, OrdinalSet] = {}
        self._jobs = {job.name: job for job in catalog.jobs}

    def partitions_def(self, entity: Entity) -> PartitionsDefinition | None:
        """How it is partitioned: a check like the function that evaluates it, a job like its assets, if they are alike."""
        if isinstance(entity, JobKey):
            return self._jobs[entity.name].partitions_def
        if isinstance(entity, AssetKey):
            asset = self.catalog.by_key.get(entity)
            return asset.partitions_def if asset is not None else None
        check = self.catalog.checks_by_key[entity]
        return check.spec.partitions_def or self.catalog.nodes_by_name[check.node].partitions_def

    def universe(self, entity: Entity) -> OrdinalSet:
        """All partitions that exist; `WHOLE` without any."""
        found = self._universes.get(entity)
        if found is None:
            definition = self.partitions_def(entity)
            found = self._universes[entity] = WHOLE if definition is None else definition.ordinals(self.view)
        return found

    def deps(self, entity: Entity) -> list[EntityDep]:
        """What it reads or waits for, itself included if it reads its own earlier partitions. A job reads what its assets read."""
        if isinstance(entity, JobKey):
            own = self.assets_of(entity)
            above = {dep.entity: dep for key in sorted(own) for dep in self.deps(key) if dep.entity not in own}
            return list(above.values())
        if isinstance(entity, CheckKey):
            spec = self.catalog.checks_by_key[entity].spec
            more = [EntityDep(dep.asset, dep.partition_mapping, False) for dep in spec.additional_deps]
            return [EntityDep(spec.asset_key), *more]
        asset = self.catalog.by_key.get(entity)
        return [EntityDep(dep.asset, dep.partition_mapping, dep.input is not None) for dep in asset.deps] if asset is not None else []

    def assets_of(self, job: JobKey) -> frozenset[AssetKey]:
        """The assets that a job makes; none for a job of ops."""
        selection = self._jobs[job.name].selection
        return AssetSelection.from_coercible(selection).resolve(self.catalog) if selection is not None else frozenset()

    def from_asset(self, ordinals: OrdinalSet, asset: AssetKey, job: JobKey) -> OrdinalSet:
        """Partitions of an asset as partitions of the job that makes it."""
        if self.alike(asset, job):
            return ordinals
        return self.universe(job) if ordinals else NONE

    def upstream(self, candidates: OrdinalSet, entity: Entity, dep: EntityDep) -> OrdinalSet:
        """Which partitions of the upstream these read."""
        above, own = self.partitions_def(dep.entity), self.partitions_def(entity)
        if not candidates:
            return NONE
        if above is None:
            return WHOLE
        mapping = dep.mapping or infer_mapping(above, own)
        return mapping.upstream_of(None if own is None else candidates, own, above, self.view).ordinals

    def downstream(self, true: OrdinalSet, entity: Entity, dep: EntityDep) -> OrdinalSet:
        """Which existing partitions read any of these of the upstream."""
        above, own = self.partitions_def(dep.entity), self.partitions_def(entity)
        if not true:
            return NONE
        if own is None or above is None:
            return self.universe(entity)
        mapping = dep.mapping or infer_mapping(above, own)
        return mapping.downstream_of(true, above, own, self.view)

    def unreadable(self, ordinals: OrdinalSet, entity: Entity) -> OrdinalSet:
        """Those of these partitions that would read partitions which their upstream does not have."""
        own = self.partitions_def(entity)
        found = NONE
        for dep in self.deps(entity):
            above = self.partitions_def(dep.entity)
            if not dep.is_loaded or above is None or not ordinals:
                continue
            mapping = dep.mapping or infer_mapping(above, own)
            if own is None:
                found = found | (WHOLE if mapping.upstream_of(None, None, above, self.view).nonexistent else NONE)
            elif mapping.upstream_of(ordinals, own, above, self.view).nonexistent:
                each = (OrdinalSet.between(one, one + 1) for one in ordinals)
                bad = [one.runs[0][0] for one in each if mapping.upstream_of(one, own, above, self.view).nonexistent]
                found = found | OrdinalSet.of(bad)
        return found

    def latest_window(self, entity: Entity, lookback_s: float | None) -> OrdinalSet:
        """The newest partition by time, with those that begin at most `lookback_s` before its end; everything for other partitions."""
        definition = self.partitions_def(entity)
        if isinstance(definition, TimeWindows):
            return self._latest(definition, lookback_s) & self.universe(entity)
        if isinstance(definition, MultiPartitionsDefinition) and definition.time_window_dimension is not None:
            name = definition.time_window_dimension
            time = definition.get_partitions_def_for_dimension(name)
            assert isinstance(time, TimeWindows)
            return definition.with_dimension(name, self._latest(time, lookback_s), self.view)
        return self.universe(entity)

    def _latest(self, definition: TimeWindows, lookback_s: float | None) -> OrdinalSet:
        last = definition.last_ordinal(self.view)
        if last is None:
            return NONE
        newest = OrdinalSet.between(last, last + 1)
        if lookback_s is None:
            return newest
        window = definition.time_window_for_partition_key(definition.key_of(last, self.view.table))
        calendar = definition.calendar
        first = calendar.at_or_after(int(window.end.timestamp() - lookback_s))
        return newest | definition.ordinals_between(first, calendar.next(int(window.start.timestamp())), self.view.table)

    def alike(self, one: Entity, other: Entity) -> bool:
        """Whether one run can make both: their partitions are the same."""
        return self.partitions_def(one) == self.partitions_def(other)

    def neighbours(self, entity: Entity) -> Iterable[AssetKey]:
        """The other assets that are always made with this one, by a function that cannot leave them out."""
        if not isinstance(entity, AssetKey):
            return ()
        node = self.catalog.nodes_by_name.get(self.catalog.by_key[entity].node or "")
        if node is None or node.can_subset:
            return ()
        return [key for key in node.assets if key != entity and self.alike(key, entity)]
