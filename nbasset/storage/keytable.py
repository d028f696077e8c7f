"""The home's table of ordinals, kept in memory and shared by processes: an ordinal once given never changes, so the copy only grows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from nbasset.errors import InvalidDefinitionError
from nbasset.storage import statements as sql
from nbasset.storage.dialects import Connection
from nbasset.storage.engine import Engine
from nbasset.storage.forks import watch_forks

T = TypeVar("T")
Write = Callable[[Callable[[Connection], None]], None]


class SqlKeyTable:
    """Ordinals in a database. Without `write`, for readers, new keys get passing ordinals below zero, under which nothing is stored."""

    def __init__(self, engine: Engine, write: Write | None) -> None:
        self._engine = engine
        self._write = write
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._ordinals: dict[str, int] = {}
        self._passing: list[str] = []
        watch_forks(self)

    def after_fork(self) -> None:
        """Nobody holds the lock in a forked child."""
        self._lock = threading.Lock()

    def ordinals(self, keys: Sequence[str]) -> list[int]:
        """The ordinal of each key; new keys are numbered."""
        known = self._ordinals
        try:
            return [known[key] for key in keys]
        except KeyError:
            pass
        with self._lock:
            self._refresh()
            new = [key for key in dict.fromkeys(keys) if key not in known]
            if new and self._write is not None:
                for key in new:
                    _check(key)
                self._write(lambda connection: _add(connection, new))
                self._refresh()
            elif new:
                known.update((key, -len(self._passing) - place) for place, key in enumerate(new, 1))
                self._passing += new
            return [known[key] for key in keys]

    def keys(self, ordinals: Iterable[int]) -> list[str]:
        """The key of each ordinal."""
        wanted = list(ordinals)
        if wanted and max(wanted) >= len(self._names):
            with self._lock:
                self._refresh()
        return [self._name(ordinal) for ordinal in wanted]

    def _name(self, ordinal: int) -> str:
        names, place = (self._names, ordinal) if ordinal >= 0 else (self._passing, -1 - ordinal)
        if place >= len(names):
            raise KeyError(f"the ordinal {ordinal} was never given to a partition key")
        return names[place]

    def _refresh(self) -> None:
        first = len(self._names)
        rows = self._engine.read(lambda connection: connection.execute(sql.PARTITION_KEYS, (first,)).fetchall())
        self._names += [name for (name,) in rows]
        self._ordinals.update((name, first + place) for place, (name,) in enumerate(rows))


def _add(connection: Connection, keys: Sequence[str]) -> None:
    """Number the keys that nobody numbered meanwhile."""
    known = [name for (name,) in connection.execute(sql.PARTITION_KEYS, (0,))]
    there = set(known)
    new = [key for key in keys if key not in there]
    connection.executemany(sql.ADD_PARTITION_KEY, list(enumerate(new, len(known))))


def _check(key: str) -> None:
    try:
        storable = "\x00" not in key and key.encode() is not None
    except UnicodeEncodeError:
        storable = False
    if not storable:
        raise InvalidDefinitionError(
            f"the partition key {key!r} cannot be stored: it holds a NUL or half of a character pair. Leave that out."
        )
