// Written by generate_documents.py from catalogue.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type CatalogueData = {
  readonly assetNodes: readonly ({
    readonly assetKey: {
      readonly path: readonly string[];
    };
    readonly groupName: string;
    readonly description: string | null;
    readonly kinds: readonly string[];
    readonly owners: readonly ({
      readonly __typename: "UserAssetOwner";
      readonly email: string;
    } | {
      readonly __typename: "TeamAssetOwner";
      readonly team: string;
    })[];
    readonly tags: readonly {
      readonly key: string;
      readonly value: string;
    }[];
    readonly isExecutable: boolean;
    readonly isMaterializable: boolean;
    readonly dependencyKeys: readonly {
      readonly path: readonly string[];
    }[];
    readonly repository: {
      readonly location: {
        readonly name: string;
      };
    };
    readonly assetChecksOrError: {
      readonly __typename: "AssetChecks";
      readonly checks: readonly ({
        readonly name: string;
        readonly executionForLatestMaterialization: {
          readonly status: "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "EXECUTION_FAILED" | "SKIPPED";
          readonly evaluation: {
            readonly severity: "WARN" | "ERROR";
            readonly success: boolean;
          } | null;
        } | null;
      })[];
    } | {
      readonly __typename: "AssetCheckNeedsMigrationError" | "AssetCheckNeedsUserCodeUpgrade" | "AssetCheckNeedsAgentUpgradeError";
    };
    readonly shown: {
      readonly state: "fresh" | "stale" | "missing" | "failed" | "queued" | "running" | "retrying" | "skipped" | "canceled" | "warned" | "checkfailed" | "checkpassed" | "external" | "problem";
      readonly counts: readonly ({
        readonly state: "fresh" | "stale" | "missing" | "failed" | "queued" | "running" | "retrying" | "skipped" | "canceled" | "warned" | "checkfailed" | "checkpassed" | "external" | "problem";
        readonly count: number;
      })[];
      readonly reason: string;
      readonly definedIn: string;
      readonly strip: readonly ({
        readonly state: "fresh" | "stale" | "missing" | "failed" | "queued" | "running" | "retrying" | "skipped" | "canceled" | "warned" | "checkfailed" | "checkpassed" | "external" | "problem";
        readonly length: number;
        readonly isPartial: boolean;
      })[];
      readonly rows: number | null;
      readonly sizeBytes: number | null;
      readonly madeAt: number | null;
      readonly runId: string | null;
      readonly seconds: readonly number[];
    } | null;
  })[];
  readonly workspaceOrError: {
    readonly __typename: "Workspace";
    readonly locationEntries: readonly ({
      readonly name: string;
      readonly locationOrLoadError: {
        readonly __typename: "RepositoryLocation";
      } | {
        readonly __typename: "PythonError";
        readonly message: string;
      } | null;
    })[];
  } | {
    readonly __typename: "PythonError";
  };
};

export type CatalogueVariables = Record<string, never>;

export const CatalogueDocument = documentOf<CatalogueData, CatalogueVariables>(
  "Catalogue",
  "query Catalogue{assetNodes{assetKey{path}groupName description kinds owners{__typename ...on UserAssetOwner{email}...on TeamAssetOwner{team}}tags{key value}isExecutable isMaterializable dependencyKeys{path}repository{location{name}}assetChecksOrError{__typename ...on AssetChecks{checks{name executionForLatestMaterialization{status evaluation{severity success}}}}}shown{state counts{state count}reason definedIn strip{state length isPartial}rows sizeBytes madeAt runId seconds}}workspaceOrError{__typename ...on Workspace{locationEntries{name locationOrLoadError{__typename ...on PythonError{message}}}}}}",
);
