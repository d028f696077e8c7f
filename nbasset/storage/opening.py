"""From a URL or a path to a store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from nbasset.errors import StorageUnavailable
from nbasset.storage.memory import MemoryStorage
from nbasset.storage.postgres import PostgresEngine, masked
from nbasset.storage.protocol import Storage, StorageReader
from nbasset.storage.sql import SqlReader, SqlStorage
from nbasset.storage.sqlite import SqliteEngine, SqliteReader

DATABASE = "nbasset.db"


def open_storage(url: str | Path, *, locks_folder: Path | None = None) -> Storage:
    """Open a store for reading and writing, and make it where it is missing.

    `url` is a path of a database file or of a home folder, ``sqlite:///path``, ``postgresql://...`` or ``memory://``. Locks of a SQLite
    home are files in `locks_folder`, by default the folder ``locks`` beside the database.

    Raises
    ------
    StorageUnavailable
        If the place is unsafe, read-only, out of reach, or written by a newer version; the remedy is named.
    StorageCorrupt
        If the file is damaged or no database.
    """
    text = str(url)
    if text.startswith("memory:"):
        return MemoryStorage()
    if _is_postgres(text):
        remote = PostgresEngine(text)
        remote.create()
        return SqlStorage(remote)
    path = database_path(text)
    engine = SqliteEngine(path, locks_folder or path.parent / "locks")
    engine.create()
    return SqlStorage(engine)


def open_reader(url: str | Path) -> StorageReader:
    """Open a store for reading. Nothing is created: a home that does not exist reads as an empty one until somebody makes it.

    Raises
    ------
    StorageUnavailable
        If `url` is of no known kind.
    """
    text = str(url)
    if text.startswith("memory:"):
        return MemoryStorage()
    if _is_postgres(text):
        remote = PostgresEngine(text)
        return cast("StorageReader", _LateReader(lambda: SqlReader(remote) if remote.has_tables() else None))
    path = database_path(text)

    def find() -> SqlReader | None:
        if not path.exists() or not path.stat().st_size:
            return None
        return SqlReader(SqliteReader(path, path.parent / "locks"))

    return cast("StorageReader", _LateReader(find))


def database_path(url: str) -> Path:
    """The absolute path of the database file that a URL or a path names; a folder stands for the database in it.

    Raises
    ------
    StorageUnavailable
        If it is a URL of another kind.
    """
    if "://" in url and not url.startswith("sqlite:///"):
        raise StorageUnavailable(
            f"'{masked(url)}' names no known kind of storage. Give a path, sqlite:///path, postgresql://user@host/database or memory://."
        )
    path = Path(unquote(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else url)
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 -- links are kept as the user wrote them
    return path / DATABASE if path.is_dir() else path


def _is_postgres(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


class _LateReader:
    """A reader that looks for the tables with every question until there are some."""

    def __init__(self, find: Callable[[], SqlReader | None]) -> None:
        self._find = find
        self._empty = MemoryStorage()
        self._found: SqlReader | None = None

    def __getattr__(self, name: str) -> Any:
        if self._found is None:
            self._found = self._find()
        return getattr(self._found or self._empty, name)
