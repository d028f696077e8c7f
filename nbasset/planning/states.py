"""The words of staleness: the records it looks at, what things are now, and the state it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.events.records import AssetRecord, PartitionTable
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import Reason

EMPTY = OrdinalSet()
StaleStatus = Literal["fresh", "stale", "missing", "failed", "external"]


@dataclass(frozen=True, slots=True)
class Touched:
    """Files that are not those that were recorded: changed by hand, or gone. Ordinals of a partitioned asset; else two flags."""

    changed: OrdinalSet = EMPTY
    gone: OrdinalSet = EMPTY
    is_changed: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class StateView:
    """The records that a decision is made on, all read at one moment. Partition tables are needed only for partitioned assets.

    What a pure function cannot look up is handed in: `touched` files, `expired` assets with a sentence each, `renamed` keys of the past
    with those that the assets have now.
    """

    records: Mapping[AssetKey, AssetRecord] = field(default_factory=dict)
    partitions: Mapping[AssetKey, PartitionTable] = field(default_factory=dict)
    touched: Mapping[AssetKey, Touched] = field(default_factory=dict)
    expired: Mapping[AssetKey, str] = field(default_factory=dict)
    renamed: Mapping[str, AssetKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Versions:
    """What things are now: code version of an asset's node, version of its configuration, version of its I/O manager.

    An empty code version means that the code cannot be read; then code is no reason. `today` gives a code version of an older normal form
    in the present one, if it can be worked out. `packages` gives the text of the installed packages that an asset imports, where another
    version of one shall count; None: it does not.
    """

    code: Callable[[AssetKey], str] = lambda key: ""
    config: Callable[[AssetKey], str] = lambda key: ""
    io: Callable[[str], str] = lambda key: key
    today: Callable[[AssetKey, str], str] = lambda key, version: version
    packages: Callable[[AssetKey], str] | None = None


@dataclass(frozen=True, slots=True)
class AssetState:
    """What is known of one asset. For a partitioned one `stale`, `missing`, `failed` and `fresh` are its partitions in each state.

    `status` is the most urgent one. `reasons` are its own first; those of kind ``upstream`` say what is wrong above it, one for each root
    cause: `subject` names the asset where it lies. `direct` are the stale partitions that have a reason of their own, not only one above.
    """

    key: AssetKey
    status: StaleStatus
    reasons: tuple[Reason, ...] = ()
    stale: OrdinalSet = EMPTY
    missing: OrdinalSet = EMPTY
    failed: OrdinalSet = EMPTY
    fresh: OrdinalSet = EMPTY
    is_partitioned: bool = False
    direct: OrdinalSet = EMPTY
    causes: tuple[tuple[Reason, OrdinalSet], ...] = ()

    @property
    def own_reasons(self) -> tuple[Reason, ...]:
        """Reasons that lie in the asset itself or in what it read."""
        return tuple(reason for reason in self.reasons if reason.kind != "upstream")
