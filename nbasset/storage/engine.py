"""What the SQL store asks of a database: to read, to write in one transaction, to say in typed errors what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from nbasset.storage.dialects import Connection, Dialect

T = TypeVar("T")


class Engine(Protocol):
    """One database."""

    dialect: Dialect

    def read(self, work: Callable[[Connection], T]) -> T:
        """Let the work read on a connection of its own. It may be called again after a broken connection."""

    def transact(self, work: Callable[[Connection, bool], T], *, flush: bool) -> T:
        """Let the work write in one transaction, the only one in the whole database at that time, and commit.

        The second argument of the work is True when somebody else may have written since the last transaction. The work may be called
        again, with True, when its transaction was not committed. Calls do not overlap.
        """

    def lock(self, name: str, *, timeout_s: float) -> AbstractContextManager[None]:
        """Hold a named lock over all processes that use the database."""

    def after_fork(self) -> None:
        """Begin anew in a forked child."""

    def close(self) -> None:
        """Close all connections. Using the engine afterwards opens them again."""
