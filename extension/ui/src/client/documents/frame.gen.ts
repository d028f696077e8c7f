// Written by generate_documents.py from frame.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type InstanceData = {
  readonly version: string;
  readonly permissions: readonly ({
    readonly value: boolean;
    readonly disabledReason: string | null;
  })[];
  readonly running: {
    readonly __typename: "Runs";
    readonly count: number;
  } | {
    readonly __typename: "InvalidPipelineRunsFilterError" | "PythonError";
  };
  readonly workspaceOrError: {
    readonly __typename: "Workspace";
    readonly locationEntries: readonly ({
      readonly name: string;
      readonly locationOrLoadError: {
        readonly __typename: "RepositoryLocation" | "PythonError";
      } | null;
    })[];
  } | {
    readonly __typename: "PythonError";
  };
  readonly instance: {
    readonly home: string;
    readonly daemonHealth: {
      readonly allDaemonStatuses: readonly ({
        readonly daemonType: string;
        readonly healthy: boolean | null;
      })[];
    };
  };
};

export type InstanceVariables = Record<string, never>;

export const InstanceDocument = documentOf<InstanceData, InstanceVariables>(
  "Instance",
  "query Instance{version permissions{value disabledReason}running:runsOrError(filter:{statuses:[STARTED CANCELING]}limit:1){__typename ...on Runs{count}}workspaceOrError{__typename ...on Workspace{locationEntries{name locationOrLoadError{__typename}}}}instance{home daemonHealth{allDaemonStatuses{daemonType healthy}}}}",
);

export type SearchData = {
  readonly assetNodes: readonly {
    readonly assetKey: {
      readonly path: readonly string[];
    };
    readonly groupName: string;
  }[];
  readonly repositoriesOrError: {
    readonly __typename: "RepositoryConnection";
    readonly nodes: readonly {
      readonly name: string;
      readonly location: {
        readonly name: string;
      };
      readonly jobs: readonly {
        readonly name: string;
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
  };
};

export type SearchVariables = Record<string, never>;

export const SearchDocument = documentOf<SearchData, SearchVariables>(
  "Search",
  "query Search{assetNodes{assetKey{path}groupName}repositoriesOrError{__typename ...on RepositoryConnection{nodes{name location{name}jobs{name}schedules{name}sensors{name}}}}}",
);
