// Written by generate_documents.py from assets.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type WipeAssetsData = {
  readonly wipeAssets: {
    readonly __typename: "AssetNotFoundError" | "UnauthorizedError" | "PythonError" | "UnsupportedOperationError";
    readonly message: string;
  } | {
    readonly __typename: "AssetWipeSuccess";
  };
};

export type WipeAssetsVariables = { readonly ranges: readonly ({ readonly assetKey: { readonly path: readonly string[] }; readonly partitions?: { readonly range?: { readonly start: string; readonly end: string } | null; readonly ranges?: readonly { readonly start: string; readonly end: string }[] | null } | null })[] };

export const WipeAssetsDocument = documentOf<WipeAssetsData, WipeAssetsVariables>(
  "WipeAssets",
  "mutation WipeAssets($ranges:[PartitionsByAssetSelector!]!){wipeAssets(assetPartitionRanges:$ranges){__typename ...on AssetNotFoundError{message}...on UnauthorizedError{message}...on PythonError{message}...on UnsupportedOperationError{message}}}",
);

export type ReportAssetData = {
  readonly reportRunlessAssetEvents: {
    readonly __typename: "UnauthorizedError" | "PythonError";
    readonly message: string;
  } | {
    readonly __typename: "ReportRunlessAssetEventsSuccess";
  };
};

export type ReportAssetVariables = { readonly params: { readonly eventType: "ASSET_MATERIALIZATION" | "ASSET_OBSERVATION"; readonly assetKey: { readonly path: readonly string[] }; readonly partitionKeys?: readonly (string | null)[] | null; readonly description?: string | null } };

export const ReportAssetDocument = documentOf<ReportAssetData, ReportAssetVariables>(
  "ReportAsset",
  "mutation ReportAsset($params:ReportRunlessAssetEventsParams!){reportRunlessAssetEvents(eventParams:$params){__typename ...on UnauthorizedError{message}...on PythonError{message}}}",
);

export type CheckHistoryData = {
  readonly assetCheckExecutions: readonly ({
    readonly id: string;
    readonly runId: string;
    readonly status: "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "EXECUTION_FAILED" | "SKIPPED";
    readonly timestamp: number;
    readonly partition: string | null;
    readonly evaluation: {
      readonly success: boolean;
      readonly severity: "WARN" | "ERROR";
      readonly description: string | null;
    } | null;
  })[];
};

export type CheckHistoryVariables = { readonly asset: { readonly path: readonly string[] }; readonly check: string; readonly limit: number };

export const CheckHistoryDocument = documentOf<CheckHistoryData, CheckHistoryVariables>(
  "CheckHistory",
  "query CheckHistory($asset:AssetKeyInput!$check:String!$limit:Int!){assetCheckExecutions(assetKey:$asset checkName:$check limit:$limit){id runId status timestamp partition evaluation{success severity description}}}",
);

export type LineagePlacesData = {
  readonly assetNodes: readonly {
    readonly repository: {
      readonly location: {
        readonly name: string;
      };
    };
  }[];
};

export type LineagePlacesVariables = Record<string, never>;

export const LineagePlacesDocument = documentOf<LineagePlacesData, LineagePlacesVariables>(
  "LineagePlaces",
  "query LineagePlaces{assetNodes{repository{location{name}}}}",
);
