// What the list of runs shows, as the address of the page says it: words of the search field, states, since when.
// All of it stands in the address, so that a link, the back button and a saved filter are the same thing.

import type { RunRow } from "../../client/documents/runs.gen";
import type { State } from "../../client/wire.gen";

export interface RunFilters {
  /** The search field as it was typed: `job:`, `asset:`, `tag:` and free words. */
  readonly text: string;
  readonly state: StateGroup | null;
  readonly since: Since;
  /** Runs of a backfill are one row, unless each is wanted. */
  readonly isFlat: boolean;
}

export type StateGroup = "queued" | "running" | "failed" | "succeeded" | "canceled";
export type Since = "hour" | "day" | "week" | "month" | "all";

export const GROUPS: readonly { readonly value: StateGroup; readonly state: State; readonly label: string; readonly statuses: readonly RunRow["status"][] }[] = [
  { value: "failed", state: "failed", label: "Failed", statuses: ["FAILURE"] },
  { value: "running", state: "running", label: "Running", statuses: ["STARTED", "CANCELING"] },
  { value: "queued", state: "queued", label: "Queued", statuses: ["QUEUED", "NOT_STARTED", "STARTING"] },
  { value: "succeeded", state: "fresh", label: "Succeeded", statuses: ["SUCCESS"] },
  { value: "canceled", state: "canceled", label: "Canceled", statuses: ["CANCELED"] },
];

export const SINCE: readonly { readonly value: Since; readonly label: string; readonly seconds: number | null }[] = [
  { value: "hour", label: "Last hour", seconds: 3_600 },
  { value: "day", label: "Last 24 hours", seconds: 86_400 },
  { value: "week", label: "Last 7 days", seconds: 604_800 },
  { value: "month", label: "Last 30 days", seconds: 2_592_000 },
  { value: "all", label: "Any time", seconds: null },
];

export const EVERYTHING: RunFilters = { text: "", state: null, since: "all", isFlat: false };

export function filtersOf(query: URLSearchParams): RunFilters {
  return {
    text: query.get("q") ?? "",
    state: GROUPS.find(({ value }) => value === query.get("state"))?.value ?? null,
    since: SINCE.find(({ value }) => value === query.get("since"))?.value ?? "all",
    isFlat: query.get("flat") === "1",
  };
}

/** The same as an address has it; what is as usual is left out. */
export function queryOf(filters: RunFilters): { readonly q: string | null; readonly state: string | null; readonly since: string | null; readonly flat: string | null } {
  return {
    q: filters.text === "" ? null : filters.text,
    state: filters.state,
    since: filters.since === "all" ? null : filters.since,
    flat: filters.isFlat ? "1" : null,
  };
}

/** The part of an address behind the question mark; empty for everything. */
export function addressOf(filters: RunFilters): string {
  return new URLSearchParams(Object.entries(queryOf(filters)).flatMap(([key, value]) => (value === null ? [] : [[key, value]]))).toString();
}

/** A filter in words, for a menu. */
export function filterWords(filters: RunFilters): string {
  const group = GROUPS.find(({ value }) => value === filters.state);
  const since = SINCE.find(({ value }) => value === filters.since);
  return [group?.label ?? "All", filters.text, filters.since === "all" ? "" : (since?.label.toLowerCase() ?? "")].filter((part) => part !== "").join(", ");
}

export interface Asked {
  readonly jobs: readonly string[];
  readonly assets: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly words: readonly string[];
}

const PIECE = /(?:(\w+):)?(?:"([^"]*)"?|(\S+))/g;

/** The pieces of the search field. `tag:` takes `key=value`; a text with spaces stands in quotes. */
export function askedFor(text: string): Asked {
  const jobs: string[] = [];
  const assets: string[] = [];
  const tags: { key: string; value: string }[] = [];
  const words: string[] = [];
  for (const match of text.matchAll(PIECE)) {
    const [whole, key, quoted, plain] = match;
    const value = quoted ?? plain ?? "";
    if (key === "job" && value !== "") jobs.push(value);
    else if (key === "asset" && value !== "") assets.push(value);
    else if (key === "tag" && value.includes("=")) tags.push({ key: value.slice(0, value.indexOf("=")), value: value.slice(value.indexOf("=") + 1) });
    else if (key === undefined || !["job", "asset", "tag"].includes(key)) words.push(whole.replaceAll('"', "").toLowerCase());
  }
  return { jobs, assets, tags, words };
}

/** The search field with one piece more, or without it where it is there. */
export function toggled(text: string, key: "job" | "asset" | "tag", value: string): string {
  const piece = `${key}:${/\s/.test(value) ? `"${value}"` : value}`;
  const pieces = [...text.matchAll(PIECE)].map(([whole]) => whole);
  return (pieces.includes(piece) ? pieces.filter((one) => one !== piece) : [...pieces, piece]).join(" ");
}

/** What the server is asked: all of it but the free words, which are looked for in what it sends. */
export interface RunsFilterInput {
  readonly pipelineName?: string;
  readonly assetKey?: { readonly path: readonly string[] };
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
  readonly statuses?: readonly RunRow["status"][];
  readonly createdAfter?: number;
}

export function serverFilter(filters: RunFilters, now: number): RunsFilterInput {
  const { jobs, assets, tags } = askedFor(filters.text);
  const seconds = SINCE.find(({ value }) => value === filters.since)?.seconds ?? null;
  const statuses = GROUPS.find(({ value }) => value === filters.state)?.statuses;
  const [job] = jobs;
  const [asset] = assets;
  return {
    ...(job === undefined ? {} : { pipelineName: job }),
    ...(asset === undefined ? {} : { assetKey: { path: asset.split("/") } }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(statuses === undefined ? {} : { statuses }),
    // Whole minutes: the same page asked again a moment later is the same question.
    ...(seconds === null ? {} : { createdAfter: Math.floor((now - seconds) / 60) * 60 }),
  };
}

/** The same question for the runs in one group of states, to count them. */
export function inGroup(filter: RunsFilterInput, group: StateGroup): RunsFilterInput {
  return { ...filter, statuses: GROUPS.find(({ value }) => value === group)?.statuses ?? [] };
}

/** Whether a row has all of the free words somewhere in its texts. */
export function hasWords(words: readonly string[], texts: readonly (string | null)[]): boolean {
  if (words.length === 0) return true;
  const all = texts.join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}
