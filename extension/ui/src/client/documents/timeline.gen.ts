// Written by generate_documents.py from timeline.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type TimelineData = {
  readonly runsOrError: {
    readonly __typename: "Runs";
    readonly count: number;
    readonly results: readonly ({
      readonly runId: string;
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly title: string;
      readonly jobName: string;
      readonly startedBy: string;
      readonly failureText: string | null;
      readonly creationTime: number;
      readonly startTime: number | null;
      readonly endTime: number | null;
      readonly assetSelection: readonly {
        readonly path: readonly string[];
      }[] | null;
    })[];
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
    readonly message: string;
  };
  readonly active: {
    readonly __typename: "Runs";
    readonly count: number;
    readonly results: readonly ({
      readonly runId: string;
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly title: string;
      readonly jobName: string;
      readonly startedBy: string;
      readonly failureText: string | null;
      readonly creationTime: number;
      readonly startTime: number | null;
      readonly endTime: number | null;
      readonly assetSelection: readonly {
        readonly path: readonly string[];
      }[] | null;
    })[];
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly repositoriesOrError: {
    readonly __typename: "RepositoryConnection";
    readonly nodes: readonly ({
      readonly name: string;
      readonly location: {
        readonly name: string;
      };
      readonly schedules: readonly ({
        readonly name: string;
        readonly pipelineName: string;
        readonly scheduleState: {
          readonly status: "RUNNING" | "STOPPED";
        };
        readonly futureTicks: {
          readonly results: readonly ({
            readonly timestamp: number | null;
          })[];
        };
      })[];
    })[];
  } | {
    readonly __typename: "RepositoryNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type TimelineVariables = { readonly filter?: { readonly runIds?: readonly (string | null)[] | null; readonly pipelineName?: string | null; readonly tags?: readonly { readonly key: string; readonly value: string }[] | null; readonly statuses?: readonly ("QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED")[] | null; readonly snapshotId?: string | null; readonly updatedAfter?: number | null; readonly updatedBefore?: number | null; readonly createdBefore?: number | null; readonly createdAfter?: number | null; readonly mode?: string | null; readonly assetKey?: { readonly path: readonly string[] } | null } | null; readonly limit: number; readonly until?: number | null; readonly after?: number | null };

export const TimelineDocument = documentOf<TimelineData, TimelineVariables>(
  "Timeline",
  "query Timeline($filter:RunsFilter$limit:Int!$until:Float$after:Float){runsOrError(filter:$filter limit:$limit){__typename ...on Runs{count results{runId status title jobName startedBy failureText creationTime startTime endTime assetSelection(limit:2){path}}}...on Error{message}}active:runsOrError(filter:{statuses:[STARTED QUEUED STARTING NOT_STARTED CANCELING]}limit:200){__typename ...on Runs{count results{runId status title jobName startedBy failureText creationTime startTime endTime assetSelection(limit:2){path}}}}repositoriesOrError{__typename ...on RepositoryConnection{nodes{name location{name}schedules{name pipelineName scheduleState{status}futureTicks(cursor:$after until:$until limit:200){results{timestamp}}}}}...on Error{message}}}",
);
