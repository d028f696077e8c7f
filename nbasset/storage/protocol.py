"""What every store of events offers.

Readers never wait for writers. `append` returns after the commit: what it acknowledged survives SIGKILL at any later point (and, with
``flush=True``, the loss of power). Events and the records they change are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.events.facts import CheckKey, InstigatorId
from nbasset.events.kinds import Event, Owner
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
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import KeyTable


@dataclass(frozen=True, slots=True)
class Fence:
    """A lease won by `claim`. The token rises with each winner; a write under an older one is refused."""

    name: str
    token: int
    owner: Owner


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease as it stands. `owner` is None once it was given back; the token never goes down."""

    token: int
    owner: Owner | None
    until_us: int


Events: TypeAlias = Sequence[Event] | Callable[[int], Sequence[Event]]


class StorageReader(Protocol):
    """Reading, always of committed state.

    Entries found by an asset's key tell of it under that key, also those from before it was renamed.
    """

    key_table: KeyTable
    """The home's one table of ordinals for keys that have no calendar number. A reader gives new keys passing numbers below zero."""

    def entries(self, *, after: int = 0, run: RunId | None = None, asset: AssetKey | None = None, limit: int = 1000) -> list[Entry]:
        """Log entries with a higher number than `after`, oldest first; of one run or one asset if asked."""

    def entry(self, seq: int) -> Entry | None:
        """One entry by its number."""

    def latest(self, keys: Collection[AssetKey]) -> dict[AssetKey, AssetRecord]:
        """Records of these assets; an asset without events is absent."""

    def assets(self, *, prefix: str = "", limit: int = 10_000) -> list[AssetKey]:
        """Keys of all assets that have a record, in order."""

    def former_names(self) -> dict[str, AssetKey]:
        """Names that assets had before they were renamed, with the keys they have now."""

    def partitions(self, key: AssetKey) -> PartitionTable:
        """State of all partitions of one asset; an empty table when it has none."""

    def partition_tables(self, keys: Collection[AssetKey]) -> dict[AssetKey, PartitionTable]:
        """State of all partitions of many assets at once; assets that have none are absent."""

    def materializations(self, key: AssetKey, ordinal: int | None, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Entries that materialized, reported or rolled back the asset (that partition if `ordinal` is given), newest first."""

    def checks(self, keys: Collection[AssetKey]) -> dict[CheckKey, CheckRecord]:
        """Newest verdict of each check of these assets."""

    def check_history(self, check: CheckKey, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Entries that evaluated the check, newest first."""

    def run(self, run_id: RunId) -> RunRecord | None:
        """One run."""

    def runs(self, query: RunQuery) -> Page[RunRecord]:
        """Runs that satisfy the query, newest first."""

    def count_runs(self, query: RunQuery) -> int:
        """How many runs satisfy the query, whatever its limit."""

    def active_runs(self) -> list[RunRecord]:
        """Runs that are not over: few, whatever was ever run."""

    def backfill(self, backfill_id: str) -> BackfillRecord | None:
        """One backfill."""

    def backfills(self, *, active: bool = False, limit: int = 100) -> list[BackfillRecord]:
        """Backfills, newest first; only those not ended if `active`."""

    def instigators(self) -> dict[InstigatorId, InstigatorRecord]:
        """Schedules and sensors of which anything was recorded, with what is known of each."""

    def ticks(
        self, instigator: InstigatorId, *, before: int | None = None, limit: int = 25, statuses: Collection[TickStatus] = ()
    ) -> list[TickRecord]:
        """Ticks of one schedule or sensor, newest first; of these statuses if any are given, with a number (`seq`) below `before`."""

    def lease(self, name: str) -> Lease | None:
        """Who has or had a lease, and until when; None if it was never won."""

    def dynamic_keys(self, name: str) -> tuple[PartitionRef, ...]:
        """Keys of a dynamic partitions definition, in order of arrival."""

    def text(self, text_id: str) -> str | None:
        """A stored text (a slice, a plan) by its content address."""

    def last_seq(self) -> int:
        """Number of the last entry; 0 when the log is empty."""

    def close(self) -> None:
        """Let go of connections."""


class Storage(StorageReader, Protocol):
    """Reading and writing."""

    def append(self, events: Events, *, fence: Fence | None = None, flush: bool = False) -> int:
        """Write the events and the records they change in one transaction; the number of the last one, after the commit.

        Events that name their own numbers are given as a function of the number that the first of them will have. It is called inside the
        transaction, and again if that has to be tried again.
        """

    def put_text(self, text: str) -> str:
        """Keep a text once; its content address."""

    def heartbeat(self, run_id: RunId, at_us: int) -> None:
        """The run's process is alive. Overwrites the last beat; no log row."""

    def lock(self, name: str, *, timeout_s: float) -> AbstractContextManager[None]:
        """Hold a named lock over all processes of the home; freed when the process dies. Raises `PartitionBusy` after the time-out."""

    def claim(self, name: str, owner: Owner, seconds: float, *, now_us: int) -> Fence | None:
        """Win or renew a lease; None while another holds it."""

    def release(self, fence: Fence) -> None:
        """Give a lease back."""

    def wait(self, after: int, timeout_s: float) -> int:
        """Block until the log has an entry above `after` or the time is up; the number of the last entry."""

    def delete_runs(self, run_ids: Iterable[RunId]) -> None:
        """Forget runs and their log entries; materializations stay."""

    def delete_ticks(self, older_than_us: int) -> int:
        """Forget ticks from before a moment, but never the newest of a schedule or sensor; how many went. What is on stays on."""
