// What tables of runs are made of: the id that leads to the run, its state, its steps as one strip.

import type { JSX } from "preact";
import { pathOf } from "../../client/route";
import type { State } from "../../client/wire.gen";
import { StateWord } from "../../ui/Glyph";
import { plural } from "../../ui/format";
import { shortRun } from "../../views/Words";
import { A } from "../frame/route";
import { backfillLook, runLook } from "./runStates";

export function RunId({ run }: { readonly run: string }): JSX.Element {
  return (
    <A to={pathOf("runs", run)} class="nb-mono nb-nowrap" title={run}>
      {shortRun(run)}
    </A>
  );
}

export function RunState({ status, waitsFor }: { readonly status: string; readonly waitsFor?: string | null }): JSX.Element {
  const look = runLook(status);
  const word = <StateWord state={look.state}>{look.word}</StateWord>;
  return waitsFor === null || waitsFor === undefined || waitsFor === "" ? word : <span title={waitsFor}>{word}</span>;
}

export function BackfillState({ status, isPaused }: { readonly status: string; readonly isPaused: boolean }): JSX.Element {
  const look = backfillLook(status);
  return isPaused ? <StateWord state="canceled">paused</StateWord> : <StateWord state={look.state}>{look.word}</StateWord>;
}

export interface Part {
  readonly state: State;
  readonly count: number;
}

/** Counts as one strip: done first, then what moves, then what waits, as it fills up. */
export function CountStrip({ parts, unit }: { readonly parts: readonly Part[]; readonly unit: string }): JSX.Element {
  const order: readonly State[] = ["fresh", "skipped", "failed", "canceled", "retrying", "running", "queued", "missing"];
  const shown = parts.filter(({ count }) => count > 0).toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const total = shown.reduce((sum, { count }) => sum + count, 0);
  const words = shown.map(({ state, count }) => `${count} ${state === "fresh" ? "done" : state}`).join(", ");
  return (
    <span class="nb-strip nb-count-strip" role="img" aria-label={`${plural(total, unit)}: ${words}`} title={words}>
      {shown.map(({ state, count }) => (
        <i key={state} data-state={state} style={{ flex: count }} />
      ))}
    </span>
  );
}

/** Runs of a backfill or a job, as parts of a strip. */
export function partsOfRuns(counts: readonly { readonly runStatus: string; readonly count: number }[]): readonly Part[] {
  const parts = new Map<State, number>();
  for (const { runStatus, count } of counts) {
    const { state } = runLook(runStatus);
    parts.set(state, (parts.get(state) ?? 0) + count);
  }
  return [...parts].map(([state, count]) => ({ state, count }));
}

const STEPS: { readonly [status: string]: State } = { SUCCESS: "fresh", FAILURE: "failed", SKIPPED: "skipped", IN_PROGRESS: "running" };

export function partsOfSteps(counts: readonly { readonly status: string; readonly count: number }[]): readonly Part[] {
  return counts.map(({ status, count }) => ({ state: STEPS[status] ?? "queued", count }));
}
