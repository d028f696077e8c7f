"""Bringing a home up to date, or refusing it untouched. A crash on the way leaves it whole at the old number."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from nbasset.errors import StorageUnavailable
from nbasset.storage.dialects import POSTGRES, SQLITE, Connection
from nbasset.storage.places import private_file
from nbasset.storage.schema import STEPS, Step


def check_version(version: int, where: str, latest: int) -> None:
    """Refuse a home of another version than this one reads.

    Raises
    ------
    StorageUnavailable
        With what to do.
    """
    if version > latest:
        raise StorageUnavailable(
            f"{where} was written by a newer nbasset (schema {version}; this one knows {latest}). It was not touched. "
            "Upgrade here: pip install --upgrade nbasset."
        )
    if 0 < version < latest:
        raise StorageUnavailable(
            f"{where} was written by an older nbasset (schema {version}; this one reads {latest}) and was not touched. "
            "Any verb that writes brings it up to date, for example: nbasset doctor."
        )


def upgrade_sqlite(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Take the steps that are missing, all or none. An older home is copied to ``<file>.v<number>`` first.

    Raises
    ------
    StorageUnavailable
        If the home is newer than this version.
    """
    latest = len(steps)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == latest:
        return
    if version > latest:
        check_version(version, str(path), latest)
    if version:
        _copy(connection, path.with_name(f"{path.name}.v{version}"))
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()  # another process may have been faster
        for step in steps[version:]:
            for statement in step:
                connection.execute(SQLITE.ddl(statement))
        if version < latest:
            connection.execute(f"PRAGMA user_version = {latest}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    if path.exists():
        return
    private_file(path)
    with closing(sqlite3.connect(path)) as copy:
        connection.backup(copy)


def upgrade_postgres(connection: Connection, where: str, lock: int, steps: Sequence[Step] = STEPS) -> None:
    """The same on PostgreSQL, whose schema number is in a table of its own.

    Raises
    ------
    StorageUnavailable
        If the database is newer than this version.
    """
    latest = len(steps)
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT pg_advisory_xact_lock(?)", (lock,))
        connection.execute("CREATE TABLE IF NOT EXISTS nbasset_schema (version BIGINT NOT NULL)")
        row = connection.execute("SELECT max(version) FROM nbasset_schema").fetchone()
        version = row[0] or 0
        if version > latest:
            check_version(version, where, latest)
        for step in steps[version:]:
            for statement in step:
                connection.execute(POSTGRES.ddl(statement))
        if version < latest:
            connection.execute("INSERT INTO nbasset_schema (version) VALUES (?)", (latest,))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
