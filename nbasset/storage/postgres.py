"""PostgreSQL as the engine of the store, for homes that several machines share.

Writers take turns by an advisory lock that is held to the end of the transaction, so entries are numbered in order of commit, without
gaps. Each transaction leaves the writer's turn in the database: after a connection that broke during a commit, it tells whether the
commit took place, so that nothing is lost and nothing is written twice.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nbasset import clock
from nbasset.errors import StorageUnavailable
from nbasset.storage.dialects import POSTGRES, Connection, Cursor, to_postgres
from nbasset.storage.forks import keep_untouched, watch_forks
from nbasset.storage.postgres_locks import SessionLocks
from nbasset.storage.schema import LATEST
from nbasset.storage.upgrade import check_version, upgrade_postgres

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

_RETRY_S = 30.0
_LOCK_WAIT_MS = 10_000
_SHORTEST_S = 0.05
_LONGEST_S = 2.0
_FORGET_WRITERS_US = 7 * 86_400 * 1_000_000
_SET_TURN = """INSERT INTO writers (id, turn, at_us) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET turn = excluded.turn, at_us = excluded.at_us"""
_TURN = "SELECT turn FROM writers WHERE id = ?"

_TRANSLATED: dict[str, Any] = {}


class PostgresConnection:
    """A psycopg connection that takes statements written the SQLite way."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.raw = connection
        self._cursor = connection.cursor()

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one statement."""
        return self.raw.execute(_translated(statement), tuple(values) if values else None)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Run one statement for each row, in one round trip."""
        self._cursor.executemany(_translated(statement), [tuple(row) for row in rows])

    def close(self) -> None:
        """Close it."""
        self.raw.close()


def _translated(statement: str) -> Any:
    known = _TRANSLATED.get(statement)
    if known is None:
        known = _TRANSLATED[statement] = to_postgres(statement).encode()
    return known


class PostgresEngine:
    """One database, in the schema that its URL selects. `retry_s` bounds how long a lost server is waited for."""

    dialect = POSTGRES

    def __init__(self, url: str, *, retry_s: float = _RETRY_S) -> None:
        self._url = url
        self._where = masked(url)
        self._retry_s = retry_s
        self._locks = SessionLocks(self._locker, self._insist, lambda name: self._key(f"lock:{name}"), self._where)
        self._reset()
        watch_forks(self)

    def _reset(self) -> None:
        self._me = secrets.token_hex(8)
        self._turn = 0
        self._schema = ""
        self._readers: list[PostgresConnection] = []
        self._writer: PostgresConnection | None = None

    def create(self) -> None:
        """Make the tables where they are missing, and bring them up to date.

        Raises
        ------
        StorageUnavailable
            If the server cannot be reached, or a newer version of nbasset wrote the tables.
        """
        self.transact(lambda connection, _: self._tidy(connection), flush=False)

    def has_tables(self) -> bool:
        """Whether somebody made the tables; they are those of this version.

        Raises
        ------
        StorageUnavailable
            If they are those of another version.
        """

        def work(connection: Connection) -> int:
            if connection.execute("SELECT to_regclass('nbasset_schema')").fetchone()[0] is None:
                return 0
            return connection.execute("SELECT max(version) FROM nbasset_schema").fetchone()[0] or 0

        version = self.read(work)
        check_version(version, self._where, LATEST)
        return version > 0

    def read(self, work: Callable[[Connection], T]) -> T:
        """Let the work read; anew when the server went away."""
        return self._insist(lambda: self._read_once(work))

    def transact(self, work: Callable[[Connection, bool], T], *, flush: bool) -> T:
        """Let the work write in one transaction. `flush` asks for nothing more than every commit here gives."""
        self._turn += 1
        attempt = _Attempt(work)
        return self._insist(lambda: self._write_once(attempt))

    def lock(self, name: str, *, timeout_s: float) -> AbstractContextManager[None]:
        """Hold an advisory lock in the session that all locks of this process share: it is free when the process or the session dies."""
        return self._locks.hold(name, timeout_s=timeout_s)

    def after_fork(self) -> None:
        """Leave the parent's connections alone."""
        keep_untouched((self._readers, self._writer))
        self._locks.after_fork()
        self._reset()

    def close(self) -> None:
        """Close all connections."""
        held = [*self._readers, *([self._writer] if self._writer else [])]
        self._readers, self._writer = [], None
        self._locks.close()
        for connection in held:
            self._drop(connection)

    # -- One attempt

    def _read_once(self, work: Callable[[Connection], T]) -> T:
        connection = self._readers.pop() if self._readers else self._connect("reads")
        try:
            result = work(connection)
        except BaseException:
            self._drop(connection)
            raise
        self._readers.append(connection)
        return result

    def _write_once(self, attempt: _Attempt[T]) -> T:
        try:
            if self._writer is None:
                self._writer = self._connect("writes")
                self._schema_of(self._writer)
            connection = self._writer
            if attempt.may_be_committed:
                row = connection.execute(_TURN, (self._me,)).fetchone()
                if row is not None and row[0] == self._turn:
                    return attempt.result
            connection.execute("BEGIN")
            connection.execute("SELECT pg_advisory_xact_lock(?)", (self._key("append"),))
            attempt.may_be_committed = False
            attempt.result = attempt.work(connection, True)
            connection.execute(_SET_TURN, (self._me, self._turn, clock.now_us()))
            attempt.may_be_committed = True
            connection.execute("COMMIT")
        except BaseException as error:
            self._give_up(is_lost=isinstance(error, self._lost()))
            raise
        return attempt.result

    def _give_up(self, *, is_lost: bool) -> None:
        """Roll back; a connection that is broken, or that cannot roll back, is closed."""
        writer = self._writer
        if writer is None:
            return
        if not is_lost:
            with suppress(*self._lost()):
                writer.execute("ROLLBACK")
                return
        self._writer = None
        self._drop(writer)

    def _insist(self, once: Callable[[], T]) -> T:
        """Try again while the server is away, with longer and longer pauses, up to the bound."""
        import psycopg

        deadline = clock.monotonic() + self._retry_s
        pause_s = _SHORTEST_S
        while True:
            try:
                return once()
            except self._lost() as error:
                if _is_final(error) or clock.monotonic() + pause_s > deadline:
                    raise self._fault(error) from error
            except psycopg.Error as error:
                raise self._fault(error) from error
            threading.Event().wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_S)

    # -- Connections

    def _connect(self, purpose: str) -> PostgresConnection:
        import psycopg

        name = f"nbasset {purpose} {socket.gethostname()[:30]} {os.getpid()}"
        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10, application_name=name, prepare_threshold=2)
        connection.execute(f"SET lock_timeout = {_LOCK_WAIT_MS}")
        return PostgresConnection(connection)

    def _schema_of(self, connection: PostgresConnection) -> None:
        row = connection.execute("SELECT current_schema()").fetchone()
        if row[0] is None:
            raise StorageUnavailable(f"{self._where}: the search path names no schema that exists. Create it, or leave it out of the URL.")
        self._schema = row[0]
        upgrade_postgres(connection, self._where, self._key("append"))

    def _tidy(self, connection: Connection) -> None:
        """Forget writers that have not written for a week."""
        connection.execute("DELETE FROM writers WHERE at_us < ?", (clock.now_us() - _FORGET_WRITERS_US,))

    def _locker(self) -> PostgresConnection:
        """A session for locks; the schema that they are of is known from then on."""
        locker = self._connect("locks")
        try:
            if not self._schema:
                self._schema = locker.execute("SELECT current_schema()").fetchone()[0] or ""
        except BaseException:
            self._drop(locker)
            raise
        return locker

    def _drop(self, connection: PostgresConnection) -> None:
        with suppress(*self._lost()):
            connection.raw.close()

    def _key(self, name: str) -> int:
        """A number for an advisory lock of this schema."""
        digest = hashlib.blake2b(f"nbasset {self._schema} {name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    # -- Errors

    def _lost(self) -> tuple[type[Exception], ...]:
        import psycopg

        return (psycopg.OperationalError, psycopg.InterfaceError)

    def _fault(self, error: Exception) -> StorageUnavailable:
        what = str(error).strip().replace("\n", " ") or type(error).__name__
        return StorageUnavailable(
            f"{self._where} cannot be used: {masked(what)}. It was tried for up to {self._retry_s:g} s. "
            "Check that the server runs and takes connections, the rights of the role and the free disk space; then try again."
        )


class _Attempt(Generic[T]):
    """Work on its way to a commit, over as many connections as it takes."""

    __slots__ = ("may_be_committed", "result", "work")

    def __init__(self, work: Callable[[Connection, bool], T]) -> None:
        self.work = work
        self.may_be_committed = False
        self.result: T


def _is_final(error: Exception) -> bool:
    """Whether waiting cannot help: refused credentials, no such database, a full disk, a lock waited for long enough."""
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return state[:2] in ("28", "3D", "42") or state in ("53100", "55P03")
    return "authentication failed" in str(error) or "does not exist" in str(error)


def masked(text: str) -> str:
    """A URL or a message of the driver without its password.

    >>> masked("postgresql://ada:secret@db/home?password=x")
    'postgresql://ada:***@db/home?password=***'
    """
    text = re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1:***@", text)
    return re.sub(r"(password=)[^&\s]+", r"\1***", text)
