"""``partitions``: the partitions of an asset by state, as data for every face."""

from __future__ import annotations

from nbasset.arguments.options_watch import PartitionsArguments
from nbasset.commands.scope import Scope
from nbasset.commands.show import one_asset
from nbasset.commands.states import Standing, standing
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.definitions.partition_ranges import format_ranges, parse_ranges
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.drawing.picture import State
from nbasset.errors import InvalidInvocationError
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class PartitionGroup:
    """The partitions that are in one state, and their keys as ranges."""

    state: State
    ordinals: OrdinalSet
    keys: str


@dataclass(frozen=True, slots=True)
class PartitionsResult:
    """The partitions of one asset, most urgent state first; each that exists is in one group. `chosen` are those that were asked for."""

    asset: AssetKey
    definition: PartitionsDefinition
    groups: tuple[PartitionGroup, ...]
    chosen: OrdinalSet
    count: int

    @property
    def headline(self) -> str:
        """All of it in a line."""
        said = ", ".join(f"{len(group.ordinals):,} {group.state}" for group in self.groups)
        return f"{self.asset}: {counted(self.count, 'partition')}" + (f", {said}" if said else "")

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "asset": str(self.asset), "partitions": self.definition.describe(), "count": self.count,
            "states": {group.state: {"count": len(group.ordinals), "keys": group.keys} for group in self.groups},
        }  # fmt: skip


def partitions(scope: Scope, arguments: PartitionsArguments, *, now: Standing | None = None) -> PartitionsResult:
    """How the partitions of an asset stand.

    Raises
    ------
    UnknownAsset, UnknownPartitionError
        If there is none such.
    InvalidInvocationError
        If the asset has no partitions.
    """
    key = one_asset(scope, arguments.asset)
    now = now or standing(scope, keys=[key])
    definition = scope.catalog.by_key[key].partitions_def
    if definition is None:
        raise InvalidInvocationError(f"'{key}' has no partitions. What is known of it: show {key}.")
    existing = definition.ordinals(now.view)
    chosen = parse_ranges(arguments.partitions.text, definition, now.view) if arguments.partitions.text else existing
    state = now.states[key]
    running = now.running.get(key)
    layers: list[tuple[State, OrdinalSet]] = [("failed", state.failed), ("stale", state.stale), ("fresh", state.fresh)]
    if running is not None:
        layers.insert(0, (running[0], running[1] if running[1] is not None else existing))
    left = chosen & existing
    groups = []
    for name, ordinals in (*layers, ("missing", existing)):
        mine = left & ordinals
        left = left - mine
        if mine:
            groups.append(PartitionGroup(name, mine, format_ranges(mine, definition, now.view)))
    return PartitionsResult(key, definition, tuple(groups), chosen, len(existing))


def partitions_text(result: PartitionsResult) -> str:
    """The same as plain text."""
    width = max((len(group.state) for group in result.groups), default=0)
    numbers = max((len(f"{len(group.ordinals):,}") for group in result.groups), default=0)
    lines = [f"{result.headline} ({result.definition.describe()})"]
    lines += [f"  {group.state:<{width}}  {len(group.ordinals):>{numbers},}  {_short(group.keys)}" for group in result.groups]
    return "\n".join(lines)


def _short(keys: str, most: int = 160) -> str:
    return keys if len(keys) <= most else f"{keys[:most]} ..."
