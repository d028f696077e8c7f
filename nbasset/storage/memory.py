"""Events and records in this process alone: for tests, for `materialize` without a home, and as the yardstick of the SQL store.

It folds with the same functions and keeps records in plain dicts, so whatever the two stores say differently is a fault of one of them.
Events are folded when somebody first looks, since of many a run in memory nobody ever asks what it left.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from nbasset.errors import PartitionBusy
from nbasset.events.facts import CheckKey, InstigatorId
from nbasset.events.fold import apply
from nbasset.events.instigators import tick_of
from nbasset.events.kinds import Event, Owner, TickEvent
from nbasset.events.records import (
    AssetRecord,
    BackfillRecord,
    CheckRecord,
    Entry,
    InstigatorRecord,
    Page,
    PartitionTable,
    RunQuery,
    RunRecord,
    TickRecord,
    TickStatus,
)
from nbasset.events.reducers import launched, renamed
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import KeyTable, MemoryKeyTable
from nbasset.storage.books import Books, table_of_rows
from nbasset.storage.codec import text_id
from nbasset.storage.leases import claimed, holds, lost
from nbasset.storage.protocol import Events, Fence, Lease


class MemoryStorage:
    """A store that lives as long as the object. Safe to share between threads.

    >>> MemoryStorage().last_seq()
    0
    """

    key_table: KeyTable

    def __init__(self) -> None:
        self.key_table = MemoryKeyTable()
        self._waiting: deque[Event] = deque()  # appended, and not in the books yet
        self._last_seq = 0
        self._texts: dict[str, str] = {}
        self._leases: dict[str, Lease] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.RLock()
        self._grew: threading.Condition | None = None  # made by the first who waits

    @cached_property
    def _kept(self) -> Books:
        return Books()

    @property
    def _books(self) -> Books:
        """The books, with everything in them that was appended."""
        books = self._kept
        with self._lock:
            while self._waiting:
                event = self._waiting.popleft()
                apply(books, books.record(event), event)
        return books

    # -- Reading

    def entries(self, *, after: int = 0, run: RunId | None = None, asset: AssetKey | None = None, limit: int = 1000) -> list[Entry]:
        """Log entries above `after`, oldest first."""
        with self._lock:
            books = self._books
            found: Iterable[int]
            if asset is not None:
                found = (seq for seq in books.found.get(asset, {}) if run is None or getattr(books.log[seq].event, "run_id", None) == run)
            else:
                found = books.log if run is None else books.of_run.get(run, ())
            wanted = sorted(seq for seq in found if seq > after)[:limit]
            return self._as_known(asset, wanted)

    def entry(self, seq: int) -> Entry | None:
        """One entry."""
        return self._books.log.get(seq)

    def latest(self, keys: Collection[AssetKey]) -> dict[AssetKey, AssetRecord]:
        """Records of these assets."""
        with self._lock:
            return {key: record for key in keys if (record := self._books.asset(key)) is not None}

    def assets(self, *, prefix: str = "", limit: int = 10_000) -> list[AssetKey]:
        """Keys of assets with a record, ordered as text."""
        with self._lock:
            named = sorted((key.to_user_string(), key) for key in self._books.assets)
        return [key for name, key in named if name.startswith(prefix)][:limit]

    def former_names(self) -> dict[str, AssetKey]:
        """Names of the past with present keys."""
        with self._lock:
            return {name.to_user_string(): now for now, names in self._books.former.items() for name in names}

    def partitions(self, key: AssetKey) -> PartitionTable:
        """State of all partitions of one asset."""
        with self._lock:
            return table_of_rows(self._books.rows(key))

    def partition_tables(self, keys: Collection[AssetKey]) -> dict[AssetKey, PartitionTable]:
        """State of all partitions of many assets."""
        return {key: table for key in keys if len(table := self.partitions(key))}

    def materializations(self, key: AssetKey, ordinal: int | None, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Entries that made the asset or the partition, newest first."""
        with self._lock:
            if ordinal is None:
                found = [seq for seq, made in self._books.found.get(key, {}).items() if made]
            else:
                found = list(self._books.of_partition.get(key, {}).get(ordinal, ()))
            return self._newest(key, found, before, limit)

    def checks(self, keys: Collection[AssetKey]) -> dict[CheckKey, CheckRecord]:
        """Newest verdicts of the checks of these assets."""
        wanted = set(keys)
        with self._lock:
            return {check: record for check, record in self._books.checks.items() if check.asset in wanted}

    def check_history(self, check: CheckKey, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Entries that evaluated the check, newest first."""
        with self._lock:
            return self._newest(check.asset, list(self._books.of_check.get(check, ())), before, limit)

    def run(self, run_id: RunId) -> RunRecord | None:
        """One run."""
        with self._lock:
            return self._books.whole_run(run_id)

    def runs(self, query: RunQuery) -> Page[RunRecord]:
        """Runs that satisfy the query, newest first."""
        newest = sorted(self._satisfying(query), key=lambda record: -record.first_seq)
        page = newest[: query.limit]
        return Page(tuple(page), str(page[-1].first_seq) if len(newest) > len(page) and page else None)

    def count_runs(self, query: RunQuery) -> int:
        """How many runs satisfy the query, whatever its limit."""
        return len(self._satisfying(query))

    def _satisfying(self, query: RunQuery) -> list[RunRecord]:
        with self._lock:
            books = self._books
            candidates = books.runs if query.asset is None else books.of_target.get(query.asset, ())
            records = [record for run_id in candidates if (record := books.whole_run(run_id)) is not None]
        return [record for record in records if _satisfies(record, query)]

    def active_runs(self) -> list[RunRecord]:
        """Runs that are not over, newest first."""
        return [record for record in self.runs(RunQuery(limit=len(self._books.runs))).items if not record.is_over]

    def backfill(self, backfill_id: str) -> BackfillRecord | None:
        """One backfill."""
        with self._lock:
            record = self._books.backfill(backfill_id)
            if record is None:
                return None
            chunks = self._books.chunks.get(backfill_id, [])
            return replace(record, launched=launched(targets for _, targets in chunks), run_ids=tuple(run_id for run_id, _ in chunks))

    def backfills(self, *, active: bool = False, limit: int = 100) -> list[BackfillRecord]:
        """Backfills, newest first."""
        with self._lock:
            newest = [record for name in reversed(self._books.backfills) if (record := self.backfill(name)) is not None]
        return [record for record in newest if not (active and record.ended_us)][:limit]

    def instigators(self) -> dict[InstigatorId, InstigatorRecord]:
        """Schedules and sensors of which anything was recorded."""
        with self._lock:
            return dict(self._books.instigators)

    def ticks(
        self, instigator: InstigatorId, *, before: int | None = None, limit: int = 25, statuses: Collection[TickStatus] = ()
    ) -> list[TickRecord]:
        """Ticks of one schedule or sensor, newest first."""
        found: list[TickRecord] = []
        with self._lock:
            for seq, status in reversed(self._books.ticks.get(instigator, {}).items()):
                if len(found) >= limit:
                    break
                event = self._books.log[seq].event
                if (before is None or seq < before) and (not statuses or status in statuses) and isinstance(event, TickEvent):
                    found.append(tick_of(seq, event))
        return found

    def lease(self, name: str) -> Lease | None:
        """A lease as it stands."""
        with self._lock:
            return self._leases.get(name)

    def dynamic_keys(self, name: str) -> tuple[PartitionRef, ...]:
        """Keys of a dynamic partitions definition, in order of arrival."""
        with self._lock:
            return tuple(self._books.dynamic.get(name, {}))

    def text(self, text_id: str) -> str | None:
        """A stored text."""
        return self._texts.get(text_id)

    def last_seq(self) -> int:
        """Number of the last entry."""
        return self._last_seq

    # -- Writing

    def append(self, events: Events, *, fence: Fence | None = None, flush: bool = False) -> int:
        """Take the events in; the number of the last one."""
        with self._lock:
            if fence is not None and not holds(self._leases.get(fence.name), fence):
                raise lost(self._leases.get(fence.name), fence)
            added = events(self._last_seq + 1) if callable(events) else events
            self._waiting.extend(added)
            self._last_seq += len(added)
            if self._grew is not None:
                self._grew.notify_all()
            return self._last_seq

    def put_text(self, text: str) -> str:
        """Keep a text."""
        name = text_id(text)
        self._texts[name] = text
        return name

    def heartbeat(self, run_id: RunId, at_us: int) -> None:
        """The run's process is alive."""
        with self._lock:
            self._kept.heartbeats[run_id] = at_us

    @contextmanager
    def lock(self, name: str, *, timeout_s: float) -> Iterator[None]:
        """Hold a named lock among the threads of this process."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        if not lock.acquire(timeout=max(timeout_s, 0.0)):
            raise PartitionBusy(
                f"'{name}' is being written by another thread of process {os.getpid()} on {socket.gethostname()}, "
                f"for more than {timeout_s:g} s. Wait for it, or cancel the run that holds it."
            )
        try:
            yield
        finally:
            lock.release()

    def claim(self, name: str, owner: Owner, seconds: float, *, now_us: int) -> Fence | None:
        """Win or renew a lease."""
        with self._lock:
            lease = claimed(self._leases.get(name), owner, seconds, now_us)
            if lease is None:
                return None
            self._leases[name] = lease
            return Fence(name, lease.token, owner)

    def release(self, fence: Fence) -> None:
        """Give a lease back; one that was lost stays with its new holder."""
        with self._lock:
            if holds(self._leases.get(fence.name), fence):
                self._leases[fence.name] = Lease(fence.token, None, 0)

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until the log grows above `after` or the time is up."""
        with self._lock:
            if self._grew is None:
                self._grew = threading.Condition(self._lock)
            self._grew.wait_for(lambda: self._last_seq > after, timeout_s)
            return self._last_seq

    def delete_runs(self, run_ids: Iterable[RunId]) -> None:
        """Forget runs and those of their entries that made nothing."""
        with self._lock:
            self._books.delete_runs(run_ids)

    def delete_ticks(self, older_than_us: int) -> int:
        """Forget ticks from before a moment, but the newest of each."""
        with self._lock:
            return self._books.delete_ticks(older_than_us)

    def close(self) -> None:
        """Nothing to let go of: what was stored stays readable."""

    def _newest(self, key: AssetKey, found: list[int], before: int | None, limit: int) -> list[Entry]:
        wanted = sorted((seq for seq in found if before is None or seq < before), reverse=True)
        return self._as_known(key, wanted[:limit])

    def _as_known(self, key: AssetKey | None, seqs: Iterable[int]) -> list[Entry]:
        entries = [self._books.log[seq] for seq in seqs]
        former = self._books.former.get(key) if key is not None else None
        if key is None or not former:
            return entries
        return [Entry(entry.seq, renamed(entry.event, frozenset(former), key)) for entry in entries]


def _satisfies(record: RunRecord, query: RunQuery) -> bool:
    """Whether a run satisfies everything in the query but the asset."""
    if query.root_run_id is not None and query.root_run_id not in (record.root_run_id, record.run_id):
        return False
    return (
        (not query.run_ids or record.run_id in query.run_ids)
        and (not query.statuses or record.status in query.statuses)
        and (query.job is None or record.job == query.job)
        and all(record.tags.get(name) == value for name, value in query.tags.items())
        and (query.backfill_id is None or record.backfill_id == query.backfill_id)
        and (query.since_us is None or record.requested_us >= query.since_us)
        and (query.until_us is None or record.requested_us < query.until_us)
        and (query.before is None or record.first_seq < int(query.before))
    )
