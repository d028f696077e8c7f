"""SQLite as the engine of the store: write-ahead log, one connection that writes, as many that read as threads read at once.

A transaction survives SIGKILL of every process (``synchronous = NORMAL``) and, when asked to `flush`, the loss of power (``FULL``).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from nbasset import clock
from nbasset.errors import Error, StorageCorrupt, StorageUnavailable
from nbasset.storage.dialects import SQLITE, Connection
from nbasset.storage.forks import keep_untouched, watch_forks
from nbasset.storage.locks import FileLocks
from nbasset.storage.open_files import connect, if_closed
from nbasset.storage.places import private_file, private_folder, refuse_network
from nbasset.storage.schema import LATEST
from nbasset.storage.upgrade import check_version, upgrade_sqlite

T = TypeVar("T")

_BUSY_S = 10.0
_MAGIC = b"SQLite format 3\x00"
_GATE = threading.Lock()
_IN_USE: Counter[tuple[int, int]] = Counter()


class SqliteEngine:
    """One database file. `busy_s` bounds the wait for another process that writes."""

    dialect = SQLITE

    def __init__(self, path: Path, locks_folder: Path, *, busy_s: float = _BUSY_S) -> None:
        self._path = path
        self._busy_s = busy_s
        self._locks = FileLocks(locks_folder)
        self._readers: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._seen = -1
        self._damage: StorageCorrupt | None = None
        self._file: tuple[int, int] | None = None
        watch_forks(self)

    def create(self) -> None:
        """Make the home and the database where they are missing, and bring the schema up to date.

        Raises
        ------
        StorageUnavailable
            If the place is not safe or not writable, or a newer version of nbasset wrote the file.
        StorageCorrupt
            If the file is damaged or no database.
        """
        refuse_network(self._path)
        private_folder(self._path.parent)
        private_file(self._path)
        with self._faults():
            self._writing()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Let the work read. Connections are lent to one caller at a time and kept."""
        connection: sqlite3.Connection | None = None
        try:
            connection = self._readers.pop() if self._readers else self._open_reader()
            return work(connection)
        except sqlite3.Error as error:
            raise self._fault(error) from error
        finally:
            if connection is not None:
                self._readers.append(connection)

    def transact(self, work: Callable[[Connection, bool], T], *, flush: bool) -> T:
        """Let the work write in one transaction."""
        if self._damage is not None:
            raise self._damage
        with self._faults():
            connection = self._writing()
            execute = connection.execute
            try:
                if flush:
                    execute("PRAGMA synchronous = FULL")
                execute("BEGIN IMMEDIATE")
                (version,) = execute("PRAGMA data_version").fetchone()
                result = work(connection, version != self._seen)
                execute("COMMIT")
                self._seen = version
            except BaseException:
                self._seen = -1
                self._give_up()
                raise
            finally:
                if flush and self._writer is not None:
                    execute("PRAGMA synchronous = NORMAL")
        return result

    def lock(self, name: str, *, timeout_s: float) -> AbstractContextManager[None]:
        """Hold a lock file."""
        return self._locks.hold(name, timeout_s=timeout_s)

    def after_fork(self) -> None:
        """Leave the parent's connections alone."""
        keep_untouched((self._readers, self._writer))
        self._readers, self._writer, self._seen = [], None, -1

    def close(self) -> None:
        """Close all connections; the last one in all processes folds the log into the file."""
        readers, self._readers = self._readers, []
        writer, self._writer = self._writer, None
        for connection in (*readers, *([writer] if writer else [])):
            with suppress(sqlite3.Error):
                connection.close()
        with _GATE:
            if self._file is not None:
                _IN_USE[self._file] -= 1
                self._file = None

    # -- Connections

    def _look_before_opening(self) -> None:
        """Refuse a damaged file, unless this process has it open already.

        Closing a file gives up every lock that the process has on it, those of SQLite too; another process would then take itself for the
        last one and delete the log that this one goes on writing to. So nobody reads the file but SQLite once there is a connection.
        """
        with _GATE:
            try:
                stat = self._path.stat()
            except OSError:
                stat = None
            file = (stat.st_dev, stat.st_ino) if stat is not None else None
            if file is None or not _IN_USE[file]:
                refuse_damage(self._path)
            if self._file != file:
                if self._file is not None:
                    _IN_USE[self._file] -= 1
                self._file = file
                if file is not None:
                    _IN_USE[file] += 1

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            self._look_before_opening()
            connection = self._connect("rw")
            try:
                mode = self._to_log(connection)
                if mode != "wal":
                    raise StorageUnavailable(
                        f"{self._path}: this file system cannot keep a write-ahead log (mode is '{mode}'). Keep the state on a local disk."
                    )
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA wal_autocheckpoint = 4000")  # 16 MB: a checkpoint syncs the disk twice
                connection.execute("PRAGMA journal_size_limit = 67108864")
                connection.execute("PRAGMA cache_size = -16000")
                upgrade_sqlite(connection, self._path)
            except BaseException:
                connection.close()
                raise
            self._writer, self._seen = connection, -1
        return self._writer

    def _to_log(self, connection: sqlite3.Connection) -> str:
        """Turn the write-ahead log on. SQLite does not wait by itself when two processes do so at once, so this does."""
        deadline = clock.monotonic() + self._busy_s
        nap = threading.Event()
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock.monotonic() > deadline:
                    raise
                nap.wait(0.01)
            else:
                return str(mode)

    def _open_reader(self) -> sqlite3.Connection:
        self._look_before_opening()
        connection = self._connect("rw")
        try:
            connection.execute("PRAGMA query_only = 1")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            check_version(version, str(self._path), LATEST)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path))}?mode={mode}"
        return connect(
            self._path, uri, timeout=self._busy_s, isolation_level=None, check_same_thread=False, cached_statements=256
        )  # fmt: skip

    def _give_up(self) -> None:
        """Roll back; a connection that cannot is closed, which rolls back too."""
        writer = self._writer
        if writer is None:
            return
        try:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
        except sqlite3.Error:
            self._writer = None
            with suppress(sqlite3.Error):
                writer.close()

    # -- Errors

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> Error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self._damage = damage(self._path, str(error))
            return self._damage
        if code == sqlite3.SQLITE_CANTOPEN and self._path.exists() and not os.access(self._path.parent, os.W_OK):
            code = sqlite3.SQLITE_READONLY  # what could not be opened is the log beside the database
        what, remedy = _REMEDIES.get(code, ("cannot be used", "See the cause below."))
        text = f"{self._path} {what} ({error})."
        if code == sqlite3.SQLITE_BUSY:
            text = f"{self._path} was written to by another process for more than {self._busy_s:g} s ({error})."
        return StorageUnavailable(f"{text} {remedy}")


_REMEDIES: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Nothing was written. Free some space; the next write works without repair."),
    sqlite3.SQLITE_READONLY: ("is read-only", "Nothing was written. Check the rights of the file, its folder and the mount."),
    sqlite3.SQLITE_PERM: ("may not be opened", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "Check that the folder exists, is writable, and that the disk is mounted."),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "Nothing was written. Check the disk (dmesg, free space), then try again."),
    sqlite3.SQLITE_BUSY: ("is busy", "Try again; if it stays busy, look for a process that was stopped (fuser shows who has it open)."),
    sqlite3.SQLITE_LOCKED: ("is locked", "Try again."),
}


def damage(path: Path, what: str) -> StorageCorrupt:
    """The error for a damaged file: what to look at, and where a copy may be."""
    return StorageCorrupt(
        f"{path} is damaged: {what}. Nothing was written, and nothing will be until you decide. See how bad it is with "
        f"sqlite3 '{path}' 'PRAGMA integrity_check'; 'sqlite3 {path} .recover' saves what can be read. A copy from before the last upgrade "
        f"may be beside it ({path.name}.v*), others in your backups. To begin anew, move the file away: the warehouse is not touched."
    )


def refuse_damage(path: Path) -> None:
    """Refuse a file that is no database, or one that was cut off; both are seen without reading more than the first page.

    A file that this process has open is left alone: see `open_files`.

    Raises
    ------
    StorageCorrupt
        If it is such a file.
    StorageUnavailable
        If it cannot be read.
    """
    with if_closed(path) as is_closed:
        if is_closed:
            _refuse_damage(path)


def _refuse_damage(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(100)
        size = path.stat().st_size
        log = path.with_name(path.name + "-wal")
        has_log = log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise StorageUnavailable(f"{path} cannot be read: {error.strerror}. Check the folder, its rights and the mount.") from error
    if not head:
        return
    if not head.startswith(_MAGIC):
        raise damage(path, "it is no SQLite database")
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    pages = int.from_bytes(head[28:32], "big")
    is_counted = head[24:28] == head[92:96]  # otherwise an old writer left the count of pages behind
    if is_counted and not has_log and size < page * pages:
        raise damage(path, f"it was cut off at {size} of {page * pages} bytes")


class SqliteReader(SqliteEngine):
    """The same for reading alone: nothing is created, not even where the disk is read-only."""

    def _open_reader(self) -> sqlite3.Connection:
        try:
            return super()._open_reader()
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
        log = self._path.with_name(self._path.name + "-wal")
        is_still = not log.exists() or log.stat().st_size == 0  # then nobody writes, and the file alone says all
        connection = self._connect("ro&immutable=1" if is_still else "ro")
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            check_version(version, str(self._path), LATEST)
        except BaseException:
            connection.close()
            raise
        return connection
