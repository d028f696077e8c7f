"""What the operands of automation conditions are true for: each a set of partitions of one asset or check, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from nbasset.definitions.catalog import Catalog
from nbasset.definitions.conditions import AutomationCondition
from nbasset.definitions.cron import ticks_between
from nbasset.events.facts import CheckKey
from nbasset.events.records import CheckRecord, PartitionTable, Status
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation_space import Space
from nbasset.planning.automation_state import NONE, WHOLE, AutomationCursor, AutomationView, Entity, JobKey
from nbasset.planning.freshness import FreshnessState, freshness_of


class Operands:
    """Answers for one evaluation. Nothing here depends on which condition asks."""

    def __init__(self, catalog: Catalog, view: AutomationView, cursor: AutomationCursor, space: Space) -> None:
        self.catalog = catalog
        self.view = view
        self.cursor = cursor
        self.space = space
        self._known: dict[tuple[str, tuple[Any, ...], Entity], OrdinalSet] = {}

    def true_for(self, condition: AutomationCondition, entity: Entity) -> OrdinalSet:
        """All partitions of an asset or check that the operand is true for."""
        asked = (condition.op, condition.args, entity)
        found = self._known.get(asked)
        if found is None:
            if isinstance(entity, JobKey) and condition.op in _OF_ASSETS:
                found = self._of_job(condition, entity)
            else:
                found = _ANSWERS[condition.op](self, entity, *condition.args)
            self._known[asked] = found
        return found

    def updated_after_tick(self, since: AutomationCondition, entity: Entity) -> OrdinalSet:
        """Where an evaluation sees a tick of a cron and an update together: what was updated after the tick."""
        trigger, reset = since.operands
        news = self.view.news.get(entity)
        if (trigger.op, reset.op) != ("newly_updated", "cron_tick_passed") or news is None or self.cursor.at is None:
            return NONE
        cron, timezone = reset.args
        passed = ticks_between(cron, timezone, self.cursor.at, self.view.now)
        later = {ordinal for ordinal, at_us in news.at_us.items() if passed and at_us > passed[-1].timestamp() * 1_000_000}
        return WHOLE if None in later else OrdinalSet.of(ordinal for ordinal in later if ordinal is not None)

    def _of_job(self, condition: AutomationCondition, job: JobKey) -> OrdinalSet:
        """What is true for a job because it is for one of its assets. That it was made counts only as a request of the whole."""
        found = NONE
        for key in self.space.assets_of(job) if condition.op != "newly_updated" else ():
            found = found | self.space.from_asset(self.true_for(condition, key), key, job)
        return found

    # -- records -----------------------------------------------------------------------------------------------------------

    def _missing(self, entity: Entity) -> OrdinalSet:
        universe = self.space.universe(entity)
        if isinstance(entity, CheckKey):
            return universe - self._evaluated(entity)
        assert isinstance(entity, AssetKey)
        if self.space.partitions_def(entity) is None:
            record = self.view.state.records.get(entity)
            there = record is not None and (record.materialization is not None or record.observation is not None)
            return NONE if there else universe
        table = self._table(entity)
        if table is None:
            return universe
        texts = table.texts
        rows = zip(table.ordinals, table.status, table.version_id, table.data_version, strict=True)
        there_are = (ordinal for ordinal, status, version, data in rows if status == Status.MATERIALIZED or texts[version] or texts[data])
        return universe - OrdinalSet.of(there_are)

    def _execution_failed(self, entity: Entity) -> OrdinalSet:
        if not isinstance(entity, AssetKey):
            return NONE
        if self.space.partitions_def(entity) is not None:
            table = self._table(entity)
            return table.with_status(Status.FAILED) & self.space.universe(entity) if table is not None else NONE
        record = self.view.state.records.get(entity)
        return WHOLE if record is not None and record.status is Status.FAILED else NONE

    def _newly_updated(self, entity: Entity) -> OrdinalSet:
        news = self.view.news.get(entity)
        if news is None or self.cursor.at is None:
            return NONE
        if self.space.partitions_def(entity) is None:
            return WHOLE if news.whole else NONE
        return news.partitions & self.space.universe(entity)

    def _data_version_changed(self, entity: Entity) -> OrdinalSet:
        if not isinstance(entity, AssetKey) or self.cursor.at is None:
            return NONE
        if self.space.partitions_def(entity) is None:
            record = self.view.state.records.get(entity)
            return WHOLE if record is not None and record.changed_seq > self.cursor.seq else NONE
        table = self._table(entity)
        if table is None:
            return NONE
        changed = (ordinal for ordinal, seq in zip(table.ordinals, table.changed_seq, strict=True) if seq > self.cursor.seq)
        return OrdinalSet.of(changed) & self.space.universe(entity)

    def _code_version_changed(self, entity: Entity) -> OrdinalSet:
        if not isinstance(entity, AssetKey):
            return NONE
        before, now = self.cursor.codes.get(str(entity)), self.view.code(entity)
        return self.space.universe(entity) if before and now and before != now else NONE

    def _newly_requested(self, entity: Entity) -> OrdinalSet:
        known = self.cursor.by_entity.get(entity)
        return known.requested & self.space.universe(entity) if known is not None else NONE

    def _executed_with_tags(self, entity: Entity, tag_keys: tuple[str, ...], tag_values: tuple[tuple[str, str], ...]) -> OrdinalSet:
        if isinstance(entity, CheckKey):
            return self._evaluated(entity, lambda record: bool(record.run_id) and self._has_tags(str(record.run_id), tag_keys, tag_values))
        assert isinstance(entity, AssetKey)
        if self.space.partitions_def(entity) is None:
            made = self.view.state.records.get(entity)
            return WHOLE if made is not None and made.run_id and self._has_tags(made.run_id, tag_keys, tag_values) else NONE
        table = self._table(entity)
        if table is None:
            return NONE
        fitting = {run for run in set(table.run) if table.texts[run] and self._has_tags(table.texts[run], tag_keys, tag_values)}
        return OrdinalSet.of(ordinal for ordinal, run in zip(table.ordinals, table.run, strict=True) if run in fitting)

    def _has_tags(self, run_id: str, tag_keys: tuple[str, ...], tag_values: tuple[tuple[str, str], ...]) -> bool:
        tags: Mapping[str, str] = self.view.run_tags(run_id)
        return all(key in tags for key in tag_keys) and all(tags.get(key) == value for key, value in tag_values)

    # -- what is under way -------------------------------------------------------------------------------------------------

    def _run_in_progress(self, entity: Entity) -> OrdinalSet:
        asset = entity.asset if isinstance(entity, CheckKey) else entity
        targets = [target for run in self.view.runs for target in run.targets if target.asset == asset]
        return self._targeted(entity, [target.partitions for target in targets])

    def _backfill_in_progress(self, entity: Entity) -> OrdinalSet:
        asset = entity.asset if isinstance(entity, CheckKey) else entity
        targets = [target for backfill in self.view.backfills for target in backfill.targets if target.asset == asset]
        return self._targeted(entity, [target.partitions for target in targets])

    def _targeted(self, entity: Entity, partitions: list[OrdinalSet | None]) -> OrdinalSet:
        universe = self.space.universe(entity)
        if self.space.partitions_def(entity) is None or None in partitions:
            return universe if partitions else NONE
        found = NONE
        for one in partitions:
            found = found | (one or NONE)
        return found & universe

    # -- time --------------------------------------------------------------------------------------------------------------

    def _cron_tick_passed(self, entity: Entity, cron: str, timezone: str) -> OrdinalSet:
        before = self.cursor.at
        passed = before is not None and before < self.view.now and bool(ticks_between(cron, timezone, before, self.view.now))
        return self.space.universe(entity) if passed else NONE

    def _in_latest_time_window(self, entity: Entity, lookback_s: float | None) -> OrdinalSet:
        return self.space.latest_window(entity, lookback_s)

    def _freshness(self, entity: Entity, state: FreshnessState) -> OrdinalSet:
        asset = self.catalog.by_key.get(entity) if isinstance(entity, AssetKey) else None
        if asset is None:
            return NONE
        now = freshness_of(asset, self.view.state.records.get(asset.key), self.view.now)
        return self.space.universe(entity) if now.state is state else NONE

    # -- checks ------------------------------------------------------------------------------------------------------------

    def _verdict(self, entity: Entity, passed: bool) -> OrdinalSet:
        if not isinstance(entity, CheckKey):
            return NONE
        return self._evaluated(entity, lambda record: record.evaluation.passed is passed)

    def _evaluated(self, check: CheckKey, fits: Callable[[CheckRecord], bool] = lambda record: True) -> OrdinalSet:
        """What newest verdicts that fit are about; nothing of one about a version of the asset that is no longer the newest."""
        if self.space.partitions_def(check) is not None:
            fitting = {ordinal: one.evaluation.version_id for ordinal, one in self.view.verdicts(check).items() if fits(one)}
            current = self._versions(check.asset, fitting) if any(fitting.values()) else {}
            found = (ordinal for ordinal, seen in fitting.items() if not seen or current.get(ordinal, seen) == seen)
            return OrdinalSet.of(found) & self.space.universe(check)
        record = self.view.checks.get(check)
        if record is None or not fits(record):
            return NONE
        asset = self.view.state.records.get(check.asset)
        made = asset.materialization if asset is not None else None
        seen = record.evaluation.version_id
        is_old = bool(seen and made is not None and made.partition is None and made.version_id and made.version_id != seen)
        return NONE if is_old else WHOLE

    def _versions(self, key: AssetKey, ordinals: Collection[int]) -> dict[int, str]:
        """The current versions of these partitions of an asset, as far as they are known."""
        table = self._table(key)
        if table is None:
            return {}
        rows = zip(table.ordinals, table.version_id, strict=True)
        return {ordinal: text for ordinal, version in rows if ordinal in ordinals and (text := table.texts[version])}

    def _table(self, key: AssetKey) -> PartitionTable | None:
        return self.view.state.partitions.get(key)


_OF_ASSETS = frozenset({
    "missing", "execution_failed", "newly_updated", "data_version_changed", "code_version_changed", "executed_with_tags", "run_in_progress",
    "backfill_in_progress", "freshness_passed", "freshness_warned", "freshness_failed",
})  # fmt: skip
_ANSWERS: dict[str, Callable[..., OrdinalSet]] = {
    "missing": Operands._missing,
    "execution_failed": Operands._execution_failed,
    "newly_updated": Operands._newly_updated,
    "data_version_changed": Operands._data_version_changed,
    "code_version_changed": Operands._code_version_changed,
    "newly_requested": Operands._newly_requested,
    "executed_with_tags": Operands._executed_with_tags,
    "run_in_progress": Operands._run_in_progress,
    "backfill_in_progress": Operands._backfill_in_progress,
    "cron_tick_passed": Operands._cron_tick_passed,
    "in_latest_time_window": Operands._in_latest_time_window,
    "freshness_passed": lambda self, entity: self._freshness(entity, FreshnessState.PASS),
    "freshness_warned": lambda self, entity: self._freshness(entity, FreshnessState.WARN),
    "freshness_failed": lambda self, entity: self._freshness(entity, FreshnessState.FAIL),
    "check_passed": lambda self, entity: self._verdict(entity, True),
    "check_failed": lambda self, entity: self._verdict(entity, False),
}
