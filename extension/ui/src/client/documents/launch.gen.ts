// Written by generate_documents.py from launch.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type LaunchFormData = {
  readonly runConfigSchemaOrError: {
    readonly __typename: "RunConfigSchema";
    readonly jsonSchema: unknown;
    readonly rootDefaultYaml: string;
  } | {
    readonly __typename: "PipelineNotFoundError" | "InvalidSubsetError" | "ModeNotFoundError" | "PythonError";
    readonly message: string;
  };
  readonly pipelineOrError: {
    readonly __typename: "Pipeline";
    readonly partitionKeysOrError: {
      readonly partitionKeys: readonly string[];
    };
    readonly solids: readonly {
      readonly name: string;
    }[];
  } | {
    readonly __typename: "PipelineNotFoundError" | "InvalidSubsetError" | "PythonError";
  };
};

export type LaunchFormVariables = { readonly selector: { readonly pipelineName: string; readonly repositoryName: string; readonly repositoryLocationName: string; readonly solidSelection?: readonly string[] | null; readonly assetSelection?: readonly { readonly path: readonly string[] }[] | null; readonly assetCheckSelection?: readonly { readonly assetKey: { readonly path: readonly string[] }; readonly name: string }[] | null }; readonly assets?: readonly { readonly path: readonly string[] }[] | null };

export const LaunchFormDocument = documentOf<LaunchFormData, LaunchFormVariables>(
  "LaunchForm",
  "query LaunchForm($selector:PipelineSelector!$assets:[AssetKeyInput!]){runConfigSchemaOrError(selector:$selector){__typename ...on RunConfigSchema{jsonSchema rootDefaultYaml}...on Error{message}}pipelineOrError(params:$selector){__typename ...on Pipeline{partitionKeysOrError(selectedAssetKeys:$assets){partitionKeys}solids{name}}}}",
);

export type CheckConfigData = {
  readonly isPipelineConfigValid: {
    readonly __typename: "InvalidSubsetError" | "PipelineNotFoundError" | "PythonError";
    readonly message: string;
  } | {
    readonly __typename: "PipelineConfigValidationValid";
  } | {
    readonly __typename: "RunConfigValidationInvalid";
    readonly errors: readonly {
      readonly message: string;
      readonly path: readonly string[];
    }[];
  };
};

export type CheckConfigVariables = { readonly selector: { readonly pipelineName: string; readonly repositoryName: string; readonly repositoryLocationName: string; readonly solidSelection?: readonly string[] | null; readonly assetSelection?: readonly { readonly path: readonly string[] }[] | null; readonly assetCheckSelection?: readonly { readonly assetKey: { readonly path: readonly string[] }; readonly name: string }[] | null }; readonly config?: unknown | null };

export const CheckConfigDocument = documentOf<CheckConfigData, CheckConfigVariables>(
  "CheckConfig",
  "query CheckConfig($selector:PipelineSelector!$config:RunConfigData){isPipelineConfigValid(pipeline:$selector mode:\"default\" runConfigData:$config){__typename ...on RunConfigValidationInvalid{errors{message path}}...on Error{message}}}",
);

export type RunAsDraftData = {
  readonly runOrError: {
    readonly __typename: "Run";
    readonly runConfigYaml: string;
    readonly jobName: string;
    readonly assetSelection: readonly {
      readonly path: readonly string[];
    }[] | null;
    readonly tags: readonly {
      readonly key: string;
      readonly value: string;
    }[];
  } | {
    readonly __typename: "RunNotFoundError" | "PythonError";
  };
};

export type RunAsDraftVariables = { readonly run: string };

export const RunAsDraftDocument = documentOf<RunAsDraftData, RunAsDraftVariables>(
  "RunAsDraft",
  "query RunAsDraft($run:ID!){runOrError(runId:$run){__typename ...on Run{runConfigYaml jobName assetSelection{path}tags{key value}}}}",
);

export type AssetNamesData = {
  readonly assetNodes: readonly {
    readonly assetKey: {
      readonly path: readonly string[];
    };
    readonly isExecutable: boolean;
    readonly repository: {
      readonly name: string;
      readonly location: {
        readonly name: string;
      };
    };
  }[];
};

export type AssetNamesVariables = Record<string, never>;

export const AssetNamesDocument = documentOf<AssetNamesData, AssetNamesVariables>(
  "AssetNames",
  "query AssetNames{assetNodes{assetKey{path}isExecutable repository{name location{name}}}}",
);

export type LaunchRunData = {
  readonly launchRun: {
    readonly __typename: "LaunchRunSuccess";
    readonly run: {
      readonly runId: string;
    };
  } | {
    readonly __typename: "InvalidStepError";
    readonly invalidStepKey: string;
  } | {
    readonly __typename: "InvalidOutputError";
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

export type LaunchRunVariables = { readonly params: { readonly selector: { readonly pipelineName?: string | null; readonly jobName?: string | null; readonly repositoryName: string; readonly repositoryLocationName: string; readonly solidSelection?: readonly string[] | null; readonly assetSelection?: readonly { readonly path: readonly string[] }[] | null; readonly assetCheckSelection?: readonly { readonly assetKey: { readonly path: readonly string[] }; readonly name: string }[] | null }; readonly runConfigData?: unknown | null; readonly mode?: string | null; readonly executionMetadata?: { readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly rootRunId?: string | null; readonly parentRunId?: string | null } | null; readonly stepKeys?: readonly string[] | null; readonly preset?: string | null } };

export const LaunchRunDocument = documentOf<LaunchRunData, LaunchRunVariables>(
  "LaunchRun",
  "mutation LaunchRun($params:ExecutionParams!){launchRun(executionParams:$params){__typename ...on LaunchRunSuccess{run{runId}}...on Error{message}...on RunConfigValidationInvalid{errors{message path}}...on InvalidStepError{invalidStepKey}}}",
);

export type LaunchBackfillData = {
  readonly launchPartitionBackfill: {
    readonly __typename: "LaunchBackfillSuccess";
    readonly backfillId: string;
  } | {
    readonly __typename: "PartitionSetNotFoundError" | "PartitionKeysNotFoundError" | "PipelineNotFoundError" | "RunConflict" | "UnauthorizedError" | "PythonError" | "InvalidSubsetError" | "PresetNotFoundError" | "ConflictingExecutionParamsError" | "NoModeProvidedError";
    readonly message: string;
  } | {
    readonly __typename: "InvalidStepError" | "InvalidOutputError";
  } | {
    readonly __typename: "RunConfigValidationInvalid";
    readonly errors: readonly {
      readonly message: string;
      readonly path: readonly string[];
    }[];
  };
};

export type LaunchBackfillVariables = { readonly params: { readonly selector?: { readonly partitionSetName: string; readonly repositorySelector: { readonly repositoryName: string; readonly repositoryLocationName: string } } | null; readonly partitionNames?: readonly string[] | null; readonly partitionsByAssets?: readonly ({ readonly assetKey: { readonly path: readonly string[] }; readonly partitions?: { readonly range?: { readonly start: string; readonly end: string } | null; readonly ranges?: readonly { readonly start: string; readonly end: string }[] | null } | null } | null)[] | null; readonly reexecutionSteps?: readonly string[] | null; readonly assetSelection?: readonly { readonly path: readonly string[] }[] | null; readonly fromFailure?: boolean | null; readonly allPartitions?: boolean | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly forceSynchronousSubmission?: boolean | null; readonly title?: string | null; readonly description?: string | null; readonly runConfigData?: unknown | null } };

export const LaunchBackfillDocument = documentOf<LaunchBackfillData, LaunchBackfillVariables>(
  "LaunchBackfill",
  "mutation LaunchBackfill($params:LaunchBackfillParams!){launchPartitionBackfill(backfillParams:$params){__typename ...on LaunchBackfillSuccess{backfillId}...on Error{message}...on RunConfigValidationInvalid{errors{message path}}}}",
);
