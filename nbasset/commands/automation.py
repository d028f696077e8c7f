"""Evaluating automation conditions on the records of an instance: for tests, previews, and ticks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from nbasset.commands.scope import Scope, scope_of
from nbasset.dataclass import dataclass
from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition
from nbasset.definitions.catalog_instigators import SensorExecutionData
from nbasset.definitions.conditions import AutomationCondition, parts_of
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.sensors import SensorEvaluationContext
from nbasset.errors import InvariantViolationError
from nbasset.events.facts import CheckKey
from nbasset.events.records import Entry
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation import conditions_of, evaluate_automation
from nbasset.planning.automation_requests import AutomationRequests, automation_requests
from nbasset.planning.automation_space import Space
from nbasset.planning.automation_state import AutomationCursor, AutomationResult, AutomationView, ConditionNode, Entity, JobKey, news_of
from nbasset.planning.states import StateView
from nbasset.records_api import verdicts_by_partition
from nbasset.serde import dumps, loads
from nbasset.storage.protocol import StorageReader

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey

_PAGE = 1000


@dataclass(frozen=True)
class EvaluateAutomationConditionsResult:
    """What one evaluation requested. Hand `cursor` to the next evaluation."""

    result: AutomationResult
    space: Space

    @property
    def cursor(self) -> AutomationCursor:
        """Where the next evaluation goes on."""
        return self.result.cursor

    @property
    def total_requested(self) -> int:
        """How many assets, partitions and checks are requested."""
        return self.result.total_requested

    @property
    def results(self) -> Mapping[Entity, ConditionNode]:
        """How each condition was evaluated, part by part."""
        return self.result.nodes

    def get_num_requested(self, key: CoercibleToAssetKey | CheckKey | JobKey) -> int:
        """How many partitions of an asset or check are requested; 1 for one without partitions."""
        return len(self._requested(key))

    def get_requested_partitions(self, key: CoercibleToAssetKey | CheckKey | JobKey) -> set[str | None]:
        """The keys of the requested partitions; ``{None}`` for an asset without partitions, an empty set when it is not requested."""
        ordinals = self._requested(key)
        definition = self.space.partitions_def(_entity(key))
        if definition is None:
            return {None} if ordinals else set()
        return set(definition.keys_of(ordinals, self.space.view.table))

    def _requested(self, key: Any) -> OrdinalSet:
        return self.result.requested.get(_entity(key), OrdinalSet())


def evaluate_automation_conditions(
    defs: Any,
    instance: Instance,
    asset_selection: Any = None,
    evaluation_time: datetime | None = None,
    cursor: AutomationCursor | None = None,
    *,
    default_condition: AutomationCondition | None = None,
) -> EvaluateAutomationConditionsResult:
    """Evaluate conditions as the daemon would at `evaluation_time` (default: now). Nothing is started and nothing is written.

    `defs` are definitions or a list of assets. Hand the cursor of one result to the next call to see how things go on.

    >>> from nbasset import AssetMaterialization, AutomationCondition, Instance, asset
    >>> @asset
    ... def orders(): ...
    >>> @asset(deps=[orders], automation_condition=AutomationCondition.eager())
    ... def total(): ...
    >>> with Instance.ephemeral() as instance:
    ...     before = evaluate_automation_conditions([orders, total], instance)
    ...     instance.report_runless_asset_event(AssetMaterialization("orders"))
    ...     after = evaluate_automation_conditions([orders, total], instance, cursor=before.cursor)
    ...     before.total_requested, after.get_requested_partitions("total")
    (0, {None})
    """
    scope = scope_of(defs, instance=instance)
    keys = None if asset_selection is None else AssetSelection.from_coercible(asset_selection).resolve(scope.catalog)
    view = automation_view(scope, cursor, now=evaluation_time, default_condition=default_condition)
    result = evaluate_automation(scope.catalog, view, cursor, keys=keys, default_condition=default_condition)
    return EvaluateAutomationConditionsResult(result, Space(scope.catalog, view.view))


def evaluate_automation_sensor(sensor: AutomationConditionSensorDefinition, context: SensorEvaluationContext) -> SensorExecutionData:
    """What an automation sensor asks for: its cursor holds where its conditions stand.

    Raises
    ------
    InvariantViolationError
        If the cursor is none of an automation sensor.
    """
    scope = scope_of(context.definitions, instance=context.instance)
    result, asked, _ = evaluate_sensor(scope, sensor, context.cursor)
    for entity, error in result.errors.items():
        context.log.error("the condition of %s could not be evaluated: %s", entity, error)
    skipped = None if asked.runs or asked.backfill else "no condition is true"
    return SensorExecutionData(
        asked.runs, skipped, dumps(result.cursor), log_lines=tuple(context.log_lines), backfill=tuple(asked.backfill.items())
    )


def evaluate_sensor(
    scope: Scope, sensor: AutomationConditionSensorDefinition, cursor_text: str | None, *, now: datetime | None = None
) -> tuple[AutomationResult, AutomationRequests, Space]:
    """How the conditions of an automation sensor stand at its cursor, the runs that follow, and the partitions that there are `now`.

    Raises
    ------
    InvariantViolationError
        If the cursor is none of an automation sensor.
    """
    catalog = scope.catalog
    try:
        cursor = loads(cursor_text) if cursor_text else None
    except ValueError:
        cursor = ""
    if cursor is not None and not isinstance(cursor, AutomationCursor):
        raise InvariantViolationError(f"the cursor of sensor '{sensor.name}' is none of an automation sensor. Reset it.")
    keys = sensor.selection.resolve(catalog)
    view = automation_view(scope, cursor, now=now, default_condition=sensor.default_condition)
    result = evaluate_automation(catalog, view, cursor, keys=keys, default_condition=sensor.default_condition)
    asked = automation_requests(
        catalog, view, result, sensor_name=sensor.name, run_tags={**sensor.tags, **sensor.run_tags}, emit_backfills=sensor.emit_backfills
    )
    return result, asked, Space(catalog, view.view)


def automation_view(
    scope: Scope, cursor: AutomationCursor | None, *, now: datetime | None = None, default_condition: AutomationCondition | None = None
) -> AutomationView:
    """The records that an evaluation after `cursor` looks at, read at one moment."""
    reader: StorageReader = scope.instance.reader
    catalog = scope.catalog
    seq = reader.last_seq()
    after = cursor.seq if cursor is not None else seq
    keys = list(catalog.by_key)
    partitioned = [key for key in keys if catalog.by_key[key].partitions_def is not None]
    state = StateView(reader.latest(keys), reader.partition_tables(partitioned) if partitioned else {})
    asked = {part.op for one in conditions_of(catalog, None, default_condition).values() for part in parts_of(one)}

    @cache
    def run_tags(run_id: str) -> Mapping[str, str]:
        run = reader.run(RunId(run_id))
        return run.tags if run is not None else {}

    def no_code(key: AssetKey) -> str:
        return ""

    return AutomationView(
        _view(scope, now),
        state,
        reader.checks(keys) if catalog.checks else {},
        tuple(reader.active_runs()),
        tuple(reader.backfills(active=True, limit=10_000)),
        news_of(_entries(reader, after, seq)),
        seq,
        scope.location.code.version_of if "code_version_changed" in asked else no_code,
        run_tags,
        cache(lambda check: verdicts_by_partition(reader, check)),
    )


def _view(scope: Scope, now: datetime | None) -> PartitionsView:
    _ = scope.instance.storage  # the store numbers partition keys, so it is there before they are asked for
    return scope.view(now)


def _entries(reader: StorageReader, after: int, until: int) -> Iterator[Entry]:
    while after < until and (page := reader.entries(after=after, limit=_PAGE)):
        yield from (entry for entry in page if entry.seq <= until)
        after = page[-1].seq


def _entity(key: Any) -> Entity:
    return key if isinstance(key, (CheckKey, JobKey)) else AssetKey.from_coercible(key)
