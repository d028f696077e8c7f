"""Dynamic partitions that a step added or deleted, as events to write with its end: what a failed step told leaves no key behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from nbasset.events.kinds import PartitionsAdded, PartitionsDeleted
from nbasset.keys import PartitionRef
from nbasset.storage.protocol import StorageReader

Request = AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest


def key_events(storage: StorageReader, requests: Sequence[Request], at_us: int) -> list[PartitionsAdded | PartitionsDeleted]:
    """One event for each request that changes anything, in their order."""
    known: dict[str, dict[str, int]] = {}
    events: list[PartitionsAdded | PartitionsDeleted] = []
    for request in requests:
        name = request.partitions_def_name
        if name not in known:
            known[name] = {ref.key: ref.ordinal for ref in storage.dynamic_keys(name)}
        there = known[name]
        if isinstance(request, AddDynamicPartitionsRequest):
            new = _unknown(request.partition_keys, there)
            refs = tuple(map(PartitionRef, new, storage.key_table.ordinals(new))) if new else ()
            there.update(refs)
        else:
            refs = tuple(PartitionRef(key, there.pop(key)) for key in dict.fromkeys(request.partition_keys) if key in there)
        if refs:
            events.append((PartitionsAdded if isinstance(request, AddDynamicPartitionsRequest) else PartitionsDeleted)(at_us, name, refs))
    return events


def _unknown(keys: Iterable[str], there: dict[str, int]) -> list[str]:
    return [key for key in dict.fromkeys(keys) if key not in there]
