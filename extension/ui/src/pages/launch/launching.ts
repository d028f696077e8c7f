// Starting what a draft says: one run, or a backfill when there are several partitions.

import { useState } from "preact/hooks";
import { LaunchBackfillDocument, LaunchRunDocument } from "../../client/documents/launch.gen";
import { pathOf } from "../../client/route";
import { useDo } from "../parts/asking";
import { useGo } from "../frame/route";

export interface ToLaunch {
  readonly selector: {
    readonly pipelineName: string;
    readonly repositoryName: string;
    readonly repositoryLocationName: string;
    readonly assetSelection: readonly { readonly path: readonly string[] }[] | null;
    readonly solidSelection: readonly string[] | null;
  };
  readonly config: unknown;
  readonly keys: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

export function useLaunch(): { readonly launch: (asked: ToLaunch) => Promise<void>; readonly isBusy: boolean } {
  const act = useDo();
  const go = useGo();
  const [isBusy, setBusy] = useState(false);
  const launch = async ({ selector, config, keys, tags }: ToLaunch): Promise<void> => {
    setBusy(true);
    const { pipelineName, repositoryName, repositoryLocationName, assetSelection, solidSelection } = selector;
    if (keys.length > 1) {
      const what = assetSelection === null ? { selector: { partitionSetName: `${pipelineName}_partition_set`, repositorySelector: { repositoryName, repositoryLocationName } } } : { assetSelection };
      const data = await act(LaunchBackfillDocument, { params: { ...what, partitionNames: keys, tags, runConfigData: config } });
      setBusy(false);
      if (data?.launchPartitionBackfill.__typename === "LaunchBackfillSuccess") go(pathOf("backfills", data.launchPartitionBackfill.backfillId));
      return;
    }
    const [key] = keys;
    const data = await act(LaunchRunDocument, {
      params: {
        selector: { jobName: pipelineName, repositoryName, repositoryLocationName, assetSelection, solidSelection },
        runConfigData: config,
        mode: "default",
        executionMetadata: { tags: [...tags, ...(key === undefined ? [] : [{ key: "dagster/partition", value: key }])] },
      },
    });
    setBusy(false);
    if (data?.launchRun.__typename === "LaunchRunSuccess") go(pathOf("runs", data.launchRun.run.runId));
  };
  return { launch, isBusy };
}
