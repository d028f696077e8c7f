"""An instance: one home with its settings, store, warehouse and I/O managers.

Making one reads the settings and nothing else; the store is opened when it is first asked, and made when it is first written to. Opening a
store that exists closes the runs whose process is gone, since nobody else may be there to do it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nbasset import clock
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.resolved import ResolvedDefinitions
from nbasset.errors import InvalidConfigError, StorageUnavailable, UnknownPartitionError, UnknownResource, did_you_mean
from nbasset.events.kinds import Event, RunCancelled, RunFailed
from nbasset.events.records import RunRecord
from nbasset.execution.loading import load_stored
from nbasset.home import Home, find_home
from nbasset.instigators_api import InstigatorsApi
from nbasset.keys import AssetKey
from nbasset.ordinals import KeyTable, MemoryKeyTable, OrdinalSet
from nbasset.secrets import EnvVar
from nbasset.settings import Settings, load_settings
from nbasset.storage.memory import MemoryStorage
from nbasset.storage.processes import is_alive
from nbasset.storage.protocol import Storage, StorageReader

BUILT_IN_MANAGERS = ("io_manager", "parquet", "memory", "pickle")
_OPEN: dict[Path, Instance] = {}
_OPENING = threading.Lock()


class Instance(InstigatorsApi):
    """Everything that outlives a run. Get one with `Instance.get()`, `Instance.open(home)`, `Instance.ephemeral()`.

    >>> with Instance.ephemeral() as instance:
    ...     instance.add_dynamic_partitions("customers", ["ada", "bob"])
    ...     instance.get_dynamic_partitions("customers")
    ['ada', 'bob']
    """

    def __init__(self, home: Home | None = None, settings: Settings | None = None, *, storage: Storage | None = None) -> None:
        super().__init__()
        self._home = home
        self.settings = load_settings(self.home.settings_file) if settings is None else settings
        self._store = storage
        self._given = storage is not None
        self._read_only: StorageReader | None = None
        self._lock = threading.RLock()
        self._settling: list[Callable[[], None]] = []
        self._managers: dict[str, Any] = {}
        self._remove: Callable[[], object] | None = None

    @property
    def home(self) -> Home:
        """The folder it belongs to. Without one it has a temporary folder, named when somebody first asks and gone with the instance."""
        if self._home is None:
            with self._lock:
                if self._home is None:
                    home = Home(_temporary_path())
                    self._remove = weakref.finalize(self, _remove_folder, home.root)
                    self._home = home
        return self._home

    def __repr__(self) -> str:
        return f"Instance({str(self.home.root)!r})"

    # -- getting one -------------------------------------------------------------------------------------------------------

    @staticmethod
    def get() -> Instance:
        """The instance of the home that belongs to the current folder."""
        return Instance.open()

    @staticmethod
    def open(home: str | Path | None = None, *, start: Path | None = None) -> Instance:
        """The instance of a home, one object for each home of this process. `start` is where to look from, when no home is named.

        Raises
        ------
        InvalidConfigError
            If its `nbasset.toml` is wrong.
        """
        found = find_home(start, named=home)
        with _OPENING:
            if found.root not in _OPEN:
                _OPEN[found.root] = Instance(found)
            return _OPEN[found.root]

    @staticmethod
    def ephemeral(tempdir: str | None = None, *, settings: Settings | None = None) -> Instance:
        """An instance that is gone when it is closed (or with the process): records in memory, data in a temporary folder."""
        home = Home(Path(tempdir).resolve()) if tempdir is not None else None
        return Instance(home, settings or _default_settings(), storage=MemoryStorage())

    @staticmethod
    def local_temp(tempdir: str | None = None, *, settings: Settings | None = None) -> Instance:
        """An instance on disk in a temporary folder: another process can open it by its `home`."""
        home = Home(Path(tempdir).resolve()) if tempdir is not None else None
        return Instance(home, settings or Settings())

    # -- the store ---------------------------------------------------------------------------------------------------------

    @cached_property
    def _empty(self) -> MemoryStorage:
        """What is read where nothing was ever written."""
        return MemoryStorage()

    @property
    def is_ephemeral(self) -> bool:
        """Whether the records live in this process only."""
        return isinstance(self._store, MemoryStorage)

    @property
    def storage(self) -> Storage:
        """The store, made if it is not there yet."""
        self._settle()
        with self._lock:
            if self._store is None:
                self._open_store()
            assert self._store is not None
            return self._store

    @property
    def reader(self) -> StorageReader:
        """The store for reading; where nothing was ever written, an empty one, and nothing is made."""
        self._settle()
        with self._lock:
            if self._store is None and self._database is not None and not self._database.exists():
                return self._empty
            if self._store is None and self._read_only is None:
                try:
                    self._open_store()
                except StorageUnavailable:  # reading may still work: a read-only disk, somebody else's home
                    from nbasset.storage.opening import open_reader

                    self._read_only = open_reader(self._database or self.storage_url)
            return self._store or self._read_only or self._empty

    def before_reading(self, settle: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside, whoever asks this instance for its store makes `settle` write first what it holds."""
        return _Settling(self._settling, settle)

    def _settle(self) -> None:
        for settle in tuple(self._settling):
            settle()

    @property
    def storage_url(self) -> str:
        """Where the records are: a path, or an address of PostgreSQL."""
        return str(self._database or _value(self.settings.storage.url, "storage.url"))

    @cached_property
    def _database(self) -> Path | None:
        """The file of an SQLite store; None for a store elsewhere."""
        url: str = _value(self.settings.storage.url, "storage.url")
        if not url:
            return self.home.database
        if "://" in url and not url.startswith("sqlite:///"):
            return None
        path = self.home.root / Path(url.removeprefix("sqlite:///")).expanduser()
        return path / self.home.database.name if path.is_dir() else path

    def _open_store(self) -> None:
        from nbasset.storage.opening import open_storage

        if self._database == self.home.database:
            self.home.make_state()
        self._store = open_storage(self._database or self.storage_url, locks_folder=self.home.state / "locks")
        close_lost_runs(self._store, now_us=clock.now_us())

    @property
    def key_table(self) -> KeyTable:
        """The home's numbers for partition keys without calendar numbers; temporary ones while nothing was ever written."""
        table: KeyTable = getattr(self.reader, "key_table", None) or MemoryKeyTable()
        return table

    def partitions_view(self, now: datetime | None = None) -> PartitionsView:
        """What partitions exist is asked against this: the time (default: now), the numbers and the dynamic keys of the home."""
        return PartitionsView(now or clock.now(), self.key_table, _DynamicKeys(self))

    # -- the warehouse -----------------------------------------------------------------------------------------------------

    @cached_property
    def warehouse(self) -> str:
        """Where data is: an absolute path, or the address of another file system."""
        url = _value(self.settings.warehouse.url, "warehouse.url") or "warehouse"
        return url if "://" in url else str((self.home.root / Path(url).expanduser()).resolve())

    def manager(self, key: str) -> Any:
        """The built-in I/O manager of a resource key; made once.

        ``io_manager`` and ``parquet`` store Parquet in the warehouse, ``pickle`` any object beside it, ``memory`` keeps values in this
        process. Resources of the definitions with one of these keys go before them, which is not decided here.

        Raises
        ------
        UnknownResource
            If no I/O manager of that key is built in.
        """
        if key not in BUILT_IN_MANAGERS:
            hint = did_you_mean(key, BUILT_IN_MANAGERS) or f"Built in are: {', '.join(BUILT_IN_MANAGERS)}."
            raise UnknownResource(f"there is no I/O manager '{key}'. {hint} Give it: Definitions(resources={{\"{key}\": ...}}).")
        name = "parquet" if key == "io_manager" else key
        with self._lock:
            if name not in self._managers:
                self._managers[name] = self._make_manager(name)
            return self._managers[name]

    def _make_manager(self, name: str) -> Any:
        options = {key: _value(value, f"warehouse.options.{key}") for key, value in self.settings.warehouse.options.items()}
        if name == "memory":
            from nbasset.io_managers.memory import InMemoryIOManager

            return InMemoryIOManager()
        if name == "pickle":
            from nbasset.io_managers.pickled import FilesystemIOManager

            return FilesystemIOManager(self.warehouse, storage_options=options)
        from nbasset.io_managers.parquet import ParquetIOManager

        wanted = self.settings.warehouse
        return ParquetIOManager(self.warehouse, storage_options=options, compression=wanted.compression, preview_rows=wanted.preview_rows)

    def io_version(self, key: str) -> str:
        """A text that changes when what an I/O manager stores changes: part of what staleness compares."""
        return "parquet" if key == "io_manager" else key

    def load_asset_value(
        self,
        definitions: ResolvedDefinitions,
        key: AssetKey,
        *,
        python_type: type | None = None,
        partition_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
    ) -> Any:
        """The stored value of an asset, or of one partition of it; without a key that of all partitions that were made.

        Raises
        ------
        MissingValue
            If it was never materialized.
        UnknownPartitionError
            If it has no such partition.
        """
        view = self.partitions_view()
        partitions = self._wanted_partitions(definitions, key, partition_key, view)
        return load_stored(
            definitions, key, reader=self.reader, view=view, manager=self.manager, python_type=python_type, partitions=partitions,
            metadata=metadata, resources=resources,
        )  # fmt: skip

    def _wanted_partitions(
        self, definitions: ResolvedDefinitions, key: AssetKey, partition_key: str | None, view: PartitionsView
    ) -> OrdinalSet | None:
        partitions_def = definitions.catalog.asset(key).partitions_def
        if partitions_def is None:
            if partition_key is not None:
                raise UnknownPartitionError(f"asset '{key}' has no partitions, so {partition_key!r} names none. Leave partition_key out.")
            return None
        if partition_key is not None:
            return partitions_def.ordinals_of([partition_key], view)
        table = self.reader.partitions(key)
        made = OrdinalSet.of(ordinal for ordinal, version in zip(table.ordinals, table.version_id, strict=True) if table.texts[version])
        return made & partitions_def.ordinals(view)

    # -- closing -----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the store and of a temporary folder. The next use opens the store again; a temporary instance is gone."""
        with self._lock:
            if self._store is not None and not self._given:
                self._store.close()
                self._store = None
            self._read_only = None
            self._managers.clear()
        if self._remove is not None:
            self._remove()
        with _OPENING:
            if self._home is not None and _OPEN.get(self._home.root) is self:
                del _OPEN[self._home.root]

    def __enter__(self) -> Instance:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    # -- runs of processes that are gone -------------------------------------------------------------------------------------

    def close_lost_runs(self) -> list[RunRecord]:
        """End the runs whose process is gone; they are returned. Done by itself when the store is opened."""
        return close_lost_runs(self.storage, now_us=clock.now_us()) if self.reader is self._store and self._store is not None else []


class _Settling:
    """One more among those who write what they hold before a store is read."""

    __slots__ = ("_all", "_settle")

    def __init__(self, everyone: list[Callable[[], None]], settle: Callable[[], None]) -> None:
        self._all = everyone
        self._settle = settle

    def __enter__(self) -> None:
        self._all.append(self._settle)

    def __exit__(self, *problem: object) -> None:
        self._all.remove(self._settle)


def _temporary_path() -> Path:
    """A place for a temporary home; whatever is written first makes it."""
    return _resolved(tempfile.gettempdir()) / f"nbasset-{os.urandom(12).hex()}"


def _remove_folder(folder: Path) -> None:
    if os.path.lexists(folder):  # most that only looked and computed left nothing
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _default_settings() -> Settings:
    return Settings()


@cache
def _resolved(folder: str) -> Path:
    return Path(folder).resolve()


class _DynamicKeys(Mapping[str, Sequence[str]]):
    """Keys of dynamic partitions by name, each read once."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._read: dict[str, list[str]] = {}

    def __getitem__(self, name: str) -> Sequence[str]:
        if name not in self._read:
            self._read[name] = self._instance.get_dynamic_partitions(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def close_lost_runs(storage: Storage, *, now_us: int) -> list[RunRecord]:
    """End each run whose process on this machine is gone, as failed, or as cancelled if that was asked for.

    A run without an owner has not started, and one of another machine may well go on: both are left alone.
    """
    lost = [run for run in storage.active_runs() if run.owner is not None and is_alive(run.owner) is False]
    if lost:
        storage.append([_end_of(run, now_us) for run in lost], flush=True)
    return [replace(run, ended_us=now_us) for run in lost]


def _end_of(run: RunRecord, now_us: int) -> Event:
    assert run.owner is not None
    what = f"its process ({run.owner.pid} on {run.owner.host}) is gone"
    if run.status == "canceling":
        return RunCancelled(now_us, run.run_id, f"{what} after it was asked to stop")
    if run.kind == "interactive":
        return RunFailed(now_us, run.run_id, "kernel-died", f"{what}: the kernel was restarted, or it died. What had finished is kept.")
    return RunFailed(now_us, run.run_id, "worker-lost", f"{what}: it was killed, or the machine restarted. What had finished is kept.")


@contextmanager
def instance_for_test(overrides: Settings | None = None, *, temp_dir: str | None = None) -> Iterator[Instance]:
    """An instance on disk for the length of a ``with`` block, removed afterwards.

    >>> with instance_for_test() as instance:
    ...     instance.get_runs()
    []
    """
    with Instance.local_temp(temp_dir, settings=overrides) as instance:
        yield instance


def _value(given: Any, path: str) -> Any:
    """The value of a setting; one that stands in the environment is read now.

    Raises
    ------
    InvalidConfigError
        If the variable is not set.
    """
    if not isinstance(given, EnvVar):
        return given
    value = given.get_value()
    if value is None:
        raise InvalidConfigError([f"{path}: the environment variable {given.env_var_name} is not set."], of="nbasset.toml")
    return value


def location_text(url: str) -> str:
    """An address for people: without the password.

    >>> location_text("postgresql://ada:secret@db/x")
    'postgresql://ada@db/x'
    """
    parts = urlsplit(url)
    if not parts.password:
        return url
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"{user}{parts.hostname or ''}{port}").geturl()
