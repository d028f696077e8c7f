"""The ledger of the SQL store: records read as the fold asks for them, kept, and written together before the commit.

It belongs to the one writer of the process and lives from transaction to transaction, so that a run of appends reads each record once.
When somebody else wrote in between, or a transaction failed, `forget` empties it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nbasset.events.facts import InstigatorId
from nbasset.events.fold import Made, Outcome, apply
from nbasset.events.kinds import Target
from nbasset.events.records import AssetRecord, BackfillRecord, CheckRecord, InstigatorRecord, RunRecord, TickStatus
from nbasset.events.reducers import PartitionRow, materialized_in
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.storage import statements as sql
from nbasset.storage.blocks import SHIFT, SIZE, Block
from nbasset.storage.codec import CodedEvents, decode_event, json_text, plain_text
from nbasset.storage.dialects import Connection, Dialect
from nbasset.storage.rows import (
    NO_ASSET,
    RunRows,
    asset_from_row,
    asset_to_row,
    backfill_from_row,
    check_from_row,
    check_to_row,
    instigator_from_row,
    run_to_row,
    targets_text,
    text_of,
)

_LAST = SIZE - 1
_MOST_BLOCKS = 1024
_MOST_RECORDS = 10_000


class SqlLedger:
    """What one writer knows of the records, between reading and writing them."""

    def __init__(self, dialect: Dialect) -> None:
        self.last_seq = 0
        self._dialect = dialect
        self._run_rows = RunRows()
        self._connection: Connection
        self.forget()

    def forget(self) -> None:
        """Know nothing: the next transaction reads anew."""
        self._runs: dict[str, RunRecord | None] = {}
        self._ids: dict[AssetKey, int] = {}
        self._assets: dict[AssetKey, AssetRecord | None] = {}
        self._blocks: dict[tuple[int, int], Block] = {}
        self._backfills: dict[str, BackfillRecord | None] = {}
        self._requests: dict[str, int] = {}
        self._clean()

    def begin(self, connection: Connection) -> None:
        """A transaction begins on this connection."""
        self._connection = connection
        if len(self._blocks) > _MOST_BLOCKS:
            for key in list(self._blocks)[: _MOST_BLOCKS // 2]:
                del self._blocks[key]
        if max(len(self._runs), len(self._requests), len(self._assets), len(self._backfills)) > _MOST_RECORDS:
            self.forget()

    def record(self, coded_events: CodedEvents) -> int:
        """Number the events, write them and fold them in; the number of the last one."""
        events = coded_events.events
        if not events:
            return self.last_seq
        first = self.last_seq + 1
        if len(events) == 1:
            self._connection.execute(sql.ADD_EVENT, (first, *events[0][1:]))
        else:
            rows = [(seq, *coded[1:]) for seq, coded in enumerate(events, first)]
            self._connection.executemany(sql.ADD_EVENT, rows)
        self.last_seq += len(events)
        self._texts.update(coded_events.texts)
        for seq, coded in enumerate(events, first):
            self._seq = seq
            apply(self, seq, coded.event)
        return self.last_seq

    def write(self) -> Mapping[AssetKey, tuple[AssetRecord, int]]:
        """Write what changed; the assets among it, with the entry that changed each."""
        many = self._connection.executemany
        if self._changed_runs:
            many(sql.SET_RUN, [run_to_row(record, self._requests.get(run_id, 0)) for run_id, record in self._changed_runs.items()])
        if self._tallies:
            many(sql.COUNT_STEPS, [(*counts, run_id) for run_id, counts in self._tallies.items()])
        if self._changed_assets:
            changes = self._changed_assets.items()
            many(sql.SET_ASSET, [asset_to_row(record, rev, self._id(key), self._texts) for key, (record, rev) in changes])
        if self._changed_blocks:
            self._write_blocks()
        if self._found:
            many(sql.ADD_ASSET_EVENT, list(self._found))
        if self._made:
            many(sql.ADD_PARTITION_EVENT, list(self._made))
        if self._checks:
            many(sql.SET_CHECK, [check_to_row(record, self._id(record.check.asset)) for record in self._checks.values()])
            many(sql.ADD_CHECK_EVENT, list(self._evaluated))
        for run_id, record in self._changed_runs.items():
            if record.is_over:  # late events are rare: not worth keeping every run that ever ended
                self._runs.pop(run_id, None)
                self._requests.pop(run_id, None)
        changed = self._changed_assets
        self._clean()
        return changed

    def _clean(self) -> None:
        self._texts: dict[int, str] = {}  # facts as text, by identity: who appends keeps them alive until all is written
        self._changed_runs: dict[str, RunRecord] = {}
        self._tallies: dict[str, list[int]] = {}
        self._changed_assets: dict[AssetKey, tuple[AssetRecord, int]] = {}
        self._changed_blocks: dict[tuple[int, int], None] = {}
        self._found: dict[tuple[int, int, int], None] = {}
        self._made: dict[tuple[int, int, int], None] = {}
        self._checks: dict[object, CheckRecord] = {}
        self._evaluated: dict[tuple[int, str, int], None] = {}

    def _write_blocks(self) -> None:
        kept = []
        for key in self._changed_blocks:
            block = self._blocks[key]
            if len(block):
                kept.append((*key, block.encode()))
            else:
                self._connection.execute(sql.DROP_BLOCK, key)
        self._connection.executemany(sql.SET_BLOCK, kept)

    # -- Runs

    def run(self, run_id: RunId) -> RunRecord | None:
        """One run; its tallies are not kept up to date here."""
        if run_id not in self._runs:
            row = self._connection.execute(sql.RUN, (run_id,)).fetchone()
            self._runs[run_id] = None if row is None else self._run_rows.record(row)
            if row is not None and row[10] is not None:
                self._requests[run_id] = row[10]
        return self._runs[run_id]

    def set_run(self, record: RunRecord) -> None:
        """Keep a run. What it was asked for is found by tag and target from the moment it is known."""
        run_id = record.run_id
        if record.requested_us and run_id not in self._requests:
            self._requests[run_id] = self._seq
            if record.tags:
                tags = [(plain_text(name), plain_text(value), record.first_seq) for name, value in record.tags.items()]
                self._connection.executemany(sql.ADD_RUN_TAG, tags)
            if record.targets:
                self._know({target.asset for target in record.targets})
                targets = [(self._id(target.asset), record.first_seq) for target in record.targets]
                self._connection.executemany(sql.ADD_RUN_TARGET, targets)
        before = self._runs.get(run_id)
        if record.added_tags and (before is None or before.added_tags != record.added_tags):
            tags = [(plain_text(name), plain_text(value), record.first_seq) for name, value in record.tags.items()]
            self._connection.execute(sql.DROP_RUN_TAGS, (record.first_seq,))
            self._connection.executemany(sql.ADD_RUN_TAG, tags)
        self._runs[run_id] = self._changed_runs[run_id] = record

    def tally(self, run_id: RunId, outcome: Outcome) -> None:
        """One more finished step."""
        if self.run(run_id) is not None:
            self._tallies.setdefault(run_id, [0, 0, 0])[_PLACES[outcome]] += 1

    # -- Assets

    def asset(self, key: AssetKey) -> AssetRecord | None:
        """One asset."""
        if key not in self._assets:
            row = self._connection.execute(sql.ASSET, (key.to_user_string(),)).fetchone()
            if row is not None:
                self._ids[key] = row[17]
            self._assets[key] = None if row is None or not row[1] else asset_from_row(row)
        return self._assets[key]

    def set_asset(self, record: AssetRecord, seq: int) -> None:
        """Keep an asset."""
        self._assets[record.key] = record
        self._changed_assets[record.key] = (record, seq)

    def drop_asset(self, key: AssetKey) -> None:
        """Leave only the name."""
        self._changed_assets.pop(key, None)
        self._assets[key] = None
        self._connection.execute(sql.SET_ASSET, asset_to_row(NO_ASSET, 0, self._id(key)))

    def _id(self, key: AssetKey) -> int:
        if key not in self._ids:
            self._know({key})
        return self._ids[key]

    def _know(self, keys: Iterable[AssetKey]) -> None:
        """Number assets that have no number yet."""
        names = {key.to_user_string(): key for key in keys if key not in self._ids}
        if not names:
            return
        for _ in range(2):
            for number, name in self._connection.execute(sql.ASSET_IDS, (self._dialect.among(names),)):
                self._ids[names[name]] = number
            new = [(name,) for name, key in names.items() if key not in self._ids]
            if not new:
                return
            self._connection.executemany(sql.ADD_ASSET, new)
            self._assets.update((names[name], None) for (name,) in new if names[name] not in self._assets)

    def touch(self, key: AssetKey, seq: int, *, made: bool = False, ordinal: int | None = None) -> None:
        """Let the entry be found by the asset."""
        number = self._id(key)
        self._found[number, int(made), seq] = None
        if ordinal is not None:
            self._made[number, ordinal, seq] = None

    def unmake(self, key: AssetKey, ordinals: OrdinalSet | None) -> None:
        """Take entries out of the materializations."""
        self.write()
        number = self._id(key)
        if ordinals is None:
            for statement in sql.UNMAKE:
                self._connection.execute(statement, (number,))
            return
        touched: set[int] = set()
        for run in ordinals.runs:
            touched.update(seq for (seq,) in self._connection.execute(sql.MADE_BETWEEN, (number, *run)))
            self._connection.execute(sql.UNMAKE_BETWEEN, (number, *run))
        touched.difference_update(seq for (seq,) in self._connection.execute(sql.MADE_PARTITIONS, (number,)))
        self._connection.executemany(sql.ADD_ASSET_EVENT, [(number, 0, seq) for seq in touched])
        self._connection.executemany(sql.UNMAKE_ONE, [(number, seq) for seq in touched])

    def move(self, old: AssetKey, new: AssetKey) -> None:
        """Let what is found by `old` be found by `new`."""
        self.write()
        here, there = self._id(old), self._id(new)
        verdicts = {row[1]: check_from_row(row) for row in self._connection.execute(sql.CHECKS_OF_ASSET, (there,)).fetchall()}
        for row in self._connection.execute(sql.CHECKS_OF_ASSET, (here,)).fetchall():
            record, known = check_from_row(row), verdicts.get(row[1])
            if known is None or known.seq < record.seq:
                check = replace(record.check, asset=new)
                moved = replace(record, check=check, evaluation=replace(record.evaluation, check=check))
                self._connection.execute(sql.SET_CHECK, check_to_row(moved, there))
        for statement in sql.MOVE:
            self._connection.execute(statement, (there, here))
        for statement in sql.MOVED:
            self._connection.execute(statement, (here,))

    # -- Partitions

    def row(self, key: AssetKey, ordinal: int) -> PartitionRow | None:
        """One partition."""
        return self._block(self._id(key), ordinal >> SHIFT).get(ordinal & _LAST)

    def rows(self, key: AssetKey) -> Mapping[int, PartitionRow]:
        """All partitions."""
        self.write()
        found: dict[int, PartitionRow] = {}
        for number, data in self._connection.execute(sql.BLOCKS_OF_ASSET, (self._id(key),)):
            found.update(((number << SHIFT) + offset, row) for offset, row in Block(data).rows())
        return found

    def set_row(self, key: AssetKey, ordinal: int, row: PartitionRow | None) -> None:
        """Keep or forget a partition."""
        place = self._id(key), ordinal >> SHIFT
        block = self._block(*place)
        if row is None:
            block.drop(ordinal & _LAST)
        else:
            block.put(ordinal & _LAST, row)
        self._changed_blocks[place] = None

    def _block(self, asset: int, number: int) -> Block:
        block = self._blocks.get((asset, number))
        if block is None:
            row = self._connection.execute(sql.BLOCK, (asset, number)).fetchone()
            block = self._blocks[asset, number] = Block(None if row is None else row[0])
        return block

    def made(self, key: AssetKey, ordinal: int, seq: int) -> Made | None:
        """The materialization of one partition in one entry."""
        row = self._connection.execute(sql.ENTRY, (seq,)).fetchone()
        if row is None:
            return None
        names = {key, *(AssetKey.from_user_string(name) for (name,) in self._connection.execute(sql.FORMER_NAMES, (self._id(key),)))}
        _, at_us, run_id, kind, payload = row
        facts = [
            fact
            for fact in materialized_in(decode_event(kind, at_us, run_id, payload))
            if fact.asset in names and fact.partition is not None and fact.partition.ordinal == ordinal
        ]
        return Made(at_us, run_id, facts[-1]) if facts else None

    # -- Checks, backfills, keys

    def set_check(self, record: CheckRecord) -> None:
        """Keep a verdict."""
        self._checks[record.check] = record
        self._evaluated[self._id(record.check.asset), plain_text(record.check.name), record.seq] = None

    def backfill(self, backfill_id: str) -> BackfillRecord | None:
        """One backfill without what was launched."""
        if backfill_id not in self._backfills:
            row = self._connection.execute(sql.BACKFILL, (plain_text(backfill_id),)).fetchone()
            self._backfills[backfill_id] = None if row is None else backfill_from_row(row)
        return self._backfills[backfill_id]

    def set_backfill(self, record: BackfillRecord, seq: int) -> None:
        """Keep a backfill."""
        self._backfills[record.backfill_id] = record
        row = (seq, plain_text(record.backfill_id), record.status, record.ended_us, json_text(record.message))
        self._connection.execute(sql.SET_BACKFILL, row)

    def launch(self, backfill_id: str, run_id: RunId, targets: tuple[Target, ...], seq: int) -> None:
        """Note a chunk."""
        self._connection.execute(sql.ADD_CHUNK, (seq, run_id, targets_text(targets), plain_text(backfill_id)))

    def add_dynamic(self, name: str, partitions: Sequence[PartitionRef], seq: int) -> None:
        """Add keys."""
        rows = [(plain_text(name), key, ordinal, seq, place) for place, (key, ordinal) in enumerate(partitions)]
        self._connection.executemany(sql.ADD_DYNAMIC_KEY, rows)

    def remove_dynamic(self, name: str, partitions: Sequence[PartitionRef]) -> None:
        """Take keys out."""
        self._connection.executemany(sql.DROP_DYNAMIC_KEY, [(plain_text(name), key, ordinal) for key, ordinal in partitions])

    # -- Schedules and sensors: rare beside steps, so they are read and written one by one

    def instigator(self, instigator: InstigatorId) -> InstigatorRecord | None:
        """One schedule or sensor."""
        row = self._connection.execute(sql.INSTIGATOR, (plain_text(instigator.text),)).fetchone()
        return None if row is None else instigator_from_row(row)

    def set_instigator(self, record: InstigatorRecord) -> None:
        """Keep a schedule or sensor."""
        self._connection.execute(sql.SET_INSTIGATOR, (plain_text(record.instigator.text), text_of(record)))

    def add_tick(self, instigator: InstigatorId, seq: int, status: TickStatus, at_us: int) -> None:
        """Let the entry be found among the ticks."""
        self._connection.execute(sql.ADD_TICK, (seq, status, at_us, plain_text(instigator.text)))


_PLACES: Mapping[Outcome, int] = {"succeeded": 0, "failed": 1, "skipped": 2}
