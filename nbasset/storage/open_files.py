"""Which database files this process has open.

The locks by which SQLite knows its other processes belong to the process, and the system drops all of them when *any* descriptor of the
file is closed. Whoever reads such a file by hand and closes it while SQLite has it open makes another process believe that it is alone: it
removes the write-ahead log under the feet of this one, and what either writes is lost. So a file is read by hand only while it is not open
here, and `Counted` connections say whether it is.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_GUARD = threading.RLock()
_OPEN: Counter[str] = Counter()


class Counted(sqlite3.Connection):
    """A connection that is counted from before it opens its file until it is closed or forgotten."""

    _release: Any = None

    def close(self) -> None:
        """Close it, and count it no more."""
        super().close()
        if self._release is not None:
            self._release()


def connect(path: Path, uri: str, **options: Any) -> sqlite3.Connection:
    """A connection to a file by an address of it."""
    name = str(path.resolve())
    with _GUARD:
        _OPEN[name] += 1
        try:
            connection: Counted = sqlite3.connect(uri, uri=True, factory=Counted, **options)
        except BaseException:
            _forget(name)
            raise
    connection._release = weakref.finalize(connection, _forget, name)
    return connection


@contextmanager
def if_closed(path: Path) -> Iterator[bool]:
    """Whether no connection of this process has the file open; while inside, none opens it."""
    with _GUARD:
        yield not _OPEN[str(path.resolve())]


def _forget(name: str) -> None:
    with _GUARD:
        _OPEN[name] -= 1
