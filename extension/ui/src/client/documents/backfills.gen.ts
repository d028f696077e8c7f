// Written by generate_documents.py from backfills.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type BackfillFacts = {
  readonly id: string;
  readonly status: "REQUESTED" | "COMPLETED" | "FAILED" | "CANCELED" | "CANCELING" | "COMPLETED_SUCCESS" | "COMPLETED_FAILED" | "FAILING";
  readonly title: string | null;
  readonly jobName: string | null;
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
  readonly tags: readonly {
    readonly key: string;
    readonly value: string;
  }[];
  readonly partitionStatusCounts: readonly ({
    readonly runStatus: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
    readonly count: number;
  })[];
};

export type BackfillsData = {
  readonly partitionBackfillsOrError: {
    readonly __typename: "PartitionBackfills";
    readonly results: readonly ({
      readonly id: string;
      readonly status: "REQUESTED" | "COMPLETED" | "FAILED" | "CANCELED" | "CANCELING" | "COMPLETED_SUCCESS" | "COMPLETED_FAILED" | "FAILING";
      readonly title: string | null;
      readonly jobName: string | null;
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
      readonly tags: readonly {
        readonly key: string;
        readonly value: string;
      }[];
      readonly partitionStatusCounts: readonly ({
        readonly runStatus: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
        readonly count: number;
      })[];
    })[];
  } | {
    readonly __typename: "PythonError";
    readonly message: string;
  };
};

export type BackfillsVariables = { readonly limit: number; readonly cursor?: string | null };

export const BackfillsDocument = documentOf<BackfillsData, BackfillsVariables>(
  "Backfills",
  "query Backfills($limit:Int!$cursor:String){partitionBackfillsOrError(limit:$limit cursor:$cursor){__typename ...on PartitionBackfills{results{...BackfillFacts}}...on Error{message}}}fragment BackfillFacts on PartitionBackfill{id status title jobName isPaused canPause etaSeconds numPartitions numCancelable timestamp endTimestamp assetSelection{path}tags{key value}partitionStatusCounts{runStatus count}}",
);

export type BackfillData = {
  readonly partitionBackfillOrError: {
    readonly __typename: "PartitionBackfill";
    readonly id: string;
    readonly status: "REQUESTED" | "COMPLETED" | "FAILED" | "CANCELED" | "CANCELING" | "COMPLETED_SUCCESS" | "COMPLETED_FAILED" | "FAILING";
    readonly title: string | null;
    readonly jobName: string | null;
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
    readonly tags: readonly {
      readonly key: string;
      readonly value: string;
    }[];
    readonly partitionStatusCounts: readonly ({
      readonly runStatus: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly count: number;
    })[];
    readonly error: {
      readonly message: string;
      readonly place: string;
      readonly text: string;
    } | null;
    readonly assetBackfillData: {
      readonly assetBackfillStatuses: readonly ({
        readonly __typename: "AssetPartitionsStatusCounts";
        readonly assetKey: {
          readonly path: readonly string[];
        };
        readonly numPartitionsTargeted: number;
        readonly numPartitionsInProgress: number;
        readonly numPartitionsMaterialized: number;
        readonly numPartitionsFailed: number;
      } | {
        readonly __typename: "UnpartitionedAssetStatus";
        readonly assetKey: {
          readonly path: readonly string[];
        };
        readonly inProgress: boolean;
        readonly materialized: boolean;
        readonly failed: boolean;
      })[];
    } | null;
    readonly partitionStatuses: {
      readonly results: readonly ({
        readonly partitionName: string;
        readonly runId: string | null;
        readonly runStatus: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED" | null;
      })[];
    } | null;
    readonly runs: readonly ({
      readonly runId: string;
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly title: string;
      readonly failureText: string | null;
      readonly startedBy: string;
      readonly creationTime: number;
      readonly startTime: number | null;
      readonly endTime: number | null;
    })[];
  } | {
    readonly __typename: "BackfillNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type BackfillVariables = { readonly id: string };

export const BackfillDocument = documentOf<BackfillData, BackfillVariables>(
  "Backfill",
  "query Backfill($id:String!){partitionBackfillOrError(backfillId:$id){__typename ...on PartitionBackfill{...BackfillFacts error{message place text}assetBackfillData{assetBackfillStatuses{__typename ...on AssetPartitionsStatusCounts{assetKey{path}numPartitionsTargeted numPartitionsInProgress numPartitionsMaterialized numPartitionsFailed}...on UnpartitionedAssetStatus{assetKey{path}inProgress materialized failed}}}partitionStatuses{results{partitionName runId runStatus}}runs(limit:100){runId status title failureText startedBy creationTime startTime endTime}}...on Error{message}}}fragment BackfillFacts on PartitionBackfill{id status title jobName isPaused canPause etaSeconds numPartitions numCancelable timestamp endTimestamp assetSelection{path}tags{key value}partitionStatusCounts{runStatus count}}",
);

export type CancelBackfillData = {
  readonly cancelPartitionBackfill: {
    readonly __typename: "CancelBackfillSuccess";
  } | {
    readonly __typename: "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type CancelBackfillVariables = { readonly id: string };

export const CancelBackfillDocument = documentOf<CancelBackfillData, CancelBackfillVariables>(
  "CancelBackfill",
  "mutation CancelBackfill($id:String!){cancelPartitionBackfill(backfillId:$id){__typename ...on Error{message}}}",
);

export type PauseBackfillData = {
  readonly pausePartitionBackfill: {
    readonly __typename: "PauseBackfillSuccess";
  } | {
    readonly __typename: "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type PauseBackfillVariables = { readonly id: string };

export const PauseBackfillDocument = documentOf<PauseBackfillData, PauseBackfillVariables>(
  "PauseBackfill",
  "mutation PauseBackfill($id:String!){pausePartitionBackfill(backfillId:$id){__typename ...on Error{message}}}",
);

export type ResumeBackfillData = {
  readonly resumePartitionBackfill: {
    readonly __typename: "ResumeBackfillSuccess";
  } | {
    readonly __typename: "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type ResumeBackfillVariables = { readonly id: string };

export const ResumeBackfillDocument = documentOf<ResumeBackfillData, ResumeBackfillVariables>(
  "ResumeBackfill",
  "mutation ResumeBackfill($id:String!){resumePartitionBackfill(backfillId:$id){__typename ...on Error{message}}}",
);

export type RetryBackfillData = {
  readonly reexecutePartitionBackfill: {
    readonly __typename: "LaunchBackfillSuccess";
    readonly backfillId: string;
  } | {
    readonly __typename: "PartitionSetNotFoundError" | "PartitionKeysNotFoundError" | "PipelineNotFoundError" | "RunConflict" | "UnauthorizedError" | "PythonError" | "InvalidSubsetError" | "PresetNotFoundError" | "ConflictingExecutionParamsError" | "NoModeProvidedError";
    readonly message: string;
  } | {
    readonly __typename: "InvalidStepError" | "InvalidOutputError" | "RunConfigValidationInvalid";
  };
};

export type RetryBackfillVariables = { readonly params: { readonly parentRunId: string; readonly strategy: "FROM_ASSET_FAILURE" | "FROM_FAILURE" | "ALL_STEPS"; readonly extraTags?: readonly { readonly key: string; readonly value: string }[] | null; readonly useParentRunTags?: boolean | null } };

export const RetryBackfillDocument = documentOf<RetryBackfillData, RetryBackfillVariables>(
  "RetryBackfill",
  "mutation RetryBackfill($params:ReexecutionParams!){reexecutePartitionBackfill(reexecutionParams:$params){__typename ...on LaunchBackfillSuccess{backfillId}...on Error{message}}}",
);
