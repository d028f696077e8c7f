// The rows of the catalogue: what the server said of each asset, in the words that columns and filters use. Pure.

import type { CatalogueData } from "../../client/documents/catalogue.gen";
import type { Count, State } from "../../client/wire.gen";
import { byUrgency } from "../../ui/Glyph";
import { WORDS } from "../../ui/glyphs";
import { grouped } from "../../ui/format";
import type { Graph } from "../../views/lineage/language";
import { isPlain, select } from "../../views/lineage/language";

type Node = CatalogueData["assetNodes"][number];
type Shown = NonNullable<Node["shown"]>;

export interface Row {
  readonly key: string;
  readonly group: string;
  readonly location: string;
  readonly description: string;
  readonly kinds: readonly string[];
  readonly owners: readonly string[];
  readonly tags: readonly string[];
  readonly canRun: boolean;
  /** Null where the process of its location did not answer. */
  readonly shown: Shown | null;
  readonly state: State;
  readonly counts: readonly Count[];
  readonly checks: readonly Count[];
  readonly reads: readonly string[];
}

export function rowsOf(data: CatalogueData): readonly Row[] {
  return data.assetNodes.map((node) => ({
    key: node.assetKey.path.join("/"),
    group: node.groupName,
    location: node.repository.location.name,
    description: (node.description ?? "").split("\n")[0] ?? "",
    kinds: node.kinds,
    owners: node.owners.map((owner) => (owner.__typename === "TeamAssetOwner" ? `team:${owner.team}` : owner.email)),
    tags: node.tags.map(({ key, value }) => (value === "" ? key : `${key}=${value}`)),
    canRun: node.isMaterializable,
    shown: node.shown,
    state: node.shown?.state ?? "missing",
    counts: byUrgency(node.shown?.counts ?? []),
    checks: checksOf(node),
    reads: node.dependencyKeys.map(({ path }) => path.join("/")),
  }));
}

function checksOf(node: Node): readonly Count[] {
  if (node.assetChecksOrError.__typename !== "AssetChecks") return [];
  const counts = new Map<State, number>();
  for (const { executionForLatestMaterialization: last } of node.assetChecksOrError.checks) {
    const state = checkState(last);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return byUrgency([...counts].map(([state, count]) => ({ state, count })));
}

export function checkState(last: { readonly status: string; readonly evaluation: { readonly severity: string; readonly success: boolean } | null } | null): State {
  if (last === null) return "missing";
  if (last.evaluation !== null) return last.evaluation.success ? "checkpassed" : last.evaluation.severity === "WARN" ? "warned" : "checkfailed";
  return last.status === "IN_PROGRESS" ? "running" : last.status === "SKIPPED" ? "skipped" : last.status === "SUCCEEDED" ? "checkpassed" : "checkfailed";
}

/** What a row says of its state: of partitions the most urgent with its number, of a failed or stale one why. */
export function stateText(row: Row): string {
  const [first] = row.counts;
  const total = row.counts.reduce((sum, { count }) => sum + count, 0);
  if (first !== undefined && total > 1) {
    return first.count === total ? `${grouped(total)} ${WORDS[first.state]}` : `${grouped(first.count)} of ${grouped(total)} ${WORDS[first.state]}`;
  }
  return WORDS[row.state];
}

/** The states that the chips above the table count: an asset counts once for each state that some of it is in. */
export function tally(rows: readonly Row[]): readonly Count[] {
  const counts = new Map<State, number>();
  for (const row of rows) {
    for (const state of new Set([...row.counts.map(({ state }) => state), ...row.checks.map(({ state }) => state)])) {
      if (state !== "checkpassed" && state !== "fresh") counts.set(state, (counts.get(state) ?? 0) + 1);
    }
  }
  return byUrgency([...counts].map(([state, count]) => ({ state, count })));
}

export function isIn(row: Row, state: string): boolean {
  return row.counts.some((count) => count.state === state) || row.checks.some((count) => count.state === state);
}

/** The same assets as the selection language sees them. */
export function graphOf(rows: readonly Row[]): Graph {
  const at = new Map(rows.map(({ key }, index) => [key, index]));
  return {
    nodes: rows.map((row) => ({ key: row.key, group: row.group, kinds: row.kinds, owners: row.owners, tags: row.tags, state: row.state, counts: row.counts })),
    edges: rows.flatMap((row, target) => row.reads.flatMap((key) => (at.has(key) ? [[at.get(key) ?? 0, target] as const] : []))),
  };
}

export interface Filtered {
  readonly rows: readonly Row[];
  readonly problem: string | null;
}

/** Rows that a text means: plain words are looked for in everything that is said of an asset, else it is the selection language. */
export function filtered(rows: readonly Row[], graph: Graph, text: string, state: string): Filtered {
  const some = state === "" ? rows : rows.filter((row) => isIn(row, state));
  if (text.trim() === "") return { rows: some, problem: null };
  if (isPlain(text)) {
    const words = text.trim().toLowerCase().split(/\s+/);
    const said = (row: Row): string => [row.key, row.group, row.location, row.description, ...row.kinds, ...row.owners, ...row.tags].join(" ").toLowerCase();
    return { rows: some.filter((row) => words.every((word) => said(row).includes(word))), problem: null };
  }
  const found = select(graph, text);
  return found.keys === null ? { rows: some, problem: found.problem } : { rows: some.filter(({ key }) => found.keys.has(key)), problem: null };
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [high = 0, low = high] = [sorted[middle], sorted.length % 2 === 0 ? sorted[middle - 1] : sorted[middle]];
  return (high + low) / 2;
}

/** How many partitions, or assets without any, are stale. */
export function staleOf(rows: readonly Row[]): number {
  return rows.reduce((sum, { counts }) => sum + (counts.find(({ state }) => state === "stale")?.count ?? 0), 0);
}

/** Locations that could not be loaded, and why. */
export function brokenOf(data: CatalogueData): readonly { readonly name: string; readonly message: string }[] {
  if (data.workspaceOrError.__typename !== "Workspace") return [];
  return data.workspaceOrError.locationEntries.flatMap(({ name, locationOrLoadError: found }) =>
    found?.__typename === "PythonError" ? [{ name, message: found.message }] : [],
  );
}
