"""An instance that is looked at and never changed: for code of the user that is called to see what it would ask for.

What such code reports is kept in memory and read back by it (dynamic partitions), so that it behaves as it would; the store of the home
is only read. Nothing is started: the instance has no way to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from nbasset.commands.scope import Scope
from nbasset.errors import InvalidInvocationError
from nbasset.events.kinds import Event, Owner, PartitionsAdded, PartitionsDeleted
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.keys import PartitionRef, RunId
from nbasset.storage.protocol import Events, Fence, Storage, StorageReader


class LookingStore:
    """Reads through to a store, and keeps what is written to itself. `written` are those events, in order.

    Texts are kept in `texts`, where that is given; they change nothing, since nobody asks for a text that no event names.
    """

    def __init__(self, reader: StorageReader, texts: Storage | None = None) -> None:
        self._reader = reader
        self._texts = texts
        self.written: list[Event] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def append(self, events: Events, *, fence: Fence | None = None, flush: bool = False) -> int:
        """Keep the events here; their numbers go on from those of the store."""
        first = self._reader.last_seq() + len(self.written) + 1
        self.written += events(first) if callable(events) else events
        return self._reader.last_seq() + len(self.written)

    def dynamic_keys(self, name: str) -> tuple[PartitionRef, ...]:
        """Those of the store, and what was added and deleted here since."""
        found = {ref.key: ref for ref in self._reader.dynamic_keys(name)}
        for event in self.written:
            if isinstance(event, PartitionsAdded) and event.name == name:
                found.update({ref.key: ref for ref in event.partitions})
            elif isinstance(event, PartitionsDeleted) and event.name == name:
                for ref in event.partitions:
                    found.pop(ref.key, None)
        return tuple(found.values())

    def put_text(self, text: str) -> str:
        """Its address; it is kept where there is a place for texts."""
        if self._texts is not None:
            return self._texts.put_text(text)
        return hashlib.sha256(text.encode()).hexdigest()

    def heartbeat(self, run_id: RunId, at_us: int) -> None:
        """No run goes on here."""

    def lock(self, name: str, *, timeout_s: float) -> AbstractContextManager[None]:
        """Nobody else is here."""
        return nullcontext()

    def claim(self, name: str, owner: Owner, seconds: float, *, now_us: int) -> Fence | None:
        """No lease is won by looking."""
        return None

    def release(self, fence: Fence) -> None:
        """No lease was won."""

    def delete_runs(self, run_ids: Iterable[RunId]) -> None:
        """Refuse.

        Raises
        ------
        InvalidInvocationError
            Always: what would follow from it cannot be shown.
        """
        raise InvalidInvocationError("this code is only asked what it wants, so it deletes no runs. Forget them by hand: runs delete RUN.")

    def delete_ticks(self, older_than_us: int) -> int:
        """Nothing is forgotten by looking."""
        return 0

    def close(self) -> None:
        """The store belongs to somebody else."""


def looking_at(scope: Scope, *, folder: Path | None = None, keeps_texts: bool = False) -> tuple[Scope, LookingStore]:
    """The scope with an instance that is only looked at, and what collects what would be written.

    Data is read from the warehouse of the scope's home; what steps print goes to `folder`, where one is given. With `keeps_texts` texts go
    to the home's store (which is made if need be), and new partition keys get the numbers that they will have.
    """
    instance = scope.instance
    store = LookingStore(instance.storage, instance.storage) if keeps_texts else LookingStore(instance.reader)
    settings = replace(instance.settings, warehouse=replace(instance.settings.warehouse, url=instance.warehouse))
    home = instance.home if folder is None else Home(folder)
    return replace(scope, instance=Instance(home, settings, storage=cast("Storage", store))), store
