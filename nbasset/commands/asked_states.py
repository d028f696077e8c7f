"""What an interface without the user's code asks the location's process: which assets are out of date, and why."""

from __future__ import annotations

from collections.abc import Sequence

from nbasset.commands.scope import Scope
from nbasset.commands.states import standing
from nbasset.dataclass import dataclass
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import Reason
from nbasset.planning.states import StaleStatus
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True, slots=True)
class AssetStaleness:
    """The state of one asset as `planning.states.AssetState` has it; of a partitioned one the partitions in each state.

    `causes` are the reasons with the partitions that each concerns, where partitions are stale for different ones.
    """

    key: AssetKey
    status: StaleStatus
    reasons: tuple[Reason, ...] = ()
    stale: OrdinalSet = OrdinalSet()
    missing: OrdinalSet = OrdinalSet()
    failed: OrdinalSet = OrdinalSet()
    fresh: OrdinalSet = OrdinalSet()
    is_partitioned: bool = False
    causes: tuple[tuple[Reason, OrdinalSet], ...] = ()


def staleness_of(scope: Scope, keys: Sequence[AssetKey] | None = None) -> tuple[AssetStaleness, ...]:
    """The state of these assets and of all upstream of them, where their causes lie; of all of the location without a list."""
    wanted = [key for key in keys if key in scope.catalog.by_key] if keys is not None else None
    return tuple(
        AssetStaleness(key, one.status, one.reasons, one.stale, one.missing, one.failed, one.fresh, one.is_partitioned, one.causes)
        for key, one in standing(scope, keys=wanted).states.items()
    )
