"""The ledger of the store in memory: records in dicts, and the numbers of entries by what they are found with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nbasset.events.facts import CheckKey, InstigatorId
from nbasset.events.fold import Made, Outcome
from nbasset.events.kinds import Event, Target
from nbasset.events.records import AssetRecord, BackfillRecord, CheckRecord, Entry, InstigatorRecord, PartitionTable, RunRecord, TickStatus
from nbasset.events.reducers import PartitionRow, materialized_in
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet


class Books:
    """Everything the store in memory knows. Not locked: its owner sees to that."""

    def __init__(self) -> None:
        self.last_seq = 0
        self.log: dict[int, Entry] = {}
        self.runs: dict[RunId, RunRecord] = {}
        self.tallies: dict[RunId, dict[Outcome, int]] = {}
        self.heartbeats: dict[RunId, int] = {}
        self.of_run: dict[RunId, list[int]] = {}
        self.of_target: dict[AssetKey, dict[RunId, None]] = {}
        self.assets: dict[AssetKey, AssetRecord] = {}
        self.tables: dict[AssetKey, dict[int, PartitionRow]] = {}
        self.found: dict[AssetKey, dict[int, bool]] = {}
        self.of_partition: dict[AssetKey, dict[int, list[int]]] = {}
        self.former: dict[AssetKey, set[AssetKey]] = {}
        self.checks: dict[CheckKey, CheckRecord] = {}
        self.of_check: dict[CheckKey, dict[int, None]] = {}
        self.backfills: dict[str, BackfillRecord] = {}
        self.chunks: dict[str, list[tuple[RunId, tuple[Target, ...]]]] = {}
        self.dynamic: dict[str, dict[PartitionRef, None]] = {}
        self.instigators: dict[InstigatorId, InstigatorRecord] = {}
        self.ticks: dict[InstigatorId, dict[int, TickStatus]] = {}

    def record(self, event: Event) -> int:
        """Put the event in the log; its number."""
        self.last_seq += 1
        self.log[self.last_seq] = Entry(self.last_seq, event)
        run_id = getattr(event, "run_id", None)
        if run_id is not None:
            self.of_run.setdefault(run_id, []).append(self.last_seq)
        return self.last_seq

    def whole_run(self, run_id: RunId) -> RunRecord | None:
        """A run with its tallies."""
        record = self.runs.get(run_id)
        if record is None:
            return None
        tally = self.tallies.get(run_id, {})
        return replace(
            record,
            succeeded=tally.get("succeeded", 0),
            failed=tally.get("failed", 0),
            skipped=tally.get("skipped", 0),
            heartbeat_us=self.heartbeats.get(run_id, 0),
            last_seq=self.of_run[run_id][-1],
        )

    # -- Ledger: runs

    def run(self, run_id: RunId) -> RunRecord | None:
        """One run without tallies."""
        return self.runs.get(run_id)

    def set_run(self, record: RunRecord) -> None:
        """Keep a run, and let it be found by what it means to make."""
        before = self.runs.get(record.run_id)
        self.runs[record.run_id] = record
        if before is None or not before.requested_us:
            for target in record.targets:
                self.of_target.setdefault(target.asset, {})[record.run_id] = None

    def tally(self, run_id: RunId, outcome: Outcome) -> None:
        """One more finished step."""
        if run_id in self.runs:
            counts = self.tallies.setdefault(run_id, {})
            counts[outcome] = counts.get(outcome, 0) + 1

    def delete_runs(self, run_ids: Iterable[RunId]) -> None:
        """Forget runs; entries that made something stay in the log."""
        made = {seq for found in self.found.values() for seq, is_made in found.items() if is_made}
        gone: set[int] = set()
        for run_id in run_ids:
            self.runs.pop(run_id, None)
            self.tallies.pop(run_id, None)
            self.heartbeats.pop(run_id, None)
            for found_runs in self.of_target.values():
                found_runs.pop(run_id, None)
            gone.update(seq for seq in self.of_run.get(run_id, ()) if seq not in made)
            self.of_run[run_id] = [seq for seq in self.of_run.get(run_id, ()) if seq in made]
        for seq in gone:
            del self.log[seq]
            for found in self.found.values():
                found.pop(seq, None)
            for evaluated in self.of_check.values():
                evaluated.pop(seq, None)

    # -- Ledger: assets and partitions

    def asset(self, key: AssetKey) -> AssetRecord | None:
        """One asset."""
        return self.assets.get(key)

    def set_asset(self, record: AssetRecord, seq: int) -> None:
        """Keep an asset."""
        self.assets[record.key] = record

    def drop_asset(self, key: AssetKey) -> None:
        """Forget an asset."""
        self.assets.pop(key, None)

    def row(self, key: AssetKey, ordinal: int) -> PartitionRow | None:
        """One partition."""
        return self.tables.get(key, {}).get(ordinal)

    def rows(self, key: AssetKey) -> Mapping[int, PartitionRow]:
        """All partitions."""
        return dict(self.tables.get(key, {}))

    def set_row(self, key: AssetKey, ordinal: int, row: PartitionRow | None) -> None:
        """Keep or forget a partition."""
        table = self.tables.setdefault(key, {})
        if row is None:
            table.pop(ordinal, None)
        else:
            table[ordinal] = row

    def touch(self, key: AssetKey, seq: int, *, made: bool = False, ordinal: int | None = None) -> None:
        """Let the entry be found by the asset."""
        found = self.found.setdefault(key, {})
        found[seq] = made or found.get(seq, False)
        if ordinal is not None:
            seqs = self.of_partition.setdefault(key, {}).setdefault(ordinal, [])
            if not seqs or seqs[-1] != seq:
                seqs.append(seq)

    def unmake(self, key: AssetKey, ordinals: OrdinalSet | None) -> None:
        """Take entries out of the materializations."""
        partitions = self.of_partition.get(key, {})
        found = self.found.get(key, {})
        if ordinals is None:
            partitions.clear()
            found.update(dict.fromkeys(found, False))
            return
        touched = {seq for ordinal in ordinals for seq in partitions.pop(ordinal, ())}
        left = {seq for seqs in partitions.values() for seq in seqs}
        found.update(dict.fromkeys(touched - left, False))

    def move(self, old: AssetKey, new: AssetKey) -> None:
        """Let what is found by `old` be found by `new`."""
        for seq, made in self.found.pop(old, {}).items():
            self.touch(new, seq, made=made)
        partitions = self.of_partition.setdefault(new, {})
        for ordinal, seqs in self.of_partition.pop(old, {}).items():
            partitions[ordinal] = sorted({*partitions.get(ordinal, ()), *seqs})
        self.of_target.setdefault(new, {}).update(self.of_target.pop(old, {}))
        self.former.setdefault(new, set()).update({old}, self.former.pop(old, set()))
        for check in [check for check in self.of_check if check.asset == old]:
            moved = CheckKey(new, check.name)
            record = self.checks.pop(check)
            known = self.checks.get(moved)
            if known is None or known.seq < record.seq:
                self.checks[moved] = replace(record, check=moved, evaluation=replace(record.evaluation, check=moved))
            self.of_check.setdefault(moved, {}).update(self.of_check.pop(check))

    def made(self, key: AssetKey, ordinal: int, seq: int) -> Made | None:
        """The materialization of one partition in one entry."""
        event = self.log[seq].event
        names = {key, *self.former.get(key, ())}
        facts = [
            fact
            for fact in materialized_in(event)
            if fact.asset in names and fact.partition is not None and fact.partition.ordinal == ordinal
        ]
        return Made(event.at_us, getattr(event, "run_id", None), facts[-1]) if facts else None

    # -- Ledger: the rest

    def set_check(self, record: CheckRecord) -> None:
        """Keep a verdict."""
        self.checks[record.check] = record
        self.of_check.setdefault(record.check, {})[record.seq] = None

    def backfill(self, backfill_id: str) -> BackfillRecord | None:
        """One backfill without what was launched."""
        return self.backfills.get(backfill_id)

    def set_backfill(self, record: BackfillRecord, seq: int) -> None:
        """Keep a backfill."""
        self.backfills[record.backfill_id] = record

    def launch(self, backfill_id: str, run_id: RunId, targets: tuple[Target, ...], seq: int) -> None:
        """Note a chunk."""
        self.chunks.setdefault(backfill_id, []).append((run_id, targets))

    def add_dynamic(self, name: str, partitions: Sequence[PartitionRef], seq: int) -> None:
        """Add keys."""
        keys = self.dynamic.setdefault(name, {})
        for partition in partitions:
            keys.setdefault(partition)

    def remove_dynamic(self, name: str, partitions: Sequence[PartitionRef]) -> None:
        """Take keys out."""
        for partition in partitions:
            self.dynamic.get(name, {}).pop(partition, None)

    # -- Ledger: schedules and sensors

    def instigator(self, instigator: InstigatorId) -> InstigatorRecord | None:
        """One schedule or sensor."""
        return self.instigators.get(instigator)

    def set_instigator(self, record: InstigatorRecord) -> None:
        """Keep a schedule or sensor."""
        self.instigators[record.instigator] = record

    def add_tick(self, instigator: InstigatorId, seq: int, status: TickStatus, at_us: int) -> None:
        """Let the entry be found among the ticks."""
        self.ticks.setdefault(instigator, {})[seq] = status

    def delete_ticks(self, older_than_us: int) -> int:
        """Forget ticks from before a moment, but the newest of each; how many."""
        gone = 0
        for ticks in self.ticks.values():
            for seq in list(ticks)[:-1]:
                if self.log[seq].event.at_us < older_than_us:
                    del ticks[seq], self.log[seq]
                    gone += 1
        return gone


def table_of_rows(rows: Mapping[int, PartitionRow]) -> PartitionTable:
    """The rows as columns."""
    ordered = sorted(rows.items())
    texts: dict[str, int] = {}

    def index_of(column: str) -> tuple[int, ...]:
        return tuple(texts.setdefault(getattr(row, column), len(texts)) for _, row in ordered)

    return PartitionTable(
        ordinals=OrdinalSet.of(ordinal for ordinal, _ in ordered),
        status=bytes(row.status for _, row in ordered),
        seq=tuple(row.seq for _, row in ordered),
        changed_seq=tuple(row.changed_seq for _, row in ordered),
        at_us=tuple(row.at_us for _, row in ordered),
        run=index_of("run"),
        code=index_of("code"),
        data_version=index_of("data_version"),
        input_digest=index_of("input_digest"),
        version_id=index_of("version_id"),
        recipe=index_of("recipe"),
        texts=tuple(texts),
    )
