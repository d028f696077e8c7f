"""The sensor that evaluates automation conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.catalog_instigators import CatalogSensor, DefaultSensorStatus, SensorExecutionData
from nbasset.definitions.conditions import AutomationCondition
from nbasset.definitions.requests import checked_tags
from nbasset.definitions.runtime import runtime
from nbasset.definitions.schedules import checked_name
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.sensors import SensorEvaluationContext
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize

DEFAULT_AUTOMATION_SENSOR = "default_automation_condition_sensor"


@dataclass(frozen=True, eq=False)
class AutomationConditionSensorDefinition:
    """A sensor that evaluates the conditions of the assets and checks of `target`, and starts what they ask for.

    Runs get `run_tags`. With `emit_backfills` more than one partition of an asset makes a backfill. Assets without a condition get
    `default_condition`, if there is one. Where assets have conditions and no such sensor covers them, a default one does.

    >>> AutomationConditionSensorDefinition("raw_data", target="group:raw").to_catalog().kind
    'automation'
    """

    name: str
    selection: AssetSelection
    tags: Mapping[str, str]
    run_tags: Mapping[str, str]
    default_status: DefaultSensorStatus
    minimum_interval_seconds: int
    description: str | None
    metadata: Mapping[str, MetadataValue]
    emit_backfills: bool
    default_condition: AutomationCondition | None
    required_resource_keys: frozenset[str] = frozenset()

    def __init__(
        self,
        name: str,
        target: Any,
        *,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        emit_backfills: bool = True,
        use_user_code_server: bool = False,
        default_condition: AutomationCondition | None = None,
    ) -> None:
        what = f"sensor '{name}'"
        if default_condition is not None and not isinstance(default_condition, AutomationCondition):
            raise InvalidDefinitionError(f"{what}: default_condition is an AutomationCondition, not {default_condition!r:.60}.")
        put = object.__setattr__
        put(self, "name", checked_name(name, "sensor"))
        put(self, "selection", AssetSelection.from_coercible(target))
        put(self, "tags", checked_tags(tags, what))
        put(self, "run_tags", checked_tags(run_tags, what))
        put(self, "default_status", default_status)
        put(self, "minimum_interval_seconds", 30 if minimum_interval_seconds is None else minimum_interval_seconds)
        put(self, "description", description)
        put(self, "metadata", normalize(metadata, of=what))
        put(self, "emit_backfills", emit_backfills)
        put(self, "default_condition", default_condition)

    @property
    def targets(self) -> tuple[Any, ...]:
        """No target: the conditions say what to start."""
        return ()

    def evaluate_tick(self, context: SensorEvaluationContext) -> SensorExecutionData:
        """What the conditions ask for at the context's cursor: runs, and the partitions of a backfill."""
        found: SensorExecutionData = runtime().evaluate_automation_sensor(self, context)
        return found

    def to_catalog(self) -> CatalogSensor:
        """The same as data."""
        return CatalogSensor(
            self.name,
            "automation",
            (),
            self.minimum_interval_seconds,
            self.default_status,
            self.description,
            self.tags,
            self.metadata,
            selection=self.selection,
            run_tags=self.run_tags,
            emit_backfills=self.emit_backfills,
            condition=self.default_condition,
        )


def default_automation_sensor(
    catalog: Catalog, sensors: Sequence[Any], assets: Iterable[AssetKey]
) -> AutomationConditionSensorDefinition | None:
    """The sensor for conditions that no automation sensor among `sensors` covers; None if all are covered or there are none.

    `assets` are those that have a condition.
    """
    with_condition = set(assets)
    with_condition.update(check.spec.asset_key for check in catalog.checks if check.spec.automation_condition is not None)
    for job in catalog.jobs:
        if job.automation_condition is not None and job.selection is not None:
            with_condition.update(AssetSelection.from_coercible(job.selection).resolve(catalog))
    left = set(with_condition)
    for one in sensors:
        if isinstance(one, AutomationConditionSensorDefinition) and left:
            left -= one.selection.resolve(catalog)
    if not left:
        return None
    target = AssetSelection.keys(*sorted(left)) if left != with_condition else AssetSelection.all(include_sources=True)
    return AutomationConditionSensorDefinition(DEFAULT_AUTOMATION_SENSOR, target)
