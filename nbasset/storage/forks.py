"""After a fork: connections and locks of the parent must be neither used nor closed by the child, so the child starts with none.

Closing an inherited SQLite connection could take the write-ahead log away from the parent; it is kept, untouched, for as long as the
child lives.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

_KEPT: list[object] = []


class Forkable(Protocol):
    """Something with connections, threads or locks."""

    def after_fork(self) -> None: ...


_WATCHED: weakref.WeakSet[Forkable] = weakref.WeakSet()


def watch_forks(thing: Forkable) -> None:
    """Call the thing's `after_fork` in every child process that is forked while it lives."""
    _WATCHED.add(thing)


def keep_untouched(thing: object) -> None:
    """Never let go of something that belongs to the parent process."""
    _KEPT.append(thing)


def _in_child() -> None:
    for thing in list(_WATCHED):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
