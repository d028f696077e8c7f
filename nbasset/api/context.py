"""What the resolvers of one request share: the records, the locations, the moment, who asks, and what was read already.

Reading in batches: whoever gives a list announces the keys of all its members with `Batch.expect`; the first member whose field asks for
one has all of them read at once. What is never asked for is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any, Generic, TypeVar

from nbasset import clock
from nbasset.api.workspace import Snapshot, Workspace
from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import Error
from nbasset.events.facts import CheckKey
from nbasset.events.records import AssetRecord, CheckRecord, PartitionTable, RunQuery, RunRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.storage.protocol import StorageReader

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class NotAllowed(Error):
    """The caller may not do this. `permission` is the name of what is lacking."""

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"this server is read-only: {permission} is not allowed.")


class Batch(Generic[K, V]):
    """Values by key, read for all keys that are expected as soon as one of them is needed.

    >>> reads = []
    >>> squares = Batch(lambda keys: reads.append(keys) or {key: key * key for key in keys})
    >>> squares.expect([2, 3, 4])
    >>> squares.get(3), squares.get(4), reads
    (9, 16, [[2, 3, 4]])
    """

    def __init__(self, read: Callable[[list[K]], Mapping[K, V]]) -> None:
        self._read = read
        self._expected: dict[K, None] = {}
        self._found: dict[K, V | None] = {}

    def expect(self, keys: Iterable[K]) -> None:
        """These may be asked for."""
        self._expected.update(dict.fromkeys(key for key in keys if key not in self._found))

    def get(self, key: K) -> V | None:
        """The value of a key; None without one."""
        if key not in self._found:
            self._expected[key] = None
            wanted = list(self._expected)
            self._expected = {}
            found = self._read(wanted)
            self._found.update({one: found.get(one) for one in wanted})
        return self._found[key]


@dataclass(eq=False)
class ApiContext:
    """One request. `user` is who asks, as far as the server knows; `permissions` says what the server lets its callers do."""

    instance: Instance
    workspace: Workspace
    is_read_only: bool = False
    user: str = ""
    prefix: str = ""
    now_us: int = field(default_factory=clock.now_us)
    kept: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def reader(self) -> StorageReader:
        """The records."""
        return self.instance.reader

    @cached_property
    def snapshot(self) -> Snapshot:
        """The locations, the same ones for all of the request."""
        return self.workspace.snapshot()

    @cached_property
    def view(self) -> PartitionsView:
        """Which partitions exist at the moment of the request."""
        return self.instance.partitions_view(clock.from_us(self.now_us))

    def check_may(self, permission: str) -> None:
        """Refuse what this server does not allow.

        Raises
        ------
        NotAllowed
            If it is read-only.
        """
        if self.is_read_only:
            raise NotAllowed(permission)

    def changed_locations(self) -> None:
        """The locations were loaded anew in this request: look at them as they are now."""
        self.__dict__.pop("snapshot", None)

    def batch(self, name: str, read: Callable[[list[Any]], Mapping[Any, Any]]) -> Batch[Any, Any]:
        """The batch of a name, made with `read` when it is first asked for."""
        if name not in self.kept:
            self.kept[name] = Batch(read)
        found: Batch[Any, Any] = self.kept[name]
        return found

    @cached_property
    def asset_records(self) -> Batch[AssetKey, AssetRecord]:
        """The newest state of assets."""
        return Batch(self.reader.latest)

    @cached_property
    def partition_tables(self) -> Batch[AssetKey, PartitionTable]:
        """The state of all partitions of assets."""
        return Batch(self.reader.partition_tables)

    @cached_property
    def checks(self) -> Batch[AssetKey, Mapping[CheckKey, CheckRecord]]:
        """The newest verdicts on assets."""

        def read(keys: list[AssetKey]) -> Mapping[AssetKey, Mapping[CheckKey, CheckRecord]]:
            found: dict[AssetKey, dict[CheckKey, CheckRecord]] = {}
            for check, record in self.reader.checks(keys).items():
                found.setdefault(check.asset, {})[check] = record
            return found

        return Batch(read)

    @cached_property
    def runs(self) -> Batch[str, RunRecord]:
        """Runs by their ids."""

        def read(ids: list[str]) -> Mapping[str, RunRecord]:
            query = RunQuery(run_ids=tuple(RunId(one) for one in ids), limit=len(ids))
            return {str(run.run_id): run for run in self.reader.runs(query).items}

        return Batch(read)

    @cached_property
    def active_runs(self) -> tuple[RunRecord, ...]:
        """The runs that are not over."""
        return tuple(self.reader.active_runs())
