// Written by generate_documents.py from home.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type HomeData = {
  readonly instance: {
    readonly home: string;
  };
  readonly active: {
    readonly __typename: "Runs";
    readonly count: number;
    readonly results: readonly ({
      readonly runId: string;
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly title: string;
      readonly startedBy: string;
      readonly waitsFor: string | null;
      readonly startTime: number | null;
      readonly creationTime: number;
      readonly stepCounts: readonly ({
        readonly status: "SKIPPED" | "SUCCESS" | "FAILURE" | "IN_PROGRESS";
        readonly count: number;
      })[];
    })[];
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly today: {
    readonly __typename: "Runs";
    readonly count: number;
    readonly results: readonly ({
      readonly status: "QUEUED" | "NOT_STARTED" | "MANAGED" | "STARTING" | "STARTED" | "SUSPENDED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";
      readonly creationTime: number;
    })[];
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly repositoriesOrError: {
    readonly __typename: "RepositoryConnection";
    readonly nodes: readonly ({
      readonly schedules: readonly ({
        readonly name: string;
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
  };
};

export type HomeVariables = { readonly since: number; readonly until: number };

export const HomeDocument = documentOf<HomeData, HomeVariables>(
  "Home",
  "query Home($since:Float!$until:Float!){instance{home}active:runsOrError(filter:{statuses:[STARTED STARTING QUEUED NOT_STARTED CANCELING]}limit:6){__typename ...on Runs{count results{runId status title startedBy waitsFor startTime creationTime stepCounts{status count}}}}today:runsOrError(filter:{createdAfter:$since}limit:500){__typename ...on Runs{count results{status creationTime}}}repositoriesOrError{__typename ...on RepositoryConnection{nodes{schedules{name scheduleState{status}futureTicks(until:$until limit:4){results{timestamp}}}}}}}",
);
