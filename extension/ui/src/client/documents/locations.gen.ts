// Written by generate_documents.py from locations.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type LocationsData = {
  readonly workspaceOrError: {
    readonly __typename: "Workspace";
    readonly locationEntries: readonly ({
      readonly id: string;
      readonly name: string;
      readonly loadStatus: "LOADING" | "LOADED";
      readonly updatedTimestamp: number;
      readonly displayMetadata: readonly {
        readonly key: string;
        readonly value: string;
      }[];
      readonly problems: readonly ({
        readonly message: string;
        readonly className: string | null;
        readonly place: string;
        readonly text: string;
      })[];
      readonly locationOrLoadError: {
        readonly __typename: "RepositoryLocation";
        readonly isReloadSupported: boolean;
        readonly repositories: readonly {
          readonly name: string;
          readonly assetNodes: readonly {
            readonly id: string;
          }[];
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
        readonly __typename: "PythonError";
        readonly className: string | null;
        readonly message: string;
        readonly place: string;
        readonly text: string;
      } | null;
    })[];
  } | {
    readonly __typename: "PythonError";
    readonly message: string;
  };
};

export type LocationsVariables = Record<string, never>;

export const LocationsDocument = documentOf<LocationsData, LocationsVariables>(
  "Locations",
  "query Locations{workspaceOrError{__typename ...on Workspace{locationEntries{id name loadStatus updatedTimestamp displayMetadata{key value}problems{message className place text}locationOrLoadError{__typename ...on RepositoryLocation{isReloadSupported repositories{name assetNodes{id}jobs{name}schedules{name}sensors{name}}}...on PythonError{className message place text}}}}...on Error{message}}}",
);

export type ReloadLocationData = {
  readonly reloadRepositoryLocation: {
    readonly __typename: "WorkspaceLocationEntry";
    readonly locationOrLoadError: {
      readonly __typename: "RepositoryLocation";
    } | {
      readonly __typename: "PythonError";
      readonly message: string;
    } | null;
  } | {
    readonly __typename: "ReloadNotSupported" | "RepositoryLocationNotFound" | "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type ReloadLocationVariables = { readonly name: string };

export const ReloadLocationDocument = documentOf<ReloadLocationData, ReloadLocationVariables>(
  "ReloadLocation",
  "mutation ReloadLocation($name:String!){reloadRepositoryLocation(repositoryLocationName:$name){__typename ...on WorkspaceLocationEntry{locationOrLoadError{__typename ...on PythonError{message}}}...on Error{message}}}",
);

export type ReloadWorkspaceData = {
  readonly reloadWorkspace: {
    readonly __typename: "Workspace";
  } | {
    readonly __typename: "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type ReloadWorkspaceVariables = Record<string, never>;

export const ReloadWorkspaceDocument = documentOf<ReloadWorkspaceData, ReloadWorkspaceVariables>(
  "ReloadWorkspace",
  "mutation ReloadWorkspace{reloadWorkspace{__typename ...on Error{message}}}",
);
