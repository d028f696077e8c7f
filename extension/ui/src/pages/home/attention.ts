// What asks for somebody: the most urgent first, one line each. Pure.

import type { HomeData } from "../../client/documents/home.gen";
import type { State } from "../../client/wire.gen";
import { grouped } from "../../ui/format";
import { URGENCY } from "../../ui/glyphs";
import type { BrokenLocation } from "../catalogue/Nothing";
import type { Row } from "../catalogue/rows";
import { isOver, runLook } from "../parts/runStates";

export interface Attention {
  readonly state: State;
  /** The asset it is about; null for a location. */
  readonly row: Row | null;
  readonly name: string;
  readonly text: string;
  readonly at: number | null;
}

const ASKING: ReadonlySet<State> = new Set<State>(["problem", "failed", "checkfailed", "warned", "stale"]);

export function attentionOf(rows: readonly Row[], broken: readonly BrokenLocation[]): readonly Attention[] {
  const found: Attention[] = broken.map(({ name, message }) => ({ state: "problem", row: null, name, text: firstLine(message), at: null }));
  for (const row of rows) {
    const at = row.shown?.madeAt ?? null;
    for (const { state, count } of [...row.counts, ...row.checks]) {
      if (ASKING.has(state)) found.push({ state, row, name: row.key, text: wordsOf(row, state, count), at });
    }
  }
  return found.toSorted((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state) || Number(b.row === null) - Number(a.row === null) || (b.at ?? 0) - (a.at ?? 0));
}

function wordsOf(row: Row, state: State, count: number): string {
  const total = row.counts.reduce((sum, one) => sum + one.count, 0);
  const of = total > 1 ? ` for ${grouped(count)} of ${grouped(total)}` : "";
  const reason = row.shown?.reason ?? "";
  const why = reason !== "" && row.state === state ? `: ${reason}` : "";
  switch (state) {
    case "failed":
      return `failed${of}${why}`;
    case "stale":
      return `is stale${of}${why}`;
    case "checkfailed":
      return count === 1 ? "has a check that failed" : `has ${count} checks that failed`;
    case "warned":
      return count === 1 ? "has a check that warns" : `has ${count} checks that warn`;
    default:
      return reason === "" ? "has a problem" : reason;
  }
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

export interface Hour {
  readonly hour: number;
  readonly good: number;
  readonly bad: number;
  readonly other: number;
}

type Today = Extract<HomeData["today"], { readonly __typename: "Runs" }>["results"];

/** How many runs of a day began in each of its hours, and how they went. */
export function hoursOf(runs: Today, since: number): readonly Hour[] {
  const hours = Array.from({ length: 24 }, (_, hour) => ({ hour, good: 0, bad: 0, other: 0 }));
  for (const { status, creationTime } of runs) {
    const hour = hours[Math.floor((creationTime - since) / 3_600)];
    if (hour === undefined) continue;
    const { state } = runLook(status);
    if (state === "fresh") hour.good += 1;
    else if (isOver(status)) hour.bad += 1;
    else hour.other += 1;
  }
  return hours;
}

export interface Next {
  readonly name: string;
  readonly at: number;
}

/** What schedules that are on will start, soonest first. */
export function nextOf(data: HomeData): readonly Next[] {
  if (data.repositoriesOrError.__typename !== "RepositoryConnection") return [];
  return data.repositoriesOrError.nodes
    .flatMap(({ schedules }) => schedules)
    .filter(({ scheduleState }) => scheduleState.status === "RUNNING")
    .flatMap(({ name, futureTicks }) => futureTicks.results.flatMap(({ timestamp }) => (timestamp === null ? [] : [{ name, at: timestamp }])))
    .toSorted((a, b) => a.at - b.at);
}

/** Midnight before a moment, by the clock of this machine. */
export function midnight(now: number): number {
  const date = new Date(now * 1000);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() / 1000;
}
