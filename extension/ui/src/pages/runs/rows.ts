// The list of runs as rows of one table: runs, backfills, and the runs of the backfill that is unfolded, below it.

import type { BackfillRow, RunRow, RunsFeedData } from "../../client/documents/runs.gen";
import { plural } from "../../ui/format";
import { backfillLook, isBackfillOver, isOver, runLook } from "../parts/runStates";
import { hasWords } from "./filters";

export type ListRow =
  | { readonly kind: "run"; readonly key: string; readonly run: RunRow; readonly isInside: boolean }
  | { readonly kind: "backfill"; readonly key: string; readonly backfill: BackfillRow; readonly isOpen: boolean }
  | { readonly kind: "rest"; readonly key: string; readonly backfill: string; readonly text: string };

export type Feed = Extract<RunsFeedData["runsFeedOrError"], { readonly __typename: "RunsFeedConnection" }>;

const INSIDE = 25;

export function listRows(results: Feed["results"], open: string, inside: readonly RunRow[] | null, words: readonly string[]): readonly ListRow[] {
  return results.flatMap((one): readonly ListRow[] => {
    if (one.__typename === "Run") return hasWords(words, wordsOfRun(one)) ? [{ kind: "run", key: one.runId, run: one, isInside: false }] : [];
    if (!hasWords(words, [one.id, one.backfillTitle, one.backfillJob, targetOf(one), "backfill"])) return [];
    const isOpen = one.id === open;
    const head: ListRow = { kind: "backfill", key: `backfill ${one.id}`, backfill: one, isOpen };
    if (!isOpen || inside === null) return [head];
    const shown = inside.toSorted((a, b) => rankOf(a) - rankOf(b) || b.creationTime - a.creationTime).slice(0, INSIDE);
    const rest = inside.length - shown.length;
    return [
      head,
      ...shown.map((run): ListRow => ({ kind: "run", key: run.runId, run, isInside: true })),
      ...(rest > 0 ? [{ kind: "rest" as const, key: `rest ${one.id}`, backfill: one.id, text: `${plural(rest, "more run")} of this backfill` }] : []),
    ];
  });
}

function wordsOfRun(run: RunRow): readonly (string | null)[] {
  return [run.runId, run.title, run.jobName, run.startedBy, run.failureText, ...run.tags.map(({ key, value }) => `${key}=${value}`)];
}

/** Inside a backfill: what goes on, then what failed, then the rest by time. */
function rankOf(run: RunRow): number {
  if (!isOver(run.status)) return run.status === "STARTED" || run.status === "CANCELING" ? 0 : 2;
  return run.status === "FAILURE" ? 1 : 3;
}

export function targetOf(backfill: BackfillRow): string {
  const keys = (backfill.assetSelection ?? []).map(({ path }) => path.join("/"));
  if (keys.length === 0) return backfill.backfillJob ?? "";
  return keys.length <= 2 ? keys.join(", ") : `${keys[0] ?? ""} and ${keys.length - 1} more`;
}

export interface Picked {
  readonly runs: readonly RunRow[];
  readonly backfills: readonly BackfillRow[];
}

export function pickedOf(rows: readonly ListRow[], keys: ReadonlySet<string>): Picked {
  const runs: RunRow[] = [];
  const backfills: BackfillRow[] = [];
  for (const row of rows) {
    if (!keys.has(row.key)) continue;
    if (row.kind === "run") runs.push(row.run);
    else if (row.kind === "backfill") backfills.push(row.backfill);
  }
  return { runs, backfills };
}

/** What can be done with what is picked. */
export interface Doable {
  readonly stop: readonly RunRow[];
  readonly stopBackfills: readonly BackfillRow[];
  readonly again: readonly RunRow[];
  readonly forget: readonly RunRow[];
}

export function doableOf({ runs, backfills }: Picked): Doable {
  return {
    stop: runs.filter(({ status, canTerminate }) => canTerminate && !isOver(status)),
    stopBackfills: backfills.filter(({ backfillStatus }) => !isBackfillOver(backfillStatus)),
    again: runs.filter(({ status }) => isOver(status)),
    forget: runs.filter(({ status }) => isOver(status)),
  };
}

export function stateWordOf(row: ListRow): string {
  if (row.kind === "run") return runLook(row.run.status).word;
  return row.kind === "backfill" ? backfillLook(row.backfill.backfillStatus).word : "";
}
