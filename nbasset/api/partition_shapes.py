"""Partitions as the schema tells them: what kind they are, and which are in which state, as ranges wherever keys have an order in time.

All of it is pure: a definition, a view and sets of ordinals in, plain data out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partition_ranges import ranges_of
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.time_windows import TimeWindows
from nbasset.events.records import PartitionTable, Status
from nbasset.ordinals import OrdinalSet

_ONLY = "default"
"""What the only dimension is called."""


class PartitionSets(NamedTuple):
    """Partitions that exist, by state; each is in one set at most, those in none were never made."""

    existing: OrdinalSet
    materialized: OrdinalSet
    failed: OrdinalSet
    materializing: OrdinalSet


def sets_of(existing: OrdinalSet, table: PartitionTable | None, running: OrdinalSet | None = None) -> PartitionSets:
    """The states of the partitions that exist: what runs goes before what failed, that before what was made."""
    none = OrdinalSet()
    now = (running or none) & existing
    failed = table.with_status(Status.FAILED) & existing - now if table is not None else none
    made = table.with_status(Status.MATERIALIZED) & existing - now if table is not None else none
    return PartitionSets(existing, made, failed, now)


def kind_of_partitions(definition: PartitionsDefinition) -> str:
    """``TIME_WINDOW``, ``STATIC``, ``DYNAMIC`` or ``MULTIPARTITIONED``."""
    if isinstance(definition, MultiPartitionsDefinition):
        return "MULTIPARTITIONED"
    if isinstance(definition, DynamicPartitionsDefinition):
        return "DYNAMIC"
    return "TIME_WINDOW" if isinstance(definition, TimeWindows) else "STATIC"


def definition_of(definition: PartitionsDefinition) -> dict[str, Any]:
    """A partitions definition."""
    return {
        "description": definition.describe(),
        "type": kind_of_partitions(definition),
        "name": definition.name if isinstance(definition, DynamicPartitionsDefinition) else None,
        "dimensionTypes": [
            {
                "name": name,
                "type": kind_of_partitions(one),
                "dynamicPartitionsDefinitionName": one.name if isinstance(one, DynamicPartitionsDefinition) else None,
            }
            for name, one in dimensions_of(definition)
        ],
    }


def dimensions_of(definition: PartitionsDefinition) -> list[tuple[str, PartitionsDefinition]]:
    """The dimensions with their names, in the order in which they stand in a key."""
    if isinstance(definition, MultiPartitionsDefinition):
        return [(one.name, one.partitions_def) for one in definition.dimensions]
    return [(_ONLY, definition)]


def keys_by_dimension(definition: PartitionsDefinition, view: PartitionsView, start: int, stop: int | None) -> list[dict[str, Any]]:
    """The keys of each dimension, from one place to before another."""
    return [
        {"name": name, "partitionKeys": all_keys(one, view)[start:stop], "type": kind_of_partitions(one)}
        for name, one in dimensions_of(definition)
    ]


def all_keys(definition: PartitionsDefinition, view: PartitionsView) -> list[str]:
    """All keys that exist, in the order of the definition."""
    return list(definition.keys_of(definition.ordinals(view), view.table))


def stats_of(sets: PartitionSets) -> dict[str, int]:
    """How many partitions there are in each state."""
    return {
        "numPartitions": len(sets.existing), "numMaterialized": len(sets.materialized), "numFailed": len(sets.failed),
        "numMaterializing": len(sets.materializing),
    }  # fmt: skip


def statuses_of(definition: PartitionsDefinition | None, sets: PartitionSets | None, view: PartitionsView) -> dict[str, Any]:
    """The states of all partitions: ranges of time windows, lists of other keys, one in the other for two dimensions.

    More dimensions than two have no form in the schema: their keys are listed.
    """
    if definition is None or sets is None:
        return _listed([], [], [], [])
    if isinstance(definition, TimeWindows):
        return _time_ranges(definition, sets, view)
    if isinstance(definition, MultiPartitionsDefinition) and len(definition.partitions_defs) == 2:
        return _in_two_dimensions(definition, sets, view)
    table = view.table
    left = sets.existing - sets.materialized - sets.failed - sets.materializing
    made, failed, missing, running = (
        definition.keys_of(one, table) for one in (sets.materialized, sets.failed, left, sets.materializing)
    )  # fmt: skip
    return _listed(made, failed, missing, running)


def _listed(made: Iterable[str], failed: Iterable[str], missing: Iterable[str], running: Iterable[str]) -> dict[str, Any]:
    return {
        "__typename": "DefaultPartitionStatuses", "materializedPartitions": list(made), "failedPartitions": list(failed),
        "unmaterializedPartitions": list(missing), "materializingPartitions": list(running),
    }  # fmt: skip


def _time_ranges(definition: TimeWindows, sets: PartitionSets, view: PartitionsView) -> dict[str, Any]:
    found = [
        _time_range(definition, one.start, one.end, status)
        for status, ordinals in _by_status(sets)
        for one in (ranges_of(ordinals, definition, view) if ordinals else ())
    ]
    return {"__typename": "TimePartitionStatuses", "ranges": sorted(found, key=lambda one: float(one["startTime"]))}


def _by_status(sets: PartitionSets) -> Sequence[tuple[str, OrdinalSet]]:
    return (("MATERIALIZING", sets.materializing), ("FAILED", sets.failed), ("MATERIALIZED", sets.materialized))


def _time_range(definition: TimeWindows, start: str, end: str, status: str) -> dict[str, Any]:
    return {
        "startTime": definition.start_time_for_partition_key(start).timestamp(),
        "endTime": definition.end_time_for_partition_key(end).timestamp(),
        "startKey": start, "endKey": end, "status": status,
    }  # fmt: skip


def _in_two_dimensions(definition: MultiPartitionsDefinition, sets: PartitionSets, view: PartitionsView) -> dict[str, Any]:
    names = definition.partition_dimension_names
    along = names.index(definition.time_window_dimension or names[0])
    primary, secondary = definition.partitions_defs[names[along]], definition.partitions_defs[names[1 - along]]
    states: dict[str, dict[str, str]] = {}
    for status, ordinals in _by_status(sets):
        for key in definition.keys_of(ordinals, view.table) if ordinals else ():
            parts = definition.parts_of(key)
            states.setdefault(parts[along], {})[parts[1 - along]] = status
    others = all_keys(secondary, view)
    ranges = []
    for alike, run in groupby(all_keys(primary, view), states.get):
        keys = list(run)
        if alike is None:
            continue
        is_time = isinstance(primary, TimeWindows)
        ranges.append({
            "primaryDimStartKey": keys[0], "primaryDimEndKey": keys[-1],
            "primaryDimStartTime": primary.start_time_for_partition_key(keys[0]).timestamp() if is_time else None,  # type: ignore[attr-defined]
            "primaryDimEndTime": primary.end_time_for_partition_key(keys[-1]).timestamp() if is_time else None,  # type: ignore[attr-defined]
            "secondaryDim": _one_dimension(secondary, others, alike),
        })  # fmt: skip
    return {"__typename": "MultiPartitionStatuses", "ranges": ranges, "primaryDimensionName": names[along]}


def _one_dimension(definition: PartitionsDefinition, keys: Sequence[str], states: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(definition, TimeWindows):
        by_status: dict[str | None, list[str]] = {}
        for key in keys:
            by_status.setdefault(states.get(key), []).append(key)
        made, failed, missing, running = (by_status.get(one, []) for one in ("MATERIALIZED", "FAILED", None, "MATERIALIZING"))
        return _listed(made, failed, missing, running)
    found = []
    for status, run in groupby(keys, states.get):
        stretch = list(run)
        if status is not None:
            found.append(_time_range(definition, stretch[0], stretch[-1], status))
    return {"__typename": "TimePartitionStatuses", "ranges": found}
