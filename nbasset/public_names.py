"""The public names and the modules that hold them: what the package loads when a name is first used."""

from __future__ import annotations

_MODULES = {
    "commands.automation": "evaluate_automation_conditions",
    "commands.jobs": "build_reconstructable_job execute_job reconstructable",
    "commands.materialize": "materialize materialize_to_memory",
    "commands.observe": "observe",
    "definitions.asset": "AssetsDefinition",
    "definitions.asset_decorators": "asset multi_asset",
    "definitions.asset_job": "define_asset_job",
    "definitions.asset_sensors": "AssetSensorDefinition asset_sensor",
    "definitions.automation_sensors": "AutomationConditionSensorDefinition",
    "definitions.catalog_instigators": "DefaultScheduleStatus DefaultSensorStatus",
    "definitions.check_loaders": (
        "load_asset_checks_from_current_module load_asset_checks_from_modules load_asset_checks_from_package_module "
        "load_asset_checks_from_package_name"
    ),
    "definitions.checks": "asset_check multi_asset_check",
    "definitions.conditions": "AutomationCondition",
    "definitions.config": "Config PermissiveConfig",
    "definitions.config_files": "config_from_files config_from_pkg_resources config_from_yaml_strings",
    "definitions.config_legacy": (
        "Array BoolSource Enum EnumValue Field IntSource Map Noneable Permissive ScalarUnion Selector Shape StringSource"
    ),
    "definitions.config_mapping": "ConfigMapping config_mapping configured",
    "definitions.config_markers": "ResourceDependency ResourceParam",
    "definitions.definitions": (
        "Definitions load_assets_from_current_module load_assets_from_modules load_assets_from_package_module "
        "load_assets_from_package_name map_asset_specs"
    ),
    "definitions.executors": (
        "ExecutorDefinition executor in_process_executor multi_or_in_process_executor multiprocess_executor thread_executor"
    ),
    "definitions.freshness": "apply_freshness_policy",
    "definitions.freshness_sensors": "build_sensor_for_freshness_checks",
    "definitions.graph": "GraphDefinition graph",
    "definitions.graph_asset": "graph_asset graph_multi_asset",
    "definitions.graph_body": "GraphIn GraphOut",
    "definitions.graph_table": (
        "DependencyDefinition DynamicCollectDependencyDefinition InputMapping MultiDependencyDefinition NodeInvocation OutputMapping"
    ),
    "definitions.hooks": "HookDefinition failure_hook success_hook",
    "definitions.job": "JobDefinition job validate_run_config",
    "definitions.listed_partitions": (
        "AddDynamicPartitionsRequest DeleteDynamicPartitionsRequest DynamicPartitionsDefinition StaticPartitionsDefinition"
    ),
    "definitions.log_lines": "JsonLogFormatter",
    "definitions.loggers": (
        "InitLoggerContext LoggerDefinition build_init_logger_context colored_console_logger json_console_logger logger"
    ),
    "definitions.multi_asset_sensors": (
        "MultiAssetSensorDefinition MultiAssetSensorEvaluationContext build_multi_asset_sensor_context multi_asset_sensor"
    ),
    "definitions.multi_mappings": "DimensionPartitionMapping MultiPartitionMapping MultiToSingleDimensionPartitionMapping",
    "definitions.multi_partitions": "MultiPartitionKey MultiPartitionsDefinition",
    "definitions.op": "DynamicOut In OpDefinition Out",
    "definitions.op_decorator": "op",
    "definitions.partition_mapping": "PartitionMapping",
    "definitions.partitioned_config": (
        "PartitionedConfig daily_partitioned_config dynamic_partitioned_config hourly_partitioned_config "
        "monthly_partitioned_config static_partitioned_config weekly_partitioned_config"
    ),
    "definitions.partitioned_schedules": "build_schedule_from_partitioned_job",
    "definitions.partitions": "PartitionKeyRange PartitionsDefinition TimeWindow partition_loading_context",
    "definitions.plain_mappings": (
        "AllPartitionMapping IdentityPartitionMapping LastPartitionMapping SpecificPartitionsPartitionMapping "
        "StaticPartitionMapping TimeWindowPartitionMapping"
    ),
    "definitions.policies": "BackfillPolicy Backoff FreshnessPolicy Jitter RetryPolicy",
    "definitions.reexecution": "ReexecutionOptions ReexecutionStrategy",
    "definitions.repository": "repository with_resources",
    "definitions.requests": "RunRequest SkipReason",
    "definitions.resources": "ConfigurableResource ConfigurableResourceFactory",
    "definitions.resources_context": "InitResourceContext",
    "definitions.resources_functions": "ResourceDefinition make_values_resource resource",
    "definitions.resources_open": "build_init_resource_context build_resources",
    "definitions.results": (
        "AssetCheckEvaluation AssetCheckResult AssetMaterialization AssetObservation DataVersion "
        "DataVersionsByPartition DynamicOutput ExpectationResult MaterializeResult ObserveResult Output"
    ),
    "definitions.run_config": "RunConfig",
    "definitions.run_status": "RunStatus",
    "definitions.run_status_sensors": (
        "RunFailureSensorContext RunStatusSensorContext RunStatusSensorDefinition build_run_status_sensor_context "
        "run_failure_sensor run_status_sensor"
    ),
    "definitions.schedules": "ScheduleDefinition ScheduleEvaluationContext build_schedule_context schedule",
    "definitions.selection": "AssetSelection",
    "definitions.sensors": "SensorDefinition SensorEvaluationContext SensorResult build_sensor_context sensor",
    "definitions.sources": "SourceAsset multi_observable_source_asset observable_source_asset",
    "definitions.specs": "AssetCheckSpec AssetDep AssetIn AssetOut AssetSpec",
    "definitions.standard_checks": (
        "build_column_schema_change_checks build_last_update_freshness_checks build_metadata_bounds_checks "
        "build_not_null_checks build_row_count_checks build_time_partition_freshness_checks build_unique_checks"
    ),
    "definitions.table_columns": "Column RowCountConstraint StrictColumnsConstraint",
    "definitions.table_pandera": "pandera_schema_to_type",
    "definitions.table_types": "create_dataframe_type create_structured_dataframe_type",
    "definitions.time_partitions": (
        "DailyPartitionsDefinition HourlyPartitionsDefinition MonthlyPartitionsDefinition TimeWindowPartitionsDefinition "
        "WeeklyPartitionsDefinition"
    ),
    "definitions.time_windows": "ScheduleType",
    "definitions.value_loader": "AssetValueLoader",
    "definitions.value_types": (
        "Nothing PythonObjectType Type TypeCheck TypeCheckContext check_type make_python_type_usable_as_type type_loader usable_as_type"
    ),
    "errors": (
        "AssetCycle ChangedByHand CorruptData DuplicateAsset Error Failure HiddenState InvalidConfigError "
        "InvalidDefinitionError InvalidInvocationError InvalidNotebook InvariantViolationError LocationError MissingValue "
        "PartitionBusy PipesExecutionError Problem ProblemsFound RetryRequested RunCancelled RunFailure SchemaMismatch "
        "StorageCorrupt StorageUnavailable TypeCheckDidNotPass UnknownAsset UnknownPartitionError UnknownResource "
        "UnstorableValue WorkerLost"
    ),
    "events.facts": "AssetCheckKey AssetCheckSeverity CheckKey",
    "events.records": "Run RunRecord",
    "execution.capture": "get_logger",
    "execution.context": "AssetCheckExecutionContext AssetExecutionContext OpExecutionContext",
    "execution.direct_contexts": "build_asset_check_context build_asset_context build_op_context",
    "execution.hooks": "HookContext build_hook_context",
    "execution.pipes": "PipesClientCompletedInvocation PipesSession PipesSubprocessClient open_pipes_session",
    "execution.pipes_transport": (
        "PipesContextInjector PipesEnvContextInjector PipesFileContextInjector PipesFileMessageReader PipesMessageHandler "
        "PipesMessageReader PipesTempFileContextInjector PipesTempFileMessageReader"
    ),
    "execution.result": "ExecuteInProcessResult",
    "instance": "Instance instance_for_test",
    "io_managers.configurable": (
        "ConfigurableIOManager ConfigurableIOManagerFactory IOManagerDefinition InputManagerDefinition custom_path_fs_io_manager "
        "fs_io_manager input_manager io_manager mem_io_manager"
    ),
    "io_managers.memory": "InMemoryIOManager",
    "io_managers.parquet": "ParquetIOManager",
    "io_managers.pickled": "FilesystemIOManager",
    "io_managers.protocol": "IOManager InputContext InputManager OutputContext build_input_context build_output_context",
    "io_managers.upath": "UPathIOManager",
    "keys": "AssetKey",
    "locations.from_modules": (
        "load_definitions_from_current_module load_definitions_from_module load_definitions_from_modules "
        "load_definitions_from_package_module load_definitions_from_package_name"
    ),
    "metadata": (
        "MetadataValue TableColumn TableColumnConstraints TableColumnDep TableColumnLineage TableConstraints TableRecord TableSchema"
    ),
    "metadata_kinds": (
        "AssetMetadataValue BoolMetadataValue FloatMetadataValue IntMetadataValue JobMetadataValue JsonMetadataValue "
        "MarkdownMetadataValue NotebookMetadataValue NullMetadataValue PathMetadataValue PoolMetadataValue "
        "PythonArtifactMetadataValue RunMetadataValue TableColumnLineageMetadataValue TableMetadataValue TableSchemaMetadataValue "
        "TextMetadataValue TimestampMetadataValue UrlMetadataValue"
    ),
    "notebook.assets": "assets",
    "notify.email_on_failure": "make_email_on_run_failure_sensor",
    "places": "file_relative_path",
    "planning.freshness": "FreshnessState",
    "record_filters": (
        "AssetPartitionStatus AssetRecordsFilter DataProvenance EventLogEntry EventRecord EventRecordsFilter EventType RunsFilter"
    ),
    "secrets": "EnvVar",
}
PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}
"""The module of each public name, below the package."""
