// Written by generate_documents.py from run.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type Fact = {
  readonly __typename: "AssetMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly assetKey: {
    readonly path: readonly string[];
  };
} | {
  readonly __typename: "BoolMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly boolValue: boolean | null;
} | {
  readonly __typename: "CodeReferencesMetadataEntry" | "JobMetadataEntry" | "NullMetadataEntry" | "PoolMetadataEntry" | "PythonArtifactMetadataEntry" | "TableColumnLineageMetadataEntry" | "TableMetadataEntry" | "TableSchemaMetadataEntry";
  readonly label: string;
  readonly description: string | null;
} | {
  readonly __typename: "FloatMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly floatRepr: string;
} | {
  readonly __typename: "IntMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly intRepr: string;
} | {
  readonly __typename: "JsonMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly jsonString: string;
} | {
  readonly __typename: "MarkdownMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly mdStr: string;
} | {
  readonly __typename: "NotebookMetadataEntry" | "PathMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly path: string;
} | {
  readonly __typename: "PipelineRunMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly runId: string;
} | {
  readonly __typename: "TextMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly text: string;
} | {
  readonly __typename: "TimestampMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly timestamp: number;
} | {
  readonly __typename: "UrlMetadataEntry";
  readonly label: string;
  readonly description: string | null;
  readonly url: string;
};

export type RunData = {
  readonly runOrError: {
    readonly __typename: "Run";
    readonly runId: string;
    readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
    readonly title: string;
    readonly jobName: string;
    readonly startedBy: string;
    readonly user: string;
    readonly waitsFor: string | null;
    readonly failureText: string | null;
    readonly stepCounts: readonly ({
      readonly status: "SKIPPED" | "SUCCESS" | "FAILURE" | "IN_PROGRESS";
      readonly count: number;
    })[];
    readonly creationTime: number;
    readonly startTime: number | null;
    readonly endTime: number | null;
    readonly canTerminate: boolean;
    readonly parentRunId: string | null;
    readonly rootRunId: string | null;
    readonly runConfigYaml: string;
    readonly stepKeysToExecute: readonly string[] | null;
    readonly assetSelection: readonly {
      readonly path: readonly string[];
    }[] | null;
    readonly repositoryOrigin: {
      readonly repositoryName: string;
      readonly repositoryLocationName: string;
    } | null;
    readonly tags: readonly {
      readonly key: string;
      readonly value: string;
    }[];
  } | {
    readonly __typename: "RunNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type RunVariables = { readonly run: string };

export const RunDocument = documentOf<RunData, RunVariables>(
  "Run",
  "query Run($run:ID!){runOrError(runId:$run){__typename ...on Run{runId status title jobName startedBy user waitsFor failureText stepCounts{status count}creationTime startTime endTime canTerminate parentRunId rootRunId runConfigYaml stepKeysToExecute assetSelection{path}repositoryOrigin{repositoryName repositoryLocationName}tags{key value}}...on Error{message}}}",
);

export type RunIdsData = {
  readonly runIdsOrError: {
    readonly __typename: "RunIds";
    readonly results: readonly string[];
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
};

export type RunIdsVariables = Record<string, never>;

export const RunIdsDocument = documentOf<RunIdsData, RunIdsVariables>(
  "RunIds",
  "query RunIds{runIdsOrError(limit:500){__typename ...on RunIds{results}}}",
);

export type RunEventsData = {
  readonly logsForRun: {
    readonly __typename: "EventConnection";
    readonly cursor: string;
    readonly hasMore: boolean;
    readonly events: readonly ({
      readonly __typename: "ExecutionStepFailureEvent" | "RunFailureEvent" | "RunCanceledEvent" | "HookErroredEvent";
      readonly message: string;
      readonly timestamp: string;
      readonly level: "CRITICAL" | "ERROR" | "INFO" | "WARNING" | "DEBUG";
      readonly stepKey: string | null;
      readonly eventType: "STEP_OUTPUT" | "STEP_INPUT" | "STEP_FAILURE" | "STEP_START" | "STEP_SUCCESS" | "STEP_SKIPPED" | "STEP_WORKER_STARTING" | "STEP_WORKER_STARTED" | "RESOURCE_INIT_STARTED" | "RESOURCE_INIT_SUCCESS" | "RESOURCE_INIT_FAILURE" | "STEP_UP_FOR_RETRY" | "STEP_RESTARTED" | "ASSET_MATERIALIZATION" | "ASSET_MATERIALIZATION_PLANNED" | "ASSET_FAILED_TO_MATERIALIZE" | "ASSET_OBSERVATION" | "STEP_EXPECTATION_RESULT" | "ASSET_CHECK_EVALUATION_PLANNED" | "ASSET_CHECK_EVALUATION" | "ASSET_HEALTH_CHANGED" | "ASSET_WIPED" | "RUN_ENQUEUED" | "RUN_DEQUEUED" | "RUN_STARTING" | "RUN_START" | "RUN_SUCCESS" | "RUN_FAILURE" | "RUN_CANCELING" | "RUN_CANCELED" | "RUN_SUSPENDED" | "RUN_RESUMED" | "PIPELINE_ENQUEUED" | "PIPELINE_DEQUEUED" | "PIPELINE_STARTING" | "PIPELINE_START" | "PIPELINE_SUCCESS" | "PIPELINE_FAILURE" | "PIPELINE_CANCELING" | "PIPELINE_CANCELED" | "OBJECT_STORE_OPERATION" | "ASSET_STORE_OPERATION" | "LOADED_INPUT" | "HANDLED_OUTPUT" | "ENGINE_EVENT" | "HOOK_COMPLETED" | "HOOK_ERRORED" | "HOOK_SKIPPED" | "ALERT_START" | "ALERT_SUCCESS" | "ALERT_FAILURE" | "LOGS_CAPTURED" | "FRESHNESS_STATE_EVALUATION" | "FRESHNESS_STATE_CHANGE" | "CODE_LOCATION_UPDATED" | null;
      readonly error: {
        readonly className: string | null;
        readonly message: string;
        readonly place: string;
      } | null;
    } | {
      readonly __typename: "ExecutionStepInputEvent" | "ExecutionStepSkippedEvent" | "ExecutionStepStartEvent" | "ExecutionStepSuccessEvent" | "ExecutionStepRestartEvent" | "LogMessageEvent" | "RunStartEvent" | "RunEnqueuedEvent" | "RunDequeuedEvent" | "RunStartingEvent" | "RunCancelingEvent" | "RunSuspendedEvent" | "RunResumedEvent" | "RunSuccessEvent" | "LogsCapturedEvent" | "ObjectStoreOperationEvent" | "StepExpectationResultEvent" | "HookCompletedEvent" | "HookSkippedEvent" | "AlertStartEvent" | "AlertSuccessEvent" | "AlertFailureEvent" | "AssetMaterializationPlannedEvent" | "AssetCheckEvaluationPlannedEvent" | "AssetCheckEvaluationEvent";
      readonly message: string;
      readonly timestamp: string;
      readonly level: "CRITICAL" | "ERROR" | "INFO" | "WARNING" | "DEBUG";
      readonly stepKey: string | null;
      readonly eventType: "STEP_OUTPUT" | "STEP_INPUT" | "STEP_FAILURE" | "STEP_START" | "STEP_SUCCESS" | "STEP_SKIPPED" | "STEP_WORKER_STARTING" | "STEP_WORKER_STARTED" | "RESOURCE_INIT_STARTED" | "RESOURCE_INIT_SUCCESS" | "RESOURCE_INIT_FAILURE" | "STEP_UP_FOR_RETRY" | "STEP_RESTARTED" | "ASSET_MATERIALIZATION" | "ASSET_MATERIALIZATION_PLANNED" | "ASSET_FAILED_TO_MATERIALIZE" | "ASSET_OBSERVATION" | "STEP_EXPECTATION_RESULT" | "ASSET_CHECK_EVALUATION_PLANNED" | "ASSET_CHECK_EVALUATION" | "ASSET_HEALTH_CHANGED" | "ASSET_WIPED" | "RUN_ENQUEUED" | "RUN_DEQUEUED" | "RUN_STARTING" | "RUN_START" | "RUN_SUCCESS" | "RUN_FAILURE" | "RUN_CANCELING" | "RUN_CANCELED" | "RUN_SUSPENDED" | "RUN_RESUMED" | "PIPELINE_ENQUEUED" | "PIPELINE_DEQUEUED" | "PIPELINE_STARTING" | "PIPELINE_START" | "PIPELINE_SUCCESS" | "PIPELINE_FAILURE" | "PIPELINE_CANCELING" | "PIPELINE_CANCELED" | "OBJECT_STORE_OPERATION" | "ASSET_STORE_OPERATION" | "LOADED_INPUT" | "HANDLED_OUTPUT" | "ENGINE_EVENT" | "HOOK_COMPLETED" | "HOOK_ERRORED" | "HOOK_SKIPPED" | "ALERT_START" | "ALERT_SUCCESS" | "ALERT_FAILURE" | "LOGS_CAPTURED" | "FRESHNESS_STATE_EVALUATION" | "FRESHNESS_STATE_CHANGE" | "CODE_LOCATION_UPDATED" | null;
    } | {
      readonly __typename: "ExecutionStepOutputEvent" | "HealthChangedEvent" | "ResourceInitStartedEvent" | "ResourceInitSuccessEvent" | "StepWorkerStartedEvent" | "StepWorkerStartingEvent" | "HandledOutputEvent" | "LoadedInputEvent" | "FailedToMaterializeEvent";
      readonly message: string;
      readonly timestamp: string;
      readonly level: "CRITICAL" | "ERROR" | "INFO" | "WARNING" | "DEBUG";
      readonly stepKey: string | null;
      readonly eventType: "STEP_OUTPUT" | "STEP_INPUT" | "STEP_FAILURE" | "STEP_START" | "STEP_SUCCESS" | "STEP_SKIPPED" | "STEP_WORKER_STARTING" | "STEP_WORKER_STARTED" | "RESOURCE_INIT_STARTED" | "RESOURCE_INIT_SUCCESS" | "RESOURCE_INIT_FAILURE" | "STEP_UP_FOR_RETRY" | "STEP_RESTARTED" | "ASSET_MATERIALIZATION" | "ASSET_MATERIALIZATION_PLANNED" | "ASSET_FAILED_TO_MATERIALIZE" | "ASSET_OBSERVATION" | "STEP_EXPECTATION_RESULT" | "ASSET_CHECK_EVALUATION_PLANNED" | "ASSET_CHECK_EVALUATION" | "ASSET_HEALTH_CHANGED" | "ASSET_WIPED" | "RUN_ENQUEUED" | "RUN_DEQUEUED" | "RUN_STARTING" | "RUN_START" | "RUN_SUCCESS" | "RUN_FAILURE" | "RUN_CANCELING" | "RUN_CANCELED" | "RUN_SUSPENDED" | "RUN_RESUMED" | "PIPELINE_ENQUEUED" | "PIPELINE_DEQUEUED" | "PIPELINE_STARTING" | "PIPELINE_START" | "PIPELINE_SUCCESS" | "PIPELINE_FAILURE" | "PIPELINE_CANCELING" | "PIPELINE_CANCELED" | "OBJECT_STORE_OPERATION" | "ASSET_STORE_OPERATION" | "LOADED_INPUT" | "HANDLED_OUTPUT" | "ENGINE_EVENT" | "HOOK_COMPLETED" | "HOOK_ERRORED" | "HOOK_SKIPPED" | "ALERT_START" | "ALERT_SUCCESS" | "ALERT_FAILURE" | "LOGS_CAPTURED" | "FRESHNESS_STATE_EVALUATION" | "FRESHNESS_STATE_CHANGE" | "CODE_LOCATION_UPDATED" | null;
      readonly label: string | null;
      readonly metadataEntries: readonly ({
        readonly __typename: "AssetMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly assetKey: {
          readonly path: readonly string[];
        };
      } | {
        readonly __typename: "BoolMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly boolValue: boolean | null;
      } | {
        readonly __typename: "CodeReferencesMetadataEntry" | "JobMetadataEntry" | "NullMetadataEntry" | "PoolMetadataEntry" | "PythonArtifactMetadataEntry" | "TableColumnLineageMetadataEntry" | "TableMetadataEntry" | "TableSchemaMetadataEntry";
        readonly label: string;
        readonly description: string | null;
      } | {
        readonly __typename: "FloatMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly floatRepr: string;
      } | {
        readonly __typename: "IntMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly intRepr: string;
      } | {
        readonly __typename: "JsonMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly jsonString: string;
      } | {
        readonly __typename: "MarkdownMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly mdStr: string;
      } | {
        readonly __typename: "NotebookMetadataEntry" | "PathMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly path: string;
      } | {
        readonly __typename: "PipelineRunMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly runId: string;
      } | {
        readonly __typename: "TextMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly text: string;
      } | {
        readonly __typename: "TimestampMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly timestamp: number;
      } | {
        readonly __typename: "UrlMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly url: string;
      })[];
    } | {
      readonly __typename: "ExecutionStepUpForRetryEvent";
      readonly message: string;
      readonly timestamp: string;
      readonly level: "CRITICAL" | "ERROR" | "INFO" | "WARNING" | "DEBUG";
      readonly stepKey: string | null;
      readonly eventType: "STEP_OUTPUT" | "STEP_INPUT" | "STEP_FAILURE" | "STEP_START" | "STEP_SUCCESS" | "STEP_SKIPPED" | "STEP_WORKER_STARTING" | "STEP_WORKER_STARTED" | "RESOURCE_INIT_STARTED" | "RESOURCE_INIT_SUCCESS" | "RESOURCE_INIT_FAILURE" | "STEP_UP_FOR_RETRY" | "STEP_RESTARTED" | "ASSET_MATERIALIZATION" | "ASSET_MATERIALIZATION_PLANNED" | "ASSET_FAILED_TO_MATERIALIZE" | "ASSET_OBSERVATION" | "STEP_EXPECTATION_RESULT" | "ASSET_CHECK_EVALUATION_PLANNED" | "ASSET_CHECK_EVALUATION" | "ASSET_HEALTH_CHANGED" | "ASSET_WIPED" | "RUN_ENQUEUED" | "RUN_DEQUEUED" | "RUN_STARTING" | "RUN_START" | "RUN_SUCCESS" | "RUN_FAILURE" | "RUN_CANCELING" | "RUN_CANCELED" | "RUN_SUSPENDED" | "RUN_RESUMED" | "PIPELINE_ENQUEUED" | "PIPELINE_DEQUEUED" | "PIPELINE_STARTING" | "PIPELINE_START" | "PIPELINE_SUCCESS" | "PIPELINE_FAILURE" | "PIPELINE_CANCELING" | "PIPELINE_CANCELED" | "OBJECT_STORE_OPERATION" | "ASSET_STORE_OPERATION" | "LOADED_INPUT" | "HANDLED_OUTPUT" | "ENGINE_EVENT" | "HOOK_COMPLETED" | "HOOK_ERRORED" | "HOOK_SKIPPED" | "ALERT_START" | "ALERT_SUCCESS" | "ALERT_FAILURE" | "LOGS_CAPTURED" | "FRESHNESS_STATE_EVALUATION" | "FRESHNESS_STATE_CHANGE" | "CODE_LOCATION_UPDATED" | null;
      readonly error: {
        readonly className: string | null;
        readonly message: string;
        readonly place: string;
      } | null;
      readonly secondsToWait: number | null;
    } | {
      readonly __typename: "ResourceInitFailureEvent" | "EngineEvent";
      readonly message: string;
      readonly timestamp: string;
      readonly level: "CRITICAL" | "ERROR" | "INFO" | "WARNING" | "DEBUG";
      readonly stepKey: string | null;
      readonly eventType: "STEP_OUTPUT" | "STEP_INPUT" | "STEP_FAILURE" | "STEP_START" | "STEP_SUCCESS" | "STEP_SKIPPED" | "STEP_WORKER_STARTING" | "STEP_WORKER_STARTED" | "RESOURCE_INIT_STARTED" | "RESOURCE_INIT_SUCCESS" | "RESOURCE_INIT_FAILURE" | "STEP_UP_FOR_RETRY" | "STEP_RESTARTED" | "ASSET_MATERIALIZATION" | "ASSET_MATERIALIZATION_PLANNED" | "ASSET_FAILED_TO_MATERIALIZE" | "ASSET_OBSERVATION" | "STEP_EXPECTATION_RESULT" | "ASSET_CHECK_EVALUATION_PLANNED" | "ASSET_CHECK_EVALUATION" | "ASSET_HEALTH_CHANGED" | "ASSET_WIPED" | "RUN_ENQUEUED" | "RUN_DEQUEUED" | "RUN_STARTING" | "RUN_START" | "RUN_SUCCESS" | "RUN_FAILURE" | "RUN_CANCELING" | "RUN_CANCELED" | "RUN_SUSPENDED" | "RUN_RESUMED" | "PIPELINE_ENQUEUED" | "PIPELINE_DEQUEUED" | "PIPELINE_STARTING" | "PIPELINE_START" | "PIPELINE_SUCCESS" | "PIPELINE_FAILURE" | "PIPELINE_CANCELING" | "PIPELINE_CANCELED" | "OBJECT_STORE_OPERATION" | "ASSET_STORE_OPERATION" | "LOADED_INPUT" | "HANDLED_OUTPUT" | "ENGINE_EVENT" | "HOOK_COMPLETED" | "HOOK_ERRORED" | "HOOK_SKIPPED" | "ALERT_START" | "ALERT_SUCCESS" | "ALERT_FAILURE" | "LOGS_CAPTURED" | "FRESHNESS_STATE_EVALUATION" | "FRESHNESS_STATE_CHANGE" | "CODE_LOCATION_UPDATED" | null;
      readonly label: string | null;
      readonly metadataEntries: readonly ({
        readonly __typename: "AssetMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly assetKey: {
          readonly path: readonly string[];
        };
      } | {
        readonly __typename: "BoolMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly boolValue: boolean | null;
      } | {
        readonly __typename: "CodeReferencesMetadataEntry" | "JobMetadataEntry" | "NullMetadataEntry" | "PoolMetadataEntry" | "PythonArtifactMetadataEntry" | "TableColumnLineageMetadataEntry" | "TableMetadataEntry" | "TableSchemaMetadataEntry";
        readonly label: string;
        readonly description: string | null;
      } | {
        readonly __typename: "FloatMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly floatRepr: string;
      } | {
        readonly __typename: "IntMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly intRepr: string;
      } | {
        readonly __typename: "JsonMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly jsonString: string;
      } | {
        readonly __typename: "MarkdownMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly mdStr: string;
      } | {
        readonly __typename: "NotebookMetadataEntry" | "PathMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly path: string;
      } | {
        readonly __typename: "PipelineRunMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly runId: string;
      } | {
        readonly __typename: "TextMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly text: string;
      } | {
        readonly __typename: "TimestampMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly timestamp: number;
      } | {
        readonly __typename: "UrlMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly url: string;
      })[];
      readonly error: {
        readonly className: string | null;
        readonly message: string;
        readonly place: string;
      } | null;
    } | {
      readonly __typename: "MaterializationEvent" | "ObservationEvent";
      readonly message: string;
      readonly timestamp: string;
      readonly level: "CRITICAL" | "ERROR" | "INFO" | "WARNING" | "DEBUG";
      readonly stepKey: string | null;
      readonly eventType: "STEP_OUTPUT" | "STEP_INPUT" | "STEP_FAILURE" | "STEP_START" | "STEP_SUCCESS" | "STEP_SKIPPED" | "STEP_WORKER_STARTING" | "STEP_WORKER_STARTED" | "RESOURCE_INIT_STARTED" | "RESOURCE_INIT_SUCCESS" | "RESOURCE_INIT_FAILURE" | "STEP_UP_FOR_RETRY" | "STEP_RESTARTED" | "ASSET_MATERIALIZATION" | "ASSET_MATERIALIZATION_PLANNED" | "ASSET_FAILED_TO_MATERIALIZE" | "ASSET_OBSERVATION" | "STEP_EXPECTATION_RESULT" | "ASSET_CHECK_EVALUATION_PLANNED" | "ASSET_CHECK_EVALUATION" | "ASSET_HEALTH_CHANGED" | "ASSET_WIPED" | "RUN_ENQUEUED" | "RUN_DEQUEUED" | "RUN_STARTING" | "RUN_START" | "RUN_SUCCESS" | "RUN_FAILURE" | "RUN_CANCELING" | "RUN_CANCELED" | "RUN_SUSPENDED" | "RUN_RESUMED" | "PIPELINE_ENQUEUED" | "PIPELINE_DEQUEUED" | "PIPELINE_STARTING" | "PIPELINE_START" | "PIPELINE_SUCCESS" | "PIPELINE_FAILURE" | "PIPELINE_CANCELING" | "PIPELINE_CANCELED" | "OBJECT_STORE_OPERATION" | "ASSET_STORE_OPERATION" | "LOADED_INPUT" | "HANDLED_OUTPUT" | "ENGINE_EVENT" | "HOOK_COMPLETED" | "HOOK_ERRORED" | "HOOK_SKIPPED" | "ALERT_START" | "ALERT_SUCCESS" | "ALERT_FAILURE" | "LOGS_CAPTURED" | "FRESHNESS_STATE_EVALUATION" | "FRESHNESS_STATE_CHANGE" | "CODE_LOCATION_UPDATED" | null;
      readonly label: string | null;
      readonly metadataEntries: readonly ({
        readonly __typename: "AssetMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly assetKey: {
          readonly path: readonly string[];
        };
      } | {
        readonly __typename: "BoolMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly boolValue: boolean | null;
      } | {
        readonly __typename: "CodeReferencesMetadataEntry" | "JobMetadataEntry" | "NullMetadataEntry" | "PoolMetadataEntry" | "PythonArtifactMetadataEntry" | "TableColumnLineageMetadataEntry" | "TableMetadataEntry" | "TableSchemaMetadataEntry";
        readonly label: string;
        readonly description: string | null;
      } | {
        readonly __typename: "FloatMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly floatRepr: string;
      } | {
        readonly __typename: "IntMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly intRepr: string;
      } | {
        readonly __typename: "JsonMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly jsonString: string;
      } | {
        readonly __typename: "MarkdownMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly mdStr: string;
      } | {
        readonly __typename: "NotebookMetadataEntry" | "PathMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly path: string;
      } | {
        readonly __typename: "PipelineRunMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly runId: string;
      } | {
        readonly __typename: "TextMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly text: string;
      } | {
        readonly __typename: "TimestampMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly timestamp: number;
      } | {
        readonly __typename: "UrlMetadataEntry";
        readonly label: string;
        readonly description: string | null;
        readonly url: string;
      })[];
      readonly partition: string | null;
      readonly assetKey: {
        readonly path: readonly string[];
      } | null;
    })[];
  } | {
    readonly __typename: "RunNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type RunEventsVariables = { readonly run: string; readonly after?: string | null; readonly limit?: number | null };

export const RunEventsDocument = documentOf<RunEventsData, RunEventsVariables>(
  "RunEvents",
  "query RunEvents($run:ID!$after:String$limit:Int){logsForRun(runId:$run afterCursor:$after limit:$limit){__typename ...on EventConnection{cursor hasMore events{__typename ...on MessageEvent{message timestamp level stepKey eventType}...on DisplayableEvent{label metadataEntries{...Fact}}...on ErrorEvent{error{className message place}}...on MaterializationEvent{partition assetKey{path}}...on ObservationEvent{partition assetKey{path}}...on ExecutionStepUpForRetryEvent{secondsToWait}}}...on Error{message}}}fragment Fact on MetadataEntry{__typename label description ...on TextMetadataEntry{text}...on IntMetadataEntry{intRepr}...on FloatMetadataEntry{floatRepr}...on BoolMetadataEntry{boolValue}...on UrlMetadataEntry{url}...on PathMetadataEntry{path}...on NotebookMetadataEntry{path}...on JsonMetadataEntry{jsonString}...on MarkdownMetadataEntry{mdStr}...on AssetMetadataEntry{assetKey{path}}...on PipelineRunMetadataEntry{runId}...on TimestampMetadataEntry{timestamp}}",
);
