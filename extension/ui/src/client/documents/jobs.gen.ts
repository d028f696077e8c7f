// Written by generate_documents.py from jobs.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type ShortRun = {
  readonly runId: string;
  readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
  readonly creationTime: number;
  readonly startTime: number | null;
  readonly endTime: number | null;
};

export type PlacesData = {
  readonly repositoriesOrError: {
    readonly __typename: "RepositoryConnection";
    readonly nodes: readonly {
      readonly name: string;
      readonly location: {
        readonly name: string;
      };
      readonly jobs: readonly {
        readonly name: string;
        readonly isAssetJob: boolean;
      }[];
      readonly schedules: readonly {
        readonly name: string;
      }[];
      readonly sensors: readonly {
        readonly name: string;
      }[];
    }[];
  } | {
    readonly __typename: "RepositoryNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type PlacesVariables = Record<string, never>;

export const PlacesDocument = documentOf<PlacesData, PlacesVariables>(
  "Places",
  "query Places{repositoriesOrError{__typename ...on RepositoryConnection{nodes{name location{name}jobs{name isAssetJob}schedules{name}sensors{name}}}...on Error{message}}}",
);

export type JobsData = {
  readonly repositoriesOrError: {
    readonly __typename: "RepositoryConnection";
    readonly nodes: readonly ({
      readonly name: string;
      readonly location: {
        readonly name: string;
      };
      readonly jobs: readonly ({
        readonly name: string;
        readonly description: string | null;
        readonly isAssetJob: boolean;
        readonly schedules: readonly ({
          readonly name: string;
          readonly cronText: string;
          readonly scheduleState: {
            readonly status: "RUNNING" | "STOPPED";
          };
        })[];
        readonly sensors: readonly ({
          readonly name: string;
          readonly sensorState: {
            readonly status: "RUNNING" | "STOPPED";
          };
        })[];
        readonly runs: readonly ({
          readonly runId: string;
          readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
          readonly creationTime: number;
          readonly startTime: number | null;
          readonly endTime: number | null;
        })[];
      })[];
    })[];
  } | {
    readonly __typename: "RepositoryNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type JobsVariables = Record<string, never>;

export const JobsDocument = documentOf<JobsData, JobsVariables>(
  "Jobs",
  "query Jobs{repositoriesOrError{__typename ...on RepositoryConnection{nodes{name location{name}jobs{name description isAssetJob schedules{name cronText scheduleState{status}}sensors{name sensorState{status}}runs(limit:8){...ShortRun}}}}...on Error{message}}}fragment ShortRun on Run{runId status creationTime startTime endTime}",
);

export type JobData = {
  readonly pipelineOrError: {
    readonly __typename: "Pipeline";
    readonly name: string;
    readonly description: string | null;
    readonly isAssetJob: boolean;
    readonly tags: readonly {
      readonly key: string;
      readonly value: string;
    }[];
    readonly solids: readonly {
      readonly name: string;
      readonly inputs: readonly {
        readonly dependsOn: readonly {
          readonly solid: {
            readonly name: string;
          };
        }[];
      }[];
    }[];
    readonly schedules: readonly ({
      readonly name: string;
      readonly cronText: string;
      readonly scheduleState: {
        readonly status: "RUNNING" | "STOPPED";
      };
    })[];
    readonly sensors: readonly ({
      readonly name: string;
      readonly sensorState: {
        readonly status: "RUNNING" | "STOPPED";
      };
    })[];
  } | {
    readonly __typename: "PipelineNotFoundError" | "InvalidSubsetError" | "PythonError";
    readonly message: string;
  };
  readonly runsOrError: {
    readonly __typename: "Runs";
    readonly results: readonly ({
      readonly runId: string;
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly title: string;
      readonly startedBy: string;
      readonly failureText: string | null;
      readonly creationTime: number;
      readonly startTime: number | null;
      readonly endTime: number | null;
    })[];
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly assetNodes: readonly {
    readonly assetKey: {
      readonly path: readonly string[];
    };
    readonly groupName: string;
  }[];
};

export type JobVariables = { readonly params: { readonly pipelineName: string; readonly repositoryName: string; readonly repositoryLocationName: string; readonly solidSelection?: readonly string[] | null; readonly assetSelection?: readonly { readonly path: readonly string[] }[] | null; readonly assetCheckSelection?: readonly { readonly assetKey: { readonly path: readonly string[] }; readonly name: string }[] | null }; readonly job: string };

export const JobDocument = documentOf<JobData, JobVariables>(
  "Job",
  "query Job($params:PipelineSelector!$job:String!){pipelineOrError(params:$params){__typename ...on Pipeline{name description isAssetJob tags{key value}solids{name inputs{dependsOn{solid{name}}}}schedules{name cronText scheduleState{status}}sensors{name sensorState{status}}}...on Error{message}}runsOrError(filter:{pipelineName:$job}limit:20){__typename ...on Runs{results{runId status title startedBy failureText creationTime startTime endTime}}}assetNodes(pipeline:$params){assetKey{path}groupName}}",
);

export type JobPartitionsData = {
  readonly partitionSetsOrError: {
    readonly __typename: "PartitionSets";
    readonly results: readonly ({
      readonly name: string;
      readonly partitionStatusesOrError: {
        readonly __typename: "PartitionStatuses";
        readonly results: readonly ({
          readonly partitionName: string;
          readonly runId: string | null;
          readonly runStatus: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED" | null;
        })[];
      } | {
        readonly __typename: "PythonError";
      };
    })[];
  } | {
    readonly __typename: "PipelineNotFoundError" | "PythonError";
  };
};

export type JobPartitionsVariables = { readonly repository: { readonly repositoryName: string; readonly repositoryLocationName: string }; readonly job: string };

export const JobPartitionsDocument = documentOf<JobPartitionsData, JobPartitionsVariables>(
  "JobPartitions",
  "query JobPartitions($repository:RepositorySelector!$job:String!){partitionSetsOrError(repositorySelector:$repository pipelineName:$job){__typename ...on PartitionSets{results{name partitionStatusesOrError{__typename ...on PartitionStatuses{results{partitionName runId runStatus}}}}}}}",
);
