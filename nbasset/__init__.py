"""Data assets in notebook cells: lineage, plans, runs and Parquet tables.

Define assets with `@asset` (or ``%%asset`` in a notebook), run them with `materialize`, or ``%asset run``. Every public name stands here
and is loaded when it is first used, so that importing the package costs next to nothing.

>>> from nbasset import asset, materialize_to_memory
>>> @asset
... def orders():
...     return [1, 2, 3]
>>> @asset
... def total(orders):
...     return sum(orders)
>>> materialize_to_memory([orders, total]).asset_value("total")
6
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Optional

from nbasset.public_names import PLACES as _PLACES

if TYPE_CHECKING:
    from nbasset.commands.automation import evaluate_automation_conditions as evaluate_automation_conditions
    from nbasset.commands.jobs import build_reconstructable_job as build_reconstructable_job
    from nbasset.commands.jobs import execute_job as execute_job
    from nbasset.commands.jobs import reconstructable as reconstructable
    from nbasset.commands.materialize import materialize as materialize
    from nbasset.commands.materialize import materialize_to_memory as materialize_to_memory
    from nbasset.commands.observe import observe as observe
    from nbasset.definitions.asset import AssetsDefinition as AssetsDefinition
    from nbasset.definitions.asset_decorators import asset as asset
    from nbasset.definitions.asset_decorators import multi_asset as multi_asset
    from nbasset.definitions.asset_job import define_asset_job as define_asset_job
    from nbasset.definitions.asset_sensors import AssetSensorDefinition as AssetSensorDefinition
    from nbasset.definitions.asset_sensors import asset_sensor as asset_sensor
    from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition as AutomationConditionSensorDefinition
    from nbasset.definitions.catalog_instigators import DefaultScheduleStatus as DefaultScheduleStatus
    from nbasset.definitions.catalog_instigators import DefaultSensorStatus as DefaultSensorStatus
    from nbasset.definitions.check_loaders import load_asset_checks_from_current_module as load_asset_checks_from_current_module
    from nbasset.definitions.check_loaders import load_asset_checks_from_modules as load_asset_checks_from_modules
    from nbasset.definitions.check_loaders import load_asset_checks_from_package_module as load_asset_checks_from_package_module
    from nbasset.definitions.check_loaders import load_asset_checks_from_package_name as load_asset_checks_from_package_name
    from nbasset.definitions.checks import asset_check as asset_check
    from nbasset.definitions.checks import multi_asset_check as multi_asset_check
    from nbasset.definitions.conditions import AutomationCondition as AutomationCondition
    from nbasset.definitions.config import Config as Config
    from nbasset.definitions.config import PermissiveConfig as PermissiveConfig
    from nbasset.definitions.config_files import config_from_files as config_from_files
    from nbasset.definitions.config_files import config_from_pkg_resources as config_from_pkg_resources
    from nbasset.definitions.config_files import config_from_yaml_strings as config_from_yaml_strings
    from nbasset.definitions.config_legacy import Array as Array
    from nbasset.definitions.config_legacy import BoolSource as BoolSource
    from nbasset.definitions.config_legacy import Enum as Enum
    from nbasset.definitions.config_legacy import EnumValue as EnumValue
    from nbasset.definitions.config_legacy import Field as Field
    from nbasset.definitions.config_legacy import IntSource as IntSource
    from nbasset.definitions.config_legacy import Map as Map
    from nbasset.definitions.config_legacy import Noneable as Noneable
    from nbasset.definitions.config_legacy import Permissive as Permissive
    from nbasset.definitions.config_legacy import ScalarUnion as ScalarUnion
    from nbasset.definitions.config_legacy import Selector as Selector
    from nbasset.definitions.config_legacy import Shape as Shape
    from nbasset.definitions.config_legacy import StringSource as StringSource
    from nbasset.definitions.config_mapping import ConfigMapping as ConfigMapping
    from nbasset.definitions.config_mapping import config_mapping as config_mapping
    from nbasset.definitions.config_mapping import configured as configured
    from nbasset.definitions.config_markers import ResourceDependency as ResourceDependency
    from nbasset.definitions.config_markers import ResourceParam as ResourceParam
    from nbasset.definitions.definitions import Definitions as Definitions
    from nbasset.definitions.definitions import load_assets_from_current_module as load_assets_from_current_module
    from nbasset.definitions.definitions import load_assets_from_modules as load_assets_from_modules
    from nbasset.definitions.definitions import load_assets_from_package_module as load_assets_from_package_module
    from nbasset.definitions.definitions import load_assets_from_package_name as load_assets_from_package_name
    from nbasset.definitions.definitions import map_asset_specs as map_asset_specs
    from nbasset.definitions.executors import ExecutorDefinition as ExecutorDefinition
    from nbasset.definitions.executors import executor as executor
    from nbasset.definitions.executors import in_process_executor as in_process_executor
    from nbasset.definitions.executors import multi_or_in_process_executor as multi_or_in_process_executor
    from nbasset.definitions.executors import multiprocess_executor as multiprocess_executor
    from nbasset.definitions.executors import thread_executor as thread_executor
    from nbasset.definitions.freshness import apply_freshness_policy as apply_freshness_policy
    from nbasset.definitions.freshness_sensors import build_sensor_for_freshness_checks as build_sensor_for_freshness_checks
    from nbasset.definitions.graph import GraphDefinition as GraphDefinition
    from nbasset.definitions.graph import graph as graph
    from nbasset.definitions.graph_asset import graph_asset as graph_asset
    from nbasset.definitions.graph_asset import graph_multi_asset as graph_multi_asset
    from nbasset.definitions.graph_body import GraphIn as GraphIn
    from nbasset.definitions.graph_body import GraphOut as GraphOut
    from nbasset.definitions.graph_table import DependencyDefinition as DependencyDefinition
    from nbasset.definitions.graph_table import DynamicCollectDependencyDefinition as DynamicCollectDependencyDefinition
    from nbasset.definitions.graph_table import InputMapping as InputMapping
    from nbasset.definitions.graph_table import MultiDependencyDefinition as MultiDependencyDefinition
    from nbasset.definitions.graph_table import NodeInvocation as NodeInvocation
    from nbasset.definitions.graph_table import OutputMapping as OutputMapping
    from nbasset.definitions.hooks import HookDefinition as HookDefinition
    from nbasset.definitions.hooks import failure_hook as failure_hook
    from nbasset.definitions.hooks import success_hook as success_hook
    from nbasset.definitions.job import JobDefinition as JobDefinition
    from nbasset.definitions.job import job as job
    from nbasset.definitions.job import validate_run_config as validate_run_config
    from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest as AddDynamicPartitionsRequest
    from nbasset.definitions.listed_partitions import DeleteDynamicPartitionsRequest as DeleteDynamicPartitionsRequest
    from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition as DynamicPartitionsDefinition
    from nbasset.definitions.listed_partitions import StaticPartitionsDefinition as StaticPartitionsDefinition
    from nbasset.definitions.log_lines import JsonLogFormatter as JsonLogFormatter
    from nbasset.definitions.loggers import InitLoggerContext as InitLoggerContext
    from nbasset.definitions.loggers import LoggerDefinition as LoggerDefinition
    from nbasset.definitions.loggers import build_init_logger_context as build_init_logger_context
    from nbasset.definitions.loggers import colored_console_logger as colored_console_logger
    from nbasset.definitions.loggers import json_console_logger as json_console_logger
    from nbasset.definitions.loggers import logger as logger
    from nbasset.definitions.multi_asset_sensors import MultiAssetSensorDefinition as MultiAssetSensorDefinition
    from nbasset.definitions.multi_asset_sensors import MultiAssetSensorEvaluationContext as MultiAssetSensorEvaluationContext
    from nbasset.definitions.multi_asset_sensors import build_multi_asset_sensor_context as build_multi_asset_sensor_context
    from nbasset.definitions.multi_asset_sensors import multi_asset_sensor as multi_asset_sensor
    from nbasset.definitions.multi_mappings import DimensionPartitionMapping as DimensionPartitionMapping
    from nbasset.definitions.multi_mappings import MultiPartitionMapping as MultiPartitionMapping
    from nbasset.definitions.multi_mappings import MultiToSingleDimensionPartitionMapping as MultiToSingleDimensionPartitionMapping
    from nbasset.definitions.multi_partitions import MultiPartitionKey as MultiPartitionKey
    from nbasset.definitions.multi_partitions import MultiPartitionsDefinition as MultiPartitionsDefinition
    from nbasset.definitions.op import DynamicOut as DynamicOut
    from nbasset.definitions.op import In as In
    from nbasset.definitions.op import OpDefinition as OpDefinition
    from nbasset.definitions.op import Out as Out
    from nbasset.definitions.op_decorator import op as op
    from nbasset.definitions.partition_mapping import PartitionMapping as PartitionMapping
    from nbasset.definitions.partitioned_config import PartitionedConfig as PartitionedConfig
    from nbasset.definitions.partitioned_config import daily_partitioned_config as daily_partitioned_config
    from nbasset.definitions.partitioned_config import dynamic_partitioned_config as dynamic_partitioned_config
    from nbasset.definitions.partitioned_config import hourly_partitioned_config as hourly_partitioned_config
    from nbasset.definitions.partitioned_config import monthly_partitioned_config as monthly_partitioned_config
    from nbasset.definitions.partitioned_config import static_partitioned_config as static_partitioned_config
    from nbasset.definitions.partitioned_config import weekly_partitioned_config as weekly_partitioned_config
    from nbasset.definitions.partitioned_schedules import build_schedule_from_partitioned_job as build_schedule_from_partitioned_job
    from nbasset.definitions.partitions import PartitionKeyRange as PartitionKeyRange
    from nbasset.definitions.partitions import PartitionsDefinition as PartitionsDefinition
    from nbasset.definitions.partitions import TimeWindow as TimeWindow
    from nbasset.definitions.partitions import partition_loading_context as partition_loading_context
    from nbasset.definitions.plain_mappings import AllPartitionMapping as AllPartitionMapping
    from nbasset.definitions.plain_mappings import IdentityPartitionMapping as IdentityPartitionMapping
    from nbasset.definitions.plain_mappings import LastPartitionMapping as LastPartitionMapping
    from nbasset.definitions.plain_mappings import SpecificPartitionsPartitionMapping as SpecificPartitionsPartitionMapping
    from nbasset.definitions.plain_mappings import StaticPartitionMapping as StaticPartitionMapping
    from nbasset.definitions.plain_mappings import TimeWindowPartitionMapping as TimeWindowPartitionMapping
    from nbasset.definitions.policies import BackfillPolicy as BackfillPolicy
    from nbasset.definitions.policies import Backoff as Backoff
    from nbasset.definitions.policies import FreshnessPolicy as FreshnessPolicy
    from nbasset.definitions.policies import Jitter as Jitter
    from nbasset.definitions.policies import RetryPolicy as RetryPolicy
    from nbasset.definitions.reexecution import ReexecutionOptions as ReexecutionOptions
    from nbasset.definitions.reexecution import ReexecutionStrategy as ReexecutionStrategy
    from nbasset.definitions.repository import repository as repository
    from nbasset.definitions.repository import with_resources as with_resources
    from nbasset.definitions.requests import RunRequest as RunRequest
    from nbasset.definitions.requests import SkipReason as SkipReason
    from nbasset.definitions.resources import ConfigurableResource as ConfigurableResource
    from nbasset.definitions.resources import ConfigurableResourceFactory as ConfigurableResourceFactory
    from nbasset.definitions.resources_context import InitResourceContext as InitResourceContext
    from nbasset.definitions.resources_functions import ResourceDefinition as ResourceDefinition
    from nbasset.definitions.resources_functions import make_values_resource as make_values_resource
    from nbasset.definitions.resources_functions import resource as resource
    from nbasset.definitions.resources_open import build_init_resource_context as build_init_resource_context
    from nbasset.definitions.resources_open import build_resources as build_resources
    from nbasset.definitions.results import AssetCheckEvaluation as AssetCheckEvaluation
    from nbasset.definitions.results import AssetCheckResult as AssetCheckResult
    from nbasset.definitions.results import AssetMaterialization as AssetMaterialization
    from nbasset.definitions.results import AssetObservation as AssetObservation
    from nbasset.definitions.results import DataVersion as DataVersion
    from nbasset.definitions.results import DataVersionsByPartition as DataVersionsByPartition
    from nbasset.definitions.results import DynamicOutput as DynamicOutput
    from nbasset.definitions.results import ExpectationResult as ExpectationResult
    from nbasset.definitions.results import MaterializeResult as MaterializeResult
    from nbasset.definitions.results import ObserveResult as ObserveResult
    from nbasset.definitions.results import Output as Output
    from nbasset.definitions.run_config import RunConfig as RunConfig
    from nbasset.definitions.run_status import RunStatus as RunStatus
    from nbasset.definitions.run_status_sensors import RunFailureSensorContext as RunFailureSensorContext
    from nbasset.definitions.run_status_sensors import RunStatusSensorContext as RunStatusSensorContext
    from nbasset.definitions.run_status_sensors import RunStatusSensorDefinition as RunStatusSensorDefinition
    from nbasset.definitions.run_status_sensors import build_run_status_sensor_context as build_run_status_sensor_context
    from nbasset.definitions.run_status_sensors import run_failure_sensor as run_failure_sensor
    from nbasset.definitions.run_status_sensors import run_status_sensor as run_status_sensor
    from nbasset.definitions.schedules import ScheduleDefinition as ScheduleDefinition
    from nbasset.definitions.schedules import ScheduleEvaluationContext as ScheduleEvaluationContext
    from nbasset.definitions.schedules import build_schedule_context as build_schedule_context
    from nbasset.definitions.schedules import schedule as schedule
    from nbasset.definitions.selection import AssetSelection as AssetSelection
    from nbasset.definitions.sensors import SensorDefinition as SensorDefinition
    from nbasset.definitions.sensors import SensorEvaluationContext as SensorEvaluationContext
    from nbasset.definitions.sensors import SensorResult as SensorResult
    from nbasset.definitions.sensors import build_sensor_context as build_sensor_context
    from nbasset.definitions.sensors import sensor as sensor
    from nbasset.definitions.sources import SourceAsset as SourceAsset
    from nbasset.definitions.sources import multi_observable_source_asset as multi_observable_source_asset
    from nbasset.definitions.sources import observable_source_asset as observable_source_asset
    from nbasset.definitions.specs import AssetCheckSpec as AssetCheckSpec
    from nbasset.definitions.specs import AssetDep as AssetDep
    from nbasset.definitions.specs import AssetIn as AssetIn
    from nbasset.definitions.specs import AssetOut as AssetOut
    from nbasset.definitions.specs import AssetSpec as AssetSpec
    from nbasset.definitions.standard_checks import build_column_schema_change_checks as build_column_schema_change_checks
    from nbasset.definitions.standard_checks import build_last_update_freshness_checks as build_last_update_freshness_checks
    from nbasset.definitions.standard_checks import build_metadata_bounds_checks as build_metadata_bounds_checks
    from nbasset.definitions.standard_checks import build_not_null_checks as build_not_null_checks
    from nbasset.definitions.standard_checks import build_row_count_checks as build_row_count_checks
    from nbasset.definitions.standard_checks import build_time_partition_freshness_checks as build_time_partition_freshness_checks
    from nbasset.definitions.standard_checks import build_unique_checks as build_unique_checks
    from nbasset.definitions.table_columns import Column as Column
    from nbasset.definitions.table_columns import RowCountConstraint as RowCountConstraint
    from nbasset.definitions.table_columns import StrictColumnsConstraint as StrictColumnsConstraint
    from nbasset.definitions.table_pandera import pandera_schema_to_type as pandera_schema_to_type
    from nbasset.definitions.table_types import create_dataframe_type as create_dataframe_type
    from nbasset.definitions.table_types import create_structured_dataframe_type as create_structured_dataframe_type
    from nbasset.definitions.time_partitions import DailyPartitionsDefinition as DailyPartitionsDefinition
    from nbasset.definitions.time_partitions import HourlyPartitionsDefinition as HourlyPartitionsDefinition
    from nbasset.definitions.time_partitions import MonthlyPartitionsDefinition as MonthlyPartitionsDefinition
    from nbasset.definitions.time_partitions import TimeWindowPartitionsDefinition as TimeWindowPartitionsDefinition
    from nbasset.definitions.time_partitions import WeeklyPartitionsDefinition as WeeklyPartitionsDefinition
    from nbasset.definitions.time_windows import ScheduleType as ScheduleType
    from nbasset.definitions.value_loader import AssetValueLoader as AssetValueLoader
    from nbasset.definitions.value_types import Nothing as Nothing
    from nbasset.definitions.value_types import PythonObjectType as PythonObjectType
    from nbasset.definitions.value_types import Type as Type
    from nbasset.definitions.value_types import TypeCheck as TypeCheck
    from nbasset.definitions.value_types import TypeCheckContext as TypeCheckContext
    from nbasset.definitions.value_types import check_type as check_type
    from nbasset.definitions.value_types import make_python_type_usable_as_type as make_python_type_usable_as_type
    from nbasset.definitions.value_types import type_loader as type_loader
    from nbasset.definitions.value_types import usable_as_type as usable_as_type
    from nbasset.errors import AssetCycle as AssetCycle
    from nbasset.errors import ChangedByHand as ChangedByHand
    from nbasset.errors import CorruptData as CorruptData
    from nbasset.errors import DuplicateAsset as DuplicateAsset
    from nbasset.errors import Error as Error
    from nbasset.errors import Failure as Failure
    from nbasset.errors import HiddenState as HiddenState
    from nbasset.errors import InvalidConfigError as InvalidConfigError
    from nbasset.errors import InvalidDefinitionError as InvalidDefinitionError
    from nbasset.errors import InvalidInvocationError as InvalidInvocationError
    from nbasset.errors import InvalidNotebook as InvalidNotebook
    from nbasset.errors import InvariantViolationError as InvariantViolationError
    from nbasset.errors import LocationError as LocationError
    from nbasset.errors import MissingValue as MissingValue
    from nbasset.errors import PartitionBusy as PartitionBusy
    from nbasset.errors import PipesExecutionError as PipesExecutionError
    from nbasset.errors import Problem as Problem
    from nbasset.errors import ProblemsFound as ProblemsFound
    from nbasset.errors import RetryRequested as RetryRequested
    from nbasset.errors import RunCancelled as RunCancelled
    from nbasset.errors import RunFailure as RunFailure
    from nbasset.errors import SchemaMismatch as SchemaMismatch
    from nbasset.errors import StorageCorrupt as StorageCorrupt
    from nbasset.errors import StorageUnavailable as StorageUnavailable
    from nbasset.errors import TypeCheckDidNotPass as TypeCheckDidNotPass
    from nbasset.errors import UnknownAsset as UnknownAsset
    from nbasset.errors import UnknownPartitionError as UnknownPartitionError
    from nbasset.errors import UnknownResource as UnknownResource
    from nbasset.errors import UnstorableValue as UnstorableValue
    from nbasset.errors import WorkerLost as WorkerLost
    from nbasset.events.facts import AssetCheckKey as AssetCheckKey
    from nbasset.events.facts import AssetCheckSeverity as AssetCheckSeverity
    from nbasset.events.facts import CheckKey as CheckKey
    from nbasset.events.records import Run as Run
    from nbasset.events.records import RunRecord as RunRecord
    from nbasset.execution.capture import get_logger as get_logger
    from nbasset.execution.context import AssetCheckExecutionContext as AssetCheckExecutionContext
    from nbasset.execution.context import AssetExecutionContext as AssetExecutionContext
    from nbasset.execution.context import OpExecutionContext as OpExecutionContext
    from nbasset.execution.direct_contexts import build_asset_check_context as build_asset_check_context
    from nbasset.execution.direct_contexts import build_asset_context as build_asset_context
    from nbasset.execution.direct_contexts import build_op_context as build_op_context
    from nbasset.execution.hooks import HookContext as HookContext
    from nbasset.execution.hooks import build_hook_context as build_hook_context
    from nbasset.execution.pipes import PipesClientCompletedInvocation as PipesClientCompletedInvocation
    from nbasset.execution.pipes import PipesSession as PipesSession
    from nbasset.execution.pipes import PipesSubprocessClient as PipesSubprocessClient
    from nbasset.execution.pipes import open_pipes_session as open_pipes_session
    from nbasset.execution.pipes_transport import PipesContextInjector as PipesContextInjector
    from nbasset.execution.pipes_transport import PipesEnvContextInjector as PipesEnvContextInjector
    from nbasset.execution.pipes_transport import PipesFileContextInjector as PipesFileContextInjector
    from nbasset.execution.pipes_transport import PipesFileMessageReader as PipesFileMessageReader
    from nbasset.execution.pipes_transport import PipesMessageHandler as PipesMessageHandler
    from nbasset.execution.pipes_transport import PipesMessageReader as PipesMessageReader
    from nbasset.execution.pipes_transport import PipesTempFileContextInjector as PipesTempFileContextInjector
    from nbasset.execution.pipes_transport import PipesTempFileMessageReader as PipesTempFileMessageReader
    from nbasset.execution.result import ExecuteInProcessResult as ExecuteInProcessResult
    from nbasset.instance import Instance as Instance
    from nbasset.instance import instance_for_test as instance_for_test
    from nbasset.io_managers.configurable import ConfigurableIOManager as ConfigurableIOManager
    from nbasset.io_managers.configurable import ConfigurableIOManagerFactory as ConfigurableIOManagerFactory
    from nbasset.io_managers.configurable import InputManagerDefinition as InputManagerDefinition
    from nbasset.io_managers.configurable import IOManagerDefinition as IOManagerDefinition
    from nbasset.io_managers.configurable import custom_path_fs_io_manager as custom_path_fs_io_manager
    from nbasset.io_managers.configurable import fs_io_manager as fs_io_manager
    from nbasset.io_managers.configurable import input_manager as input_manager
    from nbasset.io_managers.configurable import io_manager as io_manager
    from nbasset.io_managers.configurable import mem_io_manager as mem_io_manager
    from nbasset.io_managers.memory import InMemoryIOManager as InMemoryIOManager
    from nbasset.io_managers.parquet import ParquetIOManager as ParquetIOManager
    from nbasset.io_managers.pickled import FilesystemIOManager as FilesystemIOManager
    from nbasset.io_managers.protocol import InputContext as InputContext
    from nbasset.io_managers.protocol import InputManager as InputManager
    from nbasset.io_managers.protocol import IOManager as IOManager
    from nbasset.io_managers.protocol import OutputContext as OutputContext
    from nbasset.io_managers.protocol import build_input_context as build_input_context
    from nbasset.io_managers.protocol import build_output_context as build_output_context
    from nbasset.io_managers.upath import UPathIOManager as UPathIOManager
    from nbasset.keys import AssetKey as AssetKey
    from nbasset.locations.from_modules import load_definitions_from_current_module as load_definitions_from_current_module
    from nbasset.locations.from_modules import load_definitions_from_module as load_definitions_from_module
    from nbasset.locations.from_modules import load_definitions_from_modules as load_definitions_from_modules
    from nbasset.locations.from_modules import load_definitions_from_package_module as load_definitions_from_package_module
    from nbasset.locations.from_modules import load_definitions_from_package_name as load_definitions_from_package_name
    from nbasset.metadata import MetadataValue as MetadataValue
    from nbasset.metadata import TableColumn as TableColumn
    from nbasset.metadata import TableColumnConstraints as TableColumnConstraints
    from nbasset.metadata import TableColumnDep as TableColumnDep
    from nbasset.metadata import TableColumnLineage as TableColumnLineage
    from nbasset.metadata import TableConstraints as TableConstraints
    from nbasset.metadata import TableRecord as TableRecord
    from nbasset.metadata import TableSchema as TableSchema
    from nbasset.metadata_kinds import AssetMetadataValue as AssetMetadataValue
    from nbasset.metadata_kinds import BoolMetadataValue as BoolMetadataValue
    from nbasset.metadata_kinds import FloatMetadataValue as FloatMetadataValue
    from nbasset.metadata_kinds import IntMetadataValue as IntMetadataValue
    from nbasset.metadata_kinds import JobMetadataValue as JobMetadataValue
    from nbasset.metadata_kinds import JsonMetadataValue as JsonMetadataValue
    from nbasset.metadata_kinds import MarkdownMetadataValue as MarkdownMetadataValue
    from nbasset.metadata_kinds import NotebookMetadataValue as NotebookMetadataValue
    from nbasset.metadata_kinds import NullMetadataValue as NullMetadataValue
    from nbasset.metadata_kinds import PathMetadataValue as PathMetadataValue
    from nbasset.metadata_kinds import PoolMetadataValue as PoolMetadataValue
    from nbasset.metadata_kinds import PythonArtifactMetadataValue as PythonArtifactMetadataValue
    from nbasset.metadata_kinds import RunMetadataValue as RunMetadataValue
    from nbasset.metadata_kinds import TableColumnLineageMetadataValue as TableColumnLineageMetadataValue
    from nbasset.metadata_kinds import TableMetadataValue as TableMetadataValue
    from nbasset.metadata_kinds import TableSchemaMetadataValue as TableSchemaMetadataValue
    from nbasset.metadata_kinds import TextMetadataValue as TextMetadataValue
    from nbasset.metadata_kinds import TimestampMetadataValue as TimestampMetadataValue
    from nbasset.metadata_kinds import UrlMetadataValue as UrlMetadataValue
    from nbasset.notebook.assets import assets as assets
    from nbasset.notify.email_on_failure import make_email_on_run_failure_sensor as make_email_on_run_failure_sensor
    from nbasset.places import file_relative_path as file_relative_path
    from nbasset.planning.freshness import FreshnessState as FreshnessState
    from nbasset.record_filters import AssetPartitionStatus as AssetPartitionStatus
    from nbasset.record_filters import AssetRecordsFilter as AssetRecordsFilter
    from nbasset.record_filters import DataProvenance as DataProvenance
    from nbasset.record_filters import EventLogEntry as EventLogEntry
    from nbasset.record_filters import EventRecord as EventRecord
    from nbasset.record_filters import EventRecordsFilter as EventRecordsFilter
    from nbasset.record_filters import EventType as EventType
    from nbasset.record_filters import RunsFilter as RunsFilter
    from nbasset.secrets import EnvVar as EnvVar

__version__ = "0.1.0"

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension", *_PLACES]  # noqa: PLE0604 - texts all of them


_OLDER_TYPES = {
    "Int": int, "String": str, "Float": float, "Bool": bool, "List": list, "Dict": dict, "Set": set, "Tuple": tuple, "Optional": Optional,
}  # fmt: skip
"""What scripts of the older kind write in a schema or as a type: ``Field(Int)``, ``In(List[Int])``."""
_OTHER_NAMES = {
    "AssetChecksDefinition": "definitions.asset:AssetsDefinition",
    "InvalidSubsetError": "errors:InvalidSelection",
    "JobExecutionResult": "execution.result:ExecuteInProcessResult",
    "MAX_RUNTIME_SECONDS_TAG": "commands.run_rules:MAX_RUNTIME_TAG",
    "RunNotFoundError": "errors:UnknownRun",
    "UnknownResourceError": "errors:UnknownResource",
}
"""What scripts of the field import for an annotation or an ``except``, and what it is here."""
_OWN_MODULES = frozenset({"cli_pipe", "clock", "errors", "instance", "serde"})
"""Modules that others here import by name: Python asks for an attribute first, and looks for the module when told that there is none."""


def __getattr__(name: str) -> Any:
    """A public name, loaded now."""
    module = _PLACES.get(name)
    if module is None and name in _OLDER_TYPES:
        return _OLDER_TYPES[name]
    if module is None and name in _OTHER_NAMES:
        place, _, here = _OTHER_NAMES[name].partition(":")
        return getattr(import_module(f"nbasset.{place}"), here)
    if name in _OWN_MODULES:
        raise AttributeError(name)
    if module is None:
        from nbasset.errors import did_you_mean

        raise AttributeError(f"nbasset has no {name!r}. {did_you_mean(name, _PLACES)}".rstrip())
    value = globals()[name] = getattr(import_module(f"nbasset.{module}"), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """What ``%load_ext nbasset`` calls: it adds the magic ``asset`` to the session."""
    import_module("nbasset.notebook.magics").load_ipython_extension(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """What ``%unload_ext nbasset`` calls: it takes the magic away again."""
    import_module("nbasset.notebook.magics").unload_ipython_extension(ipython)
