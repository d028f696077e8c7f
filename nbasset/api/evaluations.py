"""How the automation condition of an asset, check or job stands, part by part.

Evaluations are not recorded part by part, only what came of them (the ticks of the sensor); so there is one record: what an evaluation at
the sensor's cursor finds now. It is worked out by the location's process, and nothing is started.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbasset.api.context import ApiContext
from nbasset.api.instigators import instigator_of, records_of
from nbasset.api.wire import Wire, key_of, page, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.commands.asked_ticks import AskedTick, ConditionStanding
from nbasset.definitions.catalog_instigators import CatalogSensor
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.planning.automation_state import ConditionNode, Entity, JobKey


def _records(
    parent: Any, info: Any, limit: int, asset_key: Wire | None = None, asset_check_key: Wire | None = None,
    asset_job_key: Wire | None = None, cursor: str | None = None,
) -> Wire:  # fmt: skip
    context: ApiContext = info.context
    entity = _entity(asset_key, asset_check_key, asset_job_key)
    if entity is None or page(limit) == 0 or cursor:
        return typed("AssetConditionEvaluationRecords", records=[])
    found: list[Wire] = []
    for location, sensor in _sensors(context, entity):
        record = records_of(context).get(instigator_of(location, "sensor", sensor.name))
        answer = location.ask("asked_ticks:conditions", AskedTick(sensor.name, cursor=record.cursor if record is not None else None))
        if answer.refusal is not None:
            return typed("AutoMaterializeAssetEvaluationNeedsMigrationError", message=answer.refusal.message)
        found += [_record(context, location, sensor, one) for one in answer.value if one.entity == entity]
    return typed("AssetConditionEvaluationRecords", records=found[: page(limit)])


def _entity(asset: Wire | None, check: Wire | None, job: Wire | None) -> Entity | None:
    if asset is not None:
        return key_of(asset)
    if check is not None:
        return CheckKey(key_of(check["asset_key"]), check["name"])
    return JobKey(job["job_name"]) if job is not None else None


def _sensors(context: ApiContext, entity: Entity) -> Iterator[tuple[LocationSnapshot, CatalogSensor]]:
    """The automation sensors that evaluate it."""
    for location, sensor in context.snapshot.sensors():
        if sensor.kind != "automation":
            continue
        catalog = location.catalog
        keys = sensor.selection.resolve(catalog) if sensor.selection is not None else frozenset(catalog.by_key)
        at: AssetKey | None = entity if isinstance(entity, AssetKey) else entity.asset if isinstance(entity, CheckKey) else None
        if at in keys or (isinstance(entity, JobKey) and entity.name in catalog.jobs_by_name):
            yield location, sensor


def _record(context: ApiContext, location: LocationSnapshot, sensor: CatalogSensor, one: ConditionStanding) -> Wire:
    ticks = context.reader.ticks(instigator_of(location, "sensor", sensor.name), limit=1)
    at = one.at_us / 1_000_000
    return typed(
        "AssetConditionEvaluationRecord", evaluationId=str(one.evaluation), runIds=[str(run) for tick in ticks for run in tick.run_ids],
        timestamp=at, numRequested=one.requested, startTimestamp=at, endTimestamp=at, rootUniqueId="0",
        evaluationNodes=list(nodes_of(one.node, "0", is_partitioned=one.is_partitioned, at=at)),
    )  # fmt: skip


def nodes_of(node: ConditionNode, unique_id: str, *, is_partitioned: bool, at: float) -> Iterator[Wire]:
    """A part and those inside, each under an id that is its place."""
    below = [f"{unique_id}.{number}" for number in range(len(node.parts))]
    yield typed(
        "AutomationConditionEvaluationNode", uniqueId=unique_id, userLabel=node.label, expandedLabel=[_name(node)], startTimestamp=at,
        endTimestamp=at, numTrue=len(node.true), numCandidates=len(node.candidates), isPartitioned=is_partitioned, childUniqueIds=below,
        operatorType=_operator(node),
    )  # fmt: skip
    for part, own in zip(node.parts, below, strict=True):
        yield from nodes_of(part, own, is_partitioned=is_partitioned, at=at)


def _name(node: ConditionNode) -> str:
    return f"{node.name} of {node.entity}" if node.entity is not None else node.name


def _operator(node: ConditionNode) -> str:
    """``and``, ``or``, ``not``, or ``identity`` for what has no parts that are joined."""
    if len(node.parts) > 1:
        first = node.parts[0].name
        return "or" if f"{first} | " in node.name or f"({first}) | " in node.name else "and"
    return "not" if node.name.startswith("~") and node.parts else "identity"


RESOLVERS = {"Query.assetConditionEvaluationRecordsOrError": _records}
