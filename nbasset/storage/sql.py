"""The store in a database, SQLite or PostgreSQL: one class over both, which differ in `engine` only.

Events are encoded by the caller's thread, numbered and folded in the transaction that writes them (`ledger`), and committed in groups
(`writer`). What was decoded once is kept: entries never change, and a record is read again only when its asset's `rev` moved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import Any, TypeVar

from nbasset.errors import LeaseLost
from nbasset.events.facts import CheckKey
from nbasset.events.kinds import Event, Owner
from nbasset.events.records import (
    AssetRecord,
    BackfillRecord,
    CheckRecord,
    Entry,
    Page,
    PartitionTable,
    RunQuery,
    RunRecord,
)
from nbasset.events.reducers import renamed
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import KeyTable
from nbasset.storage import statements as sql
from nbasset.storage.blocks import table_of
from nbasset.storage.codec import decode_event, encode_events, pack_text, plain_text, text_id, unpack_text
from nbasset.storage.dialects import Connection
from nbasset.storage.engine import Engine
from nbasset.storage.forks import watch_forks
from nbasset.storage.keytable import SqlKeyTable
from nbasset.storage.leases import claimed, holds, lost
from nbasset.storage.ledger import SqlLedger
from nbasset.storage.protocol import Events, Fence, Lease
from nbasset.storage.rows import (
    NOTHING_LAUNCHED,
    Launched,
    RunRows,
    asset_from_row,
    backfill_from_row,
    check_from_row,
    owner_text,
)
from nbasset.storage.sql_instigators import SqlInstigators, drop_ticks, read_lease
from nbasset.storage.watch import Watch
from nbasset.storage.writer import Job, Writer

T = TypeVar("T")

_NEVER = 1 << 62
_MOST_ENTRIES = 4096
_MOST_ASSETS = 10_000
_MOST_PARTITIONS = 500_000
_MOST_BACKFILLS = 100
_EMPTY = table_of(())


class SqlReader(SqlInstigators):
    """Reading a store in a database."""

    key_table: KeyTable

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runs = RunRows()
        self._entries: dict[int, Entry] = {}
        self._assets: dict[str, tuple[int, AssetRecord]] = {}
        self._tables: dict[str, tuple[int, PartitionTable]] = {}
        self._launches: dict[int, Launched] = {}
        self.key_table = SqlKeyTable(engine, None)

    # -- The log

    def entries(self, *, after: int = 0, run: RunId | None = None, asset: AssetKey | None = None, limit: int = 1000) -> list[Entry]:
        """Log entries above `after`, oldest first."""

        def work(connection: Connection) -> list[Entry]:
            if asset is None:
                where, values = (sql.EVENTS_AFTER, (after, limit)) if run is None else (sql.EVENTS_OF_RUN, (run, after, limit))
                return [self._entry(row) for row in connection.execute(where, values)]
            number = _asset_id(connection, asset)
            if number is None:
                return []
            if run is None:
                found = connection.execute(sql.SEQS_OF_ASSET, (number, after, limit, number, after, limit, limit))
            else:
                found = connection.execute(sql.SEQS_OF_ASSET_AND_RUN, (run, after, number, limit))
            return self._told_of(connection, asset, number, [seq for (seq,) in found.fetchall()])

        return self._engine.read(work)

    def entry(self, seq: int) -> Entry | None:
        """One entry."""
        row = self._engine.read(lambda connection: connection.execute(sql.ENTRY, (seq,)).fetchone())
        return None if row is None else self._entry(row)

    def last_seq(self) -> int:
        """Number of the last entry."""
        return _last_seq(self._engine.read(lambda connection: connection.execute(sql.LAST_SEQ).fetchone()))

    # -- Assets and partitions

    def latest(self, keys: Collection[AssetKey]) -> dict[AssetKey, AssetRecord]:
        """Records of these assets."""
        names = {key.to_user_string(): key for key in keys}

        def work(connection: Connection) -> dict[AssetKey, AssetRecord]:
            revs = self._revs(connection, names)
            known = self._assets
            new = [name for name, rev in revs if name not in known or known[name][0] != rev]
            found = {name: known[name][1] for name, _ in revs if name in known}
            if new:
                found.update(self._read_assets(connection, new))
            return {names[name]: record for name, record in found.items()}

        return self._engine.read(work)

    def assets(self, *, prefix: str = "", limit: int = 10_000) -> list[AssetKey]:
        """Keys of assets with a record, ordered as text."""
        bounds = (plain_text(prefix), plain_text(prefix) + "\U0010ffff", limit)
        rows = self._engine.read(lambda connection: connection.execute(sql.ASSET_NAMES, bounds).fetchall())
        return [AssetKey.from_user_string(name) for (name,) in rows]

    def former_names(self) -> dict[str, AssetKey]:
        """Names of the past with present keys."""
        rows = self._engine.read(lambda connection: connection.execute(sql.ALL_FORMER_NAMES).fetchall())
        return {name: AssetKey.from_user_string(now) for name, now in rows}

    def partitions(self, key: AssetKey) -> PartitionTable:
        """State of all partitions of one asset."""
        return self.partition_tables((key,)).get(key, _EMPTY)

    def partition_tables(self, keys: Collection[AssetKey]) -> dict[AssetKey, PartitionTable]:
        """State of all partitions of many assets."""
        names = {key.to_user_string(): key for key in keys}

        def work(connection: Connection) -> dict[AssetKey, PartitionTable]:
            revs = self._revs(connection, names)
            known = self._tables
            new = [name for name, rev in revs if name not in known or known[name][0] != rev]
            found = {name: known[name][1] for name, _ in revs if name in known}
            if new:
                found.update(self._read_tables(connection, new))
            return {names[name]: table for name, table in found.items() if len(table)}

        return self._engine.read(work)

    def materializations(self, key: AssetKey, ordinal: int | None, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Entries that made the asset or the partition, newest first."""
        below = _NEVER if before is None else before

        def work(connection: Connection) -> list[Entry]:
            number = _asset_id(connection, key)
            if number is None:
                return []
            if ordinal is None:
                found = connection.execute(sql.MADE, (number, below, limit))
            else:
                found = connection.execute(sql.MADE_PARTITION, (number, ordinal, below, limit))
            return self._told_of(connection, key, number, [seq for (seq,) in found.fetchall()])

        return self._engine.read(work)

    # -- Checks

    def checks(self, keys: Collection[AssetKey]) -> dict[CheckKey, CheckRecord]:
        """Newest verdicts of the checks of these assets."""
        names = self._engine.dialect.among([key.to_user_string() for key in keys])
        rows = self._engine.read(lambda connection: connection.execute(sql.CHECKS, (names,)).fetchall())
        return {record.check: record for record in map(check_from_row, rows)}

    def check_history(self, check: CheckKey, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Entries that evaluated the check, newest first."""

        def work(connection: Connection) -> list[Entry]:
            number = _asset_id(connection, check.asset)
            if number is None:
                return []
            values = (number, plain_text(check.name), _NEVER if before is None else before, limit)
            seqs = [seq for (seq,) in connection.execute(sql.CHECK_HISTORY, values).fetchall()]
            return self._told_of(connection, check.asset, number, seqs)

        return self._engine.read(work)

    # -- Runs and backfills

    def run(self, run_id: RunId) -> RunRecord | None:
        """One run."""
        row = self._engine.read(lambda connection: connection.execute(sql.RUN, (run_id,)).fetchone())
        return None if row is None else self._runs.record(row)

    def runs(self, query: RunQuery) -> Page[RunRecord]:
        """Runs that satisfy the query, newest first."""

        rows = self._found(query, sql.runs_statement)
        page = tuple(self._runs.record(row) for row in rows[: query.limit])
        return Page(page, str(page[-1].first_seq) if len(rows) > len(page) and page else None)

    def count_runs(self, query: RunQuery) -> int:
        """How many runs satisfy the query, whatever its limit."""
        rows = self._found(query, sql.count_runs_statement)
        return int(rows[0][0]) if rows else 0

    def _found(self, query: RunQuery, statement_of: Callable[..., tuple[str, list[Any]]]) -> list[Any]:
        def work(connection: Connection) -> list[Any]:
            asset = None if query.asset is None else _asset_id(connection, query.asset)
            if query.asset is not None and asset is None:
                return []
            statement, values = statement_of(query, asset, self._engine.dialect)
            return connection.execute(statement, values).fetchall()

        return self._engine.read(work)

    def active_runs(self) -> list[RunRecord]:
        """Runs that are not over, newest first."""
        rows = self._engine.read(lambda connection: connection.execute(sql.ACTIVE_RUNS).fetchall())
        return [self._runs.record(row) for row in rows]

    def backfill(self, backfill_id: str) -> BackfillRecord | None:
        """One backfill."""
        found = self._backfills(sql.BACKFILL, plain_text(backfill_id))
        return found[0] if found else None

    def backfills(self, *, active: bool = False, limit: int = 100) -> list[BackfillRecord]:
        """Backfills, newest first."""
        return self._backfills(sql.ACTIVE_BACKFILLS if active else sql.BACKFILLS, limit)

    # -- Keys and texts

    def dynamic_keys(self, name: str) -> tuple[PartitionRef, ...]:
        """Keys of a dynamic partitions definition, in order of arrival."""
        rows = self._engine.read(lambda connection: connection.execute(sql.DYNAMIC_KEYS, (plain_text(name),)).fetchall())
        return tuple(PartitionRef(key, ordinal) for key, ordinal in rows)

    def text(self, text_id: str) -> str | None:
        """A stored text."""
        row = self._engine.read(lambda connection: connection.execute(sql.TEXT, (text_id,)).fetchone())
        return None if row is None else unpack_text(row[0])

    def close(self) -> None:
        """Close all connections."""
        self._engine.close()

    # -- What the methods share

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        seq, at_us, run_id, kind, payload = row
        return self._entries.get(seq) or Entry(seq, decode_event(kind, at_us, run_id, payload))

    def _remember(self, entries: Iterable[Entry]) -> None:
        known = self._entries
        known.update((entry.seq, entry) for entry in entries)
        if len(known) > _MOST_ENTRIES:
            for seq in list(known)[: len(known) - _MOST_ENTRIES // 2]:
                known.pop(seq, None)

    def _told_of(self, connection: Connection, key: AssetKey, number: int, seqs: list[int]) -> list[Entry]:
        """Entries in the order of `seqs`, telling of the asset under its present name."""
        known = self._entries
        found = {seq: known[seq] for seq in seqs if seq in known}
        new = [seq for seq in seqs if seq not in found]
        if new:
            read = [self._entry(row) for row in connection.execute(sql.ENTRIES, (self._engine.dialect.among(new),))]
            found.update((entry.seq, entry) for entry in read)
            self._remember(read)
        former = frozenset(AssetKey.from_user_string(name) for (name,) in connection.execute(sql.FORMER_NAMES, (number,)))
        entries = [found[seq] for seq in seqs if seq in found]
        return [Entry(entry.seq, renamed(entry.event, former, key)) for entry in entries] if former else entries

    def _revs(self, connection: Connection, names: Collection[str]) -> list[tuple[str, int]]:
        if len(names) == 1:
            return connection.execute(sql.ASSET_REV, tuple(names)).fetchall()
        return connection.execute(sql.ASSET_REVS, (self._engine.dialect.among(names),)).fetchall()

    def _read_assets(self, connection: Connection, names: Collection[str]) -> Iterator[tuple[str, AssetRecord]]:
        if len(self._assets) > _MOST_ASSETS:
            self._assets.clear()
        for row in connection.execute(sql.ASSETS, (self._engine.dialect.among(names),)).fetchall():
            record = asset_from_row(row)
            self._assets[row[0]] = row[1], record
            yield row[0], record

    def _read_tables(self, connection: Connection, names: Collection[str]) -> Iterator[tuple[str, PartitionTable]]:
        if sum(len(table) for _, table in self._tables.values()) > _MOST_PARTITIONS:
            self._tables.clear()
        blocks: dict[str, list[tuple[int, bytes]]] = {}
        revs: dict[str, int] = {}
        for name, rev, block, data in connection.execute(sql.BLOCKS, (self._engine.dialect.among(names),)):
            blocks.setdefault(name, []).append((block, data))
            revs[name] = rev
        for name in names:
            table = table_of(sorted(blocks.get(name, ()), key=itemgetter(0)))
            if len(table):
                self._tables[name] = revs[name], table
            else:
                self._tables.pop(name, None)
            yield name, table

    def _backfills(self, statement: str, value: object) -> list[BackfillRecord]:
        def work(connection: Connection) -> list[BackfillRecord]:
            rows = connection.execute(statement, (value,)).fetchall()
            return [backfill_from_row(row, self._launched(connection, row[0])) for row in rows]

        return self._engine.read(work)

    def _launched(self, connection: Connection, number: int) -> Launched:
        """What went to runs of a backfill. It only grows, and whoever drives one asks again and again: only what is new is read."""
        known = self._launches.get(number, NOTHING_LAUNCHED)
        rows = connection.execute(sql.CHUNKS, (number, known.last_seq)).fetchall()
        if rows:
            known = known.and_then(rows)
            if len(self._launches) >= _MOST_BACKFILLS:
                self._launches.clear()
            self._launches[number] = known
        return known


class SqlStorage(SqlReader):
    """Reading and writing a store in a database. Safe to share between threads; a forked child opens its own connections."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._ledger = SqlLedger(engine.dialect)
        self._deletions = 0
        self._is_whole = False
        self._writer = Writer(self._perform)
        self._watch = Watch(self.last_seq)
        self._texts: set[str] = set()
        self.key_table = SqlKeyTable(engine, self._write)
        watch_forks(self)

    def append(self, events: Events, *, fence: Fence | None = None, flush: bool = False) -> int:
        """Write the events and what they change in one transaction; the number of the last one, after the commit.

        Raises
        ------
        LeaseLost
            If the fence is not the newest of its lease; nothing was written.
        StorageUnavailable, StorageCorrupt
            If nothing could be written.
        """
        append = _Append(self._ledger, events, fence)
        last = self._writer.run(append, flush=flush)
        kept = append.events[-_MOST_ENTRIES // 2 :]
        self._remember(Entry(seq, event) for seq, event in enumerate(kept, last + 1 - len(kept)))
        self._watch.notify()
        return last

    def put_text(self, text: str) -> str:
        """Keep a text."""
        name = text_id(text)
        if name not in self._texts:
            data = pack_text(text)
            self._write(lambda connection: connection.execute(sql.ADD_TEXT, (name, data)))
            if len(self._texts) > _MOST_ENTRIES:
                self._texts.clear()
            self._texts.add(name)
        return name

    def heartbeat(self, run_id: RunId, at_us: int) -> None:
        """The run's process is alive."""
        self._write(lambda connection: connection.execute(sql.HEARTBEAT, (at_us, run_id)))

    def lock(self, name: str, *, timeout_s: float) -> AbstractContextManager[None]:
        """Hold a named lock over all processes of the home."""
        return self._engine.lock(name, timeout_s=timeout_s)

    def claim(self, name: str, owner: Owner, seconds: float, *, now_us: int) -> Fence | None:
        """Win or renew a lease."""

        def work(connection: Connection) -> Fence | None:
            lease = claimed(read_lease(connection, name), owner, seconds, now_us)
            if lease is None:
                return None
            _set_lease(connection, name, lease)
            return Fence(name, lease.token, owner)

        return self._writer.run(work)

    def release(self, fence: Fence) -> None:
        """Give a lease back; one that was lost stays with its new holder."""

        def work(connection: Connection) -> None:
            if holds(read_lease(connection, fence.name), fence):
                _set_lease(connection, fence.name, Lease(fence.token, None, 0))

        self._writer.run(work)

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until the log grows above `after` or the time is up."""
        return self._watch.wait(after, timeout_s)

    def delete_runs(self, run_ids: Iterable[RunId]) -> None:
        """Forget runs and those of their entries that made nothing."""
        names = self._engine.dialect.among(list(run_ids))

        def work(connection: Connection) -> None:
            self._ledger.write()
            for statement in sql.DELETE_RUNS:
                connection.execute(statement, (names,) * statement.count("?"))
            connection.execute(sql.SET_MARK, ("floor", self._ledger.last_seq))
            connection.execute(sql.SET_MARK, ("deletions", self._deletions + 1))
            self._deletions += 1
            self._ledger.forget()

        self._writer.run(work)

    def delete_ticks(self, older_than_us: int) -> int:
        """Forget ticks from before a moment, some in each transaction, so that others can write in between."""
        gone = 0
        while some := self._writer.run(lambda connection: drop_ticks(connection, older_than_us)):
            gone += some
        return gone

    def after_fork(self) -> None:
        """A forked child starts with nothing written and nobody waiting."""
        self._ledger = SqlLedger(self._engine.dialect)
        self._is_whole = False
        self._writer = Writer(self._perform)
        self._watch.after_fork()

    # -- One group of jobs in one transaction

    def _write(self, work: Callable[[Connection], object]) -> None:
        self._writer.run(work)

    def _perform(self, group: Sequence[Job[Any]]) -> None:
        def work(connection: Connection, may_differ: bool) -> Mapping[AssetKey, tuple[AssetRecord, int]]:
            self._begin(connection, may_differ)
            for job in group:
                job.error = None
                try:
                    job.result = job.work(connection)
                except LeaseLost as error:  # raised before anything was written
                    job.error = error
            return self._ledger.write()

        changed = self._engine.transact(work, flush=any(job.flush for job in group))
        self._is_whole = True
        self._assets.update((key.to_user_string(), (rev, record)) for key, (record, rev) in changed.items())

    def _begin(self, connection: Connection, may_differ: bool) -> None:
        """Forget what was known where somebody else wrote, or where the last transaction came to nothing."""
        ledger = self._ledger
        if may_differ or not self._is_whole:
            row = connection.execute(sql.LAST_SEQ).fetchone()
            found = _last_seq(row), row[2] or 0
            if not self._is_whole or found != (ledger.last_seq, self._deletions):
                ledger.forget()
                ledger.last_seq, self._deletions = found
        self._is_whole = False
        ledger.begin(connection)


class _Append:
    """Events on their way into the log. They are encoded here and now; those that name their own numbers, when these are known."""

    __slots__ = ("_coded", "_fence", "_ledger", "_make", "events")

    def __init__(self, ledger: SqlLedger, events: Events, fence: Fence | None) -> None:
        self._ledger = ledger
        self._fence = fence
        self._make = events if callable(events) else None
        self.events: Sequence[Event] = () if callable(events) else events
        self._coded = encode_events(self.events)

    def __call__(self, connection: Connection) -> int:
        if self._fence is not None:
            lease = read_lease(connection, self._fence.name)
            if not holds(lease, self._fence):
                raise lost(lease, self._fence)
        if self._make is not None:
            self.events = self._make(self._ledger.last_seq + 1)
            self._coded = encode_events(self.events)
        return self._ledger.record(self._coded)


def _asset_id(connection: Connection, key: AssetKey) -> int | None:
    row = connection.execute(sql.ASSET_ID, (key.to_user_string(),)).fetchone()
    return None if row is None else row[0]


def _last_seq(row: tuple[Any, ...]) -> int:
    return max(row[0] or 0, row[1] or 0)


def _set_lease(connection: Connection, name: str, lease: Lease) -> None:
    connection.execute(sql.SET_LEASE, (plain_text(name), lease.token, owner_text(lease.owner), lease.until_us))
