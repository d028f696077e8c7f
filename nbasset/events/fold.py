"""The fold: which records an event changes. What they change to is in `reducers`.

A store lends `apply` a `Ledger`: records as they stand, and places to put the new ones. Both stores, in memory and in SQL, fold through
here, so they cannot disagree. Facts of a late step of a run that is over still count for the asset: the file is there. A cancelled step
leaves statuses alone: nothing is known to be wrong with the asset. Numbers that move with every step (`Outcome` counts, `last_seq`) are
tallied by the store, not rewritten with the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, Fact, InputLoaded, InstigatorId
from nbasset.events.instigators import instigator_after, tick_status
from nbasset.events.kinds import (
    AssetRenamed,
    AssetReported,
    AssetRetired,
    AssetRolledBack,
    AssetWiped,
    BackfillCancelRequested,
    BackfillEnded,
    BackfillEvent,
    BackfillProgressed,
    BackfillRequested,
    CursorSet,
    Event,
    FileOrphaned,
    InstigatorEvent,
    InstigatorSet,
    PartitionsAdded,
    PartitionsDeleted,
    RunCancelled,
    RunCancelRequested,
    RunEvent,
    RunFailed,
    RunQueued,
    RunRequested,
    RunStarted,
    RunStarting,
    RunSucceeded,
    RunTagged,
    StepEvent,
    StepFailed,
    StepReused,
    StepSkipped,
    StepSucceeded,
    Target,
    TickEvaluated,
    TickEvent,
    TickMissed,
)
from nbasset.events.records import AssetRecord, BackfillRecord, CheckRecord, Entry, InstigatorRecord, RunRecord, StepRecord, TickStatus
from nbasset.events.reducers import (
    PartitionRow,
    asset_failed,
    asset_made,
    asset_merged,
    asset_observed,
    asset_unmade,
    backfill_after,
    data_version_of,
    row_failed,
    row_made,
    row_observed,
    run_after,
    step_after,
)
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet

Outcome: TypeAlias = Literal["succeeded", "failed", "skipped"]


class Made(NamedTuple):
    """A materialization in the log, with the time and the run of its entry."""

    at_us: int
    run_id: RunId | None
    fact: AssetMaterialized


class Ledger(Protocol):
    """What a store lends to the fold. Reads see what was set before, in the same transaction too."""

    def run(self, run_id: RunId) -> RunRecord | None:
        """The run as folded so far; its tallies need not be in it."""

    def set_run(self, record: RunRecord) -> None:
        """Keep a run."""

    def tally(self, run_id: RunId, outcome: Outcome) -> None:
        """Count one more finished step of a run; nothing happens when nobody asked for that run."""

    def asset(self, key: AssetKey) -> AssetRecord | None:
        """The asset as folded so far."""

    def set_asset(self, record: AssetRecord, seq: int) -> None:
        """Keep an asset; `seq` is the entry that changed it or one of its partitions."""

    def drop_asset(self, key: AssetKey) -> None:
        """The asset has no record any more."""

    def row(self, key: AssetKey, ordinal: int) -> PartitionRow | None:
        """One partition."""

    def rows(self, key: AssetKey) -> Mapping[int, PartitionRow]:
        """All partitions by ordinal: a copy."""

    def set_row(self, key: AssetKey, ordinal: int, row: PartitionRow | None) -> None:
        """Keep a partition, or forget it."""

    def touch(self, key: AssetKey, seq: int, *, made: bool = False, ordinal: int | None = None) -> None:
        """Let the log entry be found by the asset; among its materializations, and those of the partition, if `made`."""

    def unmake(self, key: AssetKey, ordinals: OrdinalSet | None) -> None:
        """Take entries (of these partitions) out of the asset's materializations; they stay in the log."""

    def move(self, old: AssetKey, new: AssetKey) -> None:
        """Let all that is found by `old` (entries, checks, runs) be found by `new` instead."""

    def made(self, key: AssetKey, ordinal: int, seq: int) -> Made | None:
        """The materialization of one partition in one entry."""

    def set_check(self, record: CheckRecord) -> None:
        """Keep a verdict as the newest of its check, and let its entry be found by the check."""

    def backfill(self, backfill_id: str) -> BackfillRecord | None:
        """The backfill as folded so far; what was launched need not be in it."""

    def set_backfill(self, record: BackfillRecord, seq: int) -> None:
        """Keep a backfill."""

    def launch(self, backfill_id: str, run_id: RunId, targets: tuple[Target, ...], seq: int) -> None:
        """Note that a chunk of the backfill went to a run."""

    def add_dynamic(self, name: str, partitions: Sequence[PartitionRef], seq: int) -> None:
        """Add keys behind those that are there; known ones keep their place."""

    def remove_dynamic(self, name: str, partitions: Sequence[PartitionRef]) -> None:
        """Take keys out."""

    def instigator(self, instigator: InstigatorId) -> InstigatorRecord | None:
        """The schedule or sensor as folded so far."""

    def set_instigator(self, record: InstigatorRecord) -> None:
        """Keep a schedule or sensor."""

    def add_tick(self, instigator: InstigatorId, seq: int, status: TickStatus, at_us: int) -> None:
        """Let the entry be found among the ticks of a schedule or sensor that is kept."""


def apply(ledger: Ledger, seq: int, event: Event) -> None:
    """Change the records as the event says. Events that change none, of kinds not known here too, pass."""
    fold = _FOLDS.get(type(event))
    if fold is not None:
        fold(ledger, seq, event)


def steps_of(entries: Iterable[Entry]) -> dict[str, StepRecord]:
    """Steps by name, in the order in which the log first speaks of them. Entries of other kinds pass."""
    steps: dict[str, StepRecord] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, StepEvent):
            steps[event.step] = step_after(steps.get(event.step), event)
    return steps


def _fold_run(ledger: Ledger, seq: int, event: RunEvent) -> None:
    before = ledger.run(event.run_id)
    after = run_after(before, seq, event)
    if after is not before:
        ledger.set_run(after)


def _fold_facts(ledger: Ledger, seq: int, at_us: int, run_id: RunId | None, facts: Iterable[Fact]) -> None:
    for fact in facts:
        if isinstance(fact, InputLoaded):
            continue
        if isinstance(fact, AssetMaterialized):
            _fold_made(ledger, seq, at_us, run_id, fact)
        elif isinstance(fact, AssetObserved):
            _fold_observed(ledger, seq, at_us, run_id, fact)
        elif isinstance(fact, CheckEvaluated):
            ledger.touch(fact.check.asset, seq)
            ledger.set_check(CheckRecord(fact.check, seq, at_us, run_id, fact))


def _fold_made(ledger: Ledger, seq: int, at_us: int, run_id: RunId | None, fact: AssetMaterialized) -> None:
    key, partition = fact.asset, fact.partition
    before = ledger.asset(key)
    if partition is None:
        changed = fact.data_version == "" or fact.data_version != data_version_of(before)
    else:
        row = row_made(ledger.row(key, partition.ordinal), seq, at_us, run_id, fact, as_of=_overtaken(ledger, fact))
        ledger.set_row(key, partition.ordinal, row)
        changed = row.changed_seq == seq
    ledger.set_asset(asset_made(before, key, seq, at_us, run_id, fact, changed=changed), seq)
    ledger.touch(key, seq, made=True, ordinal=None if partition is None else partition.ordinal)


def _overtaken(ledger: Ledger, fact: AssetMaterialized) -> int:
    """The last entry that the step had seen of an input which another run changed before this one was recorded; 0 when none did."""
    seen = []
    for used in fact.inputs:
        record = ledger.asset(used.asset) if used.digest and used.asset != fact.asset else None
        if record is None or record.changed_seq <= used.as_of_seq:
            continue
        if used.partitions is not None:
            rows = (ledger.row(used.asset, ordinal) for ordinal in used.partitions)
            if not any(row is not None and row.changed_seq > used.as_of_seq for row in rows):
                continue
        seen.append(used.as_of_seq)
    return min(seen, default=0)


def _fold_observed(ledger: Ledger, seq: int, at_us: int, run_id: RunId | None, fact: AssetObserved) -> None:
    key, partition = fact.asset, fact.partition
    before = ledger.asset(key)
    if partition is None:
        changed = fact.data_version is not None and fact.data_version != data_version_of(before)
    else:
        row = row_observed(ledger.row(key, partition.ordinal), seq, at_us, run_id, fact)
        ledger.set_row(key, partition.ordinal, row)
        changed = row.changed_seq == seq
    ledger.set_asset(asset_observed(before, key, seq, at_us, fact, changed=changed), seq)
    ledger.touch(key, seq)


def _fold_succeeded(ledger: Ledger, seq: int, event: StepSucceeded) -> None:
    ledger.tally(event.run_id, "succeeded")
    if event.facts:
        _fold_facts(ledger, seq, event.at_us, event.run_id, event.facts)


def _fold_failed(ledger: Ledger, seq: int, event: StepFailed) -> None:
    ledger.tally(event.run_id, "failed")
    _fold_facts(ledger, seq, event.at_us, event.run_id, event.facts)
    for target in event.targets:
        ledger.touch(target.asset, seq)
        if event.cancelled:
            continue
        for ordinal in target.partitions or ():
            ledger.set_row(target.asset, ordinal, row_failed(ledger.row(target.asset, ordinal), event))
        ledger.set_asset(asset_failed(ledger.asset(target.asset), target.asset, event), seq)


def _fold_skipped(ledger: Ledger, seq: int, event: StepSkipped) -> None:
    ledger.tally(event.run_id, "skipped")
    for target in event.targets:
        ledger.touch(target.asset, seq)


def _fold_reused(ledger: Ledger, _seq: int, event: StepReused) -> None:
    ledger.tally(event.run_id, "succeeded")


def _fold_reported(ledger: Ledger, seq: int, event: AssetReported) -> None:
    _fold_facts(ledger, seq, event.at_us, None, (event.fact,))


def _fold_rolled_back(ledger: Ledger, seq: int, event: AssetRolledBack) -> None:
    _fold_made(ledger, seq, event.at_us, None, event.materialization)


def _fold_retired(ledger: Ledger, seq: int, event: AssetRetired) -> None:
    ledger.touch(event.asset, seq)
    before = ledger.asset(event.asset)
    if before is not None:
        ledger.set_asset(replace(before, retired=True), seq)


def _fold_orphaned(ledger: Ledger, seq: int, event: FileOrphaned) -> None:
    if event.asset is not None:
        ledger.touch(event.asset, seq)


def _fold_renamed(ledger: Ledger, seq: int, event: AssetRenamed) -> None:
    old, new = event.old, event.new
    before = ledger.asset(old)
    if old == new:
        return
    for ordinal, row in ledger.rows(old).items():
        other = ledger.row(new, ordinal)
        if other is None or (row.seq, row.at_us) > (other.seq, other.at_us):
            ledger.set_row(new, ordinal, row)
        ledger.set_row(old, ordinal, None)
    ledger.move(old, new)
    if before is not None:
        ledger.drop_asset(old)
        ledger.set_asset(asset_merged(before, ledger.asset(new), new), seq)
    ledger.touch(new, seq)


def _fold_wiped(ledger: Ledger, seq: int, event: AssetWiped) -> None:
    key = event.asset
    before = ledger.asset(key)
    if before is not None:
        if event.version_id is not None:
            after = _without_version(ledger, before, event)
        else:
            after = _without_partitions(ledger, before, event.partitions)
        ledger.set_asset(after, seq)
    ledger.touch(key, seq)


def _without_version(ledger: Ledger, before: AssetRecord, event: AssetWiped) -> AssetRecord:
    """One version is gone: what is current stays, unless it was that version. Its entry stays among the materializations."""
    made = before.materialization
    if event.partitions is None:
        rows = ledger.rows(before.key)
    else:
        rows = {ordinal: row for ordinal in event.partitions if (row := ledger.row(before.key, ordinal)) is not None}
    gone = [ordinal for ordinal, row in rows.items() if row.version_id == event.version_id]
    for ordinal in gone:
        ledger.set_row(before.key, ordinal, None)
    if made is None or made.version_id != event.version_id:
        return before
    return asset_unmade(before) if made.partition is None else _newest_left(ledger, before)


def _without_partitions(ledger: Ledger, before: AssetRecord, partitions: OrdinalSet | None) -> AssetRecord:
    ledger.unmake(before.key, partitions)
    for ordinal in ledger.rows(before.key) if partitions is None else partitions:
        ledger.set_row(before.key, ordinal, None)
    if partitions is None:
        return asset_unmade(before)
    made = before.materialization
    if made is not None and (made.partition is None or made.partition.ordinal not in partitions):
        return before
    return _newest_left(ledger, before)


def _newest_left(ledger: Ledger, before: AssetRecord) -> AssetRecord:
    """The asset after its newest partition was given up: the newest of the others speaks for it."""
    made = ((row.seq, ordinal) for ordinal, row in ledger.rows(before.key).items() if row.seq)
    seq, ordinal = max(made, default=(0, 0))
    newest = ledger.made(before.key, ordinal, seq) if seq else None
    if newest is None:
        return replace(asset_unmade(before), materializations=before.materializations)
    return replace(before, seq=seq, at_us=newest.at_us, run_id=newest.run_id, materialization=replace(newest.fact, asset=before.key))


def _fold_backfill(ledger: Ledger, seq: int, event: BackfillEvent) -> None:
    before = ledger.backfill(event.backfill_id)
    after = backfill_after(before, event)
    if after is not None and after is not before:
        ledger.set_backfill(after, seq)


def _fold_progressed(ledger: Ledger, seq: int, event: BackfillProgressed) -> None:
    if ledger.backfill(event.backfill_id) is not None:
        ledger.launch(event.backfill_id, event.run_id, event.targets, seq)


def _fold_added(ledger: Ledger, seq: int, event: PartitionsAdded) -> None:
    ledger.add_dynamic(event.name, event.partitions, seq)


def _fold_deleted(ledger: Ledger, _seq: int, event: PartitionsDeleted) -> None:
    ledger.remove_dynamic(event.name, event.partitions)


def _fold_instigator(ledger: Ledger, seq: int, event: InstigatorEvent) -> None:
    ledger.set_instigator(instigator_after(ledger.instigator(event.instigator), seq, event))


def _fold_tick(ledger: Ledger, seq: int, event: TickEvent) -> None:
    _fold_instigator(ledger, seq, event)
    ledger.add_tick(event.instigator, seq, tick_status(event), event.at_us)


_FOLDS: dict[type, Callable[[Ledger, int, Any], None]] = {
    RunRequested: _fold_run,
    RunQueued: _fold_run,
    RunStarting: _fold_run,
    RunStarted: _fold_run,
    RunCancelRequested: _fold_run,
    RunTagged: _fold_run,
    RunSucceeded: _fold_run,
    RunFailed: _fold_run,
    RunCancelled: _fold_run,
    StepSucceeded: _fold_succeeded,
    StepFailed: _fold_failed,
    StepSkipped: _fold_skipped,
    StepReused: _fold_reused,
    AssetReported: _fold_reported,
    AssetRolledBack: _fold_rolled_back,
    AssetRenamed: _fold_renamed,
    AssetRetired: _fold_retired,
    AssetWiped: _fold_wiped,
    FileOrphaned: _fold_orphaned,
    PartitionsAdded: _fold_added,
    PartitionsDeleted: _fold_deleted,
    BackfillRequested: _fold_backfill,
    BackfillProgressed: _fold_progressed,
    BackfillCancelRequested: _fold_backfill,
    BackfillEnded: _fold_backfill,
    InstigatorSet: _fold_instigator,
    CursorSet: _fold_instigator,
    TickEvaluated: _fold_tick,
    TickMissed: _fold_tick,
}
