"""What is asked of assets, and what is done to their records: lists, single ones, giving up, telling from outside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from nbasset.api.assets import Asset, AssetNode, assets_of, nodes_of
from nbasset.api.context import ApiContext
from nbasset.api.wire import ASSET_JOB, Wire, asset_id, key_of, page, typed
from nbasset.api.workspace import Defined
from nbasset.commands.drop import give_up_records
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsDefinition
from nbasset.definitions.results import AssetMaterialization, AssetObservation
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidAssetName, UnknownPartitionError
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet

_MOST_KEYS = 1_000_000

# -- defined assets ---------------------------------------------------------------------------------------------------------------


def _asset_nodes(
    parent: Any, info: Any, group: Wire | None = None, pipeline: Wire | None = None, asset_keys: Sequence[Wire] | None = None,
    load_materializations: bool | None = None,
) -> list[AssetNode]:  # fmt: skip
    """All that is defined, location by location, in order of definition; of a group, of a job, or these keys."""
    context: ApiContext = info.context
    found: Iterable[Defined] = context.snapshot.assets.values()
    if asset_keys is not None:
        known = context.snapshot.assets
        found = [known[key] for key in dict.fromkeys(map(key_of, asset_keys)) if key in known]
    if group is not None:
        place, name = group["repository_location_name"], group["group_name"]
        found = [one for one in found if one.location.name == place and one.asset.spec.group == name]
    if pipeline is not None:
        chosen = _keys_of_job(context, pipeline["repository_location_name"], pipeline["pipeline_name"])
        found = [one for one in found if one.location.name == pipeline["repository_location_name"] and one.asset.key in chosen]
    return nodes_of(context, found)


def _keys_of_job(context: ApiContext, location: str, job: str) -> frozenset[AssetKey]:
    there = context.snapshot.by_name.get(location)
    if there is None:
        return frozenset()
    if job == ASSET_JOB:
        return frozenset(asset.key for asset in there.catalog.assets if asset.node is not None)
    entry = there.catalog.jobs_by_name.get(job)
    if entry is None or entry.selection is None:
        return frozenset()
    return AssetSelection.from_coercible(entry.selection).resolve(there.catalog)


def _asset_node(parent: Any, info: Any, asset_key: Wire) -> AssetNode | Wire:
    context: ApiContext = info.context
    key = _key(asset_key)
    defined = context.snapshot.assets.get(key) if key is not None else None
    return AssetNode(context, defined) if defined is not None else _no_asset(asset_key, "is defined")


def _required_keys(parent: Any, info: Any, asset_keys: Sequence[Wire]) -> list[AssetKey]:
    """Assets that one function makes together with these, unless it can make some of them alone."""
    context: ApiContext = info.context
    keys = list(map(key_of, asset_keys))
    found: dict[AssetKey, None] = {}
    for key in keys:
        defined = context.snapshot.assets.get(key)
        node = defined.location.catalog.nodes_by_name.get(defined.asset.node or "") if defined is not None else None
        if node is not None and not node.can_subset:
            found.update(dict.fromkeys(one for one in node.assets if one not in keys))
    return list(found)


def _collisions(parent: Any, info: Any, asset_keys: Sequence[Wire]) -> list[Wire]:
    context: ApiContext = info.context
    known = context.snapshot.collisions
    return [{"assetKey": key, "locations": known[key]} for key in map(key_of, asset_keys) if key in known]


# -- recorded assets --------------------------------------------------------------------------------------------------------------


def _asset(parent: Any, info: Any, asset_key: Wire) -> Asset | Wire:
    context: ApiContext = info.context
    key = _key(asset_key)
    if key is not None and (key in context.snapshot.assets or _is_recorded(context, key)):
        return Asset(context, key)
    return _no_asset(asset_key, "is defined, and nothing is recorded of it")


def _assets(
    parent: Any, info: Any, prefix: Sequence[str] | None = None, asset_keys: Sequence[Wire] | None = None, cursor: str | None = None,
    limit: int | None = None,
) -> Wire:  # fmt: skip
    context: ApiContext = info.context
    if asset_keys is not None:
        wanted = list(dict.fromkeys(key for one in asset_keys if (key := _key(one)) is not None))
        context.asset_records.expect(wanted)
        keys = [key for key in wanted if key in context.snapshot.assets or _is_recorded(context, key)]
        return typed("AssetConnection", nodes=assets_of(context, keys), cursor=None)
    keys, after = _page_of_keys(context, prefix, cursor, limit)
    return typed("AssetConnection", nodes=assets_of(context, keys), cursor=after)


def _asset_records(
    parent: Any, info: Any, prefix: Sequence[str] | None = None, cursor: str | None = None, limit: int | None = None
) -> Wire:
    context: ApiContext = info.context
    keys, after = _page_of_keys(context, prefix, cursor, limit)
    return typed("AssetRecordConnection", assets=[{"id": asset_id(key), "key": key} for key in keys], cursor=after)


def _page_of_keys(
    context: ApiContext, prefix: Sequence[str] | None, cursor: str | None, limit: int | None
) -> tuple[list[AssetKey], str | None]:
    """One page of what is defined or recorded, in order of keys, and the cursor for the next: the JSON text of the last key."""
    start, defined = tuple(prefix or ()), context.snapshot.assets
    after = AssetKey(json.loads(cursor)) if cursor else None
    known = sorted({*defined, *context.reader.assets(prefix="/".join(start), limit=_MOST_KEYS)})
    waiting = [key for key in known if tuple(key.path[: len(start)]) == start and (after is None or after < key)]
    most = len(waiting) if limit is None else page(limit)
    found: list[AssetKey] = []
    while waiting and len(found) < most:  # what was given up since counts as nothing
        some, waiting = waiting[: max(most, 1)], waiting[max(most, 1) :]
        context.asset_records.expect(key for key in some if key not in defined)
        found += [key for key in some if key in defined or _is_recorded(context, key)]
    found = found[:most]
    return found, asset_id(found[-1]) if found else None


def _is_recorded(context: ApiContext, key: AssetKey) -> bool:
    record = context.asset_records.get(key)
    return record is not None and record.has_anything


def _key(given: Wire) -> AssetKey | None:
    """The key that somebody named; None for what cannot be one."""
    try:
        return key_of(given)
    except InvalidAssetName:
        return None


def _no_asset(given: Wire, what: str) -> Wire:
    return typed("AssetNotFoundError", message=f"no asset '{'/'.join(given['path'])}' {what}.")


# -- changing records -------------------------------------------------------------------------------------------------------------


def _wipe(parent: Any, info: Any, asset_partition_ranges: Sequence[Wire]) -> Wire:
    """Give up what is recorded of assets, or of ranges of their partitions. All of it is checked before anything is done."""
    context: ApiContext = info.context
    wanted: list[tuple[AssetKey, OrdinalSet | None]] = []
    told: list[Wire] = []
    for one in asset_partition_ranges:
        key = _key(one["asset_key"])
        if key is None or (key not in context.snapshot.assets and not _is_recorded(context, key)):
            return _no_asset(one["asset_key"], "is defined, and nothing is recorded of it")
        ordinals = partitions_in(context, key, one.get("partitions"))
        wanted.append((key, ordinals))
        told += _told_ranges(context, key, one.get("partitions"))
    give_up_records(context.instance, wanted, by=context.user)
    return typed("AssetWipeSuccess", assetPartitionRanges=told)


def partitions_in(context: ApiContext, key: AssetKey, given: Wire | None) -> OrdinalSet | None:
    """The partitions that ranges name, both ends included; None where none are named.

    Raises
    ------
    UnknownPartitionError, InvalidPartitionRange
        If there are none such.
    """
    ranges = ranges_in(given)
    if not ranges:
        return None
    definition = _definition(context, key)
    if definition is None:
        raise UnknownPartitionError(f"asset '{key}' has no partitions, so {ranges[0]} names none.")
    found = OrdinalSet()
    for one in ranges:
        found |= definition.ordinals_in_range(one, context.view)
    return found


def _definition(context: ApiContext, key: AssetKey) -> PartitionsDefinition | None:
    """How an asset is partitioned, as far as any location says so."""
    defined = context.snapshot.assets.get(key)
    return defined.asset.partitions_def if defined is not None else context.instance.partitions_def_of(key)


def ranges_in(given: Wire | None) -> list[PartitionKeyRange]:
    """The ranges of a `PartitionsSelector`."""
    if not given:
        return []
    single = [given["range"]] if given.get("range") else []
    return [PartitionKeyRange(one["start"], one["end"]) for one in [*single, *(given.get("ranges") or ())]]


def _told_ranges(context: ApiContext, key: AssetKey, given: Wire | None) -> list[Wire]:
    ranges = ranges_in(given)
    told = [{"assetKey": key, "partitionRange": {"start": one.start, "end": one.end}} for one in ranges]
    return told or [{"assetKey": key, "partitionRange": None}]


def _report(parent: Any, info: Any, event_params: Wire) -> Wire:
    """Tell of an asset that something outside made or looked at, once for each partition that is named."""
    context: ApiContext = info.context
    key = key_of(event_params["asset_key"])
    partitions: list[str] = [one for one in event_params.get("partition_keys") or () if one]
    definition = _definition(context, key)
    if definition is not None:  # a key that cannot be one stops it before the first is told
        for one in partitions:
            definition.ordinal_of(one, context.instance.storage.key_table)
    kind = AssetObservation if event_params["event_type"] == "ASSET_OBSERVATION" else AssetMaterialization
    told: Sequence[str | None] = partitions or [None]
    for partition in told:
        event = kind(key, description=event_params.get("description"), partition=partition)
        context.instance.report_runless_asset_event(event, partitions_def=definition)
    return typed("ReportRunlessAssetEventsSuccess", assetKey=key)


RESOLVERS = {
    "Query.assetNodes": _asset_nodes,
    "Query.assetNodeOrError": _asset_node,
    "Query.assetNodeAdditionalRequiredKeys": _required_keys,
    "Query.assetNodeDefinitionCollisions": _collisions,
    "Query.assetOrError": _asset,
    "Query.assetsOrError": _assets,
    "Query.assetRecordsOrError": _asset_records,
    "Mutation.wipeAssets": _wipe,
    "Mutation.reportRunlessAssetEvents": _report,
}
