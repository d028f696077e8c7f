"""The one door from definitions up to the commands: see `nbasset.definitions.runtime`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nbasset.commands.automation import evaluate_automation_sensor
from nbasset.commands.jobs import execute_in_process
from nbasset.commands.materialize import load_asset_value
from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.catalog_instigators import SensorExecutionData
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.sensors import SensorEvaluationContext
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance
from nbasset.keys import AssetKey


class CommandsRuntime:
    """Carries out the verbs that hang on definitions."""

    def load_asset_value(
        self,
        definitions: Definitions,
        key: AssetKey,
        *,
        python_type: type | None,
        instance: Any,
        partition_key: str | None,
        metadata: Mapping[str, Any] | None,
    ) -> Any:
        """The stored value of an asset."""
        return load_asset_value(
            definitions, key, python_type=python_type, instance=instance, partition_key=partition_key, metadata=metadata
        )  # fmt: skip

    def evaluate_automation_sensor(
        self, sensor: AutomationConditionSensorDefinition, context: SensorEvaluationContext
    ) -> SensorExecutionData:
        """What an automation sensor asks for at the context's cursor."""
        return evaluate_automation_sensor(sensor, context)

    def execute_in_process(self, definition: Any, **options: Any) -> ExecuteInProcessResult:
        """Run a job, graph or op here and now."""
        __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
        return execute_in_process(definition, **options)

    def catalog_of(self, assets: Iterable[Any]) -> Catalog:
        """What is defined where these are all the assets there are."""
        return Definitions(assets=list(assets)).catalog

    def current_instance(self) -> Instance:
        """The instance of the nearest home."""
        return Instance.get()


RUNTIME = CommandsRuntime()
