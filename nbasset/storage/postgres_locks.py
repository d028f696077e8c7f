"""Named locks of one process on PostgreSQL, all in one session: the server frees them when the process or its connection dies.

The server tells sessions apart, not threads, and lets a session take a lock twice. So threads exclude each other here first, and only
then ask the server. A session that broke has lost all its locks: the next one takes them again at once, and says so if it came too late.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from nbasset import clock
from nbasset.storage.dialects import Connection
from nbasset.storage.forks import keep_untouched
from nbasset.storage.locks import busy

_SHORTEST_S = 0.005
_LONGEST_S = 0.05
_TAKE = "SELECT pg_try_advisory_lock(?)"
_FREE = "SELECT pg_advisory_unlock(?)"
_HOLDER = """SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid::bigint = ? AND objid::bigint = ? AND objsubid = 1"""
_log = logging.getLogger("nbasset.storage")


class Session(Connection, Protocol):
    """A connection that locks are held on."""

    def close(self) -> None: ...


class SessionLocks:
    """The locks of one store. `connect` gives a session of its own, `insist` tries again while the server is away, `key` numbers a name."""

    def __init__(
        self, connect: Callable[[], Session], insist: Callable[[Callable[[], bool]], bool], key: Callable[[str], int], where: str
    ) -> None:
        self._connect = connect
        self._insist = insist
        self._key = key
        self._where = where
        self._reset()

    def _reset(self) -> None:
        self._guard = threading.RLock()
        self._held: set[str] = set()
        self._session: Session | None = None
        self._is_closing = False

    @contextmanager
    def hold(self, name: str, *, timeout_s: float) -> Iterator[None]:
        """Hold a lock.

        Raises
        ------
        PartitionBusy
            After the time-out, with the process that holds it.
        StorageUnavailable
            If the server stays away.
        """
        self._wait_for(name, timeout_s)
        try:
            yield
        finally:
            self._release(name)

    def close(self) -> None:
        """Close the session, or leave that to whoever gives the last lock back."""
        with self._guard:
            self._is_closing = bool(self._held)
            if not self._held:
                self._drop()

    def after_fork(self) -> None:
        """Leave the parent's session and locks alone."""
        keep_untouched(self._session)
        self._reset()

    def _wait_for(self, name: str, timeout_s: float) -> None:
        deadline = clock.monotonic() + timeout_s
        pause_s = _SHORTEST_S
        nap = threading.Event()
        while not self._insist(lambda: self._take(name)):
            left_s = deadline - clock.monotonic()
            if left_s <= 0:
                raise busy(name, self._holder(name), timeout_s, self._where)
            nap.wait(min(pause_s, left_s))
            pause_s = min(pause_s * 1.5, _LONGEST_S)

    def _take(self, name: str) -> bool:
        with self._guard:
            if name in self._held:
                return False
            session = self._opened()
            try:
                is_taken = bool(session.execute(_TAKE, (self._key(name),)).fetchone()[0])
                if is_taken:
                    self._held.add(name)
            except BaseException:  # nobody knows whether the server gave it
                self._held.discard(name)
                self._free(name)
                raise
            return is_taken

    def _opened(self) -> Session:
        """The session, with everything that is held."""
        if self._session is None:
            self._session = self._connect()
            self._is_closing = False
            late = [name for name in self._held if not self._session.execute(_TAKE, (self._key(name),)).fetchone()[0]]
            if late:
                _log.warning("the connection was lost, and in the meantime another process took the lock %s", ", ".join(sorted(late)))
        return self._session

    def _release(self, name: str) -> None:
        with self._guard:
            if name not in self._held:  # a child that was forked meanwhile: the lock is its parent's
                return
            self._held.discard(name)
            self._free(name)
            if self._is_closing and not self._held:
                self._drop()

    def _free(self, name: str) -> None:
        """Tell the server; without a session that works, the server knows already."""
        import psycopg

        session = self._session
        if session is None:
            return
        try:
            session.execute(_FREE, (self._key(name),))
        except psycopg.Error:
            self._drop()

    def _drop(self) -> None:
        import psycopg

        session, self._session = self._session, None
        if session is not None:
            with suppress(psycopg.Error):
                session.close()

    def _holder(self, name: str) -> str:
        import psycopg

        key, row = self._key(name), None
        with self._guard, suppress(psycopg.Error):
            if self._session is not None:
                row = self._session.execute(_HOLDER, ((key >> 32) & 0xFFFFFFFF, key & 0xFFFFFFFF)).fetchone()
        words = row[0].split() if row else []
        return f"process {words[3]} on {words[2]}" if len(words) == 4 else "another process"
