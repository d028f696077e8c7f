"""The words of staleness: the records it looks at, what things are now, and the state it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nbasset.events.records import AssetRecord, PartitionTable
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import Reason

EMPTY = OrdinalSet()
StaleStatus = Literal["fresh", "stale", "missing", "failed", "external"]


@dataclass(frozen=True, slots=True)
class StateView:
    """The records that a decision is made on, all read at one moment. Partition tables are needed only for partitioned assets."""

    records: Mapping[AssetKey, AssetRecord] = field(default_factory=dict)
    partitions: Mapping[AssetKey, PartitionTable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Versions:
    """What things are now: code version of an asset's node, digest of its configuration, version of its I/O manager.

    An empty code version means that the code cannot be read; then code is no reason.
    """

    code: Callable[[AssetKey], str] = lambda key: ""
    config: Callable[[AssetKey], str] = lambda key: ""
    io: Callable[[str], str] = lambda key: key


@dataclass(frozen=True, slots=True)
class AssetState:
    """What is known of one asset. For a partitioned one `stale`, `missing`, `failed` and `fresh` are its partitions in each state.

    `reasons` are roots first. `status` is the most urgent one.
    """

    key: AssetKey
    status: StaleStatus
    reasons: tuple[Reason, ...] = ()
    stale: OrdinalSet = EMPTY
    missing: OrdinalSet = EMPTY
    failed: OrdinalSet = EMPTY
    fresh: OrdinalSet = EMPTY
    is_partitioned: bool = False
