// Written by generate_documents.py from runs.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type RunRow = {
  readonly runId: string;
  readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
  readonly title: string;
  readonly jobName: string;
  readonly failureText: string | null;
  readonly startedBy: string;
  readonly waitsFor: string | null;
  readonly stepCounts: readonly ({
    readonly status: "SKIPPED" | "SUCCESS" | "FAILURE" | "IN_PROGRESS";
    readonly count: number;
  })[];
  readonly tags: readonly {
    readonly key: string;
    readonly value: string;
  }[];
  readonly creationTime: number;
  readonly startTime: number | null;
  readonly endTime: number | null;
  readonly canTerminate: boolean;
};

export type BackfillRow = {
  readonly id: string;
  readonly backfillStatus: "REQUESTED" | "COMPLETED" | "FAILED" | "CANCELED" | "CANCELING" | "COMPLETED_SUCCESS" | "COMPLETED_FAILED" | "FAILING";
  readonly backfillTitle: string | null;
  readonly backfillJob: string | null;
  readonly isPaused: boolean;
  readonly canPause: boolean;
  readonly etaSeconds: number | null;
  readonly numPartitions: number | null;
  readonly numCancelable: number;
  readonly timestamp: number;
  readonly endTimestamp: number | null;
  readonly assetSelection: readonly {
    readonly path: readonly string[];
  }[] | null;
  readonly partitionStatusCounts: readonly ({
    readonly runStatus: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
    readonly count: number;
  })[];
};

export type RunsFeedData = {
  readonly runsFeedOrError: {
    readonly __typename: "RunsFeedConnection";
    readonly cursor: string;
    readonly hasMore: boolean;
    readonly results: readonly ({
      readonly __typename: "Run";
      readonly runId: string;
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly title: string;
      readonly jobName: string;
      readonly failureText: string | null;
      readonly startedBy: string;
      readonly waitsFor: string | null;
      readonly stepCounts: readonly ({
        readonly status: "SKIPPED" | "SUCCESS" | "FAILURE" | "IN_PROGRESS";
        readonly count: number;
      })[];
      readonly tags: readonly {
        readonly key: string;
        readonly value: string;
      }[];
      readonly creationTime: number;
      readonly startTime: number | null;
      readonly endTime: number | null;
      readonly canTerminate: boolean;
    } | {
      readonly __typename: "PartitionBackfill";
      readonly id: string;
      readonly backfillStatus: "REQUESTED" | "COMPLETED" | "FAILED" | "CANCELED" | "CANCELING" | "COMPLETED_SUCCESS" | "COMPLETED_FAILED" | "FAILING";
      readonly backfillTitle: string | null;
      readonly backfillJob: string | null;
      readonly isPaused: boolean;
      readonly canPause: boolean;
      readonly etaSeconds: number | null;
      readonly numPartitions: number | null;
      readonly numCancelable: number;
      readonly timestamp: number;
      readonly endTimestamp: number | null;
      readonly assetSelection: readonly {
        readonly path: readonly string[];
      }[] | null;
      readonly partitionStatusCounts: readonly ({
        readonly runStatus: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
        readonly count: number;
      })[];
    })[];
  } | {
    readonly __typename: "PythonError";
    readonly message: string;
  };
  readonly failed: {
    readonly __typename: "Runs";
    readonly count: number;
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly running: {
    readonly __typename: "Runs";
    readonly count: number;
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly queued: {
    readonly __typename: "Runs";
    readonly count: number;
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly succeeded: {
    readonly __typename: "Runs";
    readonly count: number;
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly canceled: {
    readonly __typename: "Runs";
    readonly count: number;
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
};

export type RunsFeedVariables = { readonly limit: number; readonly view: "ROOTS" | "RUNS" | "BACKFILLS"; readonly filter?: { readonly runIds?: readonly (string | null)[] | null; readonly pipelineName?: string | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly statuses?: readonly ("QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED")[] | null; readonly snapshotId?: string | null; readonly updatedAfter?: number | null; readonly updatedBefore?: number | null; readonly createdBefore?: number | null; readonly createdAfter?: number | null; readonly mode?: string | null; readonly assetKey?: { readonly path: readonly string[] } | null } | null; readonly failed?: { readonly runIds?: readonly (string | null)[] | null; readonly pipelineName?: string | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly statuses?: readonly ("QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED")[] | null; readonly snapshotId?: string | null; readonly updatedAfter?: number | null; readonly updatedBefore?: number | null; readonly createdBefore?: number | null; readonly createdAfter?: number | null; readonly mode?: string | null; readonly assetKey?: { readonly path: readonly string[] } | null } | null; readonly running?: { readonly runIds?: readonly (string | null)[] | null; readonly pipelineName?: string | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly statuses?: readonly ("QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED")[] | null; readonly snapshotId?: string | null; readonly updatedAfter?: number | null; readonly updatedBefore?: number | null; readonly createdBefore?: number | null; readonly createdAfter?: number | null; readonly mode?: string | null; readonly assetKey?: { readonly path: readonly string[] } | null } | null; readonly queued?: { readonly runIds?: readonly (string | null)[] | null; readonly pipelineName?: string | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly statuses?: readonly ("QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED")[] | null; readonly snapshotId?: string | null; readonly updatedAfter?: number | null; readonly updatedBefore?: number | null; readonly createdBefore?: number | null; readonly createdAfter?: number | null; readonly mode?: string | null; readonly assetKey?: { readonly path: readonly string[] } | null } | null; readonly succeeded?: { readonly runIds?: readonly (string | null)[] | null; readonly pipelineName?: string | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly statuses?: readonly ("QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED")[] | null; readonly snapshotId?: string | null; readonly updatedAfter?: number | null; readonly updatedBefore?: number | null; readonly createdBefore?: number | null; readonly createdAfter?: number | null; readonly mode?: string | null; readonly assetKey?: { readonly path: readonly string[] } | null } | null; readonly canceled?: { readonly runIds?: readonly (string | null)[] | null; readonly pipelineName?: string | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly statuses?: readonly ("QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED")[] | null; readonly snapshotId?: string | null; readonly updatedAfter?: number | null; readonly updatedBefore?: number | null; readonly createdBefore?: number | null; readonly createdAfter?: number | null; readonly mode?: string | null; readonly assetKey?: { readonly path: readonly string[] } | null } | null };

export const RunsFeedDocument = documentOf<RunsFeedData, RunsFeedVariables>(
  "RunsFeed",
  "query RunsFeed($limit:Int!$view:RunsFeedView!$filter:RunsFilter$failed:RunsFilter$running:RunsFilter$queued:RunsFilter$succeeded:RunsFilter$canceled:RunsFilter){runsFeedOrError(limit:$limit view:$view filter:$filter){__typename ...on RunsFeedConnection{cursor hasMore results{__typename ...on Run{...RunRow}...on PartitionBackfill{...BackfillRow}}}...on PythonError{message}}failed:runsOrError(filter:$failed limit:1){__typename ...on Runs{count}}running:runsOrError(filter:$running limit:1){__typename ...on Runs{count}}queued:runsOrError(filter:$queued limit:1){__typename ...on Runs{count}}succeeded:runsOrError(filter:$succeeded limit:1){__typename ...on Runs{count}}canceled:runsOrError(filter:$canceled limit:1){__typename ...on Runs{count}}}fragment BackfillRow on PartitionBackfill{id backfillStatus:status backfillTitle:title backfillJob:jobName isPaused canPause etaSeconds numPartitions numCancelable timestamp endTimestamp assetSelection{path}partitionStatusCounts{runStatus count}}fragment RunRow on Run{runId status title jobName failureText startedBy waitsFor stepCounts{status count}tags{key value}creationTime startTime endTime canTerminate}",
);

export type BackfillRunsData = {
  readonly partitionBackfillOrError: {
    readonly __typename: "PartitionBackfill";
    readonly runs: readonly ({
      readonly runId: string;
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly title: string;
      readonly jobName: string;
      readonly failureText: string | null;
      readonly startedBy: string;
      readonly waitsFor: string | null;
      readonly stepCounts: readonly ({
        readonly status: "SKIPPED" | "SUCCESS" | "FAILURE" | "IN_PROGRESS";
        readonly count: number;
      })[];
      readonly tags: readonly {
        readonly key: string;
        readonly value: string;
      }[];
      readonly creationTime: number;
      readonly startTime: number | null;
      readonly endTime: number | null;
      readonly canTerminate: boolean;
    })[];
  } | {
    readonly __typename: "BackfillNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type BackfillRunsVariables = { readonly backfill: string; readonly limit: number };

export const BackfillRunsDocument = documentOf<BackfillRunsData, BackfillRunsVariables>(
  "BackfillRuns",
  "query BackfillRuns($backfill:String!$limit:Int!){partitionBackfillOrError(backfillId:$backfill){__typename ...on PartitionBackfill{runs(limit:$limit){...RunRow}}...on Error{message}}}fragment RunRow on Run{runId status title jobName failureText startedBy waitsFor stepCounts{status count}tags{key value}creationTime startTime endTime canTerminate}",
);

export type TerminateRunsData = {
  readonly terminateRuns: {
    readonly __typename: "TerminateRunsResult";
    readonly terminateRunResults: readonly ({
      readonly __typename: "TerminateRunSuccess";
    } | {
      readonly __typename: "TerminateRunFailure" | "RunNotFoundError" | "UnauthorizedError" | "PythonError";
      readonly message: string;
    })[];
  } | {
    readonly __typename: "PythonError";
    readonly message: string;
  };
};

export type TerminateRunsVariables = { readonly runs: readonly string[]; readonly policy?: "SAFE_TERMINATE" | "MARK_AS_CANCELED_IMMEDIATELY" | null };

export const TerminateRunsDocument = documentOf<TerminateRunsData, TerminateRunsVariables>(
  "TerminateRuns",
  "mutation TerminateRuns($runs:[String!]!$policy:TerminateRunPolicy){terminateRuns(runIds:$runs terminatePolicy:$policy){__typename ...on TerminateRunsResult{terminateRunResults{__typename ...on TerminateRunFailure{message}...on Error{message}}}...on PythonError{message}}}",
);

export type DeleteRunData = {
  readonly deleteRun: {
    readonly __typename: "DeletePipelineRunSuccess";
  } | {
    readonly __typename: "UnauthorizedError" | "PythonError" | "RunNotFoundError";
    readonly message: string;
  };
};

export type DeleteRunVariables = { readonly run: string };

export const DeleteRunDocument = documentOf<DeleteRunData, DeleteRunVariables>(
  "DeleteRun",
  "mutation DeleteRun($run:String!){deleteRun(runId:$run){__typename ...on Error{message}}}",
);

export type ReexecuteData = {
  readonly launchRunReexecution: {
    readonly __typename: "LaunchRunSuccess";
    readonly run: {
      readonly runId: string;
    };
  } | {
    readonly __typename: "InvalidStepError" | "InvalidOutputError";
  } | {
    readonly __typename: "RunConfigValidationInvalid";
    readonly errors: readonly {
      readonly message: string;
      readonly path: readonly string[];
    }[];
  } | {
    readonly __typename: "PipelineNotFoundError" | "RunConflict" | "UnauthorizedError" | "PythonError" | "InvalidSubsetError" | "PresetNotFoundError" | "ConflictingExecutionParamsError" | "NoModeProvidedError";
    readonly message: string;
  };
};

export type ReexecuteVariables = { readonly params: { readonly parentRunId: string; readonly strategy: "FROM_ASSET_FAILURE" | "FROM_FAILURE" | "ALL_STEPS"; readonly extraTags?: readonly { readonly key: string; readonly value: string }[] | null; readonly useParentRunTags?: boolean | null } };

export const ReexecuteDocument = documentOf<ReexecuteData, ReexecuteVariables>(
  "Reexecute",
  "mutation Reexecute($params:ReexecutionParams!){launchRunReexecution(reexecutionParams:$params){__typename ...on LaunchRunSuccess{run{runId}}...on Error{message}...on RunConfigValidationInvalid{errors{message path}}}}",
);
